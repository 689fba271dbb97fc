"""`udi raw`: the months of raw bytes, and those that a person takes out of the table or puts back."""

from collections.abc import Awaitable, Callable
from dataclasses import asdict
from typing import Annotated, Any
from zoneinfo import ZoneInfo

import asyncpg
import typer

from models.calendar import Month, month_text, parse_month
from sinks.postgres.operating.raw_months import MonthBusyError, Moved, RawMonth, RawMonths, RawMonthState, raw_months
from streams.cli.charging.persons import person
from streams.cli.connection import By, bad, run
from streams.cli.lists import listing
from streams.cli.shown import AsJson, print_json, print_table
from streams.settings import Settings

raw_app = typer.Typer(help="Raw bytes of scans by the month they were stored in.", no_args_is_help=True)
MIB = 1 << 20
Which = Annotated[str, typer.Argument(metavar="MONTH", help="Like 2022-06; in UTC, of storing.")]


@raw_app.command("months")
@listing
def months(*, as_json: AsJson = False) -> None:
    """Each month: whether its bytes are here, away or let go, how large it is, and what of it still waits."""

    async def work(settings: Settings, pool: asyncpg.Pool) -> tuple[list[RawMonth], ZoneInfo]:
        return await raw_months(pool), settings.zone

    found, zone = run(work)
    if as_json:
        print_json([asdict(each) | {"month": month_text(each.month)} for each in found])
        return
    rows = [
        (
            month_text(each.month), each.state.value, f"{each.bytes / MIB:,.1f}", each.records, each.waits or None,
            each.at and each.at.astimezone(zone), each.by,
        )
        for each in found
    ]  # fmt: skip
    print_table("", ("month", "raw bytes", ">MiB", ">records gone", ">waits", "gone at", "by"), rows)


@raw_app.command("detach")
def detach(month: Which, *, by: By = None, as_json: AsJson = False) -> None:
    """Take a month out of the table; it lies in udi_raw.away_MONTH then, for the database's owner to dump and drop."""
    which, who = _month(month), person(by)

    async def work(_: Settings, pool: asyncpg.Pool) -> Moved:
        found = await _of(pool, which)
        if found is None or found.state is not RawMonthState.HERE:
            bad(f"Expected a month whose raw bytes are here, got {month} ({_state(found)}).")
        if found.waits:
            bad(
                f"Expected a month of which nothing waits, got {month}: {found.waits} scans do; "
                "see `udi parked`, `udi held`."
            )
        return await _moved(RawMonths(pool).detach, which, who)

    _tell(run(work), which, f"udi_raw.away_{which}", as_json=as_json)


@raw_app.command("attach")
def attach(month: Which, *, by: By = None, as_json: AsJson = False) -> None:
    """Put a month back that is away: udi_raw.away_MONTH must be there and hold the bytes that were recorded."""
    which, who = _month(month), person(by)

    async def work(_: Settings, pool: asyncpg.Pool) -> Moved:
        found = await _of(pool, which)
        if found is None or found.state is not RawMonthState.AWAY:
            bad(f"Expected a month whose raw bytes are away, got {month} ({_state(found)}).")
        return await _moved(RawMonths(pool).attach, which, who)

    _tell(run(work), which, f"udi_raw.scan_raw_{which}", as_json=as_json)


def _month(text: str) -> Month:
    try:
        return parse_month(text)
    except ValueError as error:
        bad(str(error))


async def _of(pool: asyncpg.Pool, month: Month) -> RawMonth | None:
    return next((each for each in await raw_months(pool) if each.month == month), None)


def _state(found: RawMonth | None) -> str:
    return "unknown" if found is None else found.state.value


async def _moved(move: Callable[[Month, str], Awaitable[Moved]], month: Month, by: str) -> Moved:
    try:
        return await move(month, by)
    except MonthBusyError:
        bad("Expected nobody who reads raw bytes now, somebody does. Try again in a while.")
    except (asyncpg.InvalidParameterValueError, asyncpg.ObjectInUseError) as error:
        bad(f"The month can't be moved: {_first_line(error)}")
    except asyncpg.UndefinedTableError:
        bad(f"Expected the table udi_raw.away_{month}, found none: restore it first.")
    except asyncpg.CheckViolationError as error:
        bad(f"The month stays away: {_first_line(error)}")


def _first_line(error: BaseException) -> str:
    return str(error).partition("\n")[0]


def _tell(moved: Moved, month: Month, table: str, *, as_json: bool) -> None:
    if as_json:
        answer: dict[str, Any] = {"month": month_text(month), "table": table, **asdict(moved)}
        print_json(answer)
    else:
        typer.echo(f"{month_text(month)}: {moved.records:,} records, {moved.bytes:,} bytes, are in {table}.")
