"""What follows from a decision: what is charged, owed, moved and counted as usage."""

from dataclasses import dataclass
from enum import StrEnum
from typing import Final
from uuid import UUID

from msgspec import Struct

from models.calendar import Month
from models.catalogue.item import Item
from models.charging.books import Ref
from models.reasons import Reason


class Charge(Struct, frozen=True):
    """A ledger entry: a charge, or a credit that names the charge it reverses."""

    ref: Ref
    """Record of the scan whose ledger entry it is."""
    n: int
    """Number of the entry within its scan, from 0."""
    billing_id: UUID
    """Id of the ledger entry, the same after any replay."""
    encounter: str
    """Opaque id of the patient's stay."""
    department: str | None
    """Whose usage it counts in; of a credit that of its charge."""
    team: str | None
    """Id of the medical team; `None` when nobody said."""
    item: Item
    """Item as decided, in the version that gave the price."""
    quantity: int
    """Units of use."""
    unit_price: int
    """1/10,000 yuan."""
    amount_fen: int
    """Quantity × price, rounded half up to the fen; ≥ 0, of credits too."""
    period: Month
    """Month whose books hold it: its service month if open, else the first open one after it."""
    flags: tuple[Reason, ...]
    """Reasons that did not stand in the way."""
    reverses: "Charge | None" = None
    """Charge that this credit takes back; `None` of a charge."""
    credit_number: int | None = None
    """1, 2, 3 … among the credits of one charge."""


class SettlementStatus(StrEnum):
    """What a settlement line is."""

    PAYABLE = "payable"
    """The supplier may invoice it."""
    COST_MISSING = "cost-missing"
    """No cost was in force on the day of use."""
    REVERSAL = "reversal"
    """It takes another line back."""


class SettlementLine(Struct, frozen=True):
    """What the supplier may invoice for a use, or its reversal by a return."""

    n: int
    """Number of the line within its scan, from 0."""
    line_id: UUID
    """Made of the scan and `n`: the same after any replay."""
    supplier: str
    """Id of the supplier."""
    item_code: str
    """The item's code in the HIS catalogue."""
    quantity: int
    """Units of use, > 0 of reversals too."""
    cost: int | None
    """1/10,000 yuan a unit; `None` when no cost was in force on the day."""
    amount_fen: int | None
    """Quantity × cost, rounded; `None` when no cost was in force."""
    period: Month
    """Month whose books hold it, as `yyyymm`."""
    status: SettlementStatus
    """What it is."""
    reverses: UUID | None = None
    """Line that a return takes back; `None` of a line of a use."""


@dataclass(frozen=True, slots=True)
class WasteCost:
    """What goods that were opened and not used, or thrown away, have cost the department."""

    department: str | None
    """Who bears it: the scan's department, else the encounter's."""
    units: int
    """Units of use."""
    cost: int | None
    """1/10,000 yuan a unit, as of their move; `None` when no cost was in force on the day."""
    amount_fen: int | None
    """Units × cost, rounded; `None` when no cost was in force."""
    period: Month
    """Month whose books hold it, as `yyyymm`."""


class StockMove(Struct, frozen=True, gc=False):
    """Goods that changed place, `units` > 0. A place is `None` where no balance is kept (`models.stock.places`)."""

    owner: str
    """Whose goods they are: `hospital`, or the supplier's id."""
    units: int
    """Units of use, > 0."""
    from_store: str | None
    """Place the goods leave; `None` where no balance is kept."""
    to_store: str | None
    """Place the goods reach; `None` where no balance is kept."""


class Usage(Struct, frozen=True, gc=False):
    """A change of the usage of an item in a month, for the hospital and one department."""

    hospital: str
    """Id of the hospital; the first part of every record key."""
    department: str | None
    """Whose use it is: the scan's department, else the encounter's."""
    item_code: str
    """The item's code in the HIS catalogue."""
    month: Month
    """Month of the use, also for a later credit."""
    quantity: int
    """Units of use; below 0 when something is taken back."""
    amount_fen: int
    """Fen at charge price; below 0 when something is taken back."""


class Brought(Struct, frozen=True, gc=False):
    """What a receipt says of its goods that the catalogue does not, for what moves them on."""

    owner: str
    """Whose they are: the catalogue's owner of the item, or the supplier of the delivery note."""
    cost: int | None
    """1/10,000 yuan a unit by the delivery note; `None`: as the catalogue says."""


class StockEffects(Struct, frozen=True, gc=False):
    """What a decision does to stock."""

    move: StockMove | None = None
    """Goods that change place; `None` when none do."""
    cost: int | None = None
    """What a unit that moved cost, in 1/10,000 yuan: by the delivery note of its goods, else by the catalogue on the
    day; `None` when nothing moved or no cost was in force."""
    left: int | None = None
    """Units of use of the item left in the store, as this lane sees it; `None` when nothing moved."""
    takes_unit: bool = False
    """It claims its serial-numbered unit."""
    frees_unit: Ref | None = None
    """The use whose claim on the unit ends with this return."""
    takes_back: bool = False
    """The move is the way back of what an earlier decision of the scan moved."""
    waste: WasteCost | None = None
    """Cost of goods opened or thrown away; `None` of other actions."""
    cleared: int = 0
    """Units of goods that are sent back which lie in quarantine and come out of it first: a move of their own."""
    brought: Brought | None = None
    """Of a receipt whose delivery note, or that of the same goods before, says more than the catalogue; else `None`."""


class ChargeEffects(Struct, frozen=True, gc=False):
    """What a decision does to the ledger, and to the usage that alerts watch."""

    entries: tuple[Charge, ...] = ()
    """New ledger entries, in the order of their numbers."""
    billing_ids: tuple[UUID, ...] = ()
    """Ledger entries that its verdict names."""
    usage: tuple[Usage, ...] = ()
    """Changes of monthly usage."""


NO_STOCK: Final = StockEffects()
"""Of a decision that moves nothing."""
NO_CHARGE: Final = ChargeEffects()
"""Of a decision that charges nothing."""
