"""Facts into the books: catalogue and encounter records, each batch in one transaction with its position."""

from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Any

import asyncpg

from models.catalogue.item import CatalogueItem, prices_of, read_item, repriced_days
from models.charging.encounter import Encounter, read_encounter
from models.reasons import Reason
from models.udi import Issuer
from models.wire.strict_json import Refusal, read_key
from models.wire.topics import DEAD_LETTERS
from sinks.messages.outgoing import Outgoing, letter_of
from sinks.ports.batch import InputPosition, LaneMovedError, RawRecord
from sinks.postgres.charging.books import take_position
from sinks.postgres.charging.rows import outbox_row
from sinks.postgres.charging.tables import Row

_RECORD_FACTS = "SELECT udi.record_facts($1, $2, $3, $4, $5, $6, $7, $8, $9)"
Identifier = tuple[str, str]
"""(issuer, device identifier)."""


@dataclass(slots=True)
class FactBatch:
    """Rows of one transaction; versions count from 1 within it."""

    items: list[Row] = field(default_factory=list)
    encounters: list[Row] = field(default_factory=list)
    changes: list[Row] = field(default_factory=list)
    letters: list[Outgoing] = field(default_factory=list)

    @property
    def version(self) -> int:
        """Of the next change."""
        return len(self.changes) + 1

    def add_encounter(self, encounter: Encounter, at: datetime) -> None:
        """A new version of an encounter."""
        e = encounter
        self.encounters.append(
            (e.hospital, e.encounter, self.version, e.department, e.team, e.ward, e.admitted_at, e.discharged_at,
             e.settled_at, e.drg_group, e.drg_weight, e.main_disease, at)
        )  # fmt: skip
        self.changes.append((self.version, "encounter", e.hospital, e.encounter, [], [], at, None, None))

    def add_item(self, item: CatalogueItem, body: bytes, at: datetime, before: CatalogueItem | None) -> None:
        """A new version of an item, whose scans that wait may be free now and whose charges may have another price."""
        both = [*_identifiers(before), *_identifiers(item)] if before is not None else _identifiers(item)
        repriced = repriced_days(prices_of(before), prices_of(item)) if before is not None else None
        self._add_item(item, body, at, both, repriced, ended_at=None)

    def end_item(self, item: CatalogueItem, body: bytes, at: datetime) -> None:
        """The item is no longer in the catalogue from the instant on."""
        self._add_item(item, body, at, _identifiers(item), None, ended_at=at)

    def _add_item(  # noqa: PLR0917 -- the parts of a version
        self,
        item: CatalogueItem,
        body: bytes,
        at: datetime,
        identifiers: list[Identifier],
        repriced: tuple[date, date] | None,
        ended_at: datetime | None,
    ) -> None:
        hospital, code = item.hospital, item.item_code
        self.items.append((hospital, code, self.version, body, ended_at, at))
        touched = dict.fromkeys((*identifiers, (Issuer.INTERNAL.value, code)))
        issuers, dis = [issuer for issuer, _ in touched], [di for _, di in touched]
        days = repriced or (None, None)
        self.changes.append((self.version, "item", hospital, code, issuers, dis, at, *days))


class FactBooks:
    """The catalogue and encounter side of the books."""

    def __init__(self, pool: asyncpg.Pool, lanes: int) -> None:
        self._pool = pool
        self._lanes = lanes
        self._known: dict[tuple[str, str], tuple[bytes, CatalogueItem]] = {}

    async def take_over(self, cluster_id: str, topic: str, partition: int) -> InputPosition:
        """Where the partition stands; reads what the catalogue holds, to know what a change changes."""
        async with self._pool.acquire() as connection:
            rows = await connection.fetch(
                "SELECT DISTINCT ON (hospital, item_code) hospital, item_code, body FROM udi.catalogue "
                "ORDER BY hospital, item_code, version DESC"
            )
            for row in rows:
                item = CatalogueItem.model_validate_json(row["body"])
                self._known[row["hospital"], row["item_code"]] = (row["body"], item)
            return await take_position(connection, cluster_id, topic, partition)

    def read_item(self, batch: FactBatch, record: RawRecord, at: datetime, origin: str) -> None:
        """A record of `udi.catalogue` into the batch: a version, the end of an item (tombstone), or a dead letter."""
        if record.value is None:
            self._end_item(batch, record, at, origin)
            return
        read = read_item(record.key, record.value)
        if isinstance(read, Refusal):
            batch.letters.append(letter_of(record, read, origin))
            return
        item = read[0]
        key = (item.hospital, item.item_code)
        known = self._known.get(key)
        batch.add_item(item, record.value, at, known[1] if known else None)
        self._known[key] = (record.value, item)

    def _end_item(self, batch: FactBatch, record: RawRecord, at: datetime, origin: str) -> None:
        key = read_key(record.key)
        known = self._known.get(key) if key else None
        if key is None or known is None:
            refusal = Refusal(Reason.BAD_EVENT, "Expected a tombstone of a known item.")
            batch.letters.append(letter_of(record, refusal, origin))
            return
        batch.end_item(known[1], known[0], at)

    @staticmethod
    def read_encounter(batch: FactBatch, record: RawRecord, at: datetime, origin: str) -> None:
        """A record of `udi.encounters` into the batch: a version or a dead letter. A tombstone changes nothing."""
        if record.value is None:
            return
        read = read_encounter(record.key, record.value)
        if isinstance(read, Refusal):
            batch.letters.append(letter_of(record, read, origin))
        else:
            batch.add_encounter(read[0], at)

    async def record(self, position: InputPosition, next_offset: int, last_hash: bytes | None, batch: FactBatch) -> int:
        """Record the batch and the position, whole or not at all, and give the newest fact version.

        Raises:
            LaneMovedError: another process has moved the position.
        """
        lane = position.partition % self._lanes
        letters = [outbox_row(DEAD_LETTERS, lane, 1, batch.letters)] if batch.letters else []
        arguments: tuple[Any, ...] = (batch.items, batch.encounters, batch.changes, lane, letters)
        async with self._pool.acquire() as connection:
            try:
                version = await connection.fetchval(
                    _RECORD_FACTS, position.position_id, position.next_offset, next_offset, last_hash, *arguments
                )
            except asyncpg.PostgresError as error:
                if error.sqlstate == "UD001":
                    raise LaneMovedError(str(error)) from None
                raise
        return int(version)


def _identifiers(item: CatalogueItem) -> list[Identifier]:
    return [(each.issuer.value, each.di) for each in item.identifiers]
