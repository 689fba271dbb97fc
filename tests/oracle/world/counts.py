"""Shelves that are filled, counted on two devices while scans are resent, and used from after that."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import timedelta
from random import Random
from typing import Any, Final

from tests.oracle.values import Intent
from tests.oracle.world.goods import BY_NAME, stays
from tests.oracle.world.stories import Desk, changed, scan, use

FIRST_NUMBER: Final = 1_000_000
"""Numbers of counts begin here: those of the other stories are below."""


MINUTES: Final = {"receive": 0, "count": 60, "waste": 90}
"""When it is done, from the delivery on."""


@dataclass(frozen=True, slots=True)
class Shelf:
    """A shelf of a store of its own, and what is done there, in this order."""

    store: str
    delivered: tuple[Intent, ...]
    counted: tuple[Intent, ...]
    """Scans of the count; of which document, says `of`."""
    later: tuple[Intent, ...]
    """What moves after the last of them was scanned; it may come to the books before the count is posted or after."""

    def of(self, document: str) -> tuple[Intent, ...]:
        """The scans of the count as the devices send them: each is resent."""
        sent = [_of_document(each, document) for each in self.counted]
        return tuple(each for one in sent for each in (one, one))


def shelves(seed: int, number: int, *, lanes: int) -> tuple[Shelf, ...]:
    """So many shelves; the same seed gives the same ones."""
    desk = Desk(Random(f"counts {seed}"), stays(8), lanes, first=FIRST_NUMBER)  # noqa: S311  # Repeats are wanted.
    return tuple(_shelf(desk, f"SHELF-{each}") for each in range(1, number + 1))


def _shelf(desk: Desk, store: str) -> Shelf:
    """Two lots that fit or lack, one with too much, one that nobody knew; of three units one lacks, one is new."""
    at, lacks, more = desk.begin(), desk.chance.randint(1, 3), desk.chance.randint(2, 4)

    def one(action: str, name: str, packages: int, lot: str, serial: str = "", *, gun: int = 1) -> Intent:
        about: dict[str, Any] = {"serial": f"{store}-{serial}"} if serial else {}
        return scan(
            desk, action, BY_NAME[name], packages=packages, lot=lot, box=False, store=store, department="ORTH",
            at=at + timedelta(minutes=MINUTES[action]), device_id=f"counter-{store}-{gun}", **about,
        )  # fmt: skip

    delivered = (
        one("receive", "screw", 6, "A"), one("receive", "screw", 4, "B"), one("receive", "suture", 2, "A"),
        one("receive", "stent", 1, "P", "1"), one("receive", "stent", 1, "P", "2"),
    )  # fmt: skip
    counted = (
        one("count", "screw", 2, "A"), one("count", "screw", 4 - lacks, "A", gun=2),
        one("count", "screw", 4, "B"), one("count", "suture", 2 + more, "A", gun=2),
        one("count", "suture", 1, "N"), one("count", "stent", 1, "P", "1"),
        one("count", "stent", 1, "P", "1", gun=2), one("count", "stent", 1, "P", "3", gun=2),
    )  # fmt: skip
    about: dict[str, Any] = {"packages": 1, "lot": "B", "box": False, "store": store, "department": "ORTH"}
    used = use(desk, BY_NAME["screw"], at=at + timedelta(minutes=95), **about)
    return Shelf(store, delivered, counted, (one("waste", "screw", 1, "A"), used))


def _of_document(sent: Intent, document: str) -> Intent:
    return replace(changed(sent, document=document), facts=replace(sent.facts, document=document))


def told(shelf: Shelf, document: str) -> Sequence[Intent]:
    """All that is scanned of the shelf."""
    return (*shelf.delivered, *shelf.of(document), *shelf.later)
