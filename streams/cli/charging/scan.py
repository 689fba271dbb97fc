"""`udi scan`: what became of one scan, from its label to the money, with every later decision."""

from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from typing import Annotated, Any
from uuid import UUID
from zoneinfo import ZoneInfo

import asyncpg
import orjson
import typer

from models.personal import masked
from models.udi import parse
from sinks.postgres.charging.parked_and_held import HistoryEntry, history_of
from sinks.postgres.charging.stories import Brief, Story, brief_of, story_of
from sinks.postgres.stock.trace import TraceBooks
from streams.cli.charging.persons import Hospital, is_part_of_id, scan_named
from streams.cli.charging.telling import became, decided, detail_of, goods
from streams.cli.connection import bad, run
from streams.cli.phrases import told_cell, word
from streams.cli.shown import AsJson, joined, print_json, print_table, short
from streams.language import say
from streams.settings import Settings

PART_MAX = 12
"""Characters of an id that are taken for one: a label with a lot or serial number has more."""


@dataclass(frozen=True, slots=True)
class Found:
    """What a person asked for: one scan with its story, or the scans of a unit to choose from."""

    story: Story | None
    """Of one scan; `None` when there are several."""
    history: list[HistoryEntry]
    """What happened to it, in order."""
    several: list[Brief]
    """Scans of the unit to choose from; empty when one was found."""
    zone: ZoneInfo
    """The hospital's time zone, for printing."""


def scan(
    what: Annotated[
        str, typer.Argument(metavar="ID|CODE", help="A scan id, the 8 characters that lists show, or a label's code.")
    ],
    hospital: Hospital = None,
    as_json: AsJson = False,
) -> None:
    """What became of a scan: label, goods, decisions, moves, money, HIS. Exit 1 when the books know none."""

    async def work(settings: Settings, pool: asyncpg.Pool) -> Found:
        async with pool.acquire() as connection, connection.transaction(isolation="repeatable_read", readonly=True):
            if _is_id(what):
                id_, house = await scan_named(connection, what, hospital)
                places = [(house, id_)]
            else:
                places = await _of_code(pool, what, hospital)
            if len(places) != 1:
                briefs = [await brief_of(connection, house, id_) for house, id_ in places]
                return Found(None, [], [each for each in briefs if each is not None], settings.zone)
            house, id_ = places[0]
            story = await story_of(connection, house, id_)
            return Found(story, await history_of(connection, house, id_), [], settings.zone)

    found = run(work)
    if as_json:
        print_json(fields_of(found))
    elif found.story is not None:
        _show(found.story, found.history, found.zone)
    elif found.several:
        _choose(what, found)
    else:
        typer.echo(say("desk", "scan", "unknown", what=what))
    raise typer.Exit(int(found.story is None and not found.several))


def _is_id(text: str) -> bool:
    """An id, or what lists show of one; a code that is nothing but digits is longer."""
    return is_part_of_id(text) and ("-" in text or len(text) <= PART_MAX or not text.isdecimal())


async def _of_code(pool: asyncpg.Pool, text: str, hospital: str | None) -> list[tuple[str, UUID]]:
    """The scans of the unit or lot that a label says, in order of time."""
    label = parse(text, scanned_on=datetime.now(UTC).date())
    if label.error is not None or label.di is None or not (label.lot or label.serial):
        bad(f"Expected a scan id, or a code with an identifier and a lot or serial number, got {text!r}.")
    books = TraceBooks(pool)
    units = await books.units_of_code(hospital, (str(label.issuer), label.di), label.lot, label.serial)
    events = [(unit.hospital, event) for unit in units for event in await books.events(unit)]
    return list(dict.fromkeys((house, event.scan_id) for house, event in events if event.scan_id is not None))


def fields_of(found: Found) -> dict[str, Any]:
    """As `--json` prints it: the parts of the story, or `scans` to choose from."""
    if found.story is None:
        return {"scans": [asdict(each) for each in found.several]}
    fields = asdict(found.story)
    fields["scan"] |= {"raw": None, "codes": codes_of(found.story)}
    return fields | {"history": [asdict(each) for each in found.history]}


def codes_of(story: Story) -> list[str]:
    """The barcodes as they were scanned; none where the event named an item, or its bytes are no longer kept.

    An identity number among them is unreadable.
    """
    try:
        event = orjson.loads(story.scan.raw or b"{}")
    except ValueError:
        return []
    codes = event.get("codes") if isinstance(event, dict) else None
    values = (story.scan.lot, story.scan.serial)
    return [masked(code, values) for code in codes if isinstance(code, str)] if isinstance(codes, list) else []


