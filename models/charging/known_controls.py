"""The controls of charging as a lane knows them: the newest version of each, and what was used of quotas.

References:
    docs/controls.md.
"""

from datetime import datetime
from decimal import Decimal
from typing import Any, NamedTuple

from models.charging.controls import (
    Approval,
    ApprovalAbove,
    Breaker,
    BreakerState,
    Ceiling,
    Control,
    ControlKind,
    ControlScope,
    Mix,
    Quota,
    Total,
    kind_of,
)
from models.money import parse_fen, parse_price


class QuotaKey(NamedTuple):
    """A controlled category in a month of a hospital, in all departments."""

    hospital: str
    """Id of the hospital; the first part of every record key."""
    category: str
    """`controlled_category` of the items."""
    month: int
    """Month of the hospital's zone, as `yyyymm`."""


class Used(NamedTuple):
    """What a department used of one item in a month, returns taken off."""

    units: int = 0
    """Units of use."""
    fen: int = 0
    """Fen at charge price."""

    def dear(self, above: int) -> bool:
        """Its mean price is above so many 1/10,000 yuan a unit."""
        return self.units > 0 and self.fen * 100 > above * self.units


UsedItems = dict[str, Used]
"""By item code."""


class Released(NamedTuple):
    """What was released to a department of a controlled category for a month; `None`: nothing is set."""

    units: int | None
    """Units of use."""
    fen: int | None
    """Fen at charge price."""
    dear_percent: Decimal | None
    """Share of the units that dear goods may have, per cent."""
    dear_above: int | None
    """Dear are goods above so many 1/10,000 yuan a unit."""


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
        if isinstance(control, Quota | Total | Mix):
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

    def released(self, key: QuotaKey, department: str) -> Released:
        """What the department may use of the category in the month."""
        name = f"{key.category}/{department}/{key.month // 100:04d}-{key.month % 100:02d}"
        kinds = (ControlKind.QUOTA, ControlKind.TOTAL, ControlKind.MIX)
        quota, total, mix = (self._known.get((key.hospital, kind, name)) for kind in kinds)
        return Released(
            quota.released if isinstance(quota, Quota) else None,
            parse_fen(total.released) if isinstance(total, Total) else None,
            mix.released if isinstance(mix, Mix) else None,
            parse_price(mix.above) if isinstance(mix, Mix) else None,
        )

    def ceiling(self, hospital: str, item_code: str, category: str | None) -> int | None:
        """The ceiling of a unit's price in 1/10,000 yuan: the item's own, else its category's; `None`: none is set."""
        for key in (f"item/{item_code}", f"category/{category}"):
            found = self._known.get((hospital, ControlKind.CEILING, key))
            if isinstance(found, Ceiling) and found.price is not None:
                return parse_price(found.price)
        return None

    def approval_above(self, hospital: str, category: str | None) -> int | None:
        """Goods of the type dearer than so many 1/10,000 yuan a unit need an approval; `None`: none does."""
        found = self._known.get((hospital, ControlKind.APPROVAL_ABOVE, category or ""))
        return parse_price(found.price) if isinstance(found, ApprovalAbove) and found.price is not None else None

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
