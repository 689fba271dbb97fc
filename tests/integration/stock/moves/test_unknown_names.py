"""What the books do not know is refused: a hospital by every command, a store or supplier by those of the store."""

from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import Any

import pytest
import typer

from sinks.postgres.stock.names import Named, names_of
from streams import language
from streams.cli.connection import unknown
from streams.cli.loading.load import TABLES
from streams.cli.main import app
from streams.embedded.broker import EmbeddedBroker
from tests.integration.stock.cabinets.reading import Cabinet, read, tag
from tests.integration.stock.moves.test_store_names import tell
from tests.support.builders import item, scan
from tests.support.every_command import every_command, files_in, typed
from tests.support.installed import Installed, installed
from tests.support.ward import PostgresStore

NAMED = ("store", "supplier")
TELLING = {"device add", "account add", "rules draft", *(f"load {kind}" for kind in (*TABLES, "udid"))}
"""Commands that tell something of a hospital, which may be new; `policy` is one when it sets something."""
INSTEAD = {"differences ask": ["differences", "ask", "--reason", "a test"]}
"""What is typed of commands that take a hospital or what `typed` gives them."""


@pytest.fixture
async def house(told: str, embedded_broker: EmbeddedBroker) -> AsyncIterator[Installed]:
    async with installed(told, embedded_broker) as made:
        yield made


def taking() -> Iterator[tuple[str, str, bool]]:
    """(command, what it takes, whether that is an option), found by walking the tree."""
    for command in every_command():
        found: Any = typer.main.get_command(app)
        for word in command.split():
            found = found.commands[word]
        of_store = found.callback.__module__.startswith("streams.cli.stock.")
        for each in found.params:
            if (each.name == "hospital" and command not in TELLING) or (of_store and each.name in NAMED):
                yield command, each.name, each.param_type_name == "option"


def test_the_commands_that_take_names_are_found() -> None:
    found = {(command, name) for command, name, _ in taking()}
    assert found >= {
        ("stock", "store"), ("cabinets", "store"), ("orders", "store"), ("orders forecast", "hospital"),
        ("epcis", "hospital"), ("expiring", "store"), ("count start", "store"), ("statement", "supplier"),
        ("recall", "hospital"), ("sets", "hospital"), ("receiving", "hospital"), ("trace", "hospital"),
        ("case", "hospital"), ("differences", "hospital"), ("tie-out", "hospital"), ("month close", "hospital"),
        ("policy", "hospital"), ("rules list", "hospital"), ("findings", "hospital"), ("held reject", "hospital"),
    }  # fmt: skip
    assert len(found) > 60


async def test_every_command_refuses_a_name_that_the_books_do_not_know(house: Installed, tmp_path: Path) -> None:
    files, wrong = files_in(tmp_path), []
    for command, name, is_option in taking():
        words = INSTEAD.get(command) or typed(command, files)
        if is_option:
            words = [*words, f"--{name}", "NOPE"]
        elif len(words) > (at := len(command.split())):
            words[at] = "NOPE"
        else:
            words.append("NOPE")
        answer = await house.udi(*words)
        what = f"--{name}" if is_option else name.upper()
        said = answer.stderr.startswith(f"udi: {what}: expected one of ") and answer.stderr.endswith("got 'NOPE'.\n")
        if not said or (answer.exit_code, answer.stdout) != (2, ""):
            wrong.append((words, answer.output))
    assert wrong == []


async def test_it_is_said_in_chinese_and_every_list_of_stock_asks(house: Installed) -> None:
    for option in ("--negative", "--packs", "--uses", "--elsewhere", "--moves", "--unknown-stores"):
        answer = await house.udi("--lang", "zh-CN", "stock", option, "--store", "NOPE")
        language.choose("en")
        assert (answer.exit_code, answer.stdout) == (2, ""), (option, answer.output)
        assert answer.stderr.startswith("udi: --store："), (option, answer.output)
        assert "得到 'NOPE'" in answer.stderr


async def test_an_item_that_nobody_knows_is_refused_and_one_without_stock_is_not(house: Installed) -> None:
    await house.ward.learn(item(item_code="RARE", identifiers=[]))
    for more in ((), ("--negative",), ("--packs",), ("--uses",), ("--elsewhere",), ("--at", "2022-06-02")):
        refused = await house.udi("stock", "--item", "SCERW", *more)
        said = "udi: Expected an item of the catalogue, found none with code 'SCERW'.\n"
        assert (refused.exit_code, refused.stdout, refused.stderr) == (2, "", said), more
        assert (await house.udi("stock", "--item", "RARE", *more)).exit_code == 0, more


async def test_a_store_that_nobody_has_told_is_known_by_what_lies_or_is_read_there(house: Installed) -> None:
    await tell(PostgresStore(house.pool), "OR-2")
    await house.ward.scan(scan(7000, store="OR-66"))
    await Cabinet(house.pool).sees(read(1, tag(1), store="OR-77"))
    for store in ("OR-66", "OR-77", "OR-77/cab1"):
        assert (await house.udi("stock", "--unknown-stores", "--store", store)).exit_code == 0
    known, listed = await names_of(house.pool, Named.STORE, "H1")
    assert {"OR-2", "OR-66", "OR-77"} <= known & set(listed)
    assert "OR-77/cab1" not in listed
    here = await names_of(house.pool, Named.STORE, "H404")
    assert here == (frozenset(), [])


async def test_a_supplier_is_known_by_an_item_by_goods_or_by_what_is_owed(house: Installed) -> None:
    known, listed = await names_of(house.pool, Named.SUPPLIER, "H1")
    assert known == set(listed)
    owed = {row["supplier"] for row in await house.pool.fetch("SELECT DISTINCT supplier FROM udi.settlement")}
    assert owed
    assert owed <= known
    assert (await house.udi("statement", min(owed), "2022-06")).exit_code == 0


def test_all_names_are_said_or_of_many_the_nearest() -> None:
    assert unknown("--store", "OR-2", []) == (
        "--store: expected a name that the books know, they know none yet, got 'OR-2'."
    )
    ten = [f"OR-{number}" for number in range(10)]
    assert unknown("--store", "X", ten) == f"--store: expected one of {', '.join(ten)}, got 'X'."
    many = sorted([*(f"ward-{number}" for number in range(2000)), "OR-2", "or-22"])
    said = unknown("STORE", "or-2", many)
    assert said.startswith("STORE: expected one of 2,002 names, like OR-2, or-22, ")
    assert said.endswith(", got 'or-2'.")
    assert said.count(", ") == 11
