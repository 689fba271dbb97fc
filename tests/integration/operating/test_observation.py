"""What observation reads from a real database."""

from datetime import UTC, datetime, timedelta
from uuid import UUID

import asyncpg

from sinks.metrics.counts import Metrics
from sinks.postgres.database import open_pool
from sinks.postgres.observation import observe, observe_scanners, observe_stock
from tests.support.databases.books import prepare

NOW = datetime(2022, 6, 3, 12, tzinfo=UTC)

BOOKS = """
INSERT INTO udi.position (cluster_id, topic, partition, next_offset)
VALUES ('old', 'udi.scans', 0, 900), ('new', 'udi.scans', 0, 7);
UPDATE udi.lane SET billing_seq = 5, verdicts_seq = 3 WHERE lane = 0;
INSERT INTO udi.relay_floor VALUES ('old', 'billing', 0, 5), ('new', 'billing', 0, 2), ('new', 'verdicts', 0, 3);
UPDATE udi.topic_counter SET last_seq = 1 WHERE topic = 'alerts';
INSERT INTO udi.open_scan (position_id, record_offset, lane, verdict, reason, action, hospital, since) VALUES
    (2, 1, 0, 'parked', 'no-price', 'use', 'H1', '2022-06-03T11:00Z'),
    (2, 2, 0, 'parked', 'no-price', 'use', 'H1', '2022-06-03T10:00Z'),
    (2, 3, 0, 'held', 'expired', 'use', 'H1', '2022-06-03T09:00Z');
INSERT INTO udi.open_case VALUES ('H1', 'E1', '', '2022-06-03T11:00Z'), ('H1', 'E1', 'OP-1', '2022-06-03T11:00Z');
INSERT INTO udi.difference_standing (difference_id, hospital, encounter, kind, across, version, status) VALUES
    (gen_random_uuid(), 'H1', 'E1', 'missed', false, 1, 'open'),
    (gen_random_uuid(), 'H1', 'E1', 'missed', false, 2, 'asked'),
    (gen_random_uuid(), 'H1', 'E1', 'missed', false, 2, 'accepted'),
    (gen_random_uuid(), 'H1', 'E2', 'wrong', true, 1, 'open');
INSERT INTO udi.balance VALUES
    ('H1', 'OR-2', 'I1', 'hospital', 'L1', '', 0, 'GS1', '1', NULL, -3),
    ('H1', 'OR-2', 'I1', 'hospital', 'L1', '', 1, 'GS1', '1', NULL, 3),
    ('H1', 'OR-2', 'I2', 'hospital', 'L1', '', 0, 'GS1', '2', NULL, -1),
    ('H1', 'OR-2', 'I2', 'hospital', 'L2', '', 0, 'GS1', '2', NULL, 5);
"""
BLOCK = """
INSERT INTO udi.outbox_block (topic, partition, first_seq, last_seq, ids, keys, bodies, written_at)
SELECT $1, $2, $3::bigint, $4::bigint, array_fill($5::uuid, ARRAY[n]), array_fill(''::bytea, ARRAY[n]),
    array_fill(''::bytea, ARRAY[n]), $6
FROM (SELECT ($4::bigint - $3::bigint + 1)::int) size (n)
"""
ALERT = """
INSERT INTO udi.alert VALUES ($1, $2, 'H1', 'hospital', 'H1', 'growth-month-on-month', 'I1', 202206, 'amount', false, 1,
    202205, 1, 20, NULL, NULL, '[]', $3, now())
"""


async def fill(pool: asyncpg.Pool) -> None:
    async with pool.acquire() as connection, connection.transaction():
        # Balances are written by the record step alone; here there are no scans.
        await connection.execute("SET LOCAL session_replication_role = replica")
        await connection.execute(BOOKS)
    for topic, first, last, minutes in (
        ("billing", 1, 1, 50),
        ("billing", 2, 3, 40),
        ("billing", 4, 5, 30),
        ("alerts", 1, 1, 20),
    ):
        await pool.execute(BLOCK, topic, 0, first, last, UUID(int=1), NOW - timedelta(minutes=minutes))
    for alert, version, status in (
        (1, 1, "provisional"),
        (1, 2, "fired"),
        (2, 1, "fired"),
        (2, 2, "withdrawn"),
        (3, 1, "provisional"),
    ):
        await pool.execute(ALERT, UUID(int=alert), version, status)


