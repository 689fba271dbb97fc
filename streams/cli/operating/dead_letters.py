"""Dead letters as the outbox holds them: listed with their reason, shown raw, sent again to where they came from."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

import asyncpg

from models.assessment.discharge import read_discharge, read_income
from models.catalogue.item import ends_nothing, read_item
from models.charging.encounter import read_encounter
from models.reasons import Reason
from models.reconciling.his_charge import read_his_charge
from models.scan.event import SCANNED_AHEAD_MAX
from models.stock.cabinet import CabinetRead, read_cabinet
from models.stock.delivery import read_delivery
from models.stock.recall import Recall, not_newer, read_recall
from models.stock.store import read_store
from models.wire.strict_json import Refusal, read_object, without_value
from models.wire.topics import (
    CABINET_READS,
    CATALOGUE,
    DELIVERIES,
    DISCHARGES,
    ENCOUNTERS,
    HIS_CHARGES,
    INCOME,
    RECALLS,
    STORES,
)
from sinks.postgres.operating.dead_letters import (
    LetterRow,
    RecordedLetter,
    clusters_of,
    letters,
    letters_of,
    recorded_letters,
)
from sinks.postgres.stock.cabinets import misdated
from sinks.postgres.stock.supply_facts import recall_versions
from streams.cli.publishing import Outbound
from streams.settings import Settings


@dataclass(frozen=True, slots=True)
class Letter:
    """One dead letter."""

    origin: str
    """`topic/partition/offset` of the record as it came."""
    reason: str
    """Why it could not be accepted."""
    detail: str | None
    """What was expected and what came, where that is known."""
    key: bytes | None
    """Key of the record as it came; `None` without one."""
    value: bytes | None
    """Value of the record as it came; `None` without one."""
    written_at: datetime
    """When the books knew it, by the database's clock."""
    cluster: str | None
    """Id of the cluster it came on, where that is known: another has the same origins for other records."""

    @property
    def place(self) -> tuple[str, int, int]:
        """Topic, partition, offset."""
        topic, partition, offset = self.origin.rsplit("/", 2)
        return topic, int(partition), int(offset)

    def outbound(self) -> Outbound:
        """The record as it came, for the partition it came in on: its lane is where it lies."""
        topic, partition, _ = self.place
        return Outbound(topic, self.key, self.value, partition)

    def row(self) -> dict[str, Any]:
        """For machines; without its bytes, which may hold what nobody should read in passing."""
        return {
            "origin": self.origin,
            "reason": self.reason,
            "detail": self.detail,
            "bytes": len(self.value or b""),
            "written_at": self.written_at,
            "cluster": self.cluster,
        }


async def dead_letters(settings: Settings, pool: asyncpg.Pool, reason: str | None, origin: str | None) -> list[Letter]:
    """Those of a reason, or those of an origin, one a cluster; oldest first; all when neither is given."""
    return await _letters(settings, pool, await letters(pool, reason, origin))


async def _letters(settings: Settings, pool: asyncpg.Pool, rows: Sequence[LetterRow]) -> list[Letter]:
    clusters = await clusters_of(pool, rows)
    # The outbox can't tell an empty key or value from none; the scan's own row can.
    found = [
        Letter(row.origin, row.reason, None, row.key or None, row.body, row.written_at, cluster)
        for row, cluster in zip(rows, clusters, strict=True)
    ]
    recorded = await recorded_letters(
        pool, [each.place for each in found], [each.value for each in found], [each.cluster for each in found]
    )
    versions = await recall_versions(pool) if len(recorded) < len(found) else {}
    return [_completed(settings, letter, recorded.get(place), versions) for place, letter in enumerate(found, 1)]


async def letter_of_recall(settings: Settings, pool: asyncpg.Pool, hospital: str | None, name: str) -> Letter | None:
    """The newest dead letter that names a recall notice, by key or value; of any hospital when none is given."""
    for row in await letters_of(pool, settings.topic(RECALLS)):
        if _names_recall(row, hospital, name):
            return (await _letters(settings, pool, [row]))[0]
    return None


def _names_recall(row: LetterRow, hospital: str | None, name: str) -> bool:
    whose, _, named = row.key.decode("utf-8", "replace").partition("/")
    if named == name and hospital in {None, whose}:
        return True
    body = read_object(row.body)
    fields = {} if isinstance(body, Refusal) else body.fields
    return fields.get("recall") == name and hospital in {None, fields.get("hospital")}


def _completed(
    settings: Settings, letter: Letter, recorded: RecordedLetter | None, versions: Mapping[tuple[str, str], int]
) -> Letter:
    if recorded is not None:
        return replace(letter, detail=recorded.detail, key=recorded.record_key, value=recorded.raw)
    return replace(letter, detail=_fact_detail(settings, letter, versions), value=letter.value or None)


_READERS: tuple[tuple[str, Callable[[bytes | None, bytes], Any]], ...] = (
    (CATALOGUE, read_item),
    (ENCOUNTERS, read_encounter),
    (HIS_CHARGES, read_his_charge),
    (DISCHARGES, read_discharge),
    (INCOME, read_income),
    (RECALLS, read_recall),
    (STORES, read_store),
    (DELIVERIES, read_delivery),
    (CABINET_READS, read_cabinet),
)


def _fact_detail(settings: Settings, letter: Letter, versions: Mapping[tuple[str, str], int]) -> str | None:
    """Read again: the books keep the bytes of a refused fact, and its reason.

    `versions`: of the recall notices that hold, by hospital and notice. One that is no newer is refused for that.
    """
    topic, value = letter.place[0], letter.value
    reader = next((read for name, read in _READERS if topic == settings.topic(name)), None)
    if reader is None:
        return None
    if not value:
        ended = topic == settings.topic(CATALOGUE) and letter.reason == Reason.BAD_EVENT
        return (ends_nothing(letter.key) if ended else without_value()).detail
    read = reader(letter.key, value)
    if isinstance(read, Refusal):
        return read.detail
    fact = read[0]
    known = versions.get((fact.hospital, fact.recall)) if isinstance(fact, Recall) else None
    if known is not None and fact.version <= known:
        return not_newer(fact, known)
    # The letter does not keep the broker's time: what was read after the books wrote it came from the future by that.
    at = letter.written_at - SCANNED_AHEAD_MAX
    late = misdated(fact, at) if isinstance(fact, CabinetRead) else None
    return late.detail if late is not None else "would be accepted today"
