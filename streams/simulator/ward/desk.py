"""The desk at which a month's scans are written: departments draw goods from shelves, and receive what they lack."""

from datetime import date
from typing import Final

from models.calendar import Month
from streams.simulator.account.entries import Department, Stay
from streams.simulator.chance import Chance
from streams.simulator.clock import DAY, HOUR, MINUTE, SECOND, day_start, days_of, month_at
from streams.simulator.hospital.catalogue import Shelf
from streams.simulator.hospital.goods import Goods, Unit
from streams.simulator.hospital.lots import drawn
from streams.simulator.plan import Plan
from streams.simulator.ward.labels import codes_of
from streams.simulator.ward.people import Wards, departments
from streams.simulator.ward.scanned import Kind, Scan

POPULAR: Final = 80
"""Goods a department uses of its own accord."""


class Desk:
    """Makes scans of one month. What is written lies in `scans`, what arrives a month late in `late`."""

    def __init__(self, plan: Plan, shelf: Shelf) -> None:
        self.plan = plan
        self.shelf = shelf
        self.chance = Chance(plan.seed, 2)
        self.wards = Wards(plan, self.chance)
        self.departments = departments(plan)
        self.month = Month(plan.start)
        self.index = 0
        self.days = days_of(self.month)
        self.scans: list[Scan] = []
        self.late: list[Scan] = []
        self.in_use: list[tuple[Unit, Stay]] = []
        """Serial-numbered units used in earlier months and not taken back."""
        self.returnable: list[Scan] = []
        """Uses of earlier months that nobody took back."""
        self.unidentified: list[tuple[Scan, Unit]] = []
        """Scans whose goods somebody says next month, with what they are."""
        self._taken: list[Scan] = []
        self._serials: set[tuple[str, str]] = set()
        self.received: set[tuple[str, str]] = set()
        """Goods and serial of the real labels that have come in."""
        self._stores: dict[tuple[str, str], list[list[int | Unit]]] = {}
        self._slots: dict[tuple[str, int], int] = {}
        self._dirt = int(plan.dirt * 10_000)
        self._popular = {
            each.code: [self.chance.pick(shelf.ordinary) for _ in range(POPULAR)] for each in self.departments
        }

    def begin(self, index: int) -> None:
        """A month begins."""
        self.index, self.month = index, self.plan.month(index)
        self.days = days_of(self.month)
        self.in_use = [(scan.unit, scan.stay) for scan in self._taken if scan.unit and scan.stay and scan.unit.serial][
            -400:
        ]
        self.returnable = self._taken[-300:]
        self._taken, self._slots = [], {}
        self.scans, self.late = [], []
        self.wards.begin(index)

    def remember(self, scan: Scan) -> None:
        """A plain use that a later month may meet again."""
        self._taken.append(scan)

    def department(self) -> Department:
        """Some department, the first ones more often."""
        return self.chance.skewed(self.departments)

    def goods(self, department: Department) -> Goods:
        """Goods the department likes to use."""
        return self.chance.skewed(self._popular[department.code])

    def moment(self, day: int) -> int:
        """An instant within working hours."""
        return day_start(day) + 8 * HOUR + self.chance.below(11 * HOUR)

    def slot(self, department: Department, day: int) -> int:
        """An instant at which the pairing device has nothing else to do, two minutes after the one before."""
        key = (department.code, day)
        self._slots[key] = found = self._slots.get(key, 0) + 1
        return day_start(day) + 8 * HOUR + found * 2 * MINUTE + self.chance.below(5 * SECOND)

    def fits(self, at: int) -> bool:
        """The instant lies in this month."""
        return month_at(at) == self.month

    def unit(self, goods: Goods, day: int, level: int = 0) -> Unit:
        """A new unit, or lot, that can be used for at least 40 days."""
        chance = self.chance
        if not goods.levels or goods.issuer == "internal":
            return Unit(goods)
        expiry = day + 40 + chance.below(1000)
        made = date.fromordinal(expiry - goods.life_days)
        serial = self._new_serial(goods, made) if goods.tracking == "serial" else None
        lot = drawn(goods.lot, made, chance.below) if serial is None or goods.lot_beside_serial else None
        return Unit(goods, level, lot, serial, expiry)

    def _new_serial(self, goods: Goods, made: date) -> str:
        """A serial its maker has not used before."""
        while True:
            serial = drawn(goods.serial, made, self.chance.below)
            if (goods.code, serial) not in self._serials:
                self._serials.add((goods.code, serial))
                return serial

    def scan(  # noqa: PLR0917 -- what every scan says, in the order of the event
        self, at: int, action: str, department: Department, store: str, unit: Unit, quantity: int = 1
    ) -> Scan:
        """A scan of the whole label, on the pile. The caller may still change it."""
        chance = self.chance
        goods = unit.goods
        codes = None if not goods.levels else codes_of(unit, chance, self._dirt) if not goods.texts else []
        made = Scan(
            at, at + 300 + chance.below(2700), chance.uuid(at), action, quantity, store, department,
            chance.pick(department.devices), chance.pick(department.staff), unit, codes=codes,
        )  # fmt: skip
        self.scans.append(made)
        return made

    def bare(self, at: int, action: str, department: Department, codes: list[str], reason: str) -> Scan:
        """A scan of a code that gives no identifier to act on."""
        chance = self.chance
        made = Scan(
            at, at + 300 + chance.below(2700), chance.uuid(at), action, 1, chance.pick(department.stores), department,
            chance.pick(department.devices), chance.pick(department.staff), None, Kind.CODE, reason, codes,
        )  # fmt: skip
        self.scans.append(made)
        return made

    def drawn(self, goods: Goods, department: Department, store: str, day: int, quantity: int) -> Unit:
        """A unit from the shelf with so many left; when there is none, a delivery is received early that day."""
        lying = self._stores.setdefault((store, goods.code), [])
        for place, entry in enumerate(lying):
            unit, left = entry
            if isinstance(left, int) and isinstance(unit, Unit) and left >= quantity and (unit.expiry or day) >= day:
                entry[1] = left - quantity
                if entry[1] == 0:
                    del lying[place]
                return unit
        unit = self.unit(goods, day)
        if self.chance.per_10000(120):  # some goods are used that nobody booked in
            return unit
        lying += [[each, left] for each, left in self._received(unit, department, store, day, quantity)]
        return unit

    def _received(
        self, unit: Unit, department: Department, store: str, day: int, quantity: int
    ) -> list[tuple[Unit, int]]:
        """Receives for the unit and some more; gives what remains on the shelf after the quantity is drawn."""
        chance, goods = self.chance, unit.goods
        at = day_start(day) + 6 * HOUR + chance.below(HOUR)
        if unit.serial is not None:
            more = [self.unit(goods, day) for _ in range(chance.below(3))]
            for each in (unit, *more):
                self._receive(at, department, store, each, 1)
            return [(each, 1) for each in more]
        wanted = quantity + chance.between(5, 40)
        packages, box = wanted, unit
        if len(goods.levels) > 1:
            box = Unit(goods, 1, unit.lot, None, unit.expiry)
            packages = -(-wanted // box.units)
            wanted = packages * box.units
        self._receive(at, department, store, box, packages)
        return [(unit, wanted - quantity)] if wanted > quantity else []

    def _receive(self, at: int, department: Department, store: str, unit: Unit, packages: int) -> None:
        scan = self.scan(at, "receive", department, store, unit, packages)
        scan.keyed = self.chance.below(20) != 0

    def lying(self, department: Department, day: int) -> tuple[str, Unit, int] | None:
        """Something that lies on a shelf of the department: store, unit, how many; at times nothing is found."""
        for _ in range(4):
            store, goods = self.chance.pick(department.stores), self.goods(department)
            for unit, left in self._stores.get((store, goods.code), ()):
                if isinstance(unit, Unit) and isinstance(left, int) and (unit.expiry or day) >= day:
                    return store, unit, left
        return None

    def taken_from(self, store: str, unit: Unit, quantity: int, to: str | None = None) -> None:
        """A shelf loses goods, and another may get them."""
        lying = self._stores[store, unit.goods.code]
        for place, entry in enumerate(lying):
            if entry[0] is unit and isinstance(entry[1], int):
                entry[1] -= quantity
                if entry[1] == 0:
                    del lying[place]
                break
        if to is not None:
            self._stores.setdefault((to, unit.goods.code), []).append([unit, quantity])

    def delayed(self, scan: Scan) -> None:
        """The terminal was offline for up to three hours."""
        scan.arrives += self.chance.below(3 * HOUR)

    def held_back(self, scan: Scan) -> None:
        """The terminal was offline until the next month: the scan leaves the pile of this one."""
        self.scans.remove(scan) if self.scans[-1] is not scan else self.scans.pop()
        scan.arrives = day_start(self.days.stop) + self.chance.below(9 * DAY) + HOUR
        self.late.append(scan)
