"""Recall notices into the books: each batch in one transaction with its position, as facts that lanes decide by."""

from dataclasses import dataclass, field
from datetime import datetime

import asyncpg

from models.reasons import Reason
from models.stock.recall import Recall, read_recall
from models.wire.strict_json import Refusal
from models.wire.topics import DEAD_LETTERS
from sinks.messages.outgoing import Outgoing, letter_of
from sinks.ports.batch import InputPosition, LaneMovedError, RawRecord
from sinks.postgres.charging.books import take_position
from sinks.postgres.charging.rows import outbox_row
from sinks.postgres.charging.tables import Row

_RECORD = "SELECT udi.record_recalls($1, $2, $3, $4, $5, $6, $7, $8)"


@dataclass(slots=True)
class RecallBatch:
    """Rows of one transaction; facts count from 1 within it."""

    recalls: list[Row] = field(default_factory=list)
    changes: list[Row] = field(default_factory=list)
    letters: list[Outgoing] = field(default_factory=list)

    def add(self, recall: Recall, body: bytes, at: datetime) -> None:
        """A version of a notice."""
        fact = len(self.changes) + 1
        named = [(line.issuer.value, line.di) for line in recall.lines if line.issuer is not None]
        issuers, dis = [issuer for issuer, _ in named], [di for _, di in named]
        self.recalls.append((recall.hospital, recall.recall, recall.version, fact, body, at, None))
        self.changes.append((fact, "recall", recall.hospital, recall.recall, issuers, dis, at, None, None))


class RecallBooks:
    """The side of the books that holds recall notices."""

    def __init__(self, pool: asyncpg.Pool, lanes: int) -> None:
        self._pool = pool
        self._lanes = lanes
        self._known: dict[tuple[str, str], tuple[int, bytes]] = {}

    async def take_over(self, cluster_id: str, topic: str, partition: int) -> InputPosition:
        """Where the partition stands; reads which versions are known."""
        async with self._pool.acquire() as connection:
            rows = await connection.fetch("SELECT hospital, recall, version, body FROM udi.recall_now")
            self._known = {}
            for row in rows:
                read = read_recall(None, row["body"])
                if not isinstance(read, Refusal):
                    self._known[row["hospital"], row["recall"]] = (row["version"], read[1].fingerprint)
            return await take_position(connection, cluster_id, topic, partition)

    def read(self, batch: RecallBatch, record: RawRecord, at: datetime, origin: str) -> None:
        """A record of `udi.recalls` into the batch: a version, nothing (known already), or a dead letter."""
        read = read_recall(record.key, record.value)
        if isinstance(read, Refusal):
            batch.letters.append(letter_of(record, read, origin))
            return
        recall, body = read
        version, fingerprint = self._known.get((recall.hospital, recall.recall), (0, b""))
        if recall.version == version and body.fingerprint == fingerprint:
            return
        if recall.version <= version:
            text = (
                f"Expected version {version + 1} or later of {recall.recall}, got {recall.version} with another body."
            )
            batch.letters.append(letter_of(record, Refusal(Reason.BAD_EVENT, text), origin))
            return
        assert record.value is not None  # noqa: S101 -- what was read has a value
        self._known[recall.hospital, recall.recall] = (recall.version, body.fingerprint)
        batch.add(recall, record.value, at)

    async def record(
        self, position: InputPosition, next_offset: int, last_hash: bytes | None, batch: RecallBatch
    ) -> int:
        """Record the batch and the position, whole or not at all, and give the newest fact version.

        Waits until what lanes are recording is recorded: what they record afterwards is decided by the notices.

        Raises:
            LaneMovedError: another process has moved the position.
        """
        lane = position.partition % self._lanes
        letters = [outbox_row(DEAD_LETTERS, lane, 1, batch.letters)] if batch.letters else []
        async with self._pool.acquire() as connection:
            try:
                version = await connection.fetchval(
                    _RECORD, position.position_id, position.next_offset, next_offset, last_hash, batch.recalls,
                    batch.changes, lane, letters,
                )  # fmt: skip
            except asyncpg.PostgresError as error:
                if error.sqlstate == "UD001":
                    raise LaneMovedError(str(error)) from None
                raise
        return int(version)
