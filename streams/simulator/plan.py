"""What is asked of the simulator, and what it hands over: a plan, records, stages."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from models.calendar import Month, parse_month, shift

MONTHLY_SCANS: Final = (
    12_337, 11_270, 13_106, 12_900, 13_200, 13_500, 13_800, 14_100, 14_400, 14_700, 14_900, 13_900, 15_171,
    18_780, 18_810,
)  # fmt: skip
"""Scans a month from April 2021 to June 2022. References: docs/simulator.md, "Volumes": April to June of both years are
those of a hospital study (docs/studies.md, "Volumes"); the months between are ours, interpolated."""
DEPARTMENTS_MAX: Final = 99
START: Final = Month(202104)


@dataclass(frozen=True, slots=True)
class Plan:
    """What hospital to simulate. Equal plans give equal bytes.

    Raises:
        ValueError: A figure is out of its range; the message names it.
    """

    seed: int = 1
    """Of every chance: the same seed gives the same bytes."""
    start: Month = START
    """First month."""
    months: int = 15
    """1 to 60."""
    scans: int = sum(MONTHLY_SCANS)
    """Records on the scan topic over all months, dirt and repeats among them; at least 100 a month."""
    departments: int = 22
    """2 to 99."""
    hospital: str = "H1"
    """Id of the hospital."""
    items: int = 1200
    """Ordinary goods at the start, at least 200; goods with defects, scripted and real ones come on top."""
    anomalies: bool = True
    """With the scripted goods whose rises and ranks are known in advance."""
    dirt: float = 0.3
    """Share of the labels that do not come as clean element strings, 0 to 1."""
    losses: float = 0.08
    """Share of the store's uses that nobody scans, 0 to 0.5."""
    other_suppliers: float = 0.0
    """Share of the lines of notes that another supplier brings than the catalogue's, at a tenth more, 0 to 0.5.

    A run over several lanes can't be tied out with them: a use that its lane records before another lane has recorded
    the receipt is owed to the catalogue's supplier (docs/store.md, "Places"), and no truth knows which do.
    """

    def __post_init__(self) -> None:
        """Checks the ranges."""
        parse_month(f"{self.start // 100:04d}-{self.start % 100:02d}")
        for name, value, low, high in (
            ("months", self.months, 1, 60),
            ("scans", self.scans, 100 * self.months, 10**9),
            ("departments", self.departments, 2, DEPARTMENTS_MAX),
            ("items", self.items, 200, 100_000),
            ("dirt", self.dirt, 0, 1),
            ("losses", self.losses, 0, 0.5),
            ("other_suppliers", self.other_suppliers, 0, 0.5),
        ):
            if not low <= value <= high:
                raise ValueError(f"Expected {name} from {low} to {high}, got {value}.")
        if not self.hospital or "/" in self.hospital:
            raise ValueError(f"Expected a hospital without '/', got {self.hospital!r}.")

    def month(self, index: int) -> Month:
        """The month so many months after the first."""
        return shift(self.start, index)

    def scans_of(self, index: int) -> int:
        """How many records the scan topic gets in a month: the plan's sum, spread like the published volumes."""
        weights = [MONTHLY_SCANS[each % len(MONTHLY_SCANS)] for each in range(self.months)]
        total, before = sum(weights), sum(weights[:index])
        return self.scans * (before + weights[index]) // total - self.scans * before // total


@dataclass(frozen=True, slots=True)
class Record:
    """A record to publish. Its key decides its partition."""

    topic: str
    """Without prefix."""
    key: bytes | None
    """Its key; `None` without one."""
    value: bytes | None
    """Its value; `None` is a tombstone."""
    timestamp: datetime
    """When the broker gets it, aware."""


@dataclass(frozen=True, slots=True)
class Stage:
    """Records to publish in order, all of them recorded before the next stage begins.

    Names: `facts` (catalogue, encounters, stores and delivery notes), `scans`, `count` (the scans of counts, which are
    started before and posted after), `late-facts`, `his-charges` (the HIS's own lines), `close` (no records: the month
    is closed now).
    Nothing that comes out depends on how the records of one stage are interleaved, as long as records of one key stay
    in order.
    """

    month: Month
    """Month it belongs to."""
    name: str
    """One of the names above."""
    records: Sequence[Record]
    """In the order of publication."""
    counts: Sequence[tuple[str, str]] = ()
    """Store and document of each count whose scans these are: `udi count start` gives just this document."""
