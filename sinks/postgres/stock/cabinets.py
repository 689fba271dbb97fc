"""Reads of cabinets into the books, and what they lack or hold that the books don't know.

References:
    docs/store.md, "Cabinets"; docs/adr/0019-cabinet-reads.md.
"""

from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Final, NamedTuple

from models.calendar import ZONE_DEFAULT, local_day
from models.personal import masked
from models.reasons import Reason
from models.scan.event import SCANNED_AHEAD_MAX, SCANNED_YEAR_MIN
from models.stock.cabinet import CabinetRead, SuspectedUse, TagFinding, read_cabinet
from models.udi.reading import parse
from models.wire.strict_json import Body, Refusal
from sinks.messages.outgoing import Outgoing, letter_of
from sinks.ports.batch import InputPosition, RawRecord, Read
from sinks.postgres.charging.inputs import InputBooks
from sinks.postgres.named import Asked, fetch

_RECORD: Final = "udi.record_cabinet_reads_2"
_SUSPECTED: Final = """
SELECT hospital, store, place, session, staff, seen_at, missed_at, item_code, issuer, di, serial, status,
       scan_id::text AS scan_id, seen_in, seen_in_at
FROM report.suspected_uses_3
WHERE ($1::text IS NULL OR hospital = $1) AND ($2::text IS NULL OR store = $2)
  AND ($3 OR status IN ('suspected', 'unknown-item'))
ORDER BY status = 'unknown-item', missed_at, hospital, store, place, di, serial
"""
_TAGS: Final = """
SELECT hospital, store, place, read_at, tag, issuer, di, serial, item_code, finding, is_at FROM report.cabinet_tags
WHERE ($1::text IS NULL OR hospital = $1) AND ($2::text IS NULL OR store = $2)
ORDER BY hospital, store, place, finding, di, serial, tag
"""


class CabinetReadRow(NamedTuple):
    """A row of `udi.cabinet_read`."""

    hospital: str
    """Id of the hospital; the first part of every record key."""
    store: str
    """Id of the store the cabinet stands in."""
    place: str
    """The cabinet."""
    read_at: datetime
    """When the tags were read."""
    session: str | None
    """Id of the opening; `None`: nobody had opened it."""
    staff: str | None
    """Badge that opened it; `None` when nobody said."""
    issuers: list[str]
    """Of the units, side by side with `dis` and `serials`."""
    dis: list[str]
    """Device identifiers of the units."""
    serials: list[str]
    """Serial numbers of the units."""
    unread: list[str]
    """Texts that name no unit by a serial."""
    fingerprint: bytes
    """16 bytes, equal exactly when the canonical JSON of the record is equal."""
    origin: str
    """Topic, partition and offset of the record as it came."""
    recorded_at: datetime
    """The broker's timestamp of the record."""


@dataclass(slots=True)
class CabinetBatch:
    """Rows of one transaction."""

    reads: list[CabinetReadRow] = field(default_factory=list)
    """Reads in the order they came."""
    letters: list[Outgoing] = field(default_factory=list)
    """Dead letters of what could not be read."""


class CabinetBooks(InputBooks):
    """The side of the books that holds reads of cabinets."""

    @staticmethod
    def parse(record: RawRecord) -> Read[CabinetRead]:
        """What a record of `udi.cabinet-reads` says."""
        return Read(record, read_cabinet(record.key, record.value))

    @staticmethod
    def add(batch: CabinetBatch, read: Read[CabinetRead], at: datetime, origin: str) -> None:
        """A read into the batch, or a dead letter."""
        said = read.said if isinstance(read.said, Refusal) else misdated(read.said[0], at) or read.said
        if isinstance(said, Refusal):
            batch.letters.append(letter_of(read.raw, said, origin))
        else:
            batch.reads.append(_row(*said, origin, at))

    async def record(
        self, position: InputPosition, next_offset: int, last_hash: bytes | None, batch: CabinetBatch
    ) -> int:
        """Record the batch and the position, whole or not at all; gives how many reads were new.

        Raises:
            LaneMovedError: another process has moved the position.
        """
        return await self._record(_RECORD, position, next_offset, last_hash, (batch.reads,), batch.letters)


def misdated(read: CabinetRead, at: datetime) -> Refusal | None:
    """Why a read is none by its time, and from when on it will be one; `None` when it fits.

    Args:
        read: As it came.
        at: When the broker had it, by its timestamp.
    """
    timely = read.read_at <= at + SCANNED_AHEAD_MAX
    if timely and read.read_at.year >= SCANNED_YEAR_MIN:
        return None
    expected = "Expected an instant from 2000 on"
    if not timely:
        accepted_at = _second(read.read_at - SCANNED_AHEAD_MAX)
        expected = f"Expected an instant at most 24 hours after the broker's (so from {accepted_at} on it is accepted)"
    return Refusal(Reason.BAD_EVENT, f"read_at: {expected}, got {_second(read.read_at)}.")


def _second(at: datetime) -> str:
    return at.astimezone(UTC).isoformat(timespec="seconds")


def _row(read: CabinetRead, body: Body, origin: str, at: datetime) -> CabinetReadRow:
    units, unread = set[tuple[str, str, str]](), set[str]()
    for tag in read.tags:
        code = parse(tag, scanned_on=local_day(read.read_at, ZONE_DEFAULT))
        if code.valid and code.di and code.serial:
            units.add((code.issuer.value, code.di, code.serial))
        else:
            # A text of the database holds no NUL.
            unread.add(masked(tag).replace("\x00", ""))
    ordered = sorted(units)
    return CabinetReadRow(
        read.hospital, read.store, read.place, read.read_at, read.session, read.staff, [each[0] for each in ordered],
        [each[1] for each in ordered], [each[2] for each in ordered], sorted(unread), body.fingerprint, origin, at,
    )  # fmt: skip


async def suspected_uses(
    asked: Asked, hospital: str | None = None, store: str | None = None, *, every: bool = False
) -> list[SuspectedUse]:
    """Units that have left a cabinet, the first missed first; `every`: those that are explained, too."""
    return await fetch(asked, SuspectedUse, _SUSPECTED, hospital, store, every)


async def tag_findings(asked: Asked, hospital: str | None = None, store: str | None = None) -> list[TagFinding]:
    """Tags of the newest reads that are not what the books have there."""
    return await fetch(asked, TagFinding, _TAGS, hospital, store)
