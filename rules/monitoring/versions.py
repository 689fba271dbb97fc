"""When a judgement becomes a new version of its alert.

References:
    docs/contract.md, section "Alerts" (`status`, versions).
"""

from dataclasses import replace
from datetime import datetime

from models.monitoring.alert import AlertKey, AlertVersion, Figures, Judgement, Status

STANDS = frozenset({Status.PROVISIONAL, Status.FIRED, Status.EXPLAINED})
"""An alert with one of these is not withdrawn."""


def next_version(
    key: AlertKey,
    newest: AlertVersion | None,
    judgement: Judgement,
    *,
    closed: bool,
    fired_at: datetime,
    explained: bool = False,
    recaused: bool = False,
) -> AlertVersion | None:
    """The version that follows from a judgement, or `None` when nothing is to be said.

    In an open month only a changed verdict is said. In a closed one changed figures are said as well, and a provisional
    version is followed by a final one even when nothing changed. An alert that is withdrawn, or was never there, stays
    so in silence while its rule does not fire.

    Args:
        key: Of the alert.
        newest: Its newest version.
        judgement: What its rule says now.
        closed: The month is closed.
        fired_at: When what caused it came.
        explained: More or heavier cases explain the rise.
        recaused: Of a closed month: another cause alone is news (the next close has come).
    """
    status = _status(newest, judgement, closed=closed, explained=explained, recaused=recaused)
    if status is None:
        return None
    number = newest.version + 1 if newest else 1
    return AlertVersion(key, number, status, not closed, judgement.figures, fired_at)


def _status(
    newest: AlertVersion | None, judgement: Judgement, *, closed: bool, explained: bool, recaused: bool
) -> Status | None:
    stands = newest is not None and newest.status in STANDS
    if not judgement.fires:
        return Status.WITHDRAWN if stands else None
    fires = Status.EXPLAINED if explained else Status.FIRED if closed else Status.PROVISIONAL
    if newest is None or not stands:
        return fires
    if not closed:
        return None if newest.status is fires else fires
    if newest.provisional or changed(newest.figures, judgement.figures):
        return fires
    return fires if recaused and newest.figures.cause != judgement.figures.cause else None


def changed(before: Figures, now: Figures) -> bool:
    """Figures differ in more than their cause."""
    return replace(before, cause=()) != replace(now, cause=())
