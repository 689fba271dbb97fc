"""Shapes are learned from scans that went through, and labels that lost their separators are decided by them."""

from collections.abc import AsyncIterator, Iterable

import asyncpg
import pytest

from models.charging.snapshot import Shapes
from models.udi.lot_pattern import LotPattern, learn, load
from sinks.ports.batch import LaneMovedError
from sinks.postgres.labels.learning import LearningBooks, Unlearned
from streams.services.learner import Learner
from tests.support.builders import DI, NOON, gs1, item, scan, scan_id
from tests.support.ward import MemoryStore, PostgresStore, Ward, postgres_store, usual, verdicts

LOST = f"]d201{DI}17271231" + "10L12345" + "21S1"
SUSPECT = ["suspect_missing_separator"]


@pytest.fixture
async def store(database: str) -> AsyncIterator[PostgresStore]:
    async with postgres_store(database) as books:
        yield books


@pytest.fixture
async def ward(store: PostgresStore) -> Ward:
    return await Ward(store).open(*usual())


async def confirm(ward: Ward, count: int = 20, first: int = 100, lane: int = 0) -> None:
    labels = [gs1(DI, expiry="271231", lot=f"L{n}", serial=f"S{n % 10}") for n in range(20000, 20000 + count)]
    events = [scan(first + n, codes=[code], action="receive") for n, code in enumerate(labels)]
    await ward.scan(*events, lane=lane)


async def shape_rows(pool: asyncpg.Pool) -> list[tuple[object, ...]]:
    return [tuple(row) for row in await pool.fetch("SELECT * FROM udi.lot_shape ORDER BY issuer, di, version")]


async def now(ward: Ward, number: int) -> tuple[str, tuple[str, ...]]:
    return verdicts(await ward.account())[str(scan_id(number))]


async def test_shapes_are_learned_once_and_in_versions(ward: Ward, store: PostgresStore) -> None:
    await confirm(ward)

    assert await Learner(store.pool).until_idle() == 16
    assert await Learner(store.pool).until_idle() == 0
    rows = await shape_rows(store.pool)
    assert [row[2] for row in rows] == list(range(1, 17))
    assert [load(str(rows[-1][place])).confirmed for place in (3, 4)] == [16, 16]


async def test_the_same_scans_teach_the_same_versions_in_any_steps(ward: Ward, store: PostgresStore) -> None:
    await confirm(ward)
    await Learner(store.pool).until_idle()
    before = await shape_rows(store.pool)
    await store.pool.execute("DELETE FROM udi.learned; ALTER TABLE udi.lot_shape DISABLE TRIGGER append_only")
    await store.pool.execute("DELETE FROM udi.lot_shape")

    await Learner(store.pool, offsets_max=3).until_idle()

    assert await shape_rows(store.pool) == before


async def test_what_is_suspect_held_or_typed_teaches_nothing(ward: Ward, store: PostgresStore) -> None:
    held = gs1(DI, expiry="200101", lot="L2", serial="S9")
    typed = {"entry": "manual", "reason": "torn"}
    await ward.scan(
        scan(1, codes=[LOST]), scan(2, codes=[held]), scan(3, codes=[gs1(DI, expiry="271231", lot="L3")], **typed)
    )

    assert await Learner(store.pool).until_idle() == 0


async def test_two_learners_do_not_teach_twice(ward: Ward, store: PostgresStore) -> None:
    await confirm(ward, 5)
    one, other = Learner(store.pool), Learner(store.pool)
    await one.step()
    with pytest.raises(LaneMovedError):
        await LearningBooks(store.pool).record(Unlearned(1, 0, 5), [])
    await confirm(ward, 5, first=200, lane=1)
    await other.step()
    await confirm(ward, 5, first=300)

    with pytest.raises(LaneMovedError):
        await one.step()
    await one.step()

    assert [row[2] for row in await shape_rows(store.pool)] == list(range(1, 16))


async def test_a_held_label_is_repaired_when_its_shape_has_been_learned(ward: Ward, store: PostgresStore) -> None:
    await ward.scan(scan(1, codes=[LOST]))
    assert await now(ward, 1) == ("held", ("ambiguous-code",))
    readings = await store.pool.fetch("SELECT reading, possible, di, lot, serial FROM report.readings ORDER BY reading")
    assert [tuple(row) for row in readings] == [
        (1, True, DI, "L1234521S1", None),
        (2, True, DI, "L12345", "S1"),
    ]
    await confirm(ward)
    assert await ward.sweep() == 0

    await Learner(store.pool).until_idle()

    assert await ward.sweep() == 1
    row = await store.pool.fetchrow(
        "SELECT verdict, lot, serial, label_flags FROM report.scans WHERE scan_id = $1", scan_id(1)
    )
    assert tuple(row or ()) == ("billed", "L12345", "S1", [*SUSPECT, "separator_restored"])
    moves = await store.pool.fetch("SELECT lot, serial FROM report.stock_moves WHERE scan_id = $1", scan_id(1))
    assert [tuple(each) for each in moves] == [("L12345", "S1")]


async def test_a_label_is_repaired_at_once_when_its_shape_is_known(ward: Ward, store: PostgresStore) -> None:
    await confirm(ward)
    await Learner(store.pool).until_idle()

    await ward.scan(scan(1, codes=[LOST]), scan(2, codes=[LOST]))

    assert [await now(ward, number) for number in (1, 2)] == [
        ("billed", ("stock-negative",)),
        ("held", ("serial-used",)),
    ]
    assert await store.pool.fetchval("SELECT count(*) FROM udi.reading") == 0


async def test_a_label_of_an_unknown_item_is_decided_when_it_is_listed(ward: Ward, store: PostgresStore) -> None:
    await ward.learn(item(identifiers=[]))
    await ward.scan(scan(1, codes=[LOST]))
    await ward.learn(item())
    await confirm(ward)
    await Learner(store.pool).until_idle()
    await ward.learn(item(identifiers=[]))
    await ward.sweep()
    assert await now(ward, 1) == ("held", ("ambiguous-code",))

    await ward.learn(item())

    assert await ward.sweep() == 1
    assert await now(ward, 1) == ("billed", ("stock-negative",))


async def test_half_a_label_is_mended_by_another_worker_after_a_restart(ward: Ward, store: PostgresStore) -> None:
    await confirm(ward)
    await Learner(store.pool).until_idle()
    await ward.scan(scan(1, codes=["]C11727123110L1234521S1"]))
    await ward.restart()

    await ward.scan(scan(2, codes=[f"]C101{DI}"]))

    assert await now(ward, 2) == ("billed", ("stock-negative",))
    assert await now(ward, 1) == ("recorded", ("half-label",))
    row = await store.pool.fetchrow("SELECT lot, serial FROM report.scans WHERE scan_id = $1", scan_id(2))
    assert tuple(row or ()) == ("L12345", "S1")


async def test_the_twin_frees_what_a_shape_makes_unique() -> None:
    store = MemoryStore()
    ward = await Ward(store).open(*usual())
    await ward.scan(scan(1, codes=[LOST]))
    assert await now(ward, 1) == ("held", ("ambiguous-code",))

    shape = [learned(f"L{n}" for n in range(10000, 10016)), learned(f"S{n % 10}" for n in range(16))]
    store.memory.teach("GS1", DI, Shapes(*shape), NOON)

    assert await ward.sweep() == 1
    assert await now(ward, 1) == ("billed", ("stock-negative",))


def learned(values: Iterable[str]) -> LotPattern:
    shape = LotPattern()
    for value in values:
        shape = learn(shape, value)
    return shape
