"""The commands of the assessment, as `udi` takes them."""

from pathlib import Path
from typing import Annotated

import typer

from streams.cli.shown import AsJson
from streams.settings import SettingsError


def assess_command(  # noqa: PLR0917 -- the options of a command
    indices: Annotated[
        Path | None, typer.Option(help="Table of departments and their indices: CSV, XLSX or JSON lines.")
    ] = None,
    against: Annotated[str | None, typer.Option(help="The earlier table it is compared with.")] = None,
    benefit: Annotated[list[str] | None, typer.Option(help="More of this column is better; several times.")] = None,
    cost: Annotated[list[str] | None, typer.Option(help="Less of this column is better; several times.")] = None,
    ignore: Annotated[list[str] | None, typer.Option(help="This column is no index; several times.")] = None,
    deviation: Annotated[str, typer.Option(help="sample or population; the weights are the same.")] = "sample",
    form: Annotated[str, typer.Option(help="weighted (√Σw(z−z±)²) or squared (the textbook's w²).")] = "weighted",
    *,
    reference: Annotated[
        bool, typer.Option("--reference", help="Bounds and weights of the earlier window stand for both.")
    ] = False,
    as_json: AsJson = False,
) -> None:
    """Judge departments by their indices: CRITIC weights, TOPSIS ranks, what changed, and how sure it is."""
    from rules.assessment.assessing import Options  # noqa: PLC0415 -- numpy and scipy load when they are needed
    from rules.assessment.critic import Deviation  # noqa: PLC0415
    from rules.assessment.topsis import Form  # noqa: PLC0415
    from streams.cli.assessment.assess import assess_files, said_of  # noqa: PLC0415

    try:
        options = Options(Deviation(deviation), Form(form), reference)
    except ValueError as error:
        raise SettingsError(
            f"Expected --deviation sample or population and --form weighted or squared: {error}."
        ) from None
    if indices is None:
        raise SettingsError("Expected --indices FILE.")
    if reference and against is None:
        raise SettingsError("Expected --against FILE with --reference: its bounds and weights are taken.")
    earlier = None if against is None else Path(against)
    raise typer.Exit(assess_files(indices, earlier, said_of(benefit, cost, ignore), options, as_json=as_json))
