"""What a batch is decided on: the catalogue as cached, and what was gathered from the books for it."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime
from uuid import UUID

from models.catalogue.item import Belonging, Item
from models.charging.books import BalanceKey, Neighbour, Ref, UnitKey
from models.charging.costs import CostKey, CostsSince
from models.charging.decision import UseAccount
from models.charging.goods import Goods, GoodsKey
from models.charging.known_controls import Controls, QuotaKey, UsedItems
from models.policy import ReturnClock
from models.scan.scanners import Scanners
from models.stock.count import Adjustment
from models.stock.delivery import Delivery
from models.stock.places import Sight
from models.stock.recall import Recalls
from models.stock.store import Stores
from models.stock.told import LabelKey, Told
from models.udi.lot_pattern import LotPattern


class Catalogue:
    """The newest version of every item, by code and by identifier, as known at `version`."""

    def __init__(self) -> None:
        self.version = 0
        self.scanners = Scanners()
        """Profiles of scanners, known at the same version."""
        self.recalls = Recalls()
        """Recall notices, known at the same version."""
        self.controls = Controls()
        """Breakers, quotas, ceilings and approvals, known at the same version."""
        self.stores = Stores()
        """Stores, known at the same version."""
        self._items: dict[tuple[str, str], Item] = {}
        self._claims: dict[tuple[str, str, str], tuple[tuple[Item, int | None], ...]] = {}
        self._former: dict[tuple[str, str], tuple[Belonging, ...]] = {}
        """Only of items that changed hands: the other items cost nothing."""
        self._brought: dict[tuple[str, str], tuple[str, ...]] = {}
        """Only of items that a delivery note brought otherwise than the catalogue says."""

    def __len__(self) -> int:
        return len(self._items)

    def put(self, items: Iterable[Item], version: int) -> None:
        """Take newer versions of items; the catalogue is then known at `version`, if it was not already further."""
        for item in items:
            known = self._items.get((item.hospital, item.item_code))
            if known is not None and known.version >= item.version:
                continue
            self._drop(known)
            if known is not None and known.belonging != item.belonging:
                self._changed_hands(known, item)
            self._items[item.hospital, item.item_code] = item
            for issuer, di, units in item.identifiers:
                key = (item.hospital, str(issuer), di)
                self._claims[key] = (*self._claims.get(key, ()), (item, units))
        self.version = max(self.version, version)

    def _changed_hands(self, known: Item, item: Item) -> None:
        before = self._former.get((item.hospital, item.item_code), ())
        others = (each for each in before if each not in {known.belonging, item.belonging})
        self._former[item.hospital, item.item_code] = (known.belonging, *others)

    def _drop(self, item: Item | None) -> None:
        if item is None:
            return
        for issuer, di, _ in item.identifiers:
            key = (item.hospital, str(issuer), di)
            self._claims[key] = tuple(each for each in self._claims[key] if each[0] is not item)

    def item(self, hospital: str, item_code: str) -> Item | None:
        """The item of a code, ended or not."""
        return self._items.get((hospital, item_code))

    def former(self, item: Item) -> tuple[Belonging, ...]:
        """Whose the goods of the item were by earlier versions, the newest first; nearly always nobody's."""
        return self._former.get((item.hospital, item.item_code), ())

    def bring(self, brought: Iterable[tuple[str, str, str]]) -> None:
        """Take (hospital, item code, owner) of goods whose delivery note says another supplier or cost."""
        for hospital, item_code, owner in brought:
            known = self._brought.get((hospital, item_code), ())
            if owner not in known:
                self._brought[hospital, item_code] = (*known, owner)

    def brought(self, item: Item) -> tuple[str, ...]:
        """Of whom such goods of the item came; nearly always nobody."""
        return self._brought.get((item.hospital, item.item_code), ())

    @property
    def asked_for(self) -> tuple[int, int, int]:
        """What decides how much a batch asks for; when it has changed, a snapshot may lack something."""
        return self.version, self.stores.borrowers, sum(map(len, self._brought.values()))

    def controlled(self, hospital: str, controlled_category: str) -> list[str]:
        """The codes of the items of a controlled category."""
        return [
            code
            for (owner, code), item in self._items.items()
            if owner == hospital and item.controlled_category == controlled_category
        ]

    def same_type(self, item: Item) -> list[Item]:
        """Other items of its category that may be used, by code; none when it has no category."""
        if item.category is None:
            return []
        same = (
            each
            for (owner, code), each in self._items.items()
            if owner == item.hospital and code != item.item_code and each.category == item.category
        )
        return sorted((each for each in same if not each.suspended), key=lambda each: each.item_code)

    def claims(self, hospital: str, issuer: str, di: str) -> tuple[tuple[Item, int | None], ...]:
        """Which items claim the identifier, each with its units per package."""
        return self._claims.get((hospital, issuer, di), ())


