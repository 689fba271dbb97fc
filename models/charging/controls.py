"""What a hospital has decided about charging certain goods: breakers, quotas, totals, mixes, ceilings, approvals.

They are facts like the catalogue: versions in one gapless order with it, known to every lane.

References:
    docs/controls.md.
"""

from decimal import Decimal
from enum import StrEnum
from typing import Annotated, Self

from pydantic import AwareDatetime, Field, model_validator

from models.money import Price, Yuan, parse_price
from models.wire.strict_json import Hospital, Identifier, Text, WireModel


class ControlKind(StrEnum):
    """What can be decided."""

    BREAKER = "breaker"
    QUOTA = "quota"
    CEILING = "ceiling"
    APPROVAL = "approval"
    TOTAL = "total"
    MIX = "mix"
    APPROVAL_ABOVE = "approval-above"


class BreakerState(StrEnum):
    """How a circuit breaker stands."""

    CLOSED = "closed"
    """Nothing is held."""
    WARNING = "warning"
    """Nothing is held; uses are listed."""
    OPEN = "open"
    """Charges are held for review; what was used is recorded and leaves the store."""
    TRIAL = "trial"
    """Half open: charged again, and every use listed for review."""


class ControlScope(StrEnum):
    """Whose uses a breaker is about."""

    HOSPITAL = "hospital"
    DEPARTMENT = "department"
    STORE = "store"
    TEAM = "team"


MonthText = Annotated[str, Field(pattern=r"^[0-9]{4}-(0[1-9]|1[0-2])$")]


class _Control(WireModel):
    hospital: Hospital
    by: Text
    """Who decided."""
    reason: Text
    """Why."""


class Breaker(_Control):
    """A circuit breaker of an item in a scope."""

    item_code: Identifier
    """The item's code in the HIS catalogue."""
    scope_type: Annotated[ControlScope, Field(strict=False)]
    """Whose uses it is about."""
    scope: Identifier
    """Of the scope `hospital` the hospital itself."""
    state: Annotated[BreakerState, Field(strict=False)]
    """How it stands from `since` on."""
    since: AwareDatetime
    """When it was decided."""
    until: AwareDatetime | None = None
    """Uses made from then on are no longer held; `None`: until somebody closes it."""

    @property
    def key(self) -> str:
        """What it is about."""
        return f"{self.item_code}/{self.scope_type}/{self.scope}"


class _Release(_Control):
    category: Text
    """`controlled_category` of the items."""
    department: Identifier
    """Department it is for."""
    month: MonthText
    """Like 2022-06; counted by the month of the use."""

    @property
    def key(self) -> str:
        """What it is about."""
        return f"{self.category}/{self.department}/{self.month}"


class Quota(_Release):
    """What a department may use of a controlled category in a month, in units."""

    released: Annotated[int, Field(ge=0, le=10**9)]
    """Units of use."""


class Total(_Release):
    """What a department may spend on a controlled category in a month (控总量)."""

    released: Yuan
    """Yuan at charge price, at most two digits after the point, not below 0."""


class Mix(_Release):
    """The share that dear goods may have in what a department uses of a controlled category in a month (调结构)."""

    released: Annotated[Decimal, Field(ge=0, le=100, max_digits=5, decimal_places=2, strict=False)]
    """Per cent of the units; a share that is just as great passes."""
    above: Price
    """Yuan a unit, at most four digits after the point: goods dearer than this are the dear ones."""


class Ceiling(_Control):
    """The highest price of a unit at which an item, or every item of a category, is charged without a person."""

    item_code: Identifier | None = None
    """Item it holds for; `None` when it holds for a category."""
    category: Text | None = None
    """`category` of the items it holds for; `None` when it holds for one item."""
    price: str | None = None
    """Yuan, at most four digits after the point; `None` takes the ceiling away."""

    @model_validator(mode="after")
    def _check_together(self) -> Self:
        if (self.item_code is None) == (self.category is None):
            raise ValueError("Expected either item_code or category")
        if self.price is not None:
            parse_price(self.price)
        return self

    @property
    def key(self) -> str:
        """What it is about."""
        return f"item/{self.item_code}" if self.item_code is not None else f"category/{self.category}"


class Approval(_Control):
    """Leave to use an item that needs approval: for a patient, or for a department, until an instant."""

    item_code: Identifier
    """Item that may be used."""
    encounter: Identifier | None = None
    """Patient's stay it holds for; `None` when it holds for a department."""
    department: Identifier | None = None
    """Department it holds for; `None` when it holds for a stay."""
    until: AwareDatetime
    """Uses made before it are approved."""

    @model_validator(mode="after")
    def _check_together(self) -> Self:
        if (self.encounter is None) == (self.department is None):
            raise ValueError("Expected either encounter or department")
        return self

    @property
    def key(self) -> str:
        """What it is about."""
        whom = f"encounter/{self.encounter}" if self.encounter is not None else f"department/{self.department}"
        return f"{self.item_code}/{whom}"


class ApprovalAbove(_Control):
    """Goods of a type that are dearer than the others need an approval, or a badge."""

    category: Text
    """`category` of the items: goods of the same type."""
    price: Price | None = None
    """Yuan a unit, at most four digits after the point: dearer ones need an approval; `None` ends it."""

    @property
    def key(self) -> str:
        """What it is about."""
        return self.category


Control = Breaker | Quota | Ceiling | Approval | Total | Mix | ApprovalAbove
MODELS: dict[ControlKind, type[Control]] = {
    ControlKind.BREAKER: Breaker,
    ControlKind.QUOTA: Quota,
    ControlKind.CEILING: Ceiling,
    ControlKind.APPROVAL: Approval,
    ControlKind.TOTAL: Total,
    ControlKind.MIX: Mix,
    ControlKind.APPROVAL_ABOVE: ApprovalAbove,
}


def kind_of(control: Control) -> ControlKind:
    """What is decided by it."""
    return next(kind for kind, model in MODELS.items() if type(control) is model)


def read_control(kind: str, body: str | bytes) -> Control:
    """A control as it was kept."""
    return MODELS[ControlKind(kind)].model_validate_json(body)
