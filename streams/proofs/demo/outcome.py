"""What the demo measured and found."""

from dataclasses import dataclass, field

from rich.table import Table

from streams.proofs.demo.assessing import MonthlyWork
from streams.proofs.demo.controls import Shown
from streams.proofs.demo.tie_out import Line


@dataclass(slots=True)
class Run:
    """What the demo measured."""

    published: int = 0
    """Records published on the scan topic, without those of counts."""
    counted: int = 0
    """Records of counts of the store."""
    seconds: float = 0.0
    """Of the scan stages only: from the first record published to the last one recorded."""
    latencies: list[float] = field(default_factory=list)
    """Seconds from publishing a scan to its verdict on the topic."""
    lines: list[Line] = field(default_factory=list)
    """What the tie-out compared."""
    breaker: Shown | None = None
    """What a breaker did; `None` when no finding is about goods to show it with."""
    quotas: Table | None = None
    """Quotas as `udi quota` shows them; `None` without any."""
    monthly: MonthlyWork | None = None
    """The monthly work; `None` until it is done."""

    @property
    def shown(self) -> int:
        """Records of both kinds: how far the run is."""
        return self.published + self.counted
