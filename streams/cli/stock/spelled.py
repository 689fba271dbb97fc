"""`udi stock --spelled`: goods that moves have spelled in two ways, and the hint of other lists at it."""

from collections.abc import Sequence
from typing import Final

import typer

from sinks.postgres.stock.balances import Balance, SpelledOtherwise, spelled_otherwise
from sinks.postgres.stock.below_zero import BelowZero
from streams.cli.charging.telling import goods
from streams.cli.connection import run
from streams.cli.shown import print_table
from streams.cli.stock.named import of_several

NONE_SPELLED: Final = "No goods are spelled in two ways."


def show_spelled(rows: Sequence[SpelledOtherwise], limit: int) -> None:
    """Each balance with the spelling that its goods have, too."""
    cells = [
        (each.store, goods(each.item_code, None, None, each.lot, each.serial), each.quantity, each.other,
         each.other_place, each.other_quantity)
        for each in rows
    ]  # fmt: skip
    columns = ("store", "item", ">units", "also spelled", "is at", ">units there")
    print_table("Goods that are spelled in two ways", *of_several(rows, columns, cells), limit=limit)
    typer.echo(f"{len(rows):,} balances to settle.")


def hint_at_spelled(store: str | None, item: str | None, listed: Sequence[Balance] | Sequence[BelowZero]) -> None:
    """Say below a list that goods of it lie there under another spelling; nothing when none do."""
    if not listed:
        return
    keys = {(each.hospital, each.store, each.item_code, each.lot, each.serial) for each in listed}
    found = run(lambda _, pool: spelled_otherwise(pool, store, item))
    count = len(keys & {(each.hospital, each.store, each.item_code, each.lot, each.serial) for each in found})
    if count:
        typer.echo(f"{count:,} goods of these lie there under another spelling: udi stock --spelled.")
