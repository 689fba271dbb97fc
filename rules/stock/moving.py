"""From where to where an action moves goods.

References:
    docs/store.md, "Places".
"""

from typing import NamedTuple

from models.scan.event import Action, ScanEvent
from models.stock.places import ADJUSTMENT, OUTSIDE, PATIENT, SUPPLIER, WASTE, in_transit, lent, quarantine, shelf


class Way(NamedTuple):
    """Two places."""

    from_place: str
    """Place the goods leave (`models.stock.places`)."""
    to_place: str
    """Place the goods reach."""


def way_of(event: ScanEvent, *, confirms: bool = False, locks: bool = False) -> Way:
    """The way of an event's goods; of a count there is none.

    Args:
        event: What was scanned.
        confirms: Of a transfer: the receiving store confirms what it gets, so the goods are on the way until then.
        locks: Of goods that come in: they may not be used and are locked away. Of goods that are sent back: they are.
    """
    here = shelf(event.store, event.place)
    if event.action is Action.USE:
        return Way(here, PATIENT)
    there = event.to_store or event.store
    ways = {
        Action.RETURN: Way(PATIENT, here),
        Action.OPENED: Way(here, WASTE),
        Action.WASTE: Way(here, WASTE),
        Action.RECEIVE: Way(SUPPLIER, quarantine(event.store) if locks else here),
        Action.TRANSFER: Way(here, in_transit(there) if confirms else there),
        Action.ACCEPT: Way(in_transit(event.store), here),
        Action.LEND: Way(here, lent(there)),
        Action.GIVE_BACK: Way(lent(event.store), there),
        Action.QUARANTINE: Way(here, quarantine(event.store)),
        Action.CLEAR: Way(quarantine(event.store), here),
        Action.MISSING: Way(here, ADJUSTMENT),
        Action.FOUND: Way(ADJUSTMENT, here),
        Action.SEND_BACK: Way(quarantine(event.store) if locks else here, SUPPLIER),
    }
    return ways[event.action]


def kept(place: str) -> str | None:
    """The place, when a balance is kept of it."""
    return None if place in OUTSIDE else place
