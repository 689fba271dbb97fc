"""From which of two places goods are taken: where they should lie, or where a loan has left them.

References:
    docs/store.md, "Loans".
"""

from models.catalogue.item import Item
from models.charging.books import LabelFacts
from models.charging.decision import Decision, UseAccount
from models.charging.snapshot import Catalogue
from models.scan.event import Action, ScanEvent
from models.stock.places import kept, lent
from rules.stock.moving import lies_at, second_source, way_of
from rules.stock.owning import balance_of, taken_from
from rules.view import View


def sources_of(event: ScanEvent, catalogue: Catalogue) -> list[str]:
    """Places with a balance that the goods of an event may leave: what is sent back may lie in quarantine.

    What a store has borrowed is looked at only of stores that ever borrowed, so that others ask nothing more.
    """
    places = [kept(way_of(event).from_place)]
    if event.action is Action.SEND_BACK:
        places.append(kept(way_of(event, locks=True).from_place))
    if event.action is Action.GIVE_BACK or catalogue.stores.borrows(event.hospital, event.store):
        places.append(second_source(event))
    return [place for place in places if place is not None]


def taken_of(  # noqa: PLR0917 -- what is known of the goods
    event: ScanEvent, item: Item, label: LabelFacts, first: str | None, units: int, view: View
) -> tuple[str | None, str]:
    """The place that goods leave, and whose they are.

    That is `first` when enough lie there of one owner. Else it is the second place, when more lie there than in the
    first: then the fewest are missing.

    Args:
        event: What was scanned.
        item: What it is, by the newest version of the catalogue.
        label: Its lot and serial.
        first: Where the goods should lie; `None` where no balance is kept.
        units: Units of use, above 0.
        view: The books.
    """
    owner = taken_from(event, item, label, first, units, view)
    if first is None:
        return first, owner
    lying = view.balance(balance_of(event, item, label, first, owner))
    second = None if lying >= units else second_source(event)
    if second is None:
        return first, owner
    # Of a store that never borrowed nothing was gathered: there is what the batch itself has lent to it, if anything.
    other = taken_from(event, item, label, second, units, view)
    more = view.balance(balance_of(event, item, label, second, other)) > max(lying, 0)
    return (second, other) if more else (first, owner)


def taken_again(decision: Decision, first: str, view: View) -> str:
    """The place that the goods of a decision leave that has its move, and so its owner: as `taken_of`."""
    lying, units = view.balance(decision.balance_key(first)), decision.units or 0
    second = None if lying >= units else second_source(decision.subject.event)
    more = second is not None and view.balance(decision.balance_key(second)) > max(lying, 0)
    return second if second is not None and more else first


def comes_back_to(use: UseAccount, event: ScanEvent) -> str | None:
    """Where a return brings the goods of a use; `None` where no balance is kept.

    What a store had borrowed is borrowed again when it comes back there.
    """
    borrowed = lent(event.store)
    return borrowed if use.source == borrowed else kept(lies_at(event))
