"""What holds for any arrivals, however they are cut into batches, repeated, interrupted or turned round."""

import asyncio
from collections import Counter
from collections.abc import Coroutine
from decimal import Decimal
from typing import Any, TypeVar

from hypothesis import given, seed, settings
from hypothesis import strategies as st

from models.stock.places import OUTSIDE
from sinks.memory.books import MemoryBooks
from sinks.ports.batch import Batch
from tests.properties.arrivals import CODES, FACTS, LATER, arrivals, cuts, events
from tests.support.accounts import Account
from tests.support.builders import NOON, scan_id
from tests.support.loops import run
from tests.support.ward import MemoryStore, Ward, postgres_store, record, records

Event = dict[str, Any] | bytes
Result = TypeVar("Result")
quickly = settings(max_examples=120, derandomize=True)


def now(coroutine: Coroutine[Any, Any, Result]) -> Result:
    """Run what never really waits: the twin has no input or output."""
    return asyncio.run(coroutine)


async def played(ward: Ward, happenings: list[Event], sizes: list[int] | None = None, lane: int = 0) -> None:
    """The records arrive at a lane in batches of these sizes; one batch when none are given."""
    made = records(happenings, ward.lanes[lane].position.next_offset)
    for size in sizes or [len(made)]:
        await record(ward.lanes[lane], made[:size])
        del made[:size]


async def account_of(happenings: list[Event], sizes: list[int] | None = None) -> Account:
    """The account after the records, then after the facts that were missing."""
    ward = await Ward(MemoryStore()).open(*FACTS)
    await played(ward, happenings, sizes)
    await ward.learn(*LATER)
    await ward.sweep()
    return await ward.account()


@seed(1)
@quickly
@given(st.data(), arrivals())
def test_however_records_are_cut_into_batches_the_books_are_the_same(
    data: st.DataObject, happenings: list[Event]
) -> None:
    sizes = data.draw(cuts(len(happenings)))

    whole = now(account_of(happenings))

    assert now(account_of(happenings, sizes)) == whole
    assert now(account_of(happenings, [1] * len(happenings))) == whole


@seed(2)
@quickly
@given(st.data(), arrivals(16))
def test_records_that_come_again_change_nothing_but_their_own_verdicts(
    data: st.DataObject, happenings: list[Event]
) -> None:
    once = now(account_of(happenings))
    # A tick that comes again comes later: time has passed, and what waited for it is decided.
    scans = [place for place, each in enumerate(happenings) if isinstance(each, bytes) or "scan_id" in each]
    places = data.draw(st.lists(st.sampled_from(scans), max_size=5)) if scans else []

    repeated = now(account_of([*happenings, *(happenings[place] for place in places)]))

    # A refused id is not remembered, so what was refused is refused again; everything else is a duplicate.
    added = Counter(row[3] for row in repeated.verdicts) - Counter(row[3] for row in once.verdicts)
    assert set(added) <= {"duplicate", "conflict", "refused"}
    assert books_of(repeated) == books_of(once)


def books_of(account: Account) -> tuple[Any, ...]:
    """Money, goods and usage, and how every scan stands."""
    scans = tuple(row[:-1] for row in account.scans)
    charges = tuple((*row[:14], *row[15:]) for row in account.charges)
    return scans, charges, account.settlement, account.stock, account.usage, account.moves


@seed(3)
@settings(quickly, max_examples=180)
@given(arrivals())
def test_each_promise_is_kept_whatever_arrives(happenings: list[Event]) -> None:
    """The records arrive once for all of them: a promise sees half as many more of these than if it had its own."""
    account = now(account_of(happenings))
    credits_never_exceed_their_charge(account)
    stock_is_the_sum_of_its_moves_and_usage_that_of_charges_and_credits(account)
    every_record_but_a_tick_has_one_verdict_and_every_open_scan_waits(happenings, account)


def credits_never_exceed_their_charge(account: Account) -> None:
    charged = {row[0]: (row[9], Decimal(row[12])) for row in account.charges if row[1] == "charge"}
    credited: dict[str, list[Any]] = {}
    for row in account.charges:
        if row[1] == "credit":
            sums = credited.setdefault(row[2], [0, Decimal(0), []])
            sums[0] += row[9]
            sums[1] += Decimal(row[12])
            sums[2].append(row[3])
    for billing_id, (units, amount, numbers) in credited.items():
        assert 0 < units <= charged[billing_id][0]
        assert 0 <= amount <= charged[billing_id][1]
        assert (amount == charged[billing_id][1]) or units < charged[billing_id][0]
        assert sorted(numbers) == list(range(1, len(numbers) + 1))


def stock_is_the_sum_of_its_moves_and_usage_that_of_charges_and_credits(account: Account) -> None:
    moved: Counter[tuple[Any, ...]] = Counter()
    for _, from_place, to_place, owner, item_code, lot, serial, units, *_ in account.moves:
        moved[from_place, item_code, owner, lot or "", serial or ""] -= units
        moved[to_place, item_code, owner, lot or "", serial or ""] += units
    stores = {key: units for key, units in moved.items() if key[0] not in OUTSIDE and units}
    assert stores == {tuple(row[1:6]): row[6] for row in account.stock if row[6]}

    total = sum(Decimal(row[12]) * (1 if row[1] == "charge" else -1) for row in account.charges)
    assert total == sum(Decimal(row[5]) for row in account.usage if row[1] is None)


