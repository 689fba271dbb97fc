"""`udi epcis`: what moved, as events of EPCIS 2.0 for partners' repositories."""

import sys
from collections.abc import Callable
from contextlib import nullcontext
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated, Final

import asyncpg
import orjson
import typer

from sinks.messages.epcis import CONTEXT, VERSION, events_of
from sinks.postgres.stock.epcis import moves_by_scan
from streams.cli.connection import bad, instant, run
from streams.cli.new_files import expect_new, new_file
from streams.settings import Settings

_EMPTY: Final[dict[str, object]] = {
    "@context": CONTEXT, "type": "EPCISDocument", "schemaVersion": VERSION, "creationDate": None,
    "epcisBody": {"eventList": []},
}  # fmt: skip


def epcis(
    *,
    start: Annotated[str, typer.Option("--from", help="First day, or an instant with offset.")],
    end: Annotated[str, typer.Option("--to", help="Day after the last, or an instant.")],
    hospital: Annotated[str | None, typer.Option(help="Only this one.")] = None,
    out: Annotated[Path | None, typer.Option("--out", metavar="FILE", help="Unset: standard output.")] = None,
) -> None:
    """Moves of goods as EPCIS 2.0 events in JSON-LD: stable ids, corrections as error declarations."""
    first, after = instant("--from", start), instant("--to", end)
    if first >= after:
        bad("Expected --from before --to.")
    if out is not None:
        expect_new(out)

    async def work(settings: Settings, pool: asyncpg.Pool) -> int:
        with nullcontext(sys.stdout.buffer) if out is None else new_file(out) as file:
            return await write(file.write, settings, pool, first, after, hospital)

    written = run(work)
    typer.echo(f"{written:,} events.", err=True)


async def write(  # noqa: PLR0917 -- what, where and when
    put: Callable[[bytes], object], settings: Settings, pool: asyncpg.Pool, first: datetime, after: datetime,
    hospital: str | None,
) -> int:  # fmt: skip
    """Write one document, event by event, and give how many there are."""
    created = datetime.now(UTC).isoformat(timespec="seconds").replace("+00:00", "Z")
    before, behind = orjson.dumps(_EMPTY | {"creationDate": created}).split(b"[]")
    put(before + b"[")
    written = 0
    async for moves in moves_by_scan(pool, first, after, hospital):
        for event in events_of(moves, settings.zone):
            put((b",\n" if written else b"\n") + orjson.dumps(event))
            written += 1
    put(b"\n]" + behind + b"\n")
    return written
