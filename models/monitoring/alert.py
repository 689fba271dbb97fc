"""Alerts: what is judged, what a rule says of it, and the versions that tell the story of one alert.

References:
    docs/contract.md, sections "Alert" and "Alerts".
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal
from enum import StrEnum
from fractions import Fraction
from typing import NamedTuple
from uuid import UUID

from models.calendar import Month
from models.ids import made_id
from models.monitoring.cause import CausePart


class Measure(StrEnum):
    """What is counted."""

    AMOUNT = "amount"
    QUANTITY = "quantity"


class ScopeType(StrEnum):
    """Whose use is counted."""

    HOSPITAL = "hospital"
    DEPARTMENT = "department"
    STORE = "store"
    TEAM = "team"


class Status(StrEnum):
    """Where an alert stands."""

    PROVISIONAL = "provisional"
    """An early warning: its month is still open."""
    FIRED = "fired"
    WITHDRAWN = "withdrawn"
    """It no longer fires."""
    EXPLAINED = "explained"
    """More or heavier cases explain the rise: filed, with its figures. It stands like one that fired."""


class Scope(NamedTuple):
    """Whose use is counted; the id of the scope `hospital` is the hospital."""

    hospital: str
    """Id of the hospital; the first part of every record key."""
    type: ScopeType
    """Hospital, department, store or team."""
    id: str
    """Id within the hospital."""


class Cell(NamedTuple):
    """The use of one item in one scope and month."""

    scope: Scope
    """Whose use it is."""
    item_code: str
    """The item's code in the HIS catalogue."""
    month: Month
    """Month of the hospital's zone, as `yyyymm`."""


class ScopeMonth(NamedTuple):
    """All items of a scope in a month."""

    scope: Scope
    """Whose use it is."""
    month: Month
    """Month of the hospital's zone, as `yyyymm`."""


class UsageSums(NamedTuple):
    """The use in a cell."""

    quantity: int = 0
    """Units of use, charges less credits."""
    amount_fen: int = 0
    """Fen at charge price, charges less credits."""

    def of(self, measure: Measure) -> int:
        """Fen for `amount`, units for `quantity`."""
        return self.amount_fen if measure is Measure.AMOUNT else self.quantity


class Standing(NamedTuple):
    """The place of an item among the monitored items of its scope and month."""

    rank: int
    """1 + the number of items strictly above."""
    months_in_a_row: int
    """Consecutive months at the top that end with this one; 0 when it is not at the top."""


class RuleMeasure(NamedTuple):
    """A rule is told by its name and its measure."""

    rule: str
    """The rule's name, as in `report.rules`."""
    measure: Measure
    """What it counts."""


StandingKey = tuple[ScopeMonth, RuleMeasure]
Tops = Mapping[str, Standing]
"""The items at the top of a scope and month under a rule."""


class Traits(NamedTuple):
    """What the newest catalogue version says of an item, as far as rules ask."""

    monitored: bool = False
    """Monitoring rules judge it by default."""
    category: str | None = None
    """Goods of the same type; without one the item is compared with itself alone."""
    controlled_category: str | None = None
    """The hospital's own list of controlled goods."""
    auxiliary: bool = False
    """An auxiliary consumable (辅助类)."""


class QuotaUse(NamedTuple):
    """What was released of a controlled category to a department in a month, and what it used, in units of use."""

    released: int
    """Units released; 0 when nothing was."""
    used: int
    """Units used, returns taken off."""
    most_used: str
    """The item of the category of which most was used; of several the first by code."""


@dataclass(frozen=True, slots=True)
class Facts:
    """What a rule may know of a cell."""

    cell: Cell
    """What is judged."""
    traits: Traits
    """Of the item, by its newest catalogue version."""
    sums: Mapping[int, UsageSums | None]
    """Use by months back (0 is the cell's own month); `None` before the hospital's first month of records."""
    standings: Mapping[RuleMeasure, Standing] = field(default_factory=dict)
    """Of each ranking rule under which the item has a rank."""
    categories: Mapping[int, UsageSums] = field(default_factory=dict)
    """Use of the whole category by months back, where a rule asks for it; missing: no use."""
    quota: QuotaUse | None = None
    """Of the item's controlled category, where a rule asks for it and something was released."""

    def value(self, measure: Measure) -> int:
        """The use of the month itself."""
        return (self.sums[0] or UsageSums()).of(measure)


@dataclass(frozen=True, slots=True)
class Figures:
    """The figures an alert states. Values are fen for the measure `amount`, units for `quantity`."""

    value: int
    """Use of the month."""
    base_month: Month | None = None
    """Month it is compared with; of a mean of several the newest; `None` without a base."""
    base_value: int | None = None
    """What it is compared with; `None` without a base."""
    change_percent: Decimal | None = None
    """Two digits, rounded half up; `None` without a base above zero."""
    rank: int | None = None
    """Among the items of its scope and month, 1 is the highest; `None` of rules that do not rank."""
    months_in_a_row: int | None = None
    """Length of the run that ends in the month; `None` of rules that count none."""
    cause: tuple[CausePart, ...] = ()
    """Adds up to `value` − `base_value` exactly; empty without a base above zero."""


class Judgement(NamedTuple):
    """What a rule says of a cell."""

    fires: bool
    """The rule's condition holds."""
    figures: Figures
    """What it was judged by."""
    rise_min: Fraction | None = None
    """Of a forecast: how far above the base the limit lies."""


class AlertKey(NamedTuple):
    """The identity of an alert through all its versions."""

    cell: Cell
    """Item, scope and month."""
    rule: RuleMeasure
    """Which rule, by which measure."""

    @property
    def alert_id(self) -> UUID:
        """The same after any replay."""
        (hospital, scope_type, scope), item_code, month = self.cell
        return made_id("alert", hospital, scope_type, scope, self.rule.rule, item_code, month, self.rule.measure)


@dataclass(frozen=True, slots=True)
class AlertVersion:
    """One version of an alert; the versions of an alert are numbered 1, 2, 3 … and each supersedes the one before."""

    key: AlertKey
    """Which alert."""
    version: int
    """1, 2, 3 …, without gaps."""
    status: Status
    """Where the alert stands from this version on."""
    provisional: bool
    """It was judged while its month was open."""
    figures: Figures
    """What it states."""
    fired_at: datetime
    """The broker's timestamp of the record that caused it, or the instant of the close that did."""

    @property
    def id(self) -> UUID:
        """The id of this version's record on `udi.alerts`."""
        return made_id("alert-version", self.key.alert_id, self.version)

    @property
    def supersedes(self) -> int | None:
        """The number of the version before."""
        return self.version - 1 if self.version > 1 else None
