"""What waits is decided when its fact, its unit, its use or its other half comes; port and twin under one suite."""

from typing import Any

import pytest

from models.charging.snapshot import Catalogue, Lookup
from sinks.ports.batch import Batch, StaleError
from tests.support.accounts import Account
from tests.support.builders import (
    BOX,
    DI,
    NOON,
    SECOND,
    TICK,
    at,
    encounter,
    gs1,
    gtin,
    item,
    price,
    scan,
    scan_id,
)
from tests.support.ward import (
    Between,
    Store,
    Ward,
    record,
    records,
    verdicts,
)

UNIT = gs1(DI, expiry="271231", lot="L1", serial="S1")
BILLED = ("billed", ("stock-negative",))


def of(number: int) -> dict[str, Any]:
    return {"action": "return", "corrects": str(scan_id(number))}


def newest(account: Account, number: int) -> tuple[str, tuple[str, ...]]:
    return verdicts(account)[str(scan_id(number))]


# Later facts ------------------------------------------------------------------------------------------------------


async def test_a_fact_that_comes_between_gather_and_record_is_not_lost(ward: Ward) -> None:
    books = Between(ward.store.books)
    ward.lanes[0] = await ward.lane(0, books.port)
    new = gtin(555)
    books.then(
        lambda: ward.learn(item(item_code="PLATE", identifiers=[{"issuer": "GS1", "di": new, "units_per_package": 1}]))
    )

    await ward.scan(scan(1, codes=[gs1(new, lot="L1")]))
    assert newest(await ward.account(), 1) == ("parked", ("unknown-identifier",))

    assert await ward.sweep() == 1
    assert newest(await ward.account(), 1) == BILLED


async def test_without_the_facts_a_lane_has_seen_the_late_scan_would_wait_for_ever(ward: Ward, store: Store) -> None:
    books = Between(store.books)
    ward.lanes[0] = await ward.lane(0, books.port)
    books.then(lambda: ward.learn(encounter(encounter="E2")))
    await ward.scan(scan(1, encounter="E2"))
    snapshot = await store.books.gather(0, Lookup(), Catalogue())

    # A lane that looked only for what comes after its newest snapshot would find nothing.
    forgetful = await store.books.gather(0, Lookup(), Catalogue())
    forgetful.facts_seen = forgetful.facts_version
    assert await store.books.freed(0, forgetful, None, 10) == []

    assert [each.ref.offset for each in await store.books.freed(0, snapshot, None, 10)] == [0]


async def test_a_lane_that_has_seen_newer_facts_does_not_record_by_older_ones(ward: Ward, store: Store) -> None:
    lane, scanned = ward.lanes[0], scan(1, encounter="E2")
    older = await store.books.gather(0, Lookup(), Catalogue())
    await ward.learn(encounter(encounter="E2"))
    await lane.sweep()
    newer = await store.books.gather(0, Lookup(), Catalogue())
    assert (older.facts_seen, older.facts_version, newer.facts_seen) == (0, 2, 3)
    older.lane_version = newer.lane_version
    before = await ward.account()

    with pytest.raises(StaleError):
        await store.books.record(Batch(0, lane.position, 1, None, older, []))

    assert await ward.account() == before
    await ward.scan(scanned)
    assert newest(await ward.account(), 1) == BILLED


async def test_every_lane_frees_its_own_scans(ward: Ward) -> None:
    await ward.scan(scan(1, encounter="E2"))
    await ward.scan(scan(2, encounter="E2"), lane=1)
    await ward.learn(encounter(encounter="E2"))

    assert [await ward.lanes[0].sweep(), await ward.lanes[1].sweep()] == [1, 1]

    account = await ward.account()
    negative = ("billed", ("stock-negative",))
    assert [newest(account, number) for number in (1, 2)] == [negative, negative]
    assert account.open == ()
    assert {place: len(all_) for place, all_ in account.published.items()} == {
        ("verdicts", 0): 2, ("verdicts", 1): 2, ("billing", 0): 1, ("billing", 1): 1,
    }  # fmt: skip


