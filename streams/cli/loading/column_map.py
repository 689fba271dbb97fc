"""Headings of the files people have, as the columns they mean: known ones are proposed, a person's own map decides.

References:
    docs/commands.md, "Files", "Headings of others". The known headings are in `columns.toml`: names usual in material
    dictionaries, charge masters, lists of the insurance and the export of the national database. Own collection.
"""

import difflib
import re
import tomllib
import unicodedata
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from enum import StrEnum
from functools import cache
from importlib.resources import files
from pathlib import Path
from typing import Any, Final

from streams.cli.loading.grids import SheetError
from streams.cli.loading.sheets import Sheet, sheet_of


class Kind(StrEnum):
    """What can be loaded."""

    CATALOGUE = "catalogue"
    ENCOUNTERS = "encounters"
    HIS_CHARGES = "his-charges"
    DISCHARGES = "discharges"
    INCOME = "income"
    RECALLS = "recalls"
    STORES = "stores"
    DELIVERIES = "deliveries"
    UDID = "udid"
    """The national database: into the items that have one of its identifiers."""
    SCANNERS = "scanners"
    """Into the books themselves, not onto a topic."""
    QUOTAS = "quotas"
    """As above."""
    INSURANCE_CODES = "insurance-codes"
    """Lists of codes that were ended or replaced: into the items that have one of them."""


@dataclass(frozen=True, slots=True)
class ColumnText:
    """What a column is called and holds."""

    headings: tuple[str, ...]
    """Other names of it, the most usual first."""
    holds: Mapping[str, str]
    """By locale."""
    example: str
    """A value as it may stand in the table."""


@dataclass(frozen=True, slots=True)
class ColumnMap:
    """Which heading of a file is which column."""

    columns: Mapping[str, str]
    """Column by heading as it is written."""
    unread: tuple[str, ...] = ()
    """Headings whose cells are not read."""

    @property
    def is_own(self) -> bool:
        """Whether the file has the columns' own names and no others: there is nothing to propose."""
        return not self.unread and all(heading.lower() == column for heading, column in self.columns.items())


_NOTES: Final = re.compile(r"[(\[【](元|人民币|必填|选填|可选|cny|rmb|yuan|required|optional)[)\]】]")
_BETWEEN: Final = re.compile(r"[\s_*:/.、-]")


def plain(heading: str) -> str:
    """A heading without case, blanks, signs and notes like `(必填)`; units other than yuan stay: they change figures.

    >>> plain("零售价（元）*"), plain("Item Code"), plain("金额(万元)")
    ('零售价', 'itemcode', '金额(万元)')
    """
    text = unicodedata.normalize("NFKC", heading).lower()
    return _BETWEEN.sub("", _NOTES.sub("", text))


def column_text(kind: str, column: str) -> ColumnText:
    """What is said of a column.

    Raises:
        KeyError: nothing is.
    """
    found = _found(kind, column)
    if found is None:
        raise KeyError(column)
    holds = {name: text for name, text in found.items() if isinstance(text, str) and name != "example"}
    return ColumnText(tuple(found["headings"]), holds, found.get("example", ""))


def read_mapped(
    kind: Kind, file: Path, names: Collection[str], given: ColumnMap | None = None, *, to_save: bool = False
) -> tuple[Sheet, ColumnMap]:
    """The table of a file with its columns called by `names`, and the map that did it: the given one or a proposal.

    A proposal that is only to be saved may leave everything open.

    Raises:
        OSError: the file can't be read.
        SheetError: it is no table, or has a column that nobody knows.
    """
    return mapped_sheet(kind, file.read_bytes(), names, given, to_save=to_save)


def mapped_sheet(
    kind: Kind, content: bytes, names: Collection[str], given: ColumnMap | None = None, *, to_save: bool = False
) -> tuple[Sheet, ColumnMap]:
    """The table of a file by its content; see `read_mapped`.

    Raises:
        SheetError: it is no table, or has a column that nobody knows.
    """
    known = _known(kind, names) | ({plain(each): name for each, name in given.columns.items()} if given else {})
    sheet = sheet_of(content, lambda text: plain(text) in known)
    if given is not None:
        found = _by_map(sheet, names, given)
    else:
        found = _proposed(sheet, names, known)
        unknown = [heading for heading in found.unread if plain(heading) not in {*_ignored(), *known}]
        own = all(heading.lower() == name for heading, name in found.columns.items())
        # Among the columns' own names a stranger is a typing error, which would silently load items without prices.
        if unknown and own and not to_save:
            raise SheetError(f"Row {sheet.heading_row}: {_no_column(unknown, names)}.")
    return _renamed(sheet, found), found


