"""`udi month report`: a month by month of use and by month of posting, as known at an instant, with the bridge."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import asyncpg
import typer

from models.calendar import Month, first_day, month_text, parse_month, shift
from models.closing.figures import BridgeLine, Change, DepartmentSums, EntryCause, EntrySums, MonthReport
from models.money import fen_text
from rules.closing.periods import changes, digest, month_report
from sinks.postgres.closing.figures import (
    LONG_AGO,
    HospitalMonth,
    MonthOf,
    entry_groups,
    has_entries,
    hospitals,
    settled,
)
from sinks.postgres.closing.periods import PeriodBooks
from streams.cli.connection import bad, run
from streams.cli.phrases import told_cell, word
from streams.cli.shown import print_json, print_table, yuan
from streams.settings import Settings

_MICROSECOND = timedelta(microseconds=1)


@dataclass(frozen=True, slots=True)
class Asked:
    """What was asked for."""

    month: Month
    """Month to report."""
    hospitals: Sequence[str]
    """Empty for all."""
    known: str | None
    """Instant as typed: what the books knew then; `None`: at the close, or now."""
    as_of: date | None
    """Last local day that counts; `None`: all days."""


@dataclass(frozen=True, slots=True)
class Printed:
    """A hospital's report and what it holds for."""

    hospital: str
    """Id of the hospital; the first part of every record key."""
    known: datetime
    """In the hospital's zone."""
    closed_at: datetime | None
    """When the month was closed; `None` while it is open."""
    as_of: date | None
    """Last local day that counts; `None`: all days."""
    report: MonthReport
    """The figures."""
    since: tuple[Change, ...] | None
    """What has changed after a closed month was closed; `None` when the instant was chosen: it is not asked for."""

    def row(self) -> dict[str, Any]:
        """For machines."""
        return {
            "hospital": self.hospital,
            "month": month_text(self.report.month),
            "known": self.known.isoformat(timespec="microseconds"),
            "closed_at": self.closed_at,
            "as_of": self.as_of,
            "by_service_month": _departments(self.report.by_service),
            "by_period": _departments(self.report.by_period),
            "bridge": {
                "service_month": _sums(self.report.service),
                "posted_here": _bridge(self.report.posted_here),
                "posted_elsewhere": _bridge(self.report.posted_elsewhere),
                "period": _sums(self.report.period),
            },
            "sha256": digest(self.hospital, self.report, self.as_of),
        } | ({} if self.since is None else {"changed_since": [_change(each) for each in self.since]})


def report_command(
    month: str, known: str | None, as_of: str | None, hospital: Sequence[str] | None, *, as_json: bool
) -> int:
    """Print the report of a month for each hospital and give the exit status."""
    asked = Asked(parsed_month(month), hospital or (), known, _day(as_of) if as_of else None)

    async def work(_: Settings, pool: asyncpg.Pool) -> list[Printed]:
        return await reports(pool, asked)

    try:
        found = run(work)
    except ValueError as error:
        bad(str(error))
    if as_json:
        print_json([each.row() for each in found])
        return 0
    for each in found:
        show(each)
    if not found:
        typer.echo("No hospital had charges then.")
    return 0


async def reports(pool: asyncpg.Pool, asked: Asked) -> list[Printed]:
    """The reports asked for.

    Raises:
        ValueError: the instant is none, or not past; a hospital has no records.
    """
    zone = await PeriodBooks(pool).zone()
    at = await settled(pool, parse_known(asked.known, zone) if asked.known else None)
    async with pool.acquire() as connection, connection.transaction(isolation="repeatable_read", readonly=True):
        every = await hospitals(connection, asked.month)
        unknown = [name for name in asked.hospitals if name not in {each.hospital for each in every}]
        if unknown:
            raise ValueError(f"Expected hospitals with records, got {', '.join(unknown)}.")
        found = []
        for each in every:
            known = each.closed_at if asked.known is None and each.closed_at is not None else at
            if each.hospital in asked.hospitals or (
                not asked.hospitals and await has_entries(connection, each.hospital, known)
            ):
                found.append(await _report(connection, each, asked, (known, at), zone))
    return found


async def _report(
    connection: Any, hospital: HospitalMonth, asked: Asked, known: tuple[datetime, datetime], zone: ZoneInfo
) -> Printed:
    month, name = asked.month, hospital.hospital
    scope = month_of_hospital(name, month, zone)
    as_of = midnight(asked.as_of + timedelta(days=1), zone) if asked.as_of else None
    then, now = known
    groups = await entry_groups(connection, scope, (LONG_AGO, then), as_of)
    since = None
    if asked.known is None and hospital.closed_at is not None:
        since = changes(month, await entry_groups(connection, scope, (then, now), as_of))
    # Whether the month is closed by now is no part of what was known then.
    closed_at = hospital.closed_at if hospital.closed_at is not None and hospital.closed_at <= then else None
    local = closed_at.astimezone(zone) if closed_at else None
    return Printed(name, then.astimezone(zone), local, asked.as_of, month_report(month, groups), since)


