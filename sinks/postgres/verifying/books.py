"""The invariants of the books, one query each (`invariants.sql`), run in one snapshot that nothing can change under."""

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from typing import Any, Final

import asyncpg

from models.calendar import month_text
from sinks.postgres.named import Connection
from sinks.postgres.operating.raw_months import hold_raw_months, raw_bytes_kept

ROWS_SHOWN: Final = 5
"""Rows kept of a check that fails; the number of all is counted."""
_HEAD: Final = "-- check: "
_STATEMENT_SECONDS_MAX: Final = 600


@dataclass(frozen=True, slots=True)
class Check:
    """One invariant: what must hold, and the query that gives the rows that break it."""

    name: str
    """Short and lasting, as `scan-id-counts-once`: what a person chooses it by."""
    promise: str
    """What must hold, in a sentence."""
    sql: str = ""
    """The query; empty where more than one is compared."""

    def found(
        self, failures: int, first: Sequence[dict[str, Any]] = (), seconds: float = 0.0, note: str = ""
    ) -> "Finding":
        """What it came to."""
        return Finding(self.name, self.promise, failures, first, seconds, note)


@dataclass(frozen=True, slots=True)
class Finding:
    """What a check came to."""

    name: str
    """The check's name."""
    promise: str
    """What it says must hold."""
    failures: int
    """Rows that break the invariant; 0 when it holds."""
    first: Sequence[dict[str, Any]] = ()
    """At most `ROWS_SHOWN` of them."""
    seconds: float = 0.0
    """How long it took."""
    note: str = ""
    """How far it looked, where that is not the whole."""

    @property
    def ok(self) -> bool:
        """The invariant holds."""
        return self.failures == 0


@cache
def checks() -> tuple[Check, ...]:
    """All of them, in the order of the file."""
    return checks_of((files("sinks.postgres.verifying") / "invariants.sql").read_text(encoding="utf-8"))


def checks_of(text: str) -> tuple[Check, ...]:
    """The checks of a file of them, in its order."""
    parts = text.split(_HEAD)[1:]
    headed = ((*head.split(": ", 1), sql) for head, _, sql in (part.partition("\n") for part in parts))
    return tuple(Check(name, promise.strip(), sql.strip().rstrip(";")) for name, promise, sql in headed)


async def verify_books(
    connection: Connection,
    told: Callable[[Finding], None] = lambda _: None,
    chosen: Callable[[str], bool] = lambda _: True,
) -> tuple[dict[str, Any], list[Finding]]:
    """The range looked at, and the findings of the chosen checks, all of one snapshot; `told` hears of each."""
    findings = []
    async with connection.transaction(isolation="repeatable_read", readonly=True):
        await hold_raw_months(connection)
        await connection.execute(f"SET LOCAL statement_timeout = '{_STATEMENT_SECONDS_MAX}s'")
        # The checks read most rows of the tables they join; compiling their plans costs more than it saves here.
        await connection.execute("SET LOCAL jit = off")
        looked_at = await _range(connection)
        for check in filter(lambda each: chosen(each.name), checks()):
            finding = await run_check(connection, check)
            told(finding)
            findings.append(finding)
    return looked_at, findings


async def run_check(connection: Connection, check: Check) -> Finding:
    """Run one query and keep the first rows. What can't even be read, a body that is no JSON, is a failure too."""
    before = time.monotonic()
    try:
        async with connection.transaction():
            rows = await connection.fetch(
                f"WITH broken AS MATERIALIZED (\n{check.sql}\n) "
                f"SELECT (SELECT count(*) FROM broken) AS failures_in_all, broken.* FROM broken LIMIT {ROWS_SHOWN}",
                timeout=_STATEMENT_SECONDS_MAX,
            )
    except asyncpg.DataError as error:
        unreadable = [{"unreadable": str(error).partition("\n")[0]}]
        return check.found(1, unreadable, time.monotonic() - before)
    found = [dict(row) for row in rows]
    failures = found[0]["failures_in_all"] if found else 0
    first = [{name: value for name, value in row.items() if name != "failures_in_all"} for row in found]
    return check.found(failures, first, time.monotonic() - before)


async def _range(connection: Connection) -> dict[str, Any]:
    positions = await connection.fetch(
        "SELECT cluster_id, topic, partition, next_offset FROM udi.position ORDER BY position_id"
    )
    counts = await connection.fetchrow(
        """SELECT (SELECT count(*) FROM udi.scan) AS scans, (SELECT count(*) FROM udi.decision) AS later_decisions,
                  (SELECT count(*) FROM udi.ledger) AS ledger_entries,
                  (SELECT count(*) FROM udi.alert) AS alert_versions,
                  (SELECT coalesce(sum(cardinality(ids)), 0) FROM udi.outbox_block) AS outbox_records,
                  (SELECT coalesce(sum(through - after), 0)::bigint FROM udi.purge) AS outbox_bodies_purged"""
    )
    closed = await connection.fetch("SELECT hospital, closed_through FROM udi.period ORDER BY hospital")
    assert counts is not None  # noqa: S101 -- a SELECT of counts has one row
    return {
        **dict(counts),
        "positions": [dict(row) for row in positions],
        "raw_bytes": (await raw_bytes_kept(connection)).as_fields(),
        "closed_through": {row["hospital"]: month_text(row["closed_through"]) for row in closed},
    }


async def keep_verification(pool: asyncpg.Pool, checks_done: int, failed: int, *, topics: bool) -> None:
    """Keep what a run came to; every process tells its age (`udi_verify_age_seconds`)."""
    await pool.execute(
        "INSERT INTO udi.verification (checks, failed, topics) VALUES ($1, $2, $3)", checks_done, failed, topics
    )