def read_map(file: Path, names: Collection[str]) -> ColumnMap:
    """A person's own map: a TOML file with the table `columns`; a heading that stands for `""` is not read.

    Raises:
        OSError: the file can't be read.
        SheetError: it is no map, or names a column that there is not.
    """
    try:
        columns = tomllib.loads(file.read_text(encoding="utf-8-sig")).get("columns")
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise SheetError(f"Expected a column map in TOML: {error}.") from None
    if not isinstance(columns, dict) or not all(isinstance(name, str) for name in columns.values()):
        raise SheetError('Expected a table [columns] with lines "heading" = "column".')
    wrong = [name for name in columns.values() if name and name not in names]
    if wrong:
        raise SheetError(f"{_no_column(wrong, names)}.")
    named = {heading: name for heading, name in columns.items() if name}
    return ColumnMap(named, tuple(heading for heading, name in columns.items() if not name))


def as_toml(kind: Kind, found: ColumnMap) -> str:
    """The map as a file for `--map`."""
    lines = [f"{_quoted(heading)} = {_quoted(name)}" for heading, name in found.columns.items()]
    lines += [f'{_quoted(heading)} = ""' for heading in found.unread]
    return "\n".join((f'# udi load {kind} --map: "heading" = "column"; "" is not read.', "[columns]", *lines, ""))


def _quoted(text: str) -> str:
    return '"' + text.replace("\\", "\\\\").replace('"', '\\"') + '"'


@cache
def _texts() -> dict[str, dict[str, Any]]:
    text = (files("streams") / "cli" / "loading" / "columns.toml").read_text(encoding="utf-8")
    return tomllib.loads(text)


def _found(kind: str, column: str) -> dict[str, Any] | None:
    found: dict[str, Any] | None = _texts().get(kind, {}).get(column) or _texts()["any"].get(column)
    return found


@cache
def _ignored() -> frozenset[str]:
    missing = (heading for text in _texts()["no_field"].values() for heading in text["headings"])
    return frozenset(map(plain, [*_texts()["ignored"]["headings"], *missing]))


def why_unread(heading: str, locale: str) -> str | None:
    """Why a heading that is known, and that people ask after, is not read; `None` when there is nothing to say."""
    found = (text for text in _texts()["no_field"].values() if plain(heading) in map(plain, text["headings"]))
    return next((text[locale] for text in found), None)


def _known(kind: Kind, names: Collection[str]) -> dict[str, str]:
    """The column by heading, both plain; where two have a heading in common, the first column that is named has it."""
    known = {plain(name): name for name in names}
    for name in names:
        # A column that nobody has explained yet is known by its own name.
        for heading in (_found(kind, name) or {"headings": ()})["headings"]:
            known.setdefault(plain(heading), name)
    return known


def _proposed(sheet: Sheet, names: Collection[str], known: Mapping[str, str]) -> ColumnMap:
    """Own names first, then known headings: of several for one column the most usual, the others are not read."""
    found = {heading: heading.lower() for heading in sheet.headings if heading.lower() in names}
    rank = {heading: place for place, heading in enumerate(known)}
    for heading in sorted(sheet.headings, key=lambda each: rank.get(plain(each), len(rank))):
        name = known.get(plain(heading))
        if heading not in found and name is not None and name not in found.values():
            found[heading] = name
    unread = [heading for heading in sheet.headings if heading not in found]
    return ColumnMap({each: found[each] for each in sheet.headings if each in found}, tuple(unread))


def _by_map(sheet: Sheet, names: Collection[str], given: ColumnMap) -> ColumnMap:
    said = {plain(heading): name for heading, name in given.columns.items()}
    left_out = set(map(plain, given.unread))
    found = {each: said.get(plain(each)) or each.lower() for each in sheet.headings if plain(each) not in left_out}
    unknown = [heading for heading, name in found.items() if name not in names]
    if unknown:
        raise SheetError(f"Row {sheet.heading_row}: {_no_column(unknown, names)}; the map does not name it.")
    twice = next((name for name in found.values() if list(found.values()).count(name) > 1), None)
    if twice is not None:
        raise SheetError(f"Row {sheet.heading_row}: expected one heading for {twice}, the map gives two.")
    return ColumnMap(found, tuple(each for each in sheet.headings if each not in found))


def _no_column(wrong: Sequence[str], names: Collection[str]) -> str:
    """The stranger first, then what there is."""
    near = difflib.get_close_matches(wrong[0].lower(), list(names), 1)
    named, known = ", ".join(map(repr, wrong)), ", ".join(names)
    if near:
        return f"no column is called {named} (meant {near[0]!r}?); expected columns out of {known}"
    return f"no column is called {named}; expected columns out of {known}"


def _renamed(sheet: Sheet, found: ColumnMap) -> Sheet:
    names = {heading.lower(): name for heading, name in found.columns.items()}
    rows = [
        replace(
            row,
            cells={names[column]: cell for column, cell in row.cells.items() if column in names},
            formulas=frozenset(names[column] for column in row.formulas if column in names),
        )
        for row in sheet.rows
    ]
    columns = [names[column] for column in sheet.columns if column in names]
    return Sheet(columns, rows, sheet.remarks, list(found.columns), sheet.heading_row)
