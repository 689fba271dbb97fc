"""`udi reconciliation-proof`: a simulated hospital against its HIS, for people and machines."""

import json
from dataclasses import asdict
from typing import TYPE_CHECKING, Annotated, Final

import typer

from models.money import fen_text

if TYPE_CHECKING:
    from streams.proofs.reconciliation_proof import ReconciliationFigures

SHOWN_MAX: Final = 40
"""Differences named at most."""


def reconciliation_proof_command(
    months: Annotated[int, typer.Option(min=1, max=60, help="Months to simulate.")] = 3,
    scans: Annotated[int, typer.Option(min=100, help="Scan records over all months.")] = 30_000,
    seed: Annotated[int, typer.Option(help="Seed of the hospital.")] = 1,
    *,
    as_json: Annotated[bool, typer.Option("--json", help="Figures for machines.")] = False,
) -> None:
    """Reconcile a simulated hospital with its HIS, compare with the errors seeded; exit 1 when a kind falls short."""
    from streams.proofs.reconciliation_proof import prove_reconciliation  # noqa: PLC0415 -- `--help` needs no simulator
    from streams.simulator.plan import Plan  # noqa: PLC0415 -- as above

    try:
        plan = Plan(seed=seed, months=months, scans=scans)
    except ValueError as error:
        typer.echo(str(error), err=True)
        raise typer.Exit(2) from None
    figures = prove_reconciliation(plan)
    if as_json:
        shares = [asdict(each) | {"recall": each.recall, "precision": each.precision} for each in figures.kinds]
        typer.echo(json.dumps(asdict(figures) | {"kinds": shares}))
    else:
        _show(figures)
    if not figures.good:
        raise typer.Exit(1)


def _show(figures: "ReconciliationFigures") -> None:
    typer.echo(f"{figures.uses:,} uses and {figures.lines:,} lines of the HIS, out of {figures.records:,} records")
    typer.echo(f"{figures.refused:,} records that are no lines")
    typer.echo(f"{'':<20}{'seeded':>9}{'found':>9}{'true':>9}{'recall':>10}{'precision':>11}")
    for each in figures.kinds:
        typer.echo(
            f"{each.name:<20}{each.seeded:>9,}{each.found:>9,}{each.true:>9,}"
            f"{each.recall:>10.2%}{each.precision:>11.2%}"
        )
    for title, rest in (("Overlooked", figures.overlooked), ("Found and not seeded", figures.false)):
        for one in rest[:SHOWN_MAX]:
            aspects = f" ({', '.join(one.aspects)})" if one.aspects else ""
            typer.echo(
                f"{title}: {one.kind}{aspects}, {one.cause}, encounter {one.encounter}, item {one.item_code}, "
                f"due {fen_text(one.expected_fen)}, charged {fen_text(one.found_fen)}"
            )
        if len(rest) > SHOWN_MAX:
            typer.echo(f"{title}: {len(rest) - SHOWN_MAX:,} more")
