"""What a person commands of scans: stored with who and why, then waited for until their lanes have carried it out."""

import asyncio
import getpass
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Annotated, Any, Final
from uuid import UUID

import asyncpg
import typer

from models.charging.commands import CommandKind
from sinks.postgres.charging.commands import CommandBooks, Ended, Place
from streams.cli.connection import bad, run
from streams.settings import Settings

POLL_SECONDS: Final = 0.1
_WORDS: Final = {
    CommandKind.UNDO_PAIR: "Undone",
    CommandKind.RELEASE: "Released",
    CommandKind.REJECT: "Rejected",
    CommandKind.IDENTIFY: "Identified",
    CommandKind.CORRECT: "Corrected",
}
Scans = Annotated[list[str], typer.Argument(metavar="SCAN_ID…")]
Why = Annotated[str, typer.Option("--reason", help="Why; it is kept.")]
By = Annotated[str | None, typer.Option(help="Who; unset: the name you are logged in with.")]
Hospital = Annotated[str | None, typer.Option(help="Needed when several hospitals have the scan id.")]
Timeout = Annotated[float, typer.Option(min=0, help="Seconds to wait for the lane; 0 only stores it.")]


@dataclass(frozen=True, slots=True)
class CommandOutcome:
    """A stored command, and what became of it in time."""

    scan: UUID
    place: Place
    ended: Ended | None


def command(  # noqa: PLR0917 -- the parts of a command
    kind: CommandKind,
    scan_ids: Sequence[str],
    reason: str,
    by: str | None,
    hospital: str | None,
    timeout: float,
    body: Mapping[str, Any] | None = None,
) -> int:
    """Store a command for each scan, wait for their lanes, and say what became of each.

    Args:
        kind: What is commanded.
        scan_ids: Of the scans.
        reason: Why; it is kept.
        by: Who; `None` is the name this process runs under.
        hospital: Needed only where several hospitals have a scan id.
        timeout: Seconds to wait in all; 0 only stores the commands.
        body: Of a correction: what is right.

    Returns:
        The exit status: 1 when one can't be done, or nobody has carried it out in time.
    """
    scans = [scan_id(each) for each in scan_ids]
    who = person(by)
    if not reason.strip():
        bad("Expected a reason, got an empty one.")

    async def work(_: Settings, pool: asyncpg.Pool) -> list[CommandOutcome]:
        books = CommandBooks(pool)
        named = [(scan, await hospital_of(books, scan, hospital)) for scan in scans]
        stored = []
        for scan, house in named:
            place = await books.accept(kind, house, scan, who, reason, body)
            if place is None:
                bad(f"Expected a recorded scan, found none with id {scan}.")
            stored.append((scan, place))
        until = time.monotonic() + timeout
        return [CommandOutcome(scan, place, await _ended(books, place, until)) for scan, place in stored]

    done = [_say(kind, each, several=len(scans) > 1) for each in run(work)]
    return int(not all(done) and (timeout > 0 or any(each is False for each in done)))


def _say(kind: CommandKind, each: CommandOutcome, *, several: bool) -> bool | None:
    """Say what became of it; `None` while nobody has carried it out."""
    which, word = f"{each.scan}: " if several else "", _WORDS[kind]
    if each.ended is None:
        place = each.place
        typer.echo(f"{which}Stored as command {place.seq} of lane {place.lane}; no worker has carried it out yet.")
        return None
    said = f"{word}: {each.ended.detail}" if each.ended.done else f"Not {word.lower()}: {each.ended.detail}"
    typer.echo(f"{which}{said}")
    return each.ended.done


def person(by: str | None) -> str:
    """Who commands."""
    return by or getpass.getuser()


def scan_id(text: str) -> UUID:
    """A scan id, or one line that says what came."""
    try:
        return UUID(text)
    except ValueError:
        bad(f"Expected a scan id (UUID), got {text!r}.")


async def hospital_of(books: CommandBooks, scan: UUID, named: str | None) -> str:
    """The hospital that has recorded the scan."""
    if named is not None:
        return named
    found = await books.hospitals_of(scan)
    if len(found) > 1:
        bad(f"Expected --hospital: {', '.join(found)} have a scan with id {scan}.")
    if not found:
        bad(f"Expected a recorded scan, found none with id {scan}.")
    return found[0]


async def _ended(books: CommandBooks, place: Place, until: float) -> Ended | None:
    while True:
        ended = await books.ended(place)
        if ended is not None or time.monotonic() >= until:
            return ended
        await asyncio.sleep(POLL_SECONDS)
