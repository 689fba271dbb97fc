"""A seeded hospital: scanners of which some lose separators, makers with real kinds of lots, and the truth.

Makers differ in the order of elements and in how their lots and serials look; some are new, with nothing learned. Of
the scanners some lose all separators from a label on, some until they were repaired; most never do. Some
of the faultless ones never send a separator, for no label of their ward needs one; some of these see nothing but plates
without an expiry, whose lots hold what reads as one.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from random import Random
from typing import Final, NamedTuple

from models.udi import Label
from models.udi.canonical import gtin
from models.udi.issuers.gs1.application_identifiers import GS
from models.udi.issuers.gs1.elements import element_string
from streams.simulator.hospital.lots import LOTS, SERIALS, could_be, drawn

START: Final = datetime(2022, 1, 5, tzinfo=UTC)
"""Most goods are made in 2021 then: their dated lots hold a `21`, the hardest to tell from a serial."""
MAKERS: Final = 160
PLATES: Final = 16
"""Makers besides, of plates without an expiry. Every other one has boxes with an expiry and the same identifier."""
WARD: Final = 24
"""Makers whose goods one scanner meets."""
PLAIN_WARD: Final = 48
"""The same, of a scanner none of whose labels needs a separator."""
LOSING_SHARE: Final = 0.15
MENDED_SHARE: Final = 0.05
PLAIN_SHARE: Final = 0.2
"""Faultless scanners none of whose labels needs a separator: nothing ever clears them."""
PLATE_SHARE: Final = 0.05
"""Faultless scanners that read plates and their boxes alone."""
NEW_SHARE: Final = 0.2
"""Makers that nobody has scanned before the second half."""
_ORDERS: Final = (
    ("01", "17", "10", "21"), ("01", "11", "17", "10", "21"), ("01", "10", "17", "21"), ("01", "21", "17", "10"),
    ("01", "10", "21", "17"), ("01", "10", "17"), ("01", "17", "10"), ("01", "17", "10"), ("01", "11", "17", "10"),
    ("01", "17", "21"), ("01", "10", "11", "17", "21"), ("01", "11", "10"), ("01", "10"),
)  # fmt: skip
_DATES_INSIDE: Final = ("A17%y%m%d", "@17%y%m%d", "10LG17%y%m%d", "A17%y%m%d21##")
"""Lots that hold an expiry, as it seems."""


@dataclass(frozen=True, slots=True)
class Maker:
    """One device and how its labels look."""

    di: str
    """Device identifier (UDI-DI) in its canonical form."""
    order: tuple[str, ...]
    """Application identifiers in the order in which they are printed."""
    kind: str
    """What its lots look like."""
    lot: str | None
    """Form of its lots; `None`: it prints none."""
    serial: str | None
    """Form of its serials; `None`: it prints none."""
    tracking: str
    """`serial`, `lot` or `none`."""
    new: bool
    """Nothing of it is scanned in the first half."""
    boxed: tuple[str, ...] | None = None
    """The order on its boxes, which are scanned as often; `None`: they look the same."""

    @property
    def plain(self) -> bool:
        """Its labels need no separator: the one element of variable length comes last."""
        return not {"10", "21"}.intersection(self.order[:-1])

    def label(self, draw: Random, on: date) -> tuple[tuple[str, str], ...]:
        """The elements of one label."""
        made = on - timedelta(days=draw.randrange(30, 700))
        life = draw.choice((730, 1095, 1826))
        values = {"01": self.di, "11": f"{made:%y%m%d}", "17": f"{made + timedelta(days=life):%y%m%d}"}
        for ai, template in (("10", self.lot), ("21", self.serial)):
            if template is not None:
                values[ai] = drawn(template, made, draw.randrange)
        order = self.boxed if self.boxed is not None and draw.random() < 0.5 else self.order
        return tuple((ai, values[ai]) for ai in order)

    def could_print(self, reading: Label) -> bool:
        """Whether a reading is one this maker could have meant: the independent judge of what is repairable."""
        return _is_of(reading.lot, self.lot) and _is_of(reading.serial, self.serial)


def _is_of(value: str | None, template: str | None) -> bool:
    if value is None or template is None:
        return value is None and template is None
    return could_be(template, value)


@dataclass(slots=True)
class Gun:
    """A scanner, and when it loses separators."""

    name: str
    """Id of the scanner."""
    makers: list[Maker]
    """Whose labels it scans."""
    loses_from: int | None = None
    """Number of its first label without separators; `None`: it never loses any."""
    loses_until: int | None = None
    """Number of its first label with separators again; `None`: never mended."""
    labels: int = 0
    """Labels it has scanned so far."""

    @property
    def loses(self) -> bool:
        """Its next label comes without separators."""
        return (
            self.loses_from is not None
            and self.labels >= self.loses_from
            and (self.loses_until is None or self.labels < self.loses_until)
        )


class Scanned(NamedTuple):
    """A label, as a scanner sent it, with the truth."""

    at: datetime
    """When it was scanned."""
    gun: Gun
    """Scanner that read it."""
    maker: Maker
    """Whose label it is."""
    text: str
    """As the scanner sent it."""
    whole: str
    """As the label says it, with every separator."""
    losing: bool
    """The scanner was losing separators."""

    @property
    def lost(self) -> bool:
        """It had a separator that is gone."""
        return self.losing and GS in self.whole


@dataclass(slots=True)
class Corpus:
    """Makers and scanners, and the labels in the order of their scans."""

    makers: list[Maker] = field(default_factory=list)
    """Makers of the goods."""
    guns: list[Gun] = field(default_factory=list)
    """Scanners of the hospital."""
    scans: list[Scanned] = field(default_factory=list)
    """Labels in the order of their scans."""


def make_corpus(labels: int, devices: int, seed: int) -> Corpus:
    """So many labels of so many scanners. Equal seeds give equal corpora."""
    draw = Random(seed)  # noqa: S311 -- a corpus, no secret
    plates = [_plate(draw, number) for number in range(PLATES)]
    corpus = Corpus([_maker(draw, number) for number in range(MAKERS)] + plates)
    per_gun = labels // devices
    corpus.guns = [_gun(draw, number, corpus.makers, per_gun) for number in range(devices)]
    corpus.scans = list(_scans(draw, corpus, labels))
    return corpus


def _maker(draw: Random, number: int) -> Maker:
    order = draw.choice(_ORDERS)
    kind, lot = LOTS[number % len(LOTS)]
    serial = draw.choice(SERIALS)[1] if "21" in order else None
    tracked = serial is not None and draw.random() < 0.5
    return Maker(
        gtin(f"0690{draw.randrange(10**9):09d}"), order, kind if "10" in order else "no lot",
        lot if "10" in order else None, serial, "serial" if tracked else draw.choice(("lot", "none")),
        draw.random() < NEW_SHARE,
    )  # fmt: skip


def _plate(draw: Random, number: int) -> Maker:
    lot = _DATES_INSIDE[number % len(_DATES_INSIDE)]
    order, boxed = draw.choice((("01", "10"), ("01", "11", "10"))), ("01", "17", "10") if number % 2 else None
    di = gtin(f"0691{draw.randrange(10**9):09d}")
    return Maker(di, order, "date inside", lot, None, draw.choice(("lot", "none")), new=number % 4 == 0, boxed=boxed)


def _gun(draw: Random, number: int, makers: list[Maker], labels: int) -> Gun:
    gun, kind = Gun(f"gun{number}", draw.sample(makers, WARD)), draw.random()
    if kind < LOSING_SHARE:
        gun.loses_from = draw.randrange(max(1, labels * 2 // 3))
    elif kind < LOSING_SHARE + MENDED_SHARE:
        gun.loses_from, gun.loses_until = 0, max(1, labels // 2)
    elif kind < LOSING_SHARE + MENDED_SHARE + PLAIN_SHARE:
        plain = [maker for maker in makers if maker.plain]
        gun.makers = draw.sample(plain, min(PLAIN_WARD, len(plain)))
    elif kind < LOSING_SHARE + MENDED_SHARE + PLAIN_SHARE + PLATE_SHARE:
        gun.makers = makers[-PLATES:]
    return gun


def _scans(draw: Random, corpus: Corpus, labels: int) -> Iterator[Scanned]:
    at = START
    for number in range(labels):
        gun = draw.choice(corpus.guns)
        known = [maker for maker in gun.makers if 2 * number >= labels or not maker.new]
        maker = draw.choice(known)
        at += timedelta(seconds=40)
        whole = element_string(maker.label(draw, at.date()))
        losing = gun.loses
        gun.labels += 1
        yield Scanned(at, gun, maker, "]d2" + (whole.replace(GS, "") if losing else whole), whole, losing)
