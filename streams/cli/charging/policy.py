"""`udi policy`: what hospitals have set for their decisions."""

from dataclasses import asdict
from datetime import UTC, datetime, timedelta
from typing import Annotated
from zoneinfo import ZoneInfo

import asyncpg
import typer

from models.policy import POLICY, ReturnClock
from sinks.postgres.charging.policies import Beyond, HospitalPolicy, policies, set_return_clock
from streams.cli.charging.persons import By, person
from streams.cli.connection import bad, instant, run
from streams.cli.lists import listing
from streams.cli.shown import AsJson, print_json, print_table
from streams.settings import Settings

SECONDS_MAX = 86_400


@listing
def policy(  # noqa: PLR0917 -- the options of a command
    hospital: Annotated[
        str | None, typer.Argument(metavar="HOSPITAL", help="Unset: all that have set something.")
    ] = None,
    return_clock: Annotated[
        int | None,
        typer.Option(min=0, max=SECONDS_MAX, help="Seconds a return may be scanned before its use, by two clocks."),
    ] = None,
    since: Annotated[
        str | None, typer.Option(help="It holds for returns scanned from that day or instant on. Unset: from now on.")
    ] = None,
    reason: Annotated[str | None, typer.Option(help="Why it is set; it is kept.")] = None,
    by: By = None,
    as_json: AsJson = False,
) -> None:
    """Show what hospitals have set for their decisions, or set it: it holds for what is scanned from then on."""
    if return_clock is not None and (hospital is None or not (reason or "").strip()):
        bad("Expected HOSPITAL and --reason with --return-clock.")
    if since is not None and return_clock is None:
        bad("Expected --return-clock with --since.")
    begins = instant("--since", since) if since is not None else datetime.now(UTC)

    async def work(settings: Settings, pool: asyncpg.Pool) -> tuple[list[HospitalPolicy], ZoneInfo]:
        if return_clock is not None and hospital is not None and reason is not None:
            clock = ReturnClock(begins, timedelta(seconds=return_clock))
            beyond = await set_return_clock(pool, hospital, clock, person(by), reason)
            if beyond is not None:
                bad(_refused(beyond, settings.zone))
        return await policies(pool, hospital), settings.zone

    found, zone = run(work)
    if as_json:
        print_json([asdict(each) for each in found])
        return
    if found:
        columns = ("hospital", ">return clock, s", "since", "at", "set by", "why")
        rows = [
            (
                row.hospital,
                row.return_clock_seconds,
                *(at.astimezone(zone) for at in (row.since, row.at)),
                row.by,
                row.reason,
            )
            for row in found
        ]
        print_table("Set by hospitals", columns, rows)
    default = POLICY.return_clock_tolerance.total_seconds()
    typer.echo(f"All others: a return may be scanned up to {default:g} s before its use.")


def _refused(beyond: Beyond, zone: ZoneInfo) -> str:
    return (
        f"Expected a larger tolerance or a later --since: {beyond.returns} recorded returns scanned from then on, "
        f"the last at {beyond.newest_at.astimezone(zone).isoformat()}, were scanned up to "
        f"{beyond.earlier.total_seconds():g} s before their use."
    )
