"""The evidence a faultless product would leave behind for a plan: what planted bugs are planted into."""

import json
from collections import defaultdict
from collections.abc import Iterable, Sequence
from typing import Any, Final
from uuid import NAMESPACE_OID, uuid5
from zlib import crc32

from tests.oracle.case import Case, Offset, case_of
from tests.oracle.counting import Bookings, lines_of
from tests.oracle.invariants.books import OUTSIDE, recount
from tests.oracle.model import Account, Hospital
from tests.oracle.values import (
    BILLING,
    DEAD_LETTERS,
    HOSPITAL,
    INPUTS,
    SCANS,
    SETTLEMENT,
    VERDICTS,
    Evidence,
    Facts,
    Intent,
    Record,
)

LANES: Final = 4
VIEWS: Final = (
    "positions", "verdicts", "scans", "charges", "outbox", "stock", "stock_moves", "parked", "usage_months",
    "settlement", "counts",
)  # fmt: skip
Tables = dict[str, list[dict[str, Any]]]


def evidence_of(intents: Sequence[Intent]) -> Evidence:
    """Faultless tables and topics; returns are held at first and credited when everything has been read."""
    inputs = _inputs([*intents, *_bookings(intents)])
    case = case_of(intents, Evidence({view: [] for view in VIEWS}, inputs))
    tables: Tables = {view: [] for view in VIEWS}
    topics: dict[str, list[Record]] = {**inputs, BILLING: [], VERDICTS: [], SETTLEMENT: [], DEAD_LETTERS: []}
    for topic in INPUTS:
        for partition in range(LANES):
            end = sum(record.partition == partition for record in inputs[topic])
            tables["positions"].append({"topic": topic, "partition": partition, "next_offset": end})
    _record(case, tables, topics)
    _letters_of_facts(case, tables, topics)
    _sums(tables)
    tables["counts"] = [
        {"document": line.document, "store": line.store, "item_code": line.item, "lot": line.lot, "serial": line.serial,
         "expected": line.expected, "counted": line.counted, "hospital": HOSPITAL}
        for line in case.lines
    ]  # fmt: skip
    tables["usage_months"] = _usage(case_of(intents, Evidence(tables, topics)))
    return Evidence(tables, topics)


def _bookings(intents: Sequence[Intent]) -> list[Intent]:
    """What the scheduler publishes for the differences of posted counts; each twice, as after a kill."""
    due = Bookings(lines_of(intents, Hospital.of(intents))).due
    return [
        Intent(SCANS, f"{HOSPITAL}/{facts.store}".encode(), json.dumps(_said(facts)).encode(), facts)
        for facts in due
        for _ in range(2)
    ]


def _said(facts: Facts) -> dict[str, Any]:
    return {
        "scan_id": str(uuid5(NAMESPACE_OID, repr(facts))), "action": facts.action, "item_code": facts.item,
        "quantity": facts.quantity, "store": facts.store, "document": facts.document, "entry": "manual",
        "scanned_at": facts.scanned_at,
    }  # fmt: skip


def _inputs(intents: Iterable[Intent]) -> dict[str, list[Record]]:
    found: dict[str, list[Record]] = {topic: [] for topic in INPUTS}
    ends: dict[tuple[str, int], int] = defaultdict(int)
    for intent in intents:
        lane = crc32(intent.key or b"") % LANES if intent.partition is None else intent.partition
        found[intent.topic].append(Record(intent.topic, lane, ends[intent.topic, lane], intent.key, intent.value))
        ends[intent.topic, lane] += 1
    return {topic: sorted(records, key=lambda record: record.partition) for topic, records in found.items()}


def _record(case: Case, tables: Tables, topics: dict[str, list[Record]]) -> None:
    later: list[tuple[int, Account]] = []
    taken: set[str] = set()
    for offset in case.offsets:
        kind = "duplicate" if offset.kind == "either" and offset.facts.scan_id in taken else offset.kind
        account = case.accounts.get(offset.facts.scan_id)
        first, reasons = kind, [offset.facts.refusal or kind]
        if kind in ("scan", "either"):
            assert account is not None
            taken.add(offset.facts.scan_id)
            waits = account.facts.action == "return"
            first, reasons = ("held", ["over-return"]) if waits else (account.verdict, _reasons(account))
            if waits:
                later.append((offset.record.partition, account))
            else:
                _book(case, account, offset.record.partition, tables, topics)
            tables["scans"].append(_scan_row(account))
        tables["verdicts"].append(_verdict_row(offset, first, reasons))
        if kind in ("refused", "conflict"):
            _letter(offset.record, offset.facts.refusal or "conflict", tables, topics, offset.record.partition)
        told = {"scan_id": offset.facts.scan_id, "verdict": first}
        _publish(VERDICTS, offset.record.partition, told, tables, topics)
    for lane, account in later:
        _book(case, account, lane, tables, topics)
        told = {"scan_id": account.facts.scan_id, "verdict": account.verdict}
        _publish(VERDICTS, lane, told, tables, topics)


def _reasons(account: Account) -> list[str]:
    return [account.reason] if account.reason else []


def _scan_row(account: Account) -> dict[str, Any]:
    facts = account.facts
    same = {"scan_id": facts.scan_id, "quantity": account.units, "hospital": HOSPITAL}
    return {**same, "verdict": account.verdict, "reasons": _reasons(account)}


