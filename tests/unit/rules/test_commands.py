"""What a person's command takes back, as whole values. With books: tests/integration/charging."""

from collections.abc import Mapping
from typing import Any

import pytest

from models.charging.commands import Carried, Command, Commanded, CommandKind, Recorded
from models.charging.decision import Decision
from models.charging.effects import NO_CHARGE
from models.charging.refusals import CommandRefusal, Refused
from rules.charging.commands import carry_out
from tests.support.builders import (
    DI,
    HOSPITAL,
    JUNE,
    NOON,
    Bench,
    Outcome,
    gs1,
    into,
    item,
    out,
    outcome,
    prior_of,
    scan,
)

BACK = Outcome(
    "recorded", ("rejected",), ("credit", 1, "1234.00", 202206), into(1), (), (("ORTH", JUNE, -1, "-1234.00"),)
)


def recorded(decision: Decision) -> Recorded:
    """A scan as it stands after its decision, with the ledger entries that it made."""
    return Recorded(decision.subject, prior_of(decision, entries=len(decision.charging.entries)))


def commanded(
    bench: Bench,
    kind: CommandKind,
    scan: Recorded,
    partner: Recorded | None = None,
    body: Mapping[str, Any] | None = None,
) -> tuple[list[Decision], Carried]:
    command = Command(0, 1, kind, HOSPITAL, scan.subject.event.scan_id, "wang", "looked at it", NOON, body or {})
    return carry_out(Commanded(command, scan, partner), bench.view)


def rejected(bench: Bench, decision: Decision) -> Decision:
    decisions, carried = commanded(bench, CommandKind.REJECT, recorded(decision))
    assert carried == Carried(1, done=True, detail="recorded")
    return decisions[0]


def test_a_rejected_use_is_credited_and_its_goods_go_back_without_claiming_its_scan_again() -> None:
    bench = Bench()

    decision = rejected(bench, bench.decision(1))

    assert outcome(decision) == BACK
    assert (decision.n, decision.claims, decision.charging.billing_ids) == (
        1, False, (decision.charging.entries[0].billing_id,),
    )  # fmt: skip


def test_a_rejected_use_of_a_closed_month_is_credited_in_the_next_one_and_says_so() -> None:
    bench = Bench()
    billed = bench.decision(1)
    bench.view.gathered.closed[HOSPITAL] = JUNE

    assert outcome(rejected(bench, billed)) == BACK._replace(
        reasons=("late", "rejected", "period-closed"), charge=("credit", 1, "1234.00", 202207)
    )


def test_what_was_not_charged_is_not_credited() -> None:
    bench = Bench(item(chargeable=False))

    assert outcome(rejected(bench, bench.decision(1))) == BACK._replace(charge=None)


@pytest.mark.parametrize("named", [{}, {"item_code": "SCREW"}])
def test_a_rejected_scan_that_moved_nothing_keeps_the_goods_it_names(named: dict[str, Any]) -> None:
    bench = Bench(item(tracking="none"))
    held = bench.decision(1, action="return", quantity=2, **named)
    assert outcome(held) == Outcome("held", ("return-without-use",))

    decision = rejected(bench, held)

    assert outcome(decision) == Outcome("recorded", ("rejected",))
    assert (decision.item and decision.item.item_code, decision.units, decision.claims) == ("SCREW", 2, False)


def test_halves_that_do_not_belong_together_part_and_wait_for_a_person() -> None:
    bench = Bench()
    bench.record(scan(1, codes=[gs1(DI)]))
    billed, carried = (
        each for each in bench.record(scan(2, codes=[gs1(expiry="271231", lot="L1")])) if isinstance(each, Decision)
    )

    decisions, done = commanded(bench, CommandKind.UNDO_PAIR, recorded(billed), recorded(carried))

    assert [outcome(each) for each in decisions] == [
        BACK._replace(verdict="credited", reasons=()),
        Outcome("held", ("half-label",)),
        Outcome("held", ("half-label", "no-device-identifier")),
    ]
    assert [(each.subject.event.scan_id.int, each.n, each.claims) for each in decisions] == [
        (1, billed.n + 1, False),
        (1, billed.n + 2, False),
        (2, carried.n + 1, False),
    ]
    assert [(each.label.di, each.label.lot) for each in decisions] == [(DI, "L1"), (DI, None), (None, "L1")]
    assert done == Carried(1, done=True, detail="credited, held, held")


def test_goods_move_again_under_another_reading_of_their_label_and_not_under_the_same() -> None:
    bench = Bench(item(tracking="serial"))
    suspected = recorded(bench.decision(1, codes=[f"]d201{DI}1727123110LOT21S1"]))

    def identified(**reading: str) -> tuple[list[Decision], Carried]:
        return commanded(bench, CommandKind.IDENTIFY, suspected, body={"expiry": "2027-12-31"} | reading)

    same, refused = identified(lot="LOT21S1")
    assert (same, refused) == ([], Carried(1, done=False, detail=Refused(CommandRefusal.SAME_READING).text))
    meant, _ = identified(lot="LOT", serial="S1")
    assert [(each.stock.move, each.charging, each.label.lot, each.label.serial, each.n) for each in meant] == [
        (into(1), NO_CHARGE, "LOT21S1", None, 1),
        (out(1), NO_CHARGE, "LOT", "S1", 2),
    ]
