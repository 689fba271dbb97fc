"""What a recall lists: who was exposed and what lies where, and what the books are asked for it.

References:
    docs/store.md, "Recall".
"""

from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from enum import StrEnum
from uuid import UUID


class LineKind(StrEnum):
    """What a line is about."""

    CERTAIN = "certain"
    POSSIBLE = "possible"
    SHELF = "shelf"
    IN_TRANSIT = "in-transit"
    LENT = "lent"
    QUARANTINE = "quarantine"
    WASTE = "waste"
    SUPPLIER = "supplier"


@dataclass(frozen=True, slots=True)
class ItemScan:
    """A scan of units that a notice names by their identifier."""

    scan_id: UUID
    scanned_at: datetime
    action: str
    store: str
    to_store: str | None
    department: str | None
    """The scan's, else the encounter's."""
    encounter: str | None
    issuer: str
    di: str | None
    lot: str | None
    serial: str | None
    expiry: date | None
    production: date | None
    item_code: str | None
    units: int
    """Units of use; packages while the item is unknown."""
    verdict: str
    reasons: tuple[str, ...]
    moved: bool
    """Its goods have moved, and nothing took them back."""
    returned: int
    """Of a use: units that came back."""


@dataclass(frozen=True, slots=True)
class Holding:
    """Units of an item that lie somewhere; more than none."""

    place: str
    owner: str
    item_code: str
    issuer: str
    di: str
    lot: str | None
    serial: str | None
    expiry: date | None
    quantity: int


@dataclass(frozen=True, slots=True)
class ExposureLine:
    """A line of a recall: followed until it is closed or gone."""

    line_id: UUID
    """Follows from what it is about: the same in every version of the notice."""
    kind: LineKind
    encounter: str | None
    store: str | None
    department: str | None
    item_code: str | None
    issuer: str | None
    di: str | None
    lot: str | None
    serial: str | None
    expiry: date | None
    quantity: int
    chance: Decimal | None
    """How likely the line is meant, 0 to 1 in four digits; `None`: it is certain."""
    reckoned: str | None
    """How the chance was reckoned."""
    scan_id: UUID | None
    happened_at: datetime | None


@dataclass(frozen=True, slots=True)
class StandingLine:
    """A line as it stands."""

    kind: str
    line_id: UUID
    encounter: str | None
    store: str | None
    department: str | None
    item_code: str | None
    issuer: str | None
    di: str | None
    lot: str | None
    serial: str | None
    expiry: date | None
    quantity: int
    chance: Decimal | None
    """0 to 1; `None`: certain."""
    reckoned: str | None
    scan_id: UUID | None
    happened_at: datetime | None
    status: str
    """`open`, `closed` by a person, `gone` by itself, or `ended` (wasted, back at the supplier)."""
    closed_at: datetime | None
    closed_by: str | None
    closing_reason: str | None
