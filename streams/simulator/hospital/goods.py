"""The goods: what an item of the catalogue is in truth, what its catalogue row says when, and single units of it."""

from dataclasses import dataclass, field
from datetime import date
from typing import Any

from models.money import price_text

CONTROLLED = frozenset({"stapler", "suture", "anti-adhesion", "tissue reinforcement"})
NATIONAL = {"stapler": "吻合器(带钉)", "stent": "血管支架"}
"""Kinds under national monitoring, by category; neither list contains the other."""
AUXILIARY = frozenset({"anti-adhesion", "dressing"})
"""Categories released by quota. Source: Chinese Health Quality Management 2025, 32(3): 54-58."""
ALWAYS = date(2020, 1, 1).toordinal()
"""The first day of every first price."""


@dataclass(slots=True)
class Goods:
    """An item. `reason` and `price_reason` change when its catalogue row is mended; all else stays."""

    code: str
    """Item code."""
    name: str
    """As its catalogue row names it."""
    issuer: str
    """`GS1`, `HIBCC`, `MA`, `ICCBBA`, `AHM`; `internal`: scanned by item code, or by a text the catalogue lists."""
    levels: tuple[tuple[str, int], ...]
    """(device identifier, units of use in the package), the unit of use first; empty: scans name the item code."""
    steps: tuple[tuple[int, int], ...]
    """(first day as ordinal, unit price in 1/10,000 yuan), ascending."""
    tracking: str = "lot"
    """`serial`, `lot` or `none`."""
    supplier: str = "S01"
    """Who delivers it."""
    owned: bool = False
    """The supplier owns it until it is used."""
    cost: int | None = None
    """1/10,000 yuan; `None` though owned by the supplier: nobody entered one."""
    late_cost: bool = False
    """Somebody enters its cost when it was used already."""
    chargeable: bool = True
    """`False`: uses are recorded and not charged."""
    bundled_into: str | None = None
    """Item whose charge covers this one; `None`: charged by itself."""
    monitored: bool = False
    """Monitoring rules judge it."""
    suspended: bool = False
    """Charges of its uses are held for a person."""
    category: str = "suture"
    """Goods of the same type."""
    device_class: str = "III"
    """Class of the device's risk: `I`, `II`, `III`."""
    maker: str = "M01"
    """Who makes it."""
    lot: str = "L%y%m###"
    """Template of its maker's lots, as of `streams.simulator.hospital.lots`."""
    serial: str = "@#######"
    """Serial number as printed."""
    lot_beside_serial: bool = True
    """The label of a unit with a serial says its lot, too."""
    rare: bool = False
    """Read with a lost separator only: its lots stand in the books as the standard reads them."""
    life_days: int = 1095
    """From manufacture to expiry."""
    parts: tuple[str, str] = ("", "")
    """HIBC: labeler and product."""
    reason: str | None = None
    """Why the catalogue cannot resolve it now: `unknown-identifier`, `ambiguous-identifier`, `package-unknown`,
    `unknown-item`; `None`: it can."""
    price_reason: str | None = None
    """`no-price` or `price-overlap` now."""
    listed: bool = True
    """Its row lies on the catalogue topic; with reason `unknown-identifier` possibly without the identifiers."""
    appears: int = 0
    """Index of the month from which it is used."""
    mended: int | None = None
    """Index of the month in whose late facts its row is mended; `None`: never, or nothing to mend."""
    texts: tuple["RealText", ...] = ()
    """Real label texts of it; empty: labels are made."""

    @property
    def owner(self) -> str:
        """Whose goods, as balances name it."""
        return self.supplier if self.owned else "hospital"

    def price_on(self, day: int) -> int | None:
        """The unit price on a day (ordinal), in 1/10,000 yuan."""
        found = None
        for first, price in self.steps:
            if first > day:
                break
            found = price
        return found

    def changes_in(self, days: range) -> bool:
        """A price begins in these days."""
        return any(first in days for first, _ in self.steps)


@dataclass(frozen=True, slots=True)
class RealText:
    """A real label text of the public examples, and what it says."""

    text: str
    """As the example has it."""
    lot: str | None
    """Lot it says; `None` when it says none."""
    serial: str | None
    """Serial it says; `None` when it says none."""
    expiry: int | None
    """Ordinal."""
    half: bool
    """It says the identifier and nothing else."""


