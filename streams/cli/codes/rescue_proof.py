"""`udi rescue-proof`: lost separators put back or doubted, measured over labels of real kinds."""

import json
from typing import TYPE_CHECKING, Annotated, Any

import typer

from streams.cli.shown import print_table

if TYPE_CHECKING:
    from streams.proofs.rescue_proof import Figures, Group


def rescue_proof_command(
    labels: Annotated[int, typer.Option(min=1, help="Labels to generate.")] = 20_000,
    devices: Annotated[int, typer.Option(min=1, help="Scanners that scan them; one in five loses separators.")] = 200,
    seed: Annotated[int, typer.Option(help="Seed of the corpus.")] = 20261125,
    *,
    as_json: Annotated[bool, typer.Option("--json", help="Figures for machines.")] = False,
) -> None:
    """Scan labels of real kinds with scanners of which some lose separators, and compare with the truth.

    Exit 1 when a figure is missed.
    """
    from streams.proofs.rescue_proof import prove  # noqa: PLC0415 -- `--help` needs no simulator

    figures = prove(labels, devices, seed)
    if as_json:
        typer.echo(json.dumps(_as_json(figures)))
    else:
        _show(figures)
    if not figures.held:
        raise typer.Exit(1)


def _as_json(figures: "Figures") -> dict[str, Any]:
    total = figures.total
    kinds = {kind: _row(group) for kind, group in figures.kinds.items()}
    scanners = {
        "losing": figures.losing,
        "noticed": figures.noticed,
        "slow": figures.slow,
        "accused": figures.accused,
        "labels_to_notice": figures.labels_to_notice,
    }
    wrong = total.wrong + total.wrong_after
    return _row(total) | {"wrong": wrong, "share": round(figures.share, 4), "scanners": scanners, "kinds": kinds}


def _row(group: "Group") -> dict[str, int]:
    return {name: getattr(group, name) for name in group.__slots__}


_FAULTLESS = ("kind of lot", ">labels", ">held", ">waiting", ">wrong", ">without lot")
_LOSING = ("kind of lot", ">lost", ">repairable", ">repaired", ">no lot", ">before", ">unlisted", ">after")


def _show(figures: "Figures") -> None:
    groups = [*figures.kinds.items(), ("all", figures.total)]
    print_table(
        "Faultless scanners",
        _FAULTLESS,
        [(kind, each.faultless, each.held, each.waiting, each.wrong, each.doubted) for kind, each in groups],
    )
    print_table(
        "Scanners that lose all separators; wrong before they were noticed, and after",
        _LOSING,
        [
            (kind, each.lost, each.repairable or "none", each.repaired if each.repairable else "-",
             each.uncertain, each.wrong_before, each.silent_before, each.wrong_after)
            for kind, each in groups
        ],
    )  # fmt: skip
    most = max(figures.labels_to_notice, default=0)
    typer.echo(f"Repaired right: {figures.share:.2%} of the repairable.")
    typer.echo("Kinds with none repairable: no separator of theirs was lost, or nothing told which reading is meant.")
    total = figures.total
    sent = total.labels - total.faultless
    typer.echo(
        f"Taken wrongly before the scanner was noticed: {total.wrong_before} of {total.labels:,} labels "
        f"({_per_mille(total.wrong_before, total.labels)}; the aim of at most 1 ‰ is held against these, all that a "
        f"hospital scans), of {sent:,} that losing scanners sent ({_per_mille(total.wrong_before, sent)})."
    )
    typer.echo(f"Of them silent, never listed for a person with the right reading: {total.silent_before}.")
    typer.echo(f"Noticed: {figures.noticed} of {figures.losing} scanners, after at most {most} labels that show it.")
    typer.echo(f"Faultless scanners taken for faulty ones: {len(figures.accused)}.")
    typer.echo(f"Charges that wait, of items not tracked by serial: {figures.total.charge_waits}.")


def _per_mille(part: int, whole: int) -> str:
    return f"{1000 * part / whole:.2f} ‰" if whole else "none"
