"""When a judgement becomes a new version of its alert.

References:
    docs/contract.md, section "Alerts" (`status`, versions).
"""

from datetime import datetime

from models.monitoring.alert import AlertKey, AlertVersion, Judgement, Status

_STANDS = frozenset({Status.PROVISIONAL, Status.FIRED, Status.EXPLAINED})


def next_version(
    key: AlertKey, newest: AlertVersion | None, judgement: Judgement, *, closed: bool, fired_at: datetime
) -> AlertVersion | None:
    """The version that follows from a judgement, or `None` when nothing is to be said.

    In an open month only a changed verdict is said. In a closed one changed figures are said as well, and a provisional
    version is followed by a final one even when nothing changed. An alert that is withdrawn, or was never there, stays
    so in silence while its rule does not fire.
    """
    status = _status(newest, judgement, closed=closed)
    if status is None:
        return None
    number = newest.version + 1 if newest else 1
    return AlertVersion(key, number, status, not closed, judgement.figures, fired_at)


def _status(newest: AlertVersion | None, judgement: Judgement, *, closed: bool) -> Status | None:
    stands = newest is not None and newest.status in _STANDS
    if not judgement.fires:
        return Status.WITHDRAWN if stands else None
    if newest is None or not stands:
        return Status.FIRED if closed else Status.PROVISIONAL
    final = newest.status is not Status.PROVISIONAL
    if not closed or (final and newest.figures == judgement.figures):
        return None
    return Status.FIRED
