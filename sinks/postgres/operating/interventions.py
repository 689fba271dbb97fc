"""What persons decided about lanes and outputs that stand still: kept for ever, with who and why."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any, NamedTuple

from sinks.postgres.named import Asked


class Kind(StrEnum):
    """What a person did."""

    RESUME = "resume"
    """A stopped lane or relay looks again."""
    PASS = "pass"  # noqa: S105 -- no password: it passes an offset
    """An input offset was given up; its bytes are kept here."""
    START = "start"
    """The relay goes on after a chosen record of an output partition."""
    BIND = "bind"
    """The outbox took over what lies on an output partition."""


@dataclass(frozen=True, slots=True)
class Intervention:
    """One row of `udi.intervention`, to be written."""

    kind: Kind
    """What was done."""
    by: str
    """Who did it."""
    reason: str
    """Why, in the person's words."""
    topic: str | None = None
    """By its name in `models.wire.topics`; `None`: all of them."""
    partition: int | None = None
    """Partition of the topic; `None`: all of them."""
    cluster_id: str | None = None
    """Id of the broker's cluster; `None` where no offset is concerned."""
    from_at: int | None = None
    """First offset, or sequence number, that it is about."""
    until: int | None = None
    """The one after the last."""
    record_key: bytes | None = None
    """Key of a record that was given up; `None` otherwise."""
    record_value: bytes | None = None
    """Value of a record that was given up; `None` otherwise."""
    detail: str = "{}"
    """JSON."""


_RESUMED = """
SELECT coalesce(max(intervention_id), 0) FROM udi.intervention
WHERE kind <> 'pass' AND (topic IS NULL OR (topic, partition) = ANY (SELECT * FROM unnest($1::text[], $2::smallint[])))
"""


_WORD = """
SELECT max(intervention_id) AS number,
    array_agg(from_at ORDER BY from_at) FILTER (WHERE kind = 'pass' AND cluster_id = $3) AS starts,
    array_agg(until ORDER BY from_at) FILTER (WHERE kind = 'pass' AND cluster_id = $3) AS ends
FROM udi.intervention WHERE topic IS NULL OR (topic, partition) = ($1, $2)
"""


class Stand(NamedTuple):
    """Where an input partition stands in the books."""

    topic: str
    """With its prefix."""
    partition: int
    """Partition of the topic."""
    next_offset: int
    """Offset after the newest recorded one."""


class Word(NamedTuple):
    """What persons have said about an input partition."""

    number: int = 0
    """Of the newest; 0: nothing."""
    passed: tuple[tuple[int, int], ...] = ()
    """Offsets that are given up: the first, and the one after the last."""

    def after(self, offset: int) -> int:
        """The offset itself, or the first one after it that is not given up."""
        for start, end in self.passed:
            if start <= offset < end:
                offset = end
        return offset


class Interventions:
    """Reads and writes them."""

    def __init__(self, pool: Asked) -> None:
        self._pool = pool

    async def keep(self, each: Intervention) -> tuple[int, datetime]:
        """Keep one; gives its number and when, by the database's clock."""
        row = await self._pool.fetchrow(
            "INSERT INTO udi.intervention (kind, by, reason, topic, partition, cluster_id, from_at, until, record_key, "
            "record_value, detail) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11::jsonb) "
            "RETURNING intervention_id, at",
            str(each.kind), each.by, each.reason, each.topic, each.partition, each.cluster_id, each.from_at,
            each.until, each.record_key, each.record_value, each.detail,
        )  # fmt: skip
        assert row is not None  # noqa: S101 -- RETURNING gives the row
        return row["intervention_id"], row["at"]

    async def resumed(self, partitions: list[tuple[str, int]]) -> int:
        """The number of the newest one after which any of the partitions may be looked at again; 0 for none."""
        topics, numbers = [topic for topic, _ in partitions], [partition for _, partition in partitions]
        return int(await self._pool.fetchval(_RESUMED, topics, numbers))

    async def word(self, topic: str, partition: int, cluster_id: str) -> Word:
        """What was said about an input partition of a cluster (topic without prefix)."""
        row = await self._pool.fetchrow(_WORD, topic, partition, cluster_id)
        if row is None or row["number"] is None:
            return Word()
        return Word(row["number"], tuple(zip(row["starts"] or (), row["ends"] or (), strict=True)))

    async def stands(self, cluster_id: str) -> list[Stand]:
        """Every input partition of a cluster of which something was read."""
        rows = await self._pool.fetch(
            "SELECT topic, partition, next_offset FROM udi.position WHERE cluster_id = $1 ORDER BY topic, partition",
            cluster_id,
        )
        return [Stand(*row) for row in rows]

    async def all(self) -> list[dict[str, Any]]:
        """Every one, the newest first, without the bytes."""
        rows = await self._pool.fetch(
            "SELECT intervention_id, at, kind, topic, partition, cluster_id, from_at, until, by, reason, detail "
            "FROM udi.intervention ORDER BY intervention_id DESC"
        )
        return [dict(row) for row in rows]
