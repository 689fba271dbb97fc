"""Lot patterns are learned from scans that went through, and labels that lost their separators are decided by them."""

from collections.abc import AsyncIterator, Iterable
from datetime import datetime, timedelta

import asyncpg
import pytest

from models.charging.snapshot import LotPatterns
from models.scan.scanners import Scanner
from models.udi.lot_pattern import LotPattern, is_ordinary, learn, load
from sinks.ports.batch import LaneMovedError
from sinks.postgres.labels.learning import LearningBooks, Unlearned
from sinks.postgres.labels.scanners import ScannerBooks
from sinks.postgres.verifying.books import verify_books
from streams.services.learner import Learner
from tests.support.builders import DI, NOON, encounter, gs1, gtin, item, scan, scan_id
from tests.support.ward import MemoryStore, PostgresStore, Ward, postgres_store, usual, verdicts

LOST = f"]d201{DI}17271231" + "10L12345" + "21S1"
LOSING = Scanner(hospital="H1", device_id="gun1", known_from=NOON, drops_separators=True)
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
    events = [scan(first + n, codes=[code], action="transfer", to_store="OR-9") for n, code in enumerate(labels)]
    await ward.scan(*events, lane=lane)


async def pattern_rows(pool: asyncpg.Pool) -> list[tuple[object, ...]]:
    return [tuple(row) for row in await pool.fetch("SELECT * FROM udi.lot_shape ORDER BY issuer, di, version")]


async def now(ward: Ward, number: int) -> tuple[str, tuple[str, ...]]:
    return verdicts(await ward.account())[str(scan_id(number))]


async def test_patterns_are_learned_once_and_in_versions(ward: Ward, store: PostgresStore) -> None:
    await confirm(ward)

    assert await Learner(store.pool).until_idle() == 16
    assert await Learner(store.pool).until_idle() == 0
    rows = await pattern_rows(store.pool)
    assert [row[2] for row in rows] == list(range(1, 17))
    assert [load(str(rows[-1][place])).confirmed for place in (3, 4)] == [16, 16]


async def test_the_same_scans_teach_the_same_versions_in_any_steps(ward: Ward, store: PostgresStore) -> None:
    await confirm(ward)
    await Learner(store.pool).until_idle()
    before = await pattern_rows(store.pool)
    await store.pool.execute("DELETE FROM udi.learned; ALTER TABLE udi.lot_shape DISABLE TRIGGER append_only")
    await store.pool.execute("DELETE FROM udi.lot_shape")

    await Learner(store.pool, offsets_max=3).until_idle()

    assert await pattern_rows(store.pool) == before


async def test_what_is_held_typed_or_uncertain_teaches_nothing(ward: Ward, store: PostgresStore) -> None:
    await faulty(store)
    held = gs1(DI, expiry="200101", lot="L2", serial="S9")
    typed = {"entry": "manual", "reason": "torn"}
    await ward.scan(
        scan(1, codes=[LOST]), scan(2, codes=[held]), scan(3, codes=[gs1(DI, expiry="271231", lot="L3")], **typed)
    )

    assert await Learner(store.pool).until_idle() == 0


async def test_a_maker_whose_lots_can_always_be_cut_is_learned_from_too(ward: Ward, store: PostgresStore) -> None:
    lots = [f"10LG2122{n:02d}" for n in range(10, 30)]
    await ward.scan(*(scan(n, codes=[gs1(DI, expiry="271231", lot=lot)]) for n, lot in enumerate(lots)))

    await Learner(store.pool).until_idle()

    rows = await pattern_rows(store.pool)
    pattern = load(str(rows[-1][3]))
    assert (pattern.lengths, [length for length, _ in pattern.doubted]) == ((), [10])
    assert is_ordinary(pattern, "10LG212299")


async def test_labels_that_end_in_dated_lots_are_billed_at_first_sight(ward: Ward, store: PostgresStore) -> None:
    """No pattern is learned of anything: the standard's reading stands."""
    lots = ["10LG212201", "220603", "20210601", "L210617A", "21153", "2106-11A", "B17230321", "W2122", "110121"]
    events = [scan(n, codes=[gs1(DI, expiry="271231", lot=lot)]) for n, lot in enumerate(lots * 5)]
    await ward.scan(*events)

    rows = await store.pool.fetch("SELECT verdict, reasons, lot FROM report.scans ORDER BY scan_id")
    assert [row["lot"] for row in rows] == lots * 5
    assert {(row["verdict"], *row["reasons"]) for row in rows} == {("billed", "stock-negative")}
    kept = await store.pool.fetch("SELECT DISTINCT lot FROM report.readings WHERE NOT possible ORDER BY lot")
    assert "10LG" in {row["lot"] for row in kept}


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

    assert [row[2] for row in await pattern_rows(store.pool)] == list(range(1, 16))


async def test_a_held_unit_is_billed_when_its_pattern_has_been_learned(ward: Ward, store: PostgresStore) -> None:
    await faulty(store)
    await ward.learn(item(tracking="serial"))
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


async def test_goods_charged_without_a_lot_get_it_when_the_pattern_tells(ward: Ward, store: PostgresStore) -> None:
    await faulty(store)
    await ward.scan(scan(1, codes=[LOST]))
    assert await now(ward, 1) == ("billed", ("lot-uncertain", "stock-negative"))
    assert await stock(store) == {(None, None): -1}
    await confirm(ward)

    await Learner(store.pool).until_idle()

    assert await ward.sweep() == 2
    assert await now(ward, 1) == ("billed", ("stock-negative",))
    assert (await stock(store))["L12345", "S1"] == -1
    assert (None, None) not in await stock(store)
    moves = await store.pool.fetch(
        "SELECT from_place, to_place, lot, serial FROM report.stock_moves WHERE scan_id = $1", scan_id(1)
    )
    assert sorted(map(repr, map(tuple, moves))) == [
        "('OR-2', 'patient', 'L12345', 'S1')", "('OR-2', 'patient', None, None)", "('patient', 'OR-2', None, None)",
    ]  # fmt: skip
    charges = await store.pool.fetch("SELECT kind, lot, flags FROM report.charges")
    assert [tuple(each) for each in charges] == [("charge", "L12345", ["lot-uncertain", "stock-negative"])]
    assert await ward.sweep() == 0
    async with store.pool.acquire() as connection:
        _, findings = await verify_books(connection)
    assert [each for each in findings if not each.ok] == []


