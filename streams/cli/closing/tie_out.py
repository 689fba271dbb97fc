"""`udi tie-out`: a day's scans = stock out = charges = topic = HIS, a line for each department, opened to its scans."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import date, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import asyncpg
import typer
from aiokafka import ConsumerRecord, TopicPartition
from rich.text import Text

from models.catalogue.item import DatedPrice
from models.closing.figures import TiedUse, TieLine
from models.money import fen_text
from models.reasons import Reason
from models.wire.topics import BILLING
from rules.catalogue.joining import price_on
from rules.closing.tying import differs, due_of, tie
from sinks.postgres.closing.daily import Connection, Day, day_entries, day_uses, his_sums, outbox_bodies, with_topic
from sinks.postgres.closing.periods import PeriodBooks
from streams.cli.charging.telling import became
from streams.cli.closing.month_report import midnight
from streams.cli.connection import bad, run
from streams.cli.operating.topic_reader import TopicReader
from streams.cli.phrases import told_cell
from streams.cli.shown import print_json, print_table, yuan
from streams.settings import Settings


@dataclass(frozen=True, slots=True)
class TiedDay:
    """A hospital's day."""

    hospital: str
    """Id of the hospital; the first part of every record key."""
    day: date
    """Local day."""
    lines: tuple[TieLine, ...]
    """A line for each department."""
    uses: Sequence[TiedUse]
    """Every scan of a use, as the ledgers have it."""
    strays: int
    """Records on the topic that say they are of the day and belong to no scan of it."""
    zone: ZoneInfo
    """The hospital's time zone, for printing."""

    @property
    def ties(self) -> bool:
        """All of it."""
        return not self.strays and all(line.ties for line in self.lines)


def tie_out_command(
    day: str, hospital: Sequence[str] | None, department: str | None, *, scans: bool, topic: bool, as_json: bool
) -> int:
    """Print the day's lines and give the exit status: 1 when one does not tie."""
    try:
        wanted = date.fromisoformat(day)
    except ValueError:
        bad(f"Expected a day like 2022-06-03, got {day!r}.")

    async def work(settings: Settings, pool: asyncpg.Pool) -> list[TiedDay]:
        return await tied_days(settings, pool, wanted, hospital or (), from_broker=topic)

    try:
        found = of_department(run(work), department)
    except ValueError as error:
        bad(str(error))
    if as_json:
        print_json([_row(each, scans=scans or department is not None) for each in found])
    else:
        for each in found:
            _show(each, scans=scans or department is not None)
    return 0 if all(each.ties for each in found) else 1


def of_department(found: Sequence[TiedDay], department: str | None) -> list[TiedDay]:
    """The days with this department's line alone; all of them unchanged when none is named.

    Raises:
        ValueError: no hospital has a line of it: a name mistyped must not pass for a department that ties.
    """
    if department is None:
        return list(found)
    if not any(line.department == department for each in found for line in each.lines):
        if not found:
            raise ValueError(f"Expected a department with uses or lines, got {department}.")
        raise ValueError(f"Expected a department with uses or lines on {found[0].day}, got {department}.")
    return [
        replace(
            each,
            lines=tuple(line for line in each.lines if line.department == department),
            uses=[use for use in each.uses if use.department == department],
        )
        for each in found
    ]


async def tied_days(
    settings: Settings, pool: asyncpg.Pool, wanted: date, hospitals: Sequence[str], *, from_broker: bool
) -> list[TiedDay]:
    """The day of every hospital with records, or of those named.

    Raises:
        ValueError: a hospital has no records.
    """
    zone = await PeriodBooks(pool).zone()
    known = [each.hospital for each in await PeriodBooks(pool).hospitals()]
    unknown = [name for name in hospitals if name not in known]
    if unknown:
        raise ValueError(f"Expected hospitals with records, got {', '.join(unknown)}.")
    published = await _published(settings) if from_broker else None
    async with pool.acquire() as connection, connection.transaction(isolation="repeatable_read", readonly=True):
        await connection.execute("SET LOCAL jit = off")
        return [
            await tied_day(connection, name, wanted, zone, published) for name in known if name in (hospitals or known)
        ]


async def tied_day(
    connection: Connection, hospital: str, wanted: date, zone: ZoneInfo, published: Iterable[bytes] | None = None
) -> TiedDay:
    """The day of a hospital; the topic's side is what was published, or else what the outbox holds for it."""
    day = Day(hospital, midnight(wanted, zone), midnight(wanted + timedelta(days=1), zone))

    def price_of(prices: tuple[DatedPrice, ...]) -> int | None:
        price = price_on(prices, wanted)
        return None if isinstance(price, Reason) else price

    uses = await day_uses(connection, day, price_of)
    entries = await day_entries(connection, day)
    bodies = await outbox_bodies(connection, entries) if published is None else published
    counted, strays = with_topic(uses, entries, bodies, day)
    lines = tie(counted, await his_sums(connection, day))
    return TiedDay(hospital, wanted, lines, counted, strays, zone)


