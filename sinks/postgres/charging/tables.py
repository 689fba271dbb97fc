"""The shape of the tables a batch writes, said once: a row type per table, its fields the table's columns in order.

`sinks/postgres/migrations/sql/0001_tables.sql` says what each column means; a test holds both alike. Columns the
database fills by itself are left `None`.
"""

from collections.abc import Sequence
from datetime import date, datetime
from typing import Any, NamedTuple
from uuid import UUID

Row = tuple[Any, ...]
"""A row of any table, in the order of its columns."""


class ClaimRow(NamedTuple):
    """`udi.scan_claim`: a scan id counts once."""

    hospital: str
    scan_id: UUID
    position_id: int
    record_offset: int
    fingerprint: bytes


class UnitRow(NamedTuple):
    """`udi.unit_claim`: which use holds a serial-numbered unit."""

    hospital: str
    issuer: str
    di: str
    serial: str
    position_id: int
    record_offset: int


class ChangeRow(NamedTuple):
    """`udi.use_change`: change number `n` of a use, and by which scan."""

    use_position: int
    use_offset: int
    n: int
    units: int | None
    by_position: int
    by_offset: int


class ScanRow(NamedTuple):
    """`udi.scan`: a record of the scan topic with its first verdict."""

    position_id: int
    record_offset: int
    lane: int
    recorded_at: datetime
    hospital: str
    scan_id: UUID | None = None
    device_id: str | None = None
    boot: str | None = None
    sequence: int | None = None
    scanned_at: datetime | None = None
    action: str | None = None
    entry: str | None = None
    quantity: int | None = None
    store: str | None = None
    to_store: str | None = None
    department: str | None = None
    encounter: str | None = None
    operation: str | None = None
    team: str | None = None
    staff: str | None = None
    corrects: UUID | None = None
    explanation: str | None = None
    issuer: str | None = None
    di: str | None = None
    lot: str | None = None
    serial: str | None = None
    expiry: date | None = None
    production: date | None = None
    verdict: str = "refused"
    reasons: Sequence[str] = ()
    item_code: str | None = None
    units: int | None = None
    owner: str | None = None
    record_key: bytes | None = None
    raw: bytes | None = None
    label_flags: Sequence[str] | None = None
    document: str | None = None
    place: str | None = None
    from_place: str | None = None
    to_place: str | None = None
    cost: int | None = None


class DecisionRow(NamedTuple):
    """`udi.decision`: later decision number `n` of a scan."""

    position_id: int
    record_offset: int
    n: int
    lane: int
    decided_at: datetime
    verdict: str
    reasons: Sequence[str]
    issuer: str | None
    di: str | None
    lot: str | None
    serial: str | None
    expiry: date | None
    production: date | None
    item_code: str | None
    units: int | None
    owner: str | None
    label_flags: Sequence[str] | None
    takes_back: bool
    from_place: str | None
    to_place: str | None
    cost: int | None


class OpenRow(NamedTuple):
    """`udi.open_scan`: what waits, for what, since when."""

    position_id: int
    record_offset: int
    lane: int
    verdict: str
    reason: str
    action: str
    hospital: str
    issuer: str | None
    di: str | None
    serial: str | None
    item_code: str | None
    encounter: str | None
    since: datetime


class LedgerRow(NamedTuple):
    """`udi.ledger`: a charge, or a credit that names its charge."""

    position_id: int
    record_offset: int
    n: int
    kind: str
    billing_id: UUID
    charge_position: int | None
    charge_offset: int | None
    charge_n: int | None
    credit_number: int | None
    hospital: str
    encounter: str
    department: str | None
    team: str | None
    item_code: str
    insurance_code: str | None
    quantity: int
    unit_price: int
    amount_fen: int
    price_version: int
    period: int
    posted_at: datetime
    flags: Sequence[str]
    recorded_at: datetime | None = None


class SettlementRow(NamedTuple):
    """`udi.settlement`: what a supplier may invoice for a use, or its reversal."""

    position_id: int
    record_offset: int
    n: int
    line_id: UUID
    reverses: UUID | None
    hospital: str
    supplier: str
    scan_id: UUID
    item_code: str
    quantity: int
    cost: int | None
    amount_fen: int | None
    period: int
    status: str
    recorded_at: datetime | None = None


class WasteRow(NamedTuple):
    """`udi.waste_cost`: goods opened and not used, or thrown away, at cost."""

    position_id: int
    record_offset: int
    n: int
    hospital: str
    department: str | None
    item_code: str
    action: str
    explanation: str | None
    units: int
    cost: int | None
    amount_fen: int | None
    period: int
    recorded_at: datetime | None = None


class BalanceRow(NamedTuple):
    """`udi.balance`: what a batch adds to a balance of its lane."""

    hospital: str
    store: str
    item_code: str
    owner: str
    lot: str
    serial: str
    lane: int
    issuer: str
    di: str
    expiry: date | None
    quantity: int


class StoreItemRow(NamedTuple):
    """`udi.store_item`: what a batch adds to an item of a store, over all lots and owners."""

    hospital: str
    store: str
    item_code: str
    lane: int
    quantity: int


class UsageRow(NamedTuple):
    """`udi.usage_delta`: what a batch adds to the usage of months; arrays of one length."""

    lane: int
    version: int
    hospitals: Sequence[str]
    departments: Sequence[str]
    items: Sequence[str]
    months: Sequence[int]
    quantities: Sequence[int]
    amounts: Sequence[int]
    recorded_at: datetime


class OutboxRow(NamedTuple):
    """`udi.outbox_block`: records for one topic and partition; arrays of one length."""

    topic: str
    partition: int
    first_seq: int
    last_seq: int
    ids: Sequence[UUID]
    keys: Sequence[bytes]
    bodies: Sequence[bytes]
    reasons: Sequence[str | None] | None
    origins: Sequence[str | None] | None
    arrived_at: datetime | None
    written_at: datetime | None = None


class ReadingRow(NamedTuple):
    """`udi.reading`: one of the readings of an ambiguous label."""

    position_id: int
    record_offset: int
    n: int
    number: int
    as_read: bool
    possible: bool
    issuer: str
    di: str | None
    lot: str | None
    serial: str | None
    expiry: date | None
    production: date | None


class PairRow(NamedTuple):
    """`udi.pair`: two half labels that belong together."""

    position_id: int
    record_offset: int
    n: int
    rest_position: int
    rest_offset: int


class CommandOutcomeRow(NamedTuple):
    """`udi.command_outcome`: what became of a person's command."""

    lane: int
    seq: int
    done: bool
    detail: str


class CaseDeltaRow(NamedTuple):
    """`udi.case_delta`: the encounters a batch has changed; reader and number are the database's."""

    reader: None
    delta_id: None
    hospitals: Sequence[str]
    encounters: Sequence[str]
    recorded_at: datetime
