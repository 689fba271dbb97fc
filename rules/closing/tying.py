"""A day's ledgers against each other: what the scans say each must have, computed anew, and whether it has it.

References:
    docs/semantics/closing.md, "Daily tie-out".
"""

from collections.abc import Iterable

from models.closing.figures import Due, HisSums, TiedUse, TieLine
from models.money import line_amount_fen
from models.reasons import REASON_ROW, Reason, When


def due_of(use: TiedUse) -> Due:
    """What stock, ledger, topic and HIS must have of a scan.

    A use that stands is out of stock and, unless it is free, charged at its price less the parts that were returned;
    one that waits is out of stock when all it waits for lets the goods move; one taken back is nowhere.
    """
    left = (use.units or 0) - sum(use.parts)
    if use.waits:
        moved = all(REASON_ROW[Reason(each)].stock is When.NOW for each in use.reasons)
        return Due(0, left if moved else 0, 0, 0)
    if not use.stands:
        return Due(0, 0, 0, 0)
    if use.verdict != "billed":
        return Due(left, left, 0, 0)
    return Due(left, left, left, _amount_due(use))


def _amount_due(use: TiedUse) -> int:
    """The price of what was used, less each part returned, rounded for itself; the last part takes the rest.

    A part of 0 units is a new charge, for what was left then.
    """
    price = use.unit_price or 0
    left = use.units or 0
    amount = line_amount_fen(left, price)
    for part in use.parts:
        if part == 0:
            amount = line_amount_fen(left, price)
            continue
        left -= part
        amount -= amount if left == 0 else min(amount, line_amount_fen(part, price))
    return amount


def differs(use: TiedUse) -> tuple[str, ...]:
    """The ledgers that do not have what the scan says they must: `stock`, `charges`, `topic`."""
    due = due_of(use)
    owed = (due.chargeable_units, due.amount_fen)
    priced = due.chargeable_units == 0 or use.unit_price is not None
    ties = {
        "stock": use.units_out == due.units_out,
        "charges": priced and (use.charged_units, use.charged_fen) == owed,
        "topic": (use.topic_units, use.topic_fen) == owed,
    }
    return tuple(name for name, agrees in ties.items() if not agrees)


def tie(uses: Iterable[TiedUse], his: Iterable[HisSums] | None) -> tuple[TieLine, ...]:
    """A line for each department, by name, those without one last.

    Args:
        uses: The day's scans of uses.
        his: What the HIS has charged for the day, by department; `None` where it has sent no lines at all.
    """
    split: dict[str | None, list[TiedUse]] = {}
    for use in uses:
        split.setdefault(use.department, []).append(use)
    charged = None if his is None else {each.department: each for each in his}
    names = sorted({*split, *(charged or ())}, key=lambda name: (name is None, name or ""))
    return tuple(_line(name, split.get(name, []), charged) for name in names)


def _line(department: str | None, uses: list[TiedUse], his: dict[str | None, HisSums] | None) -> TieLine:
    dues = [due_of(use) for use in uses]
    return TieLine(
        department,
        scans=sum(due.units > 0 for due in dues),
        waiting=sum(use.waits for use in uses),
        due=Due(
            sum(due.units for due in dues),
            sum(due.units_out for due in dues),
            sum(due.chargeable_units for due in dues),
            sum(due.amount_fen for due in dues),
        ),
        units_out=sum(use.units_out for use in uses),
        charged_units=sum(use.charged_units for use in uses),
        charged_fen=sum(use.charged_fen for use in uses),
        topic_units=sum(use.topic_units for use in uses),
        topic_fen=sum(use.topic_fen for use in uses),
        his=None if his is None else his.get(department, HisSums(department, 0, 0, 0)),
        differing=sum(bool(differs(use)) for use in uses),
    )
