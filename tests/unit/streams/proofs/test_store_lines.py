"""How the demo judges the recall's possible list: enough of the lost are on it, and the chances come true."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from uuid import UUID

from models.stock.exposure import LineKind, RecallLineStatus, StandingLine
from streams.proofs.demo.store import calibrated, listed
from streams.simulator.truth.store import Lost

COUNTED = datetime(2022, 6, 30, 22, 0, tzinfo=UTC)


def _line(number: int, chance: str = "0.5") -> StandingLine:
    return StandingLine(
        UUID(int=number), LineKind.POSSIBLE, f"E{number}", "OR-9", "ORTH", "PIN", "GS1", "1", "A", None, None, 1,
        Decimal(chance), "lost", UUID(int=1), COUNTED, RecallLineStatus.OPEN, None, None, None,
    )  # fmt: skip


def _lost(number: int) -> Lost:
    return Lost("OR-9", f"E{number}", "PIN", "A", None, "2022-06-03T10:00:00+08:00", recalled=True)


def test_nineteen_of_twenty_listed_are_enough_and_eighteen_are_not() -> None:
    exposed = [_lost(number) for number in range(20)]

    enough = listed(exposed, [_line(number) for number in range(19)])
    short = listed(exposed, [_line(number) for number in range(18)])

    assert (enough.expected, enough.found, enough.differences) == (20, 19, [])
    assert (short.found, len(short.differences)) == (18, 2)


def test_chances_that_come_true_are_calibrated_and_others_are_not() -> None:
    lines = [_line(number, "0.1" if number < 100 else "0.3") for number in range(200)]
    fits = [_lost(number) for number in (*range(10), *range(100, 130))]

    right = calibrated(fits, lines)
    low = calibrated([_lost(number) for number in range(100, 130)], lines)
    high = calibrated([*fits, *(_lost(number) for number in range(130, 160))], lines)

    assert (right.expected, right.found, right.differences) == (40, 40, [])
    assert low.differences == ["lower half: 0 exposed, chances say 10.0 ± 9.0"]
    assert high.differences == ["higher half: 60 exposed, chances say 30.0 ± 13.7"]


def test_who_is_on_the_list_of_two_counts_stands_for_the_first_after_it() -> None:
    lines = [_line(1), replace(_line(1), line_id=UUID(int=9), happened_at=COUNTED + timedelta(days=90))]

    assert calibrated([_lost(1)], lines).expected == 1
    assert calibrated([replace(_lost(1), at="2022-07-03T10:00:00+08:00")], lines).expected == 1
    assert calibrated([replace(_lost(1), at="2022-10-03T10:00:00+08:00")], lines).expected == 0
