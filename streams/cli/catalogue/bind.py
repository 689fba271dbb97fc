"""`udi bind`: an identifier that waits is given to an item; the scans parked for it are billed by themselves."""

import asyncio
import time
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from typing import Annotated, Any, Final
from uuid import UUID
from zoneinfo import ZoneInfo

import asyncpg
import orjson
import typer

from models.catalogue.item import read_item
from models.udi import Issuer, parse
from models.udi.identifier import as_scanned
from models.udi.issuers.gs1.as_scanned import is_bare_gtin
from models.wire.strict_json import Refusal
from models.wire.topics import CATALOGUE
from sinks.postgres.catalogue.items import FreedScan, claimants, freed, items_with_code, parked_for, seen_by_lanes
from streams.cli.connection import bad, run
from streams.cli.lists import listing
from streams.cli.phrases import as_written
from streams.cli.publishing import Outbound, publish
from streams.cli.shown import AsJson, print_json, print_table
from streams.settings import Settings

POLL_SECONDS: Final = 0.2
SHOWN_MAX: Final = 20


@dataclass(frozen=True, slots=True)
class Bound:
    """What a binding has come to."""

    zone: ZoneInfo
    """The hospital's time zone, for printing."""
    item: str
    """Its code and name."""
    waiting: Sequence[UUID]
    """Scans that were parked for it."""
    freed: Sequence[FreedScan] = ()
    """Those that are decided."""
    seen: bool = False
    """Whether every lane has decided by the item's new version."""

    @property
    def done(self) -> bool:
        """Whether nothing of it is left."""
        return self.seen and len(self.freed) >= len(self.waiting)


@listing
def bind(  # noqa: PLR0917 -- the options of a command
    identifier: Annotated[
        str, typer.Argument(metavar="IDENTIFIER", help="ISSUER/DI like GS1/06901234567892, or a code.")
    ],
    item_code: Annotated[str, typer.Argument(metavar="ITEM_CODE", help="The item it belongs to.")],
    units: Annotated[int, typer.Option(min=1, max=100_000, help="Units of use in that package.")] = 1,
    hospital: Annotated[str | None, typer.Option(help="Needed when several hospitals have the item.")] = None,
    timeout: Annotated[float, typer.Option(min=0, help="Seconds to wait for what it frees; 0 does not wait.")] = 30.0,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Say what waits for it, publish nothing.")] = False,
    as_json: AsJson = False,
) -> None:
    """Give an identifier to an item of the catalogue. Exit 1 when another has it, or not all was billed in time."""
    issuer, di = _identifier(identifier)

    async def work(settings: Settings, pool: asyncpg.Pool) -> Bound:
        house, version, body = await _item(pool, item_code, hospital)
        rivals = await claimants(pool, house, issuer, di)
        if any(rival != item_code for rival in rivals):
            bad(f"Expected an identifier no item has, {', '.join(rivals)} has {issuer} {di}.")
        waiting = await parked_for(pool, house, issuer, di)
        named = f"{item_code} {body['name']}"
        if dry_run:
            return Bound(settings.zone, named, waiting)
        key, value = f"{house}/{item_code}".encode(), _with(body, issuer, di, units)
        await publish(settings, [Outbound(settings.topic(CATALOGUE), key, value)], "Binding")
        seen, until = False, time.monotonic() + timeout
        while not seen and time.monotonic() < until:
            await asyncio.sleep(POLL_SECONDS)
            seen = await seen_by_lanes(pool, house, item_code, version)
        return Bound(settings.zone, named, waiting, await freed(pool, house, issuer, di, waiting), seen=seen)

    bound = run(work)
    if as_json:
        print_json({"waiting": len(bound.waiting), "decided": [asdict(row) for row in bound.freed]})
    elif dry_run:
        typer.echo(f"{len(bound.waiting):,} scans wait for {issuer} {di}.")
    else:
        _show(f"{issuer} {di}", bound)
    raise typer.Exit(int(not dry_run and timeout > 0 and not bound.done))


def _identifier(text: str) -> tuple[str, str]:
    issuer, slash, di = text.partition("/")
    if slash and issuer in set(Issuer):
        if issuer == Issuer.GS1 and not is_bare_gtin(di):
            bad(f"Expected a GTIN with a right check digit, got {di!r}.")
        return issuer, as_scanned(Issuer(issuer), di)
    label = parse(text, scanned_on=datetime.now(UTC).date())
    if label.error is not None or label.di is None:
        bad(f"Expected ISSUER/DI like GS1/06901234567892 or a code with an identifier, got {text!r}.")
    return str(label.issuer), label.di


async def _item(pool: asyncpg.Pool, item_code: str, hospital: str | None) -> tuple[str, int, dict[str, Any]]:
    rows = [row for row in await items_with_code(pool, item_code) if hospital in (None, row.hospital)]
    if not rows:
        bad(f"Expected an item of the catalogue, found none with code {item_code!r}.")
    if len(rows) > 1:
        bad(f"Expected --hospital: {', '.join(row.hospital for row in rows)} have an item {as_written(item_code)}.")
    return rows[0].hospital, rows[0].version, orjson.loads(rows[0].body)


def _with(body: dict[str, Any], issuer: str, di: str, units: int) -> bytes:
    others = [each for each in body["identifiers"] if (each["issuer"], each["di"]) != (issuer, di)]
    value = orjson.dumps(body | {"identifiers": [*others, {"issuer": issuer, "di": di, "units_per_package": units}]})
    read = read_item(None, value)
    if isinstance(read, Refusal):
        bad(read.detail)
    return value


def _show(identifier: str, bound: Bound) -> None:
    if bound.freed:
        cells = [
            (
                row.scanned_at.astimezone(bound.zone),
                row.resolved_at.astimezone(bound.zone),
                row.encounter,
                row.verdict,
                row.amount,
            )
            for row in bound.freed
        ]
        columns = ("used", "decided", "patient", "verdict", ">yuan")
        print_table(f"Scans that waited for {identifier}", columns, cells, limit=SHOWN_MAX)
    total, of = sum(row.amount or 0 for row in bound.freed), len(bound.waiting)
    typer.echo(
        f"{identifier} is {bound.item}: {len(bound.freed):,} of {of:,} scans decided, {total:,.2f} yuan charged."
    )
