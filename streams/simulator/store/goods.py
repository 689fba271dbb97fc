"""The goods of the store: nothing else is done with them, so that what lies there in truth is known to the unit."""

from typing import Final

from models.udi.canonical import gtin
from streams.simulator.chance import Chance
from streams.simulator.hospital.goods import ALWAYS, Goods
from streams.simulator.plan import Plan

FIRST_NUMBER: Final = 95_000
FIRST_OF_SETS: Final = 96_000
FIRST_OF_CABINETS: Final = 97_000
GOODS: Final = 12
"""Items of each room. No source: ours, few enough that a count is a screen long."""
IN_SETS: Final = 10
"""Items that a supplier's sets may hold. No source: ours."""
IN_CABINETS: Final = 8
"""Items of a cabinet. No source: ours."""
SUPPLIERS: Final = ("S41", "S42", "S43")
"""Nobody else has goods of theirs."""
SET_SUPPLIERS: Final = ("S51", "S52")
"""Who bring sets for operations, and nothing else."""
UNKNOWN_NUMBER: Final = 99_000
"""Of the goods that come with a delivery and stand in no catalogue."""


def kept(plan: Plan, room: int) -> list[Goods]:
    """The goods of a room: every third the supplier's until used, every fourth with a serial, the others by lot."""
    chance = Chance(plan.seed, 5, room)
    return [_made(FIRST_NUMBER + room * 100 + place, place, chance) for place in range(GOODS)]


def in_sets(supplier: int, chance: Chance) -> list[Goods]:
    """What a supplier's sets may hold: every third an implant with a serial; some are the house's anywhere else."""
    first = FIRST_OF_SETS + supplier * 100
    return [
        _plain(first + place, chance.between(20, 900), SET_SUPPLIERS[supplier], "implant", serial=place % 3 == 2,
               owned=place % 4 != 1)
        for place in range(IN_SETS)
    ]  # fmt: skip


def in_cabinet(cabinet: int, chance: Chance) -> list[Goods]:
    """The goods of a cabinet: dear ones with a serial, every second the supplier's until used."""
    first = FIRST_OF_CABINETS + cabinet * 100
    return [
        _plain(first + place, chance.between(2_000, 20_000), f"S{31 + place % 2}", "stent", serial=True,
               owned=place % 2 == 0)
        for place in range(IN_CABINETS)
    ]  # fmt: skip


def _made(number: int, place: int, chance: Chance) -> Goods:
    supplier = SUPPLIERS[place % len(SUPPLIERS)]
    return _plain(number, chance.between(20, 900), supplier, "catheter", serial=place % 4 == 3, owned=place % 3 == 1)


def _plain(number: int, yuan: int, supplier: str, category: str, *, serial: bool, owned: bool) -> Goods:
    price = yuan * 10_000
    return Goods(
        code=f"H{number:05d}", name=f"store goods {number}", issuer="GS1",
        levels=((gtin(f"0{6_980_000:07d}{number:05d}"), 1),), steps=((ALWAYS, price),), lot="%y%m%d-##",
        tracking="serial" if serial else "lot", supplier=supplier, category=category, owned=owned, cost=price * 4 // 5,
    )  # fmt: skip


def stranger(supplier: str, room: int) -> Goods:
    """Goods that no item of the house stands for; by number of the room or cabinet they are found in."""
    number = UNKNOWN_NUMBER + room
    return Goods(
        code=f"H{number:05d}", name="not of the house", issuer="GS1",
        levels=((gtin(f"0{6_990_000:07d}{number:05d}"), 1),), steps=((ALWAYS, 10_000),), lot="X%y%m##",
        supplier=supplier, reason="unknown-identifier", listed=False,
    )  # fmt: skip
