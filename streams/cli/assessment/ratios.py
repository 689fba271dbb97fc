"""`udi ratios`: consumption ratios of a month, three formulas side by side."""

from dataclasses import asdict
from decimal import Decimal
from typing import Any

import asyncpg

from models.calendar import parse_month
from sinks.postgres.assessment.ratios import Ratio, Share, ratios_of, shares_of
from streams.cli.connection import bad, run
from streams.cli.phrases import told_cell
from streams.cli.shown import print_json, print_table
from streams.settings import Settings

SCOPES_SHOWN = ("hospital", "department")


def shares_command(month: str, hospitals: list[str] | None, *, as_json: bool) -> int:
    """Print the shares of the national kinds and of auxiliary goods; exit status 1 when the month has none."""
    _checked(month)

    async def work(_: Settings, pool: asyncpg.Pool) -> list[Share]:
        return await shares_of(pool, month, hospitals)

    found = run(work)
    if as_json:
        print_json([asdict(each) for each in found])
        return 0 if found else 1
    for share, title in (
        ("national-kinds", "The 18 kinds under national monitoring, per cent of consumables income (重点监控占比)"),
        ("auxiliary", "Auxiliary consumables, per cent of consumables income (辅助类占比)"),
    ):
        rows = [
            (each.scope_type, each.scope, each.numerator, each.share_percent,
             _change(each.year_on_year_points, None, flat=each.year_on_year_points == 0),
             _change(each.month_on_month_points, None, flat=each.month_on_month_points == 0))
            for each in found
            if each.share == share
        ]  # fmt: skip
        columns = ("scope", "which", ">yuan", ">share", ">year on year 同比", ">month on month 环比")
        print_table(f"{month}: {title}", columns, rows)
    return 0 if found else 1


def _checked(month: str) -> None:
    try:
        parse_month(month)
    except ValueError as error:
        bad(str(error))


def ratios_command(month: str, hospitals: list[str] | None, *, everything: bool, as_json: bool) -> int:
    """Print the ratios; exit status 1 when the month has none."""
    _checked(month)

    async def work(_: Settings, pool: asyncpg.Pool) -> list[Ratio]:
        return await ratios_of(pool, month, hospitals)

    found = run(work)
    if as_json:
        print_json([_row(each) for each in found])
    else:
        _show(month, found, everything=everything)
    return 0 if found else 1


def _row(each: Ratio) -> dict[str, Any]:
    return {name: f"{value:.2f}" if isinstance(value, Decimal) else value for name, value in asdict(each).items()}


def _show(month: str, found: list[Ratio], *, everything: bool) -> None:
    standing = [each for each in found if each.left_out is None and (everything or each.scope_type in SCOPES_SHOWN)]
    for formula, title in (
        ("consumption-ratio", "Consumables ÷ medical income, per cent (耗占比)"),
        ("consumption-ratio-without-drugs", "Consumables ÷ medical income without drugs, per cent"),
        ("per-100-yuan", "Consumables used, at cost, per 100 yuan of medical income without drugs (百元耗材)"),
    ):
        rows = [
            (
                each.scope_type, each.scope, each.ratio_percent,
                _change(each.year_on_year_points, each.year_on_year_percent, flat=each.year_on_year_flat),
                _change(each.month_on_month_points, each.month_on_month_percent, flat=each.month_on_month_flat),
                told_cell({"books": "our books", "both": "partly"}.get(each.numerator_from or "", "")),
            )
            for each in standing
            if each.formula == formula
        ]  # fmt: skip
        print_table(
            f"{month}: {title}",
            ("scope", "which", ">ratio", ">year on year 同比", ">month on month 环比", "from"),
            rows,
        )
    left = dict.fromkeys((each.scope, each.left_out) for each in found if each.left_out is not None)
    if left:
        print_table("Left out of every sum", ("department", "why"), [(name, told_cell(why)) for name, why in left])


def _change(points: Decimal | None, percent: Decimal | None, *, flat: bool | None) -> str:
    """Percentage points, and the same in per cent of the base."""
    if points is None:
        return ""
    if flat:
        return told_cell("flat")
    return told_cell(f"{points:+.2f} pp" + ("" if percent is None else f", {percent:+.2f} %"))
