"""The encounter, as it lies on `udi.encounters`: opaque ids only.

References:
    docs/contract.md, section "Catalogue item, encounter, HIS charge".
"""

from typing import Annotated, Literal, Self

from pydantic import Field, model_validator

from models.wire.strict_json import (
    Body,
    Hospital,
    Identifier,
    Instant,
    Refusal,
    WireModel,
    check_key,
    read_object,
    validate,
)


class Encounter(WireModel):
    """One stay of one patient. DRG facts come after discharge."""

    schema_: Literal["udi.encounter/1"] = Field(alias="schema")
    hospital: Hospital
    encounter: Identifier
    department: Identifier | None = None
    team: Identifier | None = None
    ward: Identifier | None = None
    admitted_at: Instant
    discharged_at: Instant | None = None
    settled_at: Instant | None = None
    """When the bill was settled; nothing is charged to it by itself any more."""
    drg_group: Identifier | None = None
    drg_weight: Annotated[str, Field(pattern=r"^[0-9]{1,4}(\.[0-9]{1,6})?$")] | None = None
    main_disease: Identifier | None = None
    """Read and not kept: it is a diagnosis, and no decision needs it."""

    @model_validator(mode="after")
    def _check_order(self) -> Self:
        if self.discharged_at is not None and self.discharged_at < self.admitted_at:
            raise ValueError("Expected discharged_at at or after admitted_at")
        return self


def read_encounter(key: bytes | None, value: bytes | None) -> tuple[Encounter, Body] | Refusal:
    """A record of `udi.encounters`, or why it is none."""
    body = read_object(value)
    if isinstance(body, Refusal):
        return body
    assert value is not None  # noqa: S101 -- read_object refuses a record without value
    encounter = validate(Encounter, value)
    if isinstance(encounter, Refusal):
        return encounter
    return check_key(key, encounter.hospital, encounter.encounter) or (encounter, body)