@dataclass(frozen=True, slots=True)
class EncounterFacts:
    """What decisions ask of an encounter."""

    department: str | None
    """Department that has the patient; charges without one of their own go there."""
    team: str | None
    """Id of the medical team; `None` when nobody said."""
    admitted_at: datetime
    """When the stay began."""
    settled_at: datetime | None
    """When the bill was settled; `None` until then."""
    discharged_at: datetime | None
    """When the patient left; `None` until then."""
    drg_group: str | None = None
    """DRG group of the stay; `None` until it is grouped."""


UseUnit = tuple[str, str, str, str | None, str | None, str | None]
"""(hospital, encounter, issuer, di, lot, serial): the uses of a unit in an encounter."""


StayItem = tuple[str, str, str]
"""(hospital, encounter, item code)."""


@dataclass(frozen=True, slots=True)
class LotPatterns:
    """What the lots and serials of one device look like, as learned from confirmed scans."""

    lots: LotPattern
    """Form of its lot numbers."""
    serials: LotPattern
    """Form of its serial numbers."""


@dataclass(slots=True)
class Lookup:
    """What a batch needs to know of the books before it is decided."""

    hospitals: set[str] = field(default_factory=set)
    """Hospitals of the batch, for their closed months and policies."""
    scans: set[tuple[str, UUID]] = field(default_factory=set)
    """(hospital, scan id) of what is decided: it may have come before."""
    units: set[UnitKey] = field(default_factory=set)
    """Serial-numbered units of uses and returns: who holds the claim on them."""
    received: set[UnitKey] = field(default_factory=set)
    """Serial-numbered units of receipts: whether the books have them in the house."""
    moved: set[UnitKey] = field(default_factory=set)
    """Serial-numbered units that stores move: where the books have them."""
    encounters: set[tuple[str, str]] = field(default_factory=set)
    """(hospital, encounter) of stays."""
    uses_of_scans: set[tuple[str, UUID]] = field(default_factory=set)
    """(hospital, scan id) of uses whose account may change."""
    uses_of_units: set[UseUnit] = field(default_factory=set)
    """Units in an encounter of which a return may take back a use."""
    balances: set[BalanceKey] = field(default_factory=set)
    """Balances that goods leave, for `stock-negative`."""
    store_items: set[tuple[str, str, str]] = field(default_factory=set)
    """(hospital, store, item) whose sum a verdict tells as `stock_left`."""
    devices: set[tuple[str, str, datetime]] = field(default_factory=set)
    """(hospital, device, scanned_at) of halves without a sequence number, whose neighbours matter."""
    stays: set[StayItem] = field(default_factory=set)
    """Items with a limit per stay, and the stay."""
    quotas: set[QuotaKey] = field(default_factory=set)
    """Controlled categories and months with a quota."""
    patterns: set[tuple[str, str]] = field(default_factory=set)
    """(issuer, di) of labels that may have lost separators."""
    adjustments: set[tuple[str, UUID]] = field(default_factory=set)
    """(hospital, scan id) of scans by which a count's differences are booked."""
    goods: set[GoodsKey] = field(default_factory=set)
    """Goods that are said to be of another lot or serial."""
    replaced: set[tuple[str, UUID]] = field(default_factory=set)
    """(hospital, scan id) of uses that a corrected use takes the place of."""
    notes: set[tuple[str, str]] = field(default_factory=set)
    """(hospital, note) of the delivery notes that receipts name."""
    costs: set[tuple[str, str, str, str]] = field(default_factory=set)
    """(hospital, item code, lot, serial) of goods that move, of items a delivery note brought at a cost of its own."""
    labels: set[LabelKey] = field(default_factory=set)
    """Lots and units of which a recall notice asks for what the label of the scan does not say; nearly always none."""


