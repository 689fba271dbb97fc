"""What is doubtful in a charge catalogue: each finding named, for whoever keeps it. None stops a scan.

References:
    docs/semantics/catalogue.md, "Catalogue checks".
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import date
from itertools import pairwise
from typing import Final

from models.catalogue.item import INSURANCE_CODE, OWNER_HOSPITAL, CatalogueItem, ItemIdentifier, prices_of
from models.udi import Issuer
from models.udi.identifier import as_scanned
from models.udi.issuers.gs1.as_scanned import is_bare_gtin

CONTRADICTORY: Final = frozenset({"insurance-code", "price-overlap", "check-digit"})
"""What `udi load` refuses a row for: it can't be meant so."""


@dataclass(frozen=True, slots=True)
class Finding:
    """Something doubtful of an item."""

    hospital: str
    """Id of the hospital; the first part of every record key."""
    item_code: str
    """The item's code in the HIS catalogue."""
    check: str
    """Its name."""
    column: str
    """Of the flat form (docs/commands.md, "Files")."""
    text: str
    """What was expected and what came."""


def check_item(item: CatalogueItem, today: date) -> list[Finding]:
    """What is doubtful of an item by itself. `today`: the hospital's day, for its licence."""
    return [Finding(item.hospital, item.item_code, *found) for found in _findings(item, today)]


def _findings(item: CatalogueItem, today: date) -> Iterator[tuple[str, str, str]]:
    code = item.insurance_code
    if code is not None and not INSURANCE_CODE.fullmatch(code):
        expected = "expected C and 19 digits, or 26 with the specification"
        yield "insurance-code", "insurance_code", f"{expected}, got {code!r} ({len(code)} characters)"
    yield from _codes(item, today)
    yield from _prices(item)
    if item.licence_valid_to is not None and item.licence_valid_to < today:
        yield (
            "licence-expired",
            "licence_valid_to",
            f"expected a valid certificate, its last day was {item.licence_valid_to}",
        )
    for each in item.identifiers:
        yield from _identifier(each)
        if each.withdrawn_on is not None and each.withdrawn_on <= today:
            yield (
                "withdrawn",
                "identifiers",
                f"expected a device that is sold, {each.di} is not since {each.withdrawn_on}",
            )
    if item.owner != OWNER_HOSPITAL and not item.cost:
        yield "cost-missing", "cost", "expected a cost of supplier-owned goods; their settlement lines have no amount"


def _codes(item: CatalogueItem, today: date) -> Iterator[tuple[str, str, str]]:
    """The item's own code beside those it has by days."""
    days = [(each.from_ or date.min, each.to or date.max, each.code) for each in item.insurance_codes]
    valid = max((each for each in days if each[0] <= today < each[1]), default=None)
    if days and valid is None:
        yield "insurance-code-ended", "insurance_codes", f"expected a code that is valid, none is on {today}"
    elif valid is not None and item.insurance_code not in {None, valid[2]}:
        replaced = f"expected {valid[2]}, which is valid today, got {item.insurance_code}"
        yield "insurance-code-replaced", "insurance_code", f"{replaced}; charges take the valid one"


def _identifier(each: ItemIdentifier) -> Iterator[tuple[str, str, str]]:
    scanned = as_scanned(each.issuer, each.di)
    if each.issuer is Issuer.GS1 and not is_bare_gtin(each.di):
        yield "check-digit", "identifiers", f"expected a GTIN with a right check digit, got {each.di}"
    elif scanned != each.di:
        yield (
            "identifier-form",
            "identifiers",
            f"expected {scanned} as a scan gives it, got {each.di}: no scan finds it",
        )
    if each.units_per_package is None:
        yield "package-unknown", "identifiers", f"expected the units in {each.di}; its scans are parked"


def _prices(item: CatalogueItem) -> Iterator[tuple[str, str, str]]:
    prices = sorted(prices_of(item), key=lambda price: (price.from_on, price.to_on))
    if not prices:
        if item.chargeable and item.bundled_into is None:
            yield "no-price", "prices", "expected a price of a chargeable item; its uses are parked"
        return
    for one, other in pairwise(prices):
        if other.from_on < one.to_on:
            days = _days(other.from_on, min(one.to_on, other.to_on))
            yield "price-overlap", "prices", f"expected one price a day, two hold {days}"
        elif other.from_on > one.to_on:
            yield "price-gap", "prices", f"expected a price on every day, none holds {_days(one.to_on, other.from_on)}"


def _days(start: date, end: date) -> str:
    if end == date.max:
        return "always" if start == date.min else f"from {start} on"
    return f"up to {end}" if start == date.min else f"from {start} to {end}"


def check_together(items: Iterable[CatalogueItem]) -> list[Finding]:
    """What is doubtful of the items of a catalogue beside each other: their newest versions, none that has ended."""
    known = {(item.hospital, item.item_code): item for item in items}
    claims: dict[tuple[str, str, str], list[CatalogueItem]] = {}
    for item in known.values():
        for each in item.identifiers:
            claims.setdefault((item.hospital, str(each.issuer), each.di), []).append(item)
    found = [
        Finding(item.hospital, item.item_code, "identifier-claimed-twice", "identifiers", _claimed(di, item, rivals))
        for (_, _, di), rivals in claims.items()
        if len({rival.item_code for rival in rivals}) > 1
        for item in rivals
    ]
    for item in known.values():
        text = _bundle(item, known)
        if text is not None:
            found.append(Finding(item.hospital, item.item_code, "bundle", "bundled_into", text))
    return found


def _claimed(di: str, item: CatalogueItem, rivals: Iterable[CatalogueItem]) -> str:
    others = ", ".join(sorted({rival.item_code for rival in rivals} - {item.item_code}))
    return f"expected {di} of one item, {others} has it too; its scans are parked"


def _bundle(item: CatalogueItem, known: Mapping[tuple[str, str], CatalogueItem]) -> str | None:
    seen, at = [item.item_code], item
    if item.bundled_into is None:
        # An item that is not chargeable, and part of no other, is none of this.
        return None
    while at.bundled_into is not None:
        into = known.get((at.hospital, at.bundled_into))
        if into is None:
            return f"expected an item of the catalogue, got {at.bundled_into!r}"
        if into.item_code in seen:
            return f"expected the charge it is part of, it is part of itself: {' > '.join([*seen, into.item_code])}"
        seen.append(into.item_code)
        at = into
    return None if at.chargeable else f"expected a chargeable item at the end, {at.item_code} is not"
