"""`udi scanners` and `udi load scanners`: which scanners seem faulty, what would mend them, and how each is set up."""

from pathlib import Path
from typing import Any, Final

import asyncpg
import orjson
import typer

from models.policy import POLICY
from models.scan.scanners import Scanner
from models.wire.strict_json import validate
from sinks.postgres.labels.scanners import ScannerBooks
from streams.cli.connection import run
from streams.cli.lists import listing
from streams.cli.loading.asked import Asked, FileRows
from streams.cli.loading.column_map import ColumnMap, Kind, read_mapped
from streams.cli.loading.files import check_heading, holds_json, json_rows, rows_to_read
from streams.cli.loading.flat_rows import BadRow
from streams.cli.loading.grids import Cell
from streams.cli.loading.sheets import SheetRow
from streams.cli.phrases import told_cell, word
from streams.cli.shown import AsJson, print_json, print_table
from streams.settings import Settings

_SET_UP: Final = ("separators", "prefix", "suffix", "key_map", "encoding", "sends_separators", "drops_separators")
COLUMNS: Final = ("hospital", "device_id", "known_from", *_SET_UP)
"""Of a table of profiles; the first three are needed."""
_LISTS: Final[dict[str, type]] = {"separators": list, "key_map": dict}
_YES: Final = {"true": True, "yes": True, "1": True, "是": True, "false": False, "no": False, "0": False, "否": False}


@listing
def scanners(*, as_json: AsJson = False) -> None:
    """Scanners that keep dropping separators, what would mend each, and all profiles. Exit 1 when there are any."""
    raise typer.Exit(scanners_command(as_json=as_json))


def scanners_command(*, as_json: bool) -> int:
    """Show scanners that drop separators, what mends each, all profiles, and scans that were taken as read before.

    Returns:
        The exit status: 1 when a scanner seems faulty or is known to be.
    """

    async def work(_: Settings, pool: asyncpg.Pool) -> list[list[dict[str, Any]]]:
        books = ScannerBooks(pool)
        return [await books.faults(POLICY), await books.newest(), await books.records(), await books.doubts()]

    faults, profiles, records, doubts = run(work)
    if as_json:
        shown = [row | {"profile": orjson.loads(row["profile"])} for row in profiles]
        print_json({"faults": faults, "profiles": shown, "records": records, "doubts": doubts})
    else:
        _show(faults, profiles)
        _show_records(records, doubts)
    return 1 if faults or any(row["losing"] for row in records) else 0


def _show_records(records: list[dict[str, Any]], doubts: list[dict[str, Any]]) -> None:
    """What scanners have shown of themselves, and the scans to look at, each with the command that mends it."""
    if records:
        found = [
            (f"{row['hospital']} {row['device_id']}",
             told_cell("loses separators" if row["losing"] else "sends them again"), row["known_from"], row["since"])
            for row in records
        ]  # fmt: skip
        print_table("What labels have shown of scanners", ("device", "record", "since", "doubtful after"), found)
    if doubts:
        columns = ("scanned", "device", "item", "as read", "may be", "right: one command")
        rows = [
            (row["scanned_at"], row["device_id"], row["item_code"], row["lot_as_read"] or row["serial_as_read"],
             " ".join(filter(None, (row["lot"], row["serial"], row["expiry"] and str(row["expiry"])))),
             f"udi correct {row['scan_id']} --reading {row['reading']} --reason …")
            for row in doubts
        ]  # fmt: skip
        print_table("Taken as read by a scanner that was found faulty later", columns, rows)


def _show(faults: list[dict[str, Any]], profiles: list[dict[str, Any]]) -> None:
    if faults:
        columns = ("device", ">labels", ">suspect", ">repaired", "likely fault, and what mends it")
        rows = [
            (f"{row['hospital']} {row['device_id']}", row["labels"], f"{row['suspect_percent']} %", row["restored"],
             f"{word(row['likely_fault'], 'fault')} {word(row['setting'], 'fault')}")
            for row in faults
        ]  # fmt: skip
        print_table("Scanners that seem faulty, last 7 days", columns, rows)
    else:
        typer.echo("No scanner seems faulty.")
    if profiles:
        set_up = [(f"{row['hospital']} {row['device_id']}", row["known_from"], _told(row)) for row in profiles]
        print_table("Profiles", ("device", "in force from", "profile"), set_up)


def _told(row: dict[str, Any]) -> str:
    """What differs from the default, in words."""
    profile = orjson.loads(row["profile"])
    usual = {name: each.get_default(call_default_factory=True) for name, each in Scanner.model_fields.items()}
    told = [f"{name} {orjson.dumps(profile[name]).decode()}" for name in _SET_UP if profile[name] != usual[name]]
    return ", ".join(told) or told_cell("default")


def load_scanners(asked: Asked) -> int:
    """Load profiles out of CSV, XLSX or JSON lines; every bad row is named, the good ones are loaded.

    In a table `separators` and `key_map` are JSON; a cell of `separators` that is none is the one separator.

    Returns:
        The exit status: 1 when rows were bad.

    Raises:
        OSError: the file can't be read.
        SheetError: it is no file of a known form.
    """
    profiles = read_scanners(asked.file, asked.hospital, asked.given)
    asked.agree(profiles.columns)

    async def work(_: Settings, pool: asyncpg.Pool) -> int:
        return await ScannerBooks(pool).record(profiles.good)

    if profiles.good and not asked.dry_run:
        run(work)
    done = "would be loaded" if asked.dry_run else "loaded"
    return profiles.tell(asked, f"{len(profiles.good):,} scanner profiles {done}, {len(profiles.bad):,} bad rows.")


def read_scanners(file: Path, hospital: str | None = None, given: ColumnMap | None = None) -> FileRows[Scanner]:
    """Every row of the file as a profile, or what is wrong with it.

    Raises:
        OSError: the file can't be read.
        SheetError: it is no file of a known form.
    """
    content = file.read_bytes()
    profiles: FileRows[Scanner] = FileRows()
    if holds_json(file, content):
        for number, line in json_rows(content):
            if isinstance(line, BadRow):
                profiles.bad.append(line)
            else:
                profiles.take(number, validate(Scanner, line))
        return profiles
    sheet, profiles.columns = read_mapped(Kind.SCANNERS, file, COLUMNS, given)
    check_heading(sheet, COLUMNS[:3], hospital)
    rows, profiles.remarks = rows_to_read(sheet, COLUMNS[:3], hospital), sheet.remarks
    for row in rows:
        fields = _fields(row)
        if isinstance(fields, BadRow):
            profiles.bad.append(fields)
        else:
            profiles.take(row.number, validate(Scanner, orjson.dumps(fields)))
    return profiles


def _fields(row: SheetRow) -> dict[str, Any] | BadRow:
    if row.problem is not None:
        return BadRow(row.number, "", row.problem)
    fields: dict[str, Any] = {}
    for column, cell in row.cells.items():
        if cell is None or cell == "":
            continue
        if column in row.formulas:
            return BadRow(row.number, column, "expected a value, got a formula")
        fields[column] = _value(column, cell)
    return fields


def _value(column: str, cell: Cell) -> Any:
    if column in {"sends_separators", "drops_separators"}:
        return _YES.get(str(cell).strip().lower(), cell)
    if column not in _LISTS or not isinstance(cell, str):
        return cell
    try:
        value: Any = orjson.loads(cell)
    except orjson.JSONDecodeError:
        value = None
    if type(value) is _LISTS[column]:
        return value
    return [cell] if column == "separators" else cell
