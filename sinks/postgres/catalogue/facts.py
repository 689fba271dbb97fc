"""Facts into the books: catalogue and encounter records, each batch in one transaction with its position."""

from collections.abc import Collection
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import NamedTuple

from models.catalogue.item import CatalogueItem, ends_nothing, prices_of, read_item, repriced_days
from models.charging.encounter import Encounter, read_encounter
from models.udi import Issuer
from models.wire.strict_json import Refusal, read_key
from sinks.messages.outgoing import Outgoing, letter_of
from sinks.ports.batch import InputPosition, RawRecord
from sinks.postgres.charging.inputs import InputBooks
from sinks.postgres.charging.tables import Row
from sinks.postgres.readable import readable

_RECORD_FACTS = "udi.record_facts"
_NEWEST = """SELECT n.hospital, n.item_code, c.body
FROM unnest($1::text[], $2::text[]) n (hospital, item_code)
CROSS JOIN LATERAL (
    SELECT body FROM udi.catalogue c WHERE (c.hospital, c.item_code) = (n.hospital, n.item_code)
    ORDER BY version DESC LIMIT 1
) c"""
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


Fact = ReadItem | Tombstone | Encounter | Refused
"""What a record of either topic says."""


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
    """The items it is about: as the books hold them, then as its records leave them."""

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
        """What a record of `udi.encounters` says."""
        read = read_encounter(record.key, record.value)
        return Refused(record, read) if isinstance(read, Refusal) else read[0]

    # Gather: what the books hold of it --------------------------------------------------------------------------------

    async def gather(self, facts: Collection[Fact]) -> FactBatch:
        """An empty batch that knows the items of the facts, so that what a change changes can be told.

        A whole catalogue is never held in memory: it may have 200,000 items, and several partitions.
        """
        keys = _keys(facts)
        if not keys:
            return FactBatch()
        rows = await self._pool.fetch(_NEWEST, [hospital for hospital, _ in keys], [code for _, code in keys])
        return FactBatch(known={(row["hospital"], row["item_code"]): _known(row["body"]) for row in rows})

    # Decide: what it changes ------------------------------------------------------------------------------------------

    def add(self, batch: FactBatch, fact: Fact, at: datetime, origin: str) -> None:
        """What follows from the fact, into the batch: a version, the end of an item, or a dead letter."""
        if isinstance(fact, Refused):
            batch.letters.append(letter_of(fact.record, fact.refusal, origin))
        elif isinstance(fact, Encounter):
            batch.add_encounter(fact, at)
        elif isinstance(fact, ReadItem):
            key, body = (fact.item.hospital, fact.item.item_code), fact.record.value or b""
            known = batch.known.get(key)
            batch.add_item(fact.item, body, at, known.item if known else None)
            batch.known[key] = KnownItem(body, fact.item)
        elif isinstance(fact, Tombstone):
            known = batch.known.get(fact.key) if fact.key else None
            if known is None or known.item is None:
                batch.letters.append(letter_of(fact.record, ends_nothing(fact.record.key), origin))
            else:
                batch.end_item(known.item, known.body, at)

    async def record(self, position: InputPosition, next_offset: int, last_hash: bytes | None, batch: FactBatch) -> int:
        """Record the batch and the position, whole or not at all, and give the newest fact version.

        Raises:
            LaneMovedError: another process has moved the position.
        """
        rows = (batch.items, batch.encounters, batch.changes)
        return await self._record(_RECORD_FACTS, position, next_offset, last_hash, rows, batch.letters)


def encounter_row(encounter: Encounter, version: int, at: datetime) -> Row:
    """In the order of `udi.encounter`. The main disease is a diagnosis, which no decision needs: it is not kept."""
    e = encounter
    return (
        e.hospital, e.encounter, version, e.department, e.team, e.ward, e.admitted_at, e.discharged_at,
        e.settled_at, e.drg_group, e.drg_weight, None, at,
    )  # fmt: skip


def _keys(facts: Collection[Fact]) -> list[ItemKey]:
    items = ((each.item.hospital, each.item.item_code) for each in facts if isinstance(each, ReadItem))
    ended = (each.key for each in facts if isinstance(each, Tombstone) and each.key)
    return list({*items, *ended})


def _identifiers(item: CatalogueItem) -> list[Identifier]:
    return [(each.issuer.value, each.di) for each in item.identifiers]


def _known(body: bytes) -> KnownItem:
    """An item as it was recorded. Bounds may have become narrower since: its next version is then as of a new item."""
    return KnownItem(body, next(readable("an item", [body], CatalogueItem.model_validate_json), None))
