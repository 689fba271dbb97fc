"""A use with what was charged, owed and taken back of it, from a row of `udi.uses`."""

from dataclasses import replace
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

from models.calendar import Month, local_day, month_of
from models.catalogue.item import Item
from models.charging.books import Ref
from models.charging.decision import UseAccount
from models.charging.effects import Charge, SettlementLine, SettlementStatus
from models.reasons import Reason, Verdict


def use_of(row: Any, item: Item | None, zone: ZoneInfo) -> UseAccount:
    """A row of `udi.uses`."""
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
