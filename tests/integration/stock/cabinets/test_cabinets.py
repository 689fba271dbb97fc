"""Cabinets with RFID: what leaves one unscanned is suspected, by session and badge, till a scan or read explains it."""

from datetime import timedelta
from typing import Any

import asyncpg
import orjson
import pytest

from models.charging.commands import CommandKind
from sinks.postgres.stock.cabinets import suspected_uses, tag_findings
from sinks.postgres.verifying.books import checks, run_check
from streams.embedded.broker import EmbeddedBroker
from streams.services.corrector import Corrector
from tests.integration.stock.cabinets.reading import TOPIC, Cabinet, read, tag, unit
from tests.support.builders import DI, HOSPITAL, NOON, gs1, gtin, item
from tests.support.installed import Installed, installed, running
from tests.support.ward import PostgresStore, Ward

ONE_MORE = """
INSERT INTO udi.cabinet_gone
SELECT hospital, store, place, read_at, fingerprint, issuer, di, 'S1', seen_at FROM udi.cabinet_gone WHERE serial = 'S3'
"""


async def status(store: PostgresStore) -> list[tuple[str | None, str | None, str, str]]:
    return [
        (each.session, each.staff, each.serial, each.status)
        for each in await suspected_uses(store.pool, HOSPITAL, every=True)
    ]


async def test_what_left_unscanned_is_suspected_by_session_and_badge_and_charges_nobody(
    ward: Ward, store: PostgresStore, cabinet: Cabinet
) -> None:
    assert ward is not None
    await cabinet.sees(read(1, tag(1), tag(2), tag(3)), read(2, tag(1), tag(2), tag(3)), read(9, tag(1)))
    assert await status(store) == [("D9", "B9", "S2", "suspected"), ("D9", "B9", "S3", "suspected")]
    [first, _] = await suspected_uses(store.pool)
    assert (first.item_code, first.store, first.place) == ("SCREW", "OR-2", "cab1")
    assert (first.seen_at, first.missed_at) == (NOON + timedelta(minutes=2), NOON + timedelta(minutes=9))
    await cabinet.sees(read(12))
    assert await status(store) == [
        ("D9", "B9", "S2", "suspected"), ("D9", "B9", "S3", "suspected"), ("D12", "B12", "S1", "suspected"),
    ]  # fmt: skip
    assert await store.pool.fetchval("SELECT count(*) FROM udi.ledger") == 0
    assert await store.pool.fetchval("SELECT sum(quantity) FROM report.stock WHERE store = 'OR-2/cab1'") == 3


@pytest.mark.parametrize(
    "planted",
    [
        "DELETE FROM udi.cabinet_gone WHERE serial = 'S3'",
        ONE_MORE,
        "UPDATE udi.cabinet_gone SET seen_at = seen_at - interval '1 minute' WHERE serial = 'S3'",
        "UPDATE udi.cabinet_read SET serials = ARRAY['S1', 'S2', 'S4'] WHERE cardinality(serials) = 3",
        "DELETE FROM udi.cabinet_read WHERE cardinality(serials) = 2",
    ],
)
async def test_verify_finds_what_has_not_followed_from_the_reads(
    ward: Ward, store: PostgresStore, cabinet: Cabinet, planted: str
) -> None:
    """Also of reads that came late, and of one that came again."""
    assert ward is not None
    await cabinet.sees(read(1, tag(1), tag(2), tag(3)), read(20, tag(2)), read(20, tag(2)))
    await cabinet.sees(read(9, tag(1), tag(2)), read(9, tag(1), place="cab2"), read(3, tag(1), tag(2), tag(3)))
    check = next(each for each in checks() if each.name == "gone-follows-from-reads")
    async with store.pool.acquire() as connection:
        assert (await run_check(connection, check)).failures == 0
        async with connection.transaction():
            await connection.execute("SET LOCAL session_replication_role = replica")
            await connection.execute(planted)
            finding = await run_check(connection, check)
    assert finding.failures > 0
    assert {row["serial"] for row in finding.first} <= {"S1", "S2", "S3", "S4"}


