"""What becomes of differences when they are compared anew: which come, which stay, which are gone, and how.

References:
    docs/reconciliation.md, "A difference over time".
"""

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from models.reconciling.differences import Difference, DifferenceStatus, DifferenceVersion


@dataclass(frozen=True, slots=True)
class Past:
    """What is known of the differences that are there, or were."""

    newest: Mapping[UUID, int]
    """The newest version of each that was there at some time."""
    asked: Collection[UUID] = ()
    """Those a person has asked the HIS to mend."""
    waited: Collection[UUID] = ()
    """Those that waited for a scan to be freed here."""


@dataclass(frozen=True, slots=True)
class UsesNow:
    """What has become of the uses that were compared, by scan id."""

    charged: Collection[UUID] = ()
    """Charged by now, with something left."""
    taken_back: Collection[UUID] = ()
    """Returned whole, rejected or corrected."""


def next_versions(
    standing: Iterable[DifferenceVersion],
    found: Mapping[UUID, tuple[Difference, bool]],
    past: Past,
    uses: UsesNow,
    at: datetime,
) -> list[DifferenceVersion]:
    """The versions that follow, in the order of their ids.

    Args:
        standing: The differences that are there, as far as the comparison speaks of them.
        found: What should be there, each with whether it lies between two encounters.
        past: What came before.
        uses: Why a difference may be gone.
        at: When what caused the comparison was recorded.
    """
    before = {each.difference.difference_id: each for each in standing}
    versions = []
    for id_ in sorted(before.keys() | found.keys()):
        now, known = found.get(id_), before.get(id_)
        if now is None:
            assert known is not None  # noqa: S101 -- it is in one of both
            status = DifferenceStatus.MENDED if _is_mended(known, past, uses) else DifferenceStatus.VANISHED
            version = DifferenceVersion(known.difference, known.version + 1, status, at, known.across)
        elif known is not None and known.difference == now[0]:
            continue
        else:
            # What a person asked or accepted was said of other figures: it is open again.
            version = DifferenceVersion(now[0], past.newest.get(id_, 0) + 1, DifferenceStatus.OPEN, at, now[1])
        versions.append(version)
    return versions


def _is_mended(known: DifferenceVersion, past: Past, uses: UsesNow) -> bool:
    """Somebody did something about it. Where the use itself was taken back there was nothing left to mend."""
    id_, scan_id = known.difference.difference_id, known.difference.scan_id
    if scan_id in uses.taken_back:
        return False
    return id_ in past.asked or (id_ in past.waited and scan_id in uses.charged)
