"""The shape of the tables of what follows from decisions: ledger, settlement, stock, usage, outbox; as `tables`."""

from collections.abc import Sequence
from datetime import date, datetime
from typing import NamedTuple
from uuid import UUID


class LedgerRow(NamedTuple):
    """`udi.ledger`: a charge, or a credit that names its charge."""

    position_id: int
    """Number of the input position: cluster, topic and partition."""
    record_offset: int
    """Offset of the record in its partition."""
    n: int
    """0, 1, 2 … of the scan."""
    kind: str
    """`charge` or `credit`."""
    billing_id: UUID
    """Id of the ledger entry, the same after any replay."""
    charge_position: int | None
    """Of a credit: input position of its charge; `None` of a charge."""
    charge_offset: int | None
    """Of a credit: offset of its charge; `None` of a charge."""
    charge_n: int | None
    """Of a credit: number of its charge within the scan; `None` of a charge."""
    credit_number: int | None
    """1, 2, 3 … among the credits of one charge; `None` of a charge."""
    hospital: str
    """Id of the hospital; the first part of every record key."""
    encounter: str
    """Opaque id of the patient's stay."""
    department: str | None
    """Whose usage it counts in."""
    team: str | None
    """Id of the medical team; `None` when nobody said."""
    item_code: str
    """The item's code in the HIS catalogue."""
    insurance_code: str | None
    """National insurance consumable code (医保编码); `None` when the catalogue has none."""
    quantity: int
    """Units of use."""
    unit_price: int
    """1/10,000 yuan a unit of use."""
    amount_fen: int
    """Fen, ≥ 0, of credits too."""
    price_version: int
    """Catalogue version that gave the price."""
    period: int
    """Month whose books hold it, as `yyyymm`."""
    posted_at: datetime
    """The broker's timestamp of what caused it."""
    flags: Sequence[str]
    """Reasons that did not stand in the way."""
    recorded_at: datetime | None = None
    """When the books knew it, by the database's clock; `None`: it fills it in."""


class SettlementRow(NamedTuple):
    """`udi.settlement`: what a supplier may invoice for a use, or its reversal."""

    position_id: int
    """Number of the input position: cluster, topic and partition."""
    record_offset: int
    """Offset of the record in its partition."""
    n: int
    """0, 1, 2 … of the scan."""
    line_id: UUID
    """Id of the line, the same after any replay."""
    reverses: UUID | None
    """Line that it takes back; `None` of a line of a use."""
    hospital: str
    """Id of the hospital; the first part of every record key."""
    supplier: str
    """Id of the supplier."""
    scan_id: UUID
    """Id of the scan, made by its device."""
    item_code: str
    """The item's code in the HIS catalogue."""
    quantity: int
    """Units of use."""
    cost: int | None
    """1/10,000 yuan a unit; `None` when none was in force."""
    amount_fen: int | None
    """Fen; `None` when it is not known."""
    period: int
    """Month whose books hold it, as `yyyymm`."""
    status: str
    """`payable`, `cost-missing` or `reversal`."""
    recorded_at: datetime | None = None
    """When the books knew it, by the database's clock; `None`: it fills it in."""


class WasteRow(NamedTuple):
    """`udi.waste_cost`: goods opened and not used, or thrown away, at cost."""

    position_id: int
    """Number of the input position: cluster, topic and partition."""
    record_offset: int
    """Offset of the record in its partition."""
    n: int
    """Number of the decision that counted it."""
    hospital: str
    """Id of the hospital; the first part of every record key."""
    department: str | None
    """Id of the clinical department; `None` when nobody said."""
    item_code: str
    """The item's code in the HIS catalogue."""
    action: str
    """What was done with the goods (`models.scan.event.Action`)."""
    explanation: str | None
    """The person's reason on the scan; `None` without one."""
    units: int
    """Units of use."""
    cost: int | None
    """1/10,000 yuan a unit; `None` when none was in force."""
    amount_fen: int | None
    """Fen; `None` when it is not known."""
    period: int
    """Month whose books hold it, as `yyyymm`."""
    recorded_at: datetime | None = None
    """When the books knew it, by the database's clock; `None`: it fills it in."""


class BalanceRow(NamedTuple):
    """`udi.balance`: what a batch adds to a balance of its lane."""

    hospital: str
    """Id of the hospital; the first part of every record key."""
    store: str
    """Store, or another place of which a balance is kept (docs/store.md, "Places")."""
    item_code: str
    """The item's code in the HIS catalogue."""
    owner: str
    """Whose goods they are: `hospital`, or the supplier's id."""
    lot: str
    """Lot as printed; empty where the label gave none."""
    serial: str
    """Serial as printed; empty where the label gave none."""
    lane: int
    """Balances are kept by lane; views add them up."""
    issuer: str
    """Issuing agency of the identifier (`models.udi.Issuer`)."""
    di: str
    """Device identifier (UDI-DI) in its canonical form."""
    expiry: date | None
    """Last usable day; `None` when it is not known."""
    quantity: int
    """Units of use to add; below 0 to take."""


class StoreItemRow(NamedTuple):
    """`udi.store_item`: what a batch adds to an item of a store, over all lots and owners."""

    hospital: str
    """Id of the hospital; the first part of every record key."""
    store: str
    """Id of the department store (二级库)."""
    item_code: str
    """The item's code in the HIS catalogue."""
    lane: int
    """Kept by lane; views add them up."""
    quantity: int
    """Units of use to add; below 0 to take."""


class UsageRow(NamedTuple):
    """`udi.usage_delta`: what a batch adds to the usage of months; arrays of one length."""

    lane: int
    """The partition of `udi.scans` that its scan came in on."""
    version: int
    """The lane's version that this batch makes."""
    hospitals: Sequence[str]
    """Hospital of each change."""
    departments: Sequence[str]
    """Department of each change; empty when there is none."""
    items: Sequence[str]
    """Item code of each change."""
    months: Sequence[int]
    """Month of the use, as `yyyymm`."""
    quantities: Sequence[int]
    """Units of use to add; below 0 to take."""
    amounts: Sequence[int]
    """Fen to add; below 0 to take."""
    recorded_at: datetime
    """The broker's timestamp of the newest record that caused it."""


class OutboxRow(NamedTuple):
    """`udi.outbox_block`: records for one topic and partition; arrays of one length."""

    topic: str
    """Topic, by its name in `models.wire.topics`."""
    partition: int
    """Partition of the topic."""
    first_seq: int
    """Sequence number of the first record."""
    last_seq: int
    """Sequence number of the last record."""
    ids: Sequence[UUID]
    """Header `udi-id` of each record."""
    keys: Sequence[bytes]
    """Key of each record."""
    bodies: Sequence[bytes]
    """Value of each record, byte for byte."""
    reasons: Sequence[str | None] | None
    """Header `udi-reason` of each dead letter; `None` of other topics."""
    origins: Sequence[str | None] | None
    """Header `udi-origin` of each dead letter; `None` of other topics."""
    arrived_at: datetime | None
    """The broker's timestamp of the oldest record that caused them; `None` when unknown."""
    written_at: datetime | None = None
    """When the books knew them, by the database's clock; `None`: it fills it in."""


class CaseDeltaRow(NamedTuple):
    """`udi.case_delta`: the encounters a batch has changed; reader and number are the database's."""

    reader: None
    """Filled in by the database: who is to look at it."""
    delta_id: None
    """Filled in by the database."""
    hospitals: Sequence[str]
    """Hospital of each encounter."""
    encounters: Sequence[str]
    """Opaque id of each stay."""
    recorded_at: datetime
    """The broker's timestamp of the newest record that caused it."""
