"""The evidence of a run beside what was sent and what the model expects of it."""

import json
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Final

from tests.oracle.counting import Bookings, Line, lines_of
from tests.oracle.model import Account, Hospital, accounts
from tests.oracle.values import INPUTS, SCANS, Evidence, Facts, Intent, Record, Row

TICK: Final = "udi.tick/1"
_OF_THE_CODE: Final = frozenset({"unreadable-code", "bad-check-digit", "not-a-udi"})
"""Refusals of events that are in order but for their code: their id is looked up before."""
Place = tuple[int, int]
"""Partition and offset on the scan topic."""


@dataclass(frozen=True, slots=True)
class Offset:
    """A record of the scan topic and what it is: `scan`, `duplicate`, `conflict`, `refused`, `either` or `tick`.

    `either`: the same scan lies on several lanes; one of them is the scan, the others are duplicates.
    """

    record: Record
    facts: Facts
    kind: str

    @property
    def place(self) -> Place:
        """Where it lies."""
        return self.record.partition, self.record.offset


@dataclass(frozen=True, slots=True)
class Case:
    """Everything an invariant may ask, looked up once."""

    evidence: Evidence
    hospital: Hospital
    offsets: tuple[Offset, ...]
    bad_facts: tuple[tuple[Record, Facts], ...]
    """Records of the other input topics that must be refused."""
    strangers: tuple[Record, ...]
    """Input records that nobody meant to send: the harness itself is wrong."""
    unsent: tuple[Intent, ...]
    """Intents that never reached their topic."""
    lines: tuple[Line, ...]
    """Of every count, when it is posted."""
    unbooked: tuple[Facts, ...]
    """Differences of counts that no scan books."""
    accounts: Mapping[str, Account]
    scans: Mapping[str, list[Row]]
    """Rows of `report.scans` by scan id."""
    verdicts: Mapping[Place, list[Row]]
    charges: Mapping[str, list[Row]]
    """Ledger entries of kind charge by scan id; `credits` likewise."""
    credits: Mapping[str, list[Row]]

    def rows(self, view: str) -> Sequence[Row]:
        """Of `report.<view>`."""
        return self.evidence.tables[view]

    def topic(self, name: str) -> list[Record]:
        """Records of a topic in order."""
        return self.evidence.topics.get(name, [])


def case_of(intents: Sequence[Intent], evidence: Evidence) -> Case:
    """Match the evidence with what was sent."""
    meant = {(intent.topic, intent.key, intent.value): intent.facts for intent in intents}
    hospital = Hospital.of(intents)
    lines = lines_of(intents, hospital)
    bookings = Bookings(lines)
    known, strangers, present = _matched(meant, evidence, bookings)
    offsets = tuple(_classified([pair for pair in known if pair[0].topic == SCANS]))
    scans = grouped(evidence.tables["scans"], "scan_id")
    ledger = evidence.tables["charges"]
    return Case(
        evidence=evidence,
        hospital=hospital,
        offsets=offsets,
        bad_facts=tuple(pair for pair in known if pair[0].topic != SCANS and pair[1].kind == "poison"),
        strangers=tuple(strangers),
        unsent=tuple(intent for intent in intents if (intent.topic, intent.key, intent.value) not in present),
        lines=lines,
        unbooked=tuple(bookings.due),
        accounts=_resolved(accounts(_lanes(offsets), hospital), scans),
        scans=scans,
        verdicts=_by_place(evidence.tables["verdicts"]),
        charges=grouped([row for row in ledger if row["kind"] == "charge"], "scan_id"),
        credits=grouped([row for row in ledger if row["kind"] == "credit"], "scan_id"),
    )


def grouped(rows: Iterable[Row], column: str) -> dict[str, list[Row]]:
    """Rows by the text in a column."""
    found: dict[str, list[Row]] = defaultdict(list)
    for row in rows:
        found[str(row[column])].append(row)
    return dict(found)


