"""The chain of each lane against the stored rows, and the seals against the chain (`chain.sql`), in one snapshot."""

import time
from collections.abc import Callable, Mapping, Sequence
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
PUBLISHED: Final = Check("seals-published", "the seals are those that were published, one by one")
OUTSIDE: Final = Check("seals-outside", "the seals in the file outside are those of the database")
_SEALED: Final = "SELECT last_seq FROM udi.topic_counter WHERE (topic, partition) = ('seals', 0)"
_PUBLISHED: Final = """
SELECT o.first_seq + one.place - 1 AS n, one.body
FROM udi.outbox_block o CROSS JOIN LATERAL unnest(o.bodies) WITH ORDINALITY one (body, place)
WHERE (o.topic, o.partition) = ('seals', 0) AND o.last_seq > udi.purged_through('seals', 0::smallint)
"""
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
        sealed = await connection.fetchval(_SEALED) or 0
        published = {row["n"]: row["body"] for row in await connection.fetch(_PUBLISHED)}
    seals = [Seal(row["n"], row["sealed_at"], _heads(row), row["root"]) for row in rows]
    whole = {row["n"] for row in rows if len(row["lanes"]) == len(row["batches"]) == len(row["heads"])}
    wrong = [
        {"n": seal.n, "root": seal.root.hex()}
        for seal in seals
        if seal.n not in whole or root_of(list(seal.heads)) != seal.root
    ]
    note = f"{len(seals):,} seals"
    findings.append(ROOTS.found(len(wrong), wrong[:ROWS_SHOWN], time.monotonic() - before, note))
    told(findings[-1])
    inside = {seal.n: seal.body() for seal in seals}
    # One record is published with every seal, so they have one numbering; what retention let go is counted still.
    numbers = {*inside, *range(1, sealed + 1)}
    unlike = [n for n in sorted(numbers) if n > sealed or n not in inside or inside[n] != published.get(n, inside[n])]
    findings.append(PUBLISHED.found(len(unlike), _differing(unlike), 0.0, f"{sealed:,} published"))
    told(findings[-1])
    if outside is not None:
        differ = [n for n in outside if inside.get(n) != outside[n]]
        findings.append(OUTSIDE.found(len(differ), _differing(differ), 0.0, f"{len(outside):,} lines"))
        told(findings[-1])
    return findings


def _differing(numbers: Sequence[int]) -> list[dict[str, Any]]:
    return [{"n": n, "what": "differs or is missing"} for n in numbers[:ROWS_SHOWN]]


def _heads(row: Any) -> list[Head]:
    """Of a seal whose lists are not of one length, as far as all go."""
    return [Head(*each) for each in zip(row["lanes"], row["batches"], row["heads"], strict=False)]