async def test_a_label_is_repaired_at_once_when_its_pattern_is_known(ward: Ward, store: PostgresStore) -> None:
    await confirm(ward)
    await Learner(store.pool).until_idle()

    await ward.scan(scan(1, codes=[LOST]), scan(2, codes=[LOST]))

    assert [await now(ward, number) for number in (1, 2)] == [
        ("billed", ("stock-negative",)),
        ("held", ("serial-used",)),
    ]
    assert await store.pool.fetchval("SELECT count(*) FROM udi.reading") == 0


async def test_a_label_of_an_unknown_item_is_decided_when_it_is_listed(ward: Ward, store: PostgresStore) -> None:
    await faulty(store)
    await ward.learn(item(identifiers=[]))
    await ward.scan(scan(1, codes=[LOST]))
    assert await now(ward, 1) == ("parked", ("lot-uncertain", "unknown-identifier"))
    parked = await store.pool.fetchval("SELECT reason FROM report.parked WHERE scan_id = $1", scan_id(1))
    assert parked == "unknown-identifier"

    await ward.learn(item())

    assert await ward.sweep() == 1
    assert await now(ward, 1) == ("billed", ("lot-uncertain", "stock-negative"))


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


async def test_the_twin_frees_what_a_pattern_makes_unique() -> None:
    store = MemoryStore()
    store.memory.set_up(LOSING, NOON)
    ward = await Ward(store).open(item(tracking="serial"), encounter())
    await ward.scan(scan(1, codes=[LOST]))
    assert await now(ward, 1) == ("held", ("ambiguous-code",))

    teach(store)

    assert await ward.sweep() == 1
    assert await now(ward, 1) == ("billed", ("stock-negative",))


async def test_the_twin_gives_goods_their_lot() -> None:
    store = MemoryStore()
    store.memory.set_up(LOSING, NOON)
    ward = await Ward(store).open(*usual())
    await ward.scan(scan(1, codes=[LOST]))
    assert await now(ward, 1) == ("billed", ("lot-uncertain", "stock-negative"))

    teach(store)

    assert await ward.sweep() == 2
    assert await now(ward, 1) == ("billed", ("stock-negative",))
    assert {(key.lot, key.serial): units for key, units in store.memory.stock()[0].items() if units} == {
        ("L12345", "S1"): -1
    }
    assert await ward.sweep() == 0


def teach(store: MemoryStore) -> None:
    pattern = [learned(f"L{n}" for n in range(10000, 10016)), learned(f"S{n % 10}" for n in range(16))]
    store.memory.teach("GS1", DI, LotPatterns(*pattern), NOON)


async def faulty(store: PostgresStore) -> None:
    """The gun is known to drop separators."""
    await ScannerBooks(store.pool).record([LOSING])


async def stock(store: PostgresStore) -> dict[tuple[str | None, str | None], int]:
    rows = await store.pool.fetch("SELECT lot, serial, quantity FROM report.stock WHERE quantity <> 0")
    return {(row["lot"], row["serial"]): row["quantity"] for row in rows}


def learned(values: Iterable[str]) -> LotPattern:
    pattern = LotPattern()
    for value in values:
        pattern = learn(pattern, value)
    return pattern


async def test_a_scanner_is_noticed_and_its_earlier_scans_are_listed(ward: Ward, store: PostgresStore) -> None:
    other = gtin(900)
    await ward.learn(item(item_code="NAIL", identifiers=[{"issuer": "GS1", "di": other, "units_per_package": 1}]))
    fine = gs1(DI, expiry="271231", lot="L1", serial="S9")
    long = "10L12345" + "21S0000000000001"
    await ward.scan(scan(1, codes=[fine]), scan(2, codes=[LOST]))
    await ward.scan(*(scan(3 + n, codes=[f"]d201{di}17271231{long}"]) for n, di in enumerate((DI, other))))
    await Learner(store.pool).until_idle()

    records = await store.pool.fetch("SELECT device_id, losing, known_from, since FROM report.scanner_records")
    doubts = await store.pool.fetch("SELECT scan_id, reading, lot_as_read, lot, serial FROM report.scanner_doubts")
    await ward.scan(scan(10, codes=[LOST]), scan(11, codes=[gs1(DI, lot="L2", serial="S8")]), scan(12, codes=[LOST]))
    noticed = [await now(ward, number) for number in (2, 10)]
    await Learner(store.pool).until_idle()
    await ward.scan(scan(13, codes=[LOST]))

    assert [tuple(row) for row in records] == [("gun1", True, moment(3), moment(1))]
    assert [tuple(row) for row in doubts] == [(scan_id(2), 2, "L1234521S1", "L12345", "S1")]
    assert noticed == [("billed", ("stock-negative",)), ("billed", ("lot-uncertain", "stock-negative"))]
    assert (await now(ward, 13))[1] == ("stock-negative",)
    assert [row["losing"] for row in await store.pool.fetch("SELECT losing FROM report.scanner_records")] == [
        True, False,
    ]  # fmt: skip


def moment(seconds: int) -> datetime:
    return NOON + timedelta(seconds=seconds)
