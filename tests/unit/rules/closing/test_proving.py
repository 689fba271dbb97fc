"""Which cases tie, and which gaps are named."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from hashlib import sha256
from typing import Any
from uuid import UUID

import pytest

from models.charging.effects import SettlementStatus
from models.closing.case import (
    CaseKey,
    CaseScan,
    CaseVerdict,
    Closing,
    Entry,
    Gap,
    GapKind,
    LedgerSums,
    Move,
    Numbers,
    OwedLine,
    Proof,
    Trigger,
)
from models.reasons import Reason, Verdict
from models.scan.event import Action
from rules.closing.proving import listing, next_proof, prove

KEY = CaseKey("H1", "E1")
AT = datetime(2022, 6, 3, 4, tzinfo=UTC)
LATER = AT + timedelta(days=2)

NO_COST = SettlementStatus.COST_MISSING


def use(number: int, units: int = 1, price: int = 12_340_000, owner: str = "hospital", **changes: Any) -> CaseScan:
    """A billed use of screws of lot L1 that left the store, at 1,234.00 yuan a unit."""
    made = CaseScan(
        UUID(int=number), AT + timedelta(seconds=number), Action.USE, "E1", None, "SCREW", "GS1", "07", "L1", None,
        units, Verdict.BILLED, (), None, (Move("OR-2", "patient", owner, "SCREW", "L1", None, units),),
        (Entry(UUID(int=number, version=5), None, "SCREW", units, price, units * price // 100, price),),
    )  # fmt: skip
    if owner != "hospital":
        made = replace(
            made,
            lines=(OwedLine(UUID(int=number), None, owner, "SCREW", units, units * 90_000, SettlementStatus.PAYABLE),),
        )
    return replace(made, **changes)


def back(number: int, of: CaseScan, units: int = 1) -> CaseScan:
    """A return of so many units of a use, credited and back in the store."""
    (charge,) = of.entries
    number_id = UUID(int=number)
    credit = Entry(
        UUID(int=number, version=5), charge.billing_id, "SCREW", units, charge.unit_price,
        units * charge.unit_price // 100, charge.catalogue_price,
    )  # fmt: skip
    lines = tuple(
        replace(line, line_id=number_id, reverses=line.line_id, units=units, amount_fen=units * 90_000)
        for line in of.lines
    )
    moves = tuple(replace(each, from_place="patient", to_place="OR-2", units=units) for each in of.moves)
    return replace(
        of, scan_id=number_id, action=Action.RETURN, verdict=Verdict.CREDITED, units=units, takes_back=of.scan_id,
        moves=moves, entries=(credit,), lines=lines,
    )  # fmt: skip


def parked(number: int, **changes: Any) -> CaseScan:
    """A use whose price is not known: out of the store, not charged."""
    return use(number, verdict=Verdict.PARKED, reasons=(Reason.NO_PRICE,), entries=(), **changes)


def gap(kind: GapKind, *numbers: int, units: int | None = 1, amount_fen: int | None = None, **more: Any) -> Gap:
    return Gap(
        kind, more.get("reason"), "SCREW", "L1", None, units, amount_fen, tuple(UUID(int=each) for each in numbers)
    )


def test_a_case_whose_four_ledgers_tie_is_closed_with_the_four_numbers() -> None:
    supplied = use(3, 2, owner="S1")
    free = use(4, verdict=Verdict.RECORDED, reasons=(Reason.NOT_CHARGEABLE,), entries=())

    proven = prove(KEY, [use(1), free, supplied, back(5, supplied)])

    assert proven.verdict is CaseVerdict.CLOSED
    assert proven.numbers == Numbers(
        scans=LedgerSums(3, 246_800),
        stock_out=LedgerSums(3, 246_800),
        charges=LedgerSums(2, 246_800),
        settlement=LedgerSums(1, 90_000),
        chargeable_units=2,
        supplied_units=1,
    )


def test_a_case_without_any_use_is_closed_with_nothing() -> None:
    proven = prove(KEY, [])
    assert (proven.verdict, proven.numbers, proven.gaps) == (CaseVerdict.CLOSED, Numbers(), ())


@pytest.mark.parametrize("reason", [Reason.REJECTED, Reason.CORRECTED])
def test_a_use_that_a_person_took_back_is_none_and_must_have_nothing_left(reason: Reason) -> None:
    whole = use(1)
    (move,), (charge,) = whole.moves, whole.entries
    credit = replace(charge, billing_id=UUID(int=9), reverses=charge.billing_id)
    undone = replace(
        whole, verdict=Verdict.RECORDED, reasons=(reason,), entries=(charge, credit),
        moves=(move, replace(move, from_place="patient", to_place="OR-2")),
    )  # fmt: skip

    assert (prove(KEY, [undone]).verdict, prove(KEY, [undone]).numbers) == (CaseVerdict.CLOSED, Numbers())
    left = replace(undone, entries=(charge,))
    assert prove(KEY, [left]).gaps == (gap(GapKind.CHARGE_SURPLUS, 1, amount_fen=-123_400),)


def test_the_other_half_of_a_label_is_no_use() -> None:
    half = replace(use(2, verdict=Verdict.RECORDED, reasons=(Reason.HALF_LABEL,), moves=(), entries=()), units=None)
    assert prove(KEY, [use(1), half]).numbers == prove(KEY, [use(1)]).numbers
    assert prove(KEY, [use(1), half]).gaps == ()


BROKEN = {
    "stock": (use(1, moves=()), gap(GapKind.STOCK_MISSING, 1)),
    "more stock": (use(1, moves=(*use(1).moves, *use(1).moves)), gap(GapKind.STOCK_SURPLUS, 1)),
    "charge": (use(1, entries=()), gap(GapKind.CHARGE_MISSING, 1)),
    "more charged": (
        use(1, verdict=Verdict.RECORDED, reasons=(Reason.BUNDLED,)),
        gap(GapKind.CHARGE_SURPLUS, 1, amount_fen=-123_400),
    ),
    "amount": (
        use(1, entries=(replace(use(1).entries[0], amount_fen=123_399),)),
        gap(GapKind.CHARGE_AMOUNT, 1, units=None, amount_fen=1),
    ),
    "settlement": (use(1, owner="S1", lines=()), gap(GapKind.SETTLEMENT_MISSING, 1)),
    "more owed": (use(1, lines=use(1, owner="S1").lines), gap(GapKind.SETTLEMENT_SURPLUS, 1)),
    "cost": (
        use(1, owner="S1", lines=(replace(use(1, owner="S1").lines[0], amount_fen=None, status=NO_COST),)),
        gap(GapKind.COST_MISSING, 1),
    ),
    "parked": (parked(1), gap(GapKind.PARKED, 1, reason=Reason.NO_PRICE)),
    "held": (
        use(1, verdict=Verdict.HELD, reasons=(Reason.RECALLED,), entries=()),
        gap(GapKind.HELD, 1, reason=Reason.RECALLED),
    ),
    "waiting": (
        replace(use(1, verdict=Verdict.WAITING, reasons=(Reason.HALF_LABEL,), entries=(), moves=()), units=None),
        gap(GapKind.WAITING, 1, reason=Reason.HALF_LABEL, units=None),
    ),
    "held return": (
        use(1, action=Action.RETURN, verdict=Verdict.HELD, reasons=(Reason.OVER_RETURN,), entries=(), moves=()),
        gap(GapKind.HELD, 1, reason=Reason.OVER_RETURN),
    ),
    "charge of no use": (
        use(1, encounter="E2"),
        gap(GapKind.CHARGE_SURPLUS, 1, amount_fen=-123_400),
    ),
}


@pytest.mark.parametrize("name", BROKEN)
def test_what_does_not_tie_is_named_beside_uses_that_do(name: str) -> None:
    broken, expected = BROKEN[name]
    proven = prove(KEY, [use(7), broken])
    assert (proven.verdict, proven.gaps) == (CaseVerdict.GAPS, (expected,))


def test_gaps_of_one_kind_item_and_lot_are_one_with_all_their_scans() -> None:
    proven = prove(KEY, [parked(2), parked(1), parked(3, lot="L2")])
    assert proven.gaps == (
        gap(GapKind.PARKED, 1, 2, units=2, reason=Reason.NO_PRICE),
        replace(gap(GapKind.PARKED, 3, reason=Reason.NO_PRICE), lot="L2"),
    )


def test_a_cost_that_was_told_closes_the_gap_and_what_still_has_none_is_named() -> None:
    """Of three units two came back in time: before the cost was told one, and then the line was settled."""
    (payable,) = use(1, 3, owner="S1").lines
    missing = replace(payable, amount_fen=None, status=NO_COST)
    used = use(1, 3, owner="S1", lines=(missing,))
    came_back = replace(
        back(2, used),
        moves=(Move("patient", "OR-2", "S1", "SCREW", "L1", None, 1),),
        lines=(OwedLine(UUID(int=21), missing.line_id, "S1", "SCREW", 1, None, SettlementStatus.REVERSAL),),
    )
    settled = (
        OwedLine(UUID(int=22), missing.line_id, "S1", "SCREW", 2, None, SettlementStatus.REVERSAL),
        OwedLine(UUID(int=23), None, "S1", "SCREW", 2, 180_000, SettlementStatus.PAYABLE),
    )

    assert prove(KEY, [used, came_back]).gaps == (gap(GapKind.COST_MISSING, 1, units=2),)
    proven = prove(KEY, [replace(used, lines=(missing, *settled)), came_back])
    assert (proven.gaps, proven.numbers.settlement.units) == ((), 2)


def test_a_charge_at_another_price_than_the_catalogues_is_a_gap_in_money() -> None:
    right = use(1, 2, price=12_340_000)
    (entry,) = right.entries
    dear = replace(right, entries=(replace(entry, unit_price=12_350_000, amount_fen=247_000),))
    unpriced = replace(right, entries=(replace(entry, catalogue_price=None),))

    assert prove(KEY, [right]).gaps == ()
    assert prove(KEY, [dear]).gaps == (gap(GapKind.CHARGE_AMOUNT, 1, units=None, amount_fen=-200),)
    assert prove(KEY, [unpriced]).gaps == (gap(GapKind.CHARGE_AMOUNT, 1, units=None, amount_fen=-246_800),)


def test_a_re_rated_use_ties_at_its_new_price_and_parts_round_each_for_itself() -> None:
    # 3 units at 0.335 yuan make 1.01, one unit back 0.34: 0.67 is left; the last part takes the rest.
    first = use(1, 3, price=3_000)
    (old,) = first.entries
    credit = replace(old, billing_id=UUID(int=8), reverses=old.billing_id)
    new = Entry(UUID(int=9), None, "SCREW", 3, 3_350, 101, 3_350)
    rated = replace(first, entries=(old, credit, new))
    part = replace(
        back(2, first), entries=(Entry(UUID(int=10), new.billing_id, "SCREW", 1, 3_350, 34, 3_350),)
    )  # fmt: skip

    proven = prove(KEY, [rated, part])

    assert (proven.verdict, proven.numbers.charges, proven.numbers.scans) == (
        CaseVerdict.CLOSED,
        LedgerSums(2, 67),
        LedgerSums(2, 67),
    )


def test_an_operation_is_its_own_scans_and_the_returns_that_took_them_back() -> None:
    one, other = use(1, operation="OP-1"), use(2, operation="OP-2")
    returned = replace(back(3, one), operation=None)

    proven = prove(CaseKey("H1", "E1", "OP-1"), [one, other, returned, parked(4), parked(5, operation="OP-2")])

    assert (proven.verdict, proven.numbers.scans) == (CaseVerdict.CLOSED, LedgerSums(0, 0))
    assert [line.scan.scan_id.int for line in proven.uses] == [1]


def test_the_hash_is_that_of_the_listing_whatever_the_order_of_scans() -> None:
    scans = [use(1, owner="S1"), parked(2)]
    one, two = UUID(int=1), UUID(int=2)
    lines = (
        "case\tH1\tE1\t",
        f"charge\t{one}\t{UUID(int=1, version=5)}\t\tSCREW\t1\t1234.00",
        f"move\t{one}\tOR-2\tpatient\tS1\tSCREW\tL1\t\t1",
        f"move\t{two}\tOR-2\tpatient\thospital\tSCREW\tL1\t\t1",
        f"scan\t{one}\tuse\tSCREW\tGS1\t07\tL1\t\t1\tbilled\t",
        f"scan\t{two}\tuse\tSCREW\tGS1\t07\tL1\t\t1\tparked\tno-price",
        f"settlement\t{one}\t{one}\t\tS1\tSCREW\t1\t900.00\tpayable",
    )
    text = "\n".join(lines)
    assert listing(KEY, scans) == text
    assert prove(KEY, scans).hash == prove(KEY, scans[::-1]).hash == sha256(text.encode()).digest()


# When a version is written ---------------------------------------------------------------------------------------

DISCHARGED = Closing(discharged_at=AT)
SETTLED = Closing(discharged_at=AT, settled_at=LATER)


def proof(scans: list[CaseScan], closing: Closing, newest: Proof | None = None) -> Proof | None:
    return next_proof(prove(KEY, scans), closing, newest, LATER)


def first(scans: list[CaseScan], closing: Closing = DISCHARGED) -> Proof:
    made = proof(scans, closing)
    assert made is not None
    return made


def test_a_case_that_nothing_has_closed_is_not_proven() -> None:
    assert proof([use(1)], Closing()) is None


def test_a_discharge_with_something_open_gives_notice_and_one_without_does_not() -> None:
    good, bad = first([use(1)]), first([use(1), parked(2)])
    assert (good.version, good.trigger, good.verdict, good.notice, good.scans) == (
        1, Trigger.DISCHARGED, CaseVerdict.CLOSED, False, 1,
    )  # fmt: skip
    assert (bad.version, bad.trigger, bad.verdict, bad.notice, bad.scans) == (
        1, Trigger.DISCHARGED, CaseVerdict.GAPS, True, 1,
    )  # fmt: skip


def test_a_proof_is_written_again_only_when_something_changed() -> None:
    before = first([use(1)])
    assert proof([use(1)], DISCHARGED, before) is None
    changed = proof([use(1), parked(2)], DISCHARGED, before)
    assert changed is not None
    assert (changed.version, changed.supersedes, changed.trigger, changed.notice) == (2, 1, Trigger.CHANGED, False)


@pytest.mark.parametrize(
    ("closing", "trigger"),
    [
        (SETTLED, Trigger.SETTLED),
        (Closing(discharged_at=LATER), Trigger.DISCHARGED),
        (replace(DISCHARGED, by_person=1), Trigger.CLOSED_BY_PERSON),
    ],
)
def test_a_new_closing_event_is_proven_though_nothing_changed(closing: Closing, trigger: Trigger) -> None:
    made = proof([use(1)], closing, first([use(1)]))
    assert made is not None
    assert (made.version, made.trigger, made.closing) == (2, trigger, closing)
