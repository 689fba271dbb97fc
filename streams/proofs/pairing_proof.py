"""`udi pairing-proof`: a simulated ward through a lane and books in memory, compared with the truth of its halves."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from random import Random
from typing import Any, Final
from uuid import UUID

import orjson

from models.calendar import ZONE_DEFAULT
from models.charging.decision import Decision
from models.charging.snapshot import Catalogue
from models.policy import POLICY
from models.reasons import Reason, Verdict
from models.scan.event import TICK_SCHEMA
from models.wire.topics import CATALOGUE, ENCOUNTERS, PREFIX_DEFAULT, SCANS
from sinks.memory.books import MemoryBooks
from sinks.memory.facts import MemoryFactBooks
from sinks.ports.batch import RawRecord
from sinks.postgres.catalogue.facts import FactBatch
from streams.agents.scans import record_scans
from streams.lanes.lane import Lane
from streams.lanes.told import Record
from streams.proofs.pairing_corpus import GOODS, START, Corpus, Event, encounters

_CLUSTER: Final = "proof"
_TICK_SECONDS: Final = 20.0
_BATCH_MAX: Final = 200


@dataclass(frozen=True, slots=True)
class PairingFigures:
    """What became of the halves."""

    labels: int
    """Labels scanned, whole or in halves."""
    pairs: int
    """Labels scanned in two halves."""
    joinable: int
    """Of them, those that nothing stood between."""
    joined: int
    """Pairs that were joined."""
    released: int
    """Of the pairs, those whose halves were both decided alone."""
    false_pairs: int
    """Halves joined that do not belong together, or to a label that says something else. Must be 0."""
    lost: int
    """True pairs that nothing stood between and that were not joined. Must be 0."""
    alone: int
    """Halves whose other half was never scanned."""
    waiting: int
    """Halves that still wait when all is over. Must be 0."""
    takeovers: int
    """How often another worker took the lane over meanwhile."""


async def prove_pairing(corpus: Corpus, seed: int) -> PairingFigures:
    """Scan the corpus through a lane in batches of random size, with a takeover now and then."""
    books, draw = MemoryBooks(), Random(seed)  # noqa: S311 -- sizes of batches, no secret
    await _learn_facts(books)
    records = list(_records(corpus.events))
    lane, takeovers, at = await _lane(books), 0, 0
    while at < len(records):
        batch = records[at : at + draw.randint(1, _BATCH_MAX)]
        at += len(batch)
        await record_scans(lane, lane.read(batch, at))
        if draw.random() < 0.2:
            lane, takeovers = await _lane(books), takeovers + 1
    await lane.sweep()
    return _figures(corpus, books, takeovers)


async def _lane(books: MemoryBooks) -> Lane:
    state = await books.take_over(_CLUSTER, PREFIX_DEFAULT + SCANS, 0)
    return Lane(state, books, Catalogue(), ZONE_DEFAULT, POLICY)


async def _learn_facts(books: MemoryBooks) -> None:
    facts = MemoryFactBooks(books)
    for topic, records in ((CATALOGUE, [each.record() for each in GOODS]), (ENCOUNTERS, list(encounters()))):
        position, batch = await facts.take_over(_CLUSTER, PREFIX_DEFAULT + topic, 0), FactBatch()
        parse = facts.parse_item if topic == CATALOGUE else facts.parse_encounter
        for offset, record in enumerate(records):
            facts.add(batch, parse(RawRecord(None, orjson.dumps(record))), START, position.origin(offset))
        await facts.record(position, len(records), None, batch)


def _records(events: Sequence[Event]) -> Iterator[Record]:
    """The records of the partition, with ticks as the scheduler sends them, and time to spare at the end."""
    tick, offset = START, 0
    end = events[-1].arrives_at + POLICY.half_label_window + timedelta(seconds=2 * _TICK_SECONDS)
    for event in (*events, Event(end, {})):
        while tick < event.arrives_at:
            yield Record(offset, tick, None, orjson.dumps({"schema": TICK_SCHEMA, "at": tick}))
            tick += timedelta(seconds=_TICK_SECONDS)
            offset += 1
        if event.body:
            yield _scan(offset, event.arrives_at, event.body)
            offset += 1


def _scan(offset: int, at: datetime, body: dict[str, Any]) -> Record:
    return Record(offset, at, f"{body['hospital']}/{body['encounter']}".encode(), orjson.dumps(body))


def _figures(corpus: Corpus, books: MemoryBooks, takeovers: int) -> PairingFigures:
    newest = {each[-1].subject.event.scan_id: each[-1] for each in books.decisions.values()}
    scans = {decision.subject.ref: scan_id for scan_id, decision in newest.items()}
    joins = {
        scan_id: scans[decision.partner]
        for scan_id, decision in newest.items()
        if decision.partner is not None and decision.label.di is not None
    }
    true = {one for one, rest in joins.items() if corpus.pairs.get(one) == rest and _agree(one, rest, newest, corpus)}
    return PairingFigures(
        labels=corpus.labels,
        pairs=len(corpus.pairs),
        joinable=len(corpus.joinable),
        joined=len(true),
        released=sum(
            _ended(newest[one]) and _ended(newest[rest]) for one, rest in corpus.pairs.items() if one not in joins
        ),
        false_pairs=len(joins.keys() - true),
        lost=len(corpus.joinable - true),
        alone=len(corpus.alone),
        waiting=sum(decision.verdict is Verdict.WAITING for decision in newest.values()),
        takeovers=takeovers,
    )


def _agree(one: UUID, rest: UUID, newest: dict[UUID, Decision], corpus: Corpus) -> bool:
    """The joined label says what was printed, and its other half is recorded beside it and charged nowhere."""
    whole, other = newest[one], newest[rest]
    recorded = (other.verdict, other.reasons, other.charging.entries) == (Verdict.RECORDED, (Reason.HALF_LABEL,), ())
    return whole.label.serial == corpus.serials[one] and whole.verdict is Verdict.BILLED and recorded


def _ended(decision: Decision) -> bool:
    """Decided alone: held for a person, or charged by its identifier where that is enough."""
    return decision.verdict in {Verdict.HELD, Verdict.BILLED} and decision.partner is None
