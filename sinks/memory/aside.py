"""The twin of what is set aside."""

from collections.abc import Sequence

from models.charging.books import Ref
from sinks.ports.aside import AsideKind, AsideScan


class MemoryAside:
    """See `sinks.ports.aside.Aside`."""

    def __init__(self) -> None:
        self.scans: dict[tuple[Ref, AsideKind], AsideScan] = {}

    async def put(self, scan: AsideScan) -> None:
        """Set it aside."""
        self.scans[scan.ref, scan.kind] = scan

    async def drop(self, scan: AsideScan) -> None:
        """It is no longer set aside."""
        self.scans.pop((scan.ref, scan.kind), None)

    async def of_lane(self, lane: int) -> Sequence[AsideScan]:
        """All of a lane, oldest first."""
        return sorted((each for each in self.scans.values() if each.lane == lane), key=lambda each: each.ref)
