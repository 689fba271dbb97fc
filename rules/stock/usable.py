"""Whether goods may be used: one answer for a use, and for goods that a store takes in, issues or hands on.

References:
    docs/store.md, "What may be used". `udi.usable_5` says it of balances, for lists and proposals.
"""

from datetime import date
from typing import Final

from models.catalogue.item import Item
from models.charging.books import LabelFacts
from models.charging.snapshot import Catalogue
from models.reasons import Reason
from models.stock.places import ADJUSTMENT, SUPPLIER, WASTE, quarantine
from models.stock.told import Told
from rules.stock.recall_matching import recalled


def unusable(  # noqa: PLR0917 -- a unit, a place and a day
    hospital: str, label: LabelFacts, item: Item | None, place: str, day: date, catalogue: Catalogue, told: Told
) -> set[Reason]:
    """Why a unit that comes to a place may not be used on a day; nothing when it may, or is not there to be used.

    Args:
        hospital: Whose notices are asked.
        label: What is known of the unit.
        item: Its item; `None` while that is not known.
        place: Where it comes to: a shelf, a set, on the way, with a borrower or with the patient. Goods in quarantine,
            thrown away or back at their supplier are not to be used, so nothing is said of them.
        day: The hospital's day.
        catalogue: The notices in force.
        told: What other labels say of its lot or serial, where a notice asks for it.
    """
    if place in _NOT_TO_USE or place.startswith(_LOCKED):
        return set()
    found = set()
    if label.expiry is not None and day > label.expiry:
        found.add(Reason.EXPIRED)
    if recalled(hospital, label, item, day, catalogue.recalls, told):
        found.add(Reason.RECALLED)
    if item is not None and item.suspended:
        found.add(Reason.SUSPENDED_ITEM)
    if item is not None and item.licence_valid_to is not None and day > item.licence_valid_to:
        found.add(Reason.LICENCE_EXPIRED)
    return found


_NOT_TO_USE: Final = frozenset({ADJUSTMENT, SUPPLIER, WASTE})
_LOCKED: Final = quarantine("")
