"""`udi month close`: says what waits in the month, has everything published recorded, closes, judges the alerts."""

from collections.abc import Sequence
from datetime import UTC, datetime

import asyncpg
import typer

from models.calendar import Month, local_day, month_of, month_text, parse_month
from sinks.postgres.charging.books import read_catalogue
from sinks.postgres.charging.parked_and_held import open_scans
from sinks.postgres.closing.month_waits import month_waits
from sinks.postgres.closing.periods import CloseOrderError
from streams.cli.charging.parked import estimate
from streams.cli.charging.persons import person
from streams.cli.connection import bad, run
from streams.cli.phrases import word
from streams.cli.shown import print_table, yuan
from streams.services.monitoring.evaluator import Evaluator
from streams.services.month_close import CloseBehindError, ClosedMonth, Forced, close_month
from streams.services.scheduler import TickPublisher
from streams.settings import Settings
from streams.topics import cluster_id


def close_command(
    month: str,
    hospitals: Sequence[str] | None,
    timeout_seconds: float,
    *,
    force: bool = False,
    reason: str | None = None,
    by: str | None = None,
) -> int:
    """Close a month and give the exit status: 1 when what was published is not recorded in time.

    A month that is no month, not the next one to close, or not over and not forced, is one line and exit status 2.
    """
    if force != bool((reason or "").strip()):
        bad("Expected --force and --reason together.")
    try:
        wanted = parse_month(month)
    except ValueError as error:
        bad(str(error))
    forced = Forced(person(by), reason or "") if force else None

    async def work(settings: Settings, pool: asyncpg.Pool) -> ClosedMonth:
        say_what_waits(wanted, await _waits(settings, pool, wanted, list(hospitals) if hospitals else None))
        return await _close(settings, pool, wanted, hospitals, timeout_seconds, forced)

    try:
        closed = run(work)
    except CloseOrderError as error:
        bad(str(error))
    except CloseBehindError as error:
        typer.echo(f"udi: {error}", err=True)
        return 1
    for hospital in closed.closed:
        typer.echo(f"{hospital}: {month_text(closed.month)} is closed.")
    for hospital in closed.already_closed:
        typer.echo(f"{hospital}: {month_text(closed.month)} was closed before.")
    typer.echo(f"{closed.alert_versions} alert versions.")
    return 0


def say_what_waits(month: Month, rows: Sequence[tuple[str, str, int, str]]) -> None:
    """Before anything is done: what a person might still want to see to."""
    if rows:
        cells = [(hospital, word(what), number, amount) for hospital, what, number, amount in rows]
        print_table(f"Still waits in {month_text(month)}", ("hospital", "what", ">number", ">yuan"), cells)
    else:
        typer.echo(f"Nothing waits in {month_text(month)}.")


async def _waits(
    settings: Settings, pool: asyncpg.Pool, month: Month, hospitals: list[str] | None
) -> list[tuple[str, str, int, str]]:
    """(hospital, what, how many, yuan): parked and held uses at today's catalogue, and what `month_waits` finds."""
    sums: dict[tuple[str, str], list[int]] = {}
    async with pool.acquire() as connection, connection.transaction(isolation="repeatable_read", readonly=True):
        catalogue = await read_catalogue(connection)
        for verdict in ("parked", "held"):
            for row in await open_scans(connection, verdict):
                here = hospitals is None or row.hospital in hospitals
                if here and month_of(local_day(row.scanned_at, settings.zone)) == month:
                    number, fen = sums.setdefault((row.hospital, verdict), [0, 0])
                    sums[row.hospital, verdict] = [number + 1, fen + (estimate(row, catalogue, settings) or 0)]
        others = await month_waits(connection, month, hospitals)
    found = [(hospital, verdict, number, yuan(fen)) for (hospital, verdict), (number, fen) in sums.items()]
    for each in others:
        found.append((each.hospital, each.kind, each.number, "?" if each.amount is None else f"{each.amount:,.2f}"))
    return sorted(found)


async def _close(  # noqa: PLR0917 -- the parts of a close
    settings: Settings,
    pool: asyncpg.Pool,
    month: Month,
    hospitals: Sequence[str] | None,
    timeout_seconds: float,
    forced: Forced | None,
) -> ClosedMonth:
    async with TickPublisher(settings) as ticks:

        async def publish_ticks() -> dict[int, int]:
            return await ticks.publish(range(settings.lanes), datetime.now(UTC))

        return await close_month(
            month, hospitals=hospitals or None, pool=pool, cluster_id=await cluster_id(settings),
            publish_ticks=publish_ticks, timeout_seconds=timeout_seconds,
            evaluate=Evaluator(pool, settings.zone).step, forced=forced,
        )  # fmt: skip
