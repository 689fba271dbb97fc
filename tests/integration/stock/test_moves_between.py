"""What is asked of moves within a time reads the scans of that time alone, and says the same as over all moves."""

import json
from collections.abc import AsyncIterator, Iterator
from datetime import date, timedelta
from random import Random
from typing import Any

import asyncpg
import pytest

from models.charging.commands import CommandKind
from sinks.postgres.stock.below_zero import BelowZero, below_zero
from streams.embedded.database import EmbeddedDatabase
from tests.integration.stock.test_orders import keep
from tests.support.builders import BOX, DI, NOON, encounter, gs1, gtin, item, scan, scan_id
from tests.support.loops import run
from tests.support.servers.postgres import create_database, drop_database
from tests.support.ward import Ward, postgres_store

DAY = date(2022, 6, 3)
SUPPLIED, LATE = gtin(555), gtin(777)
"""A supplier's own goods; goods of which the catalogue knows only later."""
MOVES = "record_offset, n, action, from_place, to_place, owner, item_code, lot, serial, units, moved_at, takes_back"
FLAGGED = """
SELECT DISTINCT scan_id FROM (
    SELECT scan_id, reasons FROM udi.scan
    UNION ALL
    SELECT s.scan_id, d.reasons FROM udi.decision d JOIN udi.scan s USING (position_id, record_offset)
) one WHERE 'stock-negative' = ANY (reasons)
"""
MAY, JUNE = 202205, 202206
ALIKE: dict[str, tuple[str, str, tuple[Any, ...]]] = {
    "moves": (
        f"SELECT {MOVES} FROM udi.stock_move WHERE hospital = $1",
        f"SELECT {MOVES} FROM udi.moves_between($1, '-infinity', 'infinity')",
        ("H1",),
    ),
    "real use": ("SELECT * FROM udi.real_use($1, $2)", "SELECT * FROM udi.real_use_2($1, $2)", (DAY, 40)),
    "weeks": ("SELECT * FROM udi.weeks_of_use_2($1, $2)", "SELECT * FROM udi.weeks_of_use_3($1, $2)", (DAY, 9)),
    "May": ("SELECT * FROM udi.supplied_days($1, $2)", "SELECT * FROM udi.supplied_days_2($1, $2)", ("H1", MAY)),
    "June": ("SELECT * FROM udi.supplied_days($1, $2)", "SELECT * FROM udi.supplied_days_2($1, $2)", ("H1", JUNE)),
    "capital": ("SELECT * FROM udi.capital_of($1, $2)", "SELECT * FROM udi.capital_of_2($1, $2)", ("H1", MAY)),
}
"""By what is asked: the old way, over every move; the new way; its arguments."""
OF_ONE: dict[str, tuple[str, str, tuple[Any, ...]]] = {
    "usable": ("SELECT * FROM udi.usable($1)", "SELECT * FROM udi.usable_2('H1', $1)", (DAY,)),
    "use": ("SELECT * FROM udi.real_use_2($1, $2)", "SELECT * FROM udi.real_use_3('H1', $1, $2)", (DAY, 40)),
    "weeks": ("SELECT * FROM udi.weeks_of_use_3($1, $2)", "SELECT * FROM udi.weeks_of_use_4('H1', $1, $2)", (DAY, 9)),
    "May": ("SELECT * FROM udi.supplied_days_2($1, $2)", "SELECT * FROM udi.supplied_days_3($1, $2)", ("H1", MAY)),
    "capital": ("SELECT * FROM udi.capital_of_2($1, $2)", "SELECT * FROM udi.capital_of_3($1, $2)", ("H1", MAY)),
}
"""As above: of all hospitals by one day, and of one by its own."""
ACTIONS = (
    "use", "use", "use", "return", "receive", "receive", "waste", "opened", "transfer", "accept", "lend", "give-back",
    "quarantine", "clear", "send-back", "identify", "identify",
)  # fmt: skip