async def test_a_freed_scan_is_decided_at_the_instant_its_fact_came(ward: Ward) -> None:
    await ward.scan(scan(1, encounter="E2"))
    await ward.learn(encounter(encounter="E2"), stamp=NOON + 3600 * SECOND)
    await ward.sweep()

    account = await ward.account()
    assert [row[9] for row in account.scans] == [NOON + 3600 * SECOND]
    assert [row[14] for row in account.charges] == [NOON + 3600 * SECOND]


async def test_facts_that_free_nothing_change_nothing(ward: Ward) -> None:
    await ward.scan(scan(1, action="receive", encounter=None), scan(2, encounter="E2"))
    before = await ward.account()
    await ward.learn(encounter(encounter="E3"), item(name="renamed"))

    assert await ward.sweep() == 0
    after = await ward.account()
    assert (after.scans, after.published, after.open) == (before.scans, before.published, before.open)


PLATE = item(item_code="PLATE", identifiers=[{"issuer": "GS1", "di": gtin(5), "units_per_package": 1}])


@pytest.mark.parametrize(
    ("event", "fact"),
    [
        ({"encounter": "E2"}, encounter(encounter="E2")),
        ({"item_code": "PLATE"}, item(item_code="PLATE", identifiers=[])),
        ({"codes": [gs1(gtin(5), lot="L1")]}, PLATE),
        ({"scanned_at": "2021-12-31T23:59:59+08:00", "encounter": "OLD"}, item(prices=[price("1.00", None, None)])),
    ],
)
async def test_every_fact_frees_what_waited_for_it(ward: Ward, event: dict[str, Any], fact: dict[str, Any]) -> None:
    await ward.learn(encounter(encounter="OLD", admitted_at="2021-01-01T00:00:00+08:00"))
    await ward.scan(scan(1, **event))
    assert newest(await ward.account(), 1)[0] == "parked"

    await ward.learn(fact)

    assert await ward.sweep() == 1
    assert newest(await ward.account(), 1)[0] == "billed"


async def test_a_scan_parked_for_two_facts_waits_for_both(ward: Ward) -> None:
    await ward.scan(scan(1, encounter="E2", item_code="PLATE"), scan(2, item_code="PLATE", action="receive"))
    await ward.learn(item(item_code="PLATE", identifiers=[]))
    assert newest(await ward.account(), 1) == ("parked", ("unknown-item", "encounter-unknown"))
    await ward.sweep()
    assert newest(await ward.account(), 1)[:1] == ("parked",)

    await ward.learn(encounter(encounter="E2"))
    await ward.sweep()

    account = await ward.account()
    assert newest(account, 1)[0] == "billed"
    assert [row[0] for row in account.moves] == [str(scan_id(1)), str(scan_id(2))]


# Units and returns ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("lane", [0, 1])
async def test_a_unit_held_for_another_use_is_charged_after_its_return(ward: Ward, lane: int) -> None:
    await ward.scan(scan(1, codes=[UNIT]))
    await ward.scan(scan(2, codes=[UNIT]), lane=lane)
    assert await ward.sweep() == 0
    await ward.scan(scan(3, codes=[UNIT], **of(1)))

    assert await ward.sweep() == 1

    account = await ward.account()
    assert [newest(account, number)[0] for number in (1, 2, 3)] == ["billed", "billed", "credited"]
    assert [row[3] for row in account.units_in_use] == ["S1"]


async def test_of_two_held_for_one_unit_the_first_gets_it(ward: Ward) -> None:
    await ward.scan(scan(1, codes=[UNIT]))
    await ward.scan(scan(2, codes=[UNIT]), scan(3, codes=[UNIT]))
    await ward.scan(scan(4, codes=[UNIT], **of(1)))

    assert await ward.sweep() == 1

    account = await ward.account()
    assert [newest(account, number)[0] for number in (1, 2, 3)] == ["billed", "billed", "held"]


