"""`udi load`: files of the HIS onto their topics, and of a few kinds into the books; every bad row is named."""

from collections.abc import Callable, Collection, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Annotated, Any, Final, NoReturn

import typer

from models.wire.topics import CATALOGUE, DELIVERIES, DISCHARGES, ENCOUNTERS, HIS_CHARGES, INCOME, RECALLS, STORES
from streams.cli.connection import bad, read_settings, run_at_broker
from streams.cli.loading.asked import Asked
from streams.cli.loading.column_map import ColumnMap, Kind, as_toml, read_map, read_mapped
from streams.cli.loading.files import FORMS, Contents, Message, read_file
from streams.cli.loading.flat_rows import BadRow
from streams.cli.loading.grids import SheetError
from streams.cli.loading.insurance_codes import COLUMNS as INSURANCE_COLUMNS
from streams.cli.loading.insurance_codes import load_insurance_codes
from streams.cli.loading.known_encounters import unknown_encounters
from streams.cli.loading.quotas import COLUMNS as QUOTA_COLUMNS
from streams.cli.loading.quotas import load_quotas
from streams.cli.loading.scanners import COLUMNS as SCANNER_COLUMNS
from streams.cli.loading.scanners import load_scanners
from streams.cli.loading.templates import Table, write_template
from streams.cli.loading.udid.command import load_udid
from streams.cli.loading.udid.devices import COLUMNS as UDID_COLUMNS
from streams.cli.new_files import expect_new, write_new
from streams.cli.phrases import told, told_cell
from streams.cli.publishing import publish
from streams.cli.shown import AsJson, print_json, print_table
from streams.language import language
from streams.settings import Settings

ROWS_SHOWN: Final = 50
UNKNOWN_SHOWN: Final = 10
TOPICS: Final = {
    Kind.CATALOGUE: CATALOGUE, Kind.ENCOUNTERS: ENCOUNTERS, Kind.HIS_CHARGES: HIS_CHARGES,
    Kind.DISCHARGES: DISCHARGES, Kind.INCOME: INCOME, Kind.RECALLS: RECALLS,
    Kind.STORES: STORES, Kind.DELIVERIES: DELIVERIES,
}  # fmt: skip
TABLES: Final[dict[Kind, Table]] = {
    **{kind: Table(tuple(form.columns), form.required) for kind, form in FORMS.items()},
    Kind.UDID: Table(UDID_COLUMNS, UDID_COLUMNS[:1]),
    Kind.SCANNERS: Table(SCANNER_COLUMNS, SCANNER_COLUMNS[:3]),
    Kind.QUOTAS: Table(QUOTA_COLUMNS, QUOTA_COLUMNS[:5]),
    Kind.INSURANCE_CODES: Table(INSURANCE_COLUMNS, INSURANCE_COLUMNS[:1]),
}
"""The columns that each kind knows, and those it needs."""
HELP: Final = {
    Kind.CATALOGUE: "Items of the charge catalogue. Exit 1 when rows were bad.",
    Kind.ENCOUNTERS: "Encounters: admissions, discharges, departments. Exit 1 when rows were bad.",
    Kind.HIS_CHARGES: "Charge lines of the HIS, to compare with the books. Exit 1 when rows were bad.",
    Kind.DISCHARGES: "Discharged cases with DRG group, weight and costs. Exit 1 when rows were bad.",
    Kind.INCOME: "Income of departments by month. Exit 1 when rows were bad.",
    Kind.RECALLS: "Recall notices. Exit 1 when rows were bad.",
    Kind.STORES: "Stores and what they should hold. Exit 1 when rows were bad.",
    Kind.DELIVERIES: "Delivery notes of suppliers. Exit 1 when rows were bad.",
    Kind.SCANNERS: "Profiles of scanners. Exit 1 when rows were bad.",
    Kind.QUOTAS: "Monthly quotas of controlled categories. Exit 1 when rows were bad.",
    Kind.INSURANCE_CODES: "Insurance codes that were ended or replaced. Exit 1 when rows were bad.",
}
load_app = typer.Typer(no_args_is_help=True, help="Load files: bad rows are named, good ones loaded.")

