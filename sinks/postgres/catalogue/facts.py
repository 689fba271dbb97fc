"""Facts into the books: catalogue and encounter records, each batch in one transaction with its position."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import NamedTuple

import asyncpg

from models.catalogue.item import CatalogueItem, prices_of, read_item, repriced_days
from models.charging.encounter import Encounter, read_encounter
from models.reasons import Reason
from models.udi import Issuer
from models.wire.strict_json import Refusal, read_key
from sinks.messages.outgoing import Outgoing, letter_of
from sinks.ports.batch import InputPosition, RawRecord
from sinks.postgres.charging.inputs import InputBooks, take_position
from sinks.postgres.charging.tables import Row
from sinks.postgres.readable import readable

_RECORD_FACTS = "udi.record_facts"
Identifier = tuple[str, str]
"""(issuer, device identifier)."""


ItemKey = tuple[str, str]
"""(hospital, item code)."""


class KnownItem(NamedTuple):
    """The newest version of an item: its bytes, and what they say; `None` when this version can't read them."""

    body: bytes
    """The record's value, as it came."""
    item: CatalogueItem | None
    """What it says; `None` when this version can't read it."""


class ReadItem(NamedTuple):
    """A record of `udi.catalogue`."""

    record: RawRecord
    """The record as it came."""
    item: CatalogueItem
    """What it says."""


class Tombstone(NamedTuple):
    """A record of `udi.catalogue` that ends the item of its key; `None`: it has no key that can be read."""

    record: RawRecord
    """The record as it came."""
    key: ItemKey | None
    """Hospital and item code; `None` when the key can't be read."""


class Refused(NamedTuple):
    """A record that is not what its topic holds."""

    record: RawRecord
    """The record as it came."""
    refusal: Refusal
    """Why it is no record of its topic."""


Fact = ReadItem | Tombstone | Encounter | Refused | None
"""What a record of either topic says; `None`: nothing."""


@dataclass(slots=True)
class FactBatch:
    """Rows of one transaction; versions count from 1 within it."""

    items: list[Row] = field(default_factory=list)
    """Rows of `udi.item`."""
    encounters: list[Row] = field(default_factory=list)
    """Rows of `udi.encounter`."""
    changes: list[Row] = field(default_factory=list)
    """Rows of `udi.fact_change`: what lanes look at again."""
    letters: list[Outgoing] = field(default_factory=list)
    """Dead letters of what could not be read."""
    known: dict[ItemKey, KnownItem] = field(default_factory=dict)
    """Items as they are known when the batch is recorded, where it changes them."""

    @property
    def version(self) -> int:
        """Of the next change."""
        return len(self.changes) + 1

    def add_encounter(self, encounter: Encounter, at: datetime) -> None:
        """A new version of an encounter."""
        e = encounter
        self.encounters.append(encounter_row(e, self.version, at))
        self.changes.append((self.version, "encounter", e.hospital, e.encounter, [], [], at, None, None))

    def add_item(self, item: CatalogueItem, body: bytes, at: datetime, before: CatalogueItem | None) -> None:
        """A new version of an item, whose scans that wait may be free now and whose charges may have another price."""
        both = [*_identifiers(before), *_identifiers(item)] if before is not None else _identifiers(item)
        prices = prices_of(item)
        repriced = repriced_days(prices_of(before), prices) if before is not None else None
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


