"""`udi pair undo`: take back what followed from joining two half labels that do not belong together."""

import asyncio
import getpass
import time
from typing import Final
from uuid import UUID

import asyncpg
import typer

from models.commands import CommandKind
from sinks.commands import CommandBooks, Ended, Place
from streams.commands.connection import bad, run
from streams.settings import Settings

POLL_SECONDS: Final = 0.2


def undo_command(scan_id: str, reason: str, by: str | None, hospital: str | None, timeout: float) -> int:
    """Store the command and wait so many seconds for the lane of the scan.

    Args:
        scan_id: Of either of the two scans.
        reason: Why; it is kept.
        by: Who; `None` is the name this process runs under.
        hospital: Needed only where several hospitals have the scan id.
        timeout: Seconds; 0 only stores the command.

    Returns:
        The exit status: 1 when the pair can't be undone, or nobody has carried it out in time.
    """
    scan, who = _scan_id(scan_id), by or getpass.getuser()
    if not reason.strip():
        bad("Expected a reason, got an empty one.")

    async def work(_: Settings, pool: asyncpg.Pool) -> tuple[Place, Ended | None]:
        books = CommandBooks(pool)
        place = await books.accept(CommandKind.UNDO_PAIR, await _hospital(books, scan, hospital), scan, who, reason)
        if place is None:
            bad(f"Expected a recorded scan, found none with id {scan}.")
        return place, await _ended(books, place, timeout)

    place, ended = run(work)
    if ended is None:
        typer.echo(f"Stored as command {place.seq} of lane {place.lane}; no worker has carried it out yet.")
    else:
        typer.echo(f"Undone: {ended.detail}" if ended.done else f"Not undone: {ended.detail}")
    return int(bool(timeout) if ended is None else not ended.done)


def _scan_id(text: str) -> UUID:
    try:
        return UUID(text)
    except ValueError:
        bad(f"Expected a scan id (UUID), got {text!r}.")


async def _hospital(books: CommandBooks, scan: UUID, named: str | None) -> str:
    if named is not None:
        return named
    found = await books.hospitals_of(scan)
    if len(found) > 1:
        bad(f"Expected --hospital: {', '.join(found)} have a scan with id {scan}.")
    if not found:
        bad(f"Expected a recorded scan, found none with id {scan}.")
    return found[0]


async def _ended(books: CommandBooks, place: Place, seconds: float) -> Ended | None:
    until = time.monotonic() + seconds
    while True:
        ended = await books.ended(place)
        if ended is not None or time.monotonic() >= until:
            return ended
        await asyncio.sleep(POLL_SECONDS)
