"""The catalogue: ordinary goods, goods whose rows have defects, and goods with real labels."""

import json
from collections import defaultdict
from dataclasses import dataclass, field
from datetime import date
from functools import cache
from importlib.resources import files
from typing import Any, Final

from models.udi.canonical import gtin, ma_identifier
from streams.simulator.chance import Chance
from streams.simulator.clock import days_of
from streams.simulator.hospital.goods import ALWAYS, Goods, LossyGoods, RealText
from streams.simulator.hospital.lots import LOTS, SERIALS, templates_for
from streams.simulator.plan import Plan

CATEGORIES: Final = (
    "stent", "stapler", "implant", "suture", "anti-adhesion", "tissue reinforcement", "catheter", "mesh", "dressing",
)  # fmt: skip
DEFECTS: Final = (
    "unknown-identifier", "unknown-identifier", "no-price", "package-unknown", "ambiguous-identifier", "unknown-item",
    "price-overlap", "no-price",
)  # fmt: skip
"""What is wrong with the rows of the goods that appear in a month, one of each."""
RARE: Final = 24
LOSSY_SCANNERS: Final = 2
LOSSY_LOTS: Final = ("L%y%m###", "HC21######", "%y%m%d##", "10LG%y%m%d@###", "S%Y%m%d-@###", "@%y%j##")
"""The first is known, the second learned later, the last is of goods tracked by serial. Most are short enough that the
lot and what it has swallowed are a lot again; two are not, so that their labels give the scanner away."""
SUPPLIERS: Final = tuple(f"S{number:02d}" for number in range(1, 31))


@cache
def real_labels() -> dict[str, list[dict[str, Any]]]:
    """The real label texts by kind: `goods`, `belongs` (no identifier), `no-identifier`, `ambiguous`, `refused`.

    Of `identifier-alone` only the identifier is certain: refused before its goods are known, then charged with no lot.
    """
    found: dict[str, list[dict[str, Any]]] = defaultdict(list)
    text = (files("streams.simulator.hospital") / "labels.jsonl").read_text(encoding="utf-8")
    for line in text.split("\n"):
        if line:
            label = json.loads(line)
            found[label["kind"]].append(label)
    return dict(found)


@dataclass(slots=True)
class Shelf:
    """The catalogue by what the goods are for."""

    ordinary: list[Goods] = field(default_factory=list)
    """Known from the start."""
    defective: dict[int, list[Goods]] = field(default_factory=dict)
    """By the index of the month they appear in."""
    suspended: list[Goods] = field(default_factory=list)
    """Goods whose charges are held for a person."""
    rare: list[Goods] = field(default_factory=list)
    """Goods whose labels are only ever read with a lost separator, so that nobody learns what their lots look like."""
    lossy: list[LossyGoods] = field(default_factory=list)
    """By the scanner that loses their separators."""
    real: list[Goods] = field(default_factory=list)
    """Goods with label texts of the public examples."""
    rivals: dict[str, Goods] = field(default_factory=dict)
    """By item code of the goods whose identifier it claims until the row is mended."""


def stocked(plan: Plan) -> Shelf:
    """All goods of a plan but the scripted ones."""
    chance = Chance(plan.seed, 1)
    shelf = Shelf()
    number = 0
    for _ in range(plan.items):
        number += 1
        shelf.ordinary.append(_ordinary(number, plan, chance))
    for place in range(4):
        number += 1
        shelf.suspended.append(_plain(number, chance, suspended=True, tracking=("lot", "serial")[place % 2]))
    for index in range(plan.months):
        shelf.defective[index] = []
        for defect in DEFECTS:
            number += 1
            shelf.defective[index].append(_defective(number, index, defect, shelf, chance))
    for _ in range(RARE):
        number += 1
        shelf.rare.append(_plain(number, chance))
        shelf.rare[-1].rare = True
    for _ in range(LOSSY_SCANNERS):
        shelf.lossy.append(_lossy(number, chance))
        number += len(LOSSY_LOTS)
    for issuer, di in {(label["issuer"], label["di"]): None for label in real_labels()["goods"]}:
        number += 1
        shelf.real.append(_real(number, issuer, di, chance))
    return shelf


def _ordinary(number: int, plan: Plan, chance: Chance) -> Goods:
    kind = chance.below(1000)
    if kind < 25:
        text = () if kind < 15 else ((f"HC{20_240_000_000 + number}", 1),)
        return _plain(number, chance, issuer="internal", levels=text, tracking="none", device_class="II")
    issuer = "GS1" if kind < 850 else "MA" if kind < 950 else "HIBCC"
    goods = _plain(number, chance, issuer=issuer)
    goods.monitored = number % 4 == 0
    valuable = goods.monitored or chance.below(4) == 0
    first = chance.between(800, 30_000) * 10_000 if valuable else chance.between(20_000, 4_000_000)
    goods.steps = _steps(first, plan, chance)
    goods.tracking = "serial" if valuable and chance.below(3) == 0 else "none" if number % 7 == 0 else "lot"
    goods.owned = valuable and chance.below(2) == 0
    goods.cost = first * 4 // 5 if goods.owned and number % 20 else None
    goods.late_cost = goods.owned and number % 40 == 0
    goods.chargeable = valuable or number % 15 != 0
    if goods.chargeable and not valuable and number % 22 == 0:
        goods.bundled_into = f"H{max(1, number - 1):05d}"
    return goods


