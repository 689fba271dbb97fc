"""`udi rank-proof`, for people and machines."""

from typing import Annotated

import typer

from streams.cli.shown import AsJson, print_json, print_table


def rank_proof_command(
    years: Annotated[int, typer.Option(min=10, help="Simulated years of each world.")] = 500,
    departments: Annotated[int, typer.Option(min=3, max=99)] = 22,
    seed: int = 1,
    *,
    as_json: AsJson = False,
) -> None:
    """Confidence sets of ranks against the truth over simulated years. Exit 1 when they cover less than 95 %."""
    from rules.assessment.rank_sets import LEVEL  # noqa: PLC0415 -- `--help` needs no numerics
    from streams.proofs.rank_proof import coverage, worlds  # noqa: PLC0415 -- as above

    found = [coverage(name, truth, years, seed) for name, truth in worlds(departments).items()]
    if as_json:
        print_json([
            {"world": each.world, "years": each.years, "worst_marginal": each.worst_marginal, "together": each.together,
             "width": each.width} for each in found
        ])  # fmt: skip
    else:
        print_table(
            f"{departments} departments, nominal {LEVEL:.0%}",
            ("world", ">years", ">worst (marginal)", ">all (simultaneous)", ">ranks in a set"),
            [
                (each.world, each.years, f"{each.worst_marginal:.1%}", f"{each.together:.1%}", f"{each.width:.1f}")
                for each in found
            ],
        )  # fmt: skip
    raise typer.Exit(0 if all(min(each.worst_marginal, each.together) >= LEVEL for each in found) else 1)
