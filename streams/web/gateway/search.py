"""The catalogue as a person searches it: by code, by name, by the initials of its pinyin (拼音简码)."""

import asyncio
import time
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from pypinyin import Style, pinyin

from sinks.postgres.web.items import ItemBooks, ItemVersion

KNOWN_SECONDS: Final = 2.0
"""How old what is found may be."""


def initials_of(name: str) -> str:
    """The first letters of a name's pinyin, in lower case; letters and digits as they are.

    >>> initials_of("髓内钉 A2")
    'snda2'
    """
    parts = pinyin(name, style=Style.FIRST_LETTER, errors=lambda rest: "".join(filter(str.isalnum, rest)))
    return "".join(part[0] for part in parts).lower()


@dataclass(frozen=True, slots=True)
class Entry:
    """An item as it is searched."""

    item_code: str
    """The item's code in the HIS catalogue."""
    name: str
    """As the catalogue names it."""
    code_lower: str
    """The code in small letters, to compare with."""
    name_lower: str
    """The name in small letters, to compare with."""
    initials: str
    """Of the name in pinyin (拼音简码), small."""
    fields: dict[str, Any]
    """As the HIS sent them."""

    def rank(self, wanted: str) -> int | None:
        """How well it fits, 0 best; `None` when it does not."""
        for rank, fits in enumerate((
            wanted == self.code_lower,
            self.code_lower.startswith(wanted),
            self.name_lower.startswith(wanted),
            self.initials.startswith(wanted),
            wanted in self.name_lower,
            wanted in self.code_lower,
            wanted in self.initials,
        )):  # fmt: skip
            if fits:
                return rank
        return None


class Search:
    """The catalogue in memory, brought up to date when it is asked."""

    def __init__(self, books: ItemBooks) -> None:
        self._books = books
        self._entries: dict[str, dict[str, Entry]] = defaultdict(dict)
        self._names: dict[str, dict[str, str]] = defaultdict(dict)
        self._version = 0
        self._asked_at = -KNOWN_SECONDS
        self._asking = asyncio.Lock()

    async def find(self, hospital: str, wanted: str, limit: int) -> Sequence[Entry]:
        """The items of a hospital that fit, the best first."""
        await self._catch_up()
        text = wanted.strip().lower()
        ranked = [(rank, each) for each in self._entries[hospital].values() if (rank := each.rank(text)) is not None]
        ranked.sort(key=lambda pair: (pair[0], pair[1].item_code))
        return [each for _, each in ranked[:limit]]

    async def names(self, hospital: str) -> Mapping[str, str]:
        """The name of every item of a hospital by its code, also of those that have ended."""
        await self._catch_up()
        return self._names[hospital]

    async def monitored(self, hospital: str) -> list[str]:
        """Codes of the items that are monitored."""
        await self._catch_up()
        return [code for code, each in self._entries[hospital].items() if each.fields.get("monitored")]

    async def _catch_up(self) -> None:
        async with self._asking:
            if time.monotonic() - self._asked_at < KNOWN_SECONDS:
                return
            versions = await self._books.since(self._version)
            for each in versions:
                self._put(each)
            self._asked_at = time.monotonic()

    def _put(self, each: ItemVersion) -> None:
        self._version = max(self._version, each.version)
        if not each.fields:
            self._entries[each.hospital].pop(each.item_code, None)
            return
        name = str(each.fields.get("name", ""))
        self._names[each.hospital][each.item_code] = name
        self._entries[each.hospital][each.item_code] = Entry(
            each.item_code, name, each.item_code.lower(), name.lower(), initials_of(name), each.fields
        )
