"""Lists in Chinese, over books in which persons wrote phrases of ours by chance: codes are told, their words not."""

import asyncio
import re
from collections.abc import AsyncIterator
from typing import Final

import pytest
from typer.testing import CliRunner

from models.wording import LOCALES
from streams import language
from streams.cli.main import app
from streams.embedded.broker import EmbeddedBroker
from tests.integration.operating.test_desk import LISTS
from tests.support.builders import scan_id
from tests.support.installed import Installed, installed

CHINESE: Final = LOCALES[1]
WRITTEN: Final = (
    ("held", "give", str(scan_id(22)), "--to", "nobody", "--by", "closed"),
    ("breaker", "open", "CLIP", "--reason", "no longer used", "--by", "open"),
    ("ceiling", "set", "100.00", "--item", "CLIP", "--reason", "unknown item", "--by", "closed"),
    ("approve", "CLIP", "--encounter", "E1", "--until", "2030-01-01", "--reason", "no identifier", "--by", "lot"),
    ("policy", "H1", "--return-clock", "600", "--reason", "not needed any more", "--by", "missing"),
    ("count", "start", "OR-2", "--by", "found"),
    ("count", "cancel", "C-OR-2-1", "--reason", "no lot", "--by", "expired"),
)  # fmt: skip
"""What persons do, each in words that are phrases or codes of ours, too."""
WORDS: Final[tuple[tuple[str, ...], ...]] = (
    ("breaker", "no longer used", "open"), ("ceiling", "unknown item", "closed"), ("approvals", "no identifier", "lot"),
    ("policy", "not needed any more", "missing"), ("count show", "found", "no lot", "expired"),
)  # fmt: skip
"""Lists, and what of these words must stand in them."""
MORE: Final = (("stock", "--moves"), ("stock", "--elsewhere"), ("stock", "--unknown-stores"), ("stock", "--packs"),
               ("count", "show"), ("sets",), ("cabinets",), ("orders",), ("orders", "show"), ("expiring", "--slow"),
               ("catalogue", "codes"), ("differences",), ("figures", "2022-06"), ("month", "report", "2022-06"),
               ("ratios", "2022-06"), ("replay", "--dead-letters"), ("account", "list"), ("device", "list"),
               ("breaker", "overrides"), ("raw", "months"))  # fmt: skip
OURS: Final = re.compile(r"`[^`]*`|udi [a-z-]+|“[^”]*”|'[^']*'|psql \S+|UTF-8 的 JSON：.*|:\s*\{.*")
"""Commands and names of options: the same in both languages."""
ENGLISH: Final = re.compile(r"(?<![\w./{<\[…-])[a-z]{3,}(?:[- ][a-z]+)*(?![\w./-])")
DATA: Final = {
    "wang", "udi", "gun", "nobody asked for it", "fell down", "seen with the HIS", "growth-month-on-month", "new-item",
    "growth-year-on-year", "top-three-three-months", "udistream", "internal", "not json", "looked at it",
}  # fmt: skip
"""What the story's persons, the study's rules and scanners are called, and what they wrote."""


@pytest.fixture
async def house(told: str, embedded_broker: EmbeddedBroker) -> AsyncIterator[Installed]:
    async with installed(told, embedded_broker) as made:
        yield made
    language.choose("en")


async def chinese(house: Installed, *arguments: str) -> str:
    environment = dict(house.environment) | {"COLUMNS": "200"}
    words = ["--lang", CHINESE, *arguments]
    return (await asyncio.to_thread(CliRunner().invoke, app, words, env=environment)).output


async def test_no_list_shows_a_code_in_chinese_and_every_list_shows_a_persons_words_as_they_are(
    house: Installed,
) -> None:
    words: tuple[str, ...]
    for words in WRITTEN:
        said = await chinese(house, *words)
        assert "udi: " not in said, said

    for list_, *written in WORDS:
        shown = await chinese(house, *list_.split())
        assert [each for each in written if each not in shown] == [], shown

    persons = {word for _, *written in WORDS for word in written} | DATA
    left = []
    every: tuple[tuple[str, ...], ...] = (*LISTS, *MORE)
    for words in every:
        shown = await chinese(house, *words)
        for line in shown.splitlines():
            bare = OURS.sub("", line)
            for each in sorted(persons, key=len, reverse=True):
                bare = re.sub(rf"(?<![\w-]){re.escape(each)}(?![\w-])", "", bare)
            left += [(" ".join(words), found) for found in ENGLISH.findall(bare)]
    assert left == [], "\n".join(map(str, left))
