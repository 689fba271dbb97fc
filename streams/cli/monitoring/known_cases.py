"""Known cases out of a file: what a rule that is tried should have named."""

from collections import defaultdict
from pathlib import Path
from typing import Any, Final

import orjson

from models.calendar import Month, month_of, parse_month
from streams.cli.connection import bad
from streams.cli.loading.files import holds_json, json_rows
from streams.cli.loading.flat_rows import BadRow
from streams.cli.loading.grids import SheetError
from streams.cli.loading.sheets import read_sheet

Known = dict[str | None, dict[Month, frozenset[str]]]
"""By hospital (`None`: of whichever is tried) and month, the items."""
_COLUMNS: Final = ("hospital", "item_code", "month")


def read_known(file: Path) -> Known:
    """The cases of a CSV, XLSX or JSON lines file; what is wrong with a row is said, exit status 2."""
    found: dict[str | None, dict[Month, set[str]]] = defaultdict(lambda: defaultdict(set))
    for number, fields in _rows(file):
        item, month = fields.get("item_code"), fields.get("month")
        if item in {None, ""} or month in {None, ""}:
            bad(f"{file}: row {number}: expected item_code and month, got {', '.join(map(str, fields.values()))}.")
        try:
            # A spreadsheet makes a date of a month.
            wanted = month_of(month) if hasattr(month, "year") else parse_month(str(month).strip())
        except ValueError as error:
            bad(f"{file}: row {number}: {error}")
        hospital = fields.get("hospital")
        found[None if hospital in {None, ""} else str(hospital)][wanted].add(str(item).strip())
    return {
        hospital: {month: frozenset(items) for month, items in months.items()} for hospital, months in found.items()
    }


def _rows(file: Path) -> list[tuple[int, dict[str, Any]]]:
    try:
        content = file.read_bytes()
        if holds_json(file, content):
            return [(number, _fields(file, number, line)) for number, line in json_rows(content)]
        sheet = read_sheet(file, _COLUMNS.__contains__)
    except (OSError, SheetError) as error:
        bad(f"{file}: {error.strerror if isinstance(error, OSError) else error}")
    if not {"item_code", "month"} <= set(sheet.columns):
        bad(f"{file}: expected the columns item_code and month, got {', '.join(sheet.columns)}.")
    return [(row.number, dict(row.cells)) for row in sheet.rows if not row.is_total]


def _fields(file: Path, number: int, line: bytes | BadRow) -> dict[str, Any]:
    try:
        fields = None if isinstance(line, BadRow) else orjson.loads(line)
    except orjson.JSONDecodeError:
        fields = None
    if not isinstance(fields, dict):
        bad(f"{file}: row {number}: expected a JSON object.")
    return fields
