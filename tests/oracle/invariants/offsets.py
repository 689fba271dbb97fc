"""Invariants of the input: every offset is accounted for, and the harness itself has told the truth."""

from collections import defaultdict
from collections.abc import Iterator
from typing import Final

from tests.oracle.case import Case, Offset
from tests.oracle.values import DEAD_LETTERS, INPUTS, SCANS

FIRST_VERDICTS: Final = frozenset({"billed", "credited", "recorded", "parked", "held", "waiting"})


def the_inputs_hold_what_was_sent_and_nothing_else(case: Case) -> Iterator[str]:
    yield from (f"{record.topic}/{record.partition}/{record.offset} was sent by nobody" for record in case.strangers)
    yield from (f"an intent for {intent.topic}, key {intent.key!r}, never arrived" for intent in case.unsent)


def positions_have_passed_every_record(case: Case) -> Iterator[str]:
    positions = {(row["topic"], row["partition"]): row["next_offset"] for row in case.rows("positions")}
    ends: dict[tuple[str, int], int] = {}
    for topic in INPUTS:
        for record in case.topic(topic):
            ends[topic, record.partition] = record.offset + 1
    for (topic, partition), end in ends.items():
        if positions.get((topic, partition), 0) < end:
            yield f"{topic}/{partition} stands at {positions.get((topic, partition))}, its records end at {end}"


def every_offset_has_one_verdict_and_ticks_have_none(case: Case) -> Iterator[str]:
    known = {offset.place: offset for offset in case.offsets}
    for place, offset in known.items():
        rows = case.verdicts.get(place, [])
        if len(rows) != (0 if offset.kind == "tick" else 1):
            yield f"{SCANS}/{place[0]}/{place[1]} ({offset.kind}) has {len(rows)} verdicts"
    yield from (
        f"a verdict for {SCANS}/{place[0]}/{place[1]}, which is no record" for place in case.verdicts.keys() - known
    )


def every_first_verdict_fits_its_record(case: Case) -> Iterator[str]:
    for offset in case.offsets:
        for row in case.verdicts.get(offset.place, []):
            problem = _misfit(offset, row["verdict"], row["reasons"] or [])
            if problem:
                yield f"{SCANS}/{offset.place[0]}/{offset.place[1]} ({offset.kind}): {problem}"
            if offset.kind != "refused" and row["scan_id"] != offset.facts.scan_id:
                yield f"{SCANS}/{offset.place[0]}/{offset.place[1]} has scan id {row['scan_id']}"


def _misfit(offset: Offset, verdict: str, reasons: list[str]) -> str:
    match offset.kind:
        case "refused":
            fits = verdict == "refused" and reasons[:1] == [offset.facts.refusal]
        case "scan":
            fits = verdict in FIRST_VERDICTS
        case "either":
            fits = verdict in FIRST_VERDICTS | {"duplicate"}
        case other:
            fits = verdict == other
    return "" if fits else f"first verdict {verdict} {reasons}"


def a_scan_on_several_lanes_is_one_scan(case: Case) -> Iterator[str]:
    firsts: dict[str, list[str]] = defaultdict(list)
    for offset in case.offsets:
        if offset.kind == "either":
            firsts[offset.facts.scan_id] += [row["verdict"] for row in case.verdicts.get(offset.place, [])]
    for scan_id, verdicts in firsts.items():
        if sum(verdict != "duplicate" for verdict in verdicts) != 1:
            yield f"scan {scan_id} has first verdicts {sorted(verdicts)} over its lanes"


def dead_letters_carry_the_raw_bytes_and_their_origin(case: Case) -> Iterator[str]:
    due = {f"{SCANS}/{offset.place[0]}/{offset.place[1]}": (offset.record.value, offset.facts.refusal or "conflict")
           for offset in case.offsets if offset.kind in ("refused", "conflict")}  # fmt: skip
    due |= {f"{record.topic}/{record.partition}/{record.offset}": (record.value, facts.refusal)
            for record, facts in case.bad_facts}  # fmt: skip
    found: dict[str, int] = defaultdict(int)
    for record in case.topic(DEAD_LETTERS):
        origin = record.headers.get("udi-origin", b"").decode()
        found[origin] += 1
        if origin not in due:
            yield f"a dead letter of {origin}, which is in order"
        elif (record.value, record.headers.get("udi-reason", b"").decode()) != due[origin]:
            came = record.headers.get("udi-reason"), record.value
            yield f"the dead letter of {origin} has {came}, expected {due[origin]}"
    yield from (f"{found[origin]} dead letters of {origin}" for origin in due if found[origin] != 1)
