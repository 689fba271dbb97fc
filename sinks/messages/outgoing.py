"""What leaves: the bodies of billing records, verdicts, settlement lines and dead letters, as bytes with key and id.

References:
    docs/contract.md, sections "Verdict" and "Billing record".
"""

from collections.abc import Iterable
from typing import Any, NamedTuple
from uuid import UUID

import orjson

from models.calendar import month_text
from models.charging.books import BadRecord
from models.charging.decision import Decision
from models.charging.effects import Charge, SettlementLine
from models.ids import made_id
from models.money import CURRENCY, fen_text, price_text
from models.reasons import Reason, Verdict
from models.texts import LOCALES, detail_text, told, verdict_text
from models.wire.strict_json import Refusal
from models.wire.topics import BILLING, DEAD_LETTERS, LETTER_VALUE_BYTES_MAX, RECORD_BYTES_MAX, SETTLEMENT, VERDICTS
from sinks.ports.batch import Batch, RawRecord

_NO_ID = UUID(int=0)
_LETTERED = frozenset({Verdict.REFUSED, Verdict.CONFLICT})
_DETAILED = frozenset({Reason.BAD_EVENT, Reason.KEY_MISMATCH})
"""Whose detail says what was expected of the record's form."""


class Outgoing(NamedTuple):
    """One record for the outbox."""

    topic: str
    """Topic it is for, by its name in `models.wire.topics`."""
    id: UUID
    """Header `udi-id`: the same after any replay."""
    key: bytes
    """The record's key, as bytes."""
    body: bytes
    """The record's value, as bytes."""
    reason: str | None = None
    """Of a dead letter: header `udi-reason`; else `None`."""
    origin: str | None = None
    """Of a dead letter: header `udi-origin`; else `None`."""


def outgoing_of(batch: Batch) -> Iterable[Outgoing]:
    """Everything the batch publishes, per topic in the order of its decisions."""
    for result in batch.results:
        if isinstance(result, BadRecord):
            yield from _of_bad_record(result, batch)
            continue
        for charge in result.charging.entries:
            yield _billing(result, charge)
        for line in result.settlement:
            yield _settlement(result, line)
        yield _verdict(result, batch)
        if result.n == 0 and result.verdict in _LETTERED:
            raw = batch.raw[result.subject.ref]
            origin = batch.position.origin(result.subject.ref.offset)
            letter = _dead_letter(raw.key, raw.value, str(result.reasons[0]), origin)
            yield of_cluster(letter, batch.position.cluster_id)


def _of_bad_record(bad: BadRecord, batch: Batch) -> Iterable[Outgoing]:
    origin = batch.position.origin(bad.ref.offset)
    if bad.scan_id is not None and bad.device_id is not None:
        # Who made the record is told what is wrong with it, as the dead letter is.
        detail = bad.detail if bad.reason in _DETAILED else ""
        message = {
            each: verdict_text(each, Verdict.REFUSED, (bad.reason,), "", "") + detail_text(each, detail)
            for each in LOCALES
        }
        body = _verdict_body(bad.hospital, bad.scan_id, bad.device_id) | {
            "verdict": Verdict.REFUSED,
            "reasons": [bad.reason],
            "message": message,
            "decided_at": bad.recorded_at,
        }
        key = f"{bad.hospital}/{bad.device_id}".encode()
        yield Outgoing(VERDICTS, made_id("verdict", batch.position.cluster_id, origin), key, orjson.dumps(body))
    raw = batch.raw[bad.ref]
    yield of_cluster(_dead_letter(raw.key, raw.value, str(bad.reason), origin), batch.position.cluster_id)


def letter_of(record: RawRecord, refusal: Refusal, origin: str) -> Outgoing:
    """The dead letter of a record that is not what its topic holds: its raw bytes, why, and whence.

    `of_cluster` gives it its id.
    """
    return _dead_letter(record.key, record.value, str(refusal.reason), origin)


def of_cluster(letter: Outgoing, cluster_id: str) -> Outgoing:
    """The dead letter with the id that no other has: another cluster has the same places for other records."""
    return letter._replace(id=letter_id(cluster_id, letter.origin or ""))


def letter_id(cluster_id: str, origin: str) -> UUID:
    """The id of the dead letter of the record that came at `topic/partition/offset` of a cluster."""
    return made_id("dead-letter", cluster_id, origin)