def _choose(what: str, found: Found) -> None:
    rows = [
        (short(each.scan_id), each.action, each.encounter, became(each.verdict, each.reasons), each.amount)
        for each in found.several
    ]
    print_table(say("desk", "scan", "several", what=what), ("scan", "action", "patient", "verdict", ">CNY"), rows)


def _show(story: Story, history: list[HistoryEntry], zone: ZoneInfo) -> None:
    scan = story.scan
    words = {name: say("desk", "scan", name) for name in _HEAD}
    print_table(
        say("desk", "scan", "title", scan=scan.scan_id, hospital=scan.hospital), ("", ""),
        [(words[name], value) for name, value in _head(story, zone).items() if value],
    )  # fmt: skip
    steps = [(row.at.astimezone(zone), row.by, decided(row), detail_of(row)) for row in history]
    _part("decisions", ("when", "who", "what", "why"), steps)
    moves = [
        (
            move.at.astimezone(zone),
            f"{word(move.from_place, 'place')} → {word(move.to_place, 'place')}",
            move.units,
            move.owner,
        )
        for move in story.moves
    ]
    _part("moves", ("decided", "from → to", ">units", "owner"), moves)
    entries = [
        (each.at.astimezone(zone), each.kind, each.quantity, each.unit_price, each.amount, each.period,
         "" if each.by_scan == scan.scan_id else short(each.by_scan))
        for each in story.entries
    ]  # fmt: skip
    _part("money", ("posted", "kind", ">units", ">price", ">CNY", "period", "by scan"), entries)
    net = sum((-each.amount if each.kind == "credit" else each.amount) for each in story.entries)
    typer.echo(say("desk", "scan", "net", amount=f"{net:,.2f}") if entries else say("desk", "scan", "nothing"))
    payables = [
        (each.supplier, -each.quantity if each.reverses else each.quantity, each.amount, each.period, each.status)
        for each in story.payables
    ]
    _part("payables", ("supplier", ">units", ">CNY", "period", "status"), payables)
    related = [
        (
            say("desk", "scan", each.how),
            each.scanned_at and each.scanned_at.astimezone(zone),
            each.units,
            str(each.scan_id),
        )
        for each in story.related
    ]
    _part("related", ("", "scanned", ">units", "scan"), related)
    differing = [
        (
            str(each.difference_id)[:8],
            each.kind,
            say("desk", "cause", each.cause),
            each.status,
            each.line_id,
            each.expected,
            each.found,
        )
        for each in story.differences
    ]
    _part("differences", ("id", "kind", "cause", "status", "HIS line", ">due", ">charged"), differing)


_HEAD = ("event", "who", "where", "label", "goods", "stands", "waits", "corrects", "record")


def _head(story: Story, zone: ZoneInfo) -> dict[str, str | list[str] | None]:
    scan = story.scan
    action = f"{word(scan.action, 'action')} × {scan.quantity}"
    at, known = scan.scanned_at.astimezone(zone), scan.recorded_at.astimezone(zone)
    units = "" if scan.units is None else say("desk", "said", "units", units=scan.units)
    on = scan.let_go_at and f"{scan.let_go_at.astimezone(zone):%Y-%m-%d}"
    gone = say("desk", "scan", "bytes-gone", on=on) if on else None
    name = goods(scan.item_code, scan.item_name, scan.di, scan.lot, scan.serial)
    return {
        "event": joined((f"{at:%Y-%m-%d %H:%M:%S}", action, scan.entry and told_cell(scan.entry))),
        "who": joined((scan.device_id, scan.staff)),
        "where": joined((scan.encounter, scan.department, scan.operation, scan.store, scan.to_store)),
        "label": codes_of(story) or scan.di,
        "goods": joined((name, units)),
        "stands": became(scan.verdict, scan.reasons),
        "waits": scan.owner,
        "corrects": joined((str(scan.corrects), scan.explanation)) if scan.corrects else scan.explanation,
        "record": joined((f"{scan.topic}/{scan.partition}/{scan.record_offset}, {known:%Y-%m-%d %H:%M:%S}", gone)),
    }


def _part(name: str, columns: tuple[str, ...], rows: list[tuple[Any, ...]]) -> None:
    if rows:
        typer.echo("")
        print_table(say("desk", "scan", name), columns, rows)
