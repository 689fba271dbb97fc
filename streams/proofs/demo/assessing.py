"""The monthly work at the end of the demo, as a person runs it: ratios, assessment and pack, beside the truth."""

import asyncio
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from fractions import Fraction
from pathlib import Path
from typing import Any, Final

import asyncpg
import orjson
from rich.table import Table

from models.calendar import Month, month_text, shift
from sinks.postgres.proofs.tie_out import finding_rows
from streams.proofs.demo.tie_out import Line, compare
from streams.running import environment
from streams.settings import Settings
from streams.simulator.truth.books import Truth

RANKED: Final = 3
"""Departments shown from either end."""
Cells = dict[Any, Any]


@dataclass(frozen=True, slots=True)
class MonthlyWork:
    """What the commands said of the newest month."""

    lines: list[Line]
    """What was compared with the truth."""
    ratios: Table
    """As `udi ratios` shows them."""
    ranking: Table
    """As `udi assess` shows it."""
    files: list[str]
    """Of the pack."""


async def monthly_work(settings: Settings, truth: Truth, out: Path) -> MonthlyWork | None:
    """Run the commands side by side, and compare what they say with the truth; `None`: too little to rank."""
    month = truth.plan.month(truth.plan.months - 1)
    costs, name = _costs(truth, month), month_text(month)
    if len(costs) <= RANKED:
        return None
    ratios, assessed, pack = await asyncio.gather(
        _udi(settings, "ratios", name),
        _udi(settings, "assess", "--window", name),
        _udi(settings, "pack", name, "--out", str(out)),
    )
    lines = [
        compare("consumption ratios of the newest month", *_ratios(truth, month, ratios)),
        compare("cost per weight by department", costs, _near(costs, assessed)),
        compare("figures in the meeting pack", *_printed(_compared(truth, month, costs), pack["files"][0])),
    ]
    return MonthlyWork(lines, _ratio_table(name, ratios), _rank_table(name, assessed), pack["files"])


async def _udi(settings: Settings, *words: str) -> Any:
    """What a command says to a machine."""
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "streams", *words, "--json", env=environment(settings),
        stdin=asyncio.subprocess.DEVNULL, stdout=asyncio.subprocess.PIPE,
    )  # fmt: skip
    try:
        said, _ = await process.communicate()
    finally:
        if process.returncode is None:
            process.kill()
            await process.wait()
    if not said:
        raise RuntimeError(f"udi {' '.join(words)} said nothing and ended with exit status {process.returncode}.")
    return orjson.loads(said)


def _ratios(truth: Truth, month: Month, rows: list[Mapping[str, Any]]) -> tuple[Cells, Cells]:
    """Denominators of every department and the hospital; numerators of those whose records say what was consumed."""
    expected: Cells = {}
    incomes = {code: sums for (code, when), sums in truth.cases.incomes.items() if when == month}
    silent = {case.stay.department.code for case in truth.cases.cases.values() if case.silent}
    for code, sums in incomes.items():
        expected[code, "medical"] = sums["medical"]
        expected[code, "without drugs"] = sums["medical"] - sums["drugs"]
        if code not in silent:
            expected[code, "consumables"] = sums["consumables"]
    hospital = truth.plan.hospital
    expected[hospital, "medical"] = sum(sums["medical"] for sums in incomes.values())
    expected[hospital, "without drugs"] = sum(sums["medical"] - sums["drugs"] for sums in incomes.values())
    found: Cells = {}
    for row in rows:
        if row["scope_type"] in {"hospital", "department"} and row["left_out"] is None:
            if row["formula"] == "consumption-ratio":
                found[row["scope"], "medical"] = _fen(row["denominator"])
                found[row["scope"], "consumables"] = _fen(row["numerator"])
            elif row["formula"] == "consumption-ratio-without-drugs":
                found[row["scope"], "without drugs"] = _fen(row["denominator"])
    # What our own books say is tied out as usage.
    return expected, {key: value for key, value in found.items() if key in expected or key[1] != "consumables"}


