"""`udi forecast-proof`: stores that order by forecast, judged by service level and units."""

from collections.abc import Sequence
from dataclasses import asdict
from typing import TYPE_CHECKING, Annotated

import typer

from models.policy import POLICY
from streams.cli.phrases import told_cell
from streams.cli.shown import print_json, print_table, progress

if TYPE_CHECKING:
    from streams.proofs.forecast_proof import Judged


def forecast_proof_command(
    items: Annotated[int, typer.Option(min=3, max=2_000, help="Items of each kind.")] = 60,
    seed: Annotated[int, typer.Option(help="Of what chance brings.")] = 1,
    *,
    as_json: Annotated[bool, typer.Option("--json", help="JSON for machines.")] = False,
) -> None:
    """Simulated stores order by forecast: how often the shelf had enough, for how many units. Exit 1 out of bounds."""
    from streams.proofs.forecast_proof import KINDS, forecast_proof  # noqa: PLC0415 -- `--help` needs no numerics

    with progress() as shown:
        found = [*shown.track(forecast_proof(items, seed), total=len(KINDS), description="kinds of items")]
    good = all(each.good for each in found)
    if as_json:
        print_json({"good": good, "wanted_percent": POLICY.service_level_percent, "kinds": [*map(_document, found)]})
    else:
        _show(found)
    raise typer.Exit(0 if good else 1)


def _document(each: "Judged") -> dict[str, object]:
    shelves = {"forecast": each.forecast, "known": each.known, "days": each.days}
    return {
        "kind": each.kind.name, "items": each.items, "good": each.good,
        **{name: asdict(shelf) for name, shelf in shelves.items()},
    }  # fmt: skip


def _show(found: "Sequence[Judged]") -> None:
    cells = [
        (
            told_cell(each.kind.name) if way == "forecast" else "",
            told_cell(way),
            f"{shelf.reached:.1%}",
            f"{shelf.units:.1f}",
            within,
        )
        for each in found
        for way, shelf, within in (
            ("forecast", each.forecast, each.good),
            ("who knows the use", each.known, None),
            ("days of recent use", each.days, None),
        )
    ]
    columns = ("items that are", "ordered by", ">enough", ">units on the shelf", "within bounds")
    print_table("Orders after which the shelf had enough", columns, cells)
    typer.echo(f"Wanted: {POLICY.service_level_percent} %. Units: the mean of an item at the end of a day.")
