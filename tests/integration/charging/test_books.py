"""The books and their twin under one suite: what one does, the other does, to the last byte published."""

from typing import Any

import pytest

from sinks.ports.batch import ClaimTakenError, LaneMovedError, StaleError
from tests.support.accounts import Account
from tests.support.builders import (
    BOX,
    DI,
    TICK,
    encounter,
    gs1,
    gtin,
    item,
    price,
    scan,
    scan_id,
)
from tests.support.ward import (
    CLUSTER,
    SCANS,
    Between,
    MemoryStore,
    Store,
    Ward,
    postgres_store,
    record,
    records,
    usual,
    verdicts,
)

UNIT = gs1(DI, expiry="271231", lot="L1", serial="S1")
BILLED = ("billed", ("stock-negative",))


def of(number: int) -> dict[str, Any]:
    return {"action": "return", "corrects": str(scan_id(number))}


def newest(account: Account, number: int) -> tuple[str, tuple[str, ...]]:
    return verdicts(account)[str(scan_id(number))]


# What is recorded -------------------------------------------------------------------------------------------------


async def test_a_use_is_charged_moved_counted_and_published(ward: Ward) -> None:
    await ward.scan(scan(1, action="receive", quantity=5, encounter=None), scan(2), TICK, b"not json", scan(2))

    account = await ward.account()

    assert [row[1:5] for row in account.verdicts] == [
        (0, str(scan_id(1)), "recorded", ()),
        (1, str(scan_id(2)), "billed", ()),
        (3, None, "refused", ("not-json",)),
        (4, str(scan_id(2)), "duplicate", ("duplicate",)),
    ]
    assert [(row[1], row[8], row[9], row[12], row[13]) for row in account.charges] == [
        ("charge", "SCREW", 1, "1234.00", "2022-06")
    ]
    assert account.stock == (("H1", "OR-2", "SCREW", "hospital", "L1", "", 4),)
    assert account.left == (("H1", "OR-2", "SCREW", 4),)
    assert account.usage == (
        ("H1", "ORTH", "SCREW", "2022-06", 1, "1234.00"),
        ("H1", None, "SCREW", "2022-06", 1, "1234.00"),
    )
    assert account.positions == (
        ("udi.catalogue", 0, 1),
        ("udi.encounters", 0, 1),
        ("udi.scans", 0, 5),
        ("udi.scans", 1, 0),
    )
    assert {place: [each.seq for each in all_] for place, all_ in account.published.items()} == {
        ("billing", 0): [1],
        ("verdicts", 0): [1, 2, 3],
        ("dead-letters", 0): [1],
    }


async def test_records_below_the_position_are_recorded_once(ward: Ward) -> None:
    batch = records([scan(1), scan(2)], 0)
    await record(ward.lanes[0], batch)
    before = await ward.account()

    await record(ward.lanes[0], batch)

    assert await ward.account() == before


async def test_a_duplicate_on_another_lane_is_found(ward: Ward) -> None:
    await ward.scan(scan(1))
    await ward.scan(scan(1), lane=1)

    account = await ward.account()
    assert [(row[0], row[3]) for row in account.verdicts] == [(0, "billed"), (1, "duplicate")]
    assert len(account.charges) == 1


# A lane has one writer --------------------------------------------------------------------------------------------


async def test_a_worker_that_lost_its_lane_records_nothing(ward: Ward) -> None:
    zombie = ward.lanes[0]
    await ward.restart()
    await ward.scan(scan(1))
    before = await ward.account()

    with pytest.raises(LaneMovedError):
        await record(zombie, records([scan(2)], 0))

    assert await ward.account() == before


async def test_a_worker_whose_answer_was_lost_takes_over_and_goes_on(ward: Ward) -> None:
    batch = records([scan(1), scan(2)], 0)
    await record(ward.lanes[0], batch)
    before = await ward.account()

    again = await ward.restart()
    await record(again, batch)
    assert await ward.account() == before

    await ward.scan(scan(3))
    assert len((await ward.account()).charges) == 3


async def test_a_worker_that_lost_its_lane_sweeps_nothing(ward: Ward) -> None:
    await ward.scan(scan(1, encounter="E2"))
    zombie = ward.lanes[0]
    await ward.learn(encounter(encounter="E2"))
    await (await ward.restart()).sweep()
    await ward.learn(encounter(encounter="E3"))
    before = await ward.account()

    with pytest.raises(LaneMovedError):
        await zombie.sweep()

    assert await ward.account() == before


# Claims -----------------------------------------------------------------------------------------------------------


async def other_lane_first(ward: Ward, between: dict[str, Any], own: dict[str, Any]) -> Between:
    """Lane 0 gathers for `own`; lane 1 records `between`; lane 0 records."""
    books = Between(ward.store.books)
    ward.lanes[0] = await ward.lane(0, books.port)
    books.then(lambda: ward.scan(between, lane=1))
    await ward.scan(own)
    return books


