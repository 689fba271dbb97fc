"""Which insurance code holds on which day: published lists of codes that were ended or replaced, as chains.

References:
    docs/semantics/catalogue.md, "Insurance codes".
"""

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any, Final, NamedTuple

from models.catalogue.item import INSURANCE_CODE


@dataclass(frozen=True, slots=True)
class ListedCode:
    """A row of a published list."""

    row: int
    """Number of the row in its file."""
    code: str
    """The code it is about."""
    from_on: date | None
    """First local day on which it is valid; `None`: since ever, or since its predecessor ended."""
    to_on: date | None
    """The day after the last; `None`: it is valid."""
    successor: str | None
    """The code that replaces it from `to_on` on; `None`: none does."""


class Refused(NamedTuple):
    """A row of which nothing is used."""

    row: int
    """Number of the row in its file."""
    column: str
    """The column that is wrong."""
    reason: str
    """What was expected and what came."""


class Succession:
    """The codes of a list, each with what came before and what follows it."""

    def __init__(self, listed: Iterable[ListedCode]) -> None:
        rows = list(listed)
        self.refused: list[Refused] = []
        """Rows that contradict themselves or each other."""
        known = dict[str, ListedCode]()
        for row in rows:
            wrong = _wrong(row) or _second(row, known.get(row.code))
            if wrong is None:
                known[row.code] = row
            else:
                self.refused.append(Refused(row.row, *wrong))
        for row in known.values():
            way = _round(row, known)
            if way is not None:
                self.refused.append(Refused(row.row, "successor", f"expected an end, it follows itself: {way}"))
        gone = {each.row for each in self.refused}
        self._known: dict[str, ListedCode] = {code: row for code, row in known.items() if row.row not in gone}
        self._before = _only_predecessors(self._known.values())
        self.refused.sort()

    def days_of(self, code: str) -> list[dict[str, Any]] | None:
        """Every code of the chain that the code is in, as `insurance_codes` of an item; `None`: the list has none."""
        chain = list(self._chain(code))
        if len(chain) == 1 and code not in self._known:
            return None
        days, begins = list[dict[str, Any]](), None
        for each in chain:
            row = self._known.get(each)
            from_on = (row.from_on if row is not None else None) or begins
            begins = row.to_on if row is not None else None
            found = {"code": each, "from": from_on, "to": begins}
            days.append({name: str(value) for name, value in found.items() if value is not None})
        return days

    def _chain(self, code: str) -> Iterator[str]:
        first = code
        while first in self._before:
            first = self._before[first]
        at: str | None = first
        while at is not None:
            yield at
            row = self._known.get(at)
            at = row.successor if row is not None else None


def _wrong(row: ListedCode) -> tuple[str, str] | None:
    for column, code in (("code", row.code), ("successor", row.successor)):
        if code is not None and not INSURANCE_CODE.fullmatch(code):
            return column, f"expected C and 19 digits, or 26 with the specification, got {code!r}"
    if row.from_on is not None and row.to_on is not None and row.to_on <= row.from_on:
        return "to", f"expected a day after {row.from_on}, got {row.to_on}"
    if row.successor is not None and row.to_on is None:
        return "to", "expected the day from which the successor holds, got none"
    return None


def _second(row: ListedCode, first: ListedCode | None) -> tuple[str, str] | None:
    if first is None or (first.from_on, first.to_on, first.successor) == (row.from_on, row.to_on, row.successor):
        return None
    return "code", f"expected every code once, row {first.row} says something else of it"


def _round(row: ListedCode, known: Mapping[str, ListedCode]) -> str | None:
    """The way from a code back to itself."""
    way, at = [row.code], row.successor
    while at is not None and at not in way:
        way.append(at)
        at = known[at].successor if at in known else None
    return _ARROW.join([*way, row.code]) if at == row.code else None


_ARROW: Final = " → "


def _only_predecessors(rows: Iterable[ListedCode]) -> dict[str, str]:
    """What each code has replaced, where it is one: of several nobody can say which an item had."""
    replaced = [(row.successor, row.code) for row in rows if row.successor is not None]
    many = Counter(successor for successor, _ in replaced)
    return {successor: code for successor, code in replaced if many[successor] == 1}
