"""Scans and what was decided of them, as rows."""

from collections.abc import Iterable

from models.charging.books import BadRecord, Ref
from models.charging.decision import Decision
from models.reasons import deciding_reason
from models.scan.event import Action, Override
from sinks.ports.batch import Batch
from sinks.postgres.charging.tables import DecisionRow, OpenRow, OverrideRow, RawRow, ReadingRow, ScanRow


def scan_row(decision: Decision, batch: Batch) -> ScanRow:
    """The first decision of a scan, with the key of the record it came of."""
    subject, event, label, stock = decision.subject, decision.subject.event, decision.label, decision.stock
    from_place, to_place = _places(decision)
    # In the order of the columns: forty names cost two thirds of making the row.
    return ScanRow(
        *subject.ref, batch.lane, subject.recorded_at, event.hospital, event.scan_id,
        event.device_id, event.boot, event.sequence, event.scanned_at, event.action, event.entry, event.quantity,
        event.store, event.to_store, event.department, event.encounter, event.operation, event.team, event.staff,
        event.corrects, event.reason,
        label.issuer, label.di, label.lot, label.serial, label.expiry, label.production,
        decision.verdict, decision.reasons, decision.item.item_code if decision.item else None, decision.units,
        stock.move.owner if stock.move else None,
        batch.raw[subject.ref].key, None, label.flags or None,
        event.document, event.place, from_place, to_place, stock.cost,
    )  # fmt: skip


def _places(decision: Decision) -> tuple[str | None, str | None]:
    """From where to where the goods went, where that does not follow from the action and the store alone."""
    event, move = decision.subject.event, decision.stock.move
    kept = (move.from_store or move.to_store) if move is not None else None
    follows = event.place is None and event.action in _PLAIN and kept in {None, event.store}
    return (None, None) if follows else decision.places or (None, None)


_PLAIN = frozenset({Action.USE, Action.RETURN, Action.OPENED, Action.WASTE})


def bad_row(bad: BadRecord, batch: Batch) -> ScanRow:
    """A record that is no scan event."""
    return ScanRow(
        position_id=bad.ref.position,
        record_offset=bad.ref.offset,
        lane=batch.lane,
        recorded_at=bad.recorded_at,
        hospital=bad.hospital,
        scan_id=bad.scan_id,
        device_id=bad.device_id,
        explanation=bad.detail,
        reasons=(bad.reason.value,),
        record_key=batch.raw[bad.ref].key,
    )


def raw_row(ref: Ref, batch: Batch) -> RawRow | None:
    """The bytes of a record; `None` without a value."""
    value = batch.raw[ref].value
    return None if value is None else RawRow(None, *ref, value)


def override_row(ref: Ref, override: Override) -> OverrideRow:
    """The override that came with a scan."""
    return OverrideRow(*ref, override.badge, override.reason)


def decision_row(decision: Decision) -> DecisionRow:
    """A later decision of a scan."""
    subject, label, stock = decision.subject, decision.label, decision.stock
    from_place, to_place = _places(decision)
    return DecisionRow(
        position_id=subject.ref.position,
        record_offset=subject.ref.offset,
        n=decision.n,
        lane=subject.lane,
        decided_at=decision.decided_at,
        verdict=decision.verdict.value,
        reasons=decision.reasons,
        issuer=label.issuer,
        di=label.di,
        lot=label.lot,
        serial=label.serial,
        expiry=label.expiry,
        production=label.production,
        item_code=decision.item.item_code if decision.item else None,
        units=decision.units,
        owner=stock.move.owner if stock.move else None,
        label_flags=label.flags or None,
        takes_back=stock.takes_back,
        from_place=from_place,
        to_place=to_place,
        cost=stock.cost,
    )


def reading_rows(decision: Decision) -> Iterable[ReadingRow]:
    """What a label may say that may have lost separators; what is possible first, as it was read first among equals."""
    suspect, possible = decision.label.suspect, decision.label.possible
    if suspect is None:
        return
    if not possible and not decision.label.identifier_alone:
        possible = (suspect,)  # Taken as it was read.
    own = () if suspect.error is not None else (suspect,)
    readings = [(each, each in possible) for each in (*own, *suspect.alternatives)]
    readings.sort(key=lambda reading: not reading[1])
    for number, (each, is_possible) in enumerate(readings, 1):
        yield ReadingRow(
            *decision.subject.ref,
            n=decision.n,
            number=number,
            as_read=each is suspect,
            possible=is_possible,
            issuer=str(each.issuer),
            di=each.di,
            lot=each.lot,
            serial=each.serial,
            expiry=each.expiry,
            production=each.production,
        )


def open_row(decision: Decision) -> OpenRow:
    """What waits by a decision that leaves a scan open."""
    subject, event, label = decision.subject, decision.subject.event, decision.label
    return OpenRow(
        *subject.ref,
        lane=subject.lane,
        verdict=decision.verdict.value,
        reason=deciding_reason(decision.reasons) or "",
        action=event.action.value,
        hospital=event.hospital,
        issuer=label.issuer,
        di=label.di,
        serial=label.serial,
        item_code=decision.item.item_code if decision.item else event.item_code,
        encounter=event.encounter,
        since=decision.decided_at,
    )
