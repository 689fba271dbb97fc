"""What follows from deciding a recorded scan, and the account of a use.

A *decision* is everything that follows from deciding a scan once, at once or later. A batch is a fold of decisions over
a `View` (see `rules.view`), and the sinks store decisions as they are.
"""

from dataclasses import dataclass
from datetime import date, datetime
from typing import Final
from uuid import UUID

from msgspec import Struct

from models.calendar import Month
from models.catalogue.item import Item
from models.charging.books import BalanceKey, LabelFacts, RecordedScan, Ref
from models.charging.costs import CostKey, cost_key
from models.charging.effects import NO_CHARGE, NO_STOCK, Charge, ChargeEffects, SettlementLine, StockEffects
from models.charging.goods import Goods
from models.reasons import TAKEN_BACK, Reason, Verdict
from models.scan.event import IDENTIFIED, Action
from models.stock.places import ADJUSTMENT, PATIENT, SUPPLIER, WASTE, Sight
from models.stock.told import Saying, Told


@dataclass(frozen=True, slots=True)
class UseAccount:
    """A use as a return finds it: what was used, charged and taken back so far."""

    ref: Ref
    """Record of the use's scan."""
    hospital: str
    """Id of the hospital; the first part of every record key."""
    scan_id: UUID
    """Id of the scan, made by its device."""
    scanned_at: datetime
    """When it was scanned, by the device's clock."""
    day: date
    """The hospital's day of the use."""
    month: Month
    """Service month of the use."""
    encounter: str | None
    """Opaque id of the patient's stay; `None` without one."""
    unit: tuple[str, str | None, str | None, str | None]
    """(issuer, di, lot, serial)."""
    verdict: Verdict
    """What the newest decision of the use came to."""
    reasons: tuple[Reason, ...]
    """Why, in order of precedence; the first that decides gave the verdict."""
    department: str | None
    """Whose usage it counts in."""
    item: Item | None
    """Item as decided; `None` while it is not known."""
    units: int | None
    """Units of use that were used; `None` while unknown."""
    owner: str | None
    """Whose goods it moved; `None` when none moved."""
    holds_unit: bool
    """It holds the claim on its serial-numbered unit."""
    charge: Charge | None
    """Its newest charge; `None` when nothing was charged."""
    settlement: SettlementLine | None
    """What its supplier is owed for it; `None` for the hospital's own goods."""
    returned_units: int = 0
    """Units of use that came back so far."""
    changes: int = 0
    """How often it was changed so far: returns, re-ratings, what persons took back."""
    credited_units: int = 0
    """Of the newest charge: units credited so far, in `credits` entries."""
    credited_fen: int = 0
    """Fen credited of the newest charge so far."""
    credits: int = 0
    """Credits of the newest charge so far."""
    source: str | None = None
    """Place with a balance that its goods left; `None` when none moved, or it is not known."""

    @property
    def left(self) -> int:
        """Units not yet taken back."""
        return (self.units or 0) - self.returned_units


