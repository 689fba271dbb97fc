"""From where to where an action moves goods.

References:
    docs/store.md, "Places".
"""

from typing import Final, NamedTuple, Protocol

from models.catalogue.item import Belonging, Item
from models.charging.snapshot import Catalogue
from models.scan.event import ADJUSTING, Action, ScanEvent
from models.stock.places import (
    ADJUSTMENT,
    PATIENT,
    SET,
    SUPPLIER,
    WASTE,
    brought_set,
    in_transit,
    lent,
    quarantine,
    shelf,
)


class Said(Protocol):
    """What a scan says of where its goods lie and go (`models.scan.event.ScanEvent`)."""

    @property
    def action(self) -> str:
        """What was done with the goods (`models.scan.event.Action`)."""

    @property
    def store(self) -> str:
        """Store it was scanned in."""

    @property
    def to_store(self) -> str | None:
        """Store the goods go to, or come back to; `None` when they stay."""

    @property
    def place(self) -> str | None:
        """Room, cabinet or cart inside the store; `None`: its shelf."""

    @property
    def document(self) -> str | None:
        """Number of the paper it belongs to; `None` of none."""


class Way(NamedTuple):
    """Two places."""

    from_place: str
    """Place the goods leave (`models.stock.places`)."""
    to_place: str
    """Place the goods reach."""


def of_set(event: Said) -> bool:
    """Its goods are of a set that a supplier brought for one operation, and which set it was is known."""
    return event.place == SET and event.document is not None and event.action not in _OF_NO_SET


def of_unnamed_set(event: Said) -> bool:
    """Its goods are of a supplier's set, and the scan does not say of which."""
    return event.place == SET and event.document is None and event.action not in _OF_NO_SET


def lies_at(event: Said) -> str:
    """Where the goods of an event lie, or come to lie: the shelf of its store, a room of it, or a supplier's set."""
    if event.place is None:
        return event.store
    if of_set(event) and event.document is not None:
        return brought_set(event.document)
    return shelf(event.store, event.place)


def owners_of(event: ScanEvent, item: Item, catalogue: Catalogue) -> tuple[str, ...]:
    """Whose goods an event may move: the owner by the catalogue, then those the item had before, the newest first.

    Last those of whom delivery notes brought it. Goods of a set are its supplier's, whoever owns the item otherwise.
    """
    former, brought = catalogue.former(item), catalogue.brought(item)
    if not former and not brought:
        # Nearly every item: asked some times for each scan.
        return (_owner(event, item),)
    return tuple(dict.fromkeys((*(_owner(event, each) for each in (item.belonging, *former)), *brought)))


def _owner(event: ScanEvent, by: Belonging | Item) -> str:
    return by.supplier if of_set(event) and by.supplier is not None else by.owner


def second_source(event: Said) -> str | None:
    """Where its goods may lie besides `way_of`'s `from_place`; `None` for most actions.

    A store uses what it has borrowed when its own shelf has not enough, and gives back goods of its own for those; what
    a supplier brought for one operation is no part of either.
    """
    if event.action in _USED_UP:
        return None if of_set(event) else lent(event.store)
    return lies_at(event) if event.action is Action.GIVE_BACK and not of_set(event) else None


def way_of(event: Said, *, confirms: bool = False, locks: bool = False) -> Way:
    """The way of an event's goods; of a count there is none.

    Args:
        event: What was scanned.
        confirms: Of a transfer: the receiving store confirms what it gets, so the goods are on the way until then.
        locks: Of goods that come in: they may not be used and are locked away. Of goods that are sent back: they are.
    """
    here = lies_at(event)
    if event.action == Action.USE:
        return Way(here, PATIENT)
    there = event.to_store or event.store
    ways: dict[str, Way] = {
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


_OF_NO_SET: Final = ADJUSTING | {Action.COUNT, Action.IDENTIFY}
"""Actions whose `place` names a room, whatever it is called: what is counted lies there, and an `identify` speaks of
the goods of another scan."""
_USED_UP: Final = frozenset({Action.USE, Action.OPENED, Action.WASTE})
