"""Cabinets with RFID: who opens one, what is taken out, put in and put back, and what its software publishes."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any, Final

import orjson

from models.wire.topics import CABINET_READS
from streams.simulator.account.entries import Department
from streams.simulator.chance import Chance
from streams.simulator.clock import DAY, HOUR, MINUTE, SECOND, day_start, instant, ordinal_of, stamp
from streams.simulator.hospital.goods import Goods, Unit
from streams.simulator.plan import Plan, Record
from streams.simulator.store.goods import in_cabinet, stranger
from streams.simulator.ward.desk import Desk
from streams.simulator.ward.identified import identify, said_too_little
from streams.simulator.ward.labels import clean_text
from streams.simulator.ward.scanned import Scan
from streams.simulator.ward.stories import used

DEPARTMENTS: Final = ("CARD", "VASC", "RADI")
"""Who have a cabinet, those there are: where the dear goods are."""
NAME: Final = "cab1"
"""The cabinet, as scans name it in `place`."""
SESSIONS_SHARE: Final = 80
"""One opening for so many scans of the hospital. No source: ours."""
LOW: Final = 4
"""Units at which a cabinet is filled up."""
FILLED_UP: Final = 9
"""Units that are put in then."""
SCANNED_LATE: Final = 4_000
PUT_BACK: Final = 800
OPENED: Final = 300
RFID: Final = 3_000
UNREAD: Final = 300
NOT_RECEIVED: Final = 100
"""In 10,000: of what nobody scanned, scanned on the next day by the work list; of what is taken out, put back after the
operation, opened and not used, scanned by the cabinet's software, scanned without its serial; of what is put in, by
nobody's scan. No source: ours."""
READ_LOST: Final = 200
READ_LATE: Final = 300
READ_TWICE: Final = 100
"""In 10,000 reads: the cabinet was off, the record comes hours late, the record comes twice. No source: ours."""
STRANGE: Final = 500
"""In 10,000 openings: somebody leaves goods of another house in the cabinet, or a tag that can't be read."""
TIDIED: Final = 3_000
"""In 10,000 times that a cabinet is filled up: what does not belong there is taken out. No source: ours."""
SLOTS: Final = 20
"""Half hours of a day in which a cabinet may be opened, once each."""
MINUTES_MAX: Final = 90
"""From the opening to the scan of a use."""


@dataclass(slots=True)
class Gone:
    """A unit that a published read lacks and the one before it had. Instants in milliseconds."""

    cabinet: "Cabinet"
    """Which cabinet."""
    unit: Unit
    """What its tag says."""
    session: str | None
    """Opening that the read ended; `None`: nobody had opened it."""
    staff: str | None
    """Badge of it."""
    seen: int
    """The read that still had the unit."""
    missed: int
    """The read that lacks it."""
    came_back: bool = False
    """A later read has it."""


@dataclass(slots=True)
class Cabinet:
    """A cabinet: what it holds in truth, and what its newest read said."""

    department: Department
    """Whose patients get the goods."""
    goods: list[Goods]
    """What is kept there."""
    foreign: Goods
    """Goods that no item of the house stands for."""
    inside: list[Unit] = field(default_factory=list)
    """Units in it."""
    strange: list[Unit | str] = field(default_factory=list)
    """Other tags in it: units of another house, and texts that can't be read."""
    due_back: list[tuple[int, Unit]] = field(default_factory=list)
    """What will be put back, with the instant from which on."""
    seen: tuple[int, list[Unit], list[str]] | None = None
    """Its newest published read: instant, units, texts that name none; `None` before the first."""

    @property
    def store(self) -> str:
        """Store it stands in."""
        return self.department.stores[0]


