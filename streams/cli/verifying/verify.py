"""`udi verify`: every invariant of books and topics, checked by queries that share nothing with what writes."""

import time
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import asdict
from difflib import get_close_matches
from pathlib import Path
from typing import Annotated, Any

import asyncpg
import orjson
import typer
from rich.table import Table
from rich.text import Text

from rules.sealing.merkle import LaneHead, root_of
from sinks.postgres.sealing.seals import Head
from sinks.postgres.verifying.books import ROWS_SHOWN, Finding, checks, keep_verification, verify_books
from sinks.postgres.verifying.chain import verify_chain
from streams.cli.connection import bad, run
from streams.cli.phrases import told, told_cell
from streams.cli.shown import AsJson, Console, print_json
from streams.cli.verifying.differences import COMPARED, verify_differences
from streams.cli.verifying.topics import TOPIC_CHECKS, verify_topics
from streams.settings import Settings


def verify(
    *,
    no_topics: Annotated[bool, typer.Option("--no-topics", help="Check the database alone.")] = False,
    wait: Annotated[
        float, typer.Option(min=0, help="Seconds to wait for a relay or reconciler that is behind.")
    ] = 10.0,
    keep: Annotated[bool, typer.Option("--keep", help="Keep the outcome: its age is watched.")] = False,
    every: Annotated[
        float | None, typer.Option(min=0.01, help="Hours between two looks; runs until it is ended, and keeps.")
    ] = None,
    chain: Annotated[
        bool, typer.Option("--chain", help="Only the chains: whether a stored row was changed, taken out or put in.")
    ] = False,
    check: Annotated[
        list[str] | None, typer.Option(help="Only the check of this name, as --json names it; may be repeated.")
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Check every invariant over the database and the topics; exit 1 and the rows when one fails."""
    wanted = _chosen(check or (), keep=keep or every is not None, chain=chain)
    if chain:
        raise typer.Exit(verify_chains(as_json=as_json))
    if every is None:
        raise typer.Exit(_verify(wanted, no_topics=no_topics, wait=wait, keep=keep, as_json=as_json))
    while True:
        # What is away is said, and looked at again.
        with suppress(typer.Exit):
            _verify(wanted, no_topics=no_topics, wait=wait, keep=True, as_json=as_json)
        time.sleep(every * 3600)


def _chosen(names: Sequence[str], *, keep: bool, chain: bool) -> frozenset[str]:
    """The checks to run; all of them when none is named."""
    known = [each.name for each in (*checks(), COMPARED, *TOPIC_CHECKS)]
    if names and (chain or keep):
        bad("Expected --check without --chain, --keep or --every: they stand for the whole.")
    for name in names:
        if name not in known:
            near = get_close_matches(name, known, 3)
            bad(f"--check: Expected the name of a check{' (' + ', '.join(near) + ')' if near else ''}, got {name!r}.")
    return frozenset(names or known)


def _verify(wanted: frozenset[str], *, no_topics: bool, wait: float, keep: bool, as_json: bool) -> int:
    console = Console(highlight=False)
    before = time.monotonic()
    with_topics = not no_topics and any(each.name in wanted for each in TOPIC_CHECKS)

    async def work(settings: Settings, pool: asyncpg.Pool) -> tuple[dict[str, Any], list[Finding]]:
        hear = (lambda _: None) if as_json else (lambda finding: _show(console, finding))
        async with pool.acquire() as connection:
            looked_at, findings = await verify_books(connection, hear, wanted.__contains__)
        if COMPARED.name in wanted:
            findings += await verify_differences(pool, settings.zone, wait, hear)
        if with_topics:
            findings += await verify_topics(settings, pool, wait, hear, wanted.__contains__)
        if keep:
            failures = sum(not finding.ok for finding in findings)
            await keep_verification(pool, len(findings), failures, topics=with_topics)
        return looked_at, findings

    looked_at, findings = run(work)
    failed = [finding for finding in findings if not finding.ok]
    if as_json:
        print_json(
            {"ok": not failed, "range": looked_at, "topics": with_topics, "checks": [_row(each) for each in findings]}
        )
    else:
        _show_range(console, looked_at)
        seconds = f"{time.monotonic() - before:.1f} s"
        if failed:
            console.print(f"[bold red]{len(failed)} of {len(findings)} checks failed[/], {seconds}.")
        else:
            left_out = "" if with_topics else "; the topics were not looked at"
            console.print(f"[bold green]All {len(findings)} invariants hold[/]{left_out}, {seconds}.")
    return 1 if failed else 0


def verify_chains(*, as_json: bool) -> int:
    """Check the chains and seals; the exit status."""
    console = Console(highlight=False)

    async def work(settings: Settings, pool: asyncpg.Pool) -> list[Finding]:
        hear = (lambda _: None) if as_json else (lambda finding: _show(console, finding))
        outside = read_seals(settings.seal_file) if settings.seal_file is not None else None
        async with pool.acquire() as connection:
            return await verify_chain(connection, _root_of, outside, hear)

    findings = run(work)
    failed = [finding for finding in findings if not finding.ok]
    if as_json:
        print_json({"ok": not failed, "checks": [_row(each) for each in findings]})
    elif failed:
        console.print(f"[bold red]{len(failed)} of {len(findings)} checks failed[/]: rows were changed by others.")
    else:
        console.print(f"[bold green]All {len(findings)} checks hold[/]: the rows are those that were recorded.")
    return 1 if failed else 0


def _root_of(heads: list[Head]) -> bytes:
    return root_of([LaneHead(*head) for head in heads])


def read_seals(file: Path) -> dict[int, bytes]:
    """The lines of the file outside, by the number of the seal."""
    try:
        lines = file.read_bytes().splitlines()
        return {int(orjson.loads(line)["n"]): line for line in lines if line.strip()}
    except OSError as error:
        bad(f"Expected the file of seals, got {file}: {error.strerror}.")
    except (orjson.JSONDecodeError, KeyError, TypeError, ValueError):
        bad(f"Expected a seal on every line of {file}.")


def _row(finding: Finding) -> dict[str, Any]:
    return {"ok": finding.ok, **asdict(finding), "seconds": round(finding.seconds, 3)}


def _show(console: Console, finding: Finding) -> None:
    state = Text("ok", "green") if finding.ok else Text("FAILED", "bold red")
    line = Table.grid(padding=(0, 2))
    line.add_column(width=6)
    line.add_column(overflow="fold")
    note = f" ({told(finding.note)})" if finding.note else ""
    line.add_row(state, Text.assemble((finding.name, "bold"), f": {told(finding.promise)}", (note, "dim")))
    for row in finding.first:
        line.add_row("", Text("  ".join(f"{name}={value}" for name, value in row.items()), "red"))
    if finding.failures > ROWS_SHOWN:
        line.add_row("", Text(f"… {finding.failures:,} rows in all", "dim"))
    console.print(line)


def _show_range(console: Console, looked_at: dict[str, Any]) -> None:
    counts = ", ".join(
        told_cell(f"{value:,} {name.replace('_', ' ')}") for name, value in looked_at.items() if isinstance(value, int)
    )
    console.print(f"\nChecked, in one snapshot: {counts}.")
    by_topic: dict[tuple[str, str], list[str]] = {}
    for each in looked_at["positions"]:
        by_topic.setdefault((each["topic"], each["cluster_id"]), []).append(
            f"{each['partition']}: 0..{each['next_offset']}"
        )
    for (topic, cluster), parts in by_topic.items():
        console.print(f"  {topic} of cluster {cluster}, offsets {', '.join(parts)}")
    closed = ", ".join(f"{hospital} through {month}" for hospital, month in looked_at["closed_through"].items())
    console.print(f"  raw bytes: {looked_at['raw_bytes']['note']}")
    console.print(f"  months closed: {closed or 'none'}")
