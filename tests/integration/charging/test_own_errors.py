"""What fails by its own fault is set aside and holds up nobody: books and twin alike."""

from dataclasses import replace
from typing import Any

import pytest

from models.charging.commands import CommandKind
from rules.charging import fold
from sinks.ports.aside import AsideKind
from streams.lanes import sweeping
from streams.lanes.told import Told
from tests.support.builders import DI, at, encounter, gs1, item, scan, scan_id
from tests.support.ward import Store, Ward, verdicts


class Heard(Told):
    """Remembers what failed."""

    def __init__(self) -> None:
        self.failures: list[tuple[str, str]] = []

    def failed(self, place: str, error: Exception) -> None:
        self.failures.append((place, type(error).__name__))


@pytest.fixture
def heard(ward: Ward) -> Heard:
    told = Heard()
    for lane in ward.lanes:
        lane.told = told
    return told


@pytest.fixture
def planted(monkeypatch: pytest.MonkeyPatch) -> set[int]:
    """Numbers of scans whose decision fails."""
    numbers: set[int] = set()
    decide = fold.decide  # type: ignore[attr-defined]

    def fails(subject: Any, *arguments: Any, **named: Any) -> Any:
        if subject.event.scan_id in {scan_id(number) for number in numbers}:
            raise RuntimeError("planted")
        return decide(subject, *arguments, **named)

    monkeypatch.setattr(fold, "decide", fails)
    return numbers


@pytest.mark.parametrize("bad", [{3}, {1}, {8}, {2, 3, 7}, set(range(1, 9))])
async def test_the_one_record_is_quarantined_wherever_it_stands(
    ward: Ward, heard: Heard, planted: set[int], bad: set[int]
) -> None:
    planted.update(bad)
    await ward.scan(*(scan(number) for number in range(1, 9)))

    account = await ward.account()
    reasons = {offset: reasons for _, offset, _, _, reasons, _ in account.verdicts}
    assert {offset + 1 for offset in reasons if reasons[offset] == ("internal-error",)} == bad
    assert {number for number in range(1, 9) if str(scan_id(number)) in verdicts(account)} == set(range(1, 9)) - bad
    assert heard.failures == [("scans", "RuntimeError")] * len(bad)
    assert ward.lanes[0].position.next_offset == 8


async def test_a_waiting_half_that_fails_holds_up_no_scan_of_its_device(
    ward: Ward, heard: Heard, planted: set[int]
) -> None:
    await ward.scan(scan(1, codes=[gs1(DI)]), scan(2, device_id="gun2", codes=[gs1(DI)]))
    planted.add(1)
    late = [scan(number, scanned_at=at(600 + number)) for number in (3, 4)]
    await ward.scan(*late, scan(5, device_id="gun2", scanned_at=at(700)))

    found = {scan: verdict for scan, (verdict, _) in verdicts(await ward.account()).items()}
    assert [found[str(scan_id(number))] for number in (1, 3, 4, 5)] == ["waiting", "billed", "billed", "billed"]
    assert found[str(scan_id(2))] == "held"
    assert ("halves", "RuntimeError") in heard.failures
    assert ("scans", "RuntimeError") not in heard.failures
    aside = await ward.lanes[0].books.aside.of_lane(ward.lanes[0].lane)
    assert [(each.kind, each.ref.offset, each.error) for each in aside] == [(AsideKind.HALF, 0, "RuntimeError")]


async def test_a_scan_that_cannot_be_decided_again_is_set_aside_and_tried_by_the_next_worker(
    ward: Ward, store: Store, heard: Heard, planted: set[int]
) -> None:
    await ward.scan(*(scan(number, encounter="E2") for number in (1, 2, 3)))
    planted.add(2)
    await ward.learn(encounter(encounter="E2"))
    assert await ward.sweep() == 2
    assert await ward.sweep() == 0
    assert heard.failures == [("decisions", "RuntimeError")]
    assert [(each.ref.offset, each.error) for each in await store.books.aside.of_lane(0)] == [(1, "RuntimeError")]

    await ward.restart()
    assert await ward.sweep() == 0
    planted.clear()
    await ward.restart()
    assert await ward.sweep() == 1
    assert verdicts(await ward.account())[str(scan_id(2))][0] == "billed"
    assert list(await store.books.aside.of_lane(0)) == []


