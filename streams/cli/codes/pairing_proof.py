"""`udi pairing-proof`: the halves of split labels found again, for people and machines."""

import asyncio
import json
from typing import Annotated

import typer


def pairing_proof_command(
    labels: Annotated[int, typer.Option(min=1, help="Labels to scan.")] = 4000,
    seed: Annotated[int, typer.Option(help="Seed of the ward.")] = 20261125,
    *,
    as_json: Annotated[bool, typer.Option("--json", help="Figures for machines.")] = False,
) -> None:
    """Scan half of all labels in two halves on interleaved devices, compare with the truth; exit 1 on any miss."""
    from streams.proofs.pairing_corpus import make_corpus  # noqa: PLC0415 -- `--help` needs no lanes
    from streams.proofs.pairing_proof import prove_pairing  # noqa: PLC0415 -- as above

    figures = asyncio.run(prove_pairing(make_corpus(labels, seed), seed))
    if as_json:
        typer.echo(json.dumps({name: getattr(figures, name) for name in figures.__slots__}))
    else:
        typer.echo(f"labels                  {figures.labels}, of them in two halves {figures.pairs}")
        typer.echo(f"true pairs joined       {figures.joined} of {figures.joinable} that nothing stood between")
        typer.echo(
            f"true pairs released     {figures.released} of {figures.pairs - figures.joinable} that something did"
        )
        typer.echo(f"false pairs             {figures.false_pairs}")
        typer.echo(f"halves without other    {figures.alone}")
        typer.echo(f"still waiting           {figures.waiting}")
        typer.echo(f"takeovers meanwhile     {figures.takeovers}")
    settled = figures.joined + figures.released == figures.pairs
    if figures.false_pairs or figures.lost or figures.waiting or not settled:
        raise typer.Exit(1)
