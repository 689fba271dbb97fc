"""The encounter, as it lies on `udi.encounters`: opaque ids only.

References:
    docs/contract.md, section "Catalogue item, encounter, HIS charge".
"""

from typing import Annotated, Literal, Self

from pydantic import Field, model_validator

from models.wire.strict_json import Body, Hospital, Identifier, Instant, Refusal, WireModel, read_record


class Encounter(WireModel):
    """One stay of one patient. DRG facts come after discharge."""

    schema_: Literal["udi.encounter/1"] = Field(alias="schema")
    """Name and version of the record's schema."""
    hospital: Hospital
    """Id of the hospital; the first part of every record key."""
    encounter: Identifier
    """Opaque id of the stay, given by the HIS."""
    department: Identifier | None = None
    """Department that has the patient now."""
    team: Identifier | None = None
    """Id of the medical team; `None` when nobody said."""
    ward: Identifier | None = None
    """Id of the ward; `None` when nobody said."""
    admitted_at: Instant
    """A use before it is held, `before-admission`."""
    discharged_at: Instant | None = None
    """A use after it is billed and flagged, `after-discharge`; `None`: still in."""
    settled_at: Instant | None = None
    """When the bill was settled; nothing is charged to it by itself any more."""
    drg_group: Identifier | None = None
    """DRG group; `None` until the stay is grouped, mostly after discharge."""
    drg_weight: Annotated[str, Field(pattern=r"^[0-9]{1,4}(\.[0-9]{1,6})?$")] | None = None
    """Weight of the group as a decimal text; `None` until it is grouped."""
    main_disease: Identifier | None = None
    """Read and not kept: it is a diagnosis, and no decision needs it."""

    @model_validator(mode="after")
    def _check_order(self) -> Self:
        if self.discharged_at is not None and self.discharged_at < self.admitted_at:
            raise ValueError("Expected discharged_at at or after admitted_at")
        return self


def read_encounter(key: bytes | None, value: bytes | None) -> tuple[Encounter, Body] | Refusal:
    """A record of `udi.encounters`, or why it is none."""
    return read_record(Encounter, key, value, lambda encounter: (encounter.hospital, encounter.encounter))