async def test_what_waits_in_the_books_is_counted_and_aged(database: str) -> None:
    await prepare(database, 2)
    pool = await open_pool(database, 2)
    metrics = Metrics(clock=NOW.timestamp)
    try:
        await fill(pool)
        stand = await observe(pool, metrics)
        await observe_stock(pool, metrics)
        await observe_scanners(pool, metrics)
    finally:
        await pool.close()
    assert stand == {("udi.scans", 0): 7}
    expected = {
        "udi_outbox_pending billing 0": 3,
        # The floor stands inside the second block: its record 3 is the oldest that is not published.
        "udi_outbox_age_seconds billing 0": 40 * 60,
        "udi_outbox_pending verdicts 0": 0,
        "udi_outbox_age_seconds verdicts 0": 0,
        "udi_outbox_pending billing 1": 0,
        "udi_outbox_pending alerts 0": 1,
        "udi_outbox_age_seconds alerts 0": 20 * 60,
        "udi_parked_open": 2,
        "udi_parked_age_seconds": 2 * 3600,
        "udi_held_open": 1,
        "udi_held_age_seconds": 3 * 3600,
        "udi_waiting_open": 0,
        "udi_alerts_open growth-month-on-month": 2,
        "udi_cases_open": 2,
        "udi_differences_open missed": 2,
        "udi_differences_open wrong": 1,
        "udi_differences_open extra": 0,
        "udi_stock_negative": 1,
        "udi_lanes": 2,
        "udi_observation_age_seconds": 0,
    }
    assert {name: metrics.value(*name.split()) for name in expected} == expected


async def test_empty_books_have_nothing_open_and_no_position(database: str) -> None:
    await prepare(database, 1)
    pool = await open_pool(database, 1)
    metrics = Metrics()
    try:
        assert await observe(pool, metrics) == {}
        await observe_stock(pool, metrics)
        await observe_scanners(pool, metrics)
    finally:
        await pool.close()
    names = ("udi_parked_open", "udi_parked_age_seconds", "udi_held_open", "udi_stock_negative", "udi_scanner_faults")
    assert {name: metrics.value(name) for name in names} == dict.fromkeys(names, 0)


async def test_work_that_waits_is_told_with_what_it_begins_with(database: str) -> None:
    await prepare(database, 2)
    pool = await open_pool(database, 1)
    now = [1000.0]
    metrics = Metrics(clock=lambda: now[0])
    try:
        await observe(pool, metrics)
        assert metrics.value("udi_backlog_age_seconds", "prover") == 0
        await pool.execute("SELECT udi.mark_cases(ARRAY['H1'], ARRAY['E1'], now())")
        await pool.execute("UPDATE udi.fact_counter SET version = 4")
        await pool.execute("UPDATE udi.lane SET facts_seen = 4 WHERE lane = 1")
        await observe(pool, metrics)
        now[0] += 60
        await pool.execute("DELETE FROM udi.case_delta WHERE reader = 'differences'")
        await pool.execute("SELECT udi.mark_cases(ARRAY['H1'], ARRAY['E2'], now())")
        await observe(pool, metrics)
        ages = {
            work: metrics.value("udi_backlog_age_seconds", work)
            for work in ("prover", "reconciler", "sweep", "commands")
        }
        assert ages == {"prover": 60, "reconciler": 0, "sweep": 60, "commands": 0}
        assert [metrics.value("udi_facts_behind", lane) for lane in ("0", "1")] == [4, 0]
        assert metrics.value("udi_verify_failed") is None
        await pool.execute("INSERT INTO udi.verification (checks, failed, topics) VALUES (40, 2, true)")
        await observe(pool, metrics)
        assert metrics.value("udi_verify_failed") == 2
    finally:
        pool.terminate()
