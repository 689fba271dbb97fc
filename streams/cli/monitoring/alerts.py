"""`udi alerts`: the newest version of each alert, item by item, in the order of what to look at first."""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Annotated, Any

import asyncpg
import typer
from rich.text import Text

from models.calendar import parse_month
from sinks.postgres.monitoring.listing import newest_alerts
from streams.cli.connection import bad, run
from streams.cli.lists import listing
from streams.cli.phrases import told_cell, word
from streams.cli.shown import LIMIT_DEFAULT, AsJson, Limit, print_json, print_table, shown
from streams.language import say
from streams.settings import Settings

STANDING = ("fired", "provisional")
_STYLES = {"fired": "bold red", "provisional": "yellow", "explained": "green", "withdrawn": "dim"}


@listing
def alerts(
    *,
    month: Annotated[str | None, typer.Option("--month", help="Alerts of this month, like 2022-06.")] = None,
    only_open: Annotated[bool, typer.Option("--open", help="Without those withdrawn or explained.")] = False,
    limit: Limit = LIMIT_DEFAULT,
    as_json: AsJson = False,
) -> None:
    """Alerts as they stand now: value, base, change, rank and cause."""
    if month is not None:
        try:
            parse_month(month)
        except ValueError as error:
            bad(f"--month: {error}")

    async def work(_: Settings, pool: asyncpg.Pool) -> list[dict[str, Any]]:
        return [each._asdict() for each in await newest_alerts(pool, month, only_open=only_open)]

    rows = [row | {"cause": json.loads(row["cause"])} for row in run(work)]
    if as_json:
        print_json([_machine(row) for row in rows])
    elif not rows:
        typer.echo(_none(month, only_open=only_open))
    else:
        several = len({row["hospital"] for row in rows}) > 1
        columns = ("month", "department", "item", ">more, CNY", "status", "alerts", "because")
        cells = [_cells(each, several=several) for each in by_item(rows)]
        print_table("What to look at first, each item once", columns, cells, limit=limit)
        typer.echo(", ".join(f"{word(status)}: {count:,}" for status, count in _counts(rows).items()) + ".")


def _none(month: object, *, only_open: bool) -> str:
    if month:
        return f"No alert for {month} is open." if only_open else f"No alert for {month}."
    return "No alert is open." if only_open else "No alert."


def _counts(rows: list[dict[str, Any]]) -> dict[str, int]:
    counts: dict[str, int] = {}
    for row in rows:
        counts[row["status"]] = counts.get(row["status"], 0) + 1
    return counts


def _machine(row: dict[str, Any]) -> dict[str, Any]:
    """Quantities as numbers, amounts as text with two digits."""
    whole = {name: _figure(row, name) for name in ("value", "base_value")}
    return row | whole


def _figure(row: dict[str, Any], name: str) -> Any:
    value = row[name]
    if value is None:
        return None
    return int(value) if row["measure"] == "quantity" else f"{value:.2f}"


@dataclass(frozen=True, slots=True)
class ItemAlerts:
    """The alerts of one item and month of a hospital, the heaviest first."""

    alerts: list[dict[str, Any]]
    """Rows of `report.alerts`."""
    department: str | None
    """The one that weighs most; `None` when only the whole hospital has alerts."""
    weight: Decimal
    """Yuan: the largest rise that stands, or the use of a rank or of a new item; 0 when none stands."""


def by_item(rows: Sequence[dict[str, Any]]) -> list[ItemAlerts]:
    """Each item once, in the order of what to look at first: the newest month, then department by department.

    Departments stand in the order of their heaviest item; what is withdrawn or explained weighs nothing.
    """
    groups: dict[tuple[str, str, str], list[dict[str, Any]]] = {}
    for row in rows:
        groups.setdefault((row["month"], row["hospital"], row["item_code"]), []).append(row)
    items = [_item(some) for some in groups.values()]
    heaviest: dict[tuple[str, str, str | None], Decimal] = {}
    for each in items:
        heaviest[_place(each)] = max(each.weight, heaviest.get(_place(each), Decimal()))
    items.sort(key=lambda each: (
        -heaviest[_place(each)], each.department or "", -each.weight, each.alerts[0]["item_code"],
    ))  # fmt: skip
    items.sort(key=lambda each: each.alerts[0]["month"], reverse=True)
    return items


def _place(each: ItemAlerts) -> tuple[str, str, str | None]:
    return each.alerts[0]["month"], each.alerts[0]["hospital"], each.department


def _item(rows: Sequence[dict[str, Any]]) -> ItemAlerts:
    alerts = sorted(rows, key=lambda row: (-_weight(row), row["scope_type"] != "hospital", row["scope"], row["rule"]))
    own = next((row["scope"] for row in alerts if row["scope_type"] == "department"), None)
    return ItemAlerts(alerts, own, max(_weight(row) for row in rows))


def _weight(row: dict[str, Any]) -> Decimal:
    if row["status"] not in STANDING or row["measure"] != "amount":
        return Decimal()
    base = row["base_value"] if row["rank"] is None else None
    return Decimal(row["value"]) - Decimal(base or 0)


def _cells(each: ItemAlerts, *, several: bool) -> tuple[Any, ...]:
    first = each.alerts[0]
    statuses = {row["status"] for row in each.alerts}
    status = next(name for name in _STYLES if name in statuses)
    house = f"{first['hospital']} / " if several else ""
    cause = ", ".join(
        f"{say('assessment', 'factor', part['factor'])} {_signed(part['amount'])}" for part in first["cause"]
    )
    return (
        first["month"],
        f"{house}{each.department or '–'}",
        f"{first['item_code']} {first['item_name'] or ''}".strip(),
        f"{each.weight:,.2f}" if each.weight else "",
        Text(word(status), style=_STYLES[status]),
        [_line(row) for row in each.alerts],
        cause,
    )


def _line(row: dict[str, Any]) -> str:
    """A scope with what rose there, and its status where that is not the usual one."""
    value = f"{_number(row, row['value'])} {'yuan' if row['measure'] == 'amount' else 'units'}"
    if row["rank"] is not None:
        what = f"rank {row['rank']} by {word(row['measure'])}, {row['months_in_a_row']} months running"
    elif row["change_percent"] is None:
        what = f"new, {value}"
    else:
        what = f"{value}, {row['change_percent']:+.2f} % on {row['base_month']}"
    gone = f" ({word(row['status'])})" if row["status"] not in STANDING else ""
    return f"{row['scope']} {told_cell(what)}{gone}"


def _number(row: dict[str, Any], value: Any) -> str:
    return f"{value:,.2f}" if row["measure"] == "amount" else shown(int(value))


def _signed(amount: str | int) -> str:
    return f"{Decimal(amount):+,.2f}" if isinstance(amount, str) else f"{amount:+,}"
