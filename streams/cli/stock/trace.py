"""`udi trace`: the life of a unit or lot, from goods-in to the patient and back."""

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from typing import Annotated, Any
from zoneinfo import ZoneInfo

import asyncpg
import typer

from models.udi import Issuer, parse
from models.udi.identifier import as_scanned
from models.udi.issuers.gs1.as_scanned import is_bare_gtin
from sinks.postgres.stock.trace import TraceBooks, TracedUnit, TraceEvent
from streams.cli.charging.telling import became, goods
from streams.cli.connection import bad, run
from streams.cli.lists import listing
from streams.cli.phrases import as_written, word
from streams.cli.shown import LIMIT_DEFAULT, AsJson, Limit, joined, print_json, print_table
from streams.settings import Settings


@dataclass(frozen=True, slots=True)
class Asked:
    """What a person wants followed."""

    issuer: str
    """Issuing agency of the identifier (`models.udi.Issuer`)."""
    di: str
    """Device identifier (UDI-DI) in its canonical form."""
    lot: str | None
    """Lot to follow; `None` when a serial says which unit."""
    serial: str | None
    """Serial of the unit; `None` when a lot is followed."""


@dataclass(frozen=True, slots=True)
class Trace:
    """A unit or lot with what happened to it."""

    unit: TracedUnit
    """What is followed."""
    events: Sequence[TraceEvent]
    """In order of time."""
    zone: ZoneInfo
    """The hospital's time zone, for printing."""


@listing
def trace(
    code: Annotated[str | None, typer.Argument(metavar="[CODE]", help="A code as scanned, or ISSUER/DI.")] = None,
    *,
    item: Annotated[str | None, typer.Option("--item", help="The item code, instead of a code.")] = None,
    lot: Annotated[str | None, typer.Option("--lot", help="The lot; else that of the code.")] = None,
    serial: Annotated[str | None, typer.Option("--serial", help="The serial number; else that of the code.")] = None,
    hospital: Annotated[str | None, typer.Option(help="Needed when several hospitals have it.")] = None,
    limit: Limit = LIMIT_DEFAULT,
    as_json: AsJson = False,
) -> None:
    """The life of a unit (with serial) or a lot, in order of time. Exit 1 when the books know nothing of it."""
    if (code is None) == (item is None):
        bad("Expected a code or --item, and not both.")
    asked = None if code is None else _asked(code, lot, serial)
    if asked is None and not lot and not serial:
        bad("Expected --lot or --serial with --item.")

    async def work(settings: Settings, pool: asyncpg.Pool) -> Trace:
        books = TraceBooks(pool)
        if asked is not None:
            units = await books.units_of_code(hospital, (asked.issuer, asked.di), asked.lot, asked.serial)
        else:
            units = await books.units_of_item(hospital, item or "", lot, serial)
            if not units:
                bad(f"Expected an item of the catalogue, found none with code {item!r}.")
        traces = [Trace(unit, await books.events(unit), settings.zone) for unit in units]
        known = [each for each in traces if each.events] or traces[:1]
        if len({each.unit.hospital for each in known}) > 1:
            bad(f"Expected --hospital: {', '.join(each.unit.hospital for each in known)} have it.")
        if not known:
            bad("Expected a hospital with records, found none.")
        return known[0]

    found = run(work)
    if as_json:
        print_json(fields_of(found))
    else:
        _show(found, limit)
    raise typer.Exit(0 if found.events else 1)


def _asked(code: str, lot: str | None, serial: str | None) -> Asked:
    issuer, slash, di = code.partition("/")
    if slash and issuer in set(Issuer):
        if issuer == Issuer.GS1 and not is_bare_gtin(di):
            bad(f"Expected a GTIN with a right check digit, got {di!r}.")
        asked = Asked(issuer, as_scanned(Issuer(issuer), di), lot, serial)
    else:
        label = parse(code, scanned_on=datetime.now(UTC).date())
        if label.error is not None or label.di is None:
            bad(f"Expected a code with an identifier, or ISSUER/DI like GS1/06901234567892; got {code!r}.")
        asked = Asked(str(label.issuer), label.di, lot or label.lot, serial or label.serial)
    if not asked.lot and not asked.serial:
        bad(f"Expected a lot or a serial number in the code, or --lot or --serial; got only {asked.issuer}/{asked.di}.")
    return asked


def fields_of(found: Trace) -> dict[str, Any]:
    """The trace as `--json` prints it (docs/contract.md, section "Commands")."""
    unit = asdict(found.unit)
    del unit["identifiers"]
    return {"unit": unit, "events": [asdict(each) for each in found.events]}


def _show(found: Trace, limit: int) -> None:
    unit = found.unit
    what = as_written(goods(unit.item_code, unit.item_name, f"{unit.issuer}/{unit.di}", unit.lot, unit.serial))
    if not found.events:
        typer.echo(f"{unit.hospital}: nothing is recorded of {what}.")
        return
    columns = ("when", "what", "lot / serial", "from → to", ">units", "patient", "verdict", "who")
    print_table(f"{unit.hospital}: {what}", columns, [_cells(each, found.zone) for each in found.events], limit=limit)
    patients = len({each.encounter for each in found.events if each.kind == "use" and each.encounter})
    typer.echo(f"{len(found.events):,} events, {patients:,} patients.")


def _cells(event: TraceEvent, zone: ZoneInfo) -> tuple[Any, ...]:
    moved = f"{word(event.from_place, 'place')} → {word(event.to_place, 'place')}" if event.to_place else ""
    verdict = became(event.verdict, event.reasons) if event.verdict else ""
    at = event.at.astimezone(zone)
    return at, word(event.kind, "action"), _goods(event), moved, event.quantity, event.encounter, verdict, event.by


def _goods(event: TraceEvent) -> str:
    """Lot and serial of the line's goods as they were recorded, and what they turned out to be."""
    recorded = joined((event.lot, event.serial)) or "–"
    became = joined((event.became_lot, event.became_serial))
    return f"{recorded} → {became}" if became else recorded
