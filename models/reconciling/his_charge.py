"""The HIS's own charge line, as it lies on `udi.his-charges`.

References:
    docs/contract.md, section "Catalogue item, encounter, HIS charge".
"""

from typing import Annotated, Literal, Self
from uuid import UUID

from pydantic import Field, model_validator

from models.money import UNITS_MAX, Price, Yuan, fen_text, line_amount_fen, parse_fen, parse_price
from models.wire.strict_json import Body, Hospital, Identifier, Instant, Refusal, Text, WireModel, read_record


class HisCharge(WireModel):
    """One charge line of the HIS. The same `line_id` again is a newer version of the line; the newest holds."""

    schema_: Literal["udi.his-charge/1"] = Field(alias="schema")
    """Name and version of the record's schema."""
    hospital: Hospital
    """Id of the hospital; the first part of every record key."""
    line_id: Identifier
    """The HIS's own id of the line."""
    encounter: Identifier
    """Opaque id of the patient's stay."""
    department: Identifier | None = None
    """Department the HIS charges it to; `None` when it does not say."""
    item_code: Identifier
    """The item's code in the HIS catalogue."""
    insurance_code: Identifier | None = None
    """As the HIS charged it; `None` when it does not say."""
    quantity: Annotated[int, Field(ge=1, le=UNITS_MAX)]
    """Units of use."""
    unit_price: Price
    """Yuan, at most four digits after the point."""
    amount: Yuan
    """Yuan with two digits: quantity × unit price, rounded half up to the fen."""
    currency: Literal["CNY"] = "CNY"
    """Always `CNY`."""
    service_at: Instant
    """When the goods were used, as the HIS has it."""
    cancelled: bool = False
    """The line no longer counts. What is charged instead comes as a line of its own."""
    billing_id: UUID | None = None
    """The record of `udi.billing` the line was posted from, when the HIS keeps it: the strongest match there is."""
    lot: Text | None = None
    """As the HIS has it; makes sure which use the line is for."""
    serial: Text | None = None
    """As the HIS has it; makes sure which use the line is for."""

    @model_validator(mode="after")
    def _check_sum(self) -> Self:
        due = line_amount_fen(self.quantity, parse_price(self.unit_price))
        if due != parse_fen(self.amount):
            raise ValueError(
                f"Expected amount {fen_text(due)} for {self.quantity} × {self.unit_price}, got {self.amount}"
            )
        return self


def read_his_charge(key: bytes | None, value: bytes | None) -> tuple[HisCharge, Body] | Refusal:
    """A record of `udi.his-charges`, or why it is none. Its key is `hospital/encounter`."""
    return read_record(HisCharge, key, value, lambda line: (line.hospital, line.encounter))
