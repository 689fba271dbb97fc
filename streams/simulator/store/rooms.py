"""A room of the store: what lies on its shelf in truth."""

from collections.abc import Iterator
from dataclasses import dataclass, field

from streams.simulator.account.entries import Department, Stay
from streams.simulator.hospital.goods import Goods, Unit


@dataclass(slots=True)
class Batch:
    """Units of one lot, or one unit with a serial, on the shelf."""

    unit: Unit
    """What its label says."""
    left: int
    """Units that lie there in truth."""
    booked_in_on: int
    """Day (ordinal) its receipt is scanned; later than it came when that was forgotten."""
    recalled: bool
    """A notice will name its lot."""
    rests_until: int = 0
    """Day (ordinal) from which somebody may take of it."""


@dataclass(frozen=True, slots=True)
class Exposure:
    """A unit that a patient got and nobody scanned."""

    store: str
    """Room it was taken from."""
    unit: Unit
    """What its label said."""
    stay: Stay
    """Who got it."""
    at: int
    """When, in milliseconds."""


@dataclass(slots=True)
class Room:
    """A department's store with goods of its own."""

    name: str
    """Id of the store."""
    department: Department
    """Whose patients get the goods."""
    goods: list[Goods]
    """What is kept there."""
    shelf: dict[str, list[Batch]] = field(default_factory=dict)
    """By item code, the first to come first; without what another room has borrowed."""

    def batches(self) -> Iterator[Batch]:
        """Everything that lies there."""
        for code in sorted(self.shelf):
            yield from (each for each in self.shelf[code] if each.left)

    def usable(self, goods: Goods, day: int, *, recalled: bool) -> Batch | None:
        """The batch to take from next; `recalled`: also of a recalled lot."""
        for each in self.shelf.get(goods.code, []):
            fresh = each.rests_until <= day <= (each.unit.expiry or day)
            if each.left and fresh and (recalled or not each.recalled):
                return each
        return None