def happenings(random: Random) -> Iterator[dict[str, Any]]:
    """Whatever stores do in eleven weeks: of boxes, units, suppliers' sets, goods that are known later, other lots."""
    for number in range(1, 361):
        action = random.choice(ACTIONS)
        di = random.choice([DI, DI, BOX, SUPPLIED, SUPPLIED, LATE])
        serial = random.choice([None, None, f"S{random.randrange(12)}"]) if di == SUPPLIED else None
        lot = random.choice(["L1", "L2", None])
        if action == "identify":
            lot = lot or "L2"  # One that says less than is known is held.
        said: dict[str, Any] = {
            "action": action, "codes": [gs1(di, expiry="271231", lot=lot, serial=serial)],
            "quantity": 1 if serial else random.randint(1, 3), "store": random.choice(["OR-2", "OR-3"]),
            "place": random.choice([None, None, "cab1"]), "encounter": "E1" if action in {"use", "return"} else None,
            "scanned_at": (NOON - timedelta(hours=random.randrange(77 * 24))).isoformat(),
        }  # fmt: skip
        if action in {"transfer", "lend", "give-back"}:
            said["to_store"] = "OR-4"
        if action == "identify":
            said["corrects"] = str(scan_id(random.randrange(1, number + 1)))
        elif random.random() < 0.1:
            said |= {"place": "set", "document": "LS-1"}
        yield scan(number, **said)


async def fill(url: str) -> None:
    random, cost = Random(5), [{"cost": "10.00"}]  # noqa: S311 -- chance that repeats
    late = item(item_code="LATE", cost=cost, identifiers=[{"issuer": "GS1", "di": LATE, "units_per_package": 1}])
    supplied = item(item_code="SUPPLIED", cost=cost, owner="supplier", supplier="S9",
                    identifiers=[{"issuer": "GS1", "di": SUPPLIED, "units_per_package": 1}])  # fmt: skip
    async with postgres_store(url) as store:
        ward = await Ward(store).open(item(cost=cost), supplied, encounter(admitted_at="2021-01-01T00:00:00+08:00"))
        await keep(store.pool, {"item_code": "SCREW", "days": 14}, {"item_code": "SUPPLIED", "days": 14})
        told = list(happenings(random))
        for first in range(0, len(told), 6):
            await ward.scan(*told[first : first + 6], lane=random.randrange(2))
        await ward.learn(late)
        await ward.sweep()
        used = await store.pool.fetchval(
            "SELECT scan_id FROM udi.scan_now WHERE action = 'use' AND verdict = 'billed' ORDER BY scan_id LIMIT 1"
        )
        await store.command(CommandKind.REJECT, used.int)
        await ward.sweep()
        await store.pool.execute("ANALYZE udi.scan, udi.decision, udi.balance")


@pytest.fixture(scope="module")
def address(database_server: EmbeddedDatabase, schema_template: str) -> Iterator[str]:
    """The address of filled books that every test leaves as they are."""
    run(database_server.start())
    url = run(create_database(database_server.url, schema_template))
    run(fill(url))
    yield url
    run(database_server.start())
    run(drop_database(database_server.url, url))


@pytest.fixture
async def filled(address: str) -> AsyncIterator[asyncpg.Pool]:
    async with asyncpg.create_pool(address, min_size=1, max_size=2) as pool:
        yield pool


async def test_every_question_is_answered_as_over_all_moves(filled: asyncpg.Pool) -> None:
    for name, (old, new, arguments) in (*ALIKE.items(), *OF_ONE.items()):
        before, after = [sorted(map(repr, await filled.fetch(asked, *arguments))) for asked in (old, new)]
        assert before, name
        assert after == before, name
    decided = await filled.fetchval("SELECT count(*) FROM udi.stock_move WHERE n > 0 AND takes_back")
    assert decided > 2


