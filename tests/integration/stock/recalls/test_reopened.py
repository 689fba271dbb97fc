"""What a person closed of a recall holds for what the line was then: more likely, or certain, it is open again."""

from collections.abc import AsyncIterator
from datetime import datetime
from decimal import Decimal
from typing import Any

import asyncpg
import pytest
from alembic import command
from alembic.config import Config
from sqlalchemy import Connection

from models.calendar import ZONE_DEFAULT, local_day
from models.stock.exposure import LineKind, RecallLineStatus
from sinks.postgres.migrating import transaction
from sinks.postgres.verifying.books import checks, run_check
from sinks.postgres.web.board import BoardBooks
from streams.embedded.broker import EmbeddedBroker
from streams.web.pages.frame import word_of
from tests.support.builders import DI, HOSPITAL, NOON, body, gs1, scan, scan_id
from tests.support.installed import Installed, installed
from tests.support.recalls import accept, recall

GOOD = gs1(DI, expiry="271231", lot="GOOD")
UNREAD = gs1(DI, expiry="271231")
"""Of no lot."""


@pytest.fixture
async def house(told: str, embedded_broker: EmbeddedBroker) -> AsyncIterator[Installed]:
    """Ten units of lot GOOD in a store, and a use of which nobody knows the lot; nothing is recalled of GOOD yet."""
    async with installed(told, embedded_broker) as made:
        await made.ward.scan(scan(100, action="receive", store="OR-5", encounter=None, quantity=10, codes=[GOOD]))
        await made.ward.scan(scan(101, store="OR-5", codes=[UNREAD]))
        await accept(made.pool, naming(1, "BAD"))
        yield made


def naming(version: int, *lots: str) -> dict[str, Any]:
    return recall(version, lines=[{"issuer": "GS1", "di": DI, "lots": [*lots]}])


async def line(house: Installed, kind: str = "possible") -> dict[str, Any]:
    found = await house.json("recall", "R1")
    return next(each for each in found[kind] if each["scan_id"] == str(scan_id(101)))


async def closed(house: Installed, kind: str = "possible", by: str = "wang") -> dict[str, Any]:
    """The line after a person has closed it."""
    line_id = (await line(house, kind))["line_id"]
    shown = await house.udi("recall", "R1", "--close", line_id, "--reason", "no such lot here", "--by", by)
    assert shown.exit_code == 0
    made = await line(house, kind)
    assert (made["status"], made["closed_by"], made["reopened"], made["last_closed_by"]) == ("closed", by, None, by)
    return made


async def test_a_line_closed_at_no_chance_is_open_again_when_a_version_lifts_it(house: Installed) -> None:
    assert (await closed(house))["last_closed_chance"] == "0.0000"
    await accept(house.pool, naming(2, "BAD", "GOOD"))

    found = await line(house)
    shown = " ".join((await house.udi("recall", "R1")).stdout.split())
    chinese = " ".join((await house.udi("--lang", "zh-CN", "recall", "R1")).stdout.split())
    every = await house.json("recall")

    names = ("chance", "status", "reopened", "last_closed_by", "last_closing_reason", "last_closed_chance")
    assert [found[name] for name in names] == ["1.0000", "open", "chance", "wang", "no such lot here", "0.0000"]
    assert (found["closed_at"], found["closed_by"], found["closing_reason"]) == (None, None, None)
    day = local_day(datetime.fromisoformat(found["last_closed_at"]), ZONE_DEFAULT)
    assert "Open again since a person closed them: 1." in shown
    assert f"{found['line_id']}: closed by wang on {day} at 0.00%, now 100.00%: no such lot here" in shown
    assert "曾经结案、现重新打开：1 条。" in chinese
    assert f"{found['line_id']}：wang 于 {day} 结案，当时为 0.00%，现为 100.00%：no such lot here" in chinese
    assert [(each["recall"], each["reopened"]) for each in every] == [("R1", 1)]
    before = await house.pool.fetch("SELECT version, status FROM report.recall_lines_2 WHERE chance IS NOT NULL")
    assert sorted(tuple(row) for row in before) == [(1, "closed"), (2, "open")]


