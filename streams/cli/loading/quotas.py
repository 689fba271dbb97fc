"""`udi load quotas`: monthly quotas of controlled categories out of a file, into the books."""

from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

import asyncpg
import orjson
import typer

from models.charging.controls import Control, Quota
from models.wire.strict_json import Refusal, validate
from sinks.postgres.monitoring.controls import ControlBooks
from streams.cli.charging.persons import person
from streams.cli.connection import bad, run
from streams.cli.loading.flat_rows import BadRow
from streams.cli.loading.sheets import SheetError, decode_lines, read_sheet
from streams.cli.shown import print_json, print_table
from streams.settings import Settings

COLUMNS = frozenset({"hospital", "category", "department", "month", "released", "by", "reason"})


@dataclass(slots=True)
class Quotas:
    """What a file holds."""

    good: list[Quota] = field(default_factory=list)
    bad: list[BadRow] = field(default_factory=list)


def load_quotas(file: Path, hospital: str | None, *, dry_run: bool, as_json: bool) -> int:
    """Load the file; gives the exit status."""
    try:
        quotas = read_quotas(file, hospital)
    except OSError as error:
        bad(f"Expected a file that can be read, got {file}: {error.strerror}.")
    except SheetError as error:
        bad(f"{file}: {error}")
    good: list[Control] = list(quotas.good)

    async def work(_: Settings, pool: asyncpg.Pool) -> int:
        return await ControlBooks(pool).record(good)

    if good and not dry_run:
        run(work)
    loaded = 0 if dry_run else len(good)
    if as_json:
        print_json({"good": len(good), "loaded": loaded, "bad": [asdict(row) for row in quotas.bad]})
        return 1 if quotas.bad else 0
    if quotas.bad:
        rows = [(row.row, row.column or "the row", row.reason) for row in quotas.bad]
        print_table("Bad rows: nothing of them is loaded", (">row", "column", "reason"), rows)
    typer.echo(f"{len(good):,} quotas {'checked' if dry_run else 'loaded'}, {len(quotas.bad):,} bad rows.")
    return 1 if quotas.bad else 0


def read_quotas(file: Path, hospital: str | None) -> Quotas:
    """Every row of the file as a quota, or what is wrong with it.

    Raises:
        OSError: the file can't be read.
        SheetError: it is no file of a known form.
    """
    content = file.read_bytes()
    quotas = Quotas()
    if content.removeprefix(b"\xef\xbb\xbf").lstrip().startswith(b"{") or file.suffix in {".jsonl", ".ndjson"}:
        lines, _, wrong = decode_lines(content)
        for number, line in enumerate(lines, 1):
            if number - 1 in wrong:
                quotas.bad.append(BadRow(number, "", wrong[number - 1]))
            elif line.strip():
                try:
                    fields = orjson.loads(line)
                except orjson.JSONDecodeError as error:
                    quotas.bad.append(BadRow(number, "", f"expected JSON, got {error}"))
                    continue
                _take(quotas, number, fields, hospital)
        return quotas
    for row in read_sheet(file).rows:
        if row.problem is not None:
            quotas.bad.append(BadRow(row.number, "", row.problem))
            continue
        cells = {column: cell for column, cell in row.cells.items() if cell not in {None, ""}}
        _take(quotas, row.number, {name: _value(name, cell) for name, cell in cells.items()}, hospital)
    return quotas


def _value(column: str, cell: Any) -> Any:
    if column != "released":
        return str(cell)
    try:
        return int(str(cell).removesuffix(".0"))
    except ValueError:
        return cell


def _take(quotas: Quotas, number: int, fields: Any, hospital: str | None) -> None:
    if not isinstance(fields, dict):
        quotas.bad.append(BadRow(number, "", "expected an object"))
        return
    unknown = sorted(set(fields) - COLUMNS)
    if unknown:
        quotas.bad.append(BadRow(number, unknown[0], "expected a known column, got this one"))
        return
    whole = {"by": person(None), "reason": "monthly release"} | ({"hospital": hospital} if hospital else {}) | fields
    read = validate(Quota, orjson.dumps(whole))
    if isinstance(read, Refusal):
        place, colon, reason = read.detail.partition(": ")
        quotas.bad.append(BadRow(number, place if colon else "", reason or place))
    else:
        quotas.good.append(read)
