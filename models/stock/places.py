"""Where goods can be: places that are kept by balance, and the outside they come from and go to.

References:
    docs/store.md, "Places".
"""

from typing import Final

SUPPLIER: Final = "supplier"
PATIENT: Final = "patient"
WASTE: Final = "waste"
ADJUSTMENT: Final = "adjustment"
OUTSIDE: Final = frozenset({SUPPLIER, PATIENT, WASTE, ADJUSTMENT})
"""Places without a balance."""


def shelf(store: str, place: str | None) -> str:
    """The shelf of a store, or one of its rooms, cabinets or carts."""
    return f"{store}/{place}" if place else store


def in_transit(to_store: str) -> str:
    """On the way to a store."""
    return f"in-transit/{to_store}"


def lent(borrower: str) -> str:
    """With a store that borrowed them; they belong to the lender's books."""
    return f"lent/{borrower}"


def quarantine(store: str) -> str:
    """Locked away in a store: not to be used."""
    return f"quarantine/{store}"
