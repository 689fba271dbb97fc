"""The outbox and the recorded input, read in order beside their topics."""

from dataclasses import dataclass
from typing import Final, NamedTuple

from models.wire.topics import LANE_OUTPUTS
from sinks.postgres.named import Asked, fetch

_BLOCKS: Final = """
SELECT first_seq, ids, keys, bodies, reasons, origins, last_seq <= udi.purged_through(topic, partition) AS purged
FROM udi.outbox_block WHERE topic = $1 AND partition = $2 AND last_seq >= $3 ORDER BY first_seq LIMIT $4
"""
_BLOCKS_AT_ONCE: Final = 20
_LANES: Final = "SELECT * FROM udi.lane ORDER BY lane"
_COUNTERS: Final = "SELECT topic, partition, last_seq FROM udi.topic_counter ORDER BY topic, partition"
_POSITIONS: Final = """
SELECT position_id, partition, next_offset FROM udi.position WHERE (cluster_id, topic) = ($1, $2)
"""
_RECORDED: Final = """
SELECT record_offset, s.record_key, b.raw, b.let_go_at IS NOT NULL AS let_go
FROM udi.scan s JOIN udi.raw_bytes b USING (position_id, record_offset)
WHERE position_id = $1 AND record_offset >= $2 AND record_offset < $3
ORDER BY record_offset
"""


class DueRecord(NamedTuple):
    """A record as the outbox holds it."""

    seq: int
    """Its sequence number on topic and partition: 1, 2, 3 … without gaps."""
    id: str
    """Its header `udi-id`."""
    key: bytes
    """The record's key, as bytes."""
    body: bytes | None
    """`None`: let go."""
    reason: str | None
    """Of a dead letter: header `udi-reason`; else `None`."""
    origin: str | None
    """Of a dead letter: topic, partition and offset of the record as it came; else `None`."""


class RecordedInput(NamedTuple):
    """A record of the scan topic as the books hold it."""

    record_offset: int
    """Offset of the record in its partition."""
    record_key: bytes | None
    """Key of the record; `None` without one."""
    raw: bytes | None
    """Value of the record; `None` of a tombstone."""
    let_go: bool
    """Its value was let go by retention."""


@dataclass(frozen=True, slots=True)
class RecordedPosition:
    """How far a partition of an input topic is recorded."""

    position_id: int
    """Number of the input position: cluster, topic and partition."""
    partition: int
    """Partition of the topic."""
    next_offset: int
    """Offset after the newest recorded one."""


async def due_records(asked: Asked, topic: str, partition: int, from_seq: int) -> list[DueRecord]:
    """The next records of the outbox from a number on; some blocks of them, empty at the end."""
    due: list[DueRecord] = []
    for row in await asked.fetch(_BLOCKS, topic, partition, from_seq, _BLOCKS_AT_ONCE):
        none = [None] * len(row["ids"])
        bodies = none if row["purged"] else row["bodies"]
        parts = zip(row["ids"], row["keys"], bodies, row["reasons"] or none, row["origins"] or none, strict=True)
        due += [DueRecord(row["first_seq"] + place, str(part[0]), *part[1:]) for place, part in enumerate(parts)]
    return [each for each in due if each.seq >= from_seq]


async def newest_seqs(asked: Asked) -> dict[tuple[str, int], int]:
    """The newest number of the outbox by (topic, partition)."""
    columns = {topic: topic.replace("-", "_") + "_seq" for topic in LANE_OUTPUTS}
    lanes = await asked.fetch(_LANES)
    newest = {(topic, row["lane"]): row[column] for row in lanes for topic, column in columns.items()}
    return newest | {(row["topic"], row["partition"]): row["last_seq"] for row in await asked.fetch(_COUNTERS)}


async def begun_after(asked: Asked, cluster: str) -> dict[tuple[str, int], int]:
    """After which record a person let a cluster's topics begin, by (topic, partition); others begin with the first."""
    rows = await asked.fetch("SELECT topic, partition, begun FROM udi.relay_floor WHERE cluster_id = $1", cluster)
    return {(row["topic"], row["partition"]): row["begun"] for row in rows}


async def positions_of(asked: Asked, cluster: str, topic: str) -> list[RecordedPosition]:
    """How far each partition of a topic of a cluster is recorded."""
    return await fetch(asked, RecordedPosition, _POSITIONS, cluster, topic)


async def recorded_between(asked: Asked, position_id: int, first: int, end: int) -> list[RecordedInput]:
    """What is recorded of a partition at the offsets from `first` on and below `end`, in order."""
    return await fetch(asked, RecordedInput, _RECORDED, position_id, first, end)
