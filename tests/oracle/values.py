"""What the checker's parts hand to each other."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from decimal import ROUND_HALF_UP, Decimal
from typing import Any, Final

SCANS: Final = "udi.scans"
CATALOGUE: Final = "udi.catalogue"
ENCOUNTERS: Final = "udi.encounters"
STORES: Final = "udi.stores"
INPUTS: Final = (SCANS, CATALOGUE, ENCOUNTERS, STORES)
BILLING: Final = "udi.billing"
VERDICTS: Final = "udi.verdicts"
SETTLEMENT: Final = "udi.settlement"
DEAD_LETTERS: Final = "udi.dead-letters"
ALERTS: Final = "udi.alerts"
CASES: Final = "udi.cases"
SEALS: Final = "udi.seals"
STATEMENTS: Final = "udi.statements"
ORDERS: Final = "udi.orders"
OUTPUTS: Final = (BILLING, VERDICTS, SETTLEMENT, DEAD_LETTERS, ALERTS, CASES, SEALS, STATEMENTS, ORDERS)
HOSPITAL: Final = "H1"

Row = Mapping[str, Any]
"""One row of a `report` view: numbers with a fraction are `Decimal`, everything else as JSON gives it."""


@dataclass(frozen=True, slots=True)
class Facts:
    """What the generator knows about a record it wrote, so that nobody has to parse its label."""

    kind: str
    """`scan`, `tick`, `item`, `encounter`, `store` or `poison` (a record that must be refused)."""
    refusal: str = ""
    """The reason a poison record must be refused with."""
    scan_id: str = ""
    """Empty when the record has none that could be read."""
    device_id: str = ""
    action: str = ""
    item: str = ""
    issuer: str = ""
    di: str = ""
    lot: str | None = None
    serial: str | None = None
    quantity: int = 0
    """In units of use."""
    store: str = ""
    to_store: str | None = None
    department: str | None = None
    encounter: str | None = None
    corrects: str | None = None
    scanned_at: str = ""
    """Local, RFC 3339."""
    expired: bool = False
    """Whether the label's expiry day is before the scan."""
    set_of: str | None = None
    """For goods of a supplier's set: the document that names it."""
    locked: bool = False
    """For goods that are sent back: they lie in quarantine."""
    cleared: int = 0
    """For goods that are sent back: so many lie in quarantine and go to the shelf first, by a move of their own."""
    borrowed: bool = False
    """For goods that a store uses, throws away or gets back: they are on loan to it."""
    document: str | None = None
    """For a scan of a count, and for one that books a difference of it: the count."""
    half_of: str | None = None
    """For the half of a label without identifier: the scan id of the half with it."""


@dataclass(frozen=True, slots=True)
class Intent:
    """A record that is about to be sent: it may be on the topic never (yet), once, or more often."""

    topic: str
    key: bytes | None
    value: bytes
    facts: Facts
    partition: int | None = None
    """`None`: the producer chooses by the key."""


@dataclass(frozen=True, slots=True)
class Record:
    """A record as it lies on a topic."""

    topic: str
    partition: int
    offset: int
    key: bytes | None
    value: bytes | None
    headers: Mapping[str, bytes] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Evidence:
    """Everything the checker looks at."""

    tables: Mapping[str, Sequence[Row]]
    """Rows of `report.<name>` by name."""
    topics: Mapping[str, list[Record]]
    """Records by topic; in order of offset within a partition."""
    closed: Mapping[str, frozenset[str]] = field(default_factory=dict)
    """By closed month: the billing ids of that period when its close was reported done."""


@dataclass(frozen=True, slots=True, order=True)
class Violation:
    """A broken promise."""

    rule: str
    """Name of the invariant."""
    what: str
    """The rows or records that show it."""


@dataclass(frozen=True, slots=True)
class Figures:
    """What a run has to tell; the last four are rows that should not be or are missing."""

    scans: int
    """Accepted scan ids."""
    offsets: int
    """Records on the scan topic, without ticks."""
    duplicates_absorbed: int
    conflicts: int
    refused: int
    charges: int
    credits: int
    lost: int
    double: int
    invented: int
    wrong: int


def cents(amount: Decimal) -> Decimal:
    """Rounded half up to the cent."""
    return amount.quantize(Decimal("0.01"), rounding=ROUND_HALF_UP)


def number(value: object) -> Decimal:
    """A figure of a view or a record, whether it came as a number or as text."""
    return Decimal(str(value))