async def test_a_scan_id_recorded_meanwhile_becomes_a_duplicate(ward: Ward) -> None:
    books = await other_lane_first(ward, scan(1), scan(1))

    account = await ward.account()
    assert books.failures == [ClaimTakenError]
    assert [(row[0], row[3]) for row in account.verdicts] == [(0, "duplicate"), (1, "billed")]


async def test_of_a_batch_of_which_one_was_recorded_meanwhile_nothing_is_claimed_before(ward: Ward) -> None:
    books = Between(ward.store.books)
    ward.lanes[0] = await ward.lane(0, books.port)
    books.then(lambda: ward.scan(scan(1), lane=1))

    await ward.scan(scan(2, codes=[UNIT]), scan(1))

    account = await ward.account()
    assert books.failures == [ClaimTakenError]
    assert [row[3] for row in account.verdicts if row[0] == 0] == ["billed", "duplicate"]


async def test_a_unit_used_meanwhile_is_held(ward: Ward) -> None:
    books = await other_lane_first(ward, scan(1, codes=[UNIT]), scan(2, codes=[UNIT]))

    account = await ward.account()
    assert books.failures == [ClaimTakenError]
    assert (newest(account, 1), newest(account, 2)) == (BILLED, ("held", ("serial-used",)))


async def test_a_use_returned_meanwhile_is_not_returned_twice(ward: Ward) -> None:
    await ward.scan(scan(1))
    books = await other_lane_first(ward, scan(2, **of(1)), scan(3, **of(1)))

    account = await ward.account()
    assert books.failures == [ClaimTakenError]
    assert (newest(account, 2), newest(account, 3)) == (("credited", ()), ("held", ("over-return",)))
    assert [row[12] for row in account.charges] == ["1234.00", "1234.00"]


async def test_a_month_closed_meanwhile_moves_the_period(ward: Ward, store: Store) -> None:
    books = Between(store.books)
    ward.lanes[0] = await ward.lane(0, books.port)
    books.then(lambda: store.close_month(202206))

    await ward.scan(scan(1))

    account = await ward.account()
    assert books.failures == [StaleError]
    assert newest(account, 1) == ("billed", ("late", "stock-negative", "period-closed"))
    assert [row[13] for row in account.charges] == ["2022-07"]


# The port against the twin ----------------------------------------------------------------------------------------


async def story(ward: Ward) -> Account:
    """A bit of everything, over two lanes and several batches."""
    plate = item(
        item_code="PLATE", tracking="serial", owner="supplier", supplier="S9", cost=[{"cost": "3.3333"}],
        identifiers=[{"issuer": "GS1", "di": gtin(5), "units_per_package": 1}], prices=[price("0.0150")],
    )  # fmt: skip
    unit = gs1(gtin(5), expiry="271231", serial="S7")
    await ward.learn(plate)
    await ward.scan(
        scan(1, action="receive", quantity=7, encounter=None), scan(2), scan(3, codes=[gs1(BOX, lot="L1")]), b"{"
    )
    await ward.scan(scan(4, codes=[unit], quantity=3), scan(5, codes=[unit]), scan(2, quantity=2), scan(2), lane=1)
    await ward.scan(scan(6, codes=[unit], **of(4)), scan(7, codes=[gs1(DI)]), scan(8, encounter="E2"))
    await ward.scan(scan(9, codes=[gs1(expiry="271231", lot="L1")]), scan(10, item_code="NOBODY"))
    await ward.scan(scan(11, codes=[unit], quantity=2, **of(4)), scan(12, action="transfer", to_store="OR-1"), lane=1)
    await ward.learn(encounter(encounter="E2"), item(name="renamed"))
    await ward.sweep()
    await ward.store.close_month(202206)
    await ward.scan(scan(13), scan(14, **of(2)), scan(15, codes=["HOUSE"]), scan(16, action="return", encounter="E9"))
    await ward.sweep()
    return await ward.account()


async def test_the_twin_gives_the_same_account_as_the_database(database: str) -> None:
    expected = await story(await Ward(MemoryStore()).open(*usual()))
    async with postgres_store(database) as postgres:
        found = await story(await Ward(postgres).open(*usual()))

    assert found == expected


async def test_taking_a_lane_over_again_and_again_uses_up_nothing(store: Store) -> None:
    await Ward(store).open()
    states = [await store.books.take_over(CLUSTER, SCANS, 0) for _ in range(5)]
    new = await store.books.take_over(CLUSTER, "udi.other", 0)

    assert {state.position.position_id for state in states} == {states[0].position.position_id}
    assert new.position.position_id == states[0].position.position_id + 4