@pytest.mark.parametrize(("lane", "named"), [(0, True), (1, True), (0, False), (1, False)])
async def test_a_return_before_its_use_is_credited_when_the_use_arrives(ward: Ward, lane: int, named: bool) -> None:
    await ward.scan(scan(1, **(of(2) if named else {"action": "return"})))
    assert await ward.sweep() == 0
    await ward.scan(scan(2), lane=lane)

    assert await ward.sweep() == 1

    account = await ward.account()
    assert newest(account, 1) == ("credited", ())
    assert account.usage == ()
    assert account.stock == (("H1", "OR-2", "SCREW", "hospital", "L1", "", 0),)


@pytest.mark.parametrize("lane", [0, 1])
@pytest.mark.parametrize(("seconds", "taken"), [(300, True), (301, False)])
async def test_a_return_that_waits_is_freed_only_by_a_use_that_was_not_after_it(
    ward: Ward, lane: int, seconds: int, taken: bool
) -> None:
    await ward.scan(scan(1, action="return", scanned_at=at(0)))
    await ward.scan(scan(2, scanned_at=at(seconds)), lane=lane)

    assert await ward.sweep() == int(taken)
    expected = ("credited", ()) if taken else ("held", ("return-without-use",))
    assert newest(await ward.account(), 1) == expected


@pytest.mark.parametrize("lane", [0, 1])
async def test_singles_that_came_back_before_their_box_was_used_are_freed_by_it(ward: Ward, lane: int) -> None:
    await ward.scan(scan(1, action="return", quantity=2, scanned_at=at(60)))
    await ward.scan(scan(2, codes=[gs1(BOX, expiry="271231", lot="L1")], scanned_at=at(0)), lane=lane)

    assert await ward.sweep() == 1

    account = await ward.account()
    assert newest(account, 1) == ("credited", ())
    assert account.stock == (("H1", "OR-2", "SCREW", "hospital", "L1", "", -3),)


async def test_partial_returns_over_several_batches_and_lanes_sum_to_the_charge(ward: Ward) -> None:
    await ward.learn(item(owner="supplier", supplier="S9", prices=[price("0.0150")], cost=[{"cost": "0.0050"}]))
    await ward.scan(scan(1, quantity=3))
    for number, lane in ((2, 0), (3, 1), (4, 0)):
        await ward.scan(scan(number, **of(1)), lane=lane)
    await ward.scan(scan(5, **of(1)))

    account = await ward.account()
    credited = sorted((row[3], row[12]) for row in account.charges if row[1] == "credit")
    assert credited == [(1, "0.02"), (2, "0.02"), (3, "0.01")]
    assert sorted((row[7], row[5]) for row in account.settlement) == [
        ("payable", "0.02"), ("reversal", "0.00"), ("reversal", "0.01"), ("reversal", "0.01"),
    ]  # fmt: skip
    assert newest(account, 5) == ("held", ("over-return",))
    assert account.usage == ()


async def test_a_parked_use_and_its_return_are_freed_together(ward: Ward) -> None:
    await ward.scan(scan(1, encounter="E2"), scan(2, encounter="E2", **of(1)))
    await ward.learn(encounter(encounter="E2"))

    await ward.sweep()

    account = await ward.account()
    assert (newest(account, 1), newest(account, 2)) == (("billed", ("stock-negative",)), ("credited", ()))
    assert sorted((row[1], row[12]) for row in account.charges) == [("charge", "1234.00"), ("credit", "1234.00")]
    assert account.usage == ()


