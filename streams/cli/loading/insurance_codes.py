"""`udi load insurance-codes`: published lists of codes that were ended or replaced, into the items that have one."""

from pathlib import Path
from typing import Any, Final

import asyncpg
import orjson
from pydantic import Field

from models.calendar import ZONE_DEFAULT
from models.catalogue.item import read_item
from models.wire.strict_json import Day, Identifier, Refusal, WireModel, validate
from models.wire.topics import CATALOGUE
from rules.catalogue.code_succession import ListedCode, Succession
from sinks.postgres.catalogue.items import bodies
from streams.cli.connection import run
from streams.cli.loading.asked import Asked, FileRows
from streams.cli.loading.column_map import ColumnMap, Kind, read_mapped
from streams.cli.loading.files import check_heading, holds_json, json_rows, rows_to_read
from streams.cli.loading.flat_rows import BadRow, cell_of, read_code, read_day
from streams.cli.loading.sheets import SheetRow
from streams.cli.publishing import Outbound, publish
from streams.settings import Settings

COLUMNS: Final = ("code", "from", "to", "successor")


class _Row(WireModel):
    code: Identifier
    from_: Day | None = Field(default=None, alias="from")
    to: Day | None = None
    successor: Identifier | None = None


def load_insurance_codes(asked: Asked) -> int:
    """Load the file; gives the exit status.

    Raises:
        OSError: the file can't be read.
        SheetError: it is no file of a known form.
    """
    codes = read_insurance_codes(asked.file, asked.given)
    asked.agree(codes.columns)
    succession = Succession(codes.good)
    refused = {each.row for each in succession.refused}
    codes.good = [each for each in codes.good if each.row not in refused]
    codes.bad = sorted([*codes.bad, *(BadRow(*each) for each in succession.refused)], key=lambda each: each.row)
    changed = run(lambda settings, pool: _publish(settings, pool, succession, asked))
    done = "would change" if asked.dry_run else "changed"
    return codes.tell(asked, f"{len(codes.good):,} codes: {changed:,} items {done}, {len(codes.bad):,} bad rows.")


async def _publish(settings: Settings, pool: asyncpg.Pool, succession: Succession, asked: Asked) -> int:
    records = []
    for text in await bodies(pool, asked.hospital):
        item = orjson.loads(text)
        days = _days(item, succession)
        if days is None or days == item.get("insurance_codes"):
            continue
        value = orjson.dumps(item | {"insurance_codes": days})
        read = read_item(None, value)
        assert not isinstance(read, Refusal), read  # noqa: S101 -- the books hold it as an item
        key = f"{item['hospital']}/{item['item_code']}".encode()
        records.append(Outbound(settings.topic(CATALOGUE), key, value))
    if records and not asked.dry_run:
        await publish(settings, records, "Loading items")
    return len(records)


def _days(item: dict[str, Any], succession: Succession) -> list[dict[str, Any]] | None:
    """The codes of an item by days, when the list says anything of one of them."""
    names = [item.get("insurance_code"), *(each["code"] for each in item.get("insurance_codes", ()))]
    found = (succession.days_of(name) for name in names if name is not None)
    return next((days for days in found if days is not None), None)


def read_insurance_codes(file: Path, given: ColumnMap | None = None) -> FileRows[ListedCode]:
    """Every row of the file as a code, or what is wrong with it.

    Raises:
        OSError: the file can't be read.
        SheetError: it is no file of a known form.
    """
    content = file.read_bytes()
    codes: FileRows[ListedCode] = FileRows()
    if holds_json(file, content):
        for number, line in json_rows(content):
            if isinstance(line, BadRow):
                codes.bad.append(line)
            else:
                _take(codes, number, line)
        return codes
    sheet, codes.columns = read_mapped(Kind.INSURANCE_CODES, file, COLUMNS, given)
    check_heading(sheet, COLUMNS[:1], None)
    rows, codes.remarks = rows_to_read(sheet, COLUMNS[:1], None), sheet.remarks
    for row in rows:
        fields = _fields(row)
        if isinstance(fields, BadRow):
            codes.bad.append(fields)
        else:
            _take(codes, row.number, orjson.dumps(fields))
    return codes


def _fields(row: SheetRow) -> dict[str, str] | BadRow:
    if row.problem is not None:
        return BadRow(row.number, "", row.problem)
    fields = {}
    for name in COLUMNS:
        try:
            cell = cell_of(row, name)
            if cell is not None:
                fields[name] = (read_day if name in {"from", "to"} else read_code)(cell, ZONE_DEFAULT)
        except ValueError as error:
            return BadRow(row.number, name, str(error))
    return fields


def _take(codes: FileRows[ListedCode], number: int, value: bytes) -> None:
    read = validate(_Row, value)
    listed = read if isinstance(read, Refusal) else ListedCode(number, read.code, read.from_, read.to, read.successor)
    codes.take(number, listed)
