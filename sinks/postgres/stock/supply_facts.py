"""Recall notices, stores and delivery notes into the books: each batch in one transaction with its position.

They are facts like the catalogue: numbered without gaps, so that lanes pull what is new.
"""

from dataclasses import dataclass, field
from datetime import datetime

import asyncpg

from models.reasons import Reason
from models.stock.delivery import Delivery, read_delivery
from models.stock.recall import Recall, not_newer, read_recall
from models.stock.store import StoreRecord, read_store
from models.wire.strict_json import Refusal, read_object
from sinks.messages.outgoing import Outgoing, letter_of
from sinks.ports.batch import InputPosition, RawRecord, Read
from sinks.postgres.charging.inputs import InputBooks, take_position
from sinks.postgres.charging.tables import Row

_RECORD = "udi.record_supply"


@dataclass(slots=True)
class SupplyBatch:
    """Rows of one transaction; facts count from 1 within it."""

    recalls: list[Row] = field(default_factory=list)
    """New versions of recall notices."""
    stores: list[Row] = field(default_factory=list)
    """New versions of stores."""
    deliveries: list[Row] = field(default_factory=list)
    """New versions of delivery notes."""
    changes: list[Row] = field(default_factory=list)
    """Rows of `udi.fact_change`: what lanes look at again."""
    letters: list[Outgoing] = field(default_factory=list)
    """Dead letters of what could not be read."""
    newest: dict[tuple[str, str], tuple[int, bytes]] = field(default_factory=dict)
    """Version and fingerprint of the notices in it; known to the books when it is recorded, not before."""

    def add_recall(self, recall: Recall, body: bytes, at: datetime) -> None:
        """A version of a notice."""
        named = [(line.issuer.value, line.di) for line in recall.lines if line.issuer is not None]
        issuers, dis = [issuer for issuer, _ in named], [di for _, di in named]
        fact = self._change("recall", recall.hospital, recall.recall, at, issuers, dis)
        self.recalls.append((recall.hospital, recall.recall, recall.version, fact, body, at, None))

    def add_store(self, hospital: str, store: str, body: bytes, at: datetime) -> None:
        """A version of a store."""
        self.stores.append((hospital, store, self._change("store", hospital, store, at), body, at))

    def add_delivery(self, hospital: str, note: str, body: bytes, at: datetime) -> None:
        """A version of a delivery note."""
        self.deliveries.append((hospital, note, self._change("delivery", hospital, note, at), body, at))

    def _change(  # noqa: PLR0917 -- the columns of a change
        self, kind: str, hospital: str, code: str, at: datetime, issuers: list[str] | None = None,
        dis: list[str | None] | None = None,
    ) -> int:  # fmt: skip
        fact = len(self.changes) + 1
        self.changes.append((fact, kind, hospital, code, issuers or [], dis or [], at, None, None))
        return fact


class SupplyBooks(InputBooks):
    """The side of the books that holds recall notices, stores and delivery notes."""

    def __init__(self, pool: asyncpg.Pool, lanes: int) -> None:
        super().__init__(pool, lanes)
        self._recalls: dict[tuple[str, str], tuple[int, bytes]] = {}

    async def take_over(self, cluster_id: str, topic: str, partition: int) -> InputPosition:
        """Where the partition stands; reads which versions of notices are known."""
        async with self._pool.acquire() as connection:
            rows = await connection.fetch("SELECT hospital, recall, version, body FROM udi.recall_now")
            self._recalls = {}
            for row in rows:
                read = read_object(row["body"])
                if not isinstance(read, Refusal):
                    self._recalls[row["hospital"], row["recall"]] = (row["version"], read.fingerprint)
            return await take_position(connection, cluster_id, topic, partition)

    @staticmethod
    def parse_recall(record: RawRecord) -> Read[Recall]:
        """What a record of `udi.recalls` says."""
        return Read(record, read_recall(record.key, record.value))

    @staticmethod
    def parse_store(record: RawRecord) -> Read[StoreRecord]:
        """What a record of `udi.stores` says."""
        return Read(record, read_store(record.key, record.value))

    @staticmethod
    def parse_delivery(record: RawRecord) -> Read[Delivery]:
        """What a record of `udi.deliveries` says."""
        return Read(record, read_delivery(record.key, record.value))

    def add_recall(self, batch: SupplyBatch, read: Read[Recall], at: datetime, origin: str) -> None:
        """A notice into the batch: a version, nothing (known already), or a dead letter."""
        if isinstance(read.said, Refusal):
            batch.letters.append(letter_of(read.raw, read.said, origin))
            return
        recall, body = read.said
        key = (recall.hospital, recall.recall)
        version, fingerprint = batch.newest.get(key) or self._recalls.get(key, (0, b""))
        if recall.version == version and body.fingerprint == fingerprint:
            return
        if recall.version <= version:
            batch.letters.append(letter_of(read.raw, Refusal(Reason.BAD_EVENT, not_newer(recall, version)), origin))
            return
        batch.newest[key] = (recall.version, body.fingerprint)
        batch.add_recall(recall, read.raw.value or b"", at)

    @staticmethod
    def add_store(batch: SupplyBatch, read: Read[StoreRecord], at: datetime, origin: str) -> None:
        """A store into the batch: a version or a dead letter."""
        if isinstance(read.said, Refusal):
            batch.letters.append(letter_of(read.raw, read.said, origin))
        else:
            batch.add_store(read.said[0].hospital, read.said[0].store, read.raw.value or b"", at)

    @staticmethod
    def add_delivery(batch: SupplyBatch, read: Read[Delivery], at: datetime, origin: str) -> None:
        """A delivery note into the batch: a version or a dead letter."""
        if isinstance(read.said, Refusal):
            batch.letters.append(letter_of(read.raw, read.said, origin))
        else:
            batch.add_delivery(read.said[0].hospital, read.said[0].note, read.raw.value or b"", at)

    async def record(
        self, position: InputPosition, next_offset: int, last_hash: bytes | None, batch: SupplyBatch
    ) -> int:
        """Record the batch and the position, whole or not at all, and give the newest fact version.

        With a recall it waits until what lanes are recording is recorded: what they record afterwards is decided by it.

        Raises:
            LaneMovedError: another process has moved the position.
        """
        rows = (batch.recalls, batch.stores, batch.deliveries, batch.changes)
        version = await self._record(_RECORD, position, next_offset, last_hash, rows, batch.letters)
        self._recalls.update(batch.newest)
        return version


async def recall_versions(pool: asyncpg.Pool) -> dict[tuple[str, str], int]:
    """The version that holds of every recall notice, by hospital and notice."""
    rows = await pool.fetch("SELECT hospital, recall, version FROM udi.recall_now")
    return {(row["hospital"], row["recall"]): row["version"] for row in rows}
