"""Discharges and incomes month by month, and what must be found in them."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from typing import Any, Final

import orjson

from models.calendar import Month, month_text
from models.money import fen_text
from models.wire.topics import DISCHARGES, INCOME
from streams.simulator.account.entries import Stay
from streams.simulator.chance import Chance
from streams.simulator.clock import DAY, instant, month_at, stamp
from streams.simulator.discharges.groups import (
    CODE_SYSTEM,
    GROUPER,
    GROUPER_VERSION,
    REGION,
    Group,
    Practice,
    practice_of,
)
from streams.simulator.plan import Plan, Record
from streams.simulator.ward.people import departments

OUTPATIENTS_PERCENT: Final = 40
"""Income of outpatients on top of that of the cases. No source: ours."""
REGROUPED_PER_10000: Final = 100
"""Cases of a month that are grouped again in the month after. No source: ours."""


@dataclass(frozen=True, slots=True)
class Case:
    """A discharged case as it is in truth. Amounts in fen."""

    stay: Stay
    """Stay that ended."""
    group: Group
    """DRG group it was put into."""
    weight: int
    """1/10,000."""
    level4: bool
    """It had surgery of level 4."""
    consumables: int
    """Consumables used, at cost."""
    cost: int
    """Of the stay, consumables among it."""
    income: int
    """All income of the case."""
    drugs: int
    """Income of drugs among it."""
    adverse: int
    """Adverse events."""
    device: int
    """Events with a device."""
    version: str = GROUPER_VERSION
    """Of the grouper."""
    silent: bool = False
    """The record says nothing of consumables."""

    @property
    def month(self) -> Month:
        """Of the discharge."""
        return month_at(self.stay.discharged)


@dataclass(frozen=True, slots=True)
class Seeded:
    """Something that was put there to be found."""

    kind: str
    """`misuse`: a team uses more a weight; `coding`: weights drift upwards with nothing else changed; `safety`:
    cheaper, with more device events."""
    department: str
    """Where it was put."""
    team: str | None
    """Id of the medical team; `None` when nobody said."""
    since: Month
    """First month of it."""


class Cases:
    """Every case of a run. A month's are made when its stays are over."""

    def __init__(self, plan: Plan) -> None:
        self._plan = plan
        self._chance = Chance(plan.seed, 5)
        found = departments(plan)
        self._practices: dict[str, Practice] = {
            each.code: practice_of(plan.seed, number) for number, each in enumerate(found)
        }
        self.cases: dict[str, Case] = {}
        """The newest version of each, by encounter."""
        self._discharged: dict[Month, list[str]] = {}
        self.incomes: dict[tuple[str, Month], dict[str, int]] = {}
        """`medical`, `drugs`, and `consumables` of those whose records say it, by (department, month)."""
        self.regrouped: list[str] = []
        """Encounters grouped again."""
        half = plan.month(max(1, plan.months // 2))
        kinds = (("misuse", 2, True), ("coding", 3, False), ("safety", 4, False))
        self.seeded = [
            Seeded(kind, found[place].code, f"{found[place].code}-T1" if team else None, half)
            for kind, place, team in kinds
            if place < len(found) and plan.anomalies
        ]

    def discharged(self, stays: Iterable[Stay], at: int) -> Iterator[Record]:
        """The records of stays that are over; one that has a case already has none again."""
        for stay in stays:
            if stay.code not in self.cases:
                case = self.cases[stay.code] = self._case(stay)
                self._discharged.setdefault(case.month, []).append(stay.code)
                yield self._record(DISCHARGES, stay.code, discharge_row(case, self._plan.hospital), at)

    def regroup(self, month: Month, at: int) -> Iterator[Record]:
        """Some cases of a month are grouped again: newer versions of their records."""
        for case in [self.cases[code] for code in self._discharged.get(month, ())]:
            if self._chance.per_10000(REGROUPED_PER_10000):
                group = self._chance.pick(self._practices[case.stay.department.code].groups)
                again = replace(case, group=group, weight=group.weight, version="1.2")
                self.cases[case.stay.code] = again
                self.regrouped.append(case.stay.code)
                yield self._record(DISCHARGES, case.stay.code, discharge_row(again, self._plan.hospital), at)

    def earned(self, month: Month, at: int) -> Iterator[Record]:
        """What each department that discharged somebody earned in a month, outpatients included."""
        by_department: dict[str, list[Case]] = {}
        for case in (self.cases[code] for code in self._discharged.get(month, ())):
            by_department.setdefault(case.stay.department.code, []).append(case)
        for code, practice in self._practices.items():
            cases = by_department.get(code)
            if cases:
                sums = self.incomes[code, month] = _income(cases)
                silent = practice.from_books
                yield self._record(
                    INCOME, f"{code}/{month_text(month)}",
                    {
                        "schema": "udi.income/1", "hospital": self._plan.hospital, "department": code,
                        "month": month_text(month), "medical_income": fen_text(sums["medical"]),
                        "drug_income": fen_text(sums["drugs"]),
                        "consumable_income": None if silent else fen_text(sums["consumables"]),
                        "consumable_cost": None if silent else fen_text(sums["consumables"]),
                    }, at,
                )  # fmt: skip

    def rows(self) -> Iterator[dict[str, Any]]:
        """Every case, newest version, as the truth says it: amounts in fen, weights in 1/10,000."""
        for case in self.cases.values():
            yield {
                "encounter": case.stay.code, "department": case.stay.department.code, "team": case.stay.team,
                "month": month_text(case.month), "drg_group": case.group.code, "weight": case.weight,
                "disease": case.group.disease, "level4": case.level4, "stay_days": _days(case.stay),
                "consumables_fen": None if case.silent else case.consumables, "stay_cost_fen": case.cost,
                "income_fen": case.income, "drugs_fen": case.drugs, "adverse_events": case.adverse,
                "device_events": case.device, "regrouped": case.version != GROUPER_VERSION,
            }  # fmt: skip

    def _case(self, stay: Stay) -> Case:
        chance, code = self._chance, stay.department.code
        practice, month = self._practices[code], month_at(stay.discharged)
        group = chance.pick(practice.groups)
        kinds = {
            each.kind
            for each in self.seeded
            if each.department == code and each.team in {None, stay.team} and month >= each.since
        }
        consumables = group.weight * practice.consumables_fen // 10_000 * chance.between(50, 150) // 100
        consumables = consumables * (160 if "misuse" in kinds else 70 if "safety" in kinds else 100) // 100
        cost = consumables + group.weight * practice.rest_fen // 10_000 * chance.between(70, 130) // 100
        income = cost * 110 // 100
        return Case(
            stay, group, group.weight * (115 if "coding" in kinds else 100) // 100,
            chance.per_10000(group.level4_per_10000), consumables, cost, income,
            (income - consumables) * chance.between(20, 35) // 100, int(chance.per_10000(200)),
            int(chance.per_10000(800 if "safety" in kinds else 50)), silent=practice.from_books,
        )  # fmt: skip

    def _record(self, topic: str, rest: str, value: dict[str, Any], at: int) -> Record:
        return Record(topic, f"{self._plan.hospital}/{rest}".encode(), orjson.dumps(value), instant(at))


def discharge_row(case: Case, hospital: str) -> dict[str, Any]:
    """The record of a case."""
    consumables = None if case.silent else fen_text(case.consumables)
    return {
        "schema": "udi.discharge/1", "hospital": hospital, "encounter": case.stay.code,
        "department": case.stay.department.code, "team": case.stay.team, "discharged_at": stamp(case.stay.discharged),
        "stay_days": _days(case.stay), "drg_group": case.group.code,
        "drg_weight": f"{case.weight // 10_000}.{case.weight % 10_000:04d}", "grouper": GROUPER,
        "grouper_version": case.version, "code_system": CODE_SYSTEM, "region": REGION,
        "main_disease": case.group.disease, "level4_surgery": case.level4, "consumable_cost": consumables,
        "stay_cost": fen_text(case.cost), "medical_income": fen_text(case.income), "drug_income": fen_text(case.drugs),
        "consumable_income": consumables, "adverse_events": case.adverse, "device_events": case.device,
    }  # fmt: skip


def _days(stay: Stay) -> int:
    return max(1, -(-(stay.discharged - stay.admitted) // DAY))


def _income(cases: Iterable[Case]) -> dict[str, int]:
    sums = {"medical": 0, "drugs": 0, "consumables": 0}
    for case in cases:
        sums["medical"] += case.income
        sums["drugs"] += case.drugs
        sums["consumables"] += case.consumables
    outpatients = 100 + OUTPATIENTS_PERCENT
    return {
        "medical": sums["medical"] * outpatients // 100,
        "drugs": sums["drugs"] * outpatients // 100,
        "consumables": sums["consumables"],
    }
