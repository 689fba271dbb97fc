"""What a batch needs to know of the books: asked before it is decided, in one go."""

from collections.abc import Iterable
from typing import Final

from models.catalogue.item import Item
from models.charging.books import LabelFacts, RecordedScan, Waiting
from models.charging.commands import Commanded
from models.charging.known_controls import QuotaKey
from models.charging.snapshot import Catalogue, Lookup
from models.scan.event import ADJUSTING, MOVED_ON, Action, ScanEvent
from rules.catalogue.joining import levels_of, resolve
from rules.charging.identifying import identity, named_goods
from rules.charging.taking import sources_of
from rules.halves import Halves
from rules.labels.pairing import complementary, counted, joined
from rules.labels.rescue import certain_device
from rules.labels.separator_recovery import may_be
from rules.stock.moving import lies_at, owners_of
from rules.stock.owning import balance_of
from rules.stock.recall_matching import asked_of


def wanted_by(subjects: Iterable[RecordedScan], waiting: Iterable[Waiting], catalogue: Catalogue) -> Lookup:
    """The keys to gather for deciding the subjects, and the halves that wait in their lane."""
    wanted = Lookup()
    halves: list[RecordedScan] = [half.subject for half in waiting]
    for subject in halves:
        _want(wanted, subject, subject.label, catalogue)
    for subject in subjects:
        wanted.scans.add((subject.event.hospital, subject.event.scan_id))
        _want(wanted, subject, subject.label, catalogue)
        if subject.label.suspect is not None:
            _want_readings(wanted, subject, subject.label, catalogue)
        if subject.label.identifier_alone and subject.event.action is Action.USE:
            wanted.uses_of_scans.add((subject.event.hospital, subject.event.scan_id))
        if subject.label.half:
            halves.append(subject)
    _want_pairs(wanted, halves, catalogue)
    return wanted


def wanted_again(subjects: Iterable[RecordedScan], catalogue: Catalogue) -> Lookup:
    """The keys to gather for deciding recorded scans again."""
    return wanted_by(subjects, (), catalogue)


def wanted_to_rerate(subjects: Iterable[RecordedScan], _: Catalogue) -> Lookup:
    """The keys to gather for charging uses anew: their own accounts."""
    events = [subject.event for subject in subjects]
    return Lookup(
        hospitals={event.hospital for event in events},
        uses_of_scans={(event.hospital, event.scan_id) for event in events},
    )


def wanted_by_command(commanded: Commanded, catalogue: Catalogue) -> Lookup:
    """The keys to gather for carrying out a command."""
    scan = commanded.scan
    wanted = wanted_by([each.subject for each in (scan, commanded.partner) if each is not None], (), catalogue)
    if scan is not None:
        wanted.uses_of_scans.add((scan.subject.event.hospital, scan.subject.event.scan_id))
        known = identity(commanded.command)
        if known is not None:
            _want(wanted, scan.subject, known.label(), catalogue)
    return wanted


def _want_pairs(wanted: Lookup, halves: list[RecordedScan], catalogue: Catalogue) -> None:
    """What pairs of halves need, each half with those before it that it may complete, in the order in which they came.

    None is taken out again, so that these are at least those that the fold will look at.
    """
    before = Halves()
    for half in halves:
        for near in before.near(half):
            one, other = (half, near) if half.label.di is not None else (near, half)
            if complementary(one.label, other.label):
                if not counted(one, other):
                    wanted.devices.add((one.event.hospital, one.event.device_id, one.event.scanned_at))
                label = joined(one.label, other.label)
                _want(wanted, one, label, catalogue)
                if label.suspect is not None:
                    _want_readings(wanted, one, label, catalogue)
        before.add(half)


def _want_readings(wanted: Lookup, subject: RecordedScan, label: LabelFacts, catalogue: Catalogue) -> None:
    """A label that may have lost separators: its device's patterns, and what any of its readings would need."""
    device = certain_device(label.suspect) if label.suspect is not None else None
    if device is not None:
        wanted.patterns.add((str(device[0]), device[1]))
        for each in may_be(label):
            _want(wanted, subject, each, catalogue)