async def test_the_board_shows_what_is_open_again_first_with_its_closing(house: Installed) -> None:
    await closed(house)
    await accept(house.pool, naming(2, "BAD", "GOOD"))
    await line(house)

    board = BoardBooks(house.pool)
    columns, rows = await board.columns("recalls"), await board.whole("recalls", HOSPITAL)
    shown = [dict(zip(columns, row, strict=True)) for row in rows]

    names = ("recall", "status", "reopened", "kind", "chance_percent", "last_closed_by", "last_chance_percent")
    assert [shown[0][name] for name in names] == [
        "R1", "open", "chance", "possible", Decimal(100), "wang", Decimal(0),
    ]  # fmt: skip
    assert [(each["kind"], each["store"], each["reopened"]) for each in shown[1:]] == [("shelf", "OR-5", None)]
    assert await board.count("recalls", HOSPITAL, {"reopened": ["chance"], "recall": ["R1"]}) == 1
    assert await board.whole("recalls", "H2") == []


def test_kinds_states_and_why_a_line_is_open_again_have_words_in_both_languages() -> None:
    named: dict[str, list[str]] = {
        "kind": [*LineKind], "status": [*RecallLineStatus], "reopened": ["units", "chance", "certain"],
    }  # fmt: skip
    for column, values in named.items():
        english, chinese = ([word_of(column, each, locale) for each in values] for locale in ("en", "zh-CN"))
        assert len({*english, *chinese}) == 2 * len(values), column
        assert not any(word.isascii() for word in chinese), column


async def test_a_reopened_line_is_closed_again_for_what_it_is_now_and_then_the_recall_is_proven(
    house: Installed,
) -> None:
    await closed(house)
    await accept(house.pool, naming(2, "BAD", "GOOD"))
    assert (await closed(house, by="li"))["last_closed_chance"] == "1.0000"
    await accept(house.pool, naming(3, "BAD"))

    again = await line(house)
    assert (again["status"], again["chance"], again["reopened"]) == ("closed", "0.0000", None)
    assert (await house.json("recall", "R1"))["proof"]["closed_by_persons"] == 1


async def test_a_line_closed_as_possible_is_open_again_when_it_is_certain_and_says_so(house: Installed) -> None:
    await accept(house.pool, naming(2, "GOOD"))
    assert (await closed(house))["last_closed_chance"] == "1.0000"
    await house.ward.scan(scan(102, action="identify", store="OR-5", codes=[GOOD], corrects=str(scan_id(101))))
    await house.ward.sweep()

    found = await line(house, "certain")

    assert (found["chance"], found["status"], found["reopened"]) == (None, "open", "certain")
    shown = " ".join((await house.udi("recall", "R1")).stdout.split())
    assert "at 100.00%, now certainly meant: no such lot here" in shown
    assert (await closed(house, "certain"))["last_closed_chance"] is None
    await accept(house.pool, naming(3, "GOOD", "OTHER"))
    assert (await line(house, "certain"))["status"] == "closed"


async def test_a_line_of_more_units_is_open_again_and_says_for_how_many_it_was_closed(house: Installed) -> None:
    await accept(house.pool, naming(2, "GOOD"))
    found = await house.json("recall", "R1")
    shelf = next(each for each in found["shelf"] if each["store"] == "OR-5")
    await house.udi("recall", "R1", "--close", shelf["line_id"], "--reason", "locked", "--by", "wang")
    await house.ward.scan(scan(103, action="receive", store="OR-5", encounter=None, quantity=2, codes=[GOOD]))

    shown = " ".join((await house.udi("recall", "R1")).stdout.split())
    found = await house.json("recall", "R1")

    line = next(each for each in found["shelf"] if each["store"] == "OR-5")
    assert (line["status"], line["reopened"], line["last_closed_quantity"]) == ("open", "units", 10)
    assert f"for 10 units, now {line['quantity']}: locked" in shown


@pytest.mark.parametrize(
    ("then", "now", "risen"),
    [
        ("0", "0", False), ("0", "0.0001", True), ("0.04", "0.0799", False), ("0.04", "0.08", True),
        ("0.3", "0.3999", False), ("0.3", "0.4", True), ("0.9", "0.9999", False), ("0.9", "1", True),
        ("0.5", "0.5", False), ("0.5", "0.1", False), (None, "1", None), ("0.5", None, None),
    ],
)  # fmt: skip
async def test_a_chance_has_risen_by_a_tenth_or_to_twice_and_from_nothing_by_anything(
    told: str, then: str | None, now: str | None, risen: bool | None
) -> None:
    connection = await asyncpg.connect(told)
    values = [None if each is None else Decimal(each) for each in (then, now)]
    assert await connection.fetchval("SELECT udi.chance_has_risen($1, $2)", *values) is risen
    await connection.close()


