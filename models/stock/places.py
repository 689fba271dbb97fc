"""Where goods can be: places that are kept by balance, and the outside they come from and go to.

References:
    docs/store.md, "Places".
"""

from datetime import datetime
from typing import Final, NamedTuple

from models.reasons import Reason
from models.wire.strict_json import Refusal

SUPPLIER: Final = "supplier"
PATIENT: Final = "patient"
WASTE: Final = "waste"
ADJUSTMENT: Final = "adjustment"
SET: Final = "set"
"""`place` of a scan whose goods are of a supplier's set, which its `document` names: docs/store.md, "Loan sets"."""
OUTSIDE: Final = frozenset({SUPPLIER, PATIENT, WASTE, ADJUSTMENT})
"""Places without a balance."""


INSIDE: Final = ("in-transit/", "lent/", f"{SET}/", "quarantine/")
"""How the places begin that are no shelf, and no room of one."""


def misnamed(field: str, name: str | None) -> Refusal | None:
    """Why a store can't be called so: it is named as a place of the books; `None` when it is not, or none is named."""
    if name is None or not (name in OUTSIDE or name.startswith(INSIDE)):
        return None
    places = ", ".join((*sorted(OUTSIDE), *(f"{each}…" for each in INSIDE)))
    expected = f"Expected a store of the hospital's own, no place of the books ({places})"
    return Refusal(Reason.BAD_EVENT, f"{field}: {expected}, got {name!r}.")


def parted(field: str, name: str) -> Refusal | None:
    """Why a store can't be told under this id: it is that of a room of another one; `None` when it can."""
    if "/" not in name:
        return None
    return Refusal(Reason.BAD_EVENT, f"{field}: Expected a store without / in its id (a room has one), got {name!r}.")


def shelf(store: str, place: str | None) -> str:
    """The shelf of a store, or one of its rooms, cabinets or carts."""
    return f"{store}/{place}" if place else store


def in_transit(to_store: str) -> str:
    """On the way to a store."""
    return f"in-transit/{to_store}"


def lent(borrower: str) -> str:
    """With a store that borrowed them; they belong to the lender's books."""
    return f"lent/{borrower}"


def brought_set(document: str) -> str:
    """With the set that a supplier brought for one operation, by its document."""
    return f"set/{document}"


def quarantine(store: str) -> str:
    """Locked away in a store: not to be used."""
    return f"quarantine/{store}"


class Sight(NamedTuple):
    """Where the books have a unit with a serial: in one place, by the newest move of it."""

    place: str
    """Where it is."""
    from_place: str
    """Where it came from."""
    moved_at: datetime
    """When it was scanned there."""

    def after(self, place: str, from_place: str, moved_at: datetime) -> "Sight":
        """Where it is when the books know of one more move, however late that comes to them.

        The newest move decides; but a use brings the unit to the patient in any case, and only its return back.

        References:
            docs/store.md, "Units with a serial"; `udi.brings` says the same.
        """
        if self.place == PATIENT:
            decides = PATIENT in {from_place, place}
        else:
            decides = (place == PATIENT and self.from_place != PATIENT) or moved_at >= self.moved_at
        return Sight(place, from_place, moved_at) if decides else self


def kept(place: str) -> str | None:
    """The place, when a balance is kept of it."""
    return None if place in OUTSIDE else place
