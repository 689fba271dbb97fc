"""`udi count`: counts of shelves, started, looked at beside the books, and posted by a person."""

import asyncio
import time
from collections.abc import Sequence
from dataclasses import asdict
from typing import Annotated, Any, Final
from zoneinfo import ZoneInfo

import asyncpg
import typer
from pydantic import TypeAdapter, ValidationError

from models.money import fen_text
from models.personal import masked
from models.stock.count import Count, CountLine, CountScan, LineFinding
from models.wire.strict_json import Identifier, Text
from sinks.postgres.named import Asked
from sinks.postgres.stock import counts as books
from streams.cli.charging.persons import Timeout, person
from streams.cli.charging.telling import goods, listed_id
from streams.cli.connection import By, Why, bad, in_words, of_known, run
from streams.cli.lists import listing
from streams.cli.phrases import as_written, word
from streams.cli.shown import LIMIT_DEFAULT, AsJson, Limit, print_json, print_table, yuan
from streams.cli.stock.named import of_several
from streams.counting import Seen, ended, post_count, seen_now
from streams.settings import Settings

count_app = typer.Typer(help="Counts of shelves, by scan and blind.", no_args_is_help=True)
Document = Annotated[str, typer.Argument(metavar="DOCUMENT", help="As `udi count start` gave it.")]
Hospital = Annotated[str | None, typer.Option(help="Needed when several hospitals have it.")]
POLL_SECONDS: Final = 0.1
_REVEALING: Final = frozenset({LineFinding.NO_COST, LineFinding.TOO_MANY, LineFinding.UNREAD})
"""Findings of differences: a blind count does not show them."""


@count_app.command("start")
def start(
    store: Annotated[str, typer.Argument(metavar="STORE", help="The store whose shelf is counted.")],
    *,
    place: Annotated[str | None, typer.Option(help="A room, cabinet or cart of it, in place of its shelf.")] = None,
    hospital: Hospital = None,
    by: By = None,
    as_json: AsJson = False,
) -> None:
    """Start a count of a shelf: scans with action `count` and this document belong to it."""
    who = _who(by)

    async def work(_: Settings, pool: asyncpg.Pool) -> tuple[str, str]:
        houses = await books.hospitals_of_store(pool, store, hospital)
        if not houses:
            bad(f"Expected a store that is known or holds goods, found none named {as_written(store)}.")
        if len(houses) > 1:
            bad(f"Expected --hospital: {', '.join(houses)} have a store named {as_written(store)}.")
        async with books.count_desk(pool, houses[0]) as desk:
            try:
                return houses[0], await desk.start(store, place, who)
            except books.CountOpenError as error:
                bad(f"Expected a shelf that nobody counts, {error.document} is open.")

    house, document = run(of_known(work, hospital=hospital, store=store, option="STORE"))
    if as_json:
        print_json({"document": document, "hospital": house, "store": store, "place": place})
    else:
        typer.echo(f"Started: {document}. Scan with action count and this document.")


@count_app.command("show")
@listing
def show(
    document: Annotated[str | None, typer.Argument(metavar="[DOCUMENT]", help="Unset: all, and stray scans.")] = None,
    *,
    expected: Annotated[
        bool, typer.Option("--expected", help="What the books expect, too: for the review, not for who counts.")
    ] = False,
    hospital: Hospital = None,
    limit: Limit = LIMIT_DEFAULT,
    as_json: AsJson = False,
) -> None:
    """What was counted, and what does not fit. Blind: what is expected shows on demand. Exit 1 with findings."""
    if document is None:
        _show_all(hospital, limit, as_json=as_json)
        return

    async def work(settings: Settings, pool: asyncpg.Pool) -> tuple[Seen, ZoneInfo]:
        return await seen_now(pool, await _named(pool, document, hospital), settings.zone), settings.zone

    seen, zone = run(work)
    blind = not expected and not seen.count.posted
    if as_json:
        print_json(_document(seen, blind=blind))
    else:
        _show(seen, zone, limit, blind=blind)
    findings = [each for line in _visible(seen, blind=blind) for each in _shown_findings(line, blind=blind)]
    raise typer.Exit(1 if findings or seen.strange or seen.waiting else 0)