def every_record_but_a_tick_has_one_verdict_and_every_open_scan_waits(
    happenings: list[Event], account: Account
) -> None:
    expected = [place for place, each in enumerate(happenings) if isinstance(each, bytes) or "scan_id" in each]
    assert sorted(row[1] for row in account.verdicts) == expected
    assert len(account.open) == sum(row[2] in {"waiting", "parked", "held"} for row in account.scans)


class Dying(MemoryBooks):
    """Books that die at one recording: before it is done, or after it with the answer lost."""

    def __init__(self, at: int, done: bool) -> None:
        super().__init__()
        self._left = at
        self._done = done

    async def record(self, batch: Batch) -> int:
        self._left -= 1
        if self._left != 0:
            return await super().record(batch)
        if self._done:
            await super().record(batch)
        raise ConnectionError("The connection is gone.")


async def interrupted(happenings: list[Event], sizes: list[int], at: int, done: bool) -> Account:
    """The records are read again from where the books stand whenever the books die."""
    store = MemoryStore(Dying(at, done))
    ward = await Ward(store).open(*FACTS)
    made = records(happenings, 0)
    while (start := ward.lanes[0].position.next_offset) < len(made):
        size = sizes[start % len(sizes)]
        try:
            await record(ward.lanes[0], made[start : start + size])
        except ConnectionError:
            await ward.restart()
    await ward.learn(*LATER)
    while True:
        try:
            await ward.sweep()
            return await ward.account()
        except ConnectionError:
            for lane in range(len(ward.lanes)):
                await ward.restart(lane)


@seed(6)
@quickly
@given(arrivals(), st.lists(st.integers(1, 5), min_size=1, max_size=5), st.integers(1, 12), st.booleans())
def test_a_worker_that_dies_at_any_point_leaves_the_same_books(
    happenings: list[Event], sizes: list[int], at: int, done: bool
) -> None:
    assert now(interrupted(happenings, sizes, at, done)) == now(account_of(happenings))


INDEPENDENT = tuple(
    codes for codes in CODES if codes[0] in {CODES[0][0], CODES[1][0], CODES[2][0], CODES[5][0], "HOUSE-7"}
)


@st.composite
def encounters(draw: st.DrawFn) -> list[list[dict[str, Any]]]:
    """Scans of several encounters, each with its own ids, devices and lots."""
    found = []
    for number in range(draw(st.integers(2, 4))):
        own = draw(st.lists(events(INDEPENDENT), min_size=1, max_size=6))
        for place, event in enumerate(own):
            event |= {
                "scan_id": str(scan_id(100 * number + place)),
                "encounter": f"E{number + 1}",
                "device_id": f"gun{number}",
            }
            event |= {"store": f"S{number}", "corrects": None}
            if event.get("document") or event["action"] == "identify":
                event["document"] = f"D{number}"
        found.append(own)
    return found


async def spread(order: list[tuple[int, dict[str, Any]]]) -> Account:
    """Each scan arrives alone, on the lane given with it."""
    ward = await Ward(MemoryStore()).open(*FACTS)
    for lane, event in order:
        at_noon = records([event], ward.lanes[lane].position.next_offset)
        await record(ward.lanes[lane], [each._replace(timestamp=NOON) for each in at_noon])
    await ward.learn(*LATER)
    await ward.sweep()
    return await ward.account()


@seed(7)
@quickly
@given(st.data(), encounters())
def test_independent_encounters_may_arrive_in_any_order_on_any_lane(
    data: st.DataObject, stays: list[list[dict[str, Any]]]
) -> None:
    one_by_one = [(0, event) for stay in stays for event in stay]
    lanes = [data.draw(st.integers(0, 1)) for _ in stays]
    turns = data.draw(st.permutations([place for place, stay in enumerate(stays) for _ in stay]))
    waiting = [list(stay) for stay in stays]
    mixed = [(lanes[turn], waiting[turn].pop(0)) for turn in turns]

    assert now(spread(mixed)).by_scan() == now(spread(one_by_one)).by_scan()


def test_the_database_gives_what_the_twin_gives(database: str) -> None:
    """One database for all examples: it is emptied between them."""

    async def both(happenings: list[Event], others: list[Event], sizes: list[int]) -> None:
        accounts = []
        async with postgres_store(database) as postgres:
            await postgres.empty()
            for store in (MemoryStore(), postgres):
                ward = await Ward(store).open(*FACTS)
                await played(ward, happenings, sizes)
                await played(ward, others, lane=1)
                await ward.sweep()
                await ward.learn(*LATER)
                await ward.sweep()
                accounts.append(await ward.account())
        twin, books = accounts
        assert books.without_instants() == twin.without_instants()
        assert (books.verdicts, books.positions) == (twin.verdicts, twin.positions)

    @seed(8)
    @settings(quickly, max_examples=15)
    @given(st.data(), arrivals(), arrivals(8))
    def example(data: st.DataObject, happenings: list[Event], others: list[Event]) -> None:
        run(both(happenings, others, data.draw(cuts(len(happenings)))))

    example()
