"""Files of records as messages of the input topics, and what is wrong with each row (docs/commands.md, "Files")."""

import base64
import binascii
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any, Final
from zoneinfo import ZoneInfo

import orjson

from models.assessment.discharge import read_discharge, read_income
from models.calendar import local_day
from models.catalogue.item import CatalogueItem, read_item
from models.charging.encounter import read_encounter
from models.reconciling.his_charge import read_his_charge
from models.stock.delivery import read_delivery
from models.stock.recall import read_recall
from models.stock.store import read_store
from models.wire.strict_json import Refusal, read_key
from rules.catalogue.checks import CONTRADICTORY, check_item
from streams.cli.loading import flat_rows
from streams.cli.loading.column_map import ColumnMap, Kind, read_mapped
from streams.cli.loading.flat_rows import BadRow, Form, dollar_columns, record_of
from streams.cli.loading.grids import SheetError
from streams.cli.loading.grouped import Grouping, group_rows
from streams.cli.loading.sheets import Sheet, SheetRow, decode_lines
from streams.cli.publishing import Outbound


@dataclass(frozen=True, slots=True)
class Message:
    """A row as the record to publish."""

    row: int
    """Number of the row, as a spreadsheet counts."""
    key: bytes
    """The record's key, as bytes."""
    value: bytes | None
    """The record; `None` ends what the key names."""
    timestamp_ms: int | None = None
    """Of the record; `None`: now."""
    name: tuple[str, str] = ("", "")
    """Hospital, and what its row stands for: a second row of the same name is a newer version."""

    def outbound(self, topic: str) -> Outbound:
        """For the topic of that full name."""
        return Outbound(topic, self.key, self.value, timestamp_ms=self.timestamp_ms)


@dataclass(slots=True)
class Contents:
    """What a file holds."""

    good: list[Message] = field(default_factory=list)
    """Records to publish."""
    bad: list[BadRow] = field(default_factory=list)
    """Rows that can't be loaded, each with its reason."""
    remarks: Sequence[str] = ()
    """What a person should know of how the file was read."""
    doubtful: list[BadRow] = field(default_factory=list)
    """Of rows that are loaded: what somebody should look at."""
    columns: ColumnMap | None = None
    """Which heading was read as which column; `None` when there was no heading."""

    def names(self) -> list[tuple[str, str]]:
        """(hospital, rest of the key) of the good rows that have both."""
        return [name for each in self.good if (name := read_key(each.key))]


FORMS: Final = {
    Kind.CATALOGUE: flat_rows.ITEM, Kind.ENCOUNTERS: flat_rows.ENCOUNTER, Kind.HIS_CHARGES: flat_rows.HIS_CHARGE,
    Kind.DISCHARGES: flat_rows.DISCHARGE, Kind.INCOME: flat_rows.INCOME, Kind.RECALLS: flat_rows.RECALL,
    Kind.STORES: flat_rows.STORE, Kind.DELIVERIES: flat_rows.DELIVERY,
}  # fmt: skip
_GROUPED: Final = {
    Kind.RECALLS: Grouping(
        flat_rows.RECALL,
        ("hospital", "recall", "version", "issued_on", "class", "reason", "ended_on"),
        ("hospital", "recall", "version"),
    ),
    Kind.STORES: Grouping(
        flat_rows.STORE,
        ("hospital", "store", "name", "department", "kind", "parent", "confirms_transfers"),
        ("hospital", "store"),
        "levels",
    ),
    Kind.DELIVERIES: Grouping(
        flat_rows.DELIVERY, ("hospital", "note", "supplier", "store", "expected_on", "ended"), ("hospital", "note")
    ),
}
_READ: Final[dict[Kind, Callable[[bytes | None, bytes], Any]]] = {
    Kind.CATALOGUE: read_item,
    Kind.ENCOUNTERS: read_encounter,
    Kind.HIS_CHARGES: read_his_charge,
    Kind.DISCHARGES: read_discharge,
    Kind.INCOME: read_income,
    Kind.RECALLS: read_recall,
    Kind.STORES: read_store,
    Kind.DELIVERIES: read_delivery,
}


