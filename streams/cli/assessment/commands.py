"""The commands of the assessment, as `udi` takes them."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from streams.cli.connection import By
from streams.cli.lists import listing
from streams.cli.shown import AsJson
from streams.settings import SettingsError

if TYPE_CHECKING:
    from rules.assessment.assessing import Options

Hospital = Annotated[str | None, typer.Option(help="Needed when several hospitals are in the books.")]
Months = Annotated[str | None, typer.Option(help="Months to leave out of both windows, with commas between.")]


def assess_command(  # noqa: PLR0917 -- the options of a command
    indices: Annotated[
        Path | None, typer.Option(help="Table of departments and their indices: CSV, XLSX or JSON lines.")
    ] = None,
    window: Annotated[str | None, typer.Option(help="Months of the books, like 2022-01..2022-06.")] = None,
    against: Annotated[str | None, typer.Option(help="The earlier table, or the other window.")] = None,
    without: Months = None,
    hospital: Hospital = None,
    department: Annotated[str | None, typer.Option(help="Opened to its DRG groups and teams.")] = None,
    benefit: Annotated[list[str] | None, typer.Option(help="More of this column is better; several times.")] = None,
    cost: Annotated[list[str] | None, typer.Option(help="Less of this column is better; several times.")] = None,
    ignore: Annotated[list[str] | None, typer.Option(help="This column is no index; several times.")] = None,
    deviation: Annotated[str, typer.Option(help="sample or population; the weights are the same.")] = "sample",
    form: Annotated[str, typer.Option(help="weighted (√Σw(z−z±)²) or squared (the textbook's w²).")] = "weighted",
    *,
    reference: Annotated[
        bool, typer.Option("--reference", help="Bounds and weights of the earlier window stand for both.")
    ] = False,
    keep: Annotated[bool, typer.Option("--keep", help="Keep the run in report.assessment.")] = False,
    as_json: AsJson = False,
) -> None:
    """Judge departments by their indices: CRITIC weights, TOPSIS ranks, what changed, and how sure it is."""
    options = _options(deviation, form, reference=reference)
    if (indices is None) == (window is None):
        raise SettingsError("Expected either --indices FILE or --window A..B.")
    if reference and against is None:
        raise SettingsError("Expected --against with --reference: its bounds and weights are taken.")
    if indices is not None:
        from streams.cli.assessment.assess import assess_files, said_of  # noqa: PLC0415 -- numpy and scipy

        earlier = None if against is None else Path(against)
        raise typer.Exit(assess_files(indices, earlier, said_of(benefit, cost, ignore), options, as_json=as_json))
    from streams.cli.assessment.window_commands import assess_window  # noqa: PLC0415 -- as above
    from streams.cli.assessment.windows_read import read_span  # noqa: PLC0415 -- as above

    other = None if against is None else read_span(against, without)
    span = read_span(window or "", without)
    raise typer.Exit(assess_window(span, other, hospital, options, keep=keep, department=department, as_json=as_json))


def _options(deviation: str, form: str, *, reference: bool) -> "Options":
    from rules.assessment.assessing import Options  # noqa: PLC0415 -- numpy and scipy load when they are needed
    from rules.assessment.critic import Deviation  # noqa: PLC0415 -- as above
    from rules.assessment.topsis import Form  # noqa: PLC0415 -- as above

    try:
        return Options(Deviation(deviation), Form(form), reference)
    except ValueError as error:
        raise SettingsError(
            f"Expected --deviation sample or population and --form weighted or squared: {error}."
        ) from None


@listing
def targets_command(
    base: Annotated[
        str | None, typer.Option(help="Window whose cost per weight is cut, like 2021-01..2021-12.")
    ] = None,
    cut: Annotated[str | None, typer.Option(help="Per cent less than the base: 5 or 10.")] = None,
    without: Months = None,
    hospital: Hospital = None,
    by: By = None,
    *,
    as_json: AsJson = False,
) -> None:
    """Targets of cost per weight by department: set from a base window, or shown. Exit 1 when there are none."""
    from streams.cli.assessment.window_commands import targets_command as work  # noqa: PLC0415 -- numpy and scipy
    from streams.cli.assessment.windows_read import read_span  # noqa: PLC0415 -- as above

    if (base is None) != (cut is None):
        raise SettingsError("Expected --base A..B together with --cut 5 or 10.")
    raise typer.Exit(work(None if base is None else read_span(base, without), cut, hospital, by, as_json=as_json))


@listing
def ratios_command(
    month: Annotated[str, typer.Argument(metavar="MONTH", help="Like 2022-06.")],
    hospital: Annotated[list[str] | None, typer.Option(help="Only this one; may be given several times.")] = None,
    *,
    everything: Annotated[bool, typer.Option("--all", help="Diseases and DRG groups, too.")] = False,
    shares: Annotated[bool, typer.Option("--shares", help="Nationally monitored kinds and auxiliary goods.")] = False,
    as_json: AsJson = False,
) -> None:
    """Consumption ratios of a month, three formulas, with their changes. Exit 1 when the month has none."""
    from streams.cli.assessment.ratios import ratios_command as work  # noqa: PLC0415 -- loaded when it is needed
    from streams.cli.assessment.ratios import shares_command  # noqa: PLC0415 -- as above

    if shares:
        raise typer.Exit(shares_command(month, hospital, as_json=as_json))
    raise typer.Exit(work(month, hospital, everything=everything, as_json=as_json))


def pack_command(
    month: Annotated[str, typer.Argument(metavar="MONTH", help="Like 2022-06.")],
    out: Annotated[Path, typer.Option(help="Folder for the files; made when absent.")],
    hospital: Annotated[str | None, typer.Option(help="Only this one.")] = None,
    *,
    as_json: AsJson = False,
) -> None:
    """The meeting pack of a month: one HTML file that opens anywhere, and one workbook. Exit 1 when there is none."""
    from streams.cli.assessment.pack_commands import pack_command as work  # noqa: PLC0415 -- drawing loads late

    raise typer.Exit(work(month, out, hospital, as_json=as_json))