async def test_a_charge_that_cannot_be_rerated_is_set_aside(
    ward: Ward, store: Store, heard: Heard, monkeypatch: pytest.MonkeyPatch
) -> None:
    await ward.scan(*(scan(number) for number in (1, 2, 3)))
    rerate = sweeping._REPRICED.decide

    def fails(rows: Any, view: Any) -> Any:
        if any(subject.event.scan_id == scan_id(2) for subject, *_ in rows):
            raise KeyError("planted")
        return rerate(rows, view)

    kind = sweeping._REPRICED
    monkeypatch.setattr(sweeping, "_REPRICED", replace(kind, decide=fails))
    changed = item(prices=[{"price": "1000.00", "from": "2022-01-01", "to": None}])
    await ward.learn(changed)
    assert await ward.sweep() == 2
    assert heard.failures == [("decisions", "KeyError")]
    assert [each.kind for each in await store.books.aside.of_lane(0)] == ["repriced"]

    monkeypatch.undo()
    await ward.restart()
    assert await ward.sweep() == 1


async def test_a_command_that_fails_is_refused_with_the_class_and_the_next_is_carried_out(
    ward: Ward, store: Store, heard: Heard, monkeypatch: pytest.MonkeyPatch
) -> None:
    await ward.scan(scan(1), scan(2))
    carry_out = sweeping.carry_out  # type: ignore[attr-defined]

    def fails(commanded: Any, view: Any) -> Any:
        if commanded.command.scan_id == scan_id(1):
            raise IndexError("planted")
        return carry_out(commanded, view)

    monkeypatch.setattr(sweeping, "carry_out", fails)
    await store.command(CommandKind.REJECT, 1)
    await store.command(CommandKind.REJECT, 2)
    await ward.sweep()

    found = verdicts(await ward.account())
    assert found[str(scan_id(1))][0] == "billed"
    assert found[str(scan_id(2))][1][0] == "rejected"
    assert heard.failures == [("commands", "IndexError")]


async def test_what_has_another_price_is_found_once_and_charged_anew_in_short_transactions(
    ward: Ward, store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    charged = 2 * sweeping.ROWS_MAX + 1
    await ward.scan(*(scan(number) for number in range(1, charged + 1)))
    await ward.learn(item(prices=[{"price": "1000.00", "from": "2022-01-01", "to": None}]))
    asked: list[int] = []
    repriced = store.books.repriced

    async def asking(*arguments: Any) -> Any:
        found = await repriced(*arguments)
        asked.append(len(found))
        return found

    monkeypatch.setattr(store.books, "repriced", asking)

    steps = [made async for made in ward.lanes[0].sweeps() if made]
    assert sum(steps) == charged
    assert len(steps) > charged // sweeping.ROWS_MAX
    assert asked == [charged]


async def test_records_pass_between_two_steps_of_a_sweep(ward: Ward) -> None:
    first = sweeping.ROWS_MIN
    waiting = range(1, 2 * sweeping.ROWS_MAX + 1)
    await ward.scan(*(scan(number, encounter="E2") for number in waiting))
    await ward.learn(encounter(encounter="E2"))
    steps = ward.lanes[0].sweeps()
    assert await anext(steps) == first

    back = scan(1001, action="return", corrects=str(scan_id(150)), encounter="E2", scanned_at=at(2000))
    await ward.scan(scan(1000), back)
    found = {name: verdict for name, (verdict, _) in verdicts(await ward.account()).items()}
    assert [found[str(scan_id(number))] for number in (first, first + 1, 1000)] == ["billed", "parked", "billed"]

    assert sum([made async for made in steps]) == len(waiting) - first + 1
    found = {name: verdict for name, (verdict, _) in verdicts(await ward.account()).items()}
    assert set(found.values()) == {"billed", "credited"}