def _steps(first: int, plan: Plan, chance: Chance) -> tuple[tuple[int, int], ...]:
    """A price, and for one in four goods another from some day after the first month on."""
    if plan.months == 1 or chance.below(4) != 0:
        return ((ALWAYS, first),)
    day = chance.pick(days_of(plan.month(chance.between(1, plan.months - 1))))
    return ((ALWAYS, first), (day, first * chance.between(80, 112) // 100))


def _plain(  # noqa: PLR0917 -- what differs between kinds of goods
    number: int,
    chance: Chance,
    issuer: str = "GS1",
    levels: tuple[tuple[str, int], ...] | None = None,
    tracking: str = "lot",
    device_class: str = "III",
    *,
    suspended: bool = False,
) -> Goods:
    category = chance.pick(CATEGORIES)
    found, parts = (levels, ("", "")) if levels is not None else identifiers(number, issuer, chance.pick((0, 0, 5, 10)))
    return Goods(
        code=f"H{number:05d}", name=f"{category} {number}", issuer=issuer, levels=found, parts=parts,
        steps=((ALWAYS, chance.between(50_000, 9_000_000)),), tracking=tracking, supplier=chance.pick(SUPPLIERS),
        category=category, device_class=device_class, maker=f"M{number % 60:02d}", suspended=suspended,
        lot=chance.pick(templates_for(LOTS, issuer)), serial=chance.pick(templates_for(SERIALS, issuer)),
        lot_beside_serial=chance.below(2) == 0, life_days=chance.pick((1095, 1826)),
    )  # fmt: skip


def identifiers(number: int, issuer: str, box: int) -> tuple[tuple[tuple[str, int], ...], tuple[str, str]]:
    """The identifiers of an item: unit of use, and a box of so many (0: none); with the parts of a HIBC identifier."""
    levels, parts = 2 if box else 1, ("", "")
    if issuer == "HIBCC":
        parts = (f"{'ABCDEHM'[number % 7]}{100 + number % 900}", f"P{number}")
        codes = [f"{parts[0]}{parts[1]}{level + 1}" for level in range(levels)]
    elif issuer == "MA":
        codes = [ma_identifier(f"{100_000 + number % 97:06d}", f"{level}{number:06d}") for level in range(levels)]
    else:
        codes = [gtin(f"{level}{6_900_000 + number % 61:07d}{number:05d}") for level in range(levels)]
    return tuple(zip(codes, (1, box), strict=False)), parts


def _lossy(number: int, chance: Chance) -> LossyGoods:
    """The goods of a scanner that loses separators, in single packages."""
    goods = []
    for template in LOSSY_LOTS:
        number += 1
        each = _plain(number, chance, levels=((gtin(f"0{6_950_000:07d}{number:05d}"), 1),))
        each.lot, each.lot_beside_serial, each.rare = template, True, True
        goods.append(each)
    known, later, *unknown, serial = goods
    serial.tracking = "serial"
    return LossyGoods(known, later, (unknown[0], unknown[1], unknown[2]), serial)


def _defective(number: int, index: int, defect: str, shelf: Shelf, chance: Chance) -> Goods:
    """Goods that appear in a month with a defective row; most rows are mended in it, some later, some never."""
    internal = defect == "unknown-item"
    goods = _plain(number, chance, "internal", (), "none", "II") if internal else _plain(number, chance)
    goods.appears = index
    goods.mended = (index, index, index + 1, None)[(number + index) % 4]
    if defect in {"no-price", "price-overlap"}:
        goods.price_reason = defect
    else:
        goods.reason = defect
        goods.listed = not (internal or number % 2)
    if defect == "ambiguous-identifier":
        goods.listed = True
        rival = _plain(number, chance, levels=goods.levels)
        rival.code, rival.name = f"R{number:05d}", f"rival of {goods.name}"
        shelf.rivals[goods.code] = rival
    return goods


def _real(number: int, issuer: str, di: str, chance: Chance) -> Goods:
    """Goods whose labels are the real texts of that identifier."""
    labels = [label for label in real_labels()["goods"] if (label["issuer"], label["di"]) == (issuer, di)]
    texts = tuple(
        RealText(label["text"], label["lot"], label["serial"], _ordinal(label["expiry"]), _is_half(label))
        for label in labels
    )
    half = any(text.half for text in texts)
    goods = _plain(number, chance, issuer, ((di, 1),), "none" if half else "serial" if texts[0].serial else "lot")
    goods.name, goods.texts = f"real label {di}", texts
    return goods


def _is_half(label: dict[str, Any]) -> bool:
    return not (label["lot"] or label["serial"] or label["expiry"] or label["production"])


def _ordinal(day: str | None) -> int | None:
    return None if day is None else date.fromisoformat(day).toordinal()
