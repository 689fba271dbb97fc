"""What is recorded in one transaction, and how recording may fail."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Generic, NamedTuple, Protocol, TypeVar

from models.charging.books import BadRecord, Prior, RecordedScan, Ref, Waiting
from models.charging.commands import Carried, Commanded
from models.charging.decision import Decision
from models.charging.snapshot import Catalogue, Lookup, Snapshot
from models.wire.strict_json import Body, Refusal
from sinks.ports.aside import Aside


class RawRecord(NamedTuple):
    """A record as it came from the broker."""

    key: bytes | None
    """The record's key; `None` without one."""
    value: bytes | None
    """The record's value; `None` of a tombstone."""


T = TypeVar("T")


class Read(NamedTuple, Generic[T]):
    """A record and what it says; no database, so that it is read while the batch before is recorded."""

    raw: RawRecord
    """The record as it came."""
    said: tuple[T, Body] | Refusal
    """What it says, or why it is no record of its topic."""


@dataclass(frozen=True, slots=True)
class InputPosition:
    """One input partition and how far it is recorded."""

    position_id: int
    """Number of the input position: cluster, topic and partition."""
    cluster_id: str
    """Id of the broker's cluster: another cluster has other offsets."""
    topic: str
    """Full name of the topic, with its prefix."""
    partition: int
    """Partition of the topic."""
    next_offset: int
    """Offset after the newest recorded one."""
    last_hash: bytes | None
    """Hash of the newest recorded record; `None` when none was."""

    def origin(self, offset: int) -> str:
        """A record's place as it stands in `udi-origin`."""
        return f"{self.topic}/{self.partition}/{offset}"


@dataclass(slots=True)
class Batch:
    """Everything one transaction of a lane records."""

    lane: int
    """Lane that records."""
    position: InputPosition
    """Where the lane stands now; nothing is recorded when it has moved."""
    next_offset: int
    """Where it stands afterwards."""
    last_hash: bytes | None
    """Of the newest record; `None` keeps the one there is."""
    gathered: Snapshot
    """What it was decided on; nothing is recorded when that no longer holds."""
    results: list[Decision | BadRecord]
    """What was decided, in the order of the records."""
    raw: Mapping[Ref, RawRecord] = field(default_factory=dict)
    """The records of first decisions and bad records."""
    arrived_at: datetime | None = None
    """The broker's timestamp of its oldest record."""
    carried: Sequence[Carried] = ()
    """What became of the lane's next commands."""
    facts_seen: int = 0
    """The lane has re-decided its own rows for facts up to this version; 0 leaves it."""


class RecordingError(Exception):
    """Nothing was recorded."""


class LaneMovedError(RecordingError):
    """Another worker has recorded in this lane: this one no longer owns it. Read the position again."""


class ClaimTakenError(RecordingError):
    """A scan id, a unit or a return number was claimed meanwhile. Gather and decide again."""


class StaleError(RecordingError):
    """A fact the decision rests on has changed meanwhile. Gather and decide again."""


@dataclass(frozen=True, slots=True)
class LaneState:
    """A lane as its worker takes it over."""

    lane: int
    """Number of the lane: its partition of `udi.scans`."""
    position: InputPosition
    """How far it is recorded."""
    version: int
    """Version of the lane's row; recording fails when it has moved on."""
    waiting: list[Waiting]
    """Half labels that wait, oldest first."""


class Again(NamedTuple):
    """A scan of a lane that is worth another look."""

    ref: Ref
    """Record of the scan."""
    at: datetime
    """The instant of what made it so."""
    version: int = 0
    """Of a charge: the newest change of its item's price. Rows are found in its order, and of one item in theirs."""


LookedAt = tuple[RecordedScan, Prior, datetime]
"""Such a scan as it stands, with what earlier decisions of it left, and the instant."""


class Unreadable(NamedTuple):
    """Such a scan whose rows can't be read."""

    ref: Ref
    """Where its record lies: input position and offset."""
    at: datetime
    """The instant of what made it worth another look."""
    error: Exception
    """Why not."""


class Books(Protocol):
    """The books of one installation.

    Every method may raise what its driver raises when the database is away; after such an error of `record` the
    outcome is unknown and `take_over` tells it.
    """

    async def take_over(self, cluster_id: str, topic: str, partition: int) -> LaneState:
        """Where the lane stands. Makes its rows when the partition is new."""

    async def gather(self, lane: int, wanted: Lookup, catalogue: Catalogue) -> Snapshot:
        """One snapshot of what is wanted; brings `catalogue` to the version of that snapshot."""

    async def record(self, batch: Batch) -> int:
        """Record the batch, whole or not at all, and give the lane's new version.

        Raises:
            LaneMovedError: compare-and-set found another version or offset.
            ClaimTakenError: see there.
            StaleError: see there.
        """

    async def commands(self, lane: int, limit: int) -> list[Commanded]:
        """What persons command of this lane and it has not carried out, in order."""

    @property
    def aside(self) -> Aside:
        """Where scans are kept that can't be decided again."""

    async def freed(self, lane: int, gathered: Snapshot, after: Again | None, limit: int) -> list[Again]:
        """Scans of this lane after `after` that wait and may be free by the snapshot's facts.

        Oldest first, each with the instant of what freed it.
        """

    async def repriced(self, lane: int, gathered: Snapshot, after: Again | None, limit: int) -> list[Again]:
        """Uses of this lane after `after` whose charge may have another price, or whose missing cost may be known.

        By the snapshot's facts, item by item, in the order of their newest change, and of one item the oldest first;
        each with the instant of the change. The next ones cost what they are, not what there is.
        """

    async def look_again(self, rows: Sequence[Again]) -> tuple[list[LookedAt], list[Unreadable]]:
        """Scans as they stand now, in order, and those whose rows can't be read."""
