"""A seeded corpus of labels that lost their separators, with the truth beside each: the proof of `rules.labels.rescue`.

Makers differ in the order of elements and in how their lots and serials look; some print lots of several lengths, some
begin a new series that nobody has seen. All patterns are of the kinds seen on real labels; none is a real maker's.
"""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import date, timedelta
from random import Random
from typing import Final

from models.udi import Issuer, Label, read_label
from models.udi.canonical import gtin
from models.udi.gs1.application_identifiers import GS
from models.udi.gs1.elements import element_string
from rules.labels.rescue import Device, Knowledge, LotPattern, Outcome, learn, rescue

SCANNED_ON: Final = date(2026, 6, 1)
LEARNED: Final = (0, 12, 20, 40, 60)
"""Confirmed labels of a device before separators are lost; of some there are none."""
_LETTERS: Final = "ABCDEFGHJKLMNPQRSTUVWXYZ"
_LOTS: Final = (
    ("99999999",), ("L999999",), ("AA9999",), ("2699999",), ("26AA99999",), ("LOT-999",), ("9999999", "99999999"),
    ("XXXXXX",), ("A9999", "A99999"), ("999999A",), ("HC26999999",),
)  # fmt: skip
_SERIALS: Final = (
    None, None, ("9999999999",), ("SN999999",), ("XXXXXXXX",), ("A99999999",), ("999999",), ("9999", "99999"),
)  # fmt: skip
_ORDERS: Final = (
    ("01", "17", "10", "21"), ("01", "11", "17", "10", "21"), ("01", "10", "17", "21"), ("01", "21", "17", "10"),
    ("01", "10", "21", "17"), ("01", "10", "17"), ("01", "17", "10"), ("01", "10", "11", "17", "21"),
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Maker:
    """One device and how its labels look."""

    di: str
    order: tuple[str, ...]
    lots: tuple[str, ...]
    serials: tuple[str, ...] | None
    confirmed: int
    """Labels of it that were confirmed before."""

    def label(self, draw: Random) -> tuple[tuple[str, str], ...]:
        """The elements of one label."""
        made = SCANNED_ON - timedelta(days=draw.randrange(30, 700))
        values = {
            "01": self.di,
            "11": f"{made:%y%m%d}",
            "17": f"{made + timedelta(days=draw.choice((730, 1095, 1826))):%y%m%d}",
            "10": _drawn(draw.choice(self.lots), draw),
            "21": _drawn(draw.choice(self.serials), draw) if self.serials else "",
        }
        return tuple((ai, values[ai]) for ai in self.order if values[ai])

    def could_print(self, reading: Label) -> bool:
        """Whether a reading is one this maker could have meant: the independent judge of what is repairable."""
        return _is_of(reading.lot, self.lots) and _is_of(reading.serial, self.serials if "21" in self.order else None)


def _drawn(template: str, draw: Random) -> str:
    choices = {"9": "0123456789", "A": _LETTERS, "X": "0123456789" + _LETTERS}
    return "".join(draw.choice(choices.get(place, place)) for place in template)


def _is_of(value: str | None, templates: tuple[str, ...] | None) -> bool:
    if value is None or templates is None:
        return value is None and templates is None
    return any(_matches(value, template) for template in templates)


def _matches(value: str, template: str) -> bool:
    kinds = {"9": str.isdigit, "A": str.isalpha, "X": str.isalnum}
    return len(value) == len(template) and all(
        kinds[place](character) if place in kinds else place == character
        for place, character in zip(template, value, strict=True)
    )


def _makers(draw: Random, count: int) -> list[Maker]:
    return [
        Maker(
            gtin(f"0690{draw.randrange(10**9):09d}"),
            draw.choice(_ORDERS),
            draw.choice(_LOTS),
            draw.choice(_SERIALS),
            draw.choice(LEARNED),
        )
        for _ in range(count)
    ]


def _read(text: str) -> Label:
    return read_label([text], scanned_on=SCANNED_ON)


def _knowledge(makers: list[Maker], draw: Random) -> Knowledge:
    lots: dict[Device, LotPattern] = {}
    serials: dict[Device, LotPattern] = {}
    for maker in makers:
        device = (Issuer.GS1, maker.di)
        for _ in range(maker.confirmed):
            values = dict(maker.label(draw))
            lots[device] = learn(lots.get(device), values.get("10"))
            serials[device] = learn(serials.get(device), values.get("21"))
    return Knowledge({(Issuer.GS1, maker.di) for maker in makers}, lots, serials)


@dataclass(slots=True)
class Figures:
    """What the rescue did with the corpus, in labels."""

    labels: int = 0
    suspected: int = 0
    repairable: int = 0
    """Lost a separator, of a device with confirmed labels, and exactly one reading is one the maker could have
    printed: the truth."""
    repaired: int = 0
    """Of the repairable ones: repaired to the truth."""
    wrong: int = 0
    """Repaired or accepted, and not the truth. Must be 0."""
    missed: int = 0
    """Lost a separator and neither suspected nor refused: the wrong lot stands in silence. Must be 0."""
    ambiguous: int = 0
    identifier_alone: int = 0

    @property
    def share(self) -> float:
        """Correct unique repairs among the repairable, 0 to 1."""
        return self.repaired / self.repairable if self.repairable else 1.0


def _labels(makers: list[Maker], draw: Random, count: int) -> Iterator[tuple[Maker, bool, tuple[tuple[str, str], ...]]]:
    """Labels to judge; one in fifty is of a new series that nobody has confirmed yet."""
    for _ in range(count):
        maker = draw.choice(makers)
        new_series = draw.random() < 0.02
        shown = replace(maker, lots=draw.choice(_LOTS)) if new_series else maker
        yield maker, new_series, shown.label(draw)


def prove(labels: int = 6000, seed: int = 20261125, makers: int = 120) -> Figures:
    """Loses the separators of generated labels, rescues them and compares with the truth.

    Args:
        labels: How many labels.
        seed: Of the corpus; equal seeds give equal figures.
        makers: How many devices.
    """
    draw = Random(seed)  # noqa: S311 -- a corpus, no secret
    known = _makers(draw, makers)
    knowledge = _knowledge(known, draw)
    figures = Figures()
    for maker, new_series, elements in _labels(known, draw, labels):
        _judge(figures, maker, new_series, elements, knowledge)
    return figures


def _judge(
    figures: Figures, maker: Maker, new_series: bool, elements: tuple[tuple[str, str], ...], knowledge: Knowledge
) -> None:
    whole = element_string(elements)
    truth, label = _read(whole), _read(whole.replace(GS, ""))
    decision = rescue(label, knowledge)
    figures.labels += 1
    figures.suspected += decision.outcome is not Outcome.UNTOUCHED
    figures.ambiguous += decision.outcome is Outcome.AMBIGUOUS
    figures.identifier_alone += decision.outcome is Outcome.IDENTIFIER_ALONE
    right = _says(decision.label) == _says(truth)
    lost = GS in whole
    if lost and not new_series and maker.confirmed:
        readings = [reading for reading in (label, *label.alternatives) if reading.error is None]
        printable = [reading for reading in readings if maker.could_print(reading)]
        if len(printable) == 1 and _says(printable[0]) == _says(truth):
            figures.repairable += 1
            figures.repaired += right and decision.outcome is Outcome.REPAIRED
    figures.wrong += decision.outcome in {Outcome.REPAIRED, Outcome.ACCEPTED} and not right
    figures.missed += lost and decision.outcome is Outcome.UNTOUCHED and label.error is None


def _says(label: Label) -> tuple[str | None, str | None, str | None, date | None, date | None]:
    return (label.di, label.lot, label.serial, label.expiry, label.production)