class FactBooks(InputBooks):
    """The catalogue and encounter side of the books."""

    def __init__(self, pool: asyncpg.Pool, lanes: int) -> None:
        super().__init__(pool, lanes)
        self._known: dict[ItemKey, KnownItem] = {}

    async def take_over(self, cluster_id: str, topic: str, partition: int, *, items: bool = True) -> InputPosition:
        """Where the partition stands; with `items` reads what the catalogue holds, to know what a change changes.

        The position is read first: what others record meanwhile moves it, and then nothing of this one is recorded.
        """
        async with self._pool.acquire() as connection:
            position = await take_position(connection, cluster_id, topic, partition)
            if not items:
                return position
            rows = await connection.fetch(
                "SELECT DISTINCT ON (hospital, item_code) hospital, item_code, body FROM udi.catalogue "
                "ORDER BY hospital, item_code, version DESC"
            )
        self._known = {(row["hospital"], row["item_code"]): _known(row["body"]) for row in rows}
        return position

    # Read: no database, no memory -------------------------------------------------------------------------------------

    @staticmethod
    def parse_item(record: RawRecord) -> Fact:
        """What a record of `udi.catalogue` says."""
        if record.value is None:
            return Tombstone(record, read_key(record.key))
        read = read_item(record.key, record.value)
        return Refused(record, read) if isinstance(read, Refusal) else ReadItem(record, read[0])

    @staticmethod
    def parse_encounter(record: RawRecord) -> Fact:
        """What a record of `udi.encounters` says. A tombstone changes nothing."""
        if record.value is None:
            return None
        read = read_encounter(record.key, record.value)
        return Refused(record, read) if isinstance(read, Refusal) else read[0]

    # Decide: what it changes ------------------------------------------------------------------------------------------

    def add(self, batch: FactBatch, fact: Fact, at: datetime, origin: str) -> None:
        """What follows from the fact, into the batch: a version, the end of an item, or a dead letter."""
        if isinstance(fact, Refused):
            batch.letters.append(letter_of(fact.record, fact.refusal, origin))
        elif isinstance(fact, Encounter):
            batch.add_encounter(fact, at)
        elif isinstance(fact, ReadItem):
            key, body = (fact.item.hospital, fact.item.item_code), fact.record.value or b""
            known = self._before(batch, key)
            batch.add_item(fact.item, body, at, known.item if known else None)
            batch.known[key] = KnownItem(body, fact.item)
        elif isinstance(fact, Tombstone):
            known = self._before(batch, fact.key) if fact.key else None
            if known is None or known.item is None:
                refusal = Refusal(Reason.BAD_EVENT, "Expected a tombstone of a known item.")
                batch.letters.append(letter_of(fact.record, refusal, origin))
            else:
                batch.end_item(known.item, known.body, at)

    def _before(self, batch: FactBatch, key: ItemKey) -> KnownItem | None:
        return batch.known.get(key) or self._known.get(key)

    def read_item(self, batch: FactBatch, record: RawRecord, at: datetime, origin: str) -> None:
        """A record of `udi.catalogue` into the batch."""
        self.add(batch, self.parse_item(record), at, origin)

    def read_encounter(self, batch: FactBatch, record: RawRecord, at: datetime, origin: str) -> None:
        """A record of `udi.encounters` into the batch."""
        self.add(batch, self.parse_encounter(record), at, origin)

    def know(self, known: Mapping[ItemKey, KnownItem]) -> None:
        """A batch is recorded: items are known as it has left them."""
        self._known.update(known)

    async def record(self, position: InputPosition, next_offset: int, last_hash: bytes | None, batch: FactBatch) -> int:
        """Record the batch and the position, whole or not at all, and give the newest fact version.

        Raises:
            LaneMovedError: another process has moved the position.
        """
        rows = (batch.items, batch.encounters, batch.changes)
        version = await self._record(_RECORD_FACTS, position, next_offset, last_hash, rows, batch.letters)
        self.know(batch.known)
        return version


def encounter_row(encounter: Encounter, version: int, at: datetime) -> Row:
    """In the order of `udi.encounter`. The main disease is a diagnosis, which no decision needs: it is not kept."""
    e = encounter
    return (
        e.hospital, e.encounter, version, e.department, e.team, e.ward, e.admitted_at, e.discharged_at,
        e.settled_at, e.drg_group, e.drg_weight, None, at,
    )  # fmt: skip


def _identifiers(item: CatalogueItem) -> list[Identifier]:
    return [(each.issuer.value, each.di) for each in item.identifiers]


def _known(body: bytes) -> KnownItem:
    """An item as it was recorded. Bounds may have become narrower since: its next version is then as of a new item."""
    return KnownItem(body, next(readable("an item", [body], CatalogueItem.model_validate_json), None))
