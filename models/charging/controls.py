"""What a hospital has decided about charging certain goods: circuit breakers, quotas, price ceilings, approvals.

They are facts like the catalogue: versions in one gapless order with it, known to every lane.

References:
    docs/controls.md.
"""

from datetime import datetime
from enum import StrEnum
from typing import Annotated, Any, NamedTuple, Self

from pydantic import AwareDatetime, Field, model_validator

from models.money import parse_price
from models.wire.strict_json import Hospital, Identifier, Text, WireModel


class ControlKind(StrEnum):
    """What can be decided."""

    BREAKER = "breaker"
    QUOTA = "quota"
    CEILING = "ceiling"
    APPROVAL = "approval"


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


class Quota(_Control):
    """What a department may use of a controlled category in a month."""

    category: Text
    """`controlled_category` of the items."""
    department: Identifier
    """Department the quota is for."""
    month: MonthText
    """Like 2022-06; counted by the month of the use."""
    released: Annotated[int, Field(ge=0, le=10**9)]
    """Units of use."""

    @property
    def key(self) -> str:
        """What it is about."""
        return f"{self.category}/{self.department}/{self.month}"


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


Control = Breaker | Quota | Ceiling | Approval
MODELS: dict[ControlKind, type[Breaker | Quota | Ceiling | Approval]] = {
    ControlKind.BREAKER: Breaker,
    ControlKind.QUOTA: Quota,
    ControlKind.CEILING: Ceiling,
    ControlKind.APPROVAL: Approval,
}


def kind_of(control: Control) -> ControlKind:
    """What is decided by it."""
    return next(kind for kind, model in MODELS.items() if type(control) is model)


def read_control(kind: str, body: str | bytes) -> Control:
    """A control as it was kept."""
    return MODELS[ControlKind(kind)].model_validate_json(body)


class QuotaKey(NamedTuple):
    """A controlled category in a month of a hospital, in all departments."""

    hospital: str
    """Id of the hospital; the first part of every record key."""
    category: str
    """`controlled_category` of the items."""
    month: int
    """Month of the hospital's zone, as `yyyymm`."""


class Controls:
    """The newest version of every control, as known at `version`."""

    def __init__(self) -> None:
        self.version = 0
        self._known: dict[tuple[str, ControlKind, str], Control] = {}
        self._breakers: dict[tuple[str, str], tuple[Breaker, ...]] = {}
        """By hospital and item; those that are not closed."""
        self._approved: dict[tuple[str, str], tuple[Approval, ...]] = {}
        self._quota_months: set[QuotaKey] = set()

    def __len__(self) -> int:
        return len(self._known)

    def put(self, control: Control, version: int) -> None:
        """Take a newer version of a control; an older one changes nothing."""
        if version <= self.version:
            return
        self.version = version
        key = (control.hospital, kind_of(control), control.key)
        self._known[key] = control
        if isinstance(control, Quota):
            self._quota_months.add(QuotaKey(control.hospital, control.category, _month(control.month)))
        elif isinstance(control, Breaker | Approval):
            place = (control.hospital, control.item_code)
            every = [each for each in self._known.values() if type(each) is type(control)]
            same: Any = tuple(each for each in every if (each.hospital, each.item_code) == place)
            if isinstance(control, Breaker):
                self._breakers[place] = tuple(each for each in same if each.state is not BreakerState.CLOSED)
            else:
                self._approved[place] = same

    def breaker(
        self, hospital: str, item_code: str, scopes: dict[ControlScope, str | None], at: datetime
    ) -> BreakerState:
        """How the item's breaker stands for a use made at `at`: of several scopes the strictest."""
        states = {
            each.state
            for each in self._breakers.get((hospital, item_code), ())
            if scopes.get(each.scope_type) == each.scope and (each.until is None or at < each.until)
        }
        order = (BreakerState.OPEN, BreakerState.TRIAL, BreakerState.WARNING)
        return next((state for state in order if state in states), BreakerState.CLOSED)

    def stops(self, hospital: str, item_code: str) -> bool:
        """Some breaker of the item is not closed."""
        return bool(self._breakers.get((hospital, item_code)))

    def has_quota(self, hospital: str, category: str | None, month: int) -> bool:
        """Some department has a quota of the category in the month."""
        return category is not None and QuotaKey(hospital, category, month) in self._quota_months

    def quota(self, hospital: str, category: str, department: str, month: int) -> int | None:
        """Units released; `None` where nothing is set."""
        key = f"{category}/{department}/{month // 100:04d}-{month % 100:02d}"
        found = self._known.get((hospital, ControlKind.QUOTA, key))
        return found.released if isinstance(found, Quota) else None

    def ceiling(self, hospital: str, item_code: str, category: str | None) -> int | None:
        """The ceiling of a unit's price in 1/10,000 yuan: the item's own, else its category's; `None`: none is set."""
        for key in (f"item/{item_code}", f"category/{category}"):
            found = self._known.get((hospital, ControlKind.CEILING, key))
            if isinstance(found, Ceiling) and found.price is not None:
                return parse_price(found.price)
        return None

    def approved(
        self, hospital: str, item_code: str, encounter: str | None, department: str | None, at: datetime
    ) -> bool:
        """A use made at `at` was approved beforehand."""
        return any(
            at < each.until and (each.encounter == encounter if each.encounter else each.department == department)
            for each in self._approved.get((hospital, item_code), ())
        )


def _month(text: str) -> int:
    return int(text[:4]) * 100 + int(text[5:])
