"""The delivery note, as it lies on `udi.deliveries`.

References:
    docs/contract.md, section "Store and delivery note".
"""

from typing import Annotated, Final, Literal, Self

from pydantic import BeforeValidator, Field, field_validator, model_validator

from models.money import parse_price
from models.stock.places import misnamed
from models.stock.recall import plain
from models.udi import Issuer
from models.wire.strict_json import Body, Day, Hospital, Identifier, Refusal, WireModel, read_record

SCHEMA: Final = "udi.delivery/1"
Code = Annotated[str, Field(min_length=1, max_length=200, pattern=r"^[^\x00-\x1f\x7f]+$")]


def _number_as_text(value: object) -> object:
    """Suppliers' systems number lines; JSON's true and false are no numbers."""
    return str(value) if isinstance(value, int) and not isinstance(value, bool) else value


class DeliveryLine(WireModel):
    """What a supplier says is in the delivery."""

    line: Annotated[Identifier, BeforeValidator(_number_as_text)]
    """Number of the line, a text or a whole number, which is its text; each stands once in a note."""
    item_code: Identifier | None = None
    """The item, when no identifier names it."""
    issuer: Annotated[Issuer, Field(strict=False)] | None = None
    """Issuing agency of `di`; given together with it."""
    di: Code | None = None
    """Device identifier of the package delivered; `None` when only the item is named."""
    lot: Code | None = None
    """Lot the supplier announces; another one that arrives is a finding."""
    serial: Code | None = None
    """Serial the supplier announces; each stands once in a note."""
    expiry: Day | None = None
    """Last usable day the supplier announces."""
    packages: Annotated[int, Field(ge=1, le=1_000_000)]
    """Of the level of the identifier; of the unit of use when only an item code is given."""
    cost: str | None = None
    """Yuan a unit of use; `None` when it is not known yet."""

    @field_validator("cost")
    @classmethod
    def _check_cost(cls, value: str | None) -> str | None:
        if value is not None and parse_price(value) == 0:
            raise ValueError("Expected a cost above zero, or none")
        return value

    @model_validator(mode="after")
    def _check_together(self) -> Self:
        if (self.issuer is None) != (self.di is None):
            raise ValueError("Expected issuer and di together")
        if self.di is None and self.item_code is None:
            raise ValueError("Expected an identifier (issuer and di) or an item_code")
        return self


class Delivery(WireModel):
    """A note: what a supplier brings to which store, and when. A later one stands in place of the earlier."""

    schema_: Literal["udi.delivery/1"] = Field(alias="schema")
    """Name and version of the record's schema."""
    hospital: Hospital
    """Id of the hospital; the first part of every record key."""
    note: Identifier
    """Number of the delivery note; scans name it as their `document`."""
    supplier: Identifier
    """Id of the supplier."""
    store: Identifier
    """Store it is for."""
    expected_on: Day | None = None
    """Local day it is due; a line is short seven days later."""
    ended: bool = False
    """Nothing more comes: what is missing is missing."""
    lines: Annotated[list[DeliveryLine], Field(min_length=1, max_length=5_000)]
    """What is in it."""

    @model_validator(mode="after")
    def _check_lines(self) -> Self:
        names = [line.line for line in self.lines]
        if len(set(names)) != len(names):
            raise ValueError("Expected every line number once")
        # Receipts are matched without blanks and capitals, so of two lines that differ only so one could never come.
        serials = [
            (line.item_code, line.issuer, line.di, plain(line.serial)) for line in self.lines if line.serial is not None
        ]
        if len(set(serials)) != len(serials):
            raise ValueError("Expected every serial number once")
        return self


def read_delivery(key: bytes | None, value: bytes | None) -> tuple[Delivery, Body] | Refusal:
    """A record of `udi.deliveries`, or why it is none."""
    read = read_record(Delivery, key, value, lambda delivery: (delivery.hospital, delivery.note))
    return read if isinstance(read, Refusal) else misnamed("store", read[0].store) or read