async def test_a_scan_clears_it_whenever_it_comes_and_a_rejected_one_does_not(
    ward: Ward, store: PostgresStore, cabinet: Cabinet
) -> None:
    """Last seen at 12:10: by two clocks a scan of 12:05 is of the same taking, one before it is not."""
    await cabinet.sees(read(10, tag(1), tag(2), tag(3)), read(20))
    await ward.scan(
        unit(11, 1, scanned_at=(NOON + timedelta(minutes=5)).isoformat()),
        unit(12, 2, scanned_at=(NOON + timedelta(minutes=4, seconds=59)).isoformat()),
        unit(13, 3, action="waste", encounter=None, scanned_at=(NOON + timedelta(hours=3)).isoformat()),
    )  # fmt: skip
    assert [row[2:] for row in await status(store)] == [("S1", "scanned"), ("S2", "suspected"), ("S3", "scanned")]
    assert [each.serial for each in await suspected_uses(store.pool)] == ["S2"]
    await store.command(CommandKind.REJECT, 11)
    await ward.sweep()
    assert [row[2:] for row in await status(store)] == [("S1", "suspected"), ("S2", "suspected"), ("S3", "scanned")]


async def test_a_unit_that_came_back_is_no_use_until_it_leaves_again(
    ward: Ward, store: PostgresStore, cabinet: Cabinet
) -> None:
    assert ward is not None
    await cabinet.sees(read(1, tag(1)), read(2), read(3, tag(1)))
    assert [row[2:] for row in await status(store)] == [("S1", "came-back")]
    await cabinet.sees(read(5))
    assert await status(store) == [("D2", "B2", "S1", "came-back"), ("D5", "B5", "S1", "suspected")]


async def test_a_read_that_comes_twice_changes_nothing_and_a_late_one_is_put_where_it_belongs(
    ward: Ward, store: PostgresStore, cabinet: Cabinet
) -> None:
    assert ward is not None
    await cabinet.sees(read(1, tag(1), tag(2)), read(9))
    before = await status(store)
    await cabinet.sees(read(9), read(1, tag(1), tag(2)), read(9))
    assert await status(store) == before == [("D9", "B9", "S1", "suspected"), ("D9", "B9", "S2", "suspected")]
    await cabinet.sees(read(5, tag(2), tag(2)))
    assert await status(store) == [("D5", "B5", "S1", "suspected"), ("D9", "B9", "S2", "suspected")]
    assert await store.pool.fetchval("SELECT count(*) FROM udi.cabinet_read") == 3


async def counted(house: Installed, number: int, *serials: int) -> None:
    """The cabinet is counted and the count posted; the lanes record what differs."""
    document = (await house.json("count", "start", "OR-2", "--place", "cab1"))["document"]
    await house.ward.scan(
        *(unit(number + each, each, action="count", encounter=None, document=document) for each in serials)
    )
    posted = await house.udi("count", "post", document, "--reason", "week", "--by", "li", "--timeout", "0")
    assert posted.exit_code == 0, posted.output
    before = [len(await house.records("udi.scans", lane)) for lane in (0, 1)]
    await Corrector(house.settings, house.pool).step()
    for lane in (0, 1):
        for _, value in (await house.records("udi.scans", lane))[before[lane] :]:
            await house.ward.scan(orjson.loads(value or b""), lane=lane)


async def test_a_count_that_misses_a_unit_explains_nothing_and_one_that_finds_it_says_it_is_there(
    told: str, embedded_broker: EmbeddedBroker
) -> None:
    async with installed(told, embedded_broker) as house:
        await house.ward.learn(item(tracking="serial"))
        await house.ward.scan(*(unit(5000 + each, each, action="receive", encounter=None) for each in range(1, 5)))
        await Cabinet(house.pool).sees(read(1, *(tag(each) for each in range(1, 5))), read(2, tag(1), tag(2)))
        await counted(house, 5200, 1, 2)
        booked = "SELECT serial, action::text FROM udi.scan_now WHERE action IN ('missing', 'found') ORDER BY 2 DESC, 1"
        assert [tuple(row) for row in await house.pool.fetch(booked)] == [("S3", "missing"), ("S4", "missing")]

        assert await states(house) == {"S3": "suspected", "S4": "suspected"}
        assert "what left them was scanned" not in (await house.udi("cabinets")).stdout

        await counted(house, 5300, 1, 2, 4)
        assert [tuple(row) for row in await house.pool.fetch(booked)][2:] == [("S4", "found")]
        assert await states(house) == {"S3": "suspected", "S4": "came-back"}
        await house.ward.scan(unit(5400, 3))
        assert await states(house) == {"S3": "scanned", "S4": "came-back"}


async def states(house: Installed) -> dict[str, str]:
    return {each.serial: each.status for each in await suspected_uses(house.pool, every=True)}


