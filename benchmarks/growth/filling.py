"""Books of many days out of one: the first day is recorded by the product, the others are its rows with other numbers.

That the rows are those which recording them would have written is tested table by table, column by column
(`tests/integration/benchmarks/test_growth.py`), but for what only a clock or a hash says: instants of its clock,
ids made of a hash, and what is made of them (bodies and keys of the outbox, digests of the chain); these are as large.

Days lie a day apart on the database's clock as well, the newest yesterday, so that raw bytes lie in as many months.
"""

from typing import Any, Final

import asyncpg

from benchmarks.growth import years
from benchmarks.growth.years import DAY, STAY
from benchmarks.parts import LANES, without_indexes
from benchmarks.steps import BATCH, Line, hot_pool

STAYS: Final = DAY // STAY
BATCHES: Final = DAY // BATCH
FILL_SECONDS_MAX: Final = 7_200
_NUMBER: Final = "t.record_offset + {d} * " + str(DAY)
_SCAN_ID: Final = f"md5('scan' || {_NUMBER})::uuid"
_NAMED: Final = "'{letter}' || substr({column}, {after})::bigint + {d} * {step}"
_LATER: Final = "{column} + {d} * interval '1 day'"
_STORED: Final = "{column} - ({days} + 1 - {d}) * interval '1 day'"
_AGAIN: Final = "md5({column}::text || {d})::uuid"
_PERIOD: Final = "to_char(date '2021-01-04' + {d}, 'YYYYMM')::integer"
"""The month of `years.FIRST` and so many days."""


def _encounter(column: str = "t.encounter") -> str:
    return _NAMED.format(letter="E", column=column, after=2, d="{d}", step=STAYS)


_SERIAL: Final = _NAMED.format(letter="SN", column="nullif(t.serial, '')", after=3, d="{d}", step=DAY)
_LOT: Final = _NAMED.format(letter="L", column="t.lot", after=2, d="{d}", step=1)
_BOOKED_SERIAL: Final = f"coalesce({_SERIAL}, '')"


_OF_DAY: Final = "(SELECT max(m.last_seq) FROM first_outbox_block m WHERE m.topic = t.topic)"


def _by(template: str, column: str) -> str:
    return template.format(column=f"t.{column}", d="{d}", days="{days}")


_DAYS: Final[dict[str, dict[str, str]]] = {
    "scan": {
        "record_offset": _NUMBER, "recorded_at": _by(_LATER, "recorded_at"), "scan_id": _SCAN_ID,
        "sequence": f"t.sequence + {{d}} * {DAY}", "scanned_at": _by(_LATER, "scanned_at"), "encounter": _encounter(),
        "operation": _NAMED.format(letter="OP-", column="t.operation", after=4, d="{d}", step=STAYS),
        "lot": _LOT, "serial": _SERIAL,
        "record_key": f"convert_to(t.hospital || '/' || coalesce({_encounter()}, t.store), 'UTF8')",
    },
    "scan_claim": {
        "record_offset": _NUMBER, "scan_id": _SCAN_ID,
        "fingerprint": "decode(md5(t.fingerprint || int4send({d})), 'hex')",
    },
    "unit_claim": {"record_offset": _NUMBER, "serial": _SERIAL},
    "unit_place": {"record_offset": _NUMBER, "serial": _SERIAL, "moved_at": _by(_LATER, "moved_at")},
    "use_change": {
        "use_offset": f"t.use_offset + {{d}} * {DAY}", "by_offset": f"t.by_offset + {{d}} * {DAY}",
    },
    "ledger": {
        "record_offset": _NUMBER, "billing_id": _by(_AGAIN, "billing_id"), "encounter": _encounter(),
        "charge_offset": f"t.charge_offset + {{d}} * {DAY}", "period": _PERIOD,
        "posted_at": _by(_LATER, "posted_at"), "recorded_at": _by(_STORED, "recorded_at"),
    },
    "settlement": {
        "record_offset": _NUMBER, "line_id": _by(_AGAIN, "line_id"), "reverses": _by(_AGAIN, "reverses"),
        "scan_id": _SCAN_ID, "period": _PERIOD, "recorded_at": _by(_STORED, "recorded_at"),
    },
    "balance": {"lot": _LOT, "serial": _BOOKED_SERIAL},
    "open_scan": {"record_offset": _NUMBER, "encounter": _encounter(), "since": _by(_LATER, "since")},
    "scan_raw": {"record_offset": _NUMBER, "stored_at": _by(_STORED, "stored_at")},
    "chain": {
        "batch": f"t.batch + {{d}} * {BATCHES}", "lo": f"t.lo + {{d}} * {DAY}", "hi": f"t.hi + {{d}} * {DAY}",
        "recorded_at": _by(_STORED, "recorded_at"),
    },
    "outbox_block": {
        "first_seq": f"t.first_seq + {{d}} * {_OF_DAY}", "last_seq": f"t.last_seq + {{d}} * {_OF_DAY}",
        "ids": "ARRAY(SELECT md5(id::text || {d})::uuid FROM unnest(t.ids) id)",
        "written_at": _by(_STORED, "written_at"), "arrived_at": _by(_LATER, "arrived_at"),
    },
    "encounter": {
        "encounter": _encounter(), "version": f"t.version + {{d}} * {STAYS}", "admitted_at": _by(_LATER, "admitted_at"),
    },
    "fact_change": {
        "version": f"t.version + {{d}} * {STAYS}", "code": _encounter("t.code"),
    },
}  # fmt: skip
"""What is another value on day `d` by table and column; every other column is the same every day."""
_COUNTED: Final = f"""
INSERT INTO udi.usage_month AS u (hospital, scope_type, scope, item_code, month, quantity, amount_fen)
SELECT t.hospital, t.scope_type, t.scope, t.item_code, {_PERIOD.format(d="d")},
       sum(t.quantity), sum(t.amount_fen)
FROM generate_series(1, $1::integer) d CROSS JOIN udi.usage_month t GROUP BY 1, 2, 3, 4, 5
ON CONFLICT (hospital, month, scope_type, scope, item_code)
DO UPDATE SET quantity = u.quantity + excluded.quantity, amount_fen = u.amount_fen + excluded.amount_fen
"""
_SUMMED: Final = (
    "UPDATE udi.store_item SET quantity = quantity * ($1 + 1)",
    f"UPDATE udi.position SET next_offset = next_offset + $1 * {DAY} WHERE topic = 'udi.scans'",
    f"UPDATE udi.position SET next_offset = next_offset + $1 * {STAYS} WHERE topic = 'encounters'",
    f"UPDATE udi.fact_counter SET version = version + $1 * {STAYS}",
    """
    UPDATE udi.lane SET version = version * ($1 + 1), billing_seq = billing_seq * ($1 + 1),
        verdicts_seq = verdicts_seq * ($1 + 1), settlement_seq = settlement_seq * ($1 + 1)
    """,
)
_COLUMNS: Final = """
SELECT attname FROM pg_attribute WHERE attrelid = $1::text::regclass AND attnum > 0 AND NOT attisdropped
ORDER BY attnum
"""
_MONTHS: Final = """
SELECT udi.make_raw_month(at) FROM generate_series(now() - ($1 + 32) * interval '1 day', now(), '27 days') at
"""


