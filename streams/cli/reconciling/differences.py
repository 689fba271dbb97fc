"""`udi differences`: where the HIS's charge lines differ from the books, what it is worth, and what mends it."""

from collections.abc import Sequence
from dataclasses import asdict
from datetime import UTC, datetime
from typing import Annotated, Any, NamedTuple
from uuid import UUID
from zoneinfo import ZoneInfo

import asyncpg
import typer
from rich.text import Text

from models.policy import POLICY
from models.reconciling.differences import DifferenceKind, DifferenceStatus, DifferenceVersion, Fix, LikelyCause
from sinks.postgres.reconciling.listing import Chosen, ListedDifference, standing_that_begin
from sinks.postgres.reconciling.listing import differences as list_differences
from sinks.postgres.reconciling.sessions import ReconcilingBooks
from sinks.postgres.reconciling.showing import ShownDifference, differences_that_begin, shown_difference
from streams.cli.charging.persons import person
from streams.cli.connection import By, Why, bad, of_known, run
from streams.cli.lists import listing
from streams.cli.phrases import told_cell
from streams.cli.reconciling.showing import digits_of, fields_of, kind_told
from streams.cli.reconciling.showing import show as show_difference
from streams.cli.shown import ID_SHOWN, LIMIT_DEFAULT, AsJson, Limit, age, print_json, print_table
from streams.language import say
from streams.settings import Settings

differences_app = typer.Typer(
    help="Where the HIS's charge lines differ from the books.", invoke_without_command=True, no_args_is_help=False
)
_STYLES = {DifferenceStatus.ASKED: "yellow", DifferenceStatus.ACCEPTED: "dim", DifferenceStatus.OPEN: ""}
Kind = Annotated[DifferenceKind | None, typer.Option(help="Only this kind.")]
Encounter = Annotated[str | None, typer.Option(help="Only this encounter.")]
Department = Annotated[str | None, typer.Option(help="Only this department.")]
Hospital = Annotated[str | None, typer.Option(help="Only this hospital.")]
Ids = Annotated[list[str] | None, typer.Argument(metavar="[ID]…", help=f"Or the first {ID_SHOWN} characters of each.")]


class Decided(NamedTuple):
    """What a person's decision came to."""

    done: int
    """Differences that were decided."""
    missing: list[str]
    """Named, and none that stands begins so."""
    here: int
    """What the HIS can't mend: the scans wait here."""


@differences_app.callback()
@listing
def differences(  # noqa: PLR0917 -- the options of a command
    context: typer.Context,
    kind: Kind = None,
    encounter: Encounter = None,
    department: Department = None,
    hospital: Hospital = None,
    status: Annotated[
        list[DifferenceStatus] | None, typer.Option(help="Unset: open and asked; may be given several times.")
    ] = None,
    young: Annotated[
        bool, typer.Option("--young", help="Also uses of the last day whose line may still come.")
    ] = False,
    limit: Limit = LIMIT_DEFAULT,
    as_json: AsJson = False,
) -> None:
    """What is missed, wrong or extra on the HIS's books, the dearest first. Exit 1 when any of it is open."""
    if context.invoked_subcommand is not None:
        return
    wanted = [each.value for each in status or (DifferenceStatus.OPEN, DifferenceStatus.ASKED)]
    chosen = Chosen(kind and kind.value, encounter, department, hospital)
    found = run(of_known(lambda _, pool: list_differences(pool, wanted, chosen), department=department))
    rows = [row for row in found if young or not _is_young(row)]
    if as_json:
        print_json([asdict(row) for row in rows])
    elif not rows:
        typer.echo("No such difference.")
    else:
        _show(rows, limit)
    if len(rows) < len(found) and not as_json:
        typer.echo(f"{len(found) - len(rows):,} uses of the last day have no line yet; --young shows them.")
    raise typer.Exit(int(any(row.status == DifferenceStatus.OPEN for row in rows)))


@differences_app.command("show")
def show(
    id_: Annotated[str, typer.Argument(metavar="ID", help=f"Or its first {ID_SHOWN} characters.")],
    as_json: AsJson = False,
) -> None:
    """One difference: both sides, both patients where it is one charge on the wrong one, dates, persons."""
    start = digits_of(id_)
    if start is None:
        bad(f"Expected the id of a difference, or at least {ID_SHOWN} characters of it, got {id_!r}.")

    async def work(settings: Settings, pool: asyncpg.Pool) -> tuple[ShownDifference, ZoneInfo]:
        async with pool.acquire() as connection, connection.transaction(isolation="repeatable_read", readonly=True):
            named = await differences_that_begin(connection, start)
            if not named:
                bad(f"Expected a difference, found none with id {id_}.")
            if len(named) > 1:
                bad(f"Expected the id of one difference, several begin with {id_}; give more of it.")
            return await shown_difference(connection, named[0]), settings.zone

    found, zone = run(work)
    if as_json:
        print_json(fields_of(found))
    else:
        show_difference(found, zone)


