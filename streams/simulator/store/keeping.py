"""A month of the store's rooms: deliveries under notes, uses that are scanned or not, loans, the count."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import date
from typing import Final

from streams.simulator.chance import Chance
from streams.simulator.clock import HOUR, MINUTE, SECOND, day_start
from streams.simulator.hospital.goods import Goods, Unit
from streams.simulator.hospital.lots import drawn
from streams.simulator.plan import Plan
from streams.simulator.store.deliveries import Line, Note, Stray, error_of
from streams.simulator.store.goods import SUPPLIERS, kept, stranger
from streams.simulator.store.rooms import Batch, Exposure, Room
from streams.simulator.ward.desk import Desk
from streams.simulator.ward.identified import identify, said_too_little
from streams.simulator.ward.scanned import Scan
from streams.simulator.ward.stories import returned, used

ROOMS: Final = 2
"""Departments with a store of this kind: the first of the plan."""
USES_SHARE: Final = 50
"""One use in each room for so many scans of the hospital a month."""
USES_MAX: Final = 60
"""A month in a room. No source: ours, so that a recall lists some thousand lines and no more."""
RETURNED: Final = 300
LATE: Final = 800
OFFLINE: Final = 150
LENT: Final = 150
UNREAD: Final = 300
LENT_UNITS: Final = 2
RECALLED: Final = 4_000
"""In 10,000: uses that come back, receipts scanned days late, uses that arrive in the next month, uses beside which
goods are lent, uses whose lot or serial is not read and said later that day, lots recalled."""
COUNTED_EVERY: Final = 3
"""Months from count to count; the last month has one, too."""
AGAINST_THE_NOTICE: Final = 2
"""Uses of recalled units in each room after the notice: scanned, and held."""


@dataclass(slots=True)
class Keeper:
    """Runs the rooms of a plan; knows what lies there in truth."""

    plan: Plan
    """Whose rooms."""
    rooms: list[Room] = field(default_factory=list)
    """By department."""
    notes: list[Note] = field(default_factory=list)
    """Of all months."""
    new: list[Note] = field(default_factory=list)
    """Of this month."""
    exposures: list[Exposure] = field(default_factory=list)
    """Units that patients got and nobody scanned."""
    recalled: dict[str, set[str]] = field(default_factory=dict)
    """Lots that the notice will name, by item code."""
    counting: dict[str, list[Scan]] = field(default_factory=dict)
    """By the room that is counted this month: the scans of the count."""
    strangers: list[Goods] = field(default_factory=list)
    """Goods that suppliers bring and no item stands for."""
    _chance: Chance = field(init=False)
    _others: Chance = field(init=False)
    _lots: set[tuple[str, str]] = field(default_factory=set)
    _serials: set[tuple[str, str]] = field(default_factory=set)

    def __post_init__(self) -> None:
        """Chance of its own, so that the wards do not feel the store."""
        self._chance = Chance(self.plan.seed, 6)
        self._others = Chance(self.plan.seed, 6, 1)

    def open(self, desk: Desk) -> None:
        """The rooms of the first departments."""
        for place, department in enumerate(desk.departments[:ROOMS]):
            self.rooms.append(Room(f"{department.code}-9", department, kept(self.plan, place)))
            self.strangers.append(stranger(self.rooms[-1].goods[0].supplier, place))

    def goods(self) -> Iterator[Goods]:
        """Everything that is kept."""
        for room in self.rooms:
            yield from room.goods

    @property
    def notice_in(self) -> int:
        """Index of the month at whose end the recall notice comes: the last but one."""
        return max(0, self.plan.months - 2)

    def counts_in(self, index: int) -> bool:
        """The rooms are counted at the end of that month."""
        return index % COUNTED_EVERY == COUNTED_EVERY - 1 or index == self.plan.months - 1

    def month(self, desk: Desk) -> None:
        """A month of all rooms, on the desk; what is counted at its end stands apart."""
        self.new, self.counting = [], {}
        noticed = desk.index > self.notice_in
        for place, room in enumerate(self.rooms):
            _Month(self, room, desk, self._chance, noticed).play(place)
            if self.counts_in(desk.index):
                self.counting[room.name] = list(_counted(room, desk))
        self.notes += self.new

    def another(self, goods: Goods) -> str | None:
        """Another supplier than the catalogue's, who brings the goods this time; nearly always nobody."""
        others = [each for each in SUPPLIERS if each != goods.supplier]
        share = round(10_000 * self.plan.other_suppliers)
        return others[self._others.below(len(others))] if self._others.per_10000(share) else None

    def batch(self, goods: Goods, day: int, units: int, *, expired: bool = False, good: bool = False) -> Batch:
        """New units of one lot; `good`: none that the notice names."""
        chance = self._chance
        expiry = day - 1 - chance.below(60) if expired else day + 600 + chance.below(400)
        made = date.fromordinal(expiry - goods.life_days)
        lot = _unlike(self._lots, goods, goods.lot, made, chance)
        serial = _unlike(self._serials, goods, goods.serial, made, chance) if goods.tracking == "serial" else None
        recalled = not expired and not good and chance.per_10000(RECALLED)
        if recalled:
            self.recalled.setdefault(goods.code, set()).add(lot)
        return Batch(Unit(goods, 0, lot, serial, expiry), units, day, recalled)


