"""A seeded stream of scans with everything that goes wrong at a bedside, and what is known about each record."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from random import Random
from typing import Final

from tests.oracle.values import CATALOGUE, ENCOUNTERS, HOSPITAL, STORES, Facts, Intent
from tests.oracle.world.goods import CONFIRMING, GOODS, Stay, item_row, stay_row, stays, store_row
from tests.oracle.world.loans import LOANS
from tests.oracle.world.stories import STORIES, Desk

STAYS_PER_SCANS: Final = 40
OPEN_STORIES: Final = 40
"""So many sequences of scans are under way at the same time."""

Story = Callable[[Desk], list[Intent]]


@dataclass(frozen=True, slots=True)
class Plan:
    """Three parts, sent one after the other."""

    early: tuple[Intent, ...]
    """Catalogue, encounters and stores, bad records among them."""
    scans: tuple[Intent, ...]
    late: tuple[Intent, ...]
    """The facts that free what is parked."""

    @property
    def intents(self) -> tuple[Intent, ...]:
        """All of it."""
        return (*self.early, *self.scans, *self.late)

    def with_facts_amid(self) -> "Plan":
        """The same, but the late facts come while scans flow."""
        half = len(self.scans) // 2
        return Plan(self.early, (*self.scans[:half], *self.late, *self.scans[half:]), ())


def plan(seed: int, scans: int, *, lanes: int, only: Sequence[str] = ()) -> Plan:
    """A plan with about so many scan records.

    Args:
        seed: the same seed gives the same plan.
        scans: number of records for `udi.scans`, at least; the last sequence is completed.
        lanes: partitions of `udi.scans`, for records without a key.
        only: names of the stories to tell; empty: all.
    """
    chance = Random(seed)  # noqa: S311  # Chance that repeats is wanted here.
    known = stays(max(8, scans // STAYS_PER_SCANS))
    return Plan(_early(known), tuple(_scans(Desk(chance, known, lanes), scans, only)), _late(known))


def _early(known: Sequence[Stay]) -> tuple[Intent, ...]:
    bad_item = Intent(CATALOGUE, f"{HOSPITAL}/I-bad".encode(), b"{", Facts("poison", refusal="not-json"))
    bad_stay = Intent(ENCOUNTERS, f"{HOSPITAL}/E-bad".encode(), b"[]", Facts("poison", refusal="bad-event"))
    items = [item_row(goods, priced=not goods.price_at_end) for goods in GOODS if not goods.row_at_end]
    bad_store = Intent(STORES, f"{HOSPITAL}/bad".encode(), b"[]", Facts("poison", refusal="bad-event"))
    stores = (store_row(CONFIRMING, confirms=True), store_row("CENTRAL", confirms=False), bad_store)
    return (*items, bad_item, *(stay_row(stay) for stay in known if not stay.row_at_end), bad_stay, *stores)


def _late(known: Sequence[Stay]) -> tuple[Intent, ...]:
    items = [item_row(goods) for goods in GOODS if goods.row_at_end or goods.price_at_end]
    return (*(stay_row(stay) for stay in known if stay.row_at_end), *items)


def _scans(desk: Desk, scans: int, only: Sequence[str]) -> list[Intent]:
    """Sequences interleaved at random; each keeps its own order."""
    told = [(story, weight) for story, weight in (*STORIES, *LOANS) if not only or story.__name__ in only]
    stories, weights = [story for story, _ in told], [weight for _, weight in told]
    written: list[Intent] = []
    under_way: list[list[Intent]] = []
    begun = 0
    while begun < scans or under_way:
        if begun < scans and len(under_way) < OPEN_STORIES:
            under_way.append(desk.chance.choices(stories, weights)[0](desk))
            begun += len(under_way[-1])
        else:
            place = desk.chance.randrange(len(under_way))
            written.append(under_way[place].pop(0))
            if not under_way[place]:
                del under_way[place]
    return written