@differences_app.command("ask")
def ask(
    ids: Ids = None,
    *,
    reason: Why,
    by: By = None,
    kind: Kind = None,
    encounter: Encounter = None,
    department: Department = None,
    hospital: Hospital = None,
) -> None:
    """Ask the HIS to mend differences: named ones, or all open ones that fit the options. Exit 1 when none was."""
    _decide(DifferenceStatus.ASKED, ids, reason, by, Chosen(kind and kind.value, encounter, department, hospital))


@differences_app.command("accept")
def accept(
    ids: Ids = None,
    *,
    reason: Why,
    by: By = None,
    kind: Kind = None,
    encounter: Encounter = None,
    department: Department = None,
    hospital: Hospital = None,
) -> None:
    """Let differences stand: named ones, or all open ones that fit the options. Other figures open them again."""
    _decide(DifferenceStatus.ACCEPTED, ids, reason, by, Chosen(kind and kind.value, encounter, department, hospital))


def _is_young(row: ListedDifference) -> bool:
    """A use whose line may still come: it is no error yet."""
    missing = (row.kind, row.cause) == (DifferenceKind.MISSED, LikelyCause.NOT_POSTED)
    return missing and bool(datetime.now(UTC) - row.at < POLICY.his_line_time)


def _decide(status: DifferenceStatus, ids: Sequence[str] | None, reason: str, by: str | None, chosen: Chosen) -> None:
    if bool(ids) == any(chosen):
        bad("Expected either ids of differences, or --kind, --encounter, --department or --hospital.")
    named = [_start(each) for each in ids or ()]
    who = person(by)

    async def work(_: Settings, pool: asyncpg.Pool) -> Decided:
        async with ReconcilingBooks(pool).session() as session:
            wanted, missing = await (_named(pool, named) if named else _open(pool, chosen))
            standing = await session.standing_of(wanted)
            if not named:
                standing = [each for each in standing if each.status is DifferenceStatus.OPEN]
            fit = [each for each in standing if status is DifferenceStatus.ACCEPTED or _of_the_his(each)]
            await session.decide(fit, status, who, reason, datetime.now(UTC))
        return Decided(len(fit), missing, len(standing) - len(fit))

    decided = run(work)
    for each in decided.missing:
        typer.echo(f"udi: Expected a difference that stands, found none with id {each}.", err=True)
    if decided.here:
        typer.echo(f"{decided.here:,} left out: their scans wait here, see udi parked and udi held.", err=True)
    typer.echo(f"{decided.done:,} {'asked of the HIS' if status is DifferenceStatus.ASKED else 'accepted'}.")
    raise typer.Exit(int(bool(decided.missing) or not decided.done))


def _of_the_his(version: DifferenceVersion) -> bool:
    return version.difference.fix is not Fix.FREE_SCAN


def _start(text: str) -> str:
    found = text.strip().lower()
    if not ID_SHOWN <= len(found) <= len(str(UUID(int=0))) or set(found) - set("0123456789abcdef-"):
        bad(f"Expected the id of a difference, or at least {ID_SHOWN} characters of it, got {text!r}.")
    return found


async def _named(pool: asyncpg.Pool, starts: Sequence[str]) -> tuple[list[UUID], list[str]]:
    found = await standing_that_begin(pool, starts)
    for start, several in found.items():
        if len(several) > 1:
            bad(f"Expected the id of one difference, {len(several)} begin with {start}; give more of it.")
    return [ids[0] for ids in found.values()], [start for start in dict.fromkeys(starts) if start not in found]


async def _open(pool: asyncpg.Pool, chosen: Chosen) -> tuple[list[UUID], list[str]]:
    rows = await list_differences(pool, [DifferenceStatus.OPEN.value], chosen)
    return [row.difference_id for row in rows if not _is_young(row)], []


def _show(rows: Sequence[ListedDifference], limit: int) -> None:
    columns = ("id", "what; mends it", "encounter", "item", ">due", ">charged", ">too much", ">age")
    print_table("Differences of the HIS from the books, yuan", columns, [_cells(row) for row in rows], limit=limit)
    for kind in DifferenceKind:
        of_kind = [row.amount for row in rows if row.kind == kind]
        if of_kind:
            too_little = -sum(amount for amount in of_kind if amount < 0)
            too_much = sum(amount for amount in of_kind if amount > 0)
            typer.echo(
                f"{told_cell(kind)}: {len(of_kind):,}; {too_little:,.2f} yuan too little, {too_much:,.2f} too much."
            )


def _cells(row: ListedDifference) -> tuple[Any, ...]:
    status = DifferenceStatus(row.status)
    why = f"{kind_told(row)}: {say('desk', 'cause', row.cause)}; {say('desk', 'fix', row.fix)}"
    shown = why if status is DifferenceStatus.OPEN else f"{why} ({told_cell(status)})"
    return (
        str(row.difference_id)[:ID_SHOWN], Text(shown, _STYLES.get(status, "dim")), row.encounter,
        row.item_code or "?", row.expected, row.found, row.amount, age(row.found_at),
    )  # fmt: skip