async def _published(settings: Settings) -> list[bytes]:
    """Everything that lies on the topic of billing."""
    bodies: list[bytes] = []

    async def take(_: TopicPartition, record: ConsumerRecord) -> None:
        bodies.append(record.value or b"{}")

    partitions = [TopicPartition(settings.topic(BILLING), lane) for lane in range(settings.lanes)]
    async with TopicReader(settings, partitions) as reader:
        await reader.read(take)
    return bodies


def _row(tied: TiedDay, *, scans: bool) -> dict[str, Any]:
    row = {
        "hospital": tied.hospital,
        "day": tied.day,
        "ties": tied.ties,
        "strays": tied.strays,
        "departments": [_line(line) for line in tied.lines],
    }
    return row | ({"scans": [_use(use) for use in tied.uses]} if scans else {})


def _line(line: TieLine) -> dict[str, Any]:
    his = None
    if line.his is not None:
        his = {"lines": line.his.lines, "units": line.his.units, "amount": fen_text(line.his.amount_fen)}
    difference = line.his_difference_fen
    return {
        "department": line.department,
        "scans": {"scans": line.scans, "waiting": line.waiting, "units": line.due.units,
                  "chargeable_units": line.due.chargeable_units, "amount": fen_text(line.due.amount_fen)},
        "stock": {"units_out": line.units_out, "expected": line.due.units_out},
        "charges": {"units": line.charged_units, "amount": fen_text(line.charged_fen)},
        "topic": {"units": line.topic_units, "amount": fen_text(line.topic_fen)},
        "his": his,
        "his_difference": None if difference is None else fen_text(difference),
        "differing_scans": line.differing,
        "ties": line.ties,
    }  # fmt: skip


def _use(use: TiedUse) -> dict[str, Any]:
    due = due_of(use)
    return {
        "scan_id": use.scan_id,
        "scanned_at": use.scanned_at,
        "department": use.department,
        "encounter": use.encounter,
        "item_code": use.item_code,
        "verdict": use.verdict,
        "reasons": use.reasons,
        "units": due.units,
        "amount": fen_text(due.amount_fen),
        "units_out": use.units_out,
        "charged_units": use.charged_units,
        "charged": fen_text(use.charged_fen),
        "topic_units": use.topic_units,
        "topic": fen_text(use.topic_fen),
        "differs": differs(use),
    }


def _show(tied: TiedDay, *, scans: bool) -> None:
    cells = [_cells(line) for line in tied.lines]
    columns = ("department", ">scans", ">wait", ">units", ">out", ">yuan due", ">charges", ">topic", ">HIS", "")
    print_table(f"{tied.hospital} {tied.day}: what was used that day, as the books have it now", columns, cells)
    due = sum(line.due.amount_fen for line in tied.lines)
    wrong = sum(not line.ties for line in tied.lines)
    if wrong:
        typer.echo(f"{len(tied.lines):,} departments, {yuan(due)} yuan: {wrong:,} do not tie.")
    else:
        typer.echo(f"{len(tied.lines):,} departments, {yuan(due)} yuan: all tie.")
    typer.echo("= is the same as due, - is no lines.")
    if tied.strays:
        typer.echo(f"{tied.strays:,} records on the topic belong to no scan of the day.")
    if scans:
        _show_scans(tied.uses, tied.zone)


def _cells(line: TieLine) -> tuple[Any, ...]:
    due, ties = line.due, Text(told_cell("ties"), "green") if line.ties else Text(told_cell("differs"), "bold red")
    his: Any = "-"
    if line.his is not None:
        his = _same(line.his.amount_fen, due.amount_fen, agrees=line.his.units == due.chargeable_units)
    return (
        line.department or told_cell("no department"), line.scans, line.waiting, due.units,
        "=" if line.units_out == due.units_out == due.units else line.units_out, yuan(due.amount_fen),
        _same(line.charged_fen, due.amount_fen, agrees=line.charged_units == due.chargeable_units),
        _same(line.topic_fen, due.amount_fen, agrees=line.topic_units == due.chargeable_units), his, ties,
    )  # fmt: skip


def _same(fen: int, due_fen: int, *, agrees: bool) -> str:
    """An amount that is due needs no figure; one with other units is shown although it is the same."""
    return "=" if fen == due_fen and agrees else yuan(fen)


def _show_scans(uses: Sequence[TiedUse], zone: ZoneInfo) -> None:
    rows = []
    for use in uses:
        due, wrong = due_of(use), differs(use)
        what = Text(", ".join(map(told_cell, wrong)), "bold red") if wrong else became(use.verdict, use.reasons)
        at = use.scanned_at.astimezone(zone).strftime("%H:%M:%S")
        amount = yuan(due.amount_fen)
        rows.append((at, use.department, use.encounter, use.item_code, due.units, amount, what))
    typer.echo()
    columns = ("time", "dept", "encounter", "item", ">units", ">yuan", "verdict or what differs")
    print_table("Its scans", columns, rows)