def _unlike(taken: set[tuple[str, str]], goods: Goods, template: str, made: date, chance: Chance) -> str:
    while True:
        value = drawn(template, made, chance.below)
        if (goods.code, value) not in taken:
            taken.add((goods.code, value))
            return value


@dataclass(slots=True)
class _Month:
    """A month of one room."""

    keeper: Keeper
    room: Room
    desk: Desk
    chance: Chance
    noticed: bool
    """The notice is out: nobody takes recalled units any more but by mistake, and none comes."""
    _noted: dict[tuple[str, int], Note] = field(default_factory=dict)
    _away: list[tuple[int, Batch]] = field(default_factory=list)
    """What is lent, with the day it comes back in the evening."""

    def play(self, place: int) -> None:
        desk, chance = self.desk, self.chance
        uses = min(USES_MAX, desk.plan.scans_of(desk.index) // USES_SHARE)
        days = sorted(desk.days[0] + chance.below(len(desk.days)) for _ in range(uses))
        for day in days:
            self._back(day)
            self._use(chance.skewed(self.room.goods), day)
            if chance.per_10000(LENT):
                self._lend(day)
        self._back(desk.days.stop)
        for _ in range(AGAINST_THE_NOTICE if self.noticed and uses else 0):
            self._against_the_notice(desk.days[-1])
        if any(note.store == self.room.name for note in self.keeper.new) and chance.below(3) == 0:
            self._strange(self.keeper.strangers[place])

    # Uses

    def _use(self, goods: Goods, day: int) -> None:
        batch = self.room.usable(goods, day, recalled=not self.noticed) or self._delivered(goods, day)
        if self.chance.per_10000(round(self.desk.plan.losses * 10_000)) and batch.booked_in_on <= day:
            batch.left -= 1
            stay = self.desk.wards.known(self.room.department, day)
            at = self.desk.moment(day)
            self.keeper.exposures.append(Exposure(self.room.name, batch.unit, stay, at))
            return
        self._scanned(batch, day, RETURNED)

    def _scanned(self, batch: Batch, day: int, back: int = 0) -> None:
        scan = used(self.desk, day, department=self.room.department, unit=batch.unit, quantity=1,
                    stay=self.desk.wards.known(self.room.department, day))  # fmt: skip
        scan.store = self.room.name
        batch.left -= 1
        if back and self._offline(batch):
            self.desk.held_back(scan)
            return
        if batch.unit.serial is None and self.chance.per_10000(back):
            returned(self.desk, scan, 1, 30 * MINUTE)
            batch.left += 1
        elif back and self.chance.per_10000(UNREAD) and batch.unit.brought_by is None:
            identify(self.desk, scan, said_too_little(scan, lot=batch.unit.serial is not None))

    def _offline(self, batch: Batch) -> bool:
        """The terminal is offline until the next month: a count meanwhile misses the unit, the next one finds it."""
        known = batch.unit.serial is None and self.desk.index + 1 < self.desk.plan.months
        return known and self.chance.per_10000(OFFLINE)

    def _against_the_notice(self, day: int) -> None:
        """Somebody takes a recalled unit all the same."""
        found = next((each for each in self.room.batches() if each.recalled), None)
        if found is not None:
            self._scanned(found, day)

    def _lend(self, day: int) -> None:
        """Some of a lot goes to the other room for some days; at times for good, as far as this run goes."""
        others = [each for each in self.keeper.rooms if each is not self.room]
        batch = next(
            (each for each in self.room.batches() if each.left > LENT_UNITS and each.booked_in_on <= day), None
        )
        if not others or batch is None or (self.noticed and batch.recalled):
            return
        other, at = others[0], day_start(day) + 20 * HOUR
        self._moved(at, "lend", self.room, batch, LENT_UNITS).to_store = other.name
        batch.left -= LENT_UNITS
        back = day + self.chance.between(1, 20)
        if back in self.desk.days:
            at = day_start(back) + 20 * HOUR
            self._moved(at, "give-back", other, batch, LENT_UNITS).to_store = self.room.name
            self._away.append((back, batch))

    def _back(self, day: int) -> None:
        """What came back on an evening before the day lies there again."""
        for away in [each for each in self._away if each[0] < day]:
            self._away.remove(away)
            away[1].left += LENT_UNITS

    def _moved(self, at: int, action: str, room: Room, batch: Batch, units: int) -> Scan:
        return _scan(self.desk, at, action, room, batch.unit, units)

    # Goods-in

    def _delivered(self, goods: Goods, day: int) -> Batch:
        """A delivery early that day: a line of the day's note, with what goes wrong. Gives a batch to take from."""
        many = 1 if goods.tracking == "serial" else self.chance.between(4, 12)
        error = error_of(self.chance, goods)
        batch = self._brought(goods, day, many, error)
        if error in {"expired", "serial-twice"}:  # Nobody takes of it this month: what is needed is the next line.
            return self._brought(goods, day, many, "plain")
        return batch

    def _brought(self, goods: Goods, day: int, many: int, error: str) -> Batch:
        batch = self.keeper.batch(goods, day, many, expired=error == "expired", good=self.noticed)
        unit = batch.unit
        unit.brought_by = self.keeper.another(goods) if error != "other-lot" else None
        note = self._note(unit.supplier, day)
        line = Line(str(len(note.lines) + 1), goods, unit.lot or "", unit.expiry or day, many, unit.serial)
        line.dearer = unit.brought_by is not None
        line.findings |= {"other-supplier"} if line.dearer else set()
        note.lines.append(line)
        at = day_start(day) + 6 * HOUR + self.chance.below(HOUR // 2)
        if error == "other-lot":
            line.lot = f"{line.lot}X"
            line.findings.add("short")
            note.strays.append(Stray(goods, unit.lot or "", many, many, "other-lot"))
            line.serial = None
        elif error == "fewer":
            batch.left = line.arrived = line.accepted = many - self.chance.between(1, many - 1)
            line.findings.add("short")
        elif error == "more":
            batch.left = line.arrived = line.accepted = many + self.chance.between(1, 3)
            line.findings.add("more")
        elif error == "expired":
            line.arrived, line.quarantined = many, many
            line.findings.add("expired")
        elif error == "serial-twice":
            line.arrived, line.accepted, batch.rests_until = 2, 1, self.desk.days.stop
            line.findings |= {"more", "serial-present"}
            self._received(at + 5 * MINUTE, unit, 1, note).fate = ("held", "serial-present")
        else:
            line.arrived = line.accepted = many
            at, batch.booked_in_on = self._forgotten(at, day, unit)
        self._received(at, unit, batch.left, note)
        if error != "expired":
            self.room.shelf.setdefault(goods.code, []).append(batch)
        return batch

    def _forgotten(self, at: int, day: int, unit: Unit) -> tuple[int, int]:
        """Some receipts are scanned days after the goods came, when some of them are used already."""
        later = day + self.chance.between(1, 4)
        if unit.serial is None and later in self.desk.days and self.chance.per_10000(LATE):
            return day_start(later) + 6 * HOUR, later
        return at, day

    def _received(self, at: int, unit: Unit, units: int, note: Note) -> Scan:
        scan = _scan(self.desk, at, "receive", self.room, unit, units)
        scan.document = note.number
        return scan

    def _note(self, supplier: str, day: int) -> Note:
        """The note of a supplier's delivery of a day."""
        found = self._noted.get((supplier, day))
        if found is None:
            number = f"D{self.desk.month}-{self.room.name}-{len(self._noted) + 1}"
            found = self._noted[supplier, day] = Note(number, supplier, self.room.name, day)
            self.keeper.new.append(found)
        return found

    def _strange(self, goods: Goods) -> None:
        """Goods that nobody of the house knows come with a delivery."""
        note = next((each for each in self._noted.values() if each.supplier == goods.supplier), None)
        if note is None:
            return
        unit = self.keeper.batch(goods, note.day, 1, good=True).unit
        self._received(day_start(note.day) + 7 * HOUR, unit, 3, note)
        note.strays.append(Stray(goods, unit.lot or "", 3, 0, "unknown-item"))


def _scan(  # noqa: PLR0917 -- what every scan says
    desk: Desk, at: int, action: str, room: Room, unit: Unit, units: int
) -> Scan:
    scan = desk.scan(at, action, room.department, room.name, unit, units)
    scan.arrives = at + SECOND
    return scan


def _counted(room: Room, desk: Desk) -> Iterator[Scan]:
    """The shelf, scanned late on the last day of the month: every batch, some in two scans."""
    at = day_start(desk.days[-1]) + 22 * HOUR + 10 * MINUTE
    for batch in room.batches():
        parts = (1, batch.left - 1) if batch.left > 3 and desk.chance.below(3) == 0 else (batch.left,)
        for units in parts:
            at += 2 * SECOND
            _scan(desk, at, "count", room, batch.unit, units)
            yield desk.scans.pop()