@count_app.command("post")
@listing
def post(
    document: Document,
    reason: Why,
    *,
    hospital: Hospital = None,
    by: By = None,
    approved_by: Annotated[
        str | None, typer.Option(help="Another person, when differences are above the limit.", callback=in_words)
    ] = None,
    timeout: Timeout = 30.0,
    limit: Limit = LIMIT_DEFAULT,
    as_json: AsJson = False,
) -> None:
    """Book what differs, with the reason; what nobody scanned counts 0. Exit 1 when it can't be posted."""
    who, why = _who(by), _why(reason)
    approver = None if approved_by is None else _who(approved_by)
    if approver is not None and approver.casefold() == who.casefold():
        bad(f"Expected another person in --approved-by, got {as_written(approver)}.")

    async def work(settings: Settings, pool: asyncpg.Pool) -> tuple[Seen, ZoneInfo, str | None]:
        count = await _named(pool, document, hospital)
        async with books.count_desk(pool, count.hospital) as desk:
            count = await _named(desk.connection, document, count.hospital)
            against = await post_count(desk, count, settings.zone, why, who, approver)
        if against is None:
            await _recorded(pool, count, time.monotonic() + timeout)
        return await seen_now(pool, await _named(pool, document, count.hospital), settings.zone), settings.zone, against

    seen, zone, against = run(work)
    if as_json:
        print_json(_document(seen, blind=not seen.count.posted) | {"refused": against})
    elif against is None:
        _show(seen, zone, limit, blind=False)
    if against is not None:
        typer.echo(against, err=as_json)
    raise typer.Exit(1 if against is not None or (seen.waiting and timeout) else 0)


@count_app.command("cancel")
def cancel(document: Document, reason: Why, *, hospital: Hospital = None, by: By = None) -> None:
    """End a count without booking anything."""
    who, why = _who(by), _why(reason)

    async def work(_: Settings, pool: asyncpg.Pool) -> None:
        count = await _named(pool, document, hospital)
        async with books.count_desk(pool, count.hospital) as desk:
            count = await _named(desk.connection, document, count.hospital)
            if count.ended_at is not None:
                bad(ended(count))
            await desk.end(count, who, why)

    run(work)
    typer.echo(f"Cancelled: {document}.")


async def _recorded(pool: asyncpg.Pool, count: Count, until: float) -> None:
    while time.monotonic() < until and await books.unrecorded(pool, count):
        await asyncio.sleep(POLL_SECONDS)


async def _named(asked: Asked, document: str, hospital: str | None) -> Count:
    found = await books.counts(asked, hospital, document)
    if not found:
        bad(f"Expected a count, found none named {as_written(document)}.")
    if len(found) > 1:
        bad(f"Expected --hospital: {', '.join(each.hospital for each in found)} have a count named {document}.")
    return found[0]


def _who(by: str | None) -> str:
    who = person(by)
    if not _is(who, Identifier):
        bad(f"Expected a name of 1 to 64 characters, got {who!r}.")
    return who


def _why(reason: str) -> str:
    if not _is(reason, Text):
        bad(f"Expected a reason of at most 500 characters, got {len(reason)}.")
    return masked(reason)


def _is(text: str, kind: Any) -> bool:
    try:
        TypeAdapter(kind).validate_python(text)
    except ValidationError:
        return False
    return True


def _shown_findings(line: CountLine, *, blind: bool) -> list[str]:
    return [each for each in line.findings if not blind or each not in _REVEALING]


def _visible(seen: Seen, *, blind: bool) -> list[CountLine]:
    """Who counts sees what was counted alone."""
    return [line for line in seen.lines if line.counted or not blind]


