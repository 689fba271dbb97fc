"""`udi sets`: what suppliers bring for one operation, and what of it lacks."""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import asdict
from typing import Annotated

import typer

from sinks.postgres.stock.sets import SetLine, loan_sets
from streams.cli.connection import bad, run
from streams.cli.lists import listing
from streams.cli.phrases import as_written
from streams.cli.shown import LIMIT_DEFAULT, AsJson, Limit, joined, print_json, print_table
from streams.cli.stock.named import hospitals_of, of_several


@listing
def sets(
    document: Annotated[
        str | None, typer.Argument(metavar="[DOCUMENT]", help="The document of a set; unset lists all.")
    ] = None,
    *,
    hospital: Annotated[str | None, typer.Option(help="Needed when several hospitals have it.")] = None,
    limit: Limit = LIMIT_DEFAULT,
    as_json: AsJson = False,
) -> None:
    """Suppliers' sets for one operation: brought, used, sent back. Exit 1 when anything does not fit."""
    rows = run(lambda _, pool: loan_sets(pool, document, hospital))
    if document is not None and not rows:
        bad(f"Expected a supplier's set, found none named {as_written(document)}.")
    if document is not None and len(houses := hospitals_of(rows)) > 1:
        bad(f"Expected --hospital: {', '.join(houses)} have a supplier's set named {document}.")
    if as_json:
        print_json([asdict(row) for row in rows])
    elif document is not None:
        _show(document, rows, limit)
    else:
        _show_all(rows, limit)
    raise typer.Exit(1 if any(row.findings for row in rows) else 0)


def _show(document: str, rows: Sequence[SetLine], limit: int) -> None:
    cells = [
        (row.item_code or "?", joined((row.lot, row.serial)), row.brought, row.used, row.wasted, row.returned,
         row.lacking, f"{row.on_shelf} ({row.shelf})" if row.on_shelf else None, row.status, list(row.findings))
        for row in rows
    ]  # fmt: skip
    columns = ("item", "lot / serial", ">brought", ">used", ">wasted", ">sent back", ">lacking", "on a shelf", "status",
               "findings")  # fmt: skip
    print_table(f"Supplier's set {document}", columns, cells, limit=limit)
    typer.echo(f"{_lacking(rows):,} units lack, {sum(bool(row.findings) for row in rows):,} rows to look at.")


def _show_all(rows: Sequence[SetLine], limit: int) -> None:
    found: dict[tuple[str, str], list[SetLine]] = defaultdict(list)
    for row in rows:
        found[row.hospital, row.document].append(row)
    if not found:
        typer.echo("No supplier's set is in the books.")
        return
    cells = [
        (
            document,
            joined(sorted({row.supplier for row in lines if row.supplier})),
            lines[0].store,
            lines[0].encounter,
            sum(row.brought for row in lines),
            sum(row.used for row in lines),
            sum(row.returned for row in lines),
            _lacking(lines),
            sorted({each for row in lines for each in row.findings}),
        )
        for (_, document), lines in found.items()
    ]
    columns = ("document", "supplier", "store", "patient", ">brought", ">used", ">sent back", ">lacking", "findings")
    print_table("Suppliers' sets", *of_several([lines[0] for lines in found.values()], columns, cells), limit=limit)


def _lacking(rows: Sequence[SetLine]) -> int:
    return sum(max(row.lacking, 0) for row in rows)
