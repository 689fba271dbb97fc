"""Sets that suppliers bring for one operation (跟台): brought the evening before, used in part, given back later."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Final

from streams.simulator.account.entries import Department, Stay
from streams.simulator.chance import Chance
from streams.simulator.clock import HOUR, MINUTE, SECOND, day_start
from streams.simulator.hospital.goods import Goods, Unit
from streams.simulator.plan import Plan
from streams.simulator.store.goods import SET_SUPPLIERS, in_sets
from streams.simulator.ward.desk import Desk
from streams.simulator.ward.identified import identify, said_too_little
from streams.simulator.ward.scanned import Scan
from streams.simulator.ward.stories import returned, used

SURGERY: Final = ("ORTH", "NEUR", "SPIN", "TRAU")
"""Departments that operate with sets, those there are."""
SETS_SHARE: Final = 250
"""One set for so many scans of the hospital. No source: ours; at the volume of the studies two to three a day."""
LACKS: Final = 800
NOT_BROUGHT: Final = 300
MORE_BACK: Final = 200
NEVER_BACK: Final = 300
TWO_STAYS: Final = 150
"""In 10,000 sets: a piece is not given back; goods are used that nobody scanned in; one more is given back than was
left; nobody scans what is given back; somebody scans one use under another patient. No source: ours."""
OPENED: Final = 500
TAKEN_BACK: Final = 500
UNREAD: Final = 300
"""In 10,000 uses: a piece beside it is opened and not used; one comes back from the operation unused; its lot is not
read and said later."""
OVERDUE_DAYS: Final = 9
"""A set of which nothing came back is overdue by then, however long the books go on."""
Kept = tuple[str, str, str | None, str | None]
"""Document, item code, lot, serial."""


@dataclass(slots=True)
class Piece:
    """Goods of one lot or serial in a set, as they are scanned. Units of use."""

    unit: Unit
    """What its label says."""
    brought: int = 0
    """Scanned in."""
    used: int = 0
    """Used on the patient, without what came back."""
    wasted: int = 0
    """Opened and not used."""
    returned: int = 0
    """Given back to the supplier."""

    @property
    def lacking(self) -> int:
        """Neither used nor given back; below 0: more than was brought."""
        return self.brought - self.used - self.wasted - self.returned


@dataclass(slots=True)
class Brought:
    """A set at one operation."""

    document: str
    """Names the set."""
    supplier: str
    """Whose it is."""
    department: Department
    """Who operates."""
    store: str
    """Store that it is brought to."""
    day: int
    """Ordinal of the day of the operation."""
    stays: list[Stay] = field(default_factory=list)
    """Whom it was scanned for; one, but by mistake two."""
    pieces: list[Piece] = field(default_factory=list)
    """What it holds."""
    lost: list[tuple[Piece, int]] = field(default_factory=list)
    """Pieces that were not given back, with units: by mistake, or as nobody scanned anything."""

    @property
    def operation(self) -> str:
        """Id of the operation."""
        return f"OP-{self.document}"


@dataclass(slots=True)
class Sets:
    """The suppliers' sets of a plan; knows what was brought, used and given back of each."""

    plan: Plan
    """Whose sets."""
    kits: dict[str, list[Goods]] = field(default_factory=dict)
    """Goods by supplier."""
    brought: list[Brought] = field(default_factory=list)
    """All sets so far."""
    _chance: Chance = field(init=False)
    _again: dict[str, list[Unit]] = field(default_factory=dict)
    """Units with a serial that were given back in earlier months, by item code: they come again."""

    def __post_init__(self) -> None:
        """Chance of its own, and the suppliers' goods."""
        self._chance = Chance(self.plan.seed, 7)
        for place, supplier in enumerate(SET_SUPPLIERS):
            self.kits[supplier] = in_sets(place, self._chance)

    def goods(self) -> Iterator[Goods]:
        """Everything that sets hold."""
        for kit in self.kits.values():
            yield from kit

    def month(self, desk: Desk) -> None:
        """A month's sets, on the desk."""
        surgery = [each for each in desk.departments if each.code in SURGERY] or desk.departments[:1]
        given_back: list[Unit] = []
        for number in range(desk.plan.scans_of(desk.index) // SETS_SHARE):
            department = self._chance.pick(surgery)
            one = Brought(
                f"LS{desk.month}-{number + 1}", self._chance.pick(SET_SUPPLIERS), department, department.stores[0],
                desk.days[1] + self._chance.below(len(desk.days) - 2),
            )  # fmt: skip
            _Operation(desk, self._chance, one, self._filled(one, desk)).play()
            self.brought.append(one)
            given_back += [each.unit for each in one.pieces if each.unit.serial is not None and each.returned]
        for unit in given_back:
            self._again.setdefault(unit.goods.code, []).append(unit)

    def _filled(self, one: Brought, desk: Desk) -> list[tuple[Unit, int]]:
        """Five to nine kinds of goods: screws and the like by the dozen, implants with a serial one by one."""
        kit, chance, wanted = list(self.kits[one.supplier]), self._chance, self._chance.between(5, 9)
        while len(kit) > wanted:
            kit.pop(chance.below(len(kit)))
        found = []
        for goods in kit:
            known = [each for each in self._again.get(goods.code, []) if (each.expiry or 0) > one.day + 1]
            again = known[-1] if known and chance.below(2) else None
            if again is not None:
                self._again[goods.code].remove(again)
            unit = again or desk.unit(goods, one.day)
            found.append((unit, 1 if goods.tracking == "serial" else chance.between(2, 12)))
        return found


@dataclass(slots=True)
class _Operation:
    """A set from the evening before its operation to the day after."""

    desk: Desk
    chance: Chance
    one: Brought
    holds: list[tuple[Unit, int]]

    def play(self) -> None:
        one, chance = self.one, self.chance
        stay = self.desk.wards.known(one.department, one.day)
        one.stays.append(stay)
        for unit, units in self.holds:
            self._bring(unit, units)
        using = [each for each in one.pieces if chance.below(2)][:4] or one.pieces[:1]
        at = day_start(one.day) + 9 * HOUR + chance.below(6 * HOUR)
        for piece in using:
            at += chance.between(1, 9) * MINUTE
            self._use(piece, at, stay)
        if chance.per_10000(NOT_BROUGHT):
            kit = next(iter(self.holds))[0].goods
            self.one.pieces.append(Piece(self.desk.unit(kit, one.day)))
            self._used(one.pieces[-1], at + MINUTE, stay, 1)
        if chance.per_10000(TWO_STAYS):
            self._for_another(at + 2 * MINUTE)
        self._give_back(day_start(one.day + 1) + 8 * HOUR + chance.below(2 * HOUR))

    def _bring(self, unit: Unit, units: int) -> None:
        at = day_start(self.one.day - 1) + 16 * HOUR + len(self.one.pieces) * 4 * SECOND
        self._scan(at, "receive", unit, units)
        self.one.pieces.append(Piece(unit, units))

    # The operation

    def _use(self, piece: Piece, at: int, stay: Stay) -> None:
        chance = self.chance
        units = 1 if piece.brought == 1 else chance.between(1, min(4, piece.brought - 1))
        scan = self._used(piece, at, stay, units)
        if chance.per_10000(UNREAD):
            whole = said_too_little(scan, lot=piece.unit.serial is not None)
            identify(self.desk, scan, whole).operation = scan.operation
        elif units > 1 and chance.per_10000(TAKEN_BACK):
            back = returned(self.desk, scan, 1, 20 * MINUTE)
            self._of_set(back)
            piece.used -= 1
        if piece.lacking and chance.per_10000(OPENED):
            opened = self._scan(at + MINUTE, "opened", piece.unit, 1)
            opened.stay, opened.operation = stay, self.one.operation
            piece.wasted += 1

    def _used(self, piece: Piece, at: int, stay: Stay, units: int) -> Scan:
        scan = used(self.desk, self.one.day, department=self.one.department, unit=piece.unit, quantity=units,
                    stay=stay, at=at)  # fmt: skip
        piece.used += units
        self._of_set(scan)
        return scan

    def _for_another(self, at: int) -> None:
        """The wristband of another patient is scanned with a piece."""
        other = self.desk.wards.known(self.one.department, self.one.day)
        piece = next((each for each in self.one.pieces if each.lacking > 1), None)
        if other is not self.one.stays[0] and piece is not None:
            self._used(piece, at, other, 1)
            self.one.stays.append(other)

    # The day after

    def _give_back(self, at: int) -> None:
        chance, left = self.chance, [each for each in self.one.pieces if each.lacking > 0]
        overdue = self.one.day + OVERDUE_DAYS < self.desk.days.stop
        if overdue and chance.per_10000(NEVER_BACK):
            self.one.lost = [(each, each.lacking) for each in left]
            return
        fate = chance.below(10_000)
        lost = chance.pick(left) if fate < LACKS and len(left) > 1 else None
        for piece in left:
            at += 4 * SECOND
            more = LACKS <= fate < LACKS + MORE_BACK and piece is left[0] and piece.unit.serial is None
            units = piece.lacking - (piece is lost) + more
            if units:
                self._scan(at, "send-back", piece.unit, units)
                piece.returned += units
        if lost is not None:
            self.one.lost = [(lost, 1)]

    def _scan(self, at: int, action: str, unit: Unit, units: int) -> Scan:
        scan = self.desk.scan(at, action, self.one.department, self.one.store, unit, units)
        scan.arrives = at + SECOND
        scan.place, scan.document = "set", self.one.document
        return scan

    def _of_set(self, scan: Scan) -> None:
        scan.store, scan.place, scan.document = self.one.store, "set", self.one.document
        scan.operation = self.one.operation
