"""What becomes of differences when they are compared anew: which come, which stay, which are gone, and how.

References:
    docs/reconciliation.md, "A difference over time".
"""

from collections.abc import Iterable, Mapping
from datetime import datetime
from uuid import UUID

from models.reconciliation import Cause, Difference, DifferenceStatus, DifferenceVersion


def next_versions(
    standing: Iterable[DifferenceVersion],
    found: Mapping[UUID, tuple[Difference, bool]],
    newest: Mapping[UUID, int],
    at: datetime,
) -> list[DifferenceVersion]:
    """The versions that follow, in the order of their ids.

    Args:
        standing: The differences that are there, as far as the comparison speaks of them.
        found: What should be there, each with whether it lies between two encounters.
        newest: The newest version of each difference that was there at some time.
        at: When what caused the comparison was recorded.
    """
    before = {each.difference.difference_id: each for each in standing}
    versions = []
    for id_ in sorted(before.keys() | found.keys()):
        now, known = found.get(id_), before.get(id_)
        if now is None:
            assert known is not None  # noqa: S101 -- it is in one of both
            version = DifferenceVersion(known.difference, known.version + 1, _gone(known), at, known.across)
        elif known is not None and known.difference == now[0]:
            continue
        else:
            # What a person asked or accepted was said of other figures: it is open again.
            version = DifferenceVersion(now[0], newest.get(id_, 0) + 1, DifferenceStatus.OPEN, at, now[1])
        versions.append(version)
    return versions


def _gone(known: DifferenceVersion) -> DifferenceStatus:
    freed = known.difference.cause is Cause.NOT_CHARGED_YET
    mended = freed or known.status is DifferenceStatus.ASKED
    return DifferenceStatus.MENDED if mended else DifferenceStatus.VANISHED