File = Annotated[Path, typer.Argument(help="CSV, XLSX or JSON lines; see docs/commands.md.", show_default=False)]
Hospital = Annotated[str | None, typer.Option("--hospital", help="For a table without that column.")]
MapFile = Annotated[Path | None, typer.Option("--map", help="Which heading is which column: a TOML file.")]
SaveMap = Annotated[
    Path | None, typer.Option("--save-map", help="Write the proposed map to this file, and load nothing.")
]
Yes = Annotated[bool, typer.Option("--yes", help="Take the proposed map without being asked.")]
DryRun = Annotated[bool, typer.Option("--dry-run", help="Check the file, load nothing.")]


def _command(kind: Kind) -> Callable[..., None]:
    def load_one(
        file: File,
        *,
        hospital: Hospital = None,
        map_file: MapFile = None,
        save_map: SaveMap = None,
        yes: Yes = False,
        dry_run: DryRun = False,
        as_json: AsJson = False,
    ) -> None:
        if save_map is not None:
            _save_map(kind, file, save_map)
        asked = Asked(kind, file, hospital, _given(kind, map_file), yes, dry_run, as_json)
        raise typer.Exit(readable(file, lambda: _LOADERS.get(kind, _load_records)(asked)))

    return load_one


for _kind, _help in HELP.items():
    load_app.command(_kind, help=_help)(_command(_kind))


@load_app.command("udid")
def udid(
    file: Annotated[
        Path, typer.Argument(help="XML as it is published, a table, or a ZIP of both.", show_default=False)
    ],
    *,
    hospital: Annotated[str | None, typer.Option("--hospital", help="When the books hold several.")] = None,
    propose: Annotated[
        Path | None, typer.Option("--propose", help="Write devices of no item as items to complete: .xlsx or .csv.")
    ] = None,
    dry_run: DryRun = False,
    as_json: AsJson = False,
) -> None:
    """Identifiers and packages of the national database into the items that have one of them."""
    raise typer.Exit(readable(file, lambda: load_udid(file, hospital, propose, dry_run=dry_run, as_json=as_json)))


@load_app.command("template")
def template(
    kind: Annotated[Kind, typer.Argument(help="What is to be loaded.", show_default=False)],
    folder: Annotated[Path, typer.Argument(help="Where to write; made when absent.")] = Path(),
) -> None:
    """Write an empty table to fill in, as XLSX and CSV, each column explained."""
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except (FileExistsError, NotADirectoryError):
        bad(f"Expected a folder, got {folder}, which is or lies in a file.")
    except OSError as error:
        bad(f"Expected a folder that can be written, got {folder}: {error.strerror}.")
    for path in write_template(kind, TABLES[kind], folder, language()):
        typer.echo(f"Written: {path}")


def readable(file: Path, work: Callable[[], Any]) -> Any:
    """What the work gives; a file that can't be read is one line, exit status 2."""
    try:
        return work()
    except SheetError as error:
        bad(f"{file}: {error}")
    except OSError as error:
        if error.filename is None or Path(error.filename) != file:
            raise
        bad(f"Expected a file that can be read, got {file}: {error.strerror}.")


def _given(kind: Kind, map_file: Path | None) -> ColumnMap | None:
    if map_file is None:
        return None
    found: ColumnMap = readable(map_file, lambda: read_map(map_file, TABLES[kind].columns))
    return found


def _save_map(kind: Kind, file: Path, to: Path) -> NoReturn:
    expect_new(to)
    names: Collection[str] = TABLES[kind].columns
    _, found = readable(file, lambda: read_mapped(kind, file, names, to_save=True))
    write_new(to, as_toml(kind, found).encode())
    typer.echo(f"Written: {to}. Change what is wrong, and load with --map {to}.")
    raise typer.Exit(0)


