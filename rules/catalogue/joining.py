"""Joining a label to the charge catalogue: identifier, item, units of use, price in force."""

from datetime import date, datetime

from msgspec import Struct

from models.catalogue.item import DatedPrice, Item, LabelPart
from models.charging.books import LabelFacts
from models.charging.snapshot import Catalogue
from models.money import UNITS_MAX
from models.reasons import Reason
from models.scan.event import ScanEvent
from models.udi import Issuer


class Resolution(Struct, frozen=True):
    """The item of a label, or why there is none."""

    item: Item | None = None
    """`None` when none, or more than one, has the identifier."""
    units_per_package: int = 0
    """Units of use in the package scanned; 0 when there is a reason."""
    reason: Reason | None = None
    """What stands against it; `None` when nothing does."""


def resolve(event: ScanEvent, label: LabelFacts, catalogue: Catalogue) -> Resolution:
    """The one item that claims the label's identifier (or has the event's item code), with its units per package.

    The units come from the catalogue, never from the digits of the code (docs/contract.md, `quantity`). More of them
    than `UNITS_MAX` are nobody's use: either the catalogue or the scan is mistaken.
    """
    if event.item_code is not None:
        return _by_code(event.hospital, event.item_code, event.scanned_at, catalogue) or Resolution(
            reason=Reason.UNKNOWN_ITEM
        )
    assert label.di is not None  # noqa: S101 -- a label without identifier is decided before
    claims = [
        (item, units)
        for item, units in catalogue.claims(event.hospital, label.issuer, label.di)
        if _in_force(item, event.scanned_at)
    ]
    if not claims:
        internal = label.issuer == Issuer.INTERNAL
        by_code = _by_code(event.hospital, label.di, event.scanned_at, catalogue) if internal else None
        return by_code or Resolution(reason=Reason.UNKNOWN_IDENTIFIER)
    if len(claims) > 1 and len({item.item_code for item, _ in claims}) > 1:
        return Resolution(reason=Reason.AMBIGUOUS_IDENTIFIER)
    item, units = claims[0]
    if units is None:
        return Resolution(item, reason=Reason.PACKAGE_UNKNOWN)
    if units * event.quantity > UNITS_MAX:
        return Resolution(item, reason=Reason.TOO_MANY_UNITS)
    return Resolution(item, units)


def _by_code(hospital: str, item_code: str, at: datetime, catalogue: Catalogue) -> Resolution | None:
    item = catalogue.item(hospital, item_code)
    return Resolution(item, 1) if item is not None and _in_force(item, at) else None


def _in_force(item: Item, at: datetime) -> bool:
    return item.ended_at is None or at < item.ended_at


def levels_of(item: Item | None) -> list[tuple[str, str]]:
    """Issuer and identifier of everything the goods may be scanned as: each package level, and the item's own code."""
    if item is None:
        return []
    return [*((str(issuer), di) for issuer, di, _ in item.identifiers), (str(Issuer.INTERNAL), item.item_code)]


def price_on(prices: tuple[DatedPrice, ...], day: date) -> int | Reason:
    """The one price in force on the local day, in 1/10,000 yuan; else `no-price` or `price-overlap`."""
    found: int | None = None
    for each in prices:
        if each.from_on <= day < each.to_on:
            if found is not None:
                return Reason.PRICE_OVERLAP
            found = each.unit_price
    return Reason.NO_PRICE if found is None else found


def cost_on(item: Item, day: date) -> int | None:
    """What a unit of the item cost on the local day, in 1/10,000 yuan; `None` when no one cost was in force."""
    found = price_on(item.costs, day)
    return None if isinstance(found, Reason) else found


def insurance_code_on(item: Item, day: date) -> str | Reason | None:
    """The item's insurance code on the local day, `None` when it has none; `insurance-code-ended` when none is valid.

    Where two are valid that began later counts: it has replaced the other.

    References:
        docs/semantics/catalogue.md, "Insurance codes".
    """
    if not item.insurance_codes:
        return item.insurance_code
    valid = [each for each in item.insurance_codes if each.from_on <= day < each.to_on]
    return max(valid, key=lambda each: each.from_on).code if valid else Reason.INSURANCE_CODE_ENDED


def carried_by(item: Item, label: LabelFacts) -> tuple[LabelPart, ...] | None:
    """What the label has to say beside its identifier, by the national database; `None` when nobody knows."""
    return next((parts for issuer, di, parts in item.labels if (str(issuer), di) == (label.issuer, label.di)), None)
