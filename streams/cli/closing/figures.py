"""`udi figures`: how much is charged by scan, how late, what the HIS got wrong and what was mended, what was wasted."""

from collections.abc import Sequence
from datetime import timedelta
from decimal import ROUND_HALF_UP, Decimal
from typing import Any, Final

import asyncpg
import typer

from models.calendar import month_text
from models.money import fen_text
from models.reconciling.differences import DifferenceStatus
from sinks.postgres.closing.figures import hospitals
from sinks.postgres.closing.month_figures import Delay, MonthFigures, Share, Waste, month_figures
from sinks.postgres.closing.periods import PeriodBooks
from streams.cli.closing.month_report import month_of_hospital, parsed_month
from streams.cli.connection import bad, run
from streams.cli.phrases import told_cell, word
from streams.cli.shown import print_json, print_table, yuan
from streams.settings import Settings

_DENOMINATORS: Final = {
    "amount": "yuan on the HIS's lines",
    "lines": "lines of the HIS",
    "udi-lines": "lines of the HIS for items with a maker's identifier",
}
STATUS: Final = {
    DifferenceStatus.OPEN: "still open", DifferenceStatus.ASKED: "asked of the HIS",
    DifferenceStatus.ACCEPTED: "let stand", DifferenceStatus.MENDED: "mended",
    DifferenceStatus.VANISHED: "gone by itself",
}  # fmt: skip
"""What became of a difference, for people."""


def figures_command(month: str, hospital: Sequence[str] | None, *, as_json: bool) -> int:
    """Print the figures of a month for each hospital and give the exit status."""
    of = parsed_month(month)

    async def work(_: Settings, pool: asyncpg.Pool) -> dict[str, MonthFigures]:
        zone = await PeriodBooks(pool).zone()
        async with pool.acquire() as connection, connection.transaction(isolation="repeatable_read", readonly=True):
            known = [each.hospital for each in await hospitals(connection, of)]
            unknown = [name for name in hospital or () if name not in known]
            if unknown:
                bad(f"Expected hospitals with records, got {', '.join(unknown)}.")
            return {
                name: await month_figures(connection, month_of_hospital(name, of, zone)) for name in hospital or known
            }

    found = run(work)
    if as_json:
        print_json([{"hospital": name, "month": month_text(of)} | _row(each) for name, each in found.items()])
        return 0
    for name, each in found.items():
        _show(name, month_text(of), each)
    return 0


def percent(share: Share) -> Decimal | None:
    """Of the whole, in per cent with two digits; `None` of nothing."""
    if not share.whole:
        return None
    return (Decimal(share.scanned) * 100 / share.whole).quantize(Decimal("0.01"), ROUND_HALF_UP)


def _row(figures: MonthFigures) -> dict[str, Any]:
    return {
        "scanned": [
            {
                "denominator": each.denominator,
                "whole": _amount(each, each.whole),
                "scanned": _amount(each, each.scanned),
                "percent": percent(each),
            }
            for each in figures.shares
        ],
        "scan_to_charge": [
            {"parked": each.parked, "charges": each.charges}
            | {name: getattr(each, name).total_seconds() for name in ("p50", "p90", "p99", "max")}
            for each in figures.delays
        ],
        "differences": [
            {
                "kind": each.kind,
                "status": each.status,
                "count": each.count,
                "too_little": fen_text(each.too_little_fen),
                "too_much": fen_text(each.too_much_fen),
            }
            for each in figures.differences
        ],
        "recovered": fen_text(figures.recovered_fen),
        "given_back": fen_text(figures.given_back_fen),
        "waste": [
            {
                "department": each.department,
                "action": each.action,
                "reason": each.reason,
                "scans": each.scans,
                "units": each.units,
                "cost": fen_text(each.amount_fen),
                "without_cost": each.without_cost,
            }
            for each in figures.waste
        ],
    }


def _amount(share: Share, value: int) -> str | int:
    return fen_text(value) if share.denominator == "amount" else value


def _show(hospital: str, month: str, figures: MonthFigures) -> None:
    typer.echo(f"{hospital}, {month}\n")
    if figures.shares:
        cells = [
            (
                told_cell(_DENOMINATORS[each.denominator]),
                _shown(each, each.whole),
                _shown(each, each.scanned),
                f"{percent(each)} %",
            )
            for each in figures.shares
        ]
        print_table("Charged by scan, of what the HIS has charged", ("of", ">whole", ">scanned", ">share"), cells)
    else:
        typer.echo("The HIS has sent no lines of the month: what share is charged by scan, nobody can say.")
    delays = [_delay_cells(each) for each in figures.delays]
    print_table("\nFrom scan to charge", ("charges that", ">charges", ">p50", ">p90", ">p99", ">max"), delays)
    differing = [
        (
            each.kind,
            told_cell(STATUS[DifferenceStatus(each.status)]),
            each.count,
            yuan(each.too_little_fen),
            yuan(each.too_much_fen),
        )
        for each in figures.differences
    ]
    print_table("\nDifferences with the HIS", ("kind", "status", ">count", ">too little", ">too much"), differing)
    mended = f"recovered {yuan(figures.recovered_fen)}, given back {yuan(figures.given_back_fen)}"
    typer.echo(f"Mended, in yuan: {mended}.")
    wasted = [
        (
            each.department or told_cell("no department"),
            word(each.action, "action"),
            each.reason,
            each.scans,
            each.units,
            _cost(each),
        )
        for each in figures.waste
    ]
    if wasted:
        columns = ("department", "what", "reason", ">scans", ">units", ">cost, yuan")
        print_table("\nOpened and not used, or thrown away", columns, wasted)
    typer.echo("")


def _shown(share: Share, value: int) -> str:
    return yuan(value) if share.denominator == "amount" else f"{value:,}"


def _cost(waste: Waste) -> str:
    """Of goods that had no cost on the day nobody knows what they have cost."""
    if waste.without_cost == waste.scans:
        return "?"
    return yuan(waste.amount_fen) + (" + ?" if waste.without_cost else "")


def _delay_cells(each: Delay) -> tuple[Any, ...]:
    spans = (each.p50, each.p90, each.p99, each.max)
    return (
        told_cell("waited for a fact" if each.parked else "did not wait"), each.charges,
        *(told_cell(span(one)) for one in spans),
    )  # fmt: skip


def span(of: timedelta) -> str:
    """A length of time in the unit that fits."""
    seconds = of.total_seconds()
    for size, unit in ((86_400, "d"), (3_600, "h"), (60, "min")):
        if abs(seconds) >= size:
            return f"{seconds / size:,.1f} {unit}"
    return f"{seconds:.1f} s"
