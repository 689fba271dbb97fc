"""A scan in the account and the stay it is of: what was done and what became of it, with the reasons and verdicts."""

from dataclasses import dataclass, field
from typing import Final

from models.calendar import Month
from streams.simulator.hospital.goods import Unit

DECIDES: Final = {
    "unreadable-code": "refused", "bad-check-digit": "refused", "not-a-udi": "refused",
    "half-label": "held", "ambiguous-code": "held", "no-device-identifier": "held",
    "lot-uncertain": None,
    "unknown-identifier": "parked", "ambiguous-identifier": "parked",
    "unknown-item": "parked", "package-unknown": "parked",
    "encounter-missing": "parked", "encounter-unknown": "parked",
    "before-admission": "held", "after-settlement": "held", "after-discharge": None, "late": None,
    "expired": "held", "recalled": "held", "suspended-item": "held", "serial-used": "held", "serial-present": "held",
    "serial-quantity": "held", "serial-missing": None, "lot-missing": None,
    "no-price": "parked", "price-overlap": "parked", "not-chargeable": "recorded", "bundled": "recorded",
    "return-without-use": "held", "over-return": "held", "period-closed": None, "re-rated": None,
    "cost-told": None,
}  # fmt: skip
"""The verdict a reason decides in the end, in order of precedence; `None`: a flag.

References:
    docs/contract.md, "Reasons".
"""
PLACE: Final = {reason: place for place, reason in enumerate(DECIDES)}
STOCK_WAITS: Final = frozenset(
    {"unknown-identifier", "ambiguous-identifier", "unknown-item", "package-unknown", "serial-used", "serial-quantity"}
)
UNSAID: Final = ("lot-uncertain", "serial-missing", "lot-missing")
"""Flags of a label that does not say enough; one that does ends them."""
OPEN: Final = ("parked", "held")
OUT: Final = ("use", "opened", "waste", "transfer", "lend", "send-back")
ON: Final = ("transfer", "lend", "give-back")
WASTED: Final = ("opened", "waste")


@dataclass(frozen=True, slots=True)
class Department:
    """A department."""

    code: str
    """Id of the department."""
    stores: tuple[str, ...]
    """Ids of its stores."""
    devices: tuple[str, ...]
    """Ids of its scanners."""
    pairing_device: str
    """The one scanner that reads labels barcode by barcode; nothing else is scanned with it."""
    staff: tuple[str, ...]
    """Opaque ids of its people."""


@dataclass(slots=True)
class Stay:
    """An encounter. Instants in milliseconds."""

    code: str
    """Opaque id of the stay."""
    department: Department
    """Where the patient lies."""
    team: str
    """Medical team that treats the patient."""
    admitted: int
    """When it began."""
    discharged: int
    """When it ended."""
    settled: int | None
    """When the bill was settled; `None`: not yet."""
    weight: str
    """DRG weight as text."""
    known: bool = True
    """Its record lies on the topic."""
    known_in: int | None = None
    """Index of the month in whose late facts the record comes; `None` of an unknown one: never."""
    uses: "list[Entry]" = field(default_factory=list)
    """Uses recorded for it, by arrival."""
    returns: "list[Entry]" = field(default_factory=list)
    """Returns without a use so far."""


@dataclass(frozen=True, slots=True)
class Posting:
    """A charge or a credit that was posted for a scan."""

    n: int
    """Which posting of its scan it is, from 0."""
    kind: str
    """`charge` or `credit`."""
    quantity: int
    """Units of use."""
    price: int
    """1/10,000 yuan a unit."""
    amount: int
    """Fen."""
    period: Month
    """Month whose books hold it, as `yyyymm`."""