def _dead_letter(key: bytes | None, value: bytes | None, reason: str, origin: str) -> Outgoing:
    key, value = (key or b"")[:RECORD_BYTES_MAX], (value or b"")[:LETTER_VALUE_BYTES_MAX]
    return Outgoing(DEAD_LETTERS, _NO_ID, key, value, reason, origin)


def _billing(decision: Decision, charge: Charge) -> Outgoing:
    event, label, item = decision.subject.event, decision.label, charge.item
    body = {
        "schema": "udi.billing/1",
        "billing_id": charge.billing_id,
        "kind": "credit" if charge.reverses else "charge",
        "reverses": charge.reverses.billing_id if charge.reverses else None,
        "hospital": event.hospital,
        "encounter": charge.encounter,
        "department": charge.department,
        "team": charge.team,
        "store": event.store,
        "operation": event.operation,
        "item_code": item.item_code,
        "insurance_code": item.insurance_code,
        "item_name": item.name,
        "udi": {
            "issuer": label.issuer,
            "di": label.di,
            "lot": label.lot,
            "serial": label.serial,
            "expiry": label.expiry,
            "production": label.production,
        },
        "quantity": charge.quantity,
        "unit": item.unit,
        "unit_price": price_text(charge.unit_price),
        "amount": fen_text(charge.amount_fen),
        "currency": CURRENCY,
        "price_version": item.version,
        "service_at": event.scanned_at,
        "posted_at": decision.decided_at,
        "period": month_text(charge.period),
        "scan_id": event.scan_id,
        "flags": charge.flags,
    }
    key = f"{event.hospital}/{event.key_rest}".encode()
    return Outgoing(BILLING, charge.billing_id, key, orjson.dumps(body))


def _settlement(decision: Decision, line: SettlementLine) -> Outgoing:
    event = decision.subject.event
    body = {
        "schema": "udi.settlement/1",
        "line_id": line.line_id,
        "reverses": line.reverses,
        "hospital": event.hospital,
        "supplier": line.supplier,
        "scan_id": event.scan_id,
        "item_code": line.item_code,
        "quantity": line.quantity,
        "cost": None if line.cost is None else price_text(line.cost),
        "amount": None if line.amount_fen is None else fen_text(line.amount_fen),
        "currency": CURRENCY,
        "period": month_text(line.period),
        "status": line.status,
    }
    return Outgoing(SETTLEMENT, line.line_id, f"{event.hospital}/{line.supplier}".encode(), orjson.dumps(body))


def _verdict_body(hospital: str, scan_id: UUID, device_id: str) -> dict[str, Any]:
    return {
        "schema": "udi.verdict/1",
        "scan_id": scan_id,
        "hospital": hospital,
        "device_id": device_id,
        "verdict": None,
        "reasons": [],
        "billing_ids": [],
        "amount": None,
        "currency": CURRENCY,
        "item_code": None,
        "item_name": None,
        "lot": None,
        "serial": None,
        "expiry": None,
        "stock_left": None,
    }


def _verdict(decision: Decision, batch: Batch) -> Outgoing:
    event, item, label = decision.subject.event, decision.item, decision.label
    entries = decision.charging.entries
    amount = fen_text(sum([each.amount_fen for each in entries])) if entries else None
    name = item.name if item else ""
    verdict, reasons = decision.verdict, decision.reasons
    body = {
        "schema": "udi.verdict/1",
        "scan_id": event.scan_id,
        "hospital": event.hospital,
        "device_id": event.device_id,
        "verdict": verdict,
        "reasons": reasons,
        "billing_ids": decision.charging.billing_ids,
        "amount": amount,
        "currency": CURRENCY,
        "item_code": item.item_code if item else None,
        "item_name": name or None,
        "lot": label.lot,
        "serial": label.serial,
        "expiry": label.expiry,
        "stock_left": decision.stock.left,
        "message": told(verdict, reasons, name, amount or "", decision.offers),
        "decided_at": decision.decided_at,
    }
    key = f"{event.hospital}/{event.device_id}".encode()
    if decision.claims or decision.n:
        verdict_id = made_id("verdict", event.hospital, event.scan_id, decision.n)
    else:
        origin = batch.position.origin(decision.subject.ref.offset)
        verdict_id = made_id("verdict", batch.position.cluster_id, origin)
    return Outgoing(VERDICTS, verdict_id, key, orjson.dumps(body))
