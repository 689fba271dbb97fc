"""What the lists take for recalled is what lanes hold: the rule in SQL beside the rule in Python, on random notices."""

from collections.abc import AsyncIterator
from datetime import date
from random import Random
from typing import Any

import asyncpg
import pytest

from models.stock.recall import RecallLine
from rules.stock.recall_matching import Match, UnitFacts, match
from tests.support.builders import DI, body, gs1, item, scan, scan_id
from tests.support.recalls import accept, recall
from tests.support.ward import PostgresStore, Ward, postgres_store, verdicts

LOTS, SERIALS = ("L1", "l 1", "L2", "L10"), ("100", "150", "199", "15", "1500", "a50")
DAYS = ("2024-01-01", "2024-06-30", "2024-12-31")


@pytest.fixture
async def store(database: str) -> AsyncIterator[PostgresStore]:
    async with postgres_store(database) as made:
        yield made


def line(random: Random) -> dict[str, Any]:
    """Any line a notice may have."""
    made: dict[str, Any] = {"issuer": "GS1", "di": DI}
    if random.random() < 0.5:
        made["lots"] = random.sample(LOTS, 2)
    if random.random() < 0.3:
        made["serials"] = random.sample(SERIALS, 2)
    if random.random() < 0.5:
        ends = sorted(random.sample(SERIALS[:3], 2))
        made |= {"serial_from": ends[0], "serial_to": ends[1]}
        made.pop(random.choice(("serial_from", "serial_to", "none")), None)
    for name in ("expiry", "produced"):
        if random.random() < 0.3:
            made |= dict(zip((f"{name}_from", f"{name}_to"), sorted(random.sample(DAYS, 2)), strict=True))
            made.pop(random.choice((f"{name}_from", f"{name}_to", "none")), None)
    return made


def unit(random: Random) -> UnitFacts:
    def day() -> date | None:
        chosen = random.choice((*DAYS, "2024-02-01", None))
        return date.fromisoformat(chosen) if chosen else None

    return UnitFacts(random.choice((*LOTS, None)), random.choice((*SERIALS, None)), day(), day())


async def means(pool: asyncpg.Pool, recall: str, of: UnitFacts) -> bool:
    return bool(
        await pool.fetchval(
            "SELECT bool_or(udi.recall_means(s, $2, $3, $4, $5)) FROM udi.recall_scope s WHERE recall = $1",
            recall,
            of.lot,
            of.serial,
            of.expiry,
            of.production,
        )
    )


async def test_both_rules_agree_on_every_notice_and_unit(store: PostgresStore) -> None:
    random = Random(12)  # noqa: S311 -- a test's chance
    await Ward(store).open(item())
    lines = [line(random) for _ in range(60)]
    assert await accept(store.pool, *(recall(name=f"R{n}", lines=[each]) for n, each in enumerate(lines))) == []
    agreed = []
    for n, each in enumerate(lines):
        wanted = RecallLine.model_validate_json(body(each))
        for of in (unit(random) for _ in range(12)):
            expected = match(wanted, of) is Match.CERTAIN
            assert await means(store.pool, f"R{n}", of) == expected, (each, of)
            agreed.append(expected)
    assert 100 < sum(agreed) < len(agreed) - 100


async def test_goods_that_are_issued_or_cleared_from_quarantine_say_why_they_may_not_be_used(
    store: PostgresStore,
) -> None:
    ward = await Ward(store).open(item(licence_valid_to="2022-06-02"))
    old = {"codes": [gs1(DI, expiry="220602", lot="L1")], "encounter": None}
    await ward.scan(scan(1, action="receive", **old), scan(2, action="clear", **old))
    await ward.scan(scan(3, action="transfer", to_store="OR-3", **old), scan(4, action="waste", store="OR-3", **old))

    account, lapsed = await ward.account(), ("expired", "licence-expired")
    assert [verdicts(account)[str(scan_id(number))] for number in (1, 2, 3, 4)] == [
        ("recorded", lapsed), ("recorded", lapsed), ("recorded", lapsed), ("recorded", ()),
    ]  # fmt: skip
    assert [row for row in account.stock if row[-1]] == []
    rows = await store.pool.fetch("SELECT reasons FROM report.scans WHERE action = 'clear'")
    assert [tuple(row["reasons"]) for row in rows] == [lapsed]
