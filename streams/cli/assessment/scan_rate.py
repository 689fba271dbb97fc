"""`udi scan-rate`: how much of what was used was scanned, by department, hour, device and item, and why not."""

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Annotated, Any

import asyncpg
import typer

from models.calendar import Month, parse_month
from rules.assessment.scan_rate import Rate, Seen, Unseen, expected, rate, unseen_by_department
from sinks.postgres.assessment.scan_rate import Cause, Known, case_cells, causes, known_uses, stock_falls
from sinks.postgres.assessment.windows import hospitals_with_cases
from sinks.postgres.closing.periods import hospitals_with_records
from streams.cli.connection import bad, run
from streams.cli.lists import listing_of
from streams.cli.shown import AsJson, Limit, print_json, print_table
from streams.language import say
from streams.settings import Settings

WAYS = ("all", "department", "hour", "device", "item")


@dataclass(frozen=True, slots=True)
class Measured:
    """A department, an hour, a device or an item."""

    known: Known
    """What the books know of it."""
    expected: float | None
    """Lines its cases should have used; `None` where nothing says so."""
    unseen: Unseen
    """What is in no book."""
    unseen_from: str | None
    """`count`, `cases` or `elsewhere` (`rules.assessment.scan_rate`), of a sum `departments`; `None`: nothing says."""
    by_line: Rate
    """Share of lines."""
    by_amount: Rate
    """Share of money."""
    by_udi: Rate
    """Share of lines of goods with a maker's identifier."""


@dataclass(frozen=True, slots=True)
class ScanRate:
    """The scan rate of a hospital's month."""

    hospital: str
    """Id of the hospital; the first part of every record key."""
    measured: Sequence[Measured]
    """Departments, hours, devices and items."""
    causes: Sequence[Cause]
    """Why uses were not scanned, the commonest first."""


async def scan_rate_of(pool: asyncpg.Pool, hospital: str, month: Month) -> ScanRate:
    """Measure a month."""
    should = expected(await case_cells(pool, hospital, month))
    counted = await stock_falls(pool, hospital, month)
    rows = await known_uses(pool, hospital, month)
    unseen = unseen_by_department(
        {row.key: Seen(row.scanned, row.typed, row.charged) for row in rows if row.by == "department"}, counted, should
    )
    every = Unseen(
        sum(each.lines for each, _ in unseen.values()), sum(each.deviation**2 for each, _ in unseen.values()) ** 0.5
    )
    measured = []
    for row in rows:
        missing, whence = unseen.get(row.key, (Unseen(), None)) if row.by == "department" else (Unseen(), None)
        if row.by == "all":
            missing, whence = every, "departments"
        measured.append(_measured(row, should.get(row.key), missing, whence))
    return ScanRate(hospital, measured, await causes(pool, hospital, month))


def _measured(row: Known, should: tuple[float, Unseen] | None, unseen: Unseen, unseen_from: str | None) -> Measured:
    lines, bearing = row.scanned + row.typed + row.charged, row.scanned_udi + row.typed_udi + row.charged_udi
    fen = row.scanned_fen + row.typed_fen + row.charged_fen
    return Measured(
        row,
        None if should is None or row.by != "department" else should[0],
        unseen,
        unseen_from,
        rate(Seen(row.scanned, row.typed, row.charged), unseen),
        rate(Seen(row.scanned_fen, row.typed_fen, row.charged_fen), _scaled(unseen, fen, lines), lines + unseen.lines),
        rate(Seen(row.scanned_udi, row.typed_udi, row.charged_udi), _scaled(unseen, bearing, lines)),
    )


def _scaled(unseen: Unseen, part: int, lines: int) -> Unseen:
    """What nobody saw, as if it were like what is known."""
    share = part / lines if lines else 0.0
    return Unseen(unseen.lines * share, unseen.deviation * share)


@listing_of("rows")
def scan_rate_command(
    month: Annotated[str, typer.Argument(metavar="MONTH", help="Like 2022-06.")],
    hospital: Annotated[str | None, typer.Option(help="Only this one.")] = None,
    limit: Limit = 15,
    *,
    as_json: AsJson = False,
) -> None:
    """How much of what was used was scanned, with what nobody scanned in the denominator. Exit 1 without any use."""
    try:
        wanted = parse_month(month)
    except ValueError as error:
        bad(f"MONTH: {error}")

    async def work(_: Settings, pool: asyncpg.Pool) -> list[ScanRate]:
        hospitals = sorted({*await hospitals_with_records(pool), *await hospitals_with_cases(pool)})
        return [await scan_rate_of(pool, each, wanted) for each in hospitals if hospital in {None, each}]

    found = [each for each in run(work) if each.measured]
    if as_json:
        print_json([document(each, month) for each in found])
    else:
        for each in found:
            _show(each, month, limit)
        if not found:
            typer.echo(f"No use in {month}.")
    raise typer.Exit(0 if found else 1)


def document(found: ScanRate, month: str) -> dict[str, Any]:
    """JSON: the rates of each way, and the causes."""
    return {
        "hospital": found.hospital,
        "month": month,
        "confidence_percent": 95,
        "rows": [_row(each) for each in found.measured],
        "causes": [
            {"cause": each.cause, "item_code": each.item_code, "lines": each.lines, "amount": f"{each.fen / 100:.2f}"}
            for each in found.causes
        ],
    }


def _row(each: Measured) -> dict[str, Any]:
    known = each.known
    rates = {
        name: {key: None if value is None else round(value, 2) for key, value in asdict(found).items()}
        for name, found in (("by_line", each.by_line), ("by_amount", each.by_amount), ("by_udi", each.by_udi))
    }
    return {
        "by": known.by,
        "key": known.key,
        "scanned": known.scanned,
        "typed": known.typed,
        "charged_without_scan": known.charged,
        "expected": None if each.expected is None else round(each.expected, 1),
        "unseen": round(each.unseen.lines, 1),
        "unseen_from": each.unseen_from,
        **rates,
    }


def _show(found: ScanRate, month: str, limit: int) -> None:
    titles = dict(zip(WAYS, ("Hospital", "Departments", "Hours", "Devices", "Items"), strict=True))
    for way in WAYS:
        rows = [each for each in found.measured if each.known.by == way]
        if way != "hour":
            rows.sort(key=lambda each: (each.by_line.percent or 0.0, each.known.key))
        print_table(
            f"{found.hospital} {month}: {titles[way]}, scan rate with its 95 % interval",
            (way, ">by line %", ">interval", ">by amount %", ">by UDI %", ">scanned", ">typed", ">by hand", ">unseen"),
            [_cells(each) for each in rows],
            limit=0 if way in {"all", "hour", "department"} else limit,
        )
    print_table(
        "Why not: the commonest causes",
        ("cause", "item", ">lines", ">yuan"),
        [
            (say("assessment", "cause", each.cause), each.item_code or "", each.lines, f"{each.fen / 100:,.2f}")
            for each in found.causes
        ],
        limit=limit,
    )


def _cells(each: Measured) -> tuple[Any, ...]:
    known, line = each.known, each.by_line
    interval = "" if line.low is None else f"{line.low:.1f}–{line.high:.1f}"
    percents = (
        "" if found.percent is None else f"{found.percent:.1f}" for found in (line, each.by_amount, each.by_udi)
    )
    by_line, by_amount, by_udi = percents
    return (
        known.key, by_line, interval, by_amount, by_udi, known.scanned, known.typed, known.charged,
        f"{each.unseen.lines:.0f}" if each.unseen_from else "",
    )  # fmt: skip