@dataclass(frozen=True, slots=True)
class LossyGoods:
    """Goods of a scanner that loses separators; nobody else uses them."""

    known: Goods
    """What its lots look like is learned before they are lost."""
    learned_later: Goods
    """Learned in the month after they were lost."""
    unknown: tuple[Goods, Goods, Goods]
    """Never learned."""
    serial: Goods
    """Tracked by serial."""


@dataclass(slots=True)
class Unit:
    """What one label stands for: a serial-numbered unit, or a lot on one package level."""

    goods: Goods
    """The item."""
    level: int = 0
    """Index of its package level; 0 is the unit of use."""
    lot: str | None = None
    """`None` when the label gives none."""
    serial: str | None = None
    """`None` when the label gives none."""
    expiry: int | None = None
    """Ordinal of the last usable day."""
    clean: str | None = None
    """The clean text, once written."""
    brought_by: str | None = None
    """Supplier of the delivery note it came with, when that is not the catalogue's; else `None`."""
    key: tuple[str, str, str | None, str | None] = field(init=False)
    """(issuer, device identifier, lot, serial)."""

    def __post_init__(self) -> None:
        """Writes down what identifies it."""
        self.key = (self.goods.issuer, self.di, self.lot, self.serial)

    @property
    def di(self) -> str:
        """The identifier on the label; the item code for goods scanned by it."""
        return self.goods.levels[self.level][0] if self.goods.levels else self.goods.code

    @property
    def units(self) -> int:
        """Units of use in the package."""
        return self.goods.levels[self.level][1] if self.goods.levels else 1

    @property
    def supplier(self) -> str:
        """Who has brought it."""
        return self.brought_by or self.goods.supplier

    @property
    def owner(self) -> str:
        """Whose it is, as balances name it."""
        return self.supplier if self.goods.owned else "hospital"


def row(goods: Goods, hospital: str, days: range) -> dict[str, Any]:
    """The catalogue row as it is known in these days (ordinals): later prices are not in it yet."""
    levels = [] if goods.reason == "unknown-identifier" else goods.levels
    no_units = goods.reason == "package-unknown"
    return {
        "schema": "udi.item/1", "hospital": hospital, "item_code": goods.code, "name": goods.name, "spec": "standard",
        "maker": goods.maker, "supplier": goods.supplier, "category": goods.category,
        "class": "II" if not levels and goods.device_class == "III" else goods.device_class,
        "insurance_code": f"C{int(goods.code[-5:]):019d}", "unit": "piece",
        "identifiers": [
            {"issuer": goods.issuer, "di": di, "units_per_package": None if no_units else units} for di, units in levels
        ],
        "chargeable": goods.chargeable, "bundled_into": goods.bundled_into,
        "owner": "supplier" if goods.owned else "hospital", "monitored": goods.monitored, "tracking": goods.tracking,
        "suspended": goods.suspended, "auxiliary": goods.category in AUXILIARY,
        "national_kind": NATIONAL.get(goods.category),
        "controlled_category": goods.category if goods.category in CONTROLLED else None,
        "prices": _prices(goods, days.stop),
        "cost": [{"cost": price_text(goods.cost), "from": "2020-01-01", "to": None}] if goods.cost is not None else [],
    }  # fmt: skip


def _prices(goods: Goods, end: int) -> list[dict[str, Any]]:
    if goods.price_reason == "no-price":
        return []
    known = [step for step in goods.steps if step[0] < end]
    if goods.price_reason == "price-overlap":
        first, price = known[0]
        known = [(first, price), (first, price + 10_000)]
    ends = [known[place + 1][0] for place in range(len(known) - 1)] + [0]
    if goods.price_reason == "price-overlap":
        ends = [0, 0]
    return [
        {
            "price": price_text(price), "currency": "CNY", "from": date.fromordinal(first).isoformat(),
            "to": date.fromordinal(stop).isoformat() if stop else None,
        }
        for (first, price), stop in zip(known, ends, strict=True)
    ]  # fmt: skip
