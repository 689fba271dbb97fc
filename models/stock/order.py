"""What stores need by their levels, and the orders to suppliers that follow from it.

References:
    docs/store.md, "Replenishment and orders".
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from enum import StrEnum
from typing import Final

SCHEMA: Final = "udi.order/1"


class OrderStatus(StrEnum):
    """How an order stands."""

    PROPOSED = "proposed"
    """Waits for a person."""
    REPLACED = "replaced"
    """A later proposal stands in its place."""
    RELEASED = "released"
    """A person released it; it went out on its topic."""
    CLOSED = "closed"
    """A person said that no more of it comes."""


@dataclass(frozen=True, slots=True)
class Need:
    """An item that a store keeps by a level: what is there, what comes, what is proposed. Units of use."""

    hospital: str
    """Id of the hospital; the first part of every record key."""
    store: str
    """Id of the store."""
    item_code: str
    """The item's code in the HIS catalogue."""
    on_hand: int
    """On the shelf and in the store's rooms, and may be used; below zero when more was used than received."""
    on_order: int
    """On the way from another store, announced by a delivery note, or released to a supplier and not received."""
    minimum: int
    """Below it, it is filled up."""
    maximum: int
    """Filled up to it."""
    daily_use: Decimal
    """Units a day over the last days (docs/store.md); zero when nothing was used."""
    days_left: int | None
    """Whole days that what is on hand lasts; `None` when nothing was used."""
    proposed: int
    """Units to order, in whole packages; zero when nothing is needed or something stops it."""
    packages: int
    """The same in packages."""
    elsewhere: int
    """Usable units of the item in other stores of the hospital."""
    elsewhere_stores: Sequence[str]
    """Where, the most first: `OR-3: 12`."""
    stopped: str | None
    """Why nothing is proposed: `breaker-open`, `suspended-item`, `licence-expired`, `not-listed` or `not-sold`."""
    supplier: str | None
    """Id of the supplier; `None`: the catalogue names none."""
    issuer: str | None
    """Issuing agency of the largest package that is sold; `None`: there is none."""
    di: str | None
    """Identifier of the largest package that is sold."""
    units_per_package: int
    """Units of use in it."""
    lead_days: int | None
    """From an order to the goods, as the level says; `None`: it says nothing."""
    forecast_days: int | None
    """The days ahead that are forecast; `None`: nothing has been yet."""
    forecast: Decimal | None
    """Units expected to be used in these days; `None`: fewer than 8 weeks are known, or as above."""
    forecast_low: int | None
    """Lower bound of these units; `None` as above."""
    forecast_high: int | None
    """Upper bound; the level, where it has a lead time and neither minimum nor days. `None` as above."""


@dataclass(frozen=True, slots=True)
class OrderLine:
    """An item for a store."""

    store: str
    """Store it is for."""
    item_code: str
    """The item's code in the HIS catalogue."""
    issuer: str | None
    """Issuing agency of `di`; given together with it."""
    di: str | None
    """Device identifier of the package; `None`: packages are units of use."""
    packages: int
    """How many, above zero."""
    units: int
    """The same in units of use."""
    on_hand: int
    """What might be used there when it was proposed."""
    on_order: int
    """What was to come when it was proposed."""


@dataclass(frozen=True, slots=True)
class Draft:
    """What is to be ordered from a supplier."""

    hospital: str
    """Id of the hospital; the first part of every record key."""
    supplier: str
    """Id of the supplier."""
    lines: tuple[OrderLine, ...]
    """By store and item."""


@dataclass(frozen=True, slots=True)
class LeftOut:
    """A need that no order is proposed for."""

    hospital: str
    """Id of the hospital; the first part of every record key."""
    store: str
    """Id of the store."""
    item_code: str
    """The item's code in the HIS catalogue."""
    reason: str
    """As `Need.stopped`, or `no-supplier`."""


@dataclass(frozen=True, slots=True)
class Order:
    """An order as the books hold it."""

    hospital: str
    """Id of the hospital; the first part of every record key."""
    order_id: str
    """Supplier and number: `S1-7`."""
    supplier: str
    """Id of the supplier."""
    number: int
    """1, 2, 3 … of the hospital and supplier."""
    status: OrderStatus
    """How it stands."""
    made_at: datetime
    """When it was proposed."""
    made_by: str
    """Who had it proposed."""
    released_at: datetime | None
    """`None`: not released."""
    released_by: str | None
    """Who released it; `None`: nobody."""
    closed_at: datetime | None
    """`None`: not closed."""
    closed_by: str | None
    """Who closed it; `None`: nobody."""
    reason: str | None
    """Why it was closed; `None`: it was not."""
    lines: tuple[OrderLine, ...]
    """By store and item."""