async def test_foreign_tags_are_named_and_never_suspected_without_a_serial(
    ward: Ward, store: PostgresStore, cabinet: Cabinet
) -> None:
    foreign, lot_alone = gs1(gtin(404), serial="X1"), gs1(DI, expiry="271231", lot="L1")
    await ward.scan(unit(21, 2))
    await cabinet.sees(read(1, foreign, lot_alone, "\x00 noise", "", tag(1), tag(2), tag(7)))
    found = [
        (each.finding, each.tag, each.serial, each.item_code, each.is_at) for each in await tag_findings(store.pool)
    ]
    assert found == [
        ("elsewhere", None, "S2", "SCREW", "patient"), ("not-received", None, "S7", "SCREW", None),
        ("unknown-item", None, "X1", None, None), ("unread", "", None, None, None),
        ("unread", " noise", None, None, None), ("unread", lot_alone, None, None, None),
    ]  # fmt: skip
    await cabinet.sees(read(2))
    assert await tag_findings(store.pool) == []
    left = [(each.serial, each.item_code, each.status) for each in await suspected_uses(store.pool)]
    assert left == [("S1", "SCREW", "suspected"), ("S7", "SCREW", "suspected"), ("X1", None, "unknown-item")]
    # Nothing but the catalogue changes that: then somebody has used it, and it is on the work list.
    await ward.learn(item(item_code="LATE", identifiers=[{"issuer": "GS1", "di": gtin(404), "units_per_package": 1}]))
    late = [each for each in await suspected_uses(store.pool) if each.serial == "X1"]
    assert [(each.item_code, each.status) for each in late] == [("LATE", "suspected")]


async def test_what_is_no_read_is_a_dead_letter_and_its_neighbours_go_through(
    ward: Ward, store: PostgresStore, cabinet: Cabinet
) -> None:
    assert ward is not None
    wrong = [
        read(1) | {"tags": None}, read(1) | {"place": ""}, read(1) | {"tags": ["x"] * 5001},
        read(1) | {"read_at": (NOON + timedelta(hours=24, seconds=1)).isoformat()}, read(1) | {"hospital": "H2"},
    ]  # fmt: skip
    letters = await cabinet.sees(read(1, tag(1)), *wrong, read(2))
    assert [str(each.reason) for each in letters] == ["bad-event"] * 4 + ["key-mismatch"]
    assert [each.serial for each in await suspected_uses(store.pool)] == ["S1"]


async def test_the_database_refuses_a_changed_read_and_units_that_are_not_whole(
    ward: Ward, store: PostgresStore, cabinet: Cabinet
) -> None:
    assert ward is not None
    await cabinet.sees(read(1, tag(1)))
    with pytest.raises(asyncpg.RestrictViolationError):
        await store.pool.execute("UPDATE udi.cabinet_read SET serials = '{S9}'")
    with pytest.raises(asyncpg.CheckViolationError, match="units_are_whole"):
        await store.pool.execute(
            "INSERT INTO udi.cabinet_read SELECT hospital, store, 'cab2', read_at, session, staff, issuers, dis, '{}', "
            "unread, fingerprint, origin, recorded_at FROM udi.cabinet_read"
        )
    with pytest.raises(asyncpg.UniqueViolationError, match="cabinet_read_once"):
        await store.pool.execute("INSERT INTO udi.cabinet_read SELECT * FROM udi.cabinet_read")


async def test_a_worker_takes_reads_from_their_topic_and_people_see_them(
    database: str, embedded_broker: EmbeddedBroker, folder: Any
) -> None:
    async with running(database, embedded_broker, folder, "worker") as house:
        await house.publish("udi.catalogue", (b"H1/SCREW", item(tracking="serial")))
        for each in (read(1, tag(1), "noise"), {"schema": "?"}, read(2, "noise")):
            await house.publish(TOPIC, (b"H1/OR-2", each))
        await house.until("SELECT true FROM report.suspected_uses")
        await people_see(house)


async def people_see(house: Installed) -> None:
    found = await house.json("cabinets")
    assert [(row["serial"], row["status"], row["session"]) for row in found["suspected"]] == [("S1", "suspected", "D2")]
    assert [(row["tag"], row["finding"]) for row in found["tags"]] == [("noise", "unread")]
    shown = await house.udi("cabinets", "--store", "OR-2")
    assert (shown.exit_code, "1 suspected uses without a scan; nothing is charged." in shown.stdout) == (1, True)
    nothing = await house.udi("cabinets", "--store", "OR-9")
    assert (nothing.exit_code, nothing.stderr) == (2, "udi: --store: expected one of OR-2, got 'OR-9'.\n")
