"""What happens at a bedside: one story is a use with what belongs to it, or something that goes wrong."""

from collections.abc import Callable
from typing import Final

from streams.simulator.account.entries import Department, Stay
from streams.simulator.clock import DAY, HOUR, MINUTE, SECOND
from streams.simulator.hospital.goods import Goods, Unit
from streams.simulator.ward.desk import Desk
from streams.simulator.ward.labels import halves_of
from streams.simulator.ward.scanned import Kind, Scan

Story = Callable[[Desk, int], None]


def used(
    desk: Desk, day: int, *, goods: Goods | None = None, quantity: int = 0, department: Department | None = None,
    stay: Stay | None = None, at: int | None = None, unit: Unit | None = None,
) -> Scan:  # fmt: skip
    """A use of goods of the department for one of its patients; what is not given is drawn."""
    chance = desk.chance
    department = department or desk.department()
    stay = stay or desk.wards.in_house(department, day)
    goods = unit.goods if unit is not None else goods or desk.goods(department)
    store = chance.pick(department.stores)
    if goods.tracking == "serial":
        quantity = 1
    elif quantity == 0:
        quantity = 1 if chance.below(3) else chance.between(2, 6)
    unit = unit or desk.drawn(goods, department, store, day, quantity)
    scan = desk.scan(desk.moment(day) if at is None else at, "use", department, store, unit, quantity)
    scan.stay = stay
    scan.says_department = chance.below(10) != 0
    return scan


def returned(desk: Desk, use: Scan, quantity: int, after: int, *, named: bool = True) -> Scan:
    """A return of a use, some time after it, on the same terms."""
    assert use.unit is not None  # noqa: S101 -- uses have units
    scan = desk.scan(use.at + after, "return", use.department, use.store, use.unit, quantity)
    scan.stay, scan.corrects = use.stay, use.scan_id if named else None
    return scan


def plain(desk: Desk, day: int) -> None:
    """A use, and nothing else."""
    scan = used(desk, day)
    if desk.chance.below(30) == 0:
        desk.delayed(scan)
    if scan.unit and scan.unit.serial and desk.chance.below(25) == 0:
        scan.keyed = False
    desk.remember(scan)


def whole_return(desk: Desk, day: int) -> None:
    """All of it comes back, by the scan it names or by its unit; at times the same unit is used again."""
    scan = used(desk, day, quantity=desk.chance.between(1, 3))
    returned(desk, scan, scan.quantity, desk.chance.between(10, 90) * MINUTE, named=desk.chance.below(2) == 0)
    if desk.chance.below(4) == 0:
        used(desk, day, unit=scan.unit, quantity=scan.quantity, department=scan.department, stay=scan.stay,
             at=scan.at + 2 * HOUR)  # fmt: skip


def partial_return(desk: Desk, day: int) -> None:
    """Some of it comes back, in one or two parts."""
    scan = used(desk, day, goods=countable(desk), quantity=desk.chance.between(3, 9))
    returned(desk, scan, 1, 15 * MINUTE, named=desk.chance.below(2) == 0)
    if desk.chance.below(2):
        rest = desk.chance.between(1, scan.quantity - 1)
        returned(desk, scan, rest, 40 * MINUTE)


def later_return(desk: Desk, day: int) -> None:
    """A use of an earlier month comes back, or one of yesterday."""
    if desk.returnable and desk.chance.below(2):
        use = desk.returnable.pop(desk.chance.below(len(desk.returnable)))
        desk.in_use = [pair for pair in desk.in_use if pair[0] is not use.unit]
        returned(desk, use, use.quantity, desk.moment(day) - use.at)
    elif day + 1 in desk.days:
        scan = used(desk, day)
        returned(desk, scan, scan.quantity, DAY)


def over_return(desk: Desk, day: int) -> None:
    """More comes back than was used."""
    scan = used(desk, day, goods=countable(desk), quantity=2)
    returned(desk, scan, 3, 20 * MINUTE)


def return_without_use(desk: Desk, day: int) -> None:
    """Goods come back that nobody used."""
    department = desk.department()
    unit = desk.unit(countable(desk), day)
    scan = desk.scan(desk.moment(day), "return", department, desk.chance.pick(department.stores), unit, 1)
    scan.stay = desk.wards.in_house(department, day)


def return_before_use(desk: Desk, day: int) -> None:
    """The return arrives before its use, whose terminal was offline."""
    department = desk.department()
    scan = used(desk, day, goods=countable(desk), department=department, stay=desk.wards.known(department, day))
    back = returned(desk, scan, scan.quantity, 20 * MINUTE)
    scan.arrives = back.arrives + desk.chance.between(1, 60) * SECOND


