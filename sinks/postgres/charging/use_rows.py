"""Values from rows: a use with what was charged, owed and taken back of it; the event and label of a recorded scan."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any, Final
from uuid import UUID
from zoneinfo import ZoneInfo

from msgspec import structs

from models.calendar import Month, local_day, month_of
from models.catalogue.item import Item
from models.charging.books import LabelFacts, Ref
from models.charging.decision import UseAccount
from models.charging.effects import Charge, SettlementLine, SettlementStatus
from models.reasons import Reason, Verdict
from models.scan.event import Action, Entry, Override, ScanEvent
from models.udi import CodeError, Flag, Issuer, Label


def use_of(row: Any, item: Item | None, zone: ZoneInfo) -> UseAccount:
    """A row of `udi.uses_2`."""
    day = local_day(row["scanned_at"], zone)
    ref = Ref(row["position_id"], row["record_offset"])
    return UseAccount(
        ref=ref,
        hospital=row["hospital"],
        scan_id=plain(row["scan_id"]),
        scanned_at=row["scanned_at"],
        day=day,
        month=month_of(day),
        encounter=row["encounter"],
        unit=(row["issuer"], row["di"], row["lot"], row["serial"]),
        verdict=Verdict(row["verdict"]),
        reasons=tuple(Reason(reason) for reason in row["reasons"]),
        department=row["department"],
        item=item,
        units=row["units"],
        owner=row["owner"],
        holds_unit=row["holds_unit"],
        charge=_charge(row, ref, item),
        settlement=_line(row),
        returned_units=row["returned_units"],
        changes=row["changes"],
        credited_units=row["credited_units"],
        credited_fen=row["credited_fen"],
        credits=row["credits"],
    )


def plain(value: UUID) -> UUID:
    """A plain UUID: the driver's own kind is not written as JSON."""
    return UUID(int=value.int)


def _charge(row: Any, ref: Ref, item: Item | None) -> Charge | None:
    if row["billing_id"] is None or item is None:
        return None
    return Charge(
        ref=ref,
        n=row["charge_n"],
        billing_id=plain(row["billing_id"]),
        encounter=row["charge_encounter"],
        department=row["charge_department"],
        team=row["charge_team"],
        item=replace(item, insurance_code=row["insurance_code"], version=row["price_version"]),
        quantity=row["charge_quantity"],
        unit_price=row["unit_price"],
        amount_fen=row["amount_fen"],
        period=Month(row["period"]),
        flags=(),
    )


def _line(row: Any) -> SettlementLine | None:
    if row["line_id"] is None:
        return None
    return SettlementLine(
        0, plain(row["line_id"]), row["supplier"], row["item_code"], row["line_quantity"], row["cost"],
        row["line_amount"], Month(row["line_period"]), SettlementStatus(row["line_status"]),
    )  # fmt: skip


_LIKE_THE_COLUMN: Final = (
    "hospital", "device_id", "boot", "sequence", "scanned_at", "quantity", "store", "to_store", "department",
    "encounter", "operation", "team", "staff", "document", "place",
)  # fmt: skip


def event_of(raw: bytes | None, scan: Mapping[str, Any] | None, override: Mapping[str, Any] | None = None) -> ScanEvent:
    """The event as the device sent it.

    Args:
        raw: The record's bytes; `None` when they were let go.
        scan: Then the row of `udi.scan`.
        override: Then the row of `udi.scan_override`, when there is one.

    Of bytes that were let go the texts of the label are unknown: `codes` and `item_code` are both `None`, which no
    event on the wire has. What was decided of the label is in the books; only who must read it again misses them.
    """
    if raw is not None or scan is None:
        return ScanEvent.model_validate_json(raw or b"")
    said = Override(badge=override["badge"], reason=override["reason"]) if override is not None else None
    return ScanEvent.model_construct(
        schema_="udi.scan/1",
        scan_id=plain(scan["scan_id"]),
        corrects=plain(scan["corrects"]) if scan["corrects"] is not None else None,
        **{name: scan[name] for name in _LIKE_THE_COLUMN},
        action=Action(scan["action"]),
        entry=Entry(scan["entry"]),
        reason=scan["explanation"],
        override=said,
    )


def label_of(row: Any) -> LabelFacts:
    """The label as the newest decision left it; one that may have lost separators with what it may say."""
    flags, reasons = tuple(row["label_flags"] or ()), row["reasons"]
    label = LabelFacts(*(row[name] for name in ("issuer", "di", "lot", "serial", "expiry", "production")))
    label = structs.replace(label, flags=flags) if flags else label
    if row["readings"]:
        held = Reason.AMBIGUOUS_CODE in reasons and not label.identifier_alone
        label = structs.replace(label, ambiguous=held, suspect=suspect_of(row["readings"]))
    return label


def suspect_of(readings: Sequence[Mapping[str, Any]]) -> Label | None:
    """A label that may have lost separators, from the readings that were kept of it; `None` when none were."""
    if not readings:
        return None
    names = ("di", "lot", "serial", "expiry", "production")
    read = {row["number"]: Label(Issuer(row["issuer"]), *(row[name] for name in names)) for row in readings}
    own = next((read[row["number"]] for row in readings if row["as_read"]), None)
    others = tuple(each for each in read.values() if each is not own)
    first = own or Label(Issuer(readings[0]["issuer"]), error=CodeError.TOO_LONG)
    return replace(first, flags=(Flag.SUSPECT_MISSING_SEPARATOR,), alternatives=others)