@dataclass(slots=True)
class Entry:
    """A scan in the account. Quantities in units of use, amounts in fen."""

    scan_id: str
    """UUID made by the device."""
    action: str
    """What was done with the goods (`models.scan.event.Action`)."""
    at: int
    """When it was scanned, in milliseconds."""
    unit: Unit | None
    """What was scanned; `None` when the label says nothing."""
    packages: int
    """Packages of the level scanned."""
    store: str
    """Id of the department store (二级库)."""
    to_store: str | None
    """Store the goods go to, or come back to; `None` when they stay."""
    stay: Stay | None
    """Patient's stay; `None` without one."""
    department: str | None
    """As the scan says, else of the stay; `None` when neither does."""
    corrects: str | None
    """Scan id that a return names, or whose goods an `identify` means; `None` when it names none."""
    doubt: tuple[str, ...] = ()
    """`lot-uncertain`: it moves its goods without a lot, though the label says one."""
    verdict: str = "waiting"
    """What became of it so far."""
    reasons: tuple[str, ...] = ()
    """Why, in order of precedence; the first that decides gave the verdict."""
    period: Month | None = None
    """Of its charge or credit."""
    quantity: int | None = None
    """`None` while the item or its package is unknown."""
    price: int = 0
    """1/10,000 yuan a unit, of what it is charged at; 0 when nothing is."""
    amount: int = 0
    """Charged or credited, since the last re-rating; for goods recorded without a charge what usage counts."""
    returned: int = 0
    """Of a use: units that came back."""
    credited: int = 0
    """Of `amount`."""
    postings: list[Posting] = field(default_factory=list)
    """Charges and credits so far, in order."""
    moved: bool = False
    """Its goods have moved."""
    payable: int | None = None
    """Cost a unit in 1/10,000 yuan, when a settlement line with a cost was written."""
    settled: bool = False
    """A settlement line was written."""
    owed_in: Month | None = None
    """Period of that line; `None` without one."""
    returned_before: int = 0
    """Units that had come back when that line was made."""
    holds: bool = False
    """It holds the claim on its unit."""
    waiting: "list[Entry]" = field(default_factory=list)
    """Returns that wait for this use."""
    place: str | None = None
    """A room or cabinet of the store, or `set`; `None`: the shelf."""
    document: str | None = None
    """Names the set, when `place` says that the goods are of one; else what the scan belongs to."""

    @property
    def of_set(self) -> bool:
        """Its goods are of a set that a supplier brought for one operation."""
        return self.place == "set"

    @property
    def lies_at(self) -> str:
        """Where the goods lie or come to lie, as balances name it."""
        if self.of_set:
            return f"set/{self.document}"
        return f"{self.store}/{self.place}" if self.place else self.store

    def owner(self, unit: Unit) -> str:
        """Whose goods it moves: those of a set are the supplier's, whoever owns the item otherwise."""
        return unit.supplier if self.of_set else unit.owner

    @property
    def left(self) -> int | None:
        """Units that have not come back; `None` while nobody knows how many they are."""
        return None if self.quantity is None else self.quantity - self.returned

    @property
    def owed(self) -> int:
        """Fen of a charge that have not been credited."""
        return self.amount - self.credited

    @property
    def charge(self) -> Posting:
        """The charge that stands."""
        return next(each for each in reversed(self.postings) if each.kind == "charge")

    def post(self, kind: str, quantity: int, amount: int, period: Month) -> None:
        """Write a charge or a credit at the entry's price."""
        self.postings.append(Posting(len(self.postings), kind, quantity, self.price, amount, period))
        self.period = period


def fen(quantity: int, price: int) -> int:
    """Quantity times 1/10,000 yuan in fen, half up.

    References:
        docs/contract.md, "Month, money, usage".
    """
    return (quantity * price + 50) // 100


def stay_reasons(entry: Entry) -> list[str]:
    """What stands against charging a use to its stay."""
    stay = entry.stay
    if stay is None:
        return ["encounter-missing"]
    if not stay.known:
        return ["encounter-unknown"]
    if entry.at < stay.admitted:
        return ["before-admission"]
    if stay.settled is not None and entry.at > stay.settled:
        return ["after-settlement"]
    return ["after-discharge"] if entry.at > stay.discharged else []


def verdict_of(reasons: list[str]) -> str | None:
    """The verdict of the first reason that decides one; `None`: all are flags."""
    decisive = [reason for reason in reasons if DECIDES[reason] is not None]
    return DECIDES[min(decisive, key=PLACE.__getitem__)] if decisive else None


def ordered(reasons: list[str]) -> tuple[str, ...]:
    """By precedence."""
    return tuple(sorted(reasons, key=PLACE.__getitem__))
