"""`udi stock`: what lies where, by item, lot, serial and owner."""

from collections.abc import Callable, Sequence
from dataclasses import asdict
from datetime import datetime, timedelta
from typing import Annotated, Any, Final
from zoneinfo import ZoneInfo

import asyncpg
import typer

from sinks.postgres.stock.balances import Balance, Pack, balances, spelled_otherwise
from sinks.postgres.stock.balances import packs as packs_of
from sinks.postgres.stock.below_zero import BelowZero, below_zero
from sinks.postgres.stock.shelves import Stray, stock_as_of, strays
from sinks.postgres.stock.units import MoveElsewhere, UnitElsewhere, moves_elsewhere, units_elsewhere
from streams.cli.charging.telling import goods, listed_id
from streams.cli.connection import bad, of_known, read_settings, run
from streams.cli.lists import listing
from streams.cli.shown import LIMIT_DEFAULT, AsJson, Limit, joined, print_json, print_table
from streams.cli.stock.named import of_several
from streams.cli.stock.spelled import NONE_SPELLED, hint_at_spelled, show_spelled
from streams.settings import Settings

NOTHING: Final = "No stock is recorded there."
NONE_BELOW: Final = "Every scan found its goods where it took them from, or an earlier receipt explains it."
NONE_ELSEWHERE: Final = "Every unit with a serial is where the balances have it."
NONE_MOVED: Final = "Every unit with a serial was moved from where the books had it."
NONE_STRAY: Final = "No goods lie in a store that the house does not know, and no cabinet is read there."
NONE_EXPLAINED: Final = "No receipt has explained a use later."


@listing
def stock(
    *,
    store: Annotated[str | None, typer.Option("--store", help="This store, with its rooms and cabinets.")] = None,
    item: Annotated[str | None, typer.Option("--item", help="This item code alone.")] = None,
    negative: Annotated[bool, typer.Option("--negative", help="Only balances below zero, the lowest first.")] = False,
    packs: Annotated[
        bool,
        typer.Option("--packs", help="Goods in packs of a fixed size: whole packs, and what is left of an opened one."),
    ] = False,
    uses: Annotated[
        bool, typer.Option("--uses", help="Scans that found nothing there, and that no earlier receipt explains.")
    ] = False,
    explained: Annotated[
        bool, typer.Option("--explained", help="Those that a receipt made before them explains, with both times.")
    ] = False,
    elsewhere: Annotated[
        bool, typer.Option("--elsewhere", help="Units with a serial that are not where a store's balance has them.")
    ] = False,
    moves: Annotated[
        bool, typer.Option("--moves", help="Moves of units with a serial from where the books did not have them.")
    ] = False,
    unknown_stores: Annotated[
        bool, typer.Option("--unknown-stores", help="Goods and cabinets in stores that the hospital has not told.")
    ] = False,
    spelled: Annotated[
        bool, typer.Option("--spelled", help="Goods whose lot or serial differs in the books by blanks or capitals.")
    ] = False,
    at: Annotated[str | None, typer.Option("--at", help="As it was at this instant, or at the end of a day.")] = None,
    limit: Limit = LIMIT_DEFAULT,
    as_json: AsJson = False,
) -> None:
    """Balances by store, item, lot, serial and owner; those at zero are left out."""
    if elsewhere or moves or unknown_stores or spelled:
        more = packs or negative or uses or explained or at is not None
        if elsewhere + moves + unknown_stores + spelled > 1 or more:
            bad("Expected --elsewhere, --moves, --unknown-stores or --spelled alone, with --store and --item.")
        if spelled:
            twice = run(of_known(lambda _, pool: spelled_otherwise(pool, store, item), store=store, item=item))
            _answer(twice, lambda: show_spelled(twice, limit), NONE_SPELLED, as_json=as_json)
        else:
            _units(store, item, limit, moves=moves, unknown_stores=unknown_stores, as_json=as_json)
    elif uses or explained:
        if packs or negative or at is not None:
            bad("Expected --uses or --explained without --packs, --negative and --at.")
        below = of_known(lambda settings, pool: _below_zero(settings, pool, store, item), store=store, item=item)
        scans, zone = run(below)
        listed = [each for each in scans if each.explained == explained]
        nothing = NONE_EXPLAINED if explained else NONE_BELOW
        _answer(listed, lambda: _show_uses(listed, zone, limit, explained=explained), nothing, as_json=as_json)
        hint_at_spelled(store, item, [] if as_json or explained else listed)
    elif at is not None:
        if packs or negative:
            bad("Expected --at without --packs and --negative.")
        instant = _instant(at, read_settings().zone)
        past = run(of_known(lambda _, pool: stock_as_of(pool, instant, store, item), store=store, item=item))
        _answer(past, lambda: _show(past, limit, negative=False), NOTHING, as_json=as_json)
    elif packs:
        packed = run(of_known(lambda _, pool: packs_of(pool, store, item), store=store, item=item))
        _answer(packed, lambda: _show_packs(packed, limit), NOTHING, as_json=as_json)
    else:
        rows = run(of_known(lambda _, pool: balances(pool, store, item, negative=negative), store=store, item=item))
        nothing = "No balance is below zero." if negative else NOTHING
        _answer(rows, lambda: _show(rows, limit, negative=negative), nothing, as_json=as_json)
        hint_at_spelled(store, item, rows if negative and not as_json else [])


