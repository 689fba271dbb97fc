"""What the look-ups of the README print stands in the docs as it is printed, in both languages."""

import asyncio
import csv
import io
import re
from collections.abc import AsyncIterator, Iterator
from typing import Final

import pytest
from rich.cells import cell_len
from typer.testing import CliRunner

from streams import language
from streams.cli.main import app
from streams.embedded.broker import EmbeddedBroker
from tests.support.installed import Installed, installed
from tests.support.terminal import COLUMNS, ROOT, shape

PAGES: Final = {"en": ROOT / "docs" / "look-ups.md", "zh-CN": ROOT / "docs" / "zh-CN" / "look-ups.md"}
SERVICES: Final = {"demo", "run", "init"}
"""Commands of the README that look nothing up."""
ONE_THING: Final = {"status", "scan"}
"""Look-ups that are a page, not a list."""


@pytest.fixture
async def house(told: str, embedded_broker: EmbeddedBroker) -> AsyncIterator[Installed]:
    async with installed(told, embedded_broker) as made:
        yield made
    language.choose("en")


def quoted(locale: str) -> Iterator[tuple[list[str], str]]:
    """Each command of the page and what stands below it."""
    text = PAGES[locale].read_text(encoding="utf-8")
    for command, printed in re.findall(r"```sh\nudi ([^\n]+)\n```\n\n```text\n(.*?)```", text, re.DOTALL):
        yield command.split(), printed


async def printed(house: Installed, locale: str, arguments: list[str]) -> str:
    """The command at a terminal of 80 columns."""
    environment = dict(house.environment) | {"COLUMNS": str(COLUMNS)}
    done = await asyncio.to_thread(CliRunner().invoke, app, ["--lang", locale, *arguments], env=environment)
    assert not done.exception or isinstance(done.exception, SystemExit), done.exception
    return done.stdout


def alike(text: str) -> list[str]:
    """As `shape`; addresses and sums of bytes differ, too, and so does the unit of an age."""
    text = re.sub(r"/test_[0-9a-f]+", "/udistream", text)
    text = re.sub(r"\b[0-9a-f]{64}\b|…?\b[0-9a-f]{8}\b", "ID", text)
    return [re.sub(r"N (?:d|h|min|天|小时|分钟)|\bnow\b|现在", "AGE", line) for line in shape(text)]


@pytest.mark.parametrize("locale", PAGES)
async def test_the_page_shows_what_is_printed(house: Installed, locale: str) -> None:
    for arguments, below in quoted(locale):
        found = await printed(house, locale, arguments)
        assert max(map(cell_len, found.splitlines())) <= COLUMNS
        assert alike(found) == alike(below), arguments


async def test_every_list_of_the_page_is_a_table_for_a_spreadsheet(house: Installed) -> None:
    for arguments, _ in quoted("en"):
        if arguments[0] not in ONE_THING:
            found = (await printed(house, "en", [*arguments, "--csv", "-"])).removeprefix("\ufeff")
            heading, *rows = csv.reader(io.StringIO(found, newline=""))
            assert rows, arguments
            assert {len(row) for row in rows} == {len(heading)}, arguments
            if arguments[0] != "case":  # Its published versions keep their gaps in a cell.
                assert not [cell for row in rows for cell in row if cell.startswith(("[{", "{"))], arguments


@pytest.mark.parametrize("locale", PAGES)
def test_every_look_up_of_the_readme_is_on_the_page(locale: str) -> None:
    text = (ROOT / "README.md").read_text(encoding="utf-8")
    named = {tuple(each.split()) for each in re.findall(r"^\.venv/bin/udi ((?:[a-z-]+ ?)+)", text, re.MULTILINE)}
    shown = [tuple(arguments) for arguments, _ in quoted(locale)]
    looks = {each for each in named if each[0] not in SERVICES}
    assert looks
    assert [each for each in looks if not any(other[: len(each)] == each for other in shown)] == []
