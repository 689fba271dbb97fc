"""`udi policy`: what hospitals have set for their decisions."""

from collections.abc import Sequence
from dataclasses import asdict
from datetime import UTC, datetime, timedelta
from typing import Annotated
from zoneinfo import ZoneInfo

import asyncpg
import typer

from models.money import fen_text, parse_fen
from models.policy import POLICY, ReturnClock
from models.stock.count import CountLimit
from sinks.postgres.charging.policies import Beyond, HospitalPolicy, policies, set_return_clock
from sinks.postgres.stock.counts import CountPolicy, count_limit, count_policies, set_count_limit
from streams.cli.charging.persons import person
from streams.cli.connection import By, bad, in_words, instant, run
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
    count_value: Annotated[
        str | None, typer.Option(help="Yuan: differences of a count that weigh more need another person's approval.")
    ] = None,
    count_lines: Annotated[
        int | None, typer.Option(min=0, max=100, help="Per cent of a count's lines that may differ without that.")
    ] = None,
    reason: Annotated[str | None, typer.Option(help="Why it is set; it is kept.", callback=in_words)] = None,
    by: By = None,
    as_json: AsJson = False,
) -> None:
    """Show what hospitals have set for their decisions, or set it: it holds for what is scanned from then on."""
    nameless = hospital is None or not (reason or "").strip()
    if return_clock is not None and nameless:
        bad("Expected HOSPITAL and --reason with --return-clock.")
    if (count_value is not None or count_lines is not None) and nameless:
        bad("Expected HOSPITAL and --reason with --count-value and --count-lines.")
    value_fen = None if count_value is None else _fen(count_value)
    if since is not None and return_clock is None:
        bad("Expected --return-clock with --since.")
    begins = instant("--since", since) if since is not None else datetime.now(UTC)

    async def work(settings: Settings, pool: asyncpg.Pool) -> tuple[list[HospitalPolicy], list[CountPolicy], ZoneInfo]:
        if return_clock is not None and hospital is not None and reason is not None:
            clock = ReturnClock(begins, timedelta(seconds=return_clock))
            beyond = await set_return_clock(pool, hospital, clock, person(by), reason)
            if beyond is not None:
                bad(_refused(beyond, settings.zone))
        if hospital is not None and reason is not None:
            await _limit_counts(pool, hospital, value_fen, count_lines, person(by), reason)
        return await policies(pool, hospital), await count_policies(pool, hospital), settings.zone

    found, of_counts, zone = run(work, may_be_new=reason is not None)
    if as_json:
        print_json([*map(asdict, found), *map(asdict, of_counts)])
    else:
        _show(found, of_counts, zone)


def _show(found: Sequence[HospitalPolicy], of_counts: Sequence[CountPolicy], zone: ZoneInfo) -> None:
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
    if of_counts:
        limits = [
            (row.hospital, row.count_value, row.count_lines_percent, row.at.astimezone(zone), row.by, row.reason)
            for row in of_counts
        ]
        columns = ("hospital", ">value, yuan", ">lines, %", "at", "set by", "why")
        print_table("Counts that differ by more need another person", columns, limits)
    default = POLICY.return_clock_tolerance.total_seconds()
    typer.echo(f"All others: a return may be scanned up to {default:g} s before its use.")
    typer.echo(
        f"All others: counts above {fen_text(POLICY.count_value_fen)} yuan or {POLICY.count_lines_percent} % of lines "
        "need another person."
    )


async def _limit_counts(  # noqa: PLR0917 -- the parts of a limit
    pool: asyncpg.Pool, hospital: str, value_fen: int | None, lines_percent: int | None, by: str, reason: str
) -> None:
    """What is not given stays as it is."""
    if value_fen is None and lines_percent is None:
        return
    now = await count_limit(pool, hospital)
    value = now.value_fen if value_fen is None else value_fen
    limit = CountLimit(value, now.lines_percent if lines_percent is None else lines_percent)
    await set_count_limit(pool, hospital, limit, by, reason)


def _fen(text: str) -> int:
    try:
        return parse_fen(text)
    except ValueError as error:
        bad(f"--count-value: {error}")


def _refused(beyond: Beyond, zone: ZoneInfo) -> str:
    return (
        f"Expected a larger tolerance or a later --since: {beyond.returns} recorded returns scanned from then on, "
        f"the last at {beyond.newest_at.astimezone(zone).isoformat()}, were scanned up to "
        f"{beyond.earlier.total_seconds():g} s before their use."
    )
