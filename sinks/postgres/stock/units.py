"""Units with a serial: where they are, and which store's balance says something else.

References:
    docs/store.md, "Units with a serial".
"""

from dataclasses import dataclass
from datetime import datetime
from typing import Final
from uuid import UUID

from sinks.postgres.named import Asked, fetch

_ELSEWHERE: Final = """
SELECT hospital, item_code, serial, lot, owner, store, quantity, place, moved_at, scan_id FROM report.units_elsewhere
WHERE ($1::text IS NULL OR $1 IN (store, place)) AND ($2::text IS NULL OR item_code = $2)
ORDER BY moved_at, hospital, item_code, serial, store
"""

_MOVES: Final = """
SELECT hospital, scan_id, action, moved_at, item_code, lot, serial, owner, from_place, to_place, place, since,
       brought_by
FROM report.moves_elsewhere
WHERE ($1::text IS NULL OR $1 IN (from_place, to_place, place)) AND ($2::text IS NULL OR item_code = $2)
ORDER BY moved_at, scan_id
"""


@dataclass(frozen=True, slots=True)
class UnitElsewhere:
    """A unit of which a store's balance says something else than its place."""

    hospital: str
    """Id of the hospital; the first part of every record key."""
    item_code: str
    """The item's code in the HIS catalogue."""
    serial: str
    """Serial number as printed."""
    lot: str | None
    """Lot number as printed; `None` when it is not known."""
    owner: str
    """Whose goods they are: `hospital`, or the supplier's id."""
    store: str
    """The place whose balance is meant."""
    quantity: int
    """What it says, in units of use; below 0: taken from there, and never brought."""
    place: str
    """Where the unit is."""
    moved_at: datetime
    """When it was brought there."""
    scan_id: UUID | None
    """The scan that did."""


@dataclass(frozen=True, slots=True)
class MoveElsewhere:
    """A move of a unit from where the books did not have it, by all they know now up to its scan."""

    hospital: str
    """Id of the hospital; the first part of every record key."""
    scan_id: UUID
    """Id of the scan, made by its device."""
    action: str
    """What was scanned (`models.scan.event.Action`)."""
    moved_at: datetime
    """When it was scanned."""
    item_code: str
    """The item's code in the HIS catalogue."""
    lot: str | None
    """Lot number as printed; `None` when it is not known."""
    serial: str
    """Serial number as printed."""
    owner: str
    """Whose goods they are: `hospital`, or the supplier's id."""
    from_place: str
    """Place the scan says it left."""
    to_place: str
    """Place it reached."""
    place: str
    """Place where the books had it."""
    since: datetime
    """When it was brought there."""
    brought_by: UUID
    """The scan that did."""


async def moves_elsewhere(asked: Asked, store: str | None = None, item_code: str | None = None) -> list[MoveElsewhere]:
    """Such moves, the oldest first: of a place, of an item, or all."""
    return await fetch(asked, MoveElsewhere, _MOVES, store, item_code)


async def units_elsewhere(asked: Asked, store: str | None = None, item_code: str | None = None) -> list[UnitElsewhere]:
    """The work list, the oldest first: of a store (by its balance or by the unit's place), of an item, or all."""
    return await fetch(asked, UnitElsewhere, _ELSEWHERE, store, item_code)