def _verdict_row(offset: Offset, verdict: str, reasons: list[str]) -> dict[str, Any]:
    where = {"topic": SCANS, "partition": offset.record.partition, "record_offset": offset.record.offset}
    return {**where, "scan_id": offset.facts.scan_id, "verdict": verdict, "reasons": reasons}


def _book(case: Case, account: Account, lane: int, tables: Tables, topics: dict[str, list[Record]]) -> None:
    facts, move = account.facts, account.move
    if account.amount is not None:
        entry = _entry(case, account)
        tables["charges"].append(entry | ({"lot": account.really.lot} if account.really else {}))
        _publish(BILLING, lane, {**entry, "amount": str(entry["amount"])}, tables, topics)
    if move is not None:
        row: dict[str, Any] = {
            "from_place": move.from_place,
            "to_place": move.to_place,
            "owner": move.owner,
            "item_code": move.item,
        }
        row |= {"lot": move.lot, "serial": move.serial, "quantity": move.quantity}
        row |= {"scan_id": facts.scan_id, "hospital": HOSPITAL}
        if (first := account.cleared) is not None:
            ends = {"from_place": first.from_place, "to_place": first.to_place, "quantity": first.quantity}
            tables["stock_moves"].append(row | ends)
        tables["stock_moves"].append(row)
        if account.really is not None:
            tables["stock_moves"].append({**row, "from_place": move.to_place, "to_place": move.from_place})
            tables["stock_moves"].append({**row, "lot": account.really.lot})
        if account.payable is not None and facts.action in ("use", "return"):
            line: dict[str, Any] = {"line_id": _id("line", facts), "supplier": move.owner, "scan_id": facts.scan_id}
            line |= {"item_code": facts.item, "quantity": facts.quantity, "period": facts.scanned_at[:7]}
            status = "reversal" if facts.action == "return" else "open"
            line |= {"amount": account.payable, "status": status, "hospital": HOSPITAL}
            tables["settlement"].append(line)
            _publish(SETTLEMENT, lane, {**line, "amount": str(account.payable)}, tables, topics)
    if account.verdict == "parked":
        parked = {"scan_id": facts.scan_id, "reason": account.reason, "resolved_at": None, "hospital": HOSPITAL}
        tables["parked"].append(parked)


def _id(kind: str, facts: Facts) -> str:
    return str(uuid5(NAMESPACE_OID, f"{kind} {facts.scan_id}"))


def _entry(case: Case, account: Account) -> dict[str, Any]:
    facts = account.facts
    used = case.accounts[account.credits_of].facts if account.credits_of else None
    entry = {
        "billing_id": _id("entry", facts), "kind": "credit" if used else "charge", "scan_id": facts.scan_id,
        "reverses": _id("entry", used) if used else None, "encounter": facts.encounter, "hospital": HOSPITAL,
        "department": case.hospital.department(facts), "item_code": facts.item, "di": facts.di, "lot": facts.lot,
        "serial": facts.serial, "quantity": facts.quantity, "unit_price": str(case.hospital.price(facts.item)),
        "amount": account.amount, "period": facts.scanned_at[:7],
    }  # fmt: skip
    return dict(entry)


def _publish(
    topic: str, lane: int, body: dict[str, Any] | bytes, tables: Tables, topics: dict[str, list[Record]], **more: bytes
) -> None:
    seq = 1 + sum(record.partition == lane for record in topics[topic])
    value = body if isinstance(body, bytes) else json.dumps(body).encode()
    each = str(uuid5(NAMESPACE_OID, f"{topic} {lane} {seq}"))
    headers = {"udi-seq": str(seq).encode(), "udi-id": each.encode()}
    headers |= {name.replace("_", "-"): content for name, content in more.items()}
    topics[topic].append(Record(topic, lane, seq, b"key", value, headers))
    row = {"topic": topic, "partition": lane, "seq": seq, "id": each, "body": "\\x" + value.hex()}
    tables["outbox"].append(row)


def _letter(record: Record, reason: str, tables: Tables, topics: dict[str, list[Record]], lane: int) -> None:
    origin = f"{record.topic}/{record.partition}/{record.offset}".encode()
    more = {"udi_origin": origin, "udi_reason": reason.encode()}
    _publish(DEAD_LETTERS, lane, record.value or b"", tables, topics, **more)


def _letters_of_facts(case: Case, tables: Tables, topics: dict[str, list[Record]]) -> None:
    for record, facts in case.bad_facts:
        _letter(record, facts.refusal, tables, topics, 0)


def _sums(tables: Tables) -> None:
    balances: dict[tuple[Any, ...], int] = defaultdict(int)
    for row in tables["stock_moves"]:
        for place, sign in ((row["from_place"], -1), (row["to_place"], 1)):
            if place not in OUTSIDE:
                balances[place, row["owner"], row["item_code"], row["lot"], row["serial"]] += sign * row["quantity"]
    columns = ("store", "owner", "item_code", "lot", "serial")
    tables["stock"] = [
        {**dict(zip(columns, key, strict=True)), "quantity": quantity, "hospital": HOSPITAL}
        for key, quantity in balances.items()
    ]


def _usage(case: Case) -> list[dict[str, Any]]:
    return [
        {"scope_type": kind, "scope": scope, "item_code": item, "month": month, "quantity": quantity, "amount": amount,
         "hospital": HOSPITAL}
        for (kind, scope, item, month), (quantity, amount) in recount(case).items()
    ]  # fmt: skip
