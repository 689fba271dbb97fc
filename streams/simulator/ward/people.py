"""Departments with their stores, devices and staff, and the stays of patients: opaque ids only."""

from typing import Any, Final

from streams.simulator.account.entries import Department, Stay
from streams.simulator.chance import Chance
from streams.simulator.clock import DAY, HOUR, MINUTE, day_start, ordinal_of, stamp
from streams.simulator.plan import Plan

NAMES: Final = (
    "ORTH", "CARD", "NEUR", "GENS", "VASC", "UROL", "THOR", "GYNA", "OPHT", "ENTS", "ONCO", "GAST", "HEPA", "NEPH",
    "PEDS", "TRAU", "SPIN", "BURN", "PLAS", "ICUS", "RADI", "DENT",
)  # fmt: skip
"""22, as many as the published hospital assessed. References: docs/simulator.md, "Volumes"."""


def departments(plan: Plan) -> list[Department]:
    """The departments of a plan."""
    found = []
    for number in range(plan.departments):
        code = NAMES[number] if number < len(NAMES) else f"D{number + 1:03d}"
        low = code.lower()
        stores = tuple(f"{code}-{place + 1}" for place in range(1 + number % 2))
        devices = tuple(f"{low}-gun{place + 1}" for place in range(3))
        staff = tuple(f"N{number:02d}{place:02d}" for place in range(12))
        found.append(Department(code, stores, devices, f"{low}-cam1", staff))
    return found


class Wards:
    """Who lies where on which day; stays are admitted as they are needed."""

    def __init__(self, plan: Plan, chance: Chance) -> None:
        self._plan = plan
        self._chance = chance
        self._index = 0
        self._count = 0
        self._in_house: dict[tuple[str, int], list[Stay]] = {}
        self._left: dict[str, list[Stay]] = {}
        self.new: list[Stay] = []
        """Admitted since it was last emptied."""

    def begin(self, index: int) -> None:
        """A month begins; what lies before it is forgotten."""
        self._index = index
        self.new = []
        first = min((day for _, day in self._in_house), default=0)
        keep = max((day for _, day in self._in_house), default=0) - 45
        if first < keep:
            self._in_house = {key: stays for key, stays in self._in_house.items() if key[1] >= keep}
        self._left = {code: stays[-40:] for code, stays in self._left.items()}

    def in_house(self, department: Department, day: int) -> Stay:
        """A stay that lasts all of the day's working hours."""
        stays = self._in_house.setdefault((department.code, day), [])
        if len(stays) < 3 or self._chance.below(6) == 0:
            stays.append(self._admitted(department, day))
            return stays[-1]
        return self._chance.pick(stays)

    def known(self, department: Department, day: int) -> Stay:
        """The same, and its record is on the topic."""
        stay = self.in_house(department, day)
        while not stay.known:
            stay = self.in_house(department, day)
        return stay

    def settled(self, department: Department) -> Stay | None:
        """A known stay that has a bill settled some time after its discharge."""
        stays = self._left.get(department.code, [])
        return self._chance.pick(stays) if stays else None

    def _admitted(self, department: Department, day: int) -> Stay:
        chance = self._chance
        self._count += 1
        admitted = day_start(day) + chance.below(6 * 60) * MINUTE
        last = day + chance.below(9)
        discharged = day_start(last) + 20 * HOUR + chance.below(180) * MINUTE
        settled = discharged + chance.between(2, 4) * DAY if chance.below(3) else None
        code = f"E{self._count:07d}"
        hundredths = chance.between(40, 600)
        weight = f"{hundredths // 100}.{hundredths % 100:02d}"
        stay = Stay(
            code, department, f"{department.code}-T{1 + self._count % 3}", admitted, discharged, settled, weight
        )
        fate = chance.below(300)
        if fate < 6:
            stay.known = False
            stay.known_in = (self._index, self._index, self._index, self._index, self._index + 1, None)[fate]
        elif settled is not None:
            self._left.setdefault(department.code, []).append(stay)
        self.new.append(stay)
        for later in range(day + 1, last + 1):
            self._in_house.setdefault((department.code, later), []).append(stay)
        return stay


def row(stay: Stay, hospital: str, *, grouped: bool) -> dict[str, Any]:
    """The encounter's record; `grouped`: with the DRG facts that come after discharge."""
    return {
        "schema": "udi.encounter/1", "hospital": hospital, "encounter": stay.code, "department": stay.department.code,
        "team": stay.team, "ward": f"{stay.department.code}-W1", "admitted_at": stamp(stay.admitted),
        "discharged_at": stamp(stay.discharged), "settled_at": None if stay.settled is None else stamp(stay.settled),
        "drg_group": f"G{ordinal_of(stay.admitted) % 90:02d}" if grouped else None,
        "drg_weight": stay.weight if grouped else None, "main_disease": None,
    }  # fmt: skip
