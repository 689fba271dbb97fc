"""`udi orders forecast`: what stores will use, and how often such forecasts were enough."""

from collections.abc import Sequence
from dataclasses import asdict
from datetime import date
from typing import Annotated, Any, Final

import asyncpg
import typer

from models.policy import POLICY
from models.stock.demand import Forecast
from rules.stock.forecasting import Past, judge_past
from sinks.postgres.stock.replenishing.demand import demand_before, forecasts
from streams.cli.connection import of_known, run
from streams.cli.lists import listing
from streams.cli.shown import LIMIT_DEFAULT, AsJson, Limit, print_json, print_table
from streams.settings import Settings

OneHospital = Annotated[str | None, typer.Option("--hospital", help="Only this one.")]
OneStore = Annotated[str | None, typer.Option("--store", help="This store alone.")]
OneItem = Annotated[str | None, typer.Option("--item", help="This item code alone.")]
PAST_WEEKS_MAX: Final = 44
"""A year less the least weeks that are forecast from."""


@listing
def forecast(
    *, store: OneStore = None, item: OneItem = None, hospital: OneHospital = None,
    past: Annotated[
        int, typer.Option("--past", min=0, max=PAST_WEEKS_MAX, help="Judge the forecasts of so many past weeks.")
    ] = 0,
    limit: Limit = LIMIT_DEFAULT, as_json: AsJson = False,
) -> None:  # fmt: skip
    """What stores will use until the goods of the next order come, with its bounds; forecast anew from their weeks."""

    async def work(_: Settings, pool: asyncpg.Pool) -> tuple[list[Forecast], Past | None]:
        days = await forecast_anew(pool)
        rows = await forecasts(pool, hospital, store, item)
        if not past:
            return rows, None
        shown = {(row.hospital, row.store, row.item_code) for row in rows}
        demand = [
            each for house, day in days.items() if any(row.hospital == house for row in rows)
            for each in await demand_before(pool, house, day)
        ]  # fmt: skip
        of_shown = [each for each in demand if (each.hospital, each.store, each.item_code) in shown]
        return rows, judge_past(of_shown, POLICY.service_level_percent, past)

    rows, judged = run(of_known(work, hospital=hospital, store=store))
    if as_json:
        print_json({
            "service_level_percent": POLICY.service_level_percent, "past": None if judged is None else asdict(judged),
            "forecasts": [asdict(row) for row in rows],
        })  # fmt: skip
    elif not rows:
        typer.echo("No store has used anything within a year of the newest scan of its hospital.")
    else:
        _show(rows, judged, past, limit)


async def forecast_anew(pool: asyncpg.Pool) -> dict[str, date]:
    """As the scheduler does each day."""
    from streams.services.stock import forecaster  # noqa: PLC0415 -- `--help` needs no service

    return await forecaster.forecast(pool)


_COLUMNS: Final = (
    "store", "item", ">weeks", ">used in", ">a week", "last used", ">days", ">forecast", ">low", ">high",
)  # fmt: skip


def _show(rows: Sequence[Forecast], judged: Past | None, past: int, limit: int) -> None:
    cells: list[tuple[Any, ...]] = [
        (
            row.store, row.item_code, row.weeks, row.weeks_used, row.weekly, row.last_used_on, row.days, row.forecast,
            row.low, row.high,
        )
        for row in rows
    ]  # fmt: skip
    print_table(f"Forecast as of {max(row.as_of for row in rows)}", _COLUMNS, cells, limit=limit)
    typer.echo(f"High is to be enough in {POLICY.service_level_percent} of 100 cases.")
    if judged is not None and judged.judged:
        typer.echo(
            f"Of {judged.judged:,} forecasts of the last {past} weeks {judged.held / judged.judged:.1%} were enough; "
            f"in the mean they were {judged.spare / judged.judged:.1f} units above the use."
        )
