"""`udi replay`: dead letters once more, or recorded offsets in shadow. It sends nothing unless it is told to."""

import re
import sys
from collections.abc import Sequence
from dataclasses import asdict
from typing import Annotated, Final, NoReturn

import asyncpg
import typer

from models.wire.topics import SCANS
from streams.cli.connection import bad, run
from streams.cli.lists import listing
from streams.cli.operating.dead_letters import Letter, dead_letters
from streams.cli.operating.shadow import Comparison, Range, shadow
from streams.cli.phrases import told, word
from streams.cli.publishing import publish as publish_records
from streams.cli.shown import LIMIT_DEFAULT, AsJson, Limit, print_json, print_table, progress
from streams.settings import Settings

_RANGE: Final = re.compile(r"(.+)/(\d{1,9})/(\d{1,18})(?:\.\.(\d{1,18}))?")


@listing
def replay(
    *,
    letters: Annotated[bool, typer.Option("--dead-letters", help="Records that could not be read.")] = False,
    reason: Annotated[str | None, typer.Option("--reason", help="Dead letters of this reason alone.")] = None,
    origin: Annotated[str | None, typer.Option("--origin", help="The one that came as topic/partition/offset.")] = None,
    cluster: Annotated[
        str | None, typer.Option("--cluster", help="The id of its cluster, where several have that origin.")
    ] = None,
    every: Annotated[bool, typer.Option("--all", help="With --publish: all of them.")] = False,
    publish: Annotated[bool, typer.Option("--publish", help="Send them again to where they came from.")] = False,
    show: Annotated[bool, typer.Option("--show", help="Write the raw bytes of one to standard output.")] = False,
    offsets: Annotated[
        str | None, typer.Option("--offsets", help="Recorded offsets, like udi.scans/0/100..200.")
    ] = None,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Decide the offsets again in memory; what differs?")
    ] = False,
    limit: Limit = LIMIT_DEFAULT,
    as_json: AsJson = False,
) -> None:
    """List dead letters or send them again; or decide recorded offsets in shadow, exit 1 when something differs."""
    if letters == (offsets is not None):
        bad("Expected either --dead-letters or --offsets.")
    if offsets is not None:
        if not dry_run:
            bad("Expected --dry-run with --offsets: what is recorded is never recorded again.")
        _shadow(_range(offsets), limit, as_json=as_json)
    _letters((reason, origin, cluster), limit, every=every, publishing=publish, showing=show, as_json=as_json)


def _letters(
    asked: tuple[str | None, str | None, str | None],
    limit: int,
    *,
    every: bool,
    publishing: bool,
    showing: bool,
    as_json: bool,
) -> NoReturn:
    reason, origin, cluster = asked
    if publishing and not (reason or origin or every):
        bad("Expected --reason, --origin or --all with --publish.")
    if showing and origin is None:
        bad("Expected --origin with --show: the bytes of one record are shown.")

    async def work(settings: Settings, pool: asyncpg.Pool) -> list[Letter]:
        found = await dead_letters(settings, pool, reason, origin)
        found = [letter for letter in found if cluster in {None, letter.cluster}]
        if origin is not None and len(found) > 1 and (publishing or showing):
            clusters = ", ".join(sorted(letter.cluster or "?" for letter in found))
            bad(f"Expected --cluster: {clusters} have a dead letter of {origin}.")
        if publishing and found:
            await publish_records(settings, [letter.outbound() for letter in found], "Sending again")
        return found

    found = run(work)
    if showing:
        sys.stdout.buffer.write((found[0].value if found else None) or b"")
        sys.stdout.buffer.flush()
    elif as_json:
        print_json({"published": len(found) if publishing else 0, "dead_letters": [letter.row() for letter in found]})
    else:
        _show_letters(found, limit)
        if publishing:
            typer.echo(f"{len(found):,} sent again; what is still wrong comes back as a dead letter of its new offset.")
    raise typer.Exit(1 if any(asked) and not found else 0)


def _show_letters(found: list[Letter], limit: int) -> None:
    if not found:
        typer.echo("No dead letter.")
        return
    clusters = len({letter.cluster for letter in found}) > 1
    rows = [
        (letter.origin, word(letter.reason, "reason"), told(letter.detail or ""), len(letter.value or b""))
        + ((letter.cluster or "",) if clusters else ())
        for letter in found
    ]
    columns = ("origin", "reason", "detail", ">bytes", *(("cluster",) if clusters else ()))
    print_table("Dead letters, oldest first", columns, rows, limit=limit)
    counts: dict[str, int] = {}
    for letter in found:
        counts[letter.reason] = counts.get(letter.reason, 0) + 1
    typer.echo("; ".join(f"{word(name, 'reason')}: {count:,}" for name, count in sorted(counts.items())))


def _range(text: str) -> Range:
    match = _RANGE.fullmatch(text)
    if match is None:
        bad(f"--offsets: expected topic/partition/first..last like udi.scans/0/100..200, got {text!r}.")
    topic, partition, first, last = match.groups()
    if int(last or first) < int(first):
        bad(f"--offsets: expected a last offset from {first} on, got {last}.")
    return Range(topic, int(partition), int(first), int(last or first))


def _shadow(wanted: Range, limit: int, *, as_json: bool) -> NoReturn:
    async def work(settings: Settings, pool: asyncpg.Pool) -> Comparison:
        if wanted.topic != settings.topic(SCANS):
            bad(f"--offsets: expected a partition of {settings.topic(SCANS)}, got {wanted.topic}.")
        with progress() as bar:
            task = bar.add_task("Deciding again", total=wanted.last - wanted.first + 1)
            return await shadow(settings, pool, wanted, lambda done: bar.update(task, advance=done))

    try:
        found = run(work)
    except LookupError as error:
        bad(f"--offsets: {error}")
    if as_json:
        differences = [asdict(each) for each in found.differences]
        print_json({"same": found.same, "left_out": dict(found.left_out), "differences": differences})
    else:
        _show_shadow(found, limit)
    raise typer.Exit(1 if found.differences else 0)


def _show_shadow(found: Comparison, limit: int) -> None:
    if found.differences:
        rows = [
            (
                each.offset,
                _told(each.verdict, each.reasons),
                _told(each.verdict_today, each.reasons_today),
                each.scan_id,
            )
            for each in found.differences
        ]
        print_table("Decided otherwise today", (">offset", "stands as", "would be", "scan id"), rows, limit=limit)
    left_out = "".join(f", {count:,} left out ({why})" for why, count in sorted(found.left_out.items()))
    typer.echo(f"{found.same:,} would be decided the same, {len(found.differences):,} otherwise{left_out}.")


def _told(verdict: str, reasons: Sequence[str]) -> list[str]:
    return [word(verdict, "verdict"), *(word(each, "reason") for each in reasons)]
