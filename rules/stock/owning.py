"""Whose goods are taken: of the owners that an item has had, the one whose goods lie there.

References:
    docs/store.md, "Places".
"""

from collections.abc import Mapping

from models.catalogue.item import Item
from models.charging.books import BalanceKey, LabelFacts
from models.scan.event import Action, ScanEvent
from models.stock.places import quarantine
from rules.stock.moving import lies_at, owners_of
from rules.view import View


def taken_from(  # noqa: PLR0917 -- what is known of the goods
    event: ScanEvent, item: Item, label: LabelFacts, place: str | None, units: int, view: View
) -> str:
    """The owner whose goods leave a place.

    The owner by the catalogue when as many of his lie there; else the newest former owner of whom as many do; else the
    one of whom most do; else the owner by the catalogue. A use that takes the place of another keeps its owner where it
    is of the same goods from the same place; from another place he is asked first.

    Args:
        event: What was scanned.
        item: What it is, by the newest version of the catalogue.
        label: Its lot and serial.
        place: Where the goods lie; `None` where no balance is kept.
        units: Units of use, above 0.
        view: The books.
    """
    owners = owners_of(event, item, view.catalogue)
    if place is None:
        return owners[0]
    replaced = view.replaced(event) if event.action is Action.USE else None
    if replaced is not None:
        if replaced == balance_of(event, item, label, place, replaced.owner):
            return replaced.owner
        if _same_goods(replaced, item, label) and replaced.owner in owners:
            owners = tuple(dict.fromkeys((replaced.owner, *owners)))
    return _of_whom_enough_lie(event, item, label, place, owners, units, view)


def _of_whom_enough_lie(  # noqa: PLR0917 -- what is known of the goods
    event: ScanEvent, item: Item, label: LabelFacts, place: str, owners: tuple[str, ...], units: int, view: View
) -> str:
    """The first of whom as many lie there; else the one of whom most do; else the first."""
    if len(owners) == 1:
        return owners[0]
    lies = {owner: view.balance(balance_of(event, item, label, place, owner)) for owner in owners}
    return _chosen(owners, lies, units)


def whose_it_was(  # noqa: PLR0917 -- what is known of the goods
    event: ScanEvent, item: Item, label: LabelFacts, place: str, owner: str, units: int, view: View
) -> str:
    """The owner whose goods an event took from a place, now that they are known to be what the label says.

    It is the one they were taken from (`owner`), unless fewer of his than that lie there under the label, and another's
    are there.
    """
    owners = tuple(dict.fromkeys((owner, *owners_of(event, item, view.catalogue))))
    return _of_whom_enough_lie(event, item, label, place, owners, units, view)


def sent_back_of(event: ScanEvent, item: Item, label: LabelFacts, units: int, view: View) -> str:
    """The owner whose goods are sent back: of whom as many lie in quarantine, else there and where the scan says."""
    owners = owners_of(event, item, view.catalogue)
    here, locked = lies_at(event), quarantine(event.store)
    lies = {owner: view.balance(balance_of(event, item, label, locked, owner)) for owner in owners}
    if all(each < units for each in lies.values()):
        lies = {owner: view.balance(balance_of(event, item, label, here, owner)) + lies[owner] for owner in owners}
    return _chosen(owners, lies, units)


def _chosen(owners: tuple[str, ...], lies: Mapping[str, int], units: int) -> str:
    """The first of whom enough lie; else the one of whom most do; else the first."""
    enough = next((owner for owner in owners if lies[owner] >= units), None)
    most = max(owners, key=lies.__getitem__)
    return enough or (most if lies[most] > 0 else owners[0])


def balance_of(event: ScanEvent, item: Item, label: LabelFacts, place: str, owner: str) -> BalanceKey:
    """The balance in a place of what a label says."""
    return BalanceKey(event.hospital, place, item.item_code, owner, label.lot or "", label.serial or "")


def _same_goods(balance: BalanceKey, item: Item, label: LabelFacts) -> bool:
    return (balance.item_code, balance.lot, balance.serial) == (item.item_code, label.lot or "", label.serial or "")
