"""`udi load`: records of the HIS out of a file onto their topic; every bad row is named."""

import base64
import binascii
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass, field
from datetime import UTC, date, datetime
from enum import StrEnum
from pathlib import Path
from typing import Annotated, Any, Final
from zoneinfo import ZoneInfo

import orjson
import typer

from models.assessment.discharge import read_discharge, read_income
from models.calendar import local_day
from models.catalogue.item import CatalogueItem, read_item
from models.charging.encounter import read_encounter
from models.reconciling.his_charge import read_his_charge
from models.stock.delivery import read_delivery
from models.stock.recall import read_recall
from models.stock.store import read_store
from models.wire.strict_json import Refusal, read_key
from models.wire.topics import CATALOGUE, DELIVERIES, DISCHARGES, ENCOUNTERS, HIS_CHARGES, INCOME, RECALLS, STORES
from rules.catalogue.checks import CONTRADICTORY, check_item
from streams.cli.codes.scanners import load_scanners
from streams.cli.connection import bad, read_settings, run_at_broker
from streams.cli.loading import flat_rows
from streams.cli.loading.flat_rows import DELIVERY, ENCOUNTER, HIS_CHARGE, ITEM, RECALL, STORE, BadRow, Form, record_of
from streams.cli.loading.grouped import Grouping, group_rows
from streams.cli.loading.known_encounters import unknown_encounters
from streams.cli.loading.quotas import load_quotas
from streams.cli.loading.sheets import SheetError, decode_lines, read_sheet
from streams.cli.loading.udid import load_udid
from streams.cli.publishing import Outbound, publish
from streams.cli.shown import AsJson, print_json, print_table
from streams.settings import Settings

BAD_ROWS_SHOWN: Final = 50
UNKNOWN_SHOWN: Final = 10


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


@dataclass(frozen=True, slots=True)
class Message:
    """A row as the record to publish."""

    row: int
    key: bytes
    value: bytes | None
    timestamp_ms: int | None = None
    name: tuple[str, str] = ("", "")
    """Hospital, and what its row stands for: a second row of the same name is a newer version."""

    def outbound(self, topic: str) -> Outbound:
        """For the topic of that full name."""
        return Outbound(topic, self.key, self.value, timestamp_ms=self.timestamp_ms)


@dataclass(slots=True)
class Contents:
    """What a file holds."""

    good: list[Message] = field(default_factory=list)
    bad: list[BadRow] = field(default_factory=list)
    remarks: Sequence[str] = ()
    doubtful: list[BadRow] = field(default_factory=list)
    """Of rows that are loaded: what somebody should look at."""

    def names(self) -> list[tuple[str, str]]:
        """(hospital, rest of the key) of the good rows that have both."""
        return [name for each in self.good if (name := read_key(each.key))]


