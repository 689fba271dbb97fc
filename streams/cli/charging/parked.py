"""`udi parked`: the work list of what waits for a fact or a person, what it is worth, and since when."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Annotated, Any

import asyncpg
import typer

from models.calendar import local_day
from models.charging.snapshot import Catalogue
from models.money import fen_text, line_amount_fen
from models.reasons import REASON_ROW, Reason
from rules.catalogue.joining import price_on
from sinks.postgres.charging.books import read_catalogue
from sinks.postgres.charging.parked_and_held import HeldScan, OpenScan, open_scans
from streams.cli.connection import run
from streams.cli.lists import listing
from streams.cli.phrases import told_cell, word
from streams.cli.shown import LIMIT_DEFAULT, AsJson, Limit, age, joined, print_json, print_table, yuan
from streams.settings import Settings


@dataclass(slots=True)
class Group:
    """What waits for the same thing."""

    hospital: str
    """Id of the hospital; the first part of every record key."""
    reason: str
    """Reason that decided the verdict."""
    issuer: str | None = None
    """Of the identifier waited for; `None` when an item or an encounter is."""
    di: str | None = None
    """Identifier waited for; `None` when an item or an encounter is."""
    item_code: str | None = None
    """The item's code in the HIS catalogue; `None` while it is unknown."""
    item_name: str | None = None
    """The item's name in the catalogue; `None` while it is unknown."""
    scans: int = 0
    """Scans that wait for it."""
    encounters: set[str] = field(default_factory=set)
    """Stays of patients that wait for it."""
    amount_fen: int = 0
    """What they would be charged at today's catalogue, as far as known."""
    estimated: int = 0
    """Scans whose amount is known."""
    oldest: datetime = datetime.max.replace(tzinfo=UTC)
    """When the oldest began to wait."""

    def row(self) -> dict[str, Any]:
        """For machines."""
        return {
            "hospital": self.hospital,
            "reason": self.reason,
            "freed_by": REASON_ROW[Reason(self.reason)].freed_by,
            "issuer": self.issuer,
            "di": self.di,
            "item_code": self.item_code,
            "item_name": self.item_name,
            "scans": self.scans,
            "patients": len(self.encounters),
            "estimated_amount": fen_text(self.amount_fen) if self.estimated else None,
            "estimated_scans": self.estimated,
            "oldest": self.oldest,
        }


@listing
def parked(
    *,
    by_identifier: Annotated[
        bool, typer.Option("--by-identifier", help="One row for each identifier or item.")
    ] = False,
    held: Annotated[
        bool, typer.Option("--held", help="What waits for a person, in place of what waits for a fact.")
    ] = False,
    limit: Limit = LIMIT_DEFAULT,
    as_json: AsJson = False,
) -> None:
    """What is parked, by reason: scans, patients, what it is worth where a price is known, and since when."""

    async def work(settings: Settings, pool: asyncpg.Pool) -> list[Group]:
        async with pool.acquire() as connection, connection.transaction(isolation="repeatable_read", readonly=True):
            rows = await open_scans(connection, "held" if held else "parked")
            catalogue = await read_catalogue(connection)
        return group(rows, catalogue, settings, by_identifier=by_identifier)

    found = run(work)
    if as_json:
        print_json([each.row() for each in found])
    elif not found:
        typer.echo("Nothing is held." if held else "Nothing is parked.")
    else:
        _show(found, limit, by_identifier=by_identifier, held=held)


def group(rows: Iterable[OpenScan], catalogue: Catalogue, settings: Settings, *, by_identifier: bool) -> list[Group]:
    """Rows of the work list put together, the most valuable and then the most frequent first."""
    groups: dict[tuple[str, str, str | None, str | None, str | None], Group] = {}
    for row in rows:
        finer: tuple[str | None, str | None, str | None] = (None, None, None)
        if by_identifier:
            finer = (row.issuer, row.di, row.item_code)
        key = (row.hospital, row.reason, *finer)
        each = groups.get(key)
        if each is None:
            item = catalogue.item(row.hospital, row.item_code or "") if by_identifier else None
            each = groups[key] = Group(row.hospital, row.reason, *finer, item.name if item else None)
        each.scans += 1
        if row.encounter:
            each.encounters.add(row.encounter)
        each.oldest = min(each.oldest, row.since)
        amount = estimate(row, catalogue, settings)
        if amount is not None:
            each.estimated += 1
            each.amount_fen += amount
    return sorted(groups.values(), key=lambda each: (-each.amount_fen, -each.scans, each.oldest))


def estimate(row: OpenScan | HeldScan, catalogue: Catalogue, settings: Settings) -> int | None:
    """Fen a use would be charged at today's catalogue; `None` when nobody can say, or when it would charge nothing."""
    item = catalogue.item(row.hospital, row.item_code or "")
    if item is None or row.units is None or row.action != "use" or not item.chargeable or item.bundled_into:
        return None
    price = price_on(item.prices, local_day(row.scanned_at, settings.zone))
    return None if isinstance(price, Reason) else line_amount_fen(row.units, price)


def _show(found: Sequence[Group], limit: int, *, by_identifier: bool, held: bool) -> None:
    several = len({each.hospital for each in found}) > 1
    rows = []
    for each in found:
        reason = joined((each.hospital, word(each.reason, "reason")) if several else (word(each.reason, "reason"),))
        what = (
            _what(each)
            if by_identifier
            else ", ".join(word(each, "freed") for each in REASON_ROW[Reason(each.reason)].freed_by)
        )
        amount = yuan(each.amount_fen) if each.estimated else "?"
        rows.append((reason, what, each.scans, len(each.encounters), amount, age(each.oldest)))
    second = "identifier or item" if by_identifier else "freed by"
    title = "Held: a person decides" if held else "Parked: billed by itself when the fact arrives"
    print_table(title, ("reason", second, ">scans", ">patients", ">yuan (est.)", ">oldest"), rows, limit=limit)
    scans, total = sum(each.scans for each in found), sum(each.amount_fen for each in found)
    without = scans - sum(each.estimated for each in found)
    typer.echo(f"{scans:,} scans, {yuan(total)} yuan at today's catalogue; {without:,} of them without a known amount.")


def _what(each: Group) -> str:
    identifier = f"{each.issuer} {each.di}" if each.di else None
    if each.issuer == "internal" and each.di == each.item_code:
        identifier = None
    return joined((identifier, " ".join(filter(None, (each.item_code, each.item_name))) or None)) or told_cell(
        "no identifier"
    )