async def fill(url: str, scans: int) -> None:
    """So many scans, a multiple of `DAY`, into fresh books at `url`, of a user who may do everything."""
    days = scans // DAY - 1
    async with hot_pool(url) as pool:
        await years.load_items(pool, LANES)
        await years.load_encounters(pool, LANES, 0, DAY)
        await Line(pool, years.records).use(DAY)
    connection = await asyncpg.connect(url)
    try:
        await connection.execute("SELECT udi.fold_usage(1000000); TRUNCATE udi.case_delta")
        await connection.execute(_MONTHS, days)
        async with connection.transaction():
            # Neither triggers nor foreign keys: the rows are copies of such as passed them.
            await connection.execute("SET LOCAL session_replication_role = replica; SET LOCAL statement_timeout = 0")
            for table, changes in _DAYS.items():
                await _copy(connection, table, changes, days)
            await connection.execute(_COUNTED, days, timeout=FILL_SECONDS_MAX)
            for statement in _SUMMED:
                await connection.execute(statement, days)
        await connection.execute("VACUUM ANALYZE", timeout=FILL_SECONDS_MAX)
        await connection.execute("CHECKPOINT", timeout=FILL_SECONDS_MAX)
    finally:
        await connection.close()


async def _copy(connection: Any, table: str, changes: dict[str, str], days: int) -> None:
    columns = [row["attname"] for row in await connection.fetch(_COLUMNS, f"udi.{table}")]
    values = ", ".join(changes.get(column, f"t.{column}").format(d="d", days=days) for column in columns)
    # What is stored apart and not compressed is so here, too.
    await connection.execute(f"CREATE TEMP TABLE first_{table} (LIKE udi.{table} INCLUDING STORAGE) ON COMMIT DROP")
    which = "WHERE kind = 'encounter'" if table == "fact_change" else ""
    await connection.execute(f"INSERT INTO first_{table} SELECT * FROM udi.{table} {which}")
    await connection.execute(f"ANALYZE first_{table}")
    async with without_indexes(connection, f"udi.{table}"):
        # Day by day, as they would have come.
        await connection.execute(
            f"INSERT INTO udi.{table} ({', '.join(columns)}) SELECT {values} FROM generate_series(1, {days}) d "
            f"CROSS JOIN LATERAL (SELECT * FROM first_{table} WHERE d > 0 OFFSET 0) t",
            timeout=FILL_SECONDS_MAX,
        )