def _costs(truth: Truth, month: Month) -> Cells:
    """Cost per weight in fen by department, of those whose cases say what was consumed."""
    fen, weights = dict[str, int](), dict[str, int]()
    for case in truth.cases.cases.values():
        if case.month == month and not case.silent:
            code = case.stay.department.code
            fen[code] = fen.get(code, 0) + case.consumables
            weights[code] = weights.get(code, 0) + case.weight
    return {code: round(Fraction(fen[code] * 10_000, weights[code])) for code in fen if weights[code]}


def _compared(truth: Truth, month: Month, costs: Cells) -> Cells:
    """Of the departments that the pack ranks: those with cases in the window it compares with, too."""
    by_month: dict[Month, set[str]] = {}
    for case in truth.cases.cases.values():
        by_month.setdefault(case.month, set()).add(case.stay.department.code)
    earlier = next((by_month[each] for each in (shift(month, -12), shift(month, -1)) if each in by_month), None)
    return {name: fen for name, fen in costs.items() if earlier is None or name in earlier}


def _near(costs: Cells, assessed: Mapping[str, Any]) -> Cells:
    """The same as assessed; a fen is rounding."""
    found = {row["department"]: _fen(row["cost_per_weight"]) for row in assessed["departments"]}
    known = {name: value for name, value in found.items() if name in costs}
    return {name: costs[name] if abs(value - costs[name]) <= 1 else value for name, value in known.items()}


def _printed(costs: Cells, file: str) -> tuple[Cells, Cells]:
    """What the page must have in print, and whether it does, to the fen either way."""
    page = Path(file).read_text(encoding="utf-8")
    expected = {name: f"{fen / 100:,.2f}" for name, fen in costs.items()}
    found = {
        name: expected[name]
        for name, fen in costs.items()
        if any(f"{(fen + off) / 100:,.2f}" in page for off in (-1, 0, 1))
    }
    return expected, found


async def findings_line(truth: Truth, pool: asyncpg.Pool) -> Line:
    """What stands as alerts of an item and month is one finding of it."""
    found = {(row.item_code, row.month): True for row in await finding_rows(pool)}
    expected = {(alert.item_code, month_text(alert.month)): True for alert in truth.alerts()}
    return compare("findings, one for each item and month", expected, found)


def _fen(yuan: Any) -> int:
    return int((Decimal(str(yuan)) * 100).to_integral_value())


def _ratio_table(month: str, rows: list[Mapping[str, Any]]) -> Table:
    table = _table(f"Consumption ratios of the hospital in {month} (耗占比)", ("formula", ">ratio", ">month on month"))
    for row in rows:
        if row["scope_type"] == "hospital":
            points = row["month_on_month_points"]
            change = "" if points is None else "flat 持平" if row["month_on_month_flat"] else f"{Decimal(points):+} pp"
            table.add_row(row["formula"], str(row["ratio_percent"]), change)
    return table


def _rank_table(month: str, assessed: Mapping[str, Any]) -> Table:
    rows = sorted((row for row in assessed["departments"] if row["rank"] is not None), key=lambda row: row["rank"])
    table = _table(
        f"Departments in {month}: the first and the last, with the set their true rank lies in (95 %)",
        (">rank", "department", ">set", ">closeness", ">yuan per weight"),
    )
    for row in rows[:RANKED] + rows[max(RANKED, len(rows) - RANKED) :]:
        table.add_row(
            str(row["rank"]), row["department"], f"{row['rank_low']}–{row['rank_high']}", f"{row['closeness']:.3f}",
            f"{Decimal(str(row['cost_per_weight'])):,.2f}",
        )  # fmt: skip
    return table


def _table(title: str, columns: tuple[str, ...]) -> Table:
    table = Table(title=title, title_justify="left", title_style="bold", box=None, pad_edge=False)
    for name in columns:
        table.add_column(name.removeprefix(">"), justify="right" if name.startswith(">") else "left")
    return table