class Decision(Struct):
    """What follows from deciding one subject once; `rules.charging.deciding` fills it in, nobody changes it later."""

    subject: RecordedScan
    """The scan that is decided."""
    n: int
    """0 for the first decision, 1, 2 … for later ones."""
    decided_at: datetime
    """The broker's timestamp of the record that caused it, or when a command was accepted."""
    verdict: Verdict
    """What became of the scan."""
    reasons: tuple[Reason, ...]
    """All that apply, in order of precedence."""
    label: LabelFacts
    """The label as it was taken: completed by a partner, or with its separators restored."""
    item: Item | None = None
    """Item it was decided for; `None` while it is not known."""
    units: int | None = None
    """Units of use; `None` while the item is not known."""
    department: str | None = None
    """The scan's department, else its encounter's; `None` when neither says."""
    stock: StockEffects = NO_STOCK
    """What it does to stock."""
    charging: ChargeEffects = NO_CHARGE
    """What it does to the ledger and to usage."""
    settlement: tuple[SettlementLine, ...] = ()
    """New settlement lines, in the order of their numbers."""
    account: UseAccount | None = None
    """The use whose account it changes, as it was before: a return's, or its own (re-rated, taken back)."""
    partner: Ref | None = None
    """Scan of the other half of its label; `None` for a whole label."""
    claims: bool = True
    """Its scan id is new and is claimed by the first decision."""
    offers: tuple[tuple[str, int], ...] = ()
    """Goods of the same type in the same store, with the units left of each, when a breaker holds the item."""
    identifies: UUID | None = None
    """Scan whose goods are what this label says; its lane moves them. `None` of all but an `identify` that holds."""

    @property
    def open(self) -> bool:
        """It waits for something."""
        return self.verdict in _OPEN

    @property
    def waits_on(self) -> bool:
        """Only its cost was told: it waits for what it waited for, and since then."""
        return self.open and bool(self.settlement) and self.stock.move is None

    @property
    def speaks(self) -> bool:
        """Its label says something of its lot and unit: it repeats none, is no second half, and is not taken back."""
        half = self.verdict is Verdict.RECORDED and Reason.HALF_LABEL in self.reasons
        return self.verdict not in _REPEATED and not half and TAKEN_BACK.isdisjoint(self.reasons)

    def balance_key(self, store: str) -> BalanceKey:
        """The balance in the store that goods of this label belong to; only of a decision that moves goods."""
        item, move, label = self.item, self.stock.move, self.label
        owner = move.owner if move else item.owner if item else ""
        code = item.item_code if item else ""
        return BalanceKey(self.subject.event.hospital, store, code, owner, label.lot or "", label.serial or "")

    def cost_key(self, owner: str) -> CostKey:
        """By what the books know what goods of this label cost."""
        return cost_key(self.subject.event.hospital, self.item.item_code if self.item else "", owner, self.label)

    @property
    def places(self) -> tuple[str, str] | None:
        """From where to where the goods went, by name; `None` when none moved."""
        move = self.stock.move
        if move is None:
            return None
        source, target = _OUTSIDE.get(self.subject.event.action, ("", ""))
        if self.stock.takes_back:
            source, target = target, source
        return move.from_store or source, move.to_store or target

    def seen(self, before: Sight | None) -> Sight | None:
        """Where its unit is once the books know of its move; `before`: where they had it, `None` when nowhere."""
        if self.places is None:
            return before
        (from_place, place), at = self.places, self.subject.event.scanned_at
        return before.after(place, from_place, at) if before else Sight(place, from_place, at)


_OUTSIDE: Final = {
    Action.USE: ("", PATIENT),
    Action.RETURN: (PATIENT, ""),
    Action.OPENED: ("", WASTE),
    Action.WASTE: ("", WASTE),
    Action.RECEIVE: (SUPPLIER, ""),
    Action.MISSING: ("", ADJUSTMENT),
    Action.FOUND: (ADJUSTMENT, ""),
    Action.SEND_BACK: ("", SUPPLIER),
}
"""The end of an action's way at which no balance is kept."""


def goods_of(decision: Decision, *, stands: bool) -> Goods:
    """What an `identify` may mean by the scan, as a decision of it leaves it.

    Args:
        decision: The newest of the scan.
        stands: Its goods have moved and nothing of them came back, or it waits.
    """
    event, label = decision.subject.event, decision.label
    item_code = decision.item.item_code if decision.item else None
    return Goods(
        decision.subject.ref, event.scan_id, event.action, item_code, decision.units,
        event.quantity, stands and event.action in IDENTIFIED, (label.issuer, label.di, label.lot, label.serial),
    )  # fmt: skip


def tell(told: Told, decision: Decision) -> None:
    """What the label of a decision that `speaks` says of its lot and unit."""
    label = decision.label
    if label.di is not None:
        said = Saying(label.lot, label.serial, label.expiry, label.production)
        told.take(decision.subject.event.hospital, label.issuer, label.di, said)


_OPEN = frozenset({Verdict.WAITING, Verdict.PARKED, Verdict.HELD})
_REPEATED = frozenset({Verdict.DUPLICATE, Verdict.CONFLICT, Verdict.REFUSED})