def _units(
    store: str | None, item: str | None, limit: int, *, moves: bool, unknown_stores: bool, as_json: bool
) -> None:
    """Units with a serial, or goods in unknown stores, of which something is to settle."""
    if unknown_stores:
        found = run(of_known(lambda _, pool: strays(pool, store, item), store=store, item=item))
        _answer(found, lambda: _show_strays(found, limit), NONE_STRAY, as_json=as_json)
    elif moves:
        moved = run(of_known(lambda _, pool: moves_elsewhere(pool, store, item), store=store, item=item))
        _answer(moved, lambda: _show_moves(moved, limit), NONE_MOVED, as_json=as_json)
    else:
        units = run(of_known(lambda _, pool: units_elsewhere(pool, store, item), store=store, item=item))
        _answer(units, lambda: _show_elsewhere(units, limit), NONE_ELSEWHERE, as_json=as_json)


async def _below_zero(
    settings: Settings, pool: asyncpg.Pool, store: str | None, item: str | None
) -> tuple[list[BelowZero], ZoneInfo]:
    return await below_zero(pool, store, item), settings.zone


def _show_uses(rows: Sequence[BelowZero], zone: ZoneInfo, limit: int, *, explained: bool) -> None:
    cells: list[tuple[Any, ...]] = [
        (
            each.used_at.astimezone(zone),
            each.action,
            each.store,
            goods(each.item_code, None, None, each.lot, each.serial),
            each.units,
            each.encounter,
            listed_id(each.scan_id),
            *_times(each, zone),
        )
        for each in rows
    ]
    columns: tuple[str, ...] = ("scanned", "action", "taken from", "item", ">units", "patient", "scan")
    if explained:
        title = "Taken before the books knew of the receipt, which was made before"
        columns = (*columns, "received", "known to the books")
        print_table(title, *of_several(rows, columns, cells), limit=limit)
    else:
        cells = [each[: len(columns)] for each in cells]
        print_table("Taken from where the books had none", *of_several(rows, columns, cells), limit=limit)
    typer.echo(f"{len(rows):,} scans, {sum(each.units for each in rows):,} units.")


def _show_elsewhere(rows: Sequence[UnitElsewhere], limit: int) -> None:
    zone = read_settings().zone
    cells = [
        (each.moved_at.astimezone(zone), goods(each.item_code, None, None, each.lot, each.serial), each.store,
         each.quantity, each.place, listed_id(each.scan_id) if each.scan_id else None)
        for each in rows
    ]  # fmt: skip
    columns = ("moved", "item", "store", ">units", "is at", "scan")
    print_table("Units that are not where a balance has them", *of_several(rows, columns, cells), limit=limit)
    typer.echo(f"{len(rows):,} balances to settle.")


