"""A month's scan rate in a simulated hospital: what its departments use, what is scanned of it, and what is measured.

Every department has medical teams and DRG groups of its own, and a habit of scanning between 72 and 99 %. What is not
scanned is charged by hand for the most part, typed, or in no book. Four stores in five are counted at the end of the
month, with errors of counting. In one department of six the habit breaks in the month that is measured: it scans less,
and most of that is in no book.
"""

from dataclasses import dataclass
from typing import Final

import numpy as np

from models.assessment.scan_rate import CaseCell
from rules.assessment.scan_rate import Rate, Seen, expected, rate, unseen_by_department

DEPARTMENTS: Final = 22
HISTORY: Final = 6
GROUPS: Final = 4
TEAMS: Final = 3
NEAR_POINTS: Final = 2.0


@dataclass(frozen=True, slots=True)
class Measured:
    """A department."""

    true_percent: float
    """Share of all uses that was scanned, in truth."""
    measured: Rate
    """The same as the product measures it."""

    @property
    def near(self) -> bool:
        """Measured within two points of what it is."""
        return self.measured.percent is not None and abs(self.measured.percent - self.true_percent) <= NEAR_POINTS

    @property
    def covered(self) -> bool:
        """The truth lies in the interval."""
        low, high = self.measured.low, self.measured.high
        return low is not None and high is not None and low <= self.true_percent <= high


def scan_rates(seed: int) -> list[Measured]:
    """Measure the departments of a hospital in a month."""
    rng = np.random.default_rng([seed, 22])
    made = {f"D{number:02d}": _department(f"D{number:02d}", rng) for number in range(DEPARTMENTS)}
    seen = {name: each.seen for name, each in made.items()}
    counted = {name: each.counted for name, each in made.items() if each.counted is not None}
    should = expected(cell for each in made.values() for cell in each.cells)
    missing = unseen_by_department(seen, counted, should)
    return [
        Measured(
            100 * each.seen.scanned / (each.seen.scanned + each.seen.typed + each.seen.charged + each.unseen),
            rate(each.seen, missing[name][0]),
        )
        for name, each in made.items()
    ]


@dataclass(frozen=True, slots=True)
class _Department:
    seen: Seen
    unseen: int
    counted: float | None
    cells: list[CaseCell]


def _department(name: str, rng: np.random.Generator) -> _Department:
    habit, use = 1 - 0.01 - 0.27 * rng.beta(1.5, 2.5), rng.uniform(0.6, 2.5, GROUPS)
    cases = rng.integers(20, 90, (TEAMS, GROUPS))
    broken = rng.random() < 1 / 6
    now_habit = habit - rng.uniform(0.08, 0.2) if broken else habit
    cells, group_known = [], np.zeros((GROUPS, 3), dtype=np.int64)
    team_known = np.zeros((TEAMS, GROUPS, 2), dtype=np.int64)
    scanned = typed = charged = unseen = 0
    now_lines = np.zeros((TEAMS, GROUPS), dtype=np.int64)
    for month in range(HISTORY + 1):
        now = month == HISTORY
        for team in range(TEAMS):
            for group in range(GROUPS):
                count = int(rng.poisson(cases[team, group]))
                used = rng.poisson(rng.gamma(4.0, use[group] / 4.0, count))
                by_scan = rng.binomial(used, now_habit if now else habit)
                rest = used - by_scan
                lost = rng.binomial(rest, 0.6 if now and broken else 0.12)
                by_hand = rng.binomial(rest - lost, 0.7)
                known = used - lost
                if now:
                    scanned, charged = scanned + int(by_scan.sum()), charged + int(by_hand.sum())
                    typed, unseen = typed + int((rest - lost - by_hand).sum()), unseen + int(lost.sum())
                    now_lines[team, group] = known.sum()
                    cells.append((team, group, count))
                else:
                    team_known[team, group] += (count, known.sum())
                    group_known[group] += (count, known.sum(), (known**2).sum())
    return _Department(
        Seen(scanned, typed, charged),
        unseen,
        unseen + float(rng.normal(0, 2 + 0.002 * scanned)) if rng.random() < 0.8 else None,
        [
            CaseCell(
                name, count, int(now_lines[team, group]), *map(int, team_known[team, group]),
                *map(int, group_known[group]),
            )
            for team, group, count in cells
        ],
    )  # fmt: skip