@dataclass(slots=True)
class Snapshot:
    """One snapshot of the books, as far as one batch needs them.

    All of it is stale the moment it is read: `sinks.postgres.charging.books` checks, when it records, whatever must
    still hold.
    """

    lane_version: int
    """Version of the lane's row; recording fails when it has moved on."""
    facts_version: int
    """Catalogue and encounters are those of this version; the lane may record only if it has not seen newer ones."""
    facts_seen: int
    """Up to which fact this lane has decided what waits on it."""
    closed: dict[str, int] = field(default_factory=dict)
    """Newest closed month by hospital; 0 when none is."""
    return_clocks: dict[str, tuple[ReturnClock, ...]] = field(default_factory=dict)
    """What each hospital has set, in the order in which it was set; one that has set nothing may be missing."""
    fingerprints: dict[tuple[str, UUID], bytes] = field(default_factory=dict)
    """Of scan ids that came before, by (hospital, scan id)."""
    holders: dict[UnitKey, Ref] = field(default_factory=dict)
    """Scan that holds the claim on a unit."""
    booked: dict[UnitKey, int] = field(default_factory=dict)
    """How often the books have a unit that is received in the house: 1 or 0; below 0 it was used without receipt."""
    sights: dict[UnitKey, Sight | None] = field(default_factory=dict)
    """Where the books have a unit that a store moves; `None` where they know of no move."""
    encounters: dict[tuple[str, str], EncounterFacts] = field(default_factory=dict)
    """By (hospital, encounter); one that is unknown is missing."""
    uses: list[UseAccount] = field(default_factory=list)
    """Uses that returns and commands may take something back from."""
    balances: dict[BalanceKey, int] = field(default_factory=dict)
    """Units of use, all lanes summed; a balance that is zero may be missing."""
    store_items: dict[tuple[str, str, str], int] = field(default_factory=dict)
    """Units of use of an item in a store, all lanes summed, by (hospital, store, item)."""
    neighbours: dict[tuple[str, str], list[Neighbour]] = field(default_factory=dict)
    """Scans near in time, by (hospital, device)."""
    stays: dict[StayItem, int] = field(default_factory=dict)
    """Units charged in the stay, less credits."""
    quotas: dict[QuotaKey, dict[str, UsedItems]] = field(default_factory=dict)
    """What was used of a controlled category in a month, by department and item."""
    patterns: dict[tuple[str, str], LotPatterns] = field(default_factory=dict)
    """By (issuer, di); a device of which nothing was learned is missing."""
    adjustments: dict[tuple[str, UUID], Adjustment] = field(default_factory=dict)
    """By (hospital, scan id); one that no posted count says is missing."""
    goods: dict[GoodsKey, list[Goods]] = field(default_factory=dict)
    """What an `identify` may mean; an empty list where nothing is recorded."""
    replaced: dict[tuple[str, UUID], BalanceKey] = field(default_factory=dict)
    """Balance that a use which is replaced took its goods from, by (hospital, scan id); missing when it took none."""
    notes: dict[tuple[str, str], Delivery] = field(default_factory=dict)
    """The newest version of each delivery note, by (hospital, note); one that nobody has sent is missing."""
    costs: dict[CostKey, CostsSince] = field(default_factory=dict)
    """What the delivery notes of goods say that they cost."""
    told: Told = field(default_factory=Told)
    """What labels say of the lots and units that were asked for, and maybe of others."""
