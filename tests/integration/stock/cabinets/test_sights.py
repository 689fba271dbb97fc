"""A unit that left a cabinet is suspected once: where it was seen last, and only while no other cabinet has seen it."""

from datetime import timedelta

import pytest

from sinks.ports.batch import RawRecord
from sinks.postgres.stock.cabinets import CabinetBatch, CabinetBooks, suspected_uses
from sinks.postgres.verifying.books import checks, run_check
from tests.integration.stock.cabinets.reading import TOPIC, Cabinet, read, tag, unit
from tests.support.builders import HOSPITAL, NOON, body
from tests.support.ward import PostgresStore, Ward


async def sights(store: PostgresStore) -> list[tuple[str, str, str, str | None]]:
    """(cabinet, serial, status, where it was seen since) in the order in which they were missed."""
    found = await suspected_uses(store.pool, HOSPITAL, every=True)
    assert sorted(await suspected_uses(store.pool), key=str) == sorted(
        (each for each in found if each.status == "suspected"), key=str
    )
    return [(each.place, each.serial, each.status, each.seen_in) for each in found]


async def test_what_another_cabinet_sees_is_explained_at_once_and_named(
    ward: Ward, store: PostgresStore, cabinet: Cabinet
) -> None:
    """Also when the other one saw it before this one was read again: it had it after this one had it last."""
    assert ward is not None
    other = {"store": "OR-3", "place": "cab9"}
    await cabinet.sees(read(1, tag(1), tag(2), tag(3)), read(2, tag(2), tag(3)))
    assert await sights(store) == [("cab1", "S1", "suspected", None)]
    await cabinet.sees(read(3, tag(1), tag(2), **other), read(30, tag(3)))
    assert await sights(store) == [
        ("cab1", "S1", "seen-elsewhere", "OR-3/cab9"), ("cab1", "S2", "seen-elsewhere", "OR-3/cab9"),
    ]  # fmt: skip
    [first, _] = await suspected_uses(store.pool, every=True)
    assert first.seen_in_at == NOON + timedelta(minutes=3)
    # What the other one saw before this one saw it last says nothing of where it went then.
    await cabinet.sees(read(31, tag(2)), read(40))
    assert (await sights(store))[2:] == [("cab1", "S3", "suspected", None), ("cab1", "S2", "suspected", None)]
    assert await store.pool.fetchval("SELECT count(*) FROM udi.ledger") == 0


async def test_another_hospitals_cabinet_explains_nothing(ward: Ward, store: PostgresStore, cabinet: Cabinet) -> None:
    assert ward is not None
    await cabinet.sees(read(1, tag(1)), read(2))
    raw = RawRecord(b"H2/OR-3", body(read(3, tag(1), hospital="H2", store="OR-3")))
    books, batch = CabinetBooks(store.pool, 2), CabinetBatch()
    position = await books.take_over("c1", TOPIC, 1)
    books.add(batch, books.parse(raw), NOON, position.origin(0))
    assert (batch.letters, await books.record(position, 1, None, batch)) == ([], 1)
    assert await sights(store) == [("cab1", "S1", "suspected", None)]


@pytest.mark.parametrize("order", [(0, 1, 2, 3), (3, 2, 1, 0), (1, 3, 0, 2)])
async def test_a_unit_that_two_cabinets_miss_is_suspected_once_where_it_was_seen_last(
    ward: Ward, store: PostgresStore, cabinet: Cabinet, order: tuple[int, ...]
) -> None:
    """Whichever cabinet misses it first, and in whatever order the reads come."""
    assert ward is not None
    reads = (read(1, tag(1)), read(60), read(5, tag(1), place="cab2"), read(9, place="cab2"))
    await cabinet.sees(*(reads[each] for each in order))
    assert await sights(store) == [("cab2", "S1", "suspected", None), ("cab1", "S1", "seen-elsewhere", "OR-2/cab2")]
    await ward.scan(unit(11, 1, scanned_at=(NOON + timedelta(minutes=7)).isoformat()))
    assert [row[2:] for row in await sights(store)] == [("scanned", None), ("scanned", None)]


async def test_two_cabinets_that_saw_it_at_the_same_instant_suspect_it_once(
    ward: Ward, store: PostgresStore, cabinet: Cabinet
) -> None:
    assert ward is not None
    for place in ("cab2", "cab1", "cab3"):
        await cabinet.sees(read(1, tag(1), place=place), read(2, place=place))
    assert await sights(store) == [
        ("cab1", "S1", "seen-elsewhere", "OR-2/cab2"), ("cab2", "S1", "seen-elsewhere", "OR-2/cab3"),
        ("cab3", "S1", "suspected", None),
    ]  # fmt: skip


@pytest.mark.parametrize("together", [True, False])
@pytest.mark.parametrize("left", [2, 3])
async def test_reads_of_one_instant_follow_each_other_as_they_came(
    ward: Ward, store: PostgresStore, cabinet: Cabinet, left: int, *, together: bool
) -> None:
    """What the second lacks has left; what the first alone lacked came back, and may leave by a later read.

    A read of the hour before comes last of all, and changes nothing of that.
    """
    assert ward is not None
    stays, gone, back = 5 - left, f"S{left}", f"S{5 - left}"
    reads = (read(60, tag(1), tag(left), session="q1"), read(60, tag(1), tag(stays), session="q2"))
    await cabinet.sees(read(1, tag(1), tag(2), tag(3)), *(reads if together else reads[:1]))
    if not together:
        await cabinet.sees(reads[1])
    rows = [(each.session, each.serial, each.status) for each in await suspected_uses(store.pool, every=True)]
    assert sorted(rows) == [("q1", back, "came-back"), ("q2", gone, "suspected")]
    await cabinet.sees(read(120, tag(1)), read(0.5, tag(1), tag(2), tag(3)))
    rows = [(each.session, each.serial, each.status) for each in await suspected_uses(store.pool, every=True)]
    assert sorted(rows) == [("D120", back, "suspected"), ("q1", back, "came-back"), ("q2", gone, "suspected")]
    check = next(each for each in checks() if each.name == "gone-follows-from-reads")
    async with store.pool.acquire() as connection:
        assert (await run_check(connection, check)).failures == 0


async def test_old_services_are_told_of_three_states(ward: Ward, store: PostgresStore, cabinet: Cabinet) -> None:
    assert ward is not None
    await cabinet.sees(read(1, tag(1), tag(2)), read(2), read(3, tag(1), place="cab2"))
    rows = await store.pool.fetch("SELECT serial, status, scan_id FROM report.suspected_uses ORDER BY serial")
    assert [tuple(row) for row in rows] == [("S1", "came-back", None), ("S2", "suspected", None)]