def read_file(
    kind: Kind,
    file: Path,
    zone: ZoneInfo,
    hospital: str | None = None,
    given: ColumnMap | None = None,
) -> Contents:
    """Every row of the file as a message, or what is wrong with it.

    Args:
        kind: One of `FORMS`.
        file: Read whole.
        zone: The hospital's, for instants without offset.
        hospital: For rows that do not name one.
        given: A person's map of the headings; without it known headings are read as `Contents.columns` says.

    Raises:
        OSError: the file can't be read.
        SheetError: it is no file of a known form, or its heading lacks a column.
    """
    with file.open("rb") as opened:
        start = opened.read(64)
    if holds_json(file, start):
        return _read_lines(kind, file.read_bytes(), zone)
    form = FORMS[kind]
    sheet, columns = read_mapped(kind, file, form.columns, given)
    check_heading(sheet, form.required, hospital, form.instead)
    sheet.rows = rows_to_read(sheet, [name for name in form.required if name not in form.instead], hospital)
    contents = _grouped(kind, sheet, zone) if kind in _GROUPED else _one_by_one(kind, sheet, zone)
    contents.columns, contents.remarks = columns, sheet.remarks
    refused = {each.row for each in contents.bad}
    contents.doubtful = [each for each in contents.doubtful if each.row not in refused]
    contents.doubtful += [
        BadRow(row.number, name, "the sign of dollars was read as yuan")
        for row in sheet.rows
        if row.number not in refused
        for name in dollar_columns(row, form)
    ]
    return contents


def check_heading(
    sheet: Sheet, required: Sequence[str], hospital: str | None, instead: Mapping[str, str] | None = None
) -> None:
    """Nothing that is needed may be missing.

    Raises:
        SheetError: something is.
    """
    missing = [name for name in required if name not in sheet.columns]
    missing = [name for name in missing if (instead or {}).get(name) not in sheet.columns]
    if missing == ["hospital"] and hospital is None:
        raise SheetError(
            f"Row {sheet.heading_row}: the column hospital is missing; --hospital CODE gives it to every row."
        )
    missing = [name for name in missing if name != "hospital" or hospital is None]
    if missing:
        raise SheetError(
            f"Row {sheet.heading_row}: expected the columns {', '.join(required)}; {', '.join(missing)} is missing."
        )


def rows_to_read(sheet: Sheet, required: Sequence[str], hospital: str | None) -> list[SheetRow]:
    """The rows without sums and signatures, each with its hospital.

    Those lack something that every row needs; names of who signs may stand in its place, but most cells are empty.
    """
    kept = []
    for row in sheet.rows:
        lacks = any(row.cells.get(name) in {None, ""} for name in required if name in sheet.columns)
        if lacks and row.is_total:
            sheet.remarks.append(f"Row {row.number} is a total and was skipped.")
            continue
        filled = sum(cell not in {None, ""} for cell in row.cells.values())
        if row.is_signature and (lacks or 2 * filled < len(sheet.columns)):
            sheet.remarks.append(f"Row {row.number} is a line of signatures and was skipped.")
            continue
        if hospital is not None:
            row.cells["hospital"] = row.cells.get("hospital") or hospital
        kept.append(row)
    return kept


def _grouped(kind: Kind, sheet: Sheet, zone: ZoneInfo) -> Contents:
    contents = Contents()
    groups, contents.bad = group_rows(_GROUPED[kind], sheet.rows, zone)
    for group in groups:
        made = _message(kind, group.row, None, orjson.dumps(group.whole()))
        contents.bad.append(made) if isinstance(made, BadRow) else contents.good.append(made)
    return contents


def _one_by_one(kind: Kind, sheet: Sheet, zone: ZoneInfo) -> Contents:
    form, contents, seen = FORMS[kind], Contents(), dict[tuple[str, str], Message]()
    today = local_day(datetime.now(UTC), zone)
    for row in sheet.rows:
        record = record_of(row, form, zone)
        message = record if isinstance(record, BadRow) else _message(kind, row.number, None, orjson.dumps(record))
        first = seen.get(message.name) if isinstance(message, Message) else None
        if first is not None and isinstance(message, Message):
            if kind is Kind.HIS_CHARGES and first.value == message.value:
                # Exports that overlap repeat whole lines; one of them says it all.
                continue
            message = BadRow(row.number, form.name, f"expected every one once, it stands in row {first.row}")
        if isinstance(message, Message) and kind is Kind.CATALOGUE:
            message = _checked(message, contents, today)
        if isinstance(message, BadRow):
            contents.bad.append(message)
        else:
            seen[message.name] = message
            contents.good.append(message)
    return contents