def _by_place(rows: Iterable[Row]) -> dict[Place, list[Row]]:
    found: dict[Place, list[Row]] = defaultdict(list)
    for row in rows:
        if row["topic"] == SCANS:
            found[row["partition"], row["record_offset"]].append(row)
    return dict(found)


Sent = tuple[str, bytes | None, bytes | None]


def _matched(
    meant: Mapping[Any, Facts], evidence: Evidence, bookings: Bookings
) -> tuple[list[tuple[Record, Facts]], list[Record], set[Sent]]:
    """Records with their facts, records nobody meant to send, and what has arrived."""
    known, strangers, present = [], [], set()
    for topic in INPUTS:
        for record in evidence.topics.get(topic, []):
            sent = (record.topic, record.key, record.value)
            present.add(sent)
            if sent in meant:
                known.append((record, meant[sent]))
            elif topic == SCANS and _is_tick(record):
                known.append((record, Facts("tick")))
            elif topic == SCANS and (booking := bookings.of(record)) is not None:
                known.append((record, booking))
            else:
                strangers.append(record)
    return known, strangers, present


def _is_tick(record: Record) -> bool:
    try:
        event = json.loads(record.value or b"")
    except ValueError:
        return False
    return isinstance(event, dict) and event.get("schema") == TICK


def _classified(known: Sequence[tuple[Record, Facts]]) -> Iterable[Offset]:
    lanes_of: dict[str, set[int]] = defaultdict(set)
    for record, facts in known:
        if facts.kind == "scan":
            lanes_of[facts.scan_id].add(record.partition)
    first: dict[tuple[str, int], Any] = {}
    for record, facts in sorted(known, key=lambda pair: (pair[0].partition, pair[0].offset)):
        if facts.kind != "scan":
            if facts.refusal in _OF_THE_CODE and (facts.scan_id, record.partition) in first:
                # A refused id is not remembered: another body under it counted, and this one was resent after that.
                yield Offset(record, replace(facts, refusal=""), "conflict")
            else:
                yield Offset(record, facts, "tick" if facts.kind == "tick" else "refused")
            continue
        body = json.loads(record.value or b"")
        seen = first.setdefault((facts.scan_id, record.partition), (record.offset, body))
        if seen[0] != record.offset:
            yield Offset(record, facts, "duplicate" if seen[1] == body else "conflict")
        else:
            yield Offset(record, facts, "scan" if len(lanes_of[facts.scan_id]) == 1 else "either")


def _lanes(offsets: Iterable[Offset]) -> dict[int, list[Facts]]:
    """The scans of each lane in order; one that lies on several lanes is taken from the first."""
    found: dict[int, list[Facts]] = defaultdict(list)
    taken: set[str] = set()
    for offset in offsets:
        if offset.kind in ("scan", "either") and offset.facts.scan_id not in taken:
            taken.add(offset.facts.scan_id)
            found[offset.record.partition].append(offset.facts)
    return found


def _resolved(expected: Mapping[str, Account], scans: Mapping[str, list[Row]]) -> dict[str, Account]:
    """Contests decided as the evidence says: the first that is not `serial-used` won, the others must be held."""
    winners: set[Any] = set()
    found = {}
    contenders: dict[Any, list[str]] = defaultdict(list)
    for scan_id, account in expected.items():
        if account.contest is None:
            found[scan_id] = account
        else:
            contenders[account.contest].append(scan_id)
    for unit, ids in contenders.items():
        won = [scan_id for scan_id in ids if any(_took(row) for row in scans.get(scan_id, []))] or ids
        for scan_id in ids:
            winner = scan_id == won[0] and unit not in winners
            winners |= {unit} if winner else set()
            account = expected[scan_id]
            lost = replace(
                account, verdict="held", reason="serial-used", amount=None, move=None, payable=None, usage=None
            )
            found[scan_id] = account if winner else lost
    return found


def _took(row: Row) -> bool:
    return "serial-used" not in (row["reasons"] or [])