def use_after_return(desk: Desk, day: int) -> None:
    """Goods come back that nobody used; a later use of the same lot for the same patient stays charged."""
    department = desk.department()
    stay = desk.wards.known(department, day)
    unit = desk.unit(countable(desk), day)
    back = desk.scan(desk.moment(day), "return", department, desk.chance.pick(department.stores), unit, 1)
    back.stay = stay
    scan = used(desk, day, unit=unit, quantity=1, department=department, stay=stay, at=back.at + 6 * MINUTE)
    scan.arrives = max(scan.arrives, back.arrives + SECOND)


def singles_of_a_box(desk: Desk, day: int) -> None:
    """A box is scanned, and single units of its lot come back."""
    department = desk.department()
    goods = found(desk, lambda goods: goods.issuer == "GS1" and goods.tracking == "lot" and len(goods.levels) > 1)
    box = desk.unit(goods, day, level=1)
    scan = used(desk, day, unit=box, quantity=1, department=department, stay=desk.wards.known(department, day))
    single = Unit(goods, 0, box.lot, None, box.expiry)
    back = desk.scan(scan.at + 20 * MINUTE, "return", department, scan.store, single, 1)
    back.stay = scan.stay


def parked_return(desk: Desk, day: int) -> None:
    """Goods that nobody knows yet are used and come back."""
    scan = used(desk, day, goods=_defective(desk))
    returned(desk, scan, scan.quantity, 30 * MINUTE)


def defective(desk: Desk, day: int) -> None:
    """Goods are used whose catalogue row has a defect, or had one."""
    used(desk, day, goods=_defective(desk))


def suspended(desk: Desk, day: int) -> None:
    """Suspended goods are used."""
    used(desk, day, goods=desk.chance.pick(desk.shelf.suspended))


def expired(desk: Desk, day: int) -> None:
    """Goods are used after their last day; at times on it, which is allowed."""
    goods = countable(desk) if desk.chance.below(2) else _serial(desk)
    unit = desk.unit(goods, day)
    unit.expiry = day - desk.chance.below(60)
    used(desk, day, unit=unit, quantity=1)


def double_scan(desk: Desk, day: int) -> None:
    """One serial number is scanned twice for the same patient; at times the first is then taken back."""
    scan = used(desk, day, goods=_serial(desk))
    used(desk, day, unit=scan.unit, department=scan.department, stay=scan.stay, at=scan.at + 4 * SECOND)
    if desk.chance.below(3) == 0:
        returned(desk, scan, 1, 30 * MINUTE)


def serial_again(desk: Desk, day: int) -> None:
    """A serial number of an earlier month is used for another patient."""
    if not desk.in_use:
        return
    unit, _ = desk.in_use.pop(desk.chance.below(len(desk.in_use)))
    desk.returnable = [use for use in desk.returnable if use.unit is not unit]
    used(desk, day, unit=unit)


def same_serial_of_two_makers(desk: Desk, day: int) -> None:
    """Two makers use one serial number: both uses are fine."""
    one, other = desk.unit(_serial(desk), day), desk.unit(_serial(desk), day)
    if one.goods is other.goods:
        return
    other.serial, other.key = one.serial, (*other.key[:3], one.serial)
    used(desk, day, unit=one)
    used(desk, day, unit=other)


def lot_only(desk: Desk, day: int) -> None:
    """Goods that are tracked by serial, and the label that is scanned says only their lot."""
    goods = found(desk, lambda goods: goods.issuer == "GS1" and goods.tracking == "serial" and goods.lot_beside_serial)
    made = desk.unit(goods, day)
    used(desk, day, unit=Unit(goods, made.level, made.lot, None, made.expiry))


def resent(desk: Desk, day: int) -> None:
    """The terminal got no answer and sends again: the same bytes."""
    scan = used(desk, day)
    repeat(desk, scan, "duplicate")


def conflicting(desk: Desk, day: int) -> None:
    """A terminal that was reset uses a scan id again for something else."""
    repeat(desk, used(desk, day), "conflict")


def repeat(desk: Desk, scan: Scan, reason: str) -> None:
    """The scan id comes again, `duplicate` or `conflict`, seconds to hours later."""
    again = desk.scan(
        scan.at, scan.action, scan.department, scan.store, scan.unit or Unit(countable(desk)), scan.quantity
    )
    again.kind, again.reason, again.scan_id, again.partner = Kind.REPEAT, reason, scan.scan_id, scan
    again.stay, again.keyed = scan.stay, scan.keyed
    again.arrives = scan.arrives + desk.chance.between(1, 4000) * SECOND


def late(desk: Desk, day: int) -> None:
    """The terminal is offline until the next month."""
    if desk.index + 1 < desk.plan.months:
        desk.held_back(used(desk, day))


