"""The checker's own little hospital: goods, their labels, and encounters."""

import json
from dataclasses import dataclass
from typing import Any, Final

from tests.oracle.values import CATALOGUE, ENCOUNTERS, HOSPITAL, Facts, Intent
from tests.oracle.values import STORES as STORE_FACTS

DEPARTMENTS: Final = ("ORTH", "CARD", "NEUR")
STORES: Final = ("OR-1", "OR-2", "OR-3")
CONFIRMING: Final = "WARD-9"
"""A store that accepts by scan what is sent to it."""
SEPARATOR: Final = "\x1d"


@dataclass(frozen=True, slots=True)
class Goods:
    """An item of the catalogue; `number` makes its codes."""

    name: str
    number: int
    price: str | None = "10.00"
    tracking: str = "lot"
    supplier_owned: bool = False
    cost: str | None = None
    chargeable: bool = True
    bundled_into: str | None = None
    monitored: bool = False
    boxed: bool = False
    """There is a second identifier, for a box of ten."""
    internal: bool = False
    """Goods without UDI: scans name the item code."""
    row_at_end: bool = False
    """The catalogue row arrives after all scans."""
    price_at_end: bool = False
    """The catalogue row has no price until all scans are sent."""

    @property
    def code(self) -> str:
        """Item code."""
        return f"I-{self.name}"

    @property
    def di(self) -> str:
        """Identifier of the unit of use; the item code for goods without UDI."""
        return self.code if self.internal else gtin14(f"0690123{self.number:06d}")

    @property
    def box_di(self) -> str:
        """Identifier of the box of ten."""
        return gtin14(f"1690123{self.number:06d}")

    @property
    def supplier(self) -> str:
        """Who delivers it."""
        return f"S-{self.number % 2}"

    @property
    def owner(self) -> str:
        """As balances name it."""
        return self.supplier if self.supplier_owned else "hospital"


GOODS: Final = (
    Goods("screw", 1, price="12.3456", boxed=True),
    Goods("stent", 2, price="9800.00", tracking="serial", monitored=True),
    Goods("valve", 3, price="15400.50", tracking="serial", supplier_owned=True, cost="11000.00", monitored=True),
    Goods("suture", 4, price="33.335", supplier_owned=True, cost="20.05"),
    Goods("gauze", 5, price="0.85", chargeable=False),
    Goods("drape", 6, price="7.00", bundled_into="I-stent"),
    Goods("lens", 7, price="1234.5678", tracking="serial", row_at_end=True),
    Goods("plate", 8, price="410.005", price_at_end=True),
    Goods("glue", 9, price="5.125", internal=True, tracking="none"),
    Goods("mesh", 10, price="88.885", supplier_owned=True, cost="41.01", row_at_end=True),
)
BY_NAME: Final = {goods.name: goods for goods in GOODS}


def check_digit(digits: str) -> int:
    """Weights 3 and 1 from the right, the sum up to the next ten.

    References:
        GS1 General Specifications, 7.9.1 "Standard check digit calculations for GS1 data structures".
    """
    weighted = sum(int(digit) * (3 if place % 2 == 0 else 1) for place, digit in enumerate(reversed(digits)))
    return -weighted % 10


def gtin14(thirteen_digits: str) -> str:
    """With its check digit."""
    return f"{thirteen_digits}{check_digit(thirteen_digits)}"


def label(di: str, *, expiry: str | None = None, lot: str | None = None, serial: str | None = None) -> str:
    """A GS1 DataMatrix as a scanner sends it; `expiry` is YYMMDD; an empty `di` gives a label without identifier."""
    text = "]d2" + (f"01{di}" if di else "") + (f"17{expiry}" if expiry else "")
    if lot:
        text += f"10{lot}" + (SEPARATOR if serial else "")
    return text + (f"21{serial}" if serial else "")


def item_row(goods: Goods, *, priced: bool = True) -> Intent:
    """The catalogue record of an item."""
    levels = [{"issuer": "GS1", "di": goods.di, "units_per_package": 1}]
    if goods.boxed:
        levels.append({"issuer": "GS1", "di": goods.box_di, "units_per_package": 10})
    price = {"price": goods.price, "currency": "CNY", "from": "2020-01-01", "to": None}
    # The law wants an identifier of class III, so goods without one are of class I.
    row = {
        "schema": "udi.item/1", "hospital": HOSPITAL, "item_code": goods.code, "name": goods.name, "spec": "x",
        "maker": "M", "supplier": goods.supplier, "category": "C", "class": "I" if goods.internal else "III",
        "insurance_code": f"C{goods.number}", "unit": "piece", "chargeable": goods.chargeable,
        "identifiers": [] if goods.internal else levels,
        "bundled_into": goods.bundled_into, "owner": "supplier" if goods.supplier_owned else "hospital",
        "monitored": goods.monitored, "tracking": goods.tracking, "suspended": False, "auxiliary": False,
        "prices": [price] if priced and goods.price else [],
        "cost": [{"cost": goods.cost, "from": "2020-01-01", "to": None}] if goods.cost else [],
    }  # fmt: skip
    return Intent(CATALOGUE, f"{HOSPITAL}/{goods.code}".encode(), _json(row), Facts("item", item=goods.code))


@dataclass(frozen=True, slots=True)
class Stay:
    """An encounter."""

    code: str
    department: str
    admitted_at: str = "2024-05-01T08:00:00+08:00"
    discharged_at: str | None = None
    settled_at: str | None = None
    row_at_end: bool = False


def stays(count: int) -> tuple[Stay, ...]:
    """Ordinary encounters, then one of each special kind: late, discharged, settled, not yet admitted."""
    plain = [Stay(f"E{number}", DEPARTMENTS[number % 3]) for number in range(count)]
    left = "2024-05-10T10:00:00+08:00"
    return (
        *plain,
        Stay("E-late-1", "ORTH", row_at_end=True),
        Stay("E-late-2", "CARD", row_at_end=True),
        Stay("E-discharged", "ORTH", discharged_at=left),
        Stay("E-settled", "CARD", discharged_at=left, settled_at=left),
        Stay("E-early", "NEUR", admitted_at="2024-08-01T08:00:00+08:00"),
    )


def stay_row(stay: Stay) -> Intent:
    """The record of an encounter."""
    row = {
        "schema": "udi.encounter/1", "hospital": HOSPITAL, "encounter": stay.code, "department": stay.department,
        "team": "T1", "ward": "W1", "admitted_at": stay.admitted_at, "discharged_at": stay.discharged_at,
        "settled_at": stay.settled_at, "drg_group": None, "drg_weight": None, "main_disease": None,
    }  # fmt: skip
    return Intent(ENCOUNTERS, f"{HOSPITAL}/{stay.code}".encode(), _json(row), Facts("encounter", encounter=stay.code))


def store_row(store: str, *, confirms: bool) -> Intent:
    """The record of a store."""
    row = {"schema": "udi.store/1", "hospital": HOSPITAL, "store": store, "confirms_transfers": confirms}
    return Intent(STORE_FACTS, f"{HOSPITAL}/{store}".encode(), _json(row), Facts("store", store=store))


def _json(row: dict[str, Any]) -> bytes:
    return json.dumps(row).encode()
