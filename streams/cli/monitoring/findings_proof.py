"""`udi findings-proof`: findings over simulated hospital-years, for people and machines."""

import json
from dataclasses import asdict
from typing import TYPE_CHECKING, Annotated

import typer
from rich.progress import track
from rich.table import Table

from streams.cli.shown import Console

if TYPE_CHECKING:
    from streams.proofs.findings_proof import FindingFigures


def findings_proof_command(
    years: Annotated[int, typer.Option(min=1, max=500, help="Hospital-years.")] = 20,
    seed: Annotated[int, typer.Option(help="Of the first; the others follow.")] = 1,
    *,
    as_json: Annotated[bool, typer.Option("--json", help="JSON for machines.")] = False,
) -> None:
    """Findings over simulated hospital-years beside what was seeded. Exit 1 when something seeded is not found."""
    from streams.proofs.findings_proof import FindingFigures, measure  # noqa: PLC0415 -- `--help` needs no numerics

    figures = FindingFigures()
    console = Console(stderr=True)
    for each in track(range(seed, seed + years), "hospital-years", console=console, disable=not console.is_terminal):
        measure(each, figures)
    if as_json:
        typer.echo(json.dumps(asdict(figures) | {"good": figures.good}, ensure_ascii=False))
    else:
        _show(figures)
    raise typer.Exit(0 if figures.good else 1)


def _show(f: "FindingFigures") -> None:
    from streams.proofs.findings_proof import OPEN_MAX, RATES_NEAR_MIN, YEARS_NEAR_MIN  # noqa: PLC0415 -- as above
    from streams.proofs.scan_rate_world import DEPARTMENTS  # noqa: PLC0415 -- as above

    rows = [
        ("seeded misuse found, in the month it begins", f"{f.found} of {f.seeded}", "all"),
        ("standing alerts a month", f"{f.alerts / f.months:,.1f}", ""),
        ("findings a month, filed ones too", f"{f.findings / f.months:,.1f}", ""),
        ("open findings a month", f"{f.open / f.months:,.1f}", ""),
        ("open findings, most in a month", f"{f.open_most}", f"at most {OPEN_MAX}"),
        ("share of the open that was seeded", f"{f.open_seeded / max(1, f.open):.1%}", ""),
        ("alerts of caseload alone filed", f"{f.caseload_cut / max(1, f.caseload):.1%} of {f.caseload:,}", "80 %"),
        ("causes that add up exactly", f"{f.causes - f.causes_wrong:,} of {f.causes:,}", "all"),
        ("scan rate within 2 points, departments", f"{sum(f.rates_near) / f.years:.1f} of {DEPARTMENTS}", ""),
        (f"hospitals with {RATES_NEAR_MIN} of them or more", f"{f.years_near} of {f.years}", f"{YEARS_NEAR_MIN:.0%}"),
        ("true scan rates in their 95 % interval", f"{f.rates_covered / (f.years * DEPARTMENTS):.1%}", ""),
    ]  # fmt: skip
    table = Table(
        title=f"Findings over {f.years} simulated hospital-years", title_justify="left", box=None, pad_edge=False
    )
    for name, justify in (("", "left"), ("found", "right"), ("wanted", "right")):
        table.add_column(name, justify=justify)  # type: ignore[arg-type]
    for row in rows:
        table.add_row(*row)
    Console(highlight=False).print(table)
    for each in f.missed[:20]:
        typer.echo(f"missed: {each}")
