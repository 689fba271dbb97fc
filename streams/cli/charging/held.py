"""`udi held`: the queue of scans that wait for a person, who looks after each, and what a person decides."""

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Annotated, Any
from uuid import UUID
from zoneinfo import ZoneInfo

import asyncpg
import typer

from models.charging.commands import CommandKind
from models.money import fen_text
from models.reasons import Reason
from models.texts import LOCALES, texts
from sinks.postgres.charging.books import read_catalogue
from sinks.postgres.charging.parked_and_held import HeldScan, HistoryEntry, assign, held_scans, history_of
from sinks.postgres.charging.stories import Brief, brief_of
from streams.cli.charging.parked import estimate
from streams.cli.charging.persons import Hospital, Scans, Timeout, command, person, scan_named
from streams.cli.charging.telling import decided, detail_of, goods, told
from streams.cli.connection import By, Why, bad, of_known, run, unknown
from streams.cli.lists import listing
from streams.cli.phrases import as_written, told_cell, word
from streams.cli.shown import LIMIT_DEFAULT, AsJson, Limit, age, print_json, print_table, short, yuan
from streams.language import language
from streams.settings import Settings

held_app = typer.Typer(
    help="Scans that wait for a person: the queue, and what a person decides.", invoke_without_command=True
)


@dataclass(frozen=True, slots=True)
class Held:
    """A scan of the queue."""

    scan: HeldScan
    """As the books have it."""
    estimate_fen: int | None
    """What it would be charged at today's catalogue; `None` when nobody knows."""

    def row(self) -> dict[str, Any]:
        """For machines."""
        amount = None if self.estimate_fen is None else fen_text(self.estimate_fen)
        words = {locale: texts(locale)["reason"][self.scan.reason] for locale in LOCALES}
        return asdict(self.scan) | {"reason_text": words, "estimated_amount": amount}


@held_app.callback()
@listing
def held(  # noqa: PLR0917 -- the options of a command
    context: typer.Context,
    reason: Annotated[str | None, typer.Option(help="Only what is held for this.")] = None,
    department: Annotated[str | None, typer.Option(help="Only this department.")] = None,
    owner: Annotated[str | None, typer.Option(help="Only what this person looks after.")] = None,
    limit: Limit = LIMIT_DEFAULT,
    as_json: AsJson = False,
) -> None:
    """What is held, the oldest first: why, for whom, what it is worth, who looks after it. Exit 1 when there is any."""
    if context.invoked_subcommand is not None:
        return
    if reason is not None and reason not in set(Reason):
        bad(unknown("--reason", reason, sorted(Reason)))

    async def work(settings: Settings, pool: asyncpg.Pool) -> list[Held]:
        async with pool.acquire() as connection, connection.transaction(isolation="repeatable_read", readonly=True):
            rows = await held_scans(connection, reason, department, owner)
            catalogue = await read_catalogue(connection)
        return [Held(row, estimate(row, catalogue, settings)) for row in rows]

    found = run(of_known(work, department=department))
    if as_json:
        print_json([each.row() for each in found])
    elif not found:
        typer.echo("Nothing is held.")
    else:
        _show(found, limit)
    raise typer.Exit(int(bool(found)))


@held_app.command("take")
def take(scan_ids: Scans, by: By = None, hospital: Hospital = None) -> None:
    """Look after held scans yourself."""
    _give(scan_ids, person(by), by, hospital)


@held_app.command("give")
def give(
    scan_ids: Scans,
    to: Annotated[str, typer.Option("--to", help="Who looks after them from now on.")],
    by: By = None,
    hospital: Hospital = None,
) -> None:
    """Give held scans to somebody."""
    _give(scan_ids, to, by, hospital)


@held_app.command("release")
def release(scan_ids: Scans, reason: Why, by: By = None, hospital: Hospital = None, timeout: Timeout = 30.0) -> None:
    """Charge held uses in spite of what they are held for. Exit 1 when one can't be released."""
    raise typer.Exit(command(CommandKind.RELEASE, scan_ids, reason, by, hospital, timeout))


@held_app.command("reject")
def reject(scan_ids: Scans, reason: Why, by: By = None, hospital: Hospital = None, timeout: Timeout = 30.0) -> None:
    """It was no use: take back whatever followed. Exit 1 when one can't be rejected."""
    raise typer.Exit(command(CommandKind.REJECT, scan_ids, reason, by, hospital, timeout))


@held_app.command("history")
@listing
def history(
    scan: Annotated[str, typer.Argument(metavar="SCAN_ID")], hospital: Hospital = None, as_json: AsJson = False
) -> None:
    """What was decided of a scan, by whom and why, in order."""

    async def work(settings: Settings, pool: asyncpg.Pool) -> tuple[UUID, list[HistoryEntry], ZoneInfo]:
        id_, house = await scan_named(pool, scan, hospital)
        return id_, await history_of(pool, house, id_), settings.zone

    id_, rows, zone = run(work)
    if as_json:
        print_json([asdict(row) for row in rows])
    else:
        cells = [(row.at.astimezone(zone), row.by, decided(row), detail_of(row)) for row in rows]
        print_table(f"Scan {id_}", ("when", "who", "what", "why"), cells)


def _give(scan_ids: Sequence[str], to: str, by: str | None, hospital: str | None) -> None:
    who = person(by)

    async def work(_: Settings, pool: asyncpg.Pool) -> list[tuple[UUID, bool, Brief | None]]:
        named = [await scan_named(pool, each, hospital) for each in scan_ids]
        given = [bool(await assign(pool, house, [scan], to, who)) for scan, house in named]
        about = [await brief_of(pool, house, scan) for scan, house in named]
        return list(zip((scan for scan, _ in named), given, about, strict=True))

    done = run(work)
    for scan, given, about in done:
        of = "" if about is None else told(about)
        typer.echo(f"{short(scan)} {of} – {f'looked after by {as_written(to)}.' if given else 'Expected a held scan.'}")
    raise typer.Exit(int(not all(given for _, given, _ in done)))


def _show(found: Sequence[Held], limit: int) -> None:
    columns = (">since", "looked after by", "held for", "goods", "patient", "department", ">yuan (est.)", ">scan")
    print_table("Held: a person decides", columns, [_cells(each) for each in found], limit=limit)
    known = sum(each.estimate_fen for each in found if each.estimate_fen is not None)
    nobody = sum(each.scan.owner is None for each in found)
    typer.echo(f"{len(found):,} scans, {yuan(known)} yuan at today's catalogue; nobody looks after {nobody:,} of them.")


def _cells(each: Held) -> tuple[Any, ...]:
    of = each.scan
    unit = goods(of.item_code, None, of.di, of.lot, of.serial)
    return (
        age(of.since),
        of.owner or told_cell("nobody"),
        texts(language())["reason"][of.reason],
        unit if of.action == "use" else f"{word(of.action, 'action')}: {unit}",
        of.encounter,
        of.department,
        "?" if each.estimate_fen is None else yuan(each.estimate_fen),
        short(of.scan_id),
    )