def parse_known(text: str, zone: ZoneInfo) -> datetime:
    """An instant; one without offset is the hospital's own time, a day alone is its last instant.

    Raises:
        ValueError: the text is neither.
    """
    try:
        if len(text) == 10:
            return midnight(date.fromisoformat(text) + timedelta(days=1), zone) - _MICROSECOND
        at = datetime.fromisoformat(text)
    except (ValueError, OverflowError):
        raise ValueError(f"Expected an instant like 2022-07-05T09:00:00+08:00 or a day, got {text!r}.") from None
    return at if at.tzinfo else at.replace(tzinfo=zone)


def month_of_hospital(hospital: str, month: Month, zone: ZoneInfo) -> MonthOf:
    """The month, from its first instant there to the next month's."""
    return MonthOf(hospital, month, midnight(first_day(month), zone), midnight(first_day(shift(month, 1)), zone))


def midnight(day: date, zone: ZoneInfo) -> datetime:
    """The first instant of a local day."""
    return datetime.combine(day, time(), zone)


def parsed_month(text: str) -> Month:
    """A month, or one line that says what came."""
    try:
        return parse_month(text)
    except ValueError as error:
        bad(str(error))


def _day(text: str) -> date:
    try:
        return date.fromisoformat(text)
    except ValueError:
        bad(f"Expected a day like 2022-06-15, got {text!r}.")


def _sums(sums: EntrySums) -> dict[str, Any]:
    return {
        "entries": sums.entries,
        "charges": fen_text(sums.charges_fen),
        "credits": fen_text(sums.credits_fen),
        "net": fen_text(sums.net_fen),
    }


def _departments(rows: Iterable[DepartmentSums]) -> list[dict[str, Any]]:
    return [{"department": each.department} | _sums(each.sums) for each in rows]


def _bridge(rows: Iterable[BridgeLine]) -> list[dict[str, Any]]:
    return [
        {"service_month": month_text(each.service_month), "period": month_text(each.period)} | _sums(each.sums)
        for each in rows
    ]


def _change(change: Change) -> dict[str, Any]:
    return {"cause": change.cause, "period": month_text(change.period)} | _sums(change.sums)


def show(printed: Printed) -> None:
    """For people: two tables, the bridge between them, and what has changed since."""
    report, month = printed.report, month_text(printed.report.month)
    state = f"closed {printed.closed_at.isoformat(timespec='seconds')}" if printed.closed_at else "open"
    true_for = f", for services to {printed.as_of}" if printed.as_of else ""
    typer.echo(f"{printed.hospital} {month}, {state}{true_for}")
    typer.echo(f"known {printed.known.isoformat(timespec='microseconds')}")
    typer.echo(f"sha256 {digest(printed.hospital, report, printed.as_of)}\n")
    _show_sums(f"Used in {month}, whenever posted (yuan)", report.by_service, report.service)
    _show_sums(f"Posted in {month}, whenever used (yuan)", report.by_period, report.period)
    _show_bridge(report)
    if printed.since is not None:
        _show_since(printed.since, month)


def _show_sums(title: str, rows: Iterable[DepartmentSums], total: EntrySums) -> None:
    cells = [
        (name, sums.entries, yuan(sums.charges_fen), yuan(sums.credits_fen), yuan(sums.net_fen))
        for name, sums in (
            *((each.department or told_cell("no department"), each.sums) for each in rows),
            (told_cell("total"), total),
        )
    ]
    print_table(title, ("department", ">entries", ">charges", ">credits", ">net"), cells)
    typer.echo()


def _show_bridge(report: MonthReport) -> None:
    month = month_text(report.month)
    here = [
        (
            told_cell(f"+ used in {month_text(each.service_month)}, posted here"),
            each.sums.entries,
            yuan(each.sums.net_fen),
        )
        for each in report.posted_here
    ]
    elsewhere = [
        (told_cell(f"- used here, posted in {month_text(each.period)}"), each.sums.entries, yuan(each.sums.net_fen))
        for each in report.posted_elsewhere
    ]
    cells = [
        (told_cell(f"used in {month}"), report.service.entries, yuan(report.service.net_fen)),
        *here,
        *elsewhere,
        (told_cell(f"= posted in {month}"), report.period.entries, yuan(report.period.net_fen)),
    ]
    print_table("From one to the other", ("bridge", ">entries", ">net"), cells)
    typer.echo()


def _show_since(since: Sequence[Change], month: str) -> None:
    if not since:
        typer.echo(f"Nothing of {month} has changed since it was closed.\n")
        return
    cells = [
        (
            told_cell("late use") if each.cause is EntryCause.USE else word(each.cause),
            month_text(each.period),
            each.sums.entries,
            yuan(each.sums.charges_fen),
            yuan(each.sums.credits_fen),
            yuan(each.sums.net_fen),
        )
        for each in since
    ]
    net = sum(each.sums.net_fen for each in since)
    title = f"What has come to the uses of {month} since it was closed"
    print_table(title, ("cause", "posted in", ">entries", ">charges", ">credits", ">net"), cells)
    typer.echo(f"{yuan(net)} yuan in all.\n")
