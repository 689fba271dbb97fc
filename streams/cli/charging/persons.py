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

from models.charging.commands import CommandKind, correcting_scan_id
from sinks.postgres.charging.commands import CommandBooks, Ended, Place
from sinks.postgres.charging.stories import brief_of, scans_named
from sinks.postgres.named import Asked
from streams.cli.charging.telling import told
from streams.cli.connection import bad, run
from streams.cli.shown import ID_SHOWN, short
from streams.language import say
from streams.settings import Settings

POLL_SECONDS: Final = 0.1
TAKING_PLACE_SECONDS_MAX: Final = 5.0
"""How long is waited for the scan that takes a corrected one's place: the scheduler publishes it within a second."""
UUID_DIGITS: Final = 32
_WORDS: Final = {
    CommandKind.UNDO_PAIR: "Undone",
    CommandKind.RELEASE: "Released",
    CommandKind.REJECT: "Rejected",
    CommandKind.IDENTIFY: "Identified",
    CommandKind.CORRECT: "Corrected",
}
Scans = Annotated[list[str], typer.Argument(metavar="SCAN_ID…", help="Or the 8 characters that lists show.")]
Hospital = Annotated[str | None, typer.Option(help="Needed when several hospitals have the scan id.")]
Timeout = Annotated[float, typer.Option(min=0, help="Seconds to wait for the lane; 0 only stores it.")]


@dataclass(frozen=True, slots=True)
class CommandOutcome:
    """A stored command, and what became of it in time."""

    scan: UUID
    """Scan it is about."""
    place: Place
    """Where the command stands."""
    ended: Ended | None
    """What became of it; `None`: its lane has not carried it out in time."""
    told: str = ""
    """What it is about and has come to, for people."""
    taking_place: UUID | None = None
    """Of a correction that was carried out: the scan that takes its place."""
    told_of_it: str | None = None
    """What became of that one; `None` while it is not recorded."""


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
    who = person(by)

    async def work(_: Settings, pool: asyncpg.Pool) -> list[CommandOutcome]:
        books = CommandBooks(pool)
        named = [await scan_named(pool, each, hospital) for each in scan_ids]
        stored = []
        for scan, house in named:
            place = await books.accept(kind, house, scan, who, reason, body)
            if place is None:
                bad(f"Expected a recorded scan, found none with id {scan}.")
            stored.append((scan, house, place))
        until = time.monotonic() + timeout
        return [await _outcome(pool, kind, scan, house, place, until) for scan, house, place in stored]

    done = [_say(kind, each, several=len(scan_ids) > 1) for each in run(work)]
    return int(not all(done) and (timeout > 0 or any(each is False for each in done)))


def _say(kind: CommandKind, each: CommandOutcome, *, several: bool) -> bool | None:
    """Say what became of it; `None` while nobody has carried it out."""
    which, word = f"{short(each.scan)}: " if several else "", _WORDS[kind]
    if each.ended is None:
        place = each.place
        typer.echo(f"{which}Stored as command {place.seq} of lane {place.lane}; no worker has carried it out yet.")
        return None
    typer.echo(f"{which}{word}: {each.told}." if each.ended.done else f"{which}Not {word.lower()}: {each.ended.detail}")
    if each.taking_place is not None:
        scan = each.taking_place if each.told_of_it is None else short(each.taking_place)
        of = "place-waits" if each.told_of_it is None else "place-taken"
        typer.echo(say("desk", "said", of, scan=scan, verdict=each.told_of_it))
    return each.ended.done


def person(by: str | None) -> str:
    """Who commands."""
    return by or getpass.getuser()


def is_part_of_id(text: str) -> bool:
    """Whether a text may be a scan id, or enough of one."""
    part = _digits(text)
    return ID_SHOWN <= len(part) <= UUID_DIGITS and not set(part) - set("0123456789abcdef")


def _digits(text: str) -> str:
    return text.strip().lower().removeprefix("…").replace("-", "")


async def scan_named(asked: Asked, text: str, hospital: str | None) -> tuple[UUID, str]:
    """The recorded scan that is meant, by its id or at least 8 of its first or last characters, and its hospital."""
    part = _digits(text)
    if not is_part_of_id(text):
        bad(f"Expected a scan id (UUID), or the 8 characters of it that lists show, got {text!r}.")
    found = await scans_named(asked, part, hospital)
    if not found:
        bad(f"Expected a recorded scan, found none with id {text}.")
    if len({scan for _, scan in found}) > 1:
        bad(f"Expected the id of one scan, several begin or end with {text}; give more of it.")
    if len(found) > 1:
        bad(f"Expected --hospital: {', '.join(house for house, _ in found)} have a scan with id {text}.")
    house, scan = found[0]
    return scan, house


async def _outcome(  # noqa: PLR0917 -- the parts of a command
    pool: asyncpg.Pool, kind: CommandKind, scan: UUID, house: str, place: Place, until: float
) -> CommandOutcome:
    ended = await _ended(CommandBooks(pool), place, until)
    about = await brief_of(pool, house, scan)
    said = "" if about is None else told(about)
    if kind is not CommandKind.CORRECT or ended is None or not ended.done:
        return CommandOutcome(scan, place, ended, said)
    other = correcting_scan_id(house, place.lane, place.seq)
    until = min(until, time.monotonic() + TAKING_PLACE_SECONDS_MAX)
    while (taking := await brief_of(pool, house, other)) is None and time.monotonic() < until:
        await asyncio.sleep(POLL_SECONDS)
    return CommandOutcome(scan, place, ended, said, other, None if taking is None else told(taking))


async def _ended(books: CommandBooks, place: Place, until: float) -> Ended | None:
    while True:
        ended = await books.ended(place)
        if ended is not None or time.monotonic() >= until:
            return ended
        await asyncio.sleep(POLL_SECONDS)