async def test_every_closing_keeps_the_chance_whoever_writes_it_and_one_of_no_line_is_refused(
    house: Installed,
) -> None:
    """A service of an earlier version names neither chance nor certainty."""
    line_id = (await line(house))["line_id"]
    closes = (
        "INSERT INTO udi.recall_closing (hospital, recall, line_id, n, quantity, reason, closed_by) "
        "VALUES ('H1', 'R1', $1, 1, 1, 'told', 'wang')"
    )
    await house.pool.execute(closes, line_id)
    assert (await line(house))["last_closed_chance"] == "0.0000"
    with pytest.raises(asyncpg.NotNullViolationError):
        await house.pool.execute(closes, scan_id(7))
    with pytest.raises(asyncpg.CheckViolationError, match="certain_has_no_chance"):
        await house.pool.execute(
            "INSERT INTO udi.recall_closing SELECT hospital, recall, line_id, 2, quantity, reason, closed_by, "
            "closed_at, 0.5, true FROM udi.recall_closing"
        )
    await house.pool.execute("ALTER TABLE udi.recall_closing DISABLE TRIGGER keep_chance")
    [protected] = [each for each in checks() if each.name == "books-refuse-changes"]
    async with house.pool.acquire() as connection:
        found = await run_check(connection, protected)
    assert [(row["book"], row["protection"]) for row in found.first] == [("recall_closing", "keep_chance")]


async def test_what_was_closed_before_chances_were_kept_is_open_again_only_when_it_is_certain(
    empty_database: str,
) -> None:
    """Books of the version before, brought up to date: one line closed as possible, one as certain."""
    possible, certain = scan_id(1), scan_id(2)
    async with transaction(empty_database) as made:
        await made.run_sync(upgraded, "0078")
    connection = await asyncpg.connect(empty_database)
    for version in (1, 2):
        await connection.execute(
            "INSERT INTO udi.recall (hospital, recall, version, fact, body, recorded_at) "
            "VALUES ('H1', 'R1', $1::int, $1::int, $2, $3)", version, body(naming(version, "BAD")), NOON,
        )  # fmt: skip
        for line_id, chance in ((possible, "0.2" if version == 1 else None), (certain, None)):
            await connection.execute(
                "INSERT INTO udi.recall_line (hospital, recall, version, line_id, kind, quantity, chance) "
                "VALUES ('H1', 'R1', $1, $2, $3, 1, $4)",
                version, line_id, "certain" if chance is None else "possible", chance and Decimal(chance),
            )  # fmt: skip
            if version == 1:
                await connection.execute(
                    "INSERT INTO udi.recall_closing (hospital, recall, line_id, n, quantity, reason, closed_by) "
                    "VALUES ('H1', 'R1', $1, 1, 1, 'told', 'wang')", line_id,
                )  # fmt: skip
    async with transaction(empty_database) as made:
        await made.run_sync(upgraded, "head")

    rows = await connection.fetch("SELECT version, line_id, status, reopened FROM report.recall_lines_2 ORDER BY 1, 2")
    kept = await connection.fetch("SELECT chance, certain FROM udi.recall_closing ORDER BY line_id")
    assert [tuple(row) for row in rows] == [
        (1, possible, "closed", None), (1, certain, "closed", None),
        (2, possible, "open", "certain"), (2, certain, "closed", None),
    ]  # fmt: skip
    assert [tuple(row) for row in kept] == [(None, False), (None, True)]
    with pytest.raises(asyncpg.RestrictViolationError):
        await connection.execute("UPDATE udi.recall_closing SET chance = 0.2")
    await connection.execute("UPDATE udi.recall_line SET kind = 'possible', chance = 1 WHERE version = 2")
    after = await connection.fetch("SELECT status FROM report.recall_lines_2 WHERE version = 2")
    assert [row["status"] for row in after] == ["closed", "closed"]
    await connection.close()


def upgraded(connection: Connection, revision: str) -> None:
    config = Config()
    config.set_main_option("script_location", "sinks/postgres/migrations")
    config.attributes["connection"] = connection
    command.upgrade(config, revision)
