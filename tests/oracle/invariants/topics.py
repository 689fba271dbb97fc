"""Invariants of what was published: gapless, in order, and the same as the outbox and the books."""

import json
from collections import defaultdict
from collections.abc import Iterator, Mapping
from functools import lru_cache
from typing import Any, Final

from tests.oracle.case import Case
from tests.oracle.values import BILLING, OUTPUTS, SETTLEMENT, VERDICTS, Record, number

REPEATS: Final = frozenset({"duplicate", "conflict", "refused"})


def _partitions(case: Case, topic: str) -> dict[int, list[Record]]:
    found: dict[int, list[Record]] = defaultdict(list)
    for record in case.topic(topic):
        found[record.partition].append(record)
    return found


def _body(record: Record) -> Mapping[str, Any]:
    return _parsed(record.value or b"{}")


@lru_cache(maxsize=1 << 14)
def _parsed(value: bytes) -> Mapping[str, Any]:
    """Read once, though several promises are about it; nobody changes it."""
    body: dict[str, Any] = json.loads(value)
    return body


def every_topic_counts_from_one_without_gaps(case: Case) -> Iterator[str]:
    for topic in OUTPUTS:
        for partition, records in _partitions(case, topic).items():
            for place, record in enumerate(records, 1):
                if record.headers.get("udi-seq") != str(place).encode():
                    yield f"{topic}/{partition}: record {place} has udi-seq {record.headers.get('udi-seq')!r}"
                    break


def every_topic_is_the_outbox(case: Case) -> Iterator[str]:
    stored: dict[tuple[str, int], dict[int, tuple[str, str]]] = defaultdict(dict)
    for row in case.rows("outbox"):
        stored[row["topic"], row["partition"]][row["seq"]] = (row["id"], row["body"])
    published: dict[tuple[str, int], dict[int, tuple[str, str]]] = defaultdict(dict)
    for topic in OUTPUTS:
        for record in case.topic(topic):
            seq = int(record.headers.get("udi-seq", b"0"))
            body = "\\x" + (record.value or b"").hex()
            published[topic, record.partition][seq] = (record.headers.get("udi-id", b"").decode(), body)
    for where in stored.keys() | published.keys():
        for seq in stored[where].keys() | published[where].keys():
            if stored[where].get(seq) != published[where].get(seq):
                yield f"{where[0]}/{where[1]} seq {seq}: outbox and topic differ or one of them has none"


def the_billing_topic_is_the_ledger(case: Case) -> Iterator[str]:
    ledger = {row["billing_id"]: row for row in case.rows("charges")}
    seen: dict[str, int] = defaultdict(int)
    for record in case.topic(BILLING):
        body = _body(record)
        seen[body["billing_id"]] += 1
        row = ledger.get(body["billing_id"])
        if row is None:
            yield f"billing record {body['billing_id']} is not in the ledger"
            continue
        same = ("kind", "reverses", "scan_id", "encounter", "department", "item_code", "quantity", "period")
        different = [name for name in same if body[name] != row[name]]
        different += [name for name in ("unit_price", "amount") if number(body[name]) != number(row[name])]
        if different:
            yield f"billing record {body['billing_id']} differs from the ledger in {different}"
    yield from (f"ledger entry {each} is published {seen[each]} times" for each in ledger if seen[each] != 1)


def the_settlement_topic_is_the_settlement(case: Case) -> Iterator[str]:
    lines = {row["line_id"]: row for row in case.rows("settlement")}
    published = [_body(record) for record in case.topic(SETTLEMENT)]
    if sorted(body["line_id"] for body in published) != sorted(lines):
        yield f"{len(published)} settlement records, {len(lines)} settlement lines, or other ids"
    for body in published:
        row = lines.get(body["line_id"])
        if row and any(str(body[name]) != str(row[name]) for name in ("supplier", "scan_id", "quantity", "period")):
            yield f"settlement record {body['line_id']} differs from its line"


def what_is_billed_at_once_is_published_in_the_order_of_the_scans(case: Case) -> Iterator[str]:
    at_once = {
        offset.facts.scan_id: offset
        for offset in case.offsets
        for row in case.verdicts.get(offset.place, [])
        if row["verdict"] in ("billed", "credited")
    }
    last: dict[tuple[int, str | None], int] = {}
    for record in case.topic(BILLING):
        body = _body(record)
        offset = at_once.get(body["scan_id"])
        if offset is None:
            continue
        lane = (offset.record.partition, body["encounter"])
        if record.partition != offset.record.partition:
            yield f"scan {body['scan_id']} came on lane {offset.record.partition}, was billed on {record.partition}"
        if offset.record.offset < last.get(lane, -1):
            yield f"encounter {body['encounter']}: scan {body['scan_id']} is billed after a later one"
        last[lane] = offset.record.offset


def every_credit_follows_its_charge(case: Case) -> Iterator[str]:
    seen: set[str] = set()
    for record in case.topic(BILLING):
        body = _body(record)
        seen.add(body["billing_id"])
        if body["kind"] == "credit" and body["reverses"] not in seen:
            yield f"credit {body['billing_id']} is published before charge {body['reverses']}"


def first_verdicts_are_published_in_the_order_of_the_offsets(case: Case) -> Iterator[str]:
    first_places: dict[int, dict[str, int]] = defaultdict(dict)
    for offset in case.offsets:
        for row in case.verdicts.get(offset.place, []):
            if row["verdict"] not in REPEATS:
                first_places[offset.record.partition][offset.facts.scan_id] = offset.record.offset
    for partition, records in _partitions(case, VERDICTS).items():
        told: dict[str, int] = {}
        for body in map(_body, records):
            place = first_places[partition].get(body["scan_id"])
            if body["verdict"] in REPEATS or place is None or body["scan_id"] in told:
                continue
            if told and place < max(told.values()):
                yield f"lane {partition}: the first verdict of scan {body['scan_id']} is told after a later scan's"
                break
            told[body["scan_id"]] = place
        if missing := first_places[partition].keys() - told.keys():
            yield f"lane {partition}: no verdict is published of {sorted(missing)[:3]} ({len(missing)})"


def the_newest_verdict_told_is_the_one_that_stands(case: Case) -> Iterator[str]:
    newest: dict[str, Mapping[str, Any]] = {}
    for body in map(_body, case.topic(VERDICTS)):
        if body["verdict"] not in REPEATS:
            newest[body["scan_id"]] = body
    for scan_id, rows in case.scans.items():
        told = newest.get(scan_id, {}).get("verdict")
        if any(row["verdict"] != told for row in rows):
            yield f"scan {scan_id} is {rows[0]['verdict']}, the device was last told {told}"
