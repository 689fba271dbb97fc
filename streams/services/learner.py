"""The learner: what makers' lots look like and which scanners lose separators. Beside the hot path, never in it.

It works alone by a lease, and correctly without it: each step is one transaction that moves the watermark of one input
position by compare-and-set, so every scan teaches once.

References:
    docs/codes.md, section "Lost separators".
"""

from datetime import datetime
from typing import Any, Final

import asyncpg

from models.scan.event import ScanEvent
from models.scan.scanners import ScannerRecord, Scanners
from models.udi import Flag, read_label
from rules.labels.learning import Confirmed, Device, PatternVersion, taught
from rules.labels.scanner_record import Seen, Shown, Watch, shown_by, watched
from sinks.postgres.labels.learning import LearningBooks, Unlearned
from streams.services.leased import Failed, nobody, while_leased

OFFSETS_MAX: Final = 5_000
"""Records learned from in one transaction."""
POLL_SECONDS: Final = 1.0


class Learner:
    """Learns lot patterns for an installation. Keeps the newest in memory; a rival's step makes it read them anew."""

    def __init__(self, pool: asyncpg.Pool, offsets_max: int = OFFSETS_MAX) -> None:
        self._pool = pool
        self._books = LearningBooks(pool)
        self._offsets_max = offsets_max
        self._known: dict[Device, PatternVersion] = {}

    async def run(self, failed: Failed = nobody) -> None:
        """Learn until cancelled, while no other learner holds the lease."""

        async def look() -> bool:
            return await self.step() > 0

        await while_leased(self._pool, "learner", look, poll_seconds=POLL_SECONDS, failed=failed)

    async def until_idle(self) -> int:
        """Learn all there is; gives the number of versions written. Endless while lanes keep recording."""
        versions = 0
        while await self._books.unlearned(1):
            versions += await self.step()
        return versions

    async def step(self) -> int:
        """One stretch of each position; gives the number of versions written.

        Raises:
            LaneMovedError: another learner was faster. The next step reads what it has learned.
        """
        versions = 0
        for stretch in await self._books.unlearned(self._offsets_max):
            versions += await self._learn(stretch)
        return versions

    async def _learn(self, stretch: Unlearned) -> int:
        scans = [Confirmed(*row) for row in await self._books.confirmed(stretch)]
        new = {(scan.issuer, scan.di) for scan in scans} - self._known.keys()
        if new:
            found = await self._books.patterns(new)
            self._known.update({device: PatternVersion(*row) for device, row in found.items()})
        versions = taught(scans, self._known)
        watches, records = await self._watched(stretch)
        try:
            await self._books.record(stretch, versions, watches, records)
        except BaseException:
            # Whether it was recorded is unknown: what is known in memory may be ahead of the books.
            self._known.clear()
            raise
        return len(versions)

    async def _watched(
        self, stretch: Unlearned
    ) -> tuple[dict[tuple[str, str], tuple[Any, ...]], list[tuple[ScannerRecord, datetime]]]:
        """Where the records of the stretch's scanners stand after it, and the versions that follow."""
        rows = await self._books.seen(stretch)
        if not rows:
            return {}, []
        scanners = await self._books.scanners()
        before = await self._books.watches({(row["hospital"], row["device_id"]) for row in rows})
        watches = {scanner: Watch(*standing) for scanner, standing in before.items()}
        records: list[tuple[ScannerRecord, datetime]] = []
        for row in rows:
            seen, place = _seen(row, scanners), (row["hospital"], row["device_id"])
            watches[place], record = watched(watches.get(place, Watch()), seen)
            if record is not None:
                records.append((record, seen.scanned_at))
        return {
            place: (each.losing, each.sent_at, each.first_at, each.newest_at, each.score, each.devices)
            for place, each in watches.items()
        }, records


def _seen(row: Any, scanners: Scanners) -> Seen:
    """What the label of a recorded scan shows: read again, for the books keep no text."""
    at, flags = row["scanned_at"], row["label_flags"] or ()
    shown = Shown.SENT
    if not row["sent"]:
        event = ScanEvent.model_validate_json(row["raw"])
        profile = scanners.profile(row["hospital"], row["device_id"], at)
        label = read_label(event.codes or (), scanned_on=at.date(), profile=profile)
        shown = shown_by(label, sent=False, restored=Flag.SEPARATOR_RESTORED in flags)
    return Seen(row["hospital"], row["device_id"], at, row["di"], shown)
