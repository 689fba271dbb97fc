"""The shape of the tables a batch writes, said once: a row type per table, its fields the table's columns in order.

Here are scans and what was decided of them; `entry_tables` has what follows from it.

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
    """Id of the hospital; the first part of every record key."""
    scan_id: UUID
    """Id of the scan, made by its device."""
    position_id: int
    """Number of the input position: cluster, topic and partition."""
    record_offset: int
    """Offset of the record in its partition."""
    fingerprint: bytes
    """16 bytes, equal exactly when the canonical JSON of the record is equal."""


class UnitRow(NamedTuple):
    """`udi.unit_claim`: which use holds a serial-numbered unit."""

    hospital: str
    """Id of the hospital; the first part of every record key."""
    issuer: str
    """Issuing agency of the identifier (`models.udi.Issuer`)."""
    di: str
    """Device identifier (UDI-DI) in its canonical form."""
    serial: str
    """Serial number as printed."""
    position_id: int
    """Number of the input position: cluster, topic and partition."""
    record_offset: int
    """Offset of the use that holds it."""


class ChangeRow(NamedTuple):
    """`udi.use_change`: change number `n` of a use, and by which scan."""

    use_position: int
    """Input position of the use."""
    use_offset: int
    """Offset of the use in its partition."""
    n: int
    """1, 2, 3 … of the use, without gaps."""
    units: int
    """Units that came back; 0 when the use itself was changed."""
    by_position: int
    """Input position of the scan that changed it."""
    by_offset: int
    """Offset of the scan that changed it."""


class ScanRow(NamedTuple):
    """`udi.scan`: a record of the scan topic with its first verdict."""

    position_id: int
    """Number of the input position: cluster, topic and partition."""
    record_offset: int
    """Offset of the record in its partition."""
    lane: int
    """The partition of `udi.scans` that its scan came in on."""
    recorded_at: datetime
    """The broker's timestamp of the record."""
    hospital: str
    """Id of the hospital; the first part of every record key."""
    scan_id: UUID | None = None
    """`None` of a bad record whose id could not be read."""
    device_id: str | None = None
    """`None` of a bad record whose device could not be read."""
    boot: str | None = None
    """Changes when the device restarts; `None` when it does not say."""
    sequence: int | None = None
    """Counts the scans of one boot; `None` when the device does not say."""
    scanned_at: datetime | None = None
    """When it was scanned, by the device's clock; `None` of a bad record."""
    action: str | None = None
    """What was done with the goods; `None` of a bad record."""
    entry: str | None = None
    """How the codes got in: `scan`, `camera`, `rfid`, `manual`; `None` of a bad record."""
    quantity: int | None = None
    """Packages of the level scanned; `None` of a bad record."""
    store: str | None = None
    """Store it was scanned in; `None` of a bad record."""
    to_store: str | None = None
    """Store the goods go to, or come back to; `None` when they stay."""
    department: str | None = None
    """Id of the clinical department; `None` when nobody said."""
    encounter: str | None = None
    """Opaque id of the patient's stay; `None` without one."""
    operation: str | None = None
    """Id of the operation within the stay; `None` outside one."""
    team: str | None = None
    """Id of the medical team; `None` when nobody said."""
    staff: str | None = None
    """Who scanned, by an opaque id; `None` when nobody said."""
    corrects: UUID | None = None
    """Scan that it takes back or replaces; `None` of others."""
    explanation: str | None = None
    """The person's reason on the scan; `None` without one."""
    issuer: str | None = None
    """Issuing agency of the identifier (`models.udi.Issuer`); `None` without a code."""
    di: str | None = None
    """Device identifier (UDI-DI) in its canonical form; `None` when the label gives none."""
    lot: str | None = None
    """Lot number as printed; `None` when it is not known."""
    serial: str | None = None
    """Serial number as printed; `None` when it is not known."""
    expiry: date | None = None
    """Last usable day; `None` when it is not known."""
    production: date | None = None
    """Day of production; `None` when it is not known."""
    verdict: str = "refused"
    """Its first verdict."""
    reasons: Sequence[str] = ()
    """Why, in order of precedence; the first that decides gave the verdict."""
    item_code: str | None = None
    """The item's code in the HIS catalogue; `None` while it is unknown."""
    units: int | None = None
    """Units of use; `None` while the item is unknown."""
    owner: str | None = None
    """Whose goods they are: `hospital`, or the supplier's id; `None` when none moved."""
    record_key: bytes | None = None
    """The record's key; `None` without one."""
    raw: None = None
    """Services before 0042 wrote the record's bytes here; they are in `RawRow`."""
    label_flags: Sequence[str] | None = None
    """What was noticed while reading the label; `None` when nothing was."""
    document: str | None = None
    """Delivery note, transfer, count or order it belongs to; `None` without one."""
    place: str | None = None
    """Room, cabinet or cart inside the store; `None` when nobody said."""
    from_place: str | None = None
    """Place the goods left; `None` when nothing moved."""
    to_place: str | None = None
    """Place the goods reached; `None` when nothing moved."""
    cost: int | None = None
    """1/10,000 yuan a unit; `None` when none was in force or nothing moved."""


