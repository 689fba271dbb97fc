"""Tables in which several rows make one record: each row is a line of it (docs/store.md, "Recall")."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final
from zoneinfo import ZoneInfo

from streams.cli.loading.flat_rows import BadRow, Form, record_of
from streams.cli.loading.sheets import SheetRow


@dataclass(frozen=True, slots=True)
class Grouping:
    """How the columns of a table divide into those of the record and those of its lines."""

    form: Form
    """How each column is read."""
    of_record: tuple[str, ...]
    """Columns that all rows of a record must have alike."""
    by: tuple[str, ...]
    """Of them, those that tell records apart."""
    lines: str = "lines"
    """What the record calls them."""


@dataclass(slots=True)
class Group:
    """A record as its rows make it."""

    row: int
    """The first of them."""
    record: dict[str, Any]
    """Fields of the record."""
    name: str
    """Of its lines."""
    lines: list[dict[str, Any]] = field(default_factory=list)
    """Fields of each line."""

    def whole(self) -> dict[str, Any]:
        """The record with its lines; a row without any column of a line makes none."""
        return self.record | {self.name: [line for line in self.lines if line]}


SCHEMA: Final = "schema"


def group_rows(grouping: Grouping, rows: Sequence[SheetRow], zone: ZoneInfo) -> tuple[list[Group], list[BadRow]]:
    """The records of a table, and its bad rows. A record with a bad row is not loaded at all."""
    groups: dict[tuple[Any, ...], Group] = {}
    bad: list[BadRow] = []
    spoilt: set[tuple[Any, ...]] = set()
    for row in rows:
        record = record_of(row, grouping.form, zone)
        key = _key(grouping, record if isinstance(record, dict) else row.cells)
        if isinstance(record, BadRow):
            bad.append(record)
            spoilt.add(key)
            continue
        head = {name: value for name, value in record.items() if name == SCHEMA or name in grouping.of_record}
        group = groups.setdefault(key, Group(row.number, head, grouping.lines))
        if group.record != head:
            names = [name for name in grouping.of_record if group.record.get(name) != head.get(name)]
            bad.append(BadRow(row.number, names[0], f"expected the same as in row {group.row}, its record's first"))
            spoilt.add(key)
            continue
        group.lines.append({name: value for name, value in record.items() if name not in head})
    bad += [
        BadRow(group.row, "", "expected no bad row in its record; none of its rows is loaded")
        for key, group in groups.items()
        if key in spoilt
    ]
    return [group for key, group in groups.items() if key not in spoilt], bad


def _key(grouping: Grouping, values: Mapping[str, Any]) -> tuple[Any, ...]:
    return tuple(str(values.get(name)) for name in grouping.by)