async def test_a_credit_keeps_the_price_the_charge_had(ward: Ward) -> None:
    await ward.scan(scan(1))
    await ward.learn(item(prices=[price("9.00")]))
    await ward.scan(scan(2, **of(1)))

    account = await ward.account()
    charge, credit = sorted(account.charges, key=lambda row: str(row[1]))
    assert charge[9:13] == credit[9:13] == (1, 1, "1234.00", "1234.00")


# Half labels ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("turned", [False, True])
async def test_halves_pair_over_batches_and_workers(ward: Ward, turned: bool) -> None:
    halves = [scan(1, codes=[gs1(DI)]), scan(2, codes=[gs1(expiry="271231", lot="L1")])]
    if turned:
        halves = [halves[1] | {"scanned_at": at(1)}, halves[0] | {"scanned_at": at(2)}]
    await ward.scan(halves[0])
    await ward.restart()
    await ward.scan(halves[1])

    account = await ward.account()
    assert [newest(account, number) for number in (1, 2)] == [BILLED, ("recorded", ("half-label",))]
    assert account.stock == (("H1", "OR-2", "SCREW", "hospital", "L1", "", -1),)
    assert account.open == ()


async def test_a_joined_label_is_returned_like_any_other(ward: Ward) -> None:
    await ward.scan(scan(1, codes=[gs1(DI)]), scan(2, codes=[gs1(expiry="271231", lot="L1")]))
    await ward.scan(scan(3, action="return"))

    assert newest(await ward.account(), 3) == ("credited", ())


async def test_a_joined_label_is_returned_in_the_batch_that_joined_it(ward: Ward) -> None:
    rest = scan(2, codes=[gs1(expiry="271231", lot="L1")])
    await ward.scan(scan(1, codes=[gs1(DI)]), rest, scan(3, action="return"))

    assert newest(await ward.account(), 3) == ("credited", ())


async def test_a_window_closes_over_batches_and_workers(ward: Ward) -> None:
    await ward.learn(item(tracking="none"))
    await ward.scan(scan(1, codes=[gs1(DI)]))
    lane = await ward.restart()
    assert lane.waits

    await record(lane, records([TICK], 1, NOON + 61 * SECOND))

    assert newest(await ward.account(), 1) == BILLED
    assert not lane.waits


async def test_a_scan_between_two_halves_is_found_in_the_books(ward: Ward) -> None:
    await ward.scan(scan(1, codes=[gs1(DI)]))
    await ward.scan(scan(2, encounter="E2"), lane=1)
    await ward.scan(scan(3, codes=[gs1(expiry="271231", lot="L1")]))

    account = await ward.account()
    assert [newest(account, number)[0] for number in (1, 3)] == ["waiting", "waiting"]


@pytest.mark.parametrize(
    "counts", [({}, {"sequence": 3}), ({"sequence": 1}, {}), ({"sequence": 9, "boot": "a"}, {"sequence": 1})]
)
async def test_a_scan_between_counts_where_the_device_did_not(ward: Ward, counts: tuple[dict[str, Any], ...]) -> None:
    await ward.scan(scan(1, codes=[gs1(DI)], **counts[0]))
    await ward.scan(scan(2, sequence=2))
    await ward.scan(scan(3, codes=[gs1(expiry="271231", lot="L1")], **counts[1]))

    account = await ward.account()
    assert [newest(account, number)[0] for number in (1, 3)] == ["waiting", "waiting"]


async def test_a_held_half_is_decided_when_its_item_becomes_known(ward: Ward) -> None:
    new = gtin(555)
    await ward.scan(scan(1, codes=[gs1(new)]))
    await record(ward.lanes[0], records([TICK], 1, NOON + 61 * SECOND))
    assert newest(await ward.account(), 1) == ("held", ("half-label", "unknown-identifier"))

    await ward.learn(
        item(item_code="PLATE", tracking="none", identifiers=[{"issuer": "GS1", "di": new, "units_per_package": 1}])
    )
    await ward.sweep()

    assert newest(await ward.account(), 1) == BILLED