class RawRow(NamedTuple):
    """`udi.scan_raw`: the bytes of a record as they came."""

    stored_at: None
    """`udi.record_4` takes the instant of the batch."""
    position_id: int
    """Number of the input position: cluster, topic and partition."""
    record_offset: int
    """Offset of the record in its partition."""
    raw: bytes
    """The record's bytes; a record without a value has no row."""


class OverrideRow(NamedTuple):
    """`udi.scan_override`: who let pass with the scan what the hospital has set against a charge, and why."""

    position_id: int
    """Number of the input position: cluster, topic and partition."""
    record_offset: int
    """Offset of the scan in its partition."""
    badge: str
    """Badge of the person."""
    reason: str
    """The person's words."""


class DecisionRow(NamedTuple):
    """`udi.decision`: later decision number `n` of a scan."""

    position_id: int
    """Number of the input position: cluster, topic and partition."""
    record_offset: int
    """Offset of the record in its partition."""
    n: int
    """1, 2, 3 …: the first decision is in `udi.scan`."""
    lane: int
    """The partition of `udi.scans` that its scan came in on."""
    decided_at: datetime
    """The broker's timestamp of the record that caused the decision."""
    verdict: str
    """What the scan came to by it."""
    reasons: Sequence[str]
    """Why, in order of precedence; the first that decides gave the verdict."""
    issuer: str | None
    """Issuing agency of the identifier (`models.udi.Issuer`); `None` without a code."""
    di: str | None
    """Device identifier (UDI-DI) in its canonical form; `None` when the label gives none."""
    lot: str | None
    """Lot number as printed; `None` when it is not known."""
    serial: str | None
    """Serial number as printed; `None` when it is not known."""
    expiry: date | None
    """Last usable day; `None` when it is not known."""
    production: date | None
    """Day of production; `None` when it is not known."""
    item_code: str | None
    """The item's code in the HIS catalogue; `None` while it is unknown."""
    units: int | None
    """Units of use; `None` while the item is unknown."""
    owner: str | None
    """Whose goods they are: `hospital`, or the supplier's id; `None` when none moved."""
    label_flags: Sequence[str] | None
    """What was noticed while reading the label; `None` when nothing was."""
    takes_back: bool
    """Its move is the way back of what an earlier decision moved."""
    from_place: str | None
    """Place the goods left; `None` when nothing moved."""
    to_place: str | None
    """Place the goods reached; `None` when nothing moved."""
    cost: int | None
    """1/10,000 yuan a unit; `None` when none was in force or nothing moved."""


class OpenRow(NamedTuple):
    """`udi.open_scan`: what waits, for what, since when."""

    position_id: int
    """Number of the input position: cluster, topic and partition."""
    record_offset: int
    """Offset of the record in its partition."""
    lane: int
    """The partition of `udi.scans` that its scan came in on."""
    verdict: str
    """`waiting`, `parked` or `held`."""
    reason: str
    """Reason that decided the verdict."""
    action: str
    """What was done with the goods (`models.scan.event.Action`)."""
    hospital: str
    """Id of the hospital; the first part of every record key."""
    issuer: str | None
    """Issuing agency of the identifier (`models.udi.Issuer`); `None` without a code."""
    di: str | None
    """Device identifier (UDI-DI) in its canonical form; `None` when the label gives none."""
    serial: str | None
    """Serial number as printed; `None` when it is not known."""
    item_code: str | None
    """The item's code in the HIS catalogue; `None` while it is unknown."""
    encounter: str | None
    """Opaque id of the patient's stay; `None` without one."""
    since: datetime
    """When it began to wait."""


class ReadingRow(NamedTuple):
    """`udi.reading`: one of the readings of an ambiguous label."""

    position_id: int
    """Number of the input position: cluster, topic and partition."""
    record_offset: int
    """Offset of the record in its partition."""
    n: int
    """Number of the decision that found it."""
    number: int
    """1, 2 … in the order in which they are listed."""
    as_read: bool
    """It is the label as the scanner gave it."""
    possible: bool
    """What is known of the maker leaves it possible."""
    issuer: str
    """Issuing agency of the identifier (`models.udi.Issuer`)."""
    di: str | None
    """Device identifier (UDI-DI) in its canonical form; `None` when the label gives none."""
    lot: str | None
    """Lot number as printed; `None` when it is not known."""
    serial: str | None
    """Serial number as printed; `None` when it is not known."""
    expiry: date | None
    """Last usable day; `None` when it is not known."""
    production: date | None
    """Day of production; `None` when it is not known."""


class PairRow(NamedTuple):
    """`udi.pair`: two half labels that belong together."""

    position_id: int
    """Number of the input position: cluster, topic and partition."""
    record_offset: int
    """Offset of the record in its partition."""
    n: int
    """Number of the decision that joined them."""
    rest_position: int
    """Input position of the half without identifier."""
    rest_offset: int
    """Offset of the half without identifier."""


class CommandOutcomeRow(NamedTuple):
    """`udi.command_outcome`: what became of a person's command."""

    lane: int
    """The partition of `udi.scans` that its scan came in on."""
    seq: int
    """Number of the command on its lane."""
    done: bool
    """`False`: something stood against it, and nothing changed."""
    detail: str
    """The verdicts that followed, or what stood against it."""
