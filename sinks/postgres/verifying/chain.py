"""The chain of each lane against the stored rows, and the seals against the chain (`chain.sql`), in one snapshot."""

import time
from collections.abc import Callable, Mapping
from dataclasses import replace
from functools import cache
from importlib.resources import files
from typing import Any, Final

from sinks.postgres.named import Connection
from sinks.postgres.operating.raw_months import hold_raw_months, raw_bytes_kept
from sinks.postgres.sealing.seals import Head, Seal
from sinks.postgres.verifying.books import ROWS_SHOWN, Check, Finding, checks_of, run_check

RAW: Final = "raw-bytes-unchanged"
"""The check that says how far back there are raw bytes."""
ROOTS: Final = Check("seal-roots", "the root of every seal is that of its heads")
OUTSIDE: Final = Check("seals-outside", "the seals in the file outside are those of the database")
_STATEMENT_SECONDS_MAX: Final = 3600
RootOf = Callable[[list[Head]], bytes]


@cache
def chain_checks() -> tuple[Check, ...]:
    """All of them, in the order of the file."""
    return checks_of((files("sinks.postgres.verifying") / "chain.sql").read_text(encoding="utf-8"))


async def verify_chain(
    connection: Connection,
    root_of: RootOf,
    outside: Mapping[int, bytes] | None = None,
    told: Callable[[Finding], None] = lambda _: None,
) -> list[Finding]:
    """Every check's finding, all of one snapshot; `told` hears of each as it comes.

    Args:
        connection: To the books.
        root_of: The Merkle root over heads (`rules.sealing.merkle`).
        outside: Lines of the file outside by the number of the seal; `None` when there is no such file.
        told: Hears of each finding.
    """
    findings = []
    async with connection.transaction(isolation="repeatable_read", readonly=True):
        await hold_raw_months(connection)
        await connection.execute(f"SET LOCAL statement_timeout = '{_STATEMENT_SECONDS_MAX}s'")
        await connection.execute("SET LOCAL jit = off")
        raw = await raw_bytes_kept(connection)
        for check in chain_checks():
            finding = await run_check(connection, check)
            findings.append(replace(finding, note=raw.note()) if check.name == RAW else finding)
            told(findings[-1])
        before = time.monotonic()
        rows = await connection.fetch("SELECT * FROM udi.seal ORDER BY n")
    seals = [Seal(row["n"], row["sealed_at"], _heads(row), row["root"]) for row in rows]
    wrong = [{"n": seal.n, "root": seal.root.hex()} for seal in seals if root_of(list(seal.heads)) != seal.root]
    note = f"{len(seals):,} seals"
    findings.append(ROOTS.found(len(wrong), wrong[:ROWS_SHOWN], time.monotonic() - before, note))
    told(findings[-1])
    if outside is not None:
        inside = {seal.n: seal.body() for seal in seals}
        differ = [{"n": n, "what": "differs or is missing"} for n in outside if inside.get(n) != outside[n]]
        findings.append(OUTSIDE.found(len(differ), differ[:ROWS_SHOWN], 0.0, f"{len(outside):,} lines"))
        told(findings[-1])
    return findings


def _heads(row: Any) -> list[Head]:
    return [Head(*each) for each in zip(row["lanes"], row["batches"], row["heads"], strict=True)]
