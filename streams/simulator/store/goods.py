"""The goods of the store: nothing else is done with them, so that what lies there in truth is known to the unit."""

from typing import Final

from models.udi.canonical import gtin
from streams.simulator.chance import Chance
from streams.simulator.hospital.goods import ALWAYS, Goods
from streams.simulator.plan import Plan

FIRST_NUMBER: Final = 95_000
GOODS: Final = 12
"""Items of each room. No source: ours, few enough that a count is a screen long."""
SUPPLIERS: Final = ("S41", "S42", "S43")
"""Nobody else has goods of theirs."""
UNKNOWN_NUMBER: Final = 99_000
"""Of the goods that come with a delivery and stand in no catalogue."""


def kept(plan: Plan, room: int) -> list[Goods]:
    """The goods of a room: every third the supplier's until used, every fourth with a serial, the others by lot."""
    chance = Chance(plan.seed, 5, room)
    return [_made(FIRST_NUMBER + room * 100 + place, place, chance) for place in range(GOODS)]


def _made(number: int, place: int, chance: Chance) -> Goods:
    price = chance.between(20, 900) * 10_000
    goods = Goods(
        code=f"H{number:05d}", name=f"store goods {number}", issuer="GS1",
        levels=((gtin(f"0{6_980_000:07d}{number:05d}"), 1),), steps=((ALWAYS, price),), lot="%y%m%d-##",
        tracking="serial" if place % 4 == 3 else "lot", supplier=SUPPLIERS[place % len(SUPPLIERS)], category="catheter",
    )  # fmt: skip
    goods.owned, goods.cost = place % 3 == 1, price * 4 // 5
    return goods


def stranger(supplier: str, room: int) -> Goods:
    """Goods that no item of the house stands for."""
    number = UNKNOWN_NUMBER + room
    return Goods(
        code=f"H{number:05d}", name="not of the house", issuer="GS1",
        levels=((gtin(f"0{6_990_000:07d}{number:05d}"), 1),), steps=((ALWAYS, 10_000),), lot="X%y%m##",
        supplier=supplier, reason="unknown-identifier", listed=False,
    )  # fmt: skip
