"""The HIS charge catalogue: the item on `udi.catalogue`, and the item as decisions read it.

References:
    docs/contract.md, section "Catalogue item, encounter, HIS charge".
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from enum import StrEnum
from itertools import pairwise
from typing import Annotated, Final, Literal, NamedTuple, Self

from pydantic import Field, model_validator

from models.money import CURRENCY, Price, parse_price
from models.reasons import Reason
from models.udi import Issuer
from models.wire.strict_json import (
    KEY_SHOWN_MAX,
    Body,
    Day,
    Hospital,
    Identifier,
    Refusal,
    Text,
    WireModel,
    read_record,
)

OWNER_HOSPITAL = "hospital"
INSURANCE_CODE: Final = re.compile(r"C[0-9]{19}(?:[0-9]{7})?")
"""The national code of consumables: C, 6 digits of class, 3 of generic name, 5 of characteristics, 5 of maker; with the
specification 7 more. References: docs/semantics/catalogue.md, "Catalogue checks"."""


NATIONAL_KINDS: Final = frozenset({
    "单/多部件金属骨固定器械及附件", "导丝", "耳内假体", "颌面部赝复及修复重建材料及制品", "脊柱椎体间固定/置换系统",
    "可吸收外科止血材料", "髋关节假体", "颅骨矫形器械", "刨骨器", "球囊扩张导管", "托槽", "吻合器(带钉)", "血管支架",
    "阴茎假体", "植入式神经刺激器", "植入式心律转复除颤器", "植入式药物输注设备", "椎体成形导引系统",
})  # fmt: skip
"""The kinds of high-value consumables under national monitoring. Source: 第一批国家高值医用耗材重点治理清单."""


class Tracking(StrEnum):
    """How finely the stock of an item is told apart."""

    SERIAL = "serial"
    LOT = "lot"
    NONE = "none"


class LabelPart(StrEnum):
    """What a label says beside its identifier: the production identifiers (UDI-PI)."""

    LOT = "lot"
    SERIAL = "serial"
    PRODUCTION = "production"
    EXPIRY = "expiry"


class ItemIdentifier(WireModel):
    """A device identifier on some package level of the item."""

    issuer: Annotated[Issuer, Field(strict=False)]
    """Issuing agency of the identifier (`models.udi.Issuer`)."""
    di: Annotated[str, Field(min_length=1, max_length=200, pattern=r"^[^\x00-\x1f\x7f]+$")]
    """Device identifier (UDI-DI) in its canonical form."""
    units_per_package: Annotated[int, Field(ge=1, le=100_000)] | None = None
    """Units of use in that package; `None` when nobody knows: then its scans are parked `package-unknown`."""
    carries: Annotated[list[Annotated[LabelPart, Field(strict=False)]], Field(max_length=4)] | None = None
    """What its label has to say beside the identifier, by the national database; `None` when nobody knows."""
    withdrawn_on: Day | None = None
    """The day from which it is not sold any more (退市), by the national database; `None` while it is."""


class _Dated(WireModel):
    from_: Day | None = Field(default=None, alias="from")
    """First local day; `None` is open."""
    to: Day | None = None
    """The day after the last; `None` is open."""

    @model_validator(mode="after")
    def _check_order(self) -> Self:
        if self.from_ is not None and self.to is not None and self.to <= self.from_:
            raise ValueError("Expected to after from")
        return self


class ItemPrice(_Dated):
    """A charge price with the days it is in force."""

    price: Price
    """Yuan a unit of use, at most four digits after the point."""
    currency: Literal["CNY"] = "CNY"
    """Always `CNY`."""


class ItemCost(_Dated):
    """What the supplier is owed for a unit, with the days it holds."""

    cost: Price
    """Yuan a unit of use, at most four digits after the point."""


class ItemInsuranceCode(_Dated):
    """A national insurance code with the days on which it is valid."""

    code: Identifier
    """20 characters, or 27 with the specification."""


class Limits(WireModel):
    """What the insurance lets be charged of an item, as data. A use beyond it is held for a person."""

    per_stay: Annotated[int, Field(ge=1)] | None = None
    """Units of use in one encounter."""
    needs_approval: bool = False
    """Every use waits for a person's approval."""
    excluded_drg_groups: Annotated[list[Identifier], Field(max_length=500)] = []
    """DRG groups in whose encounters the item is not paid for, as far as the group is known at the decision."""


