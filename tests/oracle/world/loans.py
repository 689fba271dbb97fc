"""Stories of goods that a store uses while they are on loan to it."""

from collections.abc import Callable
from dataclasses import replace
from typing import Any, Final

from tests.oracle.values import Intent
from tests.oracle.world.goods import BY_NAME, STORES
from tests.oracle.world.stories import Desk, in_letters, scan


def goods_lent_and_used(desk: Desk) -> list[Intent]:
    """On one lane, so that the loan comes before its use; one unit of the use comes back."""
    lane, (owner, borrower) = desk.chance.randrange(desk.lanes), desk.chance.sample(STORES, 2)
    about: dict[str, Any] = {"lot": f"LOAN{in_letters(desk.number())}", "box": False, "at": desk.begin()}
    lent = scan(desk, "lend", BY_NAME["screw"], packages=2, store=owner, to_store=borrower, **about)
    about |= {"store": borrower, "borrowed": True, "encounter": desk.stay().code, "packages": 1}
    used, wasted = (scan(desk, each, BY_NAME["screw"], **about) for each in ("use", "waste"))
    back = scan(desk, "return", BY_NAME["screw"], corrects=used.facts.scan_id, **about)
    return [replace(each, key=None, partition=lane) for each in (lent, used, used, wasted, back)]


LOANS: Final[tuple[tuple[Callable[[Desk], list[Intent]], int], ...]] = ((goods_lent_and_used, 2),)
"""Every story with its weight."""