async def expected(pool: asyncpg.Pool) -> list[tuple[Any, ...]]:
    """Uses below zero as docs/store.md says it, over every move."""
    moves = await pool.fetch("SELECT * FROM udi.stock_move")
    standing = {row["scan_id"]: row["reasons"] for row in await pool.fetch("SELECT scan_id, reasons FROM udi.scan_now")}
    known = await pool.fetch(FLAGGED)
    found = []
    newest = {row["scan_id"]: row for row in sorted(moves, key=lambda row: row["n"]) if not row["takes_back"]}

    def goods(row: Any) -> tuple[Any, ...]:
        return row["hospital"], row["owner"], row["item_code"], row["lot"], row["serial"]

    for (name,) in known:
        use = newest.get(name)
        if use is None or "stock-negative" not in standing[name] or {"rejected", "corrected"} & set(standing[name]):
            continue
        place = use["from_place"]
        # With what its store has borrowed.
        both = {place, f"lent/{place}", place.removeprefix("lent/")}
        earlier = [row for row in moves if goods(row) == goods(use) and row["moved_at"] <= use["moved_at"]]
        left = sum(row["units"] * ((row["to_place"] in both) - (row["from_place"] in both)) for row in earlier)
        came = [
            (row["decided_at"], row["moved_at"])
            for row in earlier
            if row["to_place"] in both and not row["takes_back"] and row["action"] not in {"return", "use"}
        ]
        explained = max(came) if came and left >= 0 else (None, None)
        found.append((name, place, left, explained[1], explained[0]))
    return sorted(found, key=repr)


def seen(scans: list[BelowZero]) -> list[tuple[Any, ...]]:
    return sorted(((s.scan_id, s.store, s.left, s.received_at, s.received_known_at) for s in scans), key=repr)


async def test_uses_below_zero_are_those_over_all_moves(filled: asyncpg.Pool) -> None:
    every = await expected(filled)
    assert len(every) > 20
    assert any(each[3] for each in every)
    assert seen(await below_zero(filled)) == every
    of_store = [each for each in every if each[1] == "OR-2/cab1"]
    assert of_store
    assert seen(await below_zero(filled, "OR-2/cab1")) == of_store
    of_item = seen(await below_zero(filled, item_code="SUPPLIED"))
    assert [] != of_item != every
    assert set(of_item) <= set(every)


# What is read -------------------------------------------------------------------------------------------------------


def nodes(plan: dict[str, Any]) -> Iterator[dict[str, Any]]:
    yield plan
    for part in plan.get("Plans", []):
        yield from nodes(part)


def reads_all(node: dict[str, Any]) -> bool:
    """Of the books of scans every row, or every entry of an index that has every row."""
    if node.get("Relation Name") not in {"scan", "decision"}:
        return False
    bounded = node.get("Index Cond") or node.get("Recheck Cond")
    return not bounded and node.get("Index Name") not in {"scan_negative", "decision_negative"}


async def whole(pool: asyncpg.Pool, sql: str, *arguments: Any) -> list[str]:
    """Parts of the plans, those of the functions within too, that read all scans or decisions."""
    plans: list[dict[str, Any]] = []

    def hear(_: object, message: asyncpg.PostgresLogMessage) -> None:
        text = str(message)
        plans.append(json.loads(text[text.index("{") :])["Plan"])

    async with pool.acquire() as connection:
        connection.add_log_listener(hear)
        try:
            async with connection.transaction():
                await connection.execute("LOAD 'auto_explain'")
                for name, value in (
                    ("auto_explain.log_min_duration", "0"), ("auto_explain.log_format", "json"),
                    ("auto_explain.log_nested_statements", "on"), ("client_min_messages", "log"),
                    # Of few rows all are read at once when that may be.
                    ("enable_seqscan", "off"),
                ):  # fmt: skip
                    await connection.execute(f"SET LOCAL {name} = {value}")
                plans.clear()
                await connection.fetch(sql, *arguments)
        finally:
            connection.remove_log_listener(hear)
    assert plans
    found = [node for plan in plans for node in nodes(plan) if reads_all(node)]
    return [f"{node['Node Type']} {node['Relation Name']}" for node in found]


@pytest.mark.parametrize("name", [name for name in ALIKE if name != "moves"])
async def test_only_the_scans_of_the_time_are_read(filled: asyncpg.Pool, name: str) -> None:
    old, new, arguments = ALIKE[name]

    assert await whole(filled, new, *arguments) == []
    assert await whole(filled, old, *arguments) != []


async def test_who_was_scanned_from_a_store_of_no_department_is_read_of_the_time_alone(filled: asyncpg.Pool) -> None:
    asked = "SELECT * FROM udi.patients_of_store($1, $2, $3, $4)"

    assert await filled.fetch(asked, "H1", "OR-3", NOON - timedelta(days=20), NOON) != []
    assert await whole(filled, asked, "H1", "OR-3", NOON - timedelta(days=20), NOON) == []
