"""The proof of a recall's closure: anybody recomputes its hash from the views, and it stays in the books."""

import json
from collections.abc import AsyncIterator
from datetime import UTC
from hashlib import sha256
from typing import Any

import asyncpg
import pytest

from streams.embedded.broker import EmbeddedBroker
from streams.services.recall_lister import RecallLister
from tests.support.builders import DI, gs1, scan
from tests.support.installed import Installed, installed
from tests.support.recalls import accept, recall

BAD, UNREAD = gs1(DI, expiry="271231", lot="BAD"), gs1(DI, expiry="271231")
REASON = 'told "王" \\ by phone\nand letter\t✓ \x1f\x7f'
"""Of everything that JSON may write in two ways."""


@pytest.fixture
async def house(told: str, embedded_broker: EmbeddedBroker) -> AsyncIterator[Installed]:
    """Three units of the lot on a shelf, one thrown away, one used, and a use of an unread lot."""
    async with installed(told, embedded_broker) as made:
        await made.ward.scan(
            scan(100, action="receive", encounter=None, quantity=5, codes=[BAD]),
            scan(101, action="waste", encounter=None, codes=[BAD]), scan(102, codes=[BAD]), scan(103, codes=[UNREAD]),
        )  # fmt: skip
        await accept(made.pool, recall())
        yield made


async def close_all(house: Installed, *words: str) -> dict[str, Any]:
    found = await house.json("recall", "R1")
    groups = (found["certain"], found["possible"], found["shelf"])
    lines = [each["line_id"] for group in groups for each in group if each["status"] == "open"]
    shown = await house.udi("recall", "R1", *(part for each in lines for part in ("--close", each)), *words)
    assert shown.exit_code == 0
    made: dict[str, Any] = await house.json("recall", "R1")
    return made


async def recomputed(pool: asyncpg.Pool, version: int = 1) -> str:
    """The hash as docs/store.md says it, by nothing but the view and the standard library."""
    rows = await pool.fetch(
        "SELECT * FROM report.recall_lines_2 WHERE hospital = 'H1' AND recall = 'R1' AND version = $1 "
        "ORDER BY line_id::text",
        version,
    )
    names = ("line_id", "kind", "quantity", "chance", "status", "closed_by", "closing_reason", "closed_at")

    def said(name: str, value: Any) -> Any:
        if value is None or name == "quantity":
            return value
        return value.astimezone(UTC).isoformat() if name == "closed_at" else str(value)

    lines = [[said(name, row[name]) for name in names] for row in rows]
    return sha256(json.dumps(lines, separators=(",", ":"), ensure_ascii=False).encode()).hexdigest()


async def test_the_hash_is_recomputed_from_the_view_alone(house: Installed) -> None:
    await house.json("recall", "R1")
    await house.ward.scan(scan(104, action="waste", encounter=None, quantity=2, codes=[BAD]))

    found = await close_all(house, "--reason", REASON, "--by", "王")

    assert (found["open"], found["proof"]["closed_by_persons"], found["proof"]["ended"]) == (0, 3, 2)
    assert found["proof"]["hash"] == await recomputed(house.pool)
    kept = await house.pool.fetch("SELECT n, version, lines, hash FROM report.recall_proofs WHERE recall = 'R1'")
    assert [tuple(row) for row in kept] == [(1, 1, 5, found["proof"]["hash"])]


async def test_an_earlier_proof_stays_when_lines_are_open_again(house: Installed) -> None:
    first = (await close_all(house, "--reason", "told", "--by", "wang"))["proof"]
    await house.ward.scan(scan(105, codes=[BAD]))

    found = await house.json("recall", "R1")
    shown = " ".join((await house.udi("recall", "R1")).stdout.split())
    chinese = " ".join((await house.udi("--lang", "zh-CN", "recall", "R1")).stdout.split())

    assert found["proof"] is None
    assert [(each["n"], each["hash"], each["closed_at"]) for each in found["proofs"]] == [
        (1, first["hash"], first["closed_at"])
    ]
    assert f"version 1, 4 lines. SHA-256 {first['hash']}" in shown
    assert f"第 1 版，共 4 条。SHA-256 {first['hash']}" in chinese
    assert await recomputed(house.pool) != first["hash"]

    second = (await close_all(house, "--reason", "told", "--by", "li"))["proof"]
    again = await house.json("recall", "R1")
    await RecallLister(house.pool).look()
    assert second["hash"] == await recomputed(house.pool)
    assert [each["hash"] for each in again["proofs"]] == [first["hash"], second["hash"]]
    assert await house.pool.fetchval("SELECT count(*) FROM report.recall_proofs") == 2
    with pytest.raises(asyncpg.PostgresError, match="append-only"):
        await house.pool.execute("DELETE FROM udi.recall_proof")


async def test_the_scheduler_keeps_the_proof_of_a_list_that_ends_by_itself(house: Installed) -> None:
    await accept(house.pool, recall(name="R2", lines=[{"issuer": "GS1", "di": "09999999999994"}]))
    await RecallLister(house.pool).look()
    await RecallLister(house.pool).look()

    kept = await house.pool.fetch("SELECT recall, n, lines, closed_at, hash FROM report.recall_proofs")
    assert [tuple(row) for row in kept] == [("R2", 1, 0, None, sha256(b"[]").hexdigest())]
