"""`udi differences`: where the HIS's charge lines differ from the books, what it is worth, and what mends it."""

import getpass
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Annotated, Any, Final
from uuid import UUID

import asyncpg
import typer

from models.reconciliation import DifferenceKind, DifferenceStatus, DifferenceVersion
from sinks.reconciling import ReconcilingBooks
from streams.commands.connection import bad, run
from streams.commands.shown import LIMIT_DEFAULT, AsJson, Limit, age, print_json, print_table
from streams.settings import Settings

differences_app = typer.Typer(
    help="Where the HIS's charge lines differ from the books.", invoke_without_command=True, no_args_is_help=False
)
STANDING: Final = (DifferenceStatus.OPEN, DifferenceStatus.ASKED, DifferenceStatus.ACCEPTED)
_SELECT = """
SELECT * FROM report.differences
WHERE status = ANY ($1::text[]) AND ($2::text IS NULL OR kind = $2) AND ($3::text IS NULL OR encounter = $3)
  AND ($4::text IS NULL OR department = $4) AND ($5::text IS NULL OR hospital = $5)
  AND ($6::uuid[] IS NULL OR difference_id = ANY ($6))
ORDER BY encounter, at, difference_id
"""
CAUSES: Final = {
    "not-posted": "the charge went out, the HIS has no line",
    "not-charged-yet": "the scan waits here (udi parked, udi held)",
    "other-item": "another item of the catalogue was charged",
    "other-insurance-code": "another insurance code",
    "other-price": "another price, mostly of another day",
    "more-than-used": "more units than were used",
    "less-than-used": "fewer units than were used",
    "other-patient": "charged to another patient",
    "charged-twice": "charged twice",
    "not-chargeable": "the item is not charged",
    "returned": "the use was taken back",
    "not-scanned": "nothing like it was scanned",
    "unknown-encounter": "the books do not know the encounter",
}
FIXES: Final = {
    "post": "the HIS posts the line",
    "cancel": "the HIS cancels the line",
    "replace": "the HIS replaces the line",
    "free-scan": "free the scan here",
}
Kind = Annotated[DifferenceKind | None, typer.Option(help="Only this kind.")]
Encounter = Annotated[str | None, typer.Option(help="Only this encounter.")]
Department = Annotated[str | None, typer.Option(help="Only this department.")]
Hospital = Annotated[str | None, typer.Option(help="Only this hospital.")]
Ids = Annotated[list[str] | None, typer.Argument(metavar="[DIFFERENCE_ID]…")]
Why = Annotated[str, typer.Option("--reason", help="Why; it is kept.")]
By = Annotated[str | None, typer.Option(help="Who; unset: the name you are logged in with.")]


@differences_app.callback()
def differences(  # noqa: PLR0917 -- the options of a command
    context: typer.Context,
    kind: Kind = None,
    encounter: Encounter = None,
    department: Department = None,
    hospital: Hospital = None,
    status: Annotated[list[DifferenceStatus] | None, typer.Option(help="Unset: open and asked.")] = None,
    limit: Limit = LIMIT_DEFAULT,
    as_json: AsJson = False,
) -> None:
    """What is missed, wrong or extra on the HIS's books. Exit 1 when any of it is open."""
    if context.invoked_subcommand is not None:
        return
    wanted = [str(each) for each in status or (DifferenceStatus.OPEN, DifferenceStatus.ASKED)]
    chosen = (wanted, kind and str(kind), encounter, department, hospital, None)
    rows = run(lambda _, pool: _rows(pool, chosen))
    if as_json:
        print_json([dict(row) for row in rows])
    elif not rows:
        typer.echo("No such difference.")
    else:
        _show(rows, limit)
    raise typer.Exit(int(any(row["status"] == DifferenceStatus.OPEN for row in rows)))


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
    """Ask the HIS to mend differences: named ones, or all open ones that fit the options."""
    _decide(DifferenceStatus.ASKED, ids, reason, by, (kind and str(kind), encounter, department, hospital))


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
    _decide(DifferenceStatus.ACCEPTED, ids, reason, by, (kind and str(kind), encounter, department, hospital))


async def _rows(pool: asyncpg.Pool, chosen: tuple[Any, ...]) -> list[asyncpg.Record]:
    return list(await pool.fetch(_SELECT, *chosen))


def _decide(
    status: DifferenceStatus, ids: Sequence[str] | None, reason: str, by: str | None, chosen: tuple[str | None, ...]
) -> None:
    if not reason.strip():
        bad("Expected a reason, got an empty one.")
    if not ids and not any(chosen):
        bad("Expected ids of differences, or --kind, --encounter, --department or --hospital.")
    named = [_id(each) for each in ids or ()]
    who = by or getpass.getuser()

    async def work(settings: Settings, pool: asyncpg.Pool) -> tuple[int, list[UUID]]:
        from_ = [str(each) for each in STANDING] if named else [str(DifferenceStatus.OPEN)]
        rows = await _rows(pool, (from_, *chosen, named or None))
        wanted = {UUID(int=row["difference_id"].int) for row in rows}
        async with ReconcilingBooks(pool, settings.zone).session() as session:
            now = datetime.now(UTC)
            standing = await session.standing_of(wanted)
            versions = [
                DifferenceVersion(each.difference, each.version + 1, status, now, each.across, who, reason)
                for each in standing
            ]
            await session.record(versions)
            for version in versions if status is DifferenceStatus.ASKED else ():
                await session.ask(version)
        return len(versions), [each for each in named if each not in wanted]

    done, missing = run(work)
    for each in missing:
        typer.echo(f"udi: Expected a difference that stands, found none with id {each}.", err=True)
    typer.echo(f"{done:,} {'asked of the HIS' if status is DifferenceStatus.ASKED else 'accepted'}.")
    raise typer.Exit(int(bool(missing) or not done))


def _id(text: str) -> UUID:
    try:
        return UUID(text)
    except ValueError:
        bad(f"Expected the id of a difference (UUID), got {text!r}.")


def _show(rows: list[asyncpg.Record], limit: int) -> None:
    columns = (
        "what",
        "encounter",
        "item",
        ">expected",
        ">found",
        ">too much",
        "likely",
        "mends it",
        ">age",
        "status",
        "id",
    )
    cells = [
        (
            row["kind"] if not row["aspects"] else f"{row['kind']}: {', '.join(row['aspects'])}",
            row["encounter"],
            row["item_code"] or "not known yet",
            row["expected"],
            row["found"],
            row["amount"],
            CAUSES[row["cause"]],
            FIXES[row["fix"]],
            age(row["found_at"]),
            row["status"],
            str(row["difference_id"]),
        )
        for row in rows
    ]
    print_table("Differences between the HIS and the books, yuan", columns, cells, limit=limit)
    for kind in DifferenceKind:
        of_kind = [row for row in rows if row["kind"] == kind]
        if of_kind:
            too_little = -sum(row["amount"] for row in of_kind if row["amount"] < 0)
            too_much = sum(row["amount"] for row in of_kind if row["amount"] > 0)
            typer.echo(f"{kind}: {len(of_kind):,}; charged too little {too_little:,.2f}, too much {too_much:,.2f}.")
