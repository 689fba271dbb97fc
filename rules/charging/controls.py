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
from models.charging.controls import BreakerState, ControlScope, QuotaKey
from models.charging.snapshot import EncounterFacts
from models.reasons import Reason
from models.scan.event import Action, ScanEvent
from models.stock.places import shelf
from rules.view import View

OVERRIDABLE: Final = frozenset({
    Reason.BREAKER_OPEN, Reason.QUOTA_EXHAUSTED, Reason.PRICE_CEILING, Reason.NEEDS_APPROVAL,
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
    """Breaker, quota and ceiling against charging so many units. What is not charged is not held."""
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
    if _beyond_quota(subject, item, units, department, view):
        found.add(Reason.QUOTA_EXHAUSTED)
    ceiling = controls.ceiling(event.hospital, item.item_code, item.category)
    if ceiling is not None and not isinstance(unit_price, Reason) and unit_price > ceiling:
        found.add(Reason.PRICE_CEILING)
    return found


def _beyond_quota(subject: RecordedScan, item: Item, units: int, department: str | None, view: View) -> bool:
    """The use does not fit in what is left of the department's quota of the month in which it was made."""
    hospital, category = subject.event.hospital, item.controlled_category
    if category is None or department is None:
        return False
    released = view.catalogue.controls.quota(hospital, category, department, subject.month)
    if released is None:
        return False
    return view.quota_used(QuotaKey(hospital, category, subject.month), department) + units > released


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
    here, controls = shelf(event.store, event.place), view.catalogue.controls
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
