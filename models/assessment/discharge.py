"""A discharged case and a department's income of a month, as they lie on `udi.discharges` and `udi.income`.

References:
    docs/contract.md, section "Discharge, income".
"""

from typing import Annotated, Literal

from pydantic import AfterValidator, BeforeValidator, Field

from models.calendar import parse_month
from models.money import Yuan
from models.wire.strict_json import Body, Hospital, Identifier, Instant, Refusal, WireModel, read_record

STAY_DAYS_MAX = 36_500
"""A stay of more than a hundred years is a typing error. No source: ours."""
EVENTS_MAX = 10_000
"""Safety events of one case; more is a typing error. No source: ours."""


def _number_text(value: object) -> object:
    """A JSON number as the text it was written as: weights and days come either way."""
    if isinstance(value, bool) or not isinstance(value, int | float):
        return value
    return str(value) if isinstance(value, int) else repr(value)


def _month(value: str) -> str:
    parse_month(value)
    return value


Weight = Annotated[str, BeforeValidator(_number_text), Field(pattern=r"^[0-9]{1,4}(\.[0-9]{1,6})?$")]
"""A DRG weight of 0 or more, at most six digits after the point; text or a number."""
Days = Annotated[str, BeforeValidator(_number_text), Field(pattern=r"^[0-9]{1,5}(\.[0-9]{1,2})?$")]
"""Days in hospital; text or a number."""
Events = Annotated[int, Field(ge=0, le=EVENTS_MAX)]


class Discharge(WireModel):
    """One discharged case. A newer record of the encounter replaces it (regrouping); both are kept."""

    schema_: Literal["udi.discharge/1"] = Field(alias="schema")
    """Name and version of the record's schema."""
    hospital: Hospital
    """Id of the hospital; the first part of every record key."""
    encounter: Identifier
    """Opaque id of the patient's stay."""
    department: Identifier
    """The department that discharged it."""
    team: Identifier | None = None
    """Medical team that treated the patient; `None` when nobody said."""
    discharged_at: Instant
    """When the patient left; its local month is the month of the case."""
    stay_days: Days | None = None
    """Length of the stay; `None` when not reported."""
    drg_group: Identifier | None = None
    """`None`: not grouped."""
    drg_weight: Weight | None = None
    """`None`: unknown. A case without weight stands in no figure per weight."""
    grouper: Identifier | None = None
    """Program that put the case into its group; `None` when nobody said."""
    grouper_version: Identifier | None = None
    """Windows grouped by different versions are not compared without saying so."""
    code_system: Identifier | None = None
    """Of diagnoses and operations the grouper read."""
    region: Identifier | None = None
    """Whose weight table it is."""
    main_disease: Identifier | None = None
    """Opaque code of the main disease; `None` when nobody said."""
    level4_surgery: bool = False
    """The case had surgery of level 4 (四级手术)."""
    consumable_cost: Yuan | None = None
    """Consumables used, at cost; `None`: taken from our own books."""
    stay_cost: Yuan | None = None
    """All the stay cost; `None` when not reported."""
    medical_income: Yuan | None = None
    """All income of the case, drugs and consumables among it."""
    drug_income: Yuan | None = None
    """Income of drugs among it; `None` when not reported."""
    consumable_income: Yuan | None = None
    """`None`: taken from our own books."""
    adverse_events: Events | None = None
    """`None`: not reported, which is not zero."""
    device_events: Events | None = None
    """Events with a device; `None` as above."""


class Income(WireModel):
    """A department's income of a month, outpatients included. A newer record replaces it; both are kept."""

    schema_: Literal["udi.income/1"] = Field(alias="schema")
    """Name and version of the record's schema."""
    hospital: Hospital
    """Id of the hospital; the first part of every record key."""
    department: Identifier
    """Id of the clinical department."""
    month: Annotated[str, AfterValidator(_month)]
    """Like 2022-06."""
    medical_income: Yuan
    """All of it, drugs and consumables among it."""
    drug_income: Yuan
    """Income of drugs among it."""
    consumable_income: Yuan | None = None
    """`None`: taken from our own books."""
    consumable_cost: Yuan | None = None
    """Consumables used, at cost; `None`: taken from our own books."""

    @property
    def key(self) -> str:
        """The part of the record's key after the hospital."""
        return f"{self.department}/{self.month}"


def read_discharge(key: bytes | None, value: bytes | None) -> tuple[Discharge, Body] | Refusal:
    """A record of `udi.discharges`, or why it is none. Its key is `hospital/encounter`."""
    return read_record(Discharge, key, value, lambda discharge: (discharge.hospital, discharge.encounter))


def read_income(key: bytes | None, value: bytes | None) -> tuple[Income, Body] | Refusal:
    """A record of `udi.income`, or why it is none. Its key is `hospital/department/month`."""
    return read_record(Income, key, value, lambda income: (income.hospital, income.key))