_FORMS: Final = {
    Kind.CATALOGUE: ITEM, Kind.ENCOUNTERS: ENCOUNTER, Kind.HIS_CHARGES: HIS_CHARGE,
    Kind.DISCHARGES: flat_rows.DISCHARGE, Kind.INCOME: flat_rows.INCOME, Kind.RECALLS: RECALL,
    Kind.STORES: STORE, Kind.DELIVERIES: DELIVERY,
}  # fmt: skip
_TOPICS: Final = {
    Kind.CATALOGUE: CATALOGUE, Kind.ENCOUNTERS: ENCOUNTERS, Kind.HIS_CHARGES: HIS_CHARGES,
    Kind.DISCHARGES: DISCHARGES, Kind.INCOME: INCOME, Kind.RECALLS: RECALLS,
    Kind.STORES: STORES, Kind.DELIVERIES: DELIVERIES,
}  # fmt: skip
_GROUPED: Final = {
    Kind.RECALLS: Grouping(
        RECALL,
        ("hospital", "recall", "version", "issued_on", "class", "reason", "ended_on"),
        ("hospital", "recall", "version"),
    ),
    Kind.STORES: Grouping(
        STORE,
        ("hospital", "store", "name", "department", "kind", "parent", "confirms_transfers"),
        ("hospital", "store"),
        "levels",
    ),
    Kind.DELIVERIES: Grouping(
        DELIVERY, ("hospital", "note", "supplier", "store", "expected_on", "ended"), ("hospital", "note")
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


def load(
    kind: Annotated[Kind, typer.Argument(help="What the file holds.")],
    file: Annotated[Path, typer.Argument(help="CSV, XLSX or JSON lines; see docs/commands.md.")],
    *,
    hospital: Annotated[str | None, typer.Option("--hospital", help="For a table without that column.")] = None,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Check the file, publish nothing.")] = False,
    as_json: AsJson = False,
) -> None:
    """Load records of the HIS out of a file: bad rows are named, good ones published. Exit 1 when rows were bad."""
    if kind is Kind.SCANNERS:
        raise typer.Exit(load_scanners(file, dry_run=dry_run, as_json=as_json))
    if kind is Kind.QUOTAS:
        raise typer.Exit(load_quotas(file, hospital, dry_run=dry_run, as_json=as_json))
    if kind is Kind.UDID:
        raise typer.Exit(load_udid(file, hospital, dry_run=dry_run, as_json=as_json))
    settings = read_settings()
    try:
        contents = read_file(kind, file, settings.zone, hospital)
    except OSError as error:
        bad(f"Expected a file that can be read, got {file}: {error.strerror}.")
    except SheetError as error:
        bad(f"{file}: {error}")
    if contents.good and not dry_run:
        run_at_broker(lambda resolved: _publish(resolved, kind, contents.good))
    loaded = 0 if dry_run else len(contents.good)
    unknown = unknown_encounters(settings, contents.names()) if kind is Kind.HIS_CHARGES else None
    if as_json:
        found = {"good": len(contents.good), "loaded": loaded, "bad": [asdict(row) for row in contents.bad]}
        found |= {"doubtful": [asdict(row) for row in contents.doubtful]} if kind is Kind.CATALOGUE else {}
        print_json(found | ({} if unknown is None else {"unknown_encounters": unknown}))
    else:
        _show(contents, kind, dry_run=dry_run)
        _show_unknown(unknown or [])
    raise typer.Exit(1 if contents.bad else 0)


async def _publish(settings: Settings, kind: Kind, messages: Sequence[Message]) -> None:
    topic = settings.topic(_TOPICS[kind])
    await publish(settings, [each.outbound(topic) for each in messages], f"Loading {kind}")


def read_file(kind: Kind, file: Path, zone: ZoneInfo, hospital: str | None = None) -> Contents:
    """Every row of the file as a message, or what is wrong with it.

    Raises:
        OSError: the file can't be read.
        SheetError: it is no file of a known form, or its heading lacks a column.
    """
    with file.open("rb") as opened:
        start = opened.read(64).removeprefix(b"\xef\xbb\xbf").lstrip()
    if start.startswith(b"{") or file.suffix in {".jsonl", ".ndjson"}:
        return _read_lines(kind, file.read_bytes(), zone)
    return _read_table(kind, file, zone, hospital)


def _read_table(kind: Kind, file: Path, zone: ZoneInfo, hospital: str | None) -> Contents:
    form, sheet = _FORMS[kind], read_sheet(file)
    _check_heading(form, sheet.columns, hospital)
    contents, seen = Contents(remarks=sheet.remarks), dict[tuple[str, str], Message]()
    if kind in _GROUPED:
        groups, contents.bad = group_rows(_GROUPED[kind], sheet.rows, zone, hospital)
        for group in groups:
            made = _message(kind, group.row, None, orjson.dumps(group.whole()))
            contents.bad.append(made) if isinstance(made, BadRow) else contents.good.append(made)
        return contents
    today = local_day(datetime.now(UTC), zone)
    for row in sheet.rows:
        if hospital is not None:
            row.cells["hospital"] = row.cells.get("hospital") or hospital
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


def _check_heading(form: Form, columns: Sequence[str], hospital: str | None) -> None:
    unknown = [name for name in columns if name not in form.columns]
    if unknown:
        raise SheetError(
            f"Row 1: expected columns out of {', '.join(form.columns)}; got {', '.join(map(repr, unknown))}."
        )
    missing = [name for name in form.required if name not in columns and not (name == "hospital" and hospital)]
    if missing:
        raise SheetError(f"Row 1: expected the columns {', '.join(form.required)}; {', '.join(missing)} is missing.")


def _read_lines(kind: Kind, content: bytes, zone: ZoneInfo) -> Contents:
    contents, today = Contents(), local_day(datetime.now(UTC), zone)
    lines, _, wrong = decode_lines(content)
    for place, line in enumerate(lines):
        if not line.strip():
            continue
        trouble = wrong.get(place)
        row = place + 1
        message = BadRow(row, "", trouble) if trouble else _line(kind, row, line.strip().encode())
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
    form, read = _FORMS[kind], _READ[kind](key, value)
    if isinstance(read, Refusal):
        return _refused(number, read, form)
    record = read[0]
    name = (record.hospital, getattr(record, form.name))
    return Message(number, f"{record.hospital}/{getattr(record, form.key)}".encode(), value, timestamp_ms, name)


def _refused(number: int, refusal: Refusal, form: Form) -> BadRow:
    place, colon, reason = refusal.detail.partition(": ")
    reason = reason.removeprefix("Value error, ").removesuffix(", got an object.")
    if reason.startswith("Expected"):
        # It names what came by itself.
        reason = reason.partition("., got ")[0]
    column, _, inner = place.partition(".")
    if colon and column in form.columns:
        return BadRow(number, column, f"{_nth(inner)}{reason}")
    return BadRow(number, "", reason if place == "record" else refusal.detail)


def _nth(inner: str) -> str:
    """`1.di` as the second part of a list and its field, for people."""
    place, _, rest = inner.partition(".")
    if not place.isdecimal():
        return f"{inner}: " if inner else ""
    return f"part {int(place) + 1}{', ' + rest if rest else ''}: "


def _show(contents: Contents, kind: Kind, *, dry_run: bool) -> None:
    if contents.bad:
        rows = [(each.row, each.column or "the row", each.reason) for each in contents.bad]
        print_table("Bad rows: nothing of them is loaded", (">row", "column", "reason"), rows[:BAD_ROWS_SHOWN])
        if len(rows) > BAD_ROWS_SHOWN:
            typer.echo(f"… and {len(rows) - BAD_ROWS_SHOWN:,} more; --json names all.")
    if contents.doubtful:
        rows = [(each.row, each.column, each.reason) for each in contents.doubtful]
        print_table("Doubtful: loaded, and worth a look", (">row", "column", "finding"), rows[:BAD_ROWS_SHOWN])
        if len(rows) > BAD_ROWS_SHOWN:
            typer.echo(f"… and {len(rows) - BAD_ROWS_SHOWN:,} more; --json names all.")
    for remark in contents.remarks:
        typer.echo(f"The file was {remark}.", err=True)
    what = {
        Kind.CATALOGUE: "items", Kind.ENCOUNTERS: "encounters", Kind.HIS_CHARGES: "charge lines",
        Kind.DISCHARGES: "discharges", Kind.INCOME: "incomes", Kind.RECALLS: "recall notices",
        Kind.STORES: "stores", Kind.DELIVERIES: "delivery notes",
    }[kind]  # fmt: skip
    done = "would be loaded" if dry_run else "loaded"
    doubtful = f", {len(contents.doubtful):,} findings" if contents.doubtful else ""
    typer.echo(f"{len(contents.good):,} {what} {done}, {len(contents.bad):,} bad rows{doubtful}.")


def _show_unknown(encounters: Sequence[tuple[str, str]]) -> None:
    if encounters:
        named = ", ".join(f"{hospital}/{encounter}" for hospital, encounter in encounters[:UNKNOWN_SHOWN])
        more = f" and {len(encounters) - UNKNOWN_SHOWN:,} more" if len(encounters) > UNKNOWN_SHOWN else ""
        typer.echo(f"{len(encounters):,} encounters of the lines are not in the books: {named}{more}.", err=True)