def _want(wanted: Lookup, subject: RecordedScan, label: LabelFacts, catalogue: Catalogue) -> None:
    event = subject.event
    wanted.hospitals.add(event.hospital)
    if event.encounter is not None:
        wanted.encounters.add((event.hospital, event.encounter))
    if event.action in ADJUSTING:
        wanted.adjustments.add((event.hospital, event.scan_id))
    if event.action is Action.USE and event.corrects is not None:
        wanted.replaced.add((event.hospital, event.corrects))
    _want_unit(wanted, event, label)
    known = label.di is not None or event.item_code is not None
    item = resolve(event, label, catalogue).item if known else None
    if label.di is not None and event.item_code is None:
        wanted.labels.update(asked_of(event.hospital, label, item, subject.day, catalogue.recalls))
    if event.action is Action.RETURN:
        _want_uses(wanted, event, label, item)
    if event.action is Action.IDENTIFY:
        wanted.goods.add(named_goods(event))
        return
    if item is None or event.action is Action.COUNT:
        return
    if item.limits is not None and item.limits.per_stay is not None and event.encounter is not None:
        wanted.stays.add((event.hospital, event.encounter, item.item_code))
    _want_quota(wanted, subject, item, catalogue)
    here = lies_at(event)
    wanted.store_items.add((event.hospital, here, item.item_code))
    if catalogue.controls.stops(event.hospital, item.item_code):
        wanted.store_items.update((event.hospital, here, other.item_code) for other in catalogue.same_type(item))
    _want_sources(wanted, event, label, item, catalogue)


def _want_unit(wanted: Lookup, event: ScanEvent, label: LabelFacts) -> None:
    """Of a unit with a serial: who has used it, whether it is in the house, where it is."""
    unit = label.unit(event.hospital)
    if unit is None:
        return
    if event.action in _OF_UNITS:
        wanted.units.add(unit)
    if event.action in _INTO_THE_HOUSE:
        wanted.received.add(unit)
    if event.action in MOVED_ON:
        wanted.moved.add(unit)


def _want_sources(wanted: Lookup, event: ScanEvent, label: LabelFacts, item: Item, catalogue: Catalogue) -> None:
    """The balances that the goods may leave, of each owner; what is said of goods that come, and what they cost."""
    if event.action is Action.RECEIVE and event.document is not None:
        wanted.notes.add((event.hospital, event.document))
    if catalogue.brought(item):
        wanted.costs.add((event.hospital, item.item_code, label.lot or "", label.serial or ""))
    owners = owners_of(event, item, catalogue)
    for place in sources_of(event, catalogue):
        for owner in owners:
            wanted.balances.add(balance_of(event, item, label, place, owner))


def _want_quota(wanted: Lookup, subject: RecordedScan, item: Item, catalogue: Catalogue) -> None:
    """What was used of a controlled category, where some department has a quota of it."""
    hospital, category = subject.event.hospital, item.controlled_category
    if category is not None and catalogue.controls.has_quota(hospital, category, subject.month):
        wanted.quotas.add(QuotaKey(hospital, category, subject.month))


def _want_uses(wanted: Lookup, event: ScanEvent, label: LabelFacts, item: Item | None) -> None:
    """What a return may take back: the use it names, or those of its goods in its encounter, on any package level.

    Those without a lot are among them: the lot of some use may not be certain.
    """
    if event.corrects is not None:
        wanted.uses_of_scans.add((event.hospital, event.corrects))
    elif event.encounter is not None:
        for issuer, di in {(label.issuer, label.di or ""), *levels_of(item)}:
            wanted.uses_of_units.add((event.hospital, event.encounter, issuer, di, label.lot, label.serial))
            wanted.uses_of_units.add((event.hospital, event.encounter, issuer, di, None, None))


_OF_UNITS: Final = frozenset({Action.USE, Action.RETURN, Action.RECEIVE, Action.IDENTIFY})
"""Who has used the unit decides over these."""
_INTO_THE_HOUSE: Final = frozenset({Action.RECEIVE, Action.IDENTIFY})
"""Whether the unit is in the house decides over these."""
