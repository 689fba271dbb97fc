"""`udi receiving`: delivery notes beside what was scanned in, and what does not fit."""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import asdict
from typing import Annotated

import typer

from sinks.postgres.stock.receiving import Received, deliveries
from streams.cli.connection import bad, run
from streams.cli.lists import listing
from streams.cli.phrases import as_written
from streams.cli.shown import LIMIT_DEFAULT, AsJson, Limit, joined, print_json, print_table
from streams.cli.stock.named import hospitals_of, of_several


@listing
def receiving(
    note: Annotated[str | None, typer.Argument(metavar="[NOTE]", help="The delivery note; unset lists all.")] = None,
    *,
    hospital: Annotated[str | None, typer.Option(help="Needed when several hospitals have it.")] = None,
    limit: Limit = LIMIT_DEFAULT,
    as_json: AsJson = False,
) -> None:
    """Goods-in: what a note says beside what was scanned in. Exit 1 when anything does not fit."""
    rows = run(lambda _, pool: deliveries(pool, note, hospital))
    if note is not None and not rows:
        bad(f"Expected a delivery note, found none named {as_written(note)}.")
    if note is not None and len(houses := hospitals_of(rows)) > 1:
        bad(f"Expected --hospital: {', '.join(houses)} have a delivery note named {note}.")
    if as_json:
        print_json([asdict(row) for row in rows])
    elif note is not None:
        _show(note, rows, limit)
    else:
        _show_all(rows, limit)
    raise typer.Exit(1 if any(row.findings for row in rows) else 0)


def _show(note: str, rows: Sequence[Received], limit: int) -> None:
    cells = [
        (
            row.line or "–",
            row.item_code or "?",
            joined((row.lot, row.serial)),
            row.expected,
            row.arrived,
            row.accepted,
            row.quarantined,
            row.rejected,
            row.returned,
            row.status,
            list(row.findings),
        )
        for row in rows
    ]
    columns = (
        "line", "item", "lot / serial", ">ordered", ">came", ">accepted", ">quarantine", ">rejected", ">returned",
        "status", "findings",
    )  # fmt: skip
    print_table(f"Delivery note {note}", columns, cells, limit=limit)
    typer.echo(
        f"{sum(row.arrived for row in rows):,} units came, {sum(bool(row.findings) for row in rows):,} rows to look at."
    )


def _show_all(rows: Sequence[Received], limit: int) -> None:
    notes: dict[tuple[str, str], list[Received]] = defaultdict(list)
    for row in rows:
        notes[row.hospital, row.note].append(row)
    if not notes:
        typer.echo("No delivery note is in the books.")
        return
    cells = [
        (
            note,
            lines[0].supplier,
            lines[0].store,
            lines[0].expected_on,
            sum(row.expected or 0 for row in lines),
            sum(row.arrived for row in lines),
            sorted({each for row in lines for each in row.findings}),
        )
        for (_, note), lines in notes.items()
    ]
    columns = ("note", "supplier", "store", "expected on", ">ordered", ">came", "findings")
    print_table("Delivery notes", *of_several([lines[0] for lines in notes.values()], columns, cells), limit=limit)