def two_halves(desk: Desk, day: int) -> None:
    """The label is read barcode by barcode, at times the second one first."""
    scan = used(desk, day, goods=_halvable(desk))
    scan.device, scan.at = scan.department.pairing_device, desk.slot(scan.department, day)
    scan.says_department, scan.entry = True, "scan"
    first, second = halves_of(scan.unit) if scan.unit else ("", "")
    other = desk.scan(scan.at + desk.chance.between(2, 20) * SECOND, "use", scan.department, scan.store,
                      scan.unit or Unit(countable(desk)), scan.quantity)  # fmt: skip
    other.stay, other.device = scan.stay, scan.device
    if desk.chance.below(4) == 0:
        scan.at, other.at = other.at, scan.at
    scan.kind, scan.codes, scan.partner = Kind.HALF_IDENTIFIER, [first], other
    other.kind, other.codes, other.partner = Kind.HALF_REST, [second], scan
    scan.arrives, other.arrives = scan.at + SECOND, other.at + SECOND


def half_alone(desk: Desk, day: int) -> None:
    """Only one barcode of the label is read."""
    countable = desk.chance.below(5) == 0
    goods = _halvable(desk) if countable else _untracked(desk)
    whole = desk.unit(goods, day)
    rest = countable and desk.chance.below(2) == 0
    unit = whole if rest else Unit(goods)
    scan = used(desk, day, unit=unit, quantity=1)
    scan.device, scan.at = scan.department.pairing_device, desk.slot(scan.department, day)
    scan.kind = Kind.HALF_REST if rest else Kind.HALF_IDENTIFIER
    scan.codes, scan.arrives = [halves_of(whole)[1 if rest else 0]], scan.at + SECOND


def without_encounter(desk: Desk, day: int) -> None:
    """Nobody scanned the wristband."""
    used(desk, day).stay = None


def around_the_stay(desk: Desk, day: int) -> None:
    """A use after discharge, after settlement, or before admission."""
    department = desk.department()
    stay = desk.wards.settled(department)
    if stay is None or stay.settled is None:
        return
    at = (stay.discharged + 10 * HOUR, stay.settled + 5 * HOUR, stay.admitted - 12 * HOUR)[desk.chance.below(3)]
    if desk.fits(at):
        used(desk, day, department=department, stay=stay, at=at, goods=countable(desk))


def stock_work(desk: Desk, day: int) -> None:
    """A store counts, moves, opens or throws away goods."""
    department = desk.department()
    lying = desk.lying(department, day)
    if lying is None:
        return
    store, unit, left = lying
    action = desk.chance.pick(("count", "count", "transfer", "transfer", "waste", "opened"))
    quantity = left if action == "count" else desk.chance.between(1, min(left, 4))
    scan = desk.scan(desk.moment(day), action, department, store, unit, quantity)
    scan.keyed = desk.chance.below(8) != 0
    if action == "transfer":
        scan.to_store = desk.chance.pick(desk.chance.pick(desk.departments).stores)
        if scan.to_store == store:
            scan.action = "count"
    if scan.action != "count":
        desk.taken_from(store, unit, quantity, scan.to_store)


def typed(desk: Desk, day: int) -> None:
    """The label is damaged: the code is typed, or read by the camera."""
    used(desk, day).entry = desk.chance.pick(("manual", "camera", "rfid"))


def countable(desk: Desk) -> Goods:
    """Ordinary GS1 goods kept by lot."""
    return found(desk, lambda goods: goods.issuer == "GS1" and goods.tracking == "lot")


def _serial(desk: Desk) -> Goods:
    return found(desk, lambda goods: goods.issuer == "GS1" and goods.tracking == "serial")


def _untracked(desk: Desk) -> Goods:
    return found(desk, lambda goods: goods.issuer in {"GS1", "HIBCC"} and goods.tracking == "none")


def _halvable(desk: Desk) -> Goods:
    return found(desk, lambda goods: goods.issuer in {"GS1", "HIBCC"} and goods.tracking != "none")


def found(desk: Desk, wanted: Callable[[Goods], bool]) -> Goods:
    """Ordinary goods of a kind; every catalogue of 200 or more has some of each."""
    goods = desk.chance.pick(desk.shelf.ordinary)
    while not wanted(goods):
        goods = desk.chance.pick(desk.shelf.ordinary)
    return goods


def _defective(desk: Desk) -> Goods:
    return desk.chance.pick(desk.shelf.defective[desk.chance.between(max(0, desk.index - 2), desk.index)])


STORIES: Final[tuple[tuple[int, Story], ...]] = (
    (120, whole_return), (120, partial_return), (80, later_return), (15, over_return), (15, return_without_use),
    (12, return_before_use), (10, use_after_return), (10, singles_of_a_box), (10, parked_return),
    (90, defective), (15, suspended), (40, expired), (25, double_scan),
    (20, serial_again), (10, same_serial_of_two_makers), (10, lot_only), (120, resent), (15, conflicting), (60, late),
    (150, two_halves), (60, half_alone), (30, without_encounter), (90, around_the_stay), (350, stock_work),
    (100, typed),
)  # fmt: skip
"""In 10,000 stories so many of each; the rest is `plain`. No source: ours, so that each kind comes every month."""