def _document(seen: Seen, *, blind: bool) -> dict[str, Any]:
    tally = seen.tally
    lines = [
        {
            "item_code": line.item_code, "owner": line.owner, "issuer": line.issuer, "di": line.di,
            "lot": line.lot or None, "serial": line.serial or None, "expiry": line.expiry, "counted": line.counted,
            "findings": _shown_findings(line, blind=blind), "elsewhere": line.elsewhere, "scans": list(line.scans),
        } | ({} if blind else _against(line))
        for line in _visible(seen, blind=blind)
    ]  # fmt: skip
    whole = {
        "lines_in_all": tally.lines, "without_difference": tally.exact, "accuracy_percent": tally.accuracy_percent,
        "waiting": seen.waiting,
    }  # fmt: skip
    strange = [asdict(scan) for scan in seen.strange]
    return asdict(seen.count) | ({} if blind else whole) | {"lines": lines, "findings": strange}


def _against(line: CountLine) -> dict[str, Any]:
    value = None if line.value_fen is None else fen_text(line.value_fen)
    return {
        "expected": line.expected, "difference": line.difference, "value": value, "booked": line.booked,
        "counted_at": line.counted_at,
    }  # fmt: skip


def _show(seen: Seen, zone: ZoneInfo, limit: int, *, blind: bool) -> None:
    count, shown = seen.count, _visible(seen, blind=blind)
    state = "open" if count.ended_at is None else "posted" if count.posted else "cancelled"
    columns = ["item", "owner", ">counted", *([] if blind else [">expected", ">difference", ">value"]), "findings"]
    cells = [
        (
            goods(line.item_code, None, None, line.lot or None, line.serial or None),
            line.owner,
            line.counted,
            *(
                []
                if blind
                else [line.expected, line.difference, None if line.value_fen is None else yuan(line.value_fen)]
            ),
            [*_shown_findings(line, blind=blind), *([word(line.elsewhere, "place")] if line.elsewhere else [])],
        )
        for line in shown
    ]
    if shown:
        print_table(f"{count.document}: {count.shelf}", columns, cells, limit=limit)
    units = sum(line.counted for line in shown)
    typer.echo(f"{count.document}, {count.shelf}: {word(state)}; {len(shown)} lines, {units} units counted.")
    if seen.lines and not blind:
        tally = seen.tally
        typer.echo(f"Accuracy: {tally.accuracy_percent} % ({tally.exact} of {tally.lines} lines without a difference).")
    if seen.waiting:
        typer.echo(f"{seen.waiting} differences are posted and not recorded yet.")
    _show_scans(seen.strange, zone, limit)


def _show_scans(scans: Sequence[CountScan], zone: ZoneInfo, limit: int) -> None:
    if not scans:
        return
    cells = [
        (
            scan.finding, scan.scanned_at.astimezone(zone), scan.device_id, scan.store, scan.place,
            goods(scan.item_code, None, scan.di, scan.lot, scan.serial), scan.quantity,
            [word(each, "reason") for each in scan.reasons], listed_id(scan.scan_id),
        )
        for scan in scans
    ]  # fmt: skip
    columns = ("finding", "scanned", "device", "store", "place", "item", ">units", "why", "scan")
    print_table("Scans that count in no count", columns, cells, limit=limit)


def _show_all(hospital: str | None, limit: int, *, as_json: bool) -> None:
    async def work(settings: Settings, pool: asyncpg.Pool) -> tuple[list[Count], list[CountScan], ZoneInfo]:
        return await books.counts(pool, hospital), await books.strays(pool, hospital), settings.zone

    found, strays, zone = run(work)
    if as_json:
        print_json({"counts": [asdict(each) for each in found], "findings": [asdict(each) for each in strays]})
    else:
        cells = [
            (
                each.document, each.shelf, each.started_at.astimezone(zone), each.started_by,
                each.ended_at and each.ended_at.astimezone(zone), each.ended_by, each.approved_by, each.reason,
            )
            for each in found
        ]  # fmt: skip
        columns = ("count", "place", "started", "by", "ended", "ended by", "approved by", "why")
        print_table("Counts", *of_several(found, columns, cells), limit=limit) if cells else typer.echo("No count.")
        _show_scans(strays, zone, limit)
    raise typer.Exit(1 if strays else 0)
