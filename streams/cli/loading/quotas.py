"""`udi load quotas`: monthly quotas of controlled categories out of a file, into the books."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

import asyncpg
import orjson

from models.charging.controls import Control, Mix, Quota, Total
from models.wire.strict_json import validate
from sinks.postgres.monitoring.controls import ControlBooks
from streams.cli.charging.persons import person
from streams.cli.connection import run
from streams.cli.loading.asked import Asked, FileRows
from streams.cli.loading.column_map import ColumnMap, Kind, read_mapped
from streams.cli.loading.files import check_heading, holds_json, json_rows, rows_to_read
from streams.cli.loading.flat_rows import BadRow
from streams.settings import Settings

COLUMNS = ("hospital", "category", "department", "month", "released", "measure", "above", "by", "reason")
MEASURES: Final[Mapping[str, type[Quota | Total | Mix]]] = {
    "units": Quota, "total": Total, "mix": Mix, "数量": Quota, "总量": Total, "总金额": Total, "结构": Mix,
}  # fmt: skip
"""What `released` is: units of use, yuan, or the share of dear goods in per cent."""


Ration = Quota | Total | Mix


def load_quotas(asked: Asked) -> int:
    """Load the file; gives the exit status.

    Raises:
        OSError: the file can't be read.
        SheetError: it is no file of a known form.
    """
    quotas = read_quotas(asked.file, asked.hospital, asked.given)
    asked.agree(quotas.columns)
    good: list[Control] = list(quotas.good)

    async def work(_: Settings, pool: asyncpg.Pool) -> int:
        return await ControlBooks(pool).record(good)

    if good and not asked.dry_run:
        run(work)
    done = "checked" if asked.dry_run else "loaded"
    return quotas.tell(asked, f"{len(good):,} quotas {done}, {len(quotas.bad):,} bad rows.")


def read_quotas(file: Path, hospital: str | None, given: ColumnMap | None = None) -> FileRows[Ration]:
    """Every row of the file as a quota, or what is wrong with it.

    Raises:
        OSError: the file can't be read.
        SheetError: it is no file of a known form.
    """
    content = file.read_bytes()
    quotas: FileRows[Ration] = FileRows()
    if holds_json(file, content):
        for number, line in json_rows(content):
            if isinstance(line, BadRow):
                quotas.bad.append(line)
                continue
            try:
                fields = orjson.loads(line)
            except orjson.JSONDecodeError as error:
                quotas.bad.append(BadRow(number, "", f"expected JSON, got {error}"))
                continue
            _take(quotas, number, fields, hospital)
        return quotas
    sheet, quotas.columns = read_mapped(Kind.QUOTAS, file, COLUMNS, given)
    check_heading(sheet, COLUMNS[:5], hospital)
    rows, quotas.remarks = rows_to_read(sheet, COLUMNS[:5], hospital), sheet.remarks
    for row in rows:
        if row.problem is not None:
            quotas.bad.append(BadRow(row.number, "", row.problem))
            continue
        cells = {column: cell for column, cell in row.cells.items() if cell not in {None, ""}}
        _take(quotas, row.number, {name: _value(name, cell) for name, cell in cells.items()}, hospital)
    return quotas


def _value(column: str, cell: Any) -> Any:
    if column != "released":
        return str(cell)
    text = str(cell).strip().removesuffix("%").removesuffix(".0")
    try:
        return int(text)
    except ValueError:
        return text


def _take(quotas: FileRows[Ration], number: int, fields: Any, hospital: str | None) -> None:
    if not isinstance(fields, dict):
        quotas.bad.append(BadRow(number, "", "expected an object"))
        return
    unknown = sorted(set(fields) - set(COLUMNS))
    if unknown:
        quotas.bad.append(BadRow(number, unknown[0], "expected a known column, got this one"))
        return
    whole = {"by": person(None), "reason": "monthly release"} | ({"hospital": hospital} if hospital else {}) | fields
    measure = whole.pop("measure", None) or "units"
    model = MEASURES.get(str(measure).strip())
    if model is None:
        quotas.bad.append(BadRow(number, "measure", f"expected units, total or mix, got {measure!r}"))
        return
    if model is not Mix and whole.pop("above", None) is not None:
        quotas.bad.append(BadRow(number, "above", "expected it for the measure mix alone"))
        return
    if model is not Quota and "released" in whole:
        whole["released"] = str(whole["released"])
    quotas.take(number, validate(model, orjson.dumps(whole)))
