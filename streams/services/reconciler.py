"""The reconciler: compares the encounters that changed with the HIS's lines. Beside the hot path, never in it.

It works alone by a lease, and correctly without it: a session is one transaction, and sessions come one by one. What a
session compares follows from what changed, never from how much there is.

References:
    docs/reconciliation.md.
"""

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Final
from uuid import UUID
from zoneinfo import ZoneInfo

import asyncpg
import structlog

from models.reconciling.differences import (
    Difference,
    DifferenceKind,
    DifferenceVersion,
    Sides,
    UseStatus,
    difference_id,
)
from rules.reconciling import PATIENT_WINDOW, across, reconcile
from rules.reconciling.standing import Past, UsesNow, next_versions
from rules.reconciling.using import sides_of
from sinks.postgres.reconciling.sessions import Encounter, HospitalItem, ReconcilingBooks, ReconcilingSession
from streams.services.leased import Failed, nobody, while_leased

log = structlog.get_logger(__name__)

ENCOUNTERS_MAX: Final = 10_000
"""Different encounters of one transaction, but for the rest of the last change: some seconds of work."""
POLL_SECONDS: Final = 0.25
"""Between two looks while nothing waits."""


class Reconciler:
    """Compares the books of all hospitals of an installation with their HIS."""

    def __init__(self, pool: asyncpg.Pool, zone: ZoneInfo, encounters_max: int = ENCOUNTERS_MAX) -> None:
        self._pool = pool
        self._books = ReconcilingBooks(pool)
        self._zone = zone
        self._encounters_max = encounters_max

    async def run(self, failed: Failed = nobody) -> None:
        """Compare until cancelled, while no other reconciler holds the lease."""
        await while_leased(self._pool, "reconciler", self._look, poll_seconds=POLL_SECONDS, failed=failed)

    async def _look(self) -> bool:
        work = await self._books.has_work()
        if work:
            await self.step()
        return work

    async def until_idle(self) -> int:
        """Compare all there is, so maybe not while lanes record; gives the number of versions written."""
        versions = 0
        while await self._books.has_work():
            versions += len(await self.step())
        return versions

    async def step(self) -> list[DifferenceVersion]:
        """One session: compare the encounters of some changes and write what follows."""
        async with self._books.session() as session:
            changed = await session.take(self._encounters_max)
            if not changed:
                return []
            compared = await _compare(session, changed, self._zone)
            versions = await _follow(session, changed, compared)
            if versions:
                await session.record(versions)
            return versions


@dataclass(frozen=True, slots=True)
class _Found:
    """What comparing each encounter by itself has come to."""

    differences: list[Difference]
    items: set[HospitalItem]
    """Of what is missed or extra, now or before: to look for in other encounters."""
    uses: UsesNow


async def _compare(session: ReconcilingSession, changed: dict[Encounter, datetime], zone: ZoneInfo) -> _Found:
    """Compare each encounter by itself and keep what was found."""
    gathered, known = await session.gathered(changed), await session.known(changed)
    sides = {encounter: sides_of(gathered[encounter], zone) for encounter in changed}
    before = await session.findings(changed)
    found = [
        each
        for encounter in sorted(changed)
        for each in reconcile(
            *encounter,
            sides[encounter].uses,
            sides[encounter].lines,
            sides[encounter].gone,
            known=encounter in known,
        )
    ]
    # A line may have moved here from an encounter that is not compared yet and still says it is too many there.
    own = {each.difference_id for each in before}
    before += await session.findings_of({each.difference_id for each in found} - own)
    await session.replace_findings(before, found)
    alone = (each for each in (*before, *found) if each.kind is not DifferenceKind.WRONG)
    items = {(each.hospital, each.item_code) for each in alone if each.item_code is not None}
    return _Found(found, items, _uses_now(sides.values()))


def _uses_now(sides: Iterable[Sides]) -> UsesNow:
    charged: set[UUID] = set()
    taken_back: set[UUID] = set()
    for side in sides:
        charged.update(use.scan_id for use in side.uses if use.status is UseStatus.CHARGED)
        taken_back.update(use.scan_id for use in side.gone)
    return UsesNow(charged, taken_back)


async def _follow(
    session: ReconcilingSession, changed: dict[Encounter, datetime], found: _Found
) -> list[DifferenceVersion]:
    """What becomes of the differences of the encounters, and of those between them and others."""
    candidates = await session.candidates(found.items, PATIENT_WINDOW)
    paired_before = [each.difference for each in await session.standing([], found.items, []) if each.across]
    halves = {
        difference_id(each.hospital, *half)
        for each in paired_before
        for half in ((each.scan_id, None), (None, each.line_id))
    }
    alone = {each.difference_id: each for each in (*candidates, *await session.findings_of(halves))}
    desired: dict[UUID, tuple[Difference, bool]] = {
        each.difference_id: (each, False) for each in (*found.differences, *alone.values())
    }
    for pair in _paired(candidates):
        desired.pop(difference_id(pair.hospital, pair.scan_id, None))
        desired.pop(difference_id(pair.hospital, None, pair.line_id))
        desired[pair.difference_id] = (pair, True)
    standing = await session.standing(changed, found.items, [*desired, *alone])
    gone = {each.difference.difference_id for each in standing} - desired.keys()
    past = Past(await session.newest(desired), *(await session.past(gone) if gone else ()))
    return next_versions(standing, desired, past, found.uses, max(changed.values()))


def _paired(candidates: Iterable[Difference]) -> list[Difference]:
    by_item: dict[tuple[str, str | None], tuple[list[Difference], list[Difference]]] = defaultdict(lambda: ([], []))
    for each in candidates:
        by_item[each.hospital, each.item_code][each.kind is DifferenceKind.EXTRA].append(each)
    return [pair for missed, extra in by_item.values() for pair in across(missed, extra)]