def _show_moves(rows: Sequence[MoveElsewhere], limit: int) -> None:
    zone = read_settings().zone
    cells = [
        (each.moved_at.astimezone(zone), each.action, goods(each.item_code, None, None, each.lot, each.serial),
         each.from_place, each.to_place, each.place, listed_id(each.scan_id))
        for each in rows
    ]  # fmt: skip
    columns = ("moved", "action", "item", "moved from", "moved to", "was at", "scan")
    print_table("Units moved from where the books did not have them", *of_several(rows, columns, cells), limit=limit)
    typer.echo(f"{len(rows):,} moves to settle.")


def _show_strays(rows: Sequence[Stray], limit: int) -> None:
    zone = read_settings().zone
    cells = [
        (each.store, each.place if each.place != each.store else None,
         goods(each.item_code, None, None, each.lot, each.serial), each.quantity, each.action,
         each.scanned_at and each.scanned_at.astimezone(zone), listed_id(each.scan_id) if each.scan_id else None)
        for each in rows
    ]  # fmt: skip
    columns = ("store", "place", "item", ">units", "action", "scanned", "scan")
    print_table("Goods in stores that the house does not know", *of_several(rows, columns, cells), limit=limit)
    stores = len({(each.hospital, each.store) for each in rows})
    cabinets = sum(each.item_code is None for each in rows)
    typer.echo(
        f"{len(rows) - cabinets:,} balances and {cabinets:,} cabinets in {stores:,} stores: tell the store, or move "
        "the goods to where they are."
    )


def _times(each: BelowZero, zone: ZoneInfo) -> tuple[datetime | None, datetime | None]:
    return (
        each.received_at and each.received_at.astimezone(zone),
        each.received_known_at and each.received_known_at.astimezone(zone),
    )


def _instant(text: str, zone: ZoneInfo) -> datetime:
    """An instant, one without offset in the hospital's own time; of a day its end."""
    try:
        at = datetime.fromisoformat(text)
    except ValueError:
        bad(f"Expected a day like 2022-06-30 or an instant like 2022-06-30T08:00:00+08:00, got {text!r}.")
    if len(text) <= len("2022-06-30"):
        at += timedelta(days=1, microseconds=-1)
    return at if at.tzinfo is not None else at.replace(tzinfo=zone)


def _answer(rows: Sequence[Any], show: Callable[[], None], nothing: str, *, as_json: bool) -> None:
    if as_json:
        print_json([asdict(row) for row in rows])
    elif rows:
        show()
    else:
        typer.echo(nothing)


def _show_packs(rows: Sequence[Pack], limit: int) -> None:
    cells = [
        (
            row.store,
            f"{row.item_code} {row.item_name or ''}",
            joined((row.lot, row.serial)),
            row.owner,
            row.units_per_pack,
            row.whole_packs,
            row.remainder,
        )
        for row in rows
    ]
    columns = ("store", "item", "lot / serial", "owner", ">units a pack", ">whole packs", ">left of an opened one")
    print_table("Packs", *of_several(rows, columns, cells), limit=limit)
    opened = sum(1 for row in rows if row.remainder)
    typer.echo(f"{sum(row.whole_packs for row in rows):,} whole packs, {opened:,} opened ones.")


def _show(rows: Sequence[Balance], limit: int, *, negative: bool) -> None:
    cells = [
        (
            row.store,
            f"{row.item_code} {row.item_name or ''}",
            joined((row.lot, row.serial)),
            row.expiry,
            row.owner,
            row.quantity,
        )
        for row in rows
    ]
    title = "Balances below zero: more left than came" if negative else "Stock in units of use"
    columns = ("store", "item", "lot / serial", "expiry", "owner", ">units")
    print_table(title, *of_several(rows, columns, cells), limit=limit)
    typer.echo(f"{len(rows):,} balances, {sum(row.quantity for row in rows):,} units.")
