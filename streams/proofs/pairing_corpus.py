"""A seeded ward of interleaved devices with many half labels, and the truth of which two belong together.

What it does not make, because nothing on the labels would tell: two GS1 labels scanned within a minute by one device
for one patient, of the first only one barcode, of the second only the other. Such a pair would be joined wrongly,
and a person undoes it (`udi pair undo`). HIBC labels name their primary and are safe from it.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from random import Random
from typing import Any, Final, NamedTuple
from uuid import UUID

from models.policy import POLICY
from models.udi.canonical import gs1_element_string, gtin, hibc, hibc_primary, hibc_secondary

HOSPITAL: Final = "H1"
START: Final = datetime(2022, 6, 3, tzinfo=UTC)
DEVICES: Final = 12
HALF_SHARE: Final = 0.5
"""Of the labels, those that come as two barcodes in two scans."""
_EXPIRY: Final = date(2027, 12, 31)
_ENCOUNTERS: Final = 4
_APART: Final = POLICY.half_label_window + timedelta(seconds=1)


@dataclass(frozen=True, slots=True)
class Goods:
    """An item and how its labels are written."""

    code: str
    """Item code."""
    hibc: bool
    """Its labels are HIBC; else GS1."""
    tracking: str
    """`serial`, `lot` or `none`."""

    @property
    def di(self) -> str:
        """The identifier as the catalogue has it."""
        number = int(self.code[1:])
        return f"A123P{number:05d}1" if self.hibc else gtin(f"0690{number:09d}")

    def barcodes(self, serial: str) -> tuple[str, str]:
        """The barcode with the identifier, and the one with all else."""
        if self.hibc:
            primary = hibc_primary("A123", f"P{int(self.code[1:]):05d}", 1)
            return primary, hibc_secondary(primary[-1], "L1", serial, _EXPIRY)
        whole = gs1_element_string(self.di, "L1", serial, _EXPIRY)
        return f"]C1{whole[:16]}", f"]C1{whole[16:]}"

    def whole(self, serial: str) -> str:
        """Everything in one barcode."""
        if self.hibc:
            return hibc("A123", f"P{int(self.code[1:]):05d}", 1, "L1", serial, _EXPIRY)
        return "]d2" + gs1_element_string(self.di, "L1", serial, _EXPIRY)

    def record(self) -> dict[str, Any]:
        """The catalogue record."""
        issuer = "HIBCC" if self.hibc else "GS1"
        return {
            "schema": "udi.item/1",
            "hospital": HOSPITAL,
            "item_code": self.code,
            "name": self.code,
            "identifiers": [{"issuer": issuer, "di": self.di, "units_per_package": 1}],
            "tracking": self.tracking,
            "prices": [{"price": "10.00", "from": None, "to": None}],
        }


GOODS: Final = tuple(Goods(f"G{n}", n % 4 == 1, "none" if n % 7 == 0 else "serial") for n in range(40))


class Event(NamedTuple):
    """A scan, and when its record comes to the broker."""

    arrives_at: datetime
    """The broker's timestamp of its record."""
    body: dict[str, Any]
    """The scan event, as JSON."""


@dataclass(slots=True)
class Corpus:
    """Scans in the order of their arrival, and the truth."""

    events: list[Event] = field(default_factory=list)
    """In the order of their arrival."""
    labels: int = 0
    """Labels scanned, whole or in halves."""
    pairs: dict[UUID, UUID] = field(default_factory=dict)
    """Scan of the identifier → scan of the rest, of one label."""
    joinable: set[UUID] = field(default_factory=set)
    """Of them, those that nothing stands between: they must be joined."""
    alone: set[UUID] = field(default_factory=set)
    """Halves whose other half was never scanned."""
    serials: dict[UUID, str] = field(default_factory=dict)
    """Of the scan of each identifier, the serial of its label."""


def encounters() -> Iterator[dict[str, Any]]:
    """The encounter records."""
    for number in range(_ENCOUNTERS):
        yield {
            "schema": "udi.encounter/1",
            "hospital": HOSPITAL,
            "encounter": f"E{number}",
            "department": "ORTH",
            "admitted_at": (START - timedelta(days=1)).isoformat(),
        }


def make_corpus(labels: int, seed: int) -> Corpus:
    """So many labels, scanned by interleaved devices. Equal seeds give equal corpora."""
    draw, corpus = Random(seed), Corpus(labels=labels)  # noqa: S311 -- a corpus, no secret
    devices = [_Device(number, draw, corpus) for number in range(DEVICES)]
    for number in range(labels):
        devices[number % DEVICES].scan_label()
    corpus.events.sort(key=lambda event: event.arrives_at)
    return corpus


class _Device:
    """One device, scanning label after label."""

    def __init__(self, number: int, draw: Random, corpus: Corpus) -> None:
        self._number = number
        self._draw = draw
        self._corpus = corpus
        self._at = START + timedelta(seconds=draw.random() * 10)
        self._sequence = 0

    def scan_label(self) -> None:
        """The next label: whole, in two halves, or with a half that is never scanned."""
        draw = self._draw
        encounter = f"E{draw.randrange(_ENCOUNTERS)}"
        self._wait(draw.uniform(6, 60))
        kind = draw.random()
        if kind >= HALF_SHARE:
            self._whole(encounter)
        elif kind < HALF_SHARE * 0.1:
            self._alone(encounter)
        else:
            self._pair(encounter)

    def _wait(self, seconds: float) -> None:
        self._at += timedelta(seconds=seconds)

    def _whole(self, encounter: str) -> None:
        goods, serial = self._goods()
        self._send([goods.whole(serial)], encounter)

    def _goods(self) -> tuple[Goods, str]:
        return self._draw.choice(GOODS), f"S{len(self._corpus.events):07d}"

    def _alone(self, encounter: str) -> None:
        goods, serial = self._goods()
        place = self._draw.randrange(2)
        scan = self._send([goods.barcodes(serial)[place]], encounter)
        self._corpus.alone.add(scan)
        self._at += _APART

    def _pair(self, encounter: str) -> None:
        draw, (goods, serial) = self._draw, self._goods()
        barcodes = goods.barcodes(serial)
        first = draw.randrange(2)
        disturbed = draw.random()
        lag = draw.random() * 4
        one = self._send([barcodes[first]], encounter, lag)
        if disturbed < 0.05:
            self._wait(2)
            self._whole(encounter)
        elif disturbed < 0.1:
            self._at += _APART
        self._wait(draw.uniform(1, 5))
        two = self._send([barcodes[1 - first]], encounter)
        identifier, rest = (one, two) if first == 0 else (two, one)
        self._corpus.pairs[identifier] = rest
        self._corpus.serials[identifier] = serial
        if disturbed < 0.1:
            self._at += _APART
        else:
            self._corpus.joinable.add(identifier)

    def _send(self, codes: list[str], encounter: str, lag: float = 0.0) -> UUID:
        """A scan; its record comes `lag` seconds late, so that a second half may overtake the first."""
        self._sequence += 1
        scan_id = UUID(int=(self._number << 64) + self._sequence)
        body = {
            "schema": "udi.scan/1",
            "scan_id": str(scan_id),
            "hospital": HOSPITAL,
            "device_id": f"gun{self._number}",
            "scanned_at": self._at.isoformat(),
            "action": "use",
            "codes": codes,
            "quantity": 1,
            "store": "OR-1",
            "encounter": encounter,
        }
        if self._number % 2:
            body |= {"boot": "b1", "sequence": self._sequence}
        self._corpus.events.append(Event(self._at + timedelta(seconds=lag), body))
        return scan_id
