"""`udi policy`: what hospitals have set for their decisions."""

from dataclasses import asdict
from datetime import timedelta
from typing import Annotated
from zoneinfo import ZoneInfo

import asyncpg
import typer

from models.policy import POLICY
from sinks.postgres.charging.policies import HospitalPolicy, policies, set_return_clock
from streams.cli.charging.persons import By, person
from streams.cli.connection import bad, run
from streams.cli.lists import listing
from streams.cli.shown import AsJson, print_json, print_table
from streams.settings import Settings

SECONDS_MAX = 86_400


@listing
def policy(
    hospital: Annotated[
        str | None, typer.Argument(metavar="HOSPITAL", help="Unset: all that have set something.")
    ] = None,
    return_clock: Annotated[
        int | None,
        typer.Option(min=0, max=SECONDS_MAX, help="Seconds a return may be scanned before its use, by two clocks."),
    ] = None,
    reason: Annotated[str | None, typer.Option(help="Why it is set; it is kept.")] = None,
    by: By = None,
    as_json: AsJson = False,
) -> None:
    """Show what hospitals have set for their decisions, or set it: it holds for what is decided from then on."""
    if return_clock is not None and (hospital is None or not (reason or "").strip()):
        bad("Expected HOSPITAL and --reason with --return-clock.")

    async def work(settings: Settings, pool: asyncpg.Pool) -> tuple[list[HospitalPolicy], ZoneInfo]:
        if return_clock is not None and hospital is not None and reason is not None:
            await set_return_clock(pool, hospital, timedelta(seconds=return_clock), person(by), reason)
        return await policies(pool, hospital), settings.zone

    found, zone = run(work)
    if as_json:
        print_json([asdict(each) for each in found])
        return
    if found:
        columns = ("hospital", ">return clock, s", "set by", "at", "why")
        rows = [
            (each.hospital, each.return_clock_seconds, each.by, each.at.astimezone(zone), each.reason) for each in found
        ]
        print_table("Set by hospitals", columns, rows)
    default = POLICY.return_clock_tolerance.total_seconds()
    typer.echo(f"All others: a return may be scanned up to {default:g} s before its use.")