class CatalogueItem(WireModel):
    """One row of the charge catalogue."""

    schema_: Literal["udi.item/1"] = Field(alias="schema")
    """Name and version of the record's schema."""
    hospital: Hospital
    """Id of the hospital; the first part of every record key."""
    item_code: Identifier
    """The hospital's own code of the item; unique in its catalogue."""
    name: Text
    """As verdicts and bills show it."""
    spec: Text | None = None
    """Specification and model (规格型号), as free text."""
    maker: Text | None = None
    """Name of the maker."""
    supplier: Identifier | None = None
    """Who delivers it; needed when `owner` is `supplier`."""
    category: Text | None = None
    """Goods of the same type; shares and causes of alerts are counted within it."""
    class_: Literal["I", "II", "III"] | None = Field(default=None, alias="class")
    """Class of the device's risk; class III needs an identifier."""
    insurance_code: Identifier | None = None
    """National insurance consumable code: 20 characters, or 27 with the specification."""
    insurance_codes: Annotated[list[ItemInsuranceCode], Field(max_length=100)] = []
    """The codes it has had by days, where codes were ended or replaced; none: `insurance_code` holds on every day."""
    unit: Text | None = None
    """Name of the unit of use, as bills show it."""
    identifiers: Annotated[list[ItemIdentifier], Field(max_length=50)]
    """On every package level; none for goods without UDI."""
    chargeable: bool = True
    """`False`: uses are recorded and not charged."""
    bundled_into: Identifier | None = None
    """Item whose charge covers this one: it is not charged by itself."""
    owner: Literal["hospital", "supplier"] = "hospital"
    """Whose goods lie in the store until they are used (用后结算: the supplier's)."""
    monitored: bool = False
    """Monitoring rules judge it by default."""
    tracking: Annotated[Tracking, Field(strict=False)] = Tracking.NONE
    """How finely its stock is told apart."""
    suspended: bool = False
    """Charges of its uses are held for a person."""
    auxiliary: bool = False
    """An auxiliary consumable (辅助类)."""
    controlled_category: Text | None = None
    """Of the hospital's own list, released by quota."""
    national_kind: Text | None = None
    """Of the 18 kinds under national monitoring (`NATIONAL_KINDS`), by its official name; a list apart from the own."""
    volume_based_purchase: bool = False
    """Its price was set by volume-based purchase (集采)."""
    licence_valid_to: Day | None = None
    """Last local day on which the registration certificate is valid."""
    limits: Limits | None = None
    """`None`: no limits."""
    prices: Annotated[list[ItemPrice], Field(max_length=500)] = []
    """Charge prices; a day with none or two of them parks its charges."""
    cost: Annotated[list[ItemCost], Field(max_length=500)] = []
    """What the supplier is owed, by days."""

    @model_validator(mode="after")
    def _check_together(self) -> Self:
        if not self.identifiers and self.class_ == "III":
            raise ValueError("Expected at least one identifier of a class III device")
        if self.national_kind is not None and self.national_kind not in NATIONAL_KINDS:
            raise ValueError("Expected national_kind to be one of the 18 kinds under national monitoring")
        if self.owner == "supplier" and self.supplier is None:
            raise ValueError("Expected a supplier of supplier-owned goods")
        return self


@dataclass(frozen=True, slots=True)
class DatedPrice:
    """A unit price in 1/10,000 yuan for the local days `from_on` ≤ day < `to_on`."""

    unit_price: int
    """1/10,000 yuan a unit of use."""
    from_on: date
    """First local day; `date.min` when open."""
    to_on: date
    """The day after the last; `date.max` when open."""


@dataclass(frozen=True, slots=True)
class DatedCode:
    """A national insurance code for the local days `from_on` ≤ day < `to_on`."""

    code: str
    """National insurance consumable code (医保编码), 20 characters or 27 with the specification."""
    from_on: date
    """First local day; `date.min` when open."""
    to_on: date
    """The day after the last; `date.max` when open."""


class Belonging(NamedTuple):
    """Whose the goods of an item are, by one version of it."""

    owner: str
    """`hospital`, or the supplier's id."""
    supplier: str | None
    """Id of the supplier; `None` without one. What he brings as a set is his, whoever the owner is."""


