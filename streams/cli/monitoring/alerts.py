"""`udi alerts`: the newest version of each alert, with its figures and their cause."""

import json
from decimal import Decimal
from typing import Annotated, Any

import asyncpg
import typer
from rich.text import Text

from models.calendar import parse_month
from streams.cli.connection import bad, run
from streams.cli.shown import LIMIT_DEFAULT, AsJson, Limit, print_json, print_table, shown
from streams.settings import Settings

_ALERTS = """
SELECT * FROM (
    SELECT DISTINCT ON (a.alert_id) a.*, (
        SELECT convert_from(c.body, 'UTF8')::jsonb ->> 'name' FROM udi.catalogue c
        WHERE (c.hospital, c.item_code) = (a.hospital, a.item_code) ORDER BY c.version DESC LIMIT 1
    ) AS item_name
    FROM report.alerts a ORDER BY a.alert_id, a.version DESC
) newest
WHERE ($1::text IS NULL OR month = $1) AND (NOT $2 OR status IN ('provisional', 'fired'))
ORDER BY month DESC, hospital, scope_type DESC, scope, rule, measure, coalesce(rank, 0), change_percent DESC, item_code
"""
_STYLES = {"fired": "bold red", "provisional": "yellow", "withdrawn": "dim", "explained": "green"}


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
        return [dict(row) for row in await pool.fetch(_ALERTS, month, only_open)]

    rows = [row | {"cause": json.loads(row["cause"])} for row in run(work)]
    if as_json:
        print_json([_machine(row) for row in rows])
    elif not rows:
        typer.echo("No alert" + (f" for {month}" if month else "") + (" is open." if only_open else "."))
    else:
        columns = ("month", "scope", "item", "rule", "figures", "cause")
        print_table("Alerts, newest version of each", columns, [_cells(row) for row in rows], limit=limit)
        typer.echo(", ".join(f"{count:,} {status}" for status, count in _counts(rows).items()) + ".")


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


def _cells(row: dict[str, Any]) -> tuple[Any, ...]:
    unit = "yuan" if row["measure"] == "amount" else "units"
    scope = row["scope"] if row["scope_type"] == "hospital" else f"{row['scope_type']} {row['scope']}"
    status = Text(row["status"], style=_STYLES[row["status"]])
    figures = [f"{_number(row, row['value'])} {unit}"]
    if row["base_value"] is not None:
        change = "new" if row["change_percent"] is None else f"{row['change_percent']:+.2f} %"
        figures.append(f"{_number(row, row['base_value'])} in {row['base_month']}")
        figures.append(change)
    if row["rank"] is not None:
        figures.append(f"rank {row['rank']}, {row['months_in_a_row']} months running")
    cause = "\n".join(f"{part['factor']} {_signed(part['amount'])}" for part in row["cause"])
    item = f"{row['item_code']}\n{row['item_name'] or ''}"
    return (
        row["month"],
        scope,
        item,
        Text.assemble(f"{row['rule']}\n{row['measure']}, ", status),
        "\n".join(figures),
        cause,
    )


def _number(row: dict[str, Any], value: Any) -> str:
    return f"{value:,.2f}" if row["measure"] == "amount" else shown(int(value))


def _signed(amount: str | int) -> str:
    return f"{Decimal(amount):+,.2f}" if isinstance(amount, str) else f"{amount:+,}"
