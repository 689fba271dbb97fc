"""What a use is charged and a return credited, and what a supplier is owed for it."""

from dataclasses import replace
from datetime import date

from msgspec import structs

from models.calendar import Month
from models.catalogue.item import OWNER_HOSPITAL, Item
from models.charging.books import RecordedScan
from models.charging.decision import Decision, UseAccount
from models.charging.effects import Charge, SettlementLine, SettlementStatus, WasteCost
from models.charging.snapshot import EncounterFacts
from models.ids import made_id
from models.money import line_amount_fen
from models.reasons import Reason
from rules.catalogue.joining import insurance_code_on, price_on
from rules.view import View


def charge_of(decision: Decision, unit_price: int, encounter: EncounterFacts | None, view: View, n: int = 0) -> Charge:
    """The charge of a use: units times the price of the day, rounded half up to the fen. Flags: the decision's."""
    subject, event = decision.subject, decision.subject.event
    item, units = decision.item, decision.units
    assert item is not None and units is not None and event.encounter is not None  # noqa: PT018, S101 -- else it is parked
    return Charge(
        subject.ref,
        n,
        made_id("billing", event.hospital, event.scan_id, n, "charge"),
        event.encounter,
        decision.department,
        event.team or (encounter.team if encounter else None),
        _as_of(item, subject.day),
        units,
        unit_price,
        line_amount_fen(units, unit_price),
        view.open_month(event.hospital, subject.month),
        decision.reasons,
    )


def _as_of(item: Item, day: date) -> Item:
    """The item with the insurance code that is valid on the day; where none is, its own, and the use is flagged."""
    code = insurance_code_on(item, day)
    return item if code == item.insurance_code or isinstance(code, Reason) else replace(item, insurance_code=code)


def charge_anew(  # noqa: PLR0917 -- the parts of a charge
    decision: Decision, of: Charge, units: int, unit_price: int, view: View, n: int
) -> Charge:
    """The charge that takes the place of one that was credited: same parties, so many units, another price."""
    event, item = decision.subject.event, decision.item
    assert item is not None  # noqa: S101 -- what was charged is known
    return structs.replace(
        of,
        n=n,
        billing_id=made_id("billing", event.hospital, event.scan_id, n, "charge"),
        item=_as_of(item, decision.subject.day),
        quantity=units,
        unit_price=unit_price,
        amount_fen=line_amount_fen(units, unit_price),
        period=view.open_month(event.hospital, decision.subject.month),
        flags=decision.reasons,
    )


def credit_of(  # noqa: PLR0917 -- the parts of a credit
    subject: RecordedScan, use: UseAccount, units: int, flags: tuple[Reason, ...], view: View, n: int = 0
) -> Charge:
    """The credit of a return: price and parties of the charge it reverses.

    Each part rounds half up like any line; the last one takes the rest, so all of them together are the charge.
    """
    charge, event = use.charge, subject.event
    assert charge is not None  # noqa: S101 -- the caller has seen that the use is charged
    rest = charge.amount_fen - use.credited_fen
    last = use.credited_units + units == charge.quantity
    return Charge(
        ref=subject.ref,
        n=n,
        billing_id=made_id("billing", event.hospital, event.scan_id, n, "credit"),
        encounter=charge.encounter,
        department=charge.department,
        team=charge.team,
        item=charge.item,
        quantity=units,
        unit_price=charge.unit_price,
        amount_fen=rest if last else min(rest, line_amount_fen(units, charge.unit_price)),
        period=view.open_month(event.hospital, subject.month),
        flags=flags,
        reverses=charge,
        credit_number=use.credits + 1,
    )


def settlement_of(decision: Decision, view: View, n: int = 0) -> tuple[SettlementLine, ...]:
    """The payable line of a use that moved a supplier's goods; nothing for the hospital's own."""
    item, units, subject, move = decision.item, decision.units, decision.subject, decision.stock.move
    if item is None or units is None or move is None or move.owner == OWNER_HOSPITAL:
        return ()
    event = subject.event
    found = price_on(item.costs, subject.day)
    cost = None if isinstance(found, Reason) else found
    line = SettlementLine(
        n=n,
        line_id=made_id("settlement", event.hospital, event.scan_id, n),
        supplier=move.owner,
        item_code=item.item_code,
        quantity=units,
        cost=cost,
        amount_fen=None if cost is None else line_amount_fen(units, cost),
        period=view.open_month(event.hospital, subject.month),
        status=SettlementStatus.COST_MISSING if cost is None else SettlementStatus.PAYABLE,
    )
    return (line,)


def waste_of(decision: Decision, encounter: EncounterFacts | None, view: View) -> WasteCost:
    """What goods that were opened and not used, or thrown away, cost: units times the cost of their move.

    The department is the scan's, else the encounter's: its own bucket, apart from what patients used.
    """
    item, units, subject = decision.item, decision.units, decision.subject
    assert item is not None and units is not None  # noqa: PT018, S101 -- only of known goods
    cost = decision.stock.cost
    department = subject.event.department or (encounter.department if encounter else None)
    amount = None if cost is None else line_amount_fen(units, cost)
    return WasteCost(department, units, cost, amount, view.open_month(subject.event.hospital, subject.month))


def settlement_reversal(
    subject: RecordedScan, use: UseAccount, units: int, view: View, n: int = 0
) -> tuple[SettlementLine, ...]:
    """The reversal of a use's payable line for the units taken back; none when what it took was not its supplier's.

    Its amount is the difference of the rounded running totals, so all reversals together are the line. A line that was
    made after a part had come back is for what was left then.
    """
    line, event = use.settlement, subject.event
    if line is None or line.supplier != use.owner:
        return ()
    amount = None
    if line.cost is not None:
        back = use.returned_units - ((use.units or 0) - line.quantity)
        amount = line_amount_fen(back + units, line.cost) - line_amount_fen(back, line.cost)
    period: Month = view.open_month(event.hospital, subject.month)
    line_id = made_id("settlement", event.hospital, event.scan_id, n)
    reversal = SettlementLine(
        n,
        line_id,
        line.supplier,
        line.item_code,
        units,
        line.cost,
        amount,
        period,
        SettlementStatus.REVERSAL,
        line.line_id,
    )
    return (reversal,)


def settlement_anew(
    subject: RecordedScan, use: UseAccount, cost: int, view: View, n: int
) -> tuple[SettlementLine, SettlementLine]:
    """What is left of a line without a cost: its reversal, and the line that is payable at the cost told since."""
    line, event = use.settlement, subject.event
    assert line is not None  # noqa: S101 -- the caller has seen that its cost is missing
    (reversal,) = settlement_reversal(subject, use, use.left, view, n)
    payable = structs.replace(
        line,
        n=n + 1,
        line_id=made_id("settlement", event.hospital, event.scan_id, n + 1),
        quantity=use.left,
        cost=cost,
        amount_fen=line_amount_fen(use.left, cost),
        period=reversal.period,
        status=SettlementStatus.PAYABLE,
    )
    return reversal, payable
