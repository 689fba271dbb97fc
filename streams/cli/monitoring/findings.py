"""`udi findings`: what concerns one item and month of a hospital, with its alerts; the open ones by money at stake."""

from collections import Counter
from decimal import Decimal
from typing import Annotated, Any
from uuid import UUID

import asyncpg
import typer
from rich.text import Text

from models.calendar import parse_month
from models.texts import texts
from sinks.postgres.monitoring.desk import Desk
from streams.cli.connection import bad, run
from streams.cli.lists import listing
from streams.cli.phrases import told_cell, word
from streams.cli.shown import LIMIT_DEFAULT, AsJson, Limit, print_json, print_table, shown
from streams.language import language, say
from streams.settings import Settings

STYLES = {"open": "bold red", "continued": "yellow", "explained": "green", "withdrawn": "dim", "closed": "blue"}
Alerts = dict[UUID, list[dict[str, Any]]]


@listing
def findings(
    month: Annotated[str | None, typer.Argument(metavar="[MONTH]", help="Like 2022-06; unset: all.")] = None,
    *,
    hospital: Annotated[str | None, typer.Option(help="Only this one.")] = None,
    only_open: Annotated[bool, typer.Option("--open", help="Only those that lie open.")] = False,
    limit: Limit = LIMIT_DEFAULT,
    as_json: AsJson = False,
) -> None:
    """Findings with status, money at stake and cause; filed ones too, with the reason."""
    if month is not None:
        try:
            parse_month(month)
        except ValueError as error:
            bad(f"MONTH: {error}")

    async def work(_: Settings, pool: asyncpg.Pool) -> tuple[list[dict[str, Any]], Alerts]:
        desk = Desk(pool)
        rows = await desk.findings(month, hospital)
        rows = [row for row in rows if row["status"] == "open" or not only_open]
        return rows, await desk.alerts(rows)

    rows, alerts = run(work)
    if as_json:
        print_json([machine(row, alerts[row["finding"]]) for row in rows])
    elif not rows:
        typer.echo(f"No finding in {month}." if month else "No finding.")
    else:
        columns = ("month", "item", "status", ">at stake, CNY", "cause, CNY", "alerts")
        print_table("Findings", columns, [_cells(row, alerts[row["finding"]]) for row in rows], limit=limit)
        counts = Counter(row["status"] for row in rows)
        typer.echo(", ".join(f"{word(status)}: {count:,}" for status, count in counts.items()) + ".")


def machine(row: dict[str, Any], alerts: list[dict[str, Any]]) -> dict[str, Any]:
    """A finding as JSON, its alerts as rows; amounts as text."""
    departments = [{"department": name, "amount": f"{Decimal(fen) / 100:.2f}"} for name, fen in row["departments"]]
    shown_row = {key: value for key, value in row.items() if key != "alert_versions"}
    return shown_row | {"departments": departments, "alerts": [_alert(each) for each in alerts]}


def _alert(row: dict[str, Any]) -> dict[str, Any]:
    whole = row["measure"] == "quantity"
    figures = {
        name: None if row[name] is None else int(row[name]) if whole else f"{row[name]:.2f}"
        for name in ("value", "base_value")
    }
    return row | figures


def _cells(row: dict[str, Any], alerts: list[dict[str, Any]]) -> tuple[Any, ...]:
    status = Text(word(row["status"]), style=STYLES[row["status"]])
    if row["filed"]:
        status.append(f"\n{texts(language())['filed'][row['filed']]}", style="dim")
    named = ", ".join(name for name, _ in row["departments"])
    unit = "" if row["measure"] == "amount" else f" {told_cell('units')}"
    cause = [f"{say('assessment', 'factor', part['factor'])} {_signed(part['amount'])}{unit}" for part in row["cause"]]
    item = [part for part in (row["item_code"], row["item_name"], named and f"({named})") if part]
    return (row["month"], item, status, f"{row['amount']:,.2f}", cause, [_line(each) for each in alerts[:6]])


def _line(alert: dict[str, Any]) -> str:
    scope = alert["scope"] if alert["scope_type"] != "hospital" else told_cell("hospital")
    measure = told_cell(alert["measure"])
    if alert["rank"] is not None:
        ranked = told_cell(f"rank {alert['rank']} by {measure}, {alert['months_in_a_row']} months")
        return f"{scope}: {ranked}"
    change = "new" if alert["change_percent"] is None else f"{alert['change_percent']:+} %"
    base = f" on {alert['base_month']}" if alert["base_month"] else ""
    return f"{scope}: {measure} {told_cell(f'{change}{base}')}"


def _signed(amount: str | int) -> str:
    return f"{Decimal(amount):+,.2f}" if isinstance(amount, str) else f"{shown(amount)}"
