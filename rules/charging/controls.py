"""What the hospital has decided about an item that speaks against charging a use by itself.

References:
    docs/controls.md; docs/contract.md, section "Reasons". Price ceiling, monthly quota by department and approval of
    high-priced goods: docs/studies.md, "Wuhan study" (Chinese Health Quality Management 2025, 32(3): 54-58). The
    circuit breaker: docs/studies.md, "Gansu study" (table 2).
"""

from collections.abc import Collection
from typing import Final

from models.catalogue.item import Item
from models.charging.books import RecordedScan
from models.charging.controls import BreakerState, ControlScope
from models.charging.known_controls import QuotaKey
from models.charging.snapshot import EncounterFacts
from models.money import line_amount_fen
from models.reasons import Reason
from models.scan.event import Action, ScanEvent
from rules.stock.moving import lies_at
from rules.view import View

OVERRIDABLE: Final = frozenset({
    Reason.BREAKER_OPEN, Reason.QUOTA_EXHAUSTED, Reason.MIX_EXCEEDED, Reason.PRICE_CEILING, Reason.NEEDS_APPROVAL,
})  # fmt: skip
"""What a badge and a reason on the scan let pass at once. All of it is the hospital's own decision."""


def control_reasons(  # noqa: PLR0917 -- what the hospital's decisions are about
    subject: RecordedScan,
    item: Item,
    units: int,
    unit_price: int | Reason,
    department: str | None,
    encounter: EncounterFacts | None,
    view: View,
) -> set[Reason]:
    """What speaks against charging so many units: breaker, quotas, prices. What is not charged is not held."""
    controls, event = view.catalogue.controls, subject.event
    if not len(controls) or not item.chargeable or item.bundled_into is not None:
        return set()
    found: set[Reason] = set()
    team = event.team or (encounter.team if encounter is not None else None)
    scopes = {
        ControlScope.HOSPITAL: event.hospital,
        ControlScope.DEPARTMENT: department,
        ControlScope.STORE: event.store,
        ControlScope.TEAM: team,
    }
    state = controls.breaker(event.hospital, item.item_code, scopes, event.scanned_at)
    if state is BreakerState.OPEN:
        found.add(Reason.BREAKER_OPEN)
    elif state is BreakerState.TRIAL:
        found.add(Reason.BREAKER_TRIAL)
    price = None if isinstance(unit_price, Reason) else unit_price
    if item.controlled_category is not None and department is not None:
        key = QuotaKey(event.hospital, item.controlled_category, subject.month)
        found |= _quota_reasons(key, department, units, price, view)
    return found | (set() if price is None else _price_reasons(event, item, encounter, price, view))


def _quota_reasons(key: QuotaKey, department: str, units: int, price: int | None, view: View) -> set[Reason]:
    """The use does not fit in what is left to the department of the month in which it was made.

    Where units are released, the share of dear goods is one of them, as long as less is used: else the first dear
    use of a month would always be too many.
    """
    released, used = view.catalogue.controls.released(key, department), view.quota_used(key, department).values()
    found, all_units = set(), sum(each.units for each in used) + units
    if released.units is not None and all_units > released.units:
        found.add(Reason.QUOTA_EXHAUSTED)
    if price is None:
        return found
    if released.fen is not None and sum(each.fen for each in used) + line_amount_fen(units, price) > released.fen:
        found.add(Reason.QUOTA_EXHAUSTED)
    percent, above = released.dear_percent, released.dear_above
    if percent is not None and above is not None and price > above:
        dear = sum(each.units for each in used if each.dear(above)) + units
        if dear * 100 > percent * max(all_units, released.units or 0):
            found.add(Reason.MIX_EXCEEDED)
    return found


def _price_reasons(
    event: ScanEvent, item: Item, encounter: EncounterFacts | None, price: int, view: View
) -> set[Reason]:
    """The unit is dearer than the hospital allows, or dearer than goods of its type may be without an approval."""
    controls, found = view.catalogue.controls, set()
    ceiling = controls.ceiling(event.hospital, item.item_code, item.category)
    if ceiling is not None and price > ceiling:
        found.add(Reason.PRICE_CEILING)
    above = controls.approval_above(event.hospital, item.category)
    if above is not None and price > above and not approved(event, item, encounter, view):
        found.add(Reason.NEEDS_APPROVAL)
    return found


def approved(event: ScanEvent, item: Item, encounter: EncounterFacts | None, view: View) -> bool:
    """The use of an item that needs approval was approved beforehand."""
    department = event.department or (encounter.department if encounter is not None else None)
    controls = view.catalogue.controls
    return controls.approved(event.hospital, item.item_code, event.encounter, department, event.scanned_at)


STOPPED: Final = frozenset({Action.TRANSFER, Action.LEND})
"""How goods are issued or handed on: what an open breaker stops beside the charge."""
OFFERS_MAX: Final = 3
"""Goods of the same type that are named; more does not fit a terminal. No source: ours."""


def move_reasons(event: ScanEvent, item: Item, view: View) -> set[Reason]:
    """A breaker that is open here or where the goods are to go stops their issue and transfer."""
    controls, stores = view.catalogue.controls, view.catalogue.stores
    if event.action not in STOPPED or not controls.stops(event.hospital, item.item_code):
        return set()
    for store in (event.store, event.to_store):
        department = stores.department(event.hospital, store or "")
        for scope in {department, event.department}:
            scopes = {
                ControlScope.HOSPITAL: event.hospital,
                ControlScope.DEPARTMENT: scope,
                ControlScope.STORE: store,
                ControlScope.TEAM: event.team,
            }
            if controls.breaker(event.hospital, item.item_code, scopes, event.scanned_at) is BreakerState.OPEN:
                return {Reason.BREAKER_OPEN}
    return set()


def offers(event: ScanEvent, item: Item, view: View) -> tuple[tuple[str, int], ...]:
    """Goods of the same type in the same store that no breaker stops, with the units left, the most first."""
    here, controls = lies_at(event), view.catalogue.controls
    found = [
        (each.name, view.left(event.hospital, here, each))
        for each in view.catalogue.same_type(item)
        if not controls.stops(event.hospital, each.item_code)
    ]
    return tuple(sorted((pair for pair in found if pair[1] > 0), key=lambda pair: -pair[1])[:OFFERS_MAX])


def overridden(event: ScanEvent, reasons: set[Reason], before: Collection[Reason] = ()) -> set[Reason]:
    """A badge and a reason let pass what the hospital itself has set against the charge, and it is said.

    `before`: reasons of an earlier decision; what was let pass then is let pass for good.
    """
    if Reason.OVERRIDDEN not in before and (event.override is None or not reasons & OVERRIDABLE):
        return reasons
    return reasons - OVERRIDABLE | {Reason.OVERRIDDEN}