def _checked(
    message: Message, contents: Contents, today: date, refuse: frozenset[str] = CONTRADICTORY
) -> Message | BadRow:
    """An item that is loaded, what is doubtful of it noted; or the first thing that contradicts itself."""
    if message.value is None:
        return message
    found = check_item(CatalogueItem.model_validate_json(message.value), today)
    for each in found:
        if each.check in refuse:
            return BadRow(message.row, each.column, each.text)
    contents.doubtful += [BadRow(message.row, each.column, each.text) for each in found]
    return message


def holds_json(file: Path, content: bytes) -> bool:
    """The file is JSON lines, by its name or by how it begins; else it is a table."""
    return content.removeprefix(b"\xef\xbb\xbf").lstrip().startswith(b"{") or file.suffix in {".jsonl", ".ndjson"}


def json_rows(content: bytes) -> Iterator[tuple[int, bytes | BadRow]]:
    """Lines that are not blank with their numbers, from 1; one of another encoding than the rest is a bad row."""
    lines, _, wrong = decode_lines(content)
    for place, line in enumerate(lines):
        if line.strip():
            yield place + 1, BadRow(place + 1, "", wrong[place]) if place in wrong else line.strip().encode()


def _read_lines(kind: Kind, content: bytes, zone: ZoneInfo) -> Contents:
    contents, today = Contents(), local_day(datetime.now(UTC), zone)
    for row, line in json_rows(content):
        message = line if isinstance(line, BadRow) else _line(kind, row, line)
        if isinstance(message, Message) and kind is Kind.CATALOGUE:
            # The HIS's own records are taken as they are.
            message = _checked(message, contents, today, refuse=frozenset())
        if isinstance(message, BadRow):
            contents.bad.append(message)
        else:
            contents.good.append(message)
    return contents


def _line(kind: Kind, number: int, line: bytes) -> Message | BadRow:
    """A record itself, or `{"key", "timestamp", "value"}` with the record as text."""
    try:
        fields = orjson.loads(line)
    except orjson.JSONDecodeError as error:
        return BadRow(number, "", f"expected a JSON object: {error}")
    if not isinstance(fields, dict) or "schema" in fields or not fields.keys() & {"value", "value_base64", "key"}:
        return _message(kind, number, None, line)
    try:
        key = None if fields.get("key") is None else str(fields["key"]).encode()
        value = _value(fields)
        stamp = fields.get("timestamp")
        timestamp = None if stamp is None else int(datetime.fromisoformat(stamp).timestamp() * 1000)
    except (TypeError, ValueError, binascii.Error) as error:
        return BadRow(number, "", f'expected {{"key", "timestamp", "value"}}: {error}')
    return _message(kind, number, key, value, timestamp)


def _value(fields: dict[str, Any]) -> bytes | None:
    if fields.get("value_base64") is not None:
        return base64.b64decode(fields["value_base64"], validate=True)
    value = fields.get("value")
    if value is None or isinstance(value, str):
        return None if value is None else value.encode()
    return orjson.dumps(value)


def _message(
    kind: Kind, number: int, key: bytes | None, value: bytes | None, timestamp_ms: int | None = None
) -> Message | BadRow:
    if value is None:
        if key is None or read_key(key) is None or kind is not Kind.CATALOGUE:
            return BadRow(number, "key", "expected a value, or the key hospital/item_code of an item that ends")
        return Message(number, key, None, timestamp_ms)
    form, read = FORMS[kind], _READ[kind](key, value)
    if isinstance(read, Refusal):
        return _refused(number, read, form)
    record = read[0]
    name = (record.hospital, getattr(record, form.name))
    return Message(number, f"{record.hospital}/{getattr(record, form.key)}".encode(), value, timestamp_ms, name)


def _refused(number: int, refusal: Refusal, form: Form) -> BadRow:
    place, colon, reason = refusal.detail.partition(": ")
    column, _, inner = place.partition(".")
    if colon and column in form.columns:
        return BadRow(number, column, f"{_nth(inner)}{reason}")
    return BadRow(number, "", refusal.detail)


def _nth(inner: str) -> str:
    """`1.di` as the second part of a list and its field, for people."""
    place, _, rest = inner.partition(".")
    if not place.isdecimal():
        return f"{inner}: " if inner else ""
    return f"part {int(place) + 1}{', ' + rest if rest else ''}: "