def _load_records(asked: Asked) -> int:
    settings = read_settings()
    contents = read_file(asked.kind, asked.file, settings.zone, asked.hospital, asked.given)
    asked.agree(contents.columns)
    if contents.good and not asked.dry_run:
        run_at_broker(lambda resolved: _publish(resolved, asked.kind, contents.good))
    unknown = unknown_encounters(settings, contents.names()) if asked.kind is Kind.HIS_CHARGES else None
    if asked.as_json:
        _print_json(asked, contents, unknown)
    else:
        _show(contents, asked.kind, dry_run=asked.dry_run)
        _show_unknown(unknown or [])
    return 1 if contents.bad else 0


_LOADERS: Final[dict[Kind, Callable[[Asked], int]]] = {
    Kind.SCANNERS: load_scanners, Kind.QUOTAS: load_quotas, Kind.INSURANCE_CODES: load_insurance_codes,
}  # fmt: skip
"""Of the kinds that go into the books; the others are records."""


async def _publish(settings: Settings, kind: Kind, messages: Sequence[Message]) -> None:
    topic = settings.topic(TOPICS[kind])
    await publish(settings, [each.outbound(topic) for each in messages], f"Loading {kind}")


def _print_json(asked: Asked, contents: Contents, unknown: Sequence[tuple[str, str]] | None) -> None:
    loaded = 0 if asked.dry_run else len(contents.good)
    found: dict[str, Any] = {"good": len(contents.good), "loaded": loaded, "bad": [asdict(row) for row in contents.bad]}
    if asked.kind is Kind.CATALOGUE:
        found["doubtful"] = [asdict(row) for row in contents.doubtful]
    if contents.columns is not None and not contents.columns.is_own:
        found |= {"columns": dict(contents.columns.columns), "unread": list(contents.columns.unread)}
    if contents.remarks:
        found["remarks"] = list(contents.remarks)
    print_json(found | ({} if unknown is None else {"unknown_encounters": unknown}))


def _show(contents: Contents, kind: Kind, *, dry_run: bool) -> None:
    _show_rows("Bad rows: nothing of them is loaded", "reason", contents.bad)
    _show_rows("Doubtful: loaded, and worth a look", "finding", contents.doubtful)
    for remark in contents.remarks:
        typer.echo(remark, err=True)
    what = {
        Kind.CATALOGUE: "items", Kind.ENCOUNTERS: "encounters", Kind.HIS_CHARGES: "charge lines",
        Kind.DISCHARGES: "discharges", Kind.INCOME: "incomes", Kind.RECALLS: "recall notices",
        Kind.STORES: "stores", Kind.DELIVERIES: "delivery notes",
    }[kind]  # fmt: skip
    done = "would be loaded" if dry_run else "loaded"
    doubtful = f", {len(contents.doubtful):,} findings" if contents.doubtful else ""
    typer.echo(f"{len(contents.good):,} {what} {done}, {len(contents.bad):,} bad rows{doubtful}.")


def _show_rows(title: str, last: str, found: Sequence[BadRow]) -> None:
    if found:
        rows = [(each.row, each.column or told_cell("the row"), told(each.reason)) for each in found]
        print_table(title, (">row", "column", last), rows[:ROWS_SHOWN])
        if len(rows) > ROWS_SHOWN:
            typer.echo(f"… and {len(rows) - ROWS_SHOWN:,} more; --json names all.")


def _show_unknown(encounters: Sequence[tuple[str, str]]) -> None:
    if encounters:
        named = ", ".join(f"{hospital}/{encounter}" for hospital, encounter in encounters[:UNKNOWN_SHOWN])
        if len(encounters) > UNKNOWN_SHOWN:
            named = f"{named} and {len(encounters) - UNKNOWN_SHOWN:,} more"
        typer.echo(f"{len(encounters):,} encounters of the lines are not in the books: {named}.", err=True)
