"""What suppliers bring to a room: the delivery note, and what is scanned in under its number, with what goes wrong."""

from dataclasses import dataclass, field
from datetime import date
from typing import Any, Final

from models.money import price_text
from streams.simulator.chance import Chance
from streams.simulator.hospital.goods import Goods

PLAIN: Final = "plain"
SHARES: Final = (
    ("more", 300), ("fewer", 500), ("other-lot", 600), ("expired", 150), ("serial-twice", 400), ("unknown-item", 150),
)  # fmt: skip
"""In 10,000 lines of notes so many with each error. No source: ours, so that a year has some of each."""


@dataclass(slots=True)
class Line:
    """A line of a note, with what came of it in truth. Units of use."""

    number: str
    """Its number in the note."""
    goods: Goods
    """What is announced."""
    lot: str
    """Lot announced."""
    expiry: int
    """Ordinal."""
    packages: int
    """Announced."""
    serial: str | None = None
    """Serial announced."""
    arrived: int = 0
    """Scanned in."""
    accepted: int = 0
    """Of those, on the shelf."""
    quarantined: int = 0
    """Of those, expired when they came."""
    findings: set[str] = field(default_factory=set)
    """What the books must name."""
    dearer: bool = False
    """At a tenth more than the catalogue says."""

    @property
    def cost(self) -> int | None:
        """What the note says that a unit costs, in 1/10,000 yuan; `None` where nobody entered one."""
        return self.goods.cost * 11 // 10 if self.goods.cost is not None and self.dearer else self.goods.cost


@dataclass(slots=True)
class Stray:
    """Goods that came under a note's number and stand on no line."""

    goods: Goods
    """What came."""
    lot: str
    """Its lot."""
    arrived: int
    """Units of use."""
    accepted: int
    """Of those, on the shelf."""
    finding: str
    """`other-lot` or `unknown-item`."""


@dataclass(slots=True)
class Note:
    """A delivery note."""

    number: str
    """Number of the note, which the receipts name."""
    supplier: str
    """Who brings it."""
    store: str
    """Where to."""
    day: int
    """Ordinal of the day it is due, and comes."""
    lines: list[Line] = field(default_factory=list)
    """What is announced."""
    strays: list[Stray] = field(default_factory=list)
    """What came besides."""

    def record(self, hospital: str) -> dict[str, Any]:
        """As the supplier's platform publishes it."""
        return {
            "schema": "udi.delivery/1", "hospital": hospital, "note": self.number, "supplier": self.supplier,
            "store": self.store, "expected_on": date.fromordinal(self.day).isoformat(), "ended": True,
            "lines": [
                {
                    "line": line.number, "issuer": line.goods.issuer, "di": line.goods.levels[0][0], "lot": line.lot,
                    "serial": line.serial, "expiry": date.fromordinal(line.expiry).isoformat(),
                    "packages": line.packages,
                    "cost": None if line.cost is None else price_text(line.cost),
                }
                for line in self.lines
            ],
        }  # fmt: skip


def error_of(chance: Chance, goods: Goods) -> str:
    """What goes wrong with a line, or `plain`."""
    drawn = chance.below(10_000)
    for name, share in SHARES:
        drawn -= share
        if drawn < 0:
            fits = name in {"unknown-item", "expired"} or (name == "serial-twice") == (goods.tracking == "serial")
            return name if fits else PLAIN
    return PLAIN