@dataclass(slots=True)
class Cabinets:
    """The cabinets of a plan; knows what left them, by whose hand, and whether anybody scanned it."""

    plan: Plan
    """Whose cabinets."""
    cabinets: list[Cabinet] = field(default_factory=list)
    """By department."""
    gone: list[Gone] = field(default_factory=list)
    """What reads lacked, in order of the reads of each cabinet."""
    scanned: dict[tuple[str, str, str | None, str | None], Scan] = field(default_factory=dict)
    """By unit: the scan that says where it went."""
    unreceived: list[Unit] = field(default_factory=list)
    """Put in by nobody's scan."""
    reads: list[Record] = field(default_factory=list)
    """This month's records, in no order."""
    _chance: Chance = field(init=False)
    _away: list[Gone] = field(default_factory=list)
    """Of what reads lacked, units that may come back."""
    _sessions: int = 0
    _end: int = 0
    """Instant by which all of the month has come."""

    def __post_init__(self) -> None:
        """Chance of its own."""
        self._chance = Chance(self.plan.seed, 8)

    def open(self, desk: Desk) -> None:
        """A cabinet in each department that has one."""
        for place, department in enumerate(each for each in desk.departments if each.code in DEPARTMENTS):
            foreign = stranger("", len(DEPARTMENTS) + place)
            foreign.tracking = "serial"
            self.cabinets.append(Cabinet(department, in_cabinet(place, self._chance), foreign))

    def goods(self) -> Iterator[Goods]:
        """Everything that is kept in cabinets."""
        for each in self.cabinets:
            yield from each.goods

    def month(self, desk: Desk) -> None:
        """A month of all cabinets: scans on the desk, reads in `reads`."""
        self.reads, self._end, chance = [], day_start(desk.days[-1]) + 22 * HOUR, self._chance
        turns: dict[int, set[int]] = {place: set() for place in range(len(self.cabinets))}
        for _ in range(desk.plan.scans_of(desk.index) // SESSIONS_SHARE):
            turns[chance.below(len(turns))].add(chance.below(len(desk.days) * SLOTS))
        for place, slots in turns.items():
            cabinet = self.cabinets[place]
            for slot in sorted(slots):
                at = day_start(desk.days[slot // SLOTS]) + 8 * HOUR + slot % SLOTS * 30 * MINUTE
                self._opened(cabinet, desk, at + chance.below(10 * MINUTE))
            at = day_start(desk.days[-1]) + 21 * HOUR
            self._put_back(cabinet, at)
            self._read(cabinet, at + HOUR // 2, None, None)

    # What people do

    def _opened(self, cabinet: Cabinet, desk: Desk, at: int) -> None:
        """Somebody opens a cabinet for an operation, after the storekeeper when it has run low."""
        chance, staff = self._chance, cabinet.department.staff
        if len(cabinet.inside) < LOW:
            self._filled(cabinet, desk, at - 15 * MINUTE)
            self._closed(cabinet, at - 12 * MINUTE, chance.pick(staff))
        self._put_back(cabinet, at)
        who, taken = chance.pick(staff), []
        for _ in range(chance.between(1, 3)):
            taken.append(cabinet.inside.pop(chance.below(len(cabinet.inside))))
        if chance.per_10000(STRANGE):
            foreign = self._unit(desk, cabinet.foreign)
            cabinet.strange.append(foreign if chance.below(2) else f"E28011{chance.below(2**31):010X}")
        self._closed(cabinet, at + 40 * SECOND, who)
        for unit in taken:
            self._goes(cabinet, desk, unit, at, who)

    def _filled(self, cabinet: Cabinet, desk: Desk, at: int) -> None:
        """The storekeeper scans units in, and may take out what does not belong there."""
        if self._chance.per_10000(TIDIED):
            cabinet.strange = []
        for _ in range(FILLED_UP):
            at += 5 * SECOND
            unit = self._unit(desk, self._chance.pick(cabinet.goods))
            cabinet.inside.append(unit)
            if self._chance.per_10000(NOT_RECEIVED):
                self.unreceived.append(unit)
            else:
                self._scan(cabinet, desk, at, "receive", unit)

    def _goes(self, cabinet: Cabinet, desk: Desk, unit: Unit, at: int, who: str) -> None:
        """What becomes of a unit that was taken out."""
        chance, day = self._chance, ordinal_of(at)
        if chance.per_10000(PUT_BACK):
            cabinet.due_back.append((at + HOUR, unit))
            return
        after = at + chance.between(2, MINUTES_MAX) * MINUTE
        if chance.per_10000(round(self.plan.losses * 10_000)):
            if day + 1 not in desk.days or not chance.per_10000(SCANNED_LATE):
                return
            after += DAY
        stay = desk.wards.known(cabinet.department, day)
        if chance.per_10000(OPENED):
            scan = self._scan(cabinet, desk, after, "opened", unit)
            scan.stay = stay
        else:
            scan = used(desk, day, department=cabinet.department, unit=unit, stay=stay, at=after)
            scan.store, scan.place, scan.staff = cabinet.store, NAME, who
            if chance.per_10000(UNREAD):
                identify(desk, scan, said_too_little(scan, lot=True))
            elif chance.per_10000(RFID):
                scan.entry = "rfid"
        self.scanned[unit.key] = scan

    def _scan(self, cabinet: Cabinet, desk: Desk, at: int, action: str, unit: Unit) -> Scan:
        scan = desk.scan(at, action, cabinet.department, cabinet.store, unit, 1)
        scan.place, scan.arrives = NAME, at + SECOND
        return scan

    def _unit(self, desk: Desk, goods: Goods) -> Unit:
        return desk.unit(goods, desk.days.stop)

    @staticmethod
    def _put_back(cabinet: Cabinet, at: int) -> None:
        """What was not used lies there again."""
        cabinet.inside += [unit for due, unit in cabinet.due_back if due <= at]
        cabinet.due_back = [each for each in cabinet.due_back if each[0] > at]

    # What the cabinet says

    def _closed(self, cabinet: Cabinet, at: int, staff: str) -> None:
        """The door is closed: the cabinet reads its tags, unless it is off."""
        self._sessions += 1
        if not self._chance.per_10000(READ_LOST):
            self._read(cabinet, at, f"{cabinet.store}-{self._sessions}", staff)

    def _read(self, cabinet: Cabinet, at: int, session: str | None, staff: str | None) -> None:
        units = [*cabinet.inside, *(each for each in cabinet.strange if isinstance(each, Unit))]
        here = {unit.key for unit in units}
        for each in [each for each in self._away if each.unit.key in here]:
            each.came_back = True
            self._away.remove(each)
        if cabinet.seen is not None:
            seen, before, _ = cabinet.seen
            gone = [Gone(cabinet, unit, session, staff, seen, at) for unit in before if unit.key not in here]
            self.gone += gone
            self._away += [each for each in gone if each.unit.key not in self.scanned]
        cabinet.seen = (at, units, [each for each in cabinet.strange if isinstance(each, str)])
        late = self._chance.below(3 * HOUR) if self._chance.per_10000(READ_LATE) else 2 * SECOND
        key, value = self._written(cabinet, at, session, staff)
        for twice in range(1 + self._chance.per_10000(READ_TWICE)):
            comes = min(at + late + twice * SECOND, self._end)
            self.reads.append(Record(CABINET_READS, key, value, instant(comes)))

    def _written(self, cabinet: Cabinet, at: int, session: str | None, staff: str | None) -> tuple[bytes, bytes]:
        hospital = self.plan.hospital
        tags = [each if isinstance(each, str) else "]d2" + clean_text(each)
                for each in (*cabinet.inside, *cabinet.strange)]  # fmt: skip
        value: dict[str, Any] = {
            "schema": "udi.cabinet-read/1", "hospital": hospital, "store": cabinet.store, "place": NAME,
            "read_at": stamp(at), "session": session, "staff": staff, "tags": tags,
        }  # fmt: skip
        return f"{hospital}/{cabinet.store}".encode(), orjson.dumps(value)
