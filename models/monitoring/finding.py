"""Findings: what concerns one item and month of a hospital, with its alerts as rows.

References:
    docs/findings.md.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import NamedTuple
from uuid import UUID

from models.calendar import Month
from models.ids import made_id
from models.monitoring.alert import Measure
from models.monitoring.cause import CausePart


class FindingStatus(StrEnum):
    """Where a finding stands."""

    OPEN = "open"
    """Somebody should look at it."""
    CONTINUED = "continued"
    """All that fires is a run in the top that began in an earlier month: that month's finding is meant."""
    EXPLAINED = "explained"
    """Filed; `Filed` says why."""
    WITHDRAWN = "withdrawn"
    """None of its alerts stands any more."""
    CLOSED = "closed"
    """Its review has an outcome."""


class Filed(StrEnum):
    """Why a finding is filed and not open. Names in `report.findings`, with a text in every locale."""

    CASELOAD = "caseload"
    """More or heavier cases explain every alert."""
    NEW = "new"
    """A new item, below what a new item must cost to lie open."""
    CHANCE = "chance"
    """The desk is full, and a rise like this comes by chance alone."""
    DEPARTMENT_RANK = "department-rank"
    """The desk is full, and nothing but a rank in a department speaks: somebody is always third there."""
    BEYOND_DESK = "beyond-desk"
    """The desk is full, and so many others have more money at stake."""


class FindingKey(NamedTuple):
    """The identity of a finding through all its versions."""

    hospital: str
    """Id of the hospital; the first part of every record key."""
    item_code: str
    """The item's code in the HIS catalogue."""
    month: Month
    """Month of the hospital's zone, as `yyyymm`."""

    @property
    def finding_id(self) -> UUID:
        """The same after any replay."""
        return made_id("finding", *self)


class AlertRef(NamedTuple):
    """A version of an alert that a finding rests on."""

    alert_id: UUID
    """The same for all versions of the alert."""
    version: int
    """Which version of it."""


class DepartmentRise(NamedTuple):
    """What a department adds to a hospital's rise."""

    department: str
    """Id of the clinical department."""
    amount_fen: int
    """Fen of the rise, of the measure amount."""


@dataclass(frozen=True, slots=True)
class FindingBody:
    """What a finding says; a change of any of it is a new version."""

    status: FindingStatus
    """Where the finding stands."""
    filed: Filed | None
    """`None` unless `explained`."""
    provisional: bool
    """Its month is open."""
    amount_fen: int
    """Money at stake: the largest rise among its alerts that caseload does not explain; of a new item, and of an item
    at the top of the hospital, its use."""
    certain_fen: int
    """Of it, what chance alone would not give (docs/findings.md, "Order")."""
    cause: tuple[CausePart, ...]
    """Of the alert with the most money at stake."""
    measure: Measure | None
    """Of that alert: the cause is in fen or in units; `None` without alerts."""
    alerts: tuple[AlertRef, ...]
    """Its standing alerts."""
    departments: tuple[DepartmentRise, ...]
    """Those that make up the rise, the largest first."""


@dataclass(frozen=True, slots=True)
class FindingVersion:
    """One version of a finding; they are numbered 1, 2, 3 and so on."""

    key: FindingKey
    """Which finding."""
    version: int
    """1, 2, 3 …, without gaps."""
    body: FindingBody
    """What it says."""
    found_at: datetime
    """The newest `fired_at` of what caused it, or the instant a person closed it."""


class DeskCut(NamedTuple):
    """What a finding of a month must have at stake to lie open, since more were found than the desk can hold."""

    certain_fen: int
    """Fen that chance alone would not give."""
    amount_fen: int
    """Of two with the same certain amount."""


Cuts = Mapping[tuple[str, Month], DeskCut | None]
"""By hospital and closed month; `None`: all found room."""
Candidates = Sequence[tuple[FindingKey, FindingBody]]