@dataclass(frozen=True, slots=True)
class Item:
    """A catalogue item as decisions read it: one version of it, known from one moment."""

    hospital: str
    """Id of the hospital; the first part of every record key."""
    item_code: str
    """The item's code in the HIS catalogue."""
    name: str
    """As verdicts and bills show it."""
    insurance_code: str | None
    """National insurance consumable code (医保编码); `None` when the catalogue has none."""
    unit: str | None
    """Name of the unit of use."""
    supplier: str | None
    """Id of the supplier; `None` without one."""
    owner: str
    """`hospital`, or the supplier's id: whose goods they are."""
    chargeable: bool
    """`False`: uses are recorded and not charged."""
    bundled_into: str | None
    """Item whose charge covers this one; `None`: charged by itself."""
    monitored: bool
    """Monitoring rules judge it by default."""
    tracking: Tracking
    """How finely its stock is told apart."""
    suspended: bool
    """Charges of its uses are held for a person."""
    identifiers: tuple[tuple[Issuer, str, int | None], ...]
    """(issuer, device identifier, units per package)."""
    prices: tuple[DatedPrice, ...]
    """Charge prices by local days."""
    costs: tuple[DatedPrice, ...]
    """What the supplier is owed, by local days."""
    version: int
    """The gapless number of the change that brought this version."""
    limits: Limits | None = None
    """`None`: no limits."""
    licence_valid_to: date | None = None
    """The last local day on which the registration certificate is valid."""
    category: str | None = None
    """Goods of the same type."""
    controlled_category: str | None = None
    """Of the hospital's own list of controlled goods."""
    ended_at: datetime | None = None
    """From this instant the item is no longer in the catalogue (a tombstone came)."""
    insurance_codes: tuple[DatedCode, ...] = ()
    """By days; empty: `insurance_code` holds on every day."""
    labels: tuple[tuple[Issuer, str, tuple[LabelPart, ...]], ...] = ()
    """(issuer, device identifier, what its label has to say), where that is known."""

    @property
    def belonging(self) -> Belonging:
        """Whose its goods are by this version."""
        return Belonging(self.owner, self.supplier)

    @property
    def unit_identifier(self) -> tuple[Issuer, str]:
        """Issuer and identifier of the unit of use; an item without identifiers is `internal` by its code."""
        for issuer, di, units in self.identifiers:
            if units == 1:
                return issuer, di
        return self.identifiers[0][:2] if self.identifiers else (Issuer.INTERNAL, self.item_code)


def repriced_days(before: Sequence[DatedPrice], after: Sequence[DatedPrice]) -> tuple[date, date] | None:
    """The span from the first to the day after the last on which other prices are in force; `None` when none are."""
    edges = sorted({date.min, date.max, *(day for each in (*before, *after) for day in (each.from_on, each.to_on))})
    changed = [(start, end) for start, end in pairwise(edges) if _in_force(before, start) != _in_force(after, start)]
    return (changed[0][0], changed[-1][1]) if changed else None


def _in_force(prices: Sequence[DatedPrice], day: date) -> list[int]:
    return sorted(each.unit_price for each in prices if each.from_on <= day < each.to_on)


def prices_of(wire: CatalogueItem) -> tuple[DatedPrice, ...]:
    """The dated prices of a catalogue record."""
    return tuple(_dated(parse_price(each.price), each) for each in wire.prices)


def item_from_wire(wire: CatalogueItem, version: int, ended_at: datetime | None = None) -> Item:
    """The item of a catalogue record at its version."""
    assert wire.owner == OWNER_HOSPITAL or wire.supplier is not None  # noqa: S101 -- checked by the wire model
    return Item(
        hospital=wire.hospital,
        item_code=wire.item_code,
        name=wire.name,
        insurance_code=wire.insurance_code,
        unit=wire.unit,
        supplier=wire.supplier,
        owner=OWNER_HOSPITAL if wire.owner == OWNER_HOSPITAL else str(wire.supplier),
        chargeable=wire.chargeable,
        bundled_into=wire.bundled_into,
        monitored=wire.monitored,
        tracking=wire.tracking,
        suspended=wire.suspended,
        identifiers=tuple((each.issuer, each.di, each.units_per_package) for each in wire.identifiers),
        prices=prices_of(wire),
        costs=tuple(_dated(parse_price(each.cost), each) for each in wire.cost),
        version=version,
        limits=wire.limits,
        licence_valid_to=wire.licence_valid_to,
        category=wire.category,
        controlled_category=wire.controlled_category,
        ended_at=ended_at,
        insurance_codes=tuple(
            DatedCode(each.code, each.from_ or date.min, each.to or date.max) for each in wire.insurance_codes
        ),
        labels=tuple(
            (each.issuer, each.di, tuple(each.carries)) for each in wire.identifiers if each.carries is not None
        ),
    )


def _dated(unit_price: int, days: _Dated) -> DatedPrice:
    return DatedPrice(unit_price, days.from_ or date.min, days.to or date.max)


def read_item(key: bytes | None, value: bytes) -> tuple[CatalogueItem, Body] | Refusal:
    """A record of `udi.catalogue` that is no tombstone, or why it is no item."""
    return read_record(CatalogueItem, key, value, lambda item: (item.hospital, item.item_code))


def ends_nothing(key: bytes | None) -> Refusal:
    """Why a tombstone of `udi.catalogue` ends no item: the books know none of its key."""
    named = (key or b"").decode(errors="replace")[:KEY_SHOWN_MAX]
    return Refusal(Reason.BAD_EVENT, f"Expected a tombstone with the key of a known item, got {named!r}.")


__all__ = [
    "CURRENCY", "CatalogueItem", "DatedPrice", "Item", "Tracking", "ends_nothing", "item_from_wire", "read_item",
]  # fmt: skip
