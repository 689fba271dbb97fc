"""Scans whose label said too little, or another lot, and the scan that says later what the goods were (`identify`)."""

from typing import Final

from streams.simulator.clock import DAY, HOUR, MINUTE, SECOND, day_start
from streams.simulator.hospital.goods import Unit
from streams.simulator.ward.desk import Desk
from streams.simulator.ward.labels import clean_text
from streams.simulator.ward.scanned import Scan
from streams.simulator.ward.stories import Story, countable, found, used

WAIT_MAX: Final = 180
"""Minutes until somebody looks, when it is the same day. No source: ours."""


def said_too_little(scan: Scan, *, lot: bool) -> Unit:
    """The scan reads the identifier and the expiry of its label, and the lot if `lot`; gives what the label said."""
    whole = scan.unit
    assert whole is not None  # noqa: S101 -- a scan of goods
    scan.unit = Unit(whole.goods, whole.level, whole.lot if lot else None, None, whole.expiry)
    scan.codes = ["]d2" + clean_text(scan.unit)]
    return whole


def identify(desk: Desk, of: Scan, unit: Unit, *, later: bool = False) -> Scan:
    """Somebody scans the right label: minutes later for the same patient, or in the store with its next month.

    What belongs together lies under one key, or in two months: see docs/simulator.md.
    """
    if later:
        at = day_start(desk.days.start) + 9 * HOUR + desk.chance.below(8 * DAY)
    else:
        at = of.at + desk.chance.between(5, WAIT_MAX) * MINUTE
    scan = desk.scan(at, "identify", of.department, of.store, unit, of.quantity)
    scan.corrects, scan.place, scan.document = of.scan_id, of.place, of.document
    if not later:
        scan.stay, scan.arrives = of.stay, max(scan.arrives, of.arrives + SECOND)
    return scan


def unread_lot(desk: Desk, day: int) -> None:
    """The lot on the label can't be read; the box or the next label of it is scanned later."""
    scan = used(desk, day, goods=countable(desk))
    _sooner_or_later(desk, scan, said_too_little(scan, lot=False))


def unread_serial(desk: Desk, day: int) -> None:
    """Of goods that are tracked by serial the lot is scanned alone; the sticker in the file says the serial."""
    goods = found(desk, lambda goods: goods.issuer == "GS1" and goods.tracking == "serial" and goods.lot_beside_serial)
    scan = used(desk, day, goods=goods)
    _sooner_or_later(desk, scan, said_too_little(scan, lot=True))


def other_lot(desk: Desk, day: int) -> None:
    """The label of another lot is scanned, which lay beside the goods that were used."""
    scan = used(desk, day, goods=countable(desk))
    whole = scan.unit
    assert whole is not None  # noqa: S101 -- a scan of goods
    scan.unit = desk.unit(whole.goods, day, whole.level)
    scan.codes = ["]d2" + clean_text(scan.unit)]
    _sooner_or_later(desk, scan, whole)


def unread_receipt(desk: Desk, day: int) -> None:
    """Goods are received by a label without its lot; the storekeeper says the lot later that day."""
    department = desk.department()
    store, unit = desk.chance.pick(department.stores), desk.unit(countable(desk), day)
    at = day_start(day) + 7 * HOUR + desk.chance.below(HOUR)
    scan = desk.scan(at, "receive", department, store, unit, desk.chance.between(2, 12))
    identify(desk, scan, said_too_little(scan, lot=False))


def identified_later(desk: Desk) -> None:
    """What the month before left to be looked at, on the desk."""
    waiting, desk.unidentified = desk.unidentified, []
    for scan, unit in waiting:
        identify(desk, scan, unit, later=True)


def _sooner_or_later(desk: Desk, scan: Scan, whole: Unit) -> None:
    if scan.unit is None or (scan.unit.lot, scan.unit.serial) == (whole.lot, whole.serial):
        return
    if desk.index + 1 < desk.plan.months and desk.chance.below(4) == 0:
        desk.unidentified.append((scan, whole))
    else:
        identify(desk, scan, whole)


STORIES: Final[tuple[tuple[int, Story], ...]] = (
    (60, unread_lot), (25, unread_serial), (30, other_lot), (15, unread_receipt),
)  # fmt: skip
"""In 10,000 stories so many of each. No source: ours, so that each kind comes most months."""
