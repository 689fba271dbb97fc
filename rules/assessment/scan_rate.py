"""The share of uses that were scanned, with a denominator that holds what nobody scanned.

    rate = scanned ÷ (scanned + typed + charged by hand + unseen)

Who divides by what is in the books divides by what was recorded, and a ward that records nothing has 100 %. So the
denominator has, beside what was scanned:

- *typed*: entered by hand, with a reason;
- *charged*: lines of the HIS for which nothing was scanned (the reconciliation's `not-scanned`);
- *unseen*: used, and in no book. Where a store was counted, what was missing from its shelves. Elsewhere as much beside
  what was typed and charged as counts found in the other departments; or, when that is more, what the cases should have
  used, less what is known of it: for each DRG group and medical team, the cases of the month times what such cases used
  before. That counts only beyond chance: one lean month is no proof.

References:
    The denominators by line, by amount and by what bears a UDI are those a hospital is asked for; how they are filled
    is ours (docs/assessment.md, section "Scan rate"). The interval is Wilson's: J Am Stat Assoc 22 (1927) 209-212.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from math import sqrt
from typing import Final, NamedTuple

from models.assessment.scan_rate import CaseCell

CHANCE_DEVIATIONS: Final = 3.0
"""What cases lack counts from so many standard deviations on: it comes by chance in one month of 700. Ours."""
TEAM_WEIGHT: Final = 20
"""A team's own history counts as much as its group's from so many cases on. Ours, no source."""
COUNTED_MIN: Final = 5
"""So many departments must be counted before theirs says anything of the others. Ours."""
COUNT_DEVIATION: Final = 2.0
"""Lines by which a count is uncertain: two miscounted packages. Ours."""
CONFIDENCE: Final = 0.95


class Unseen(NamedTuple):
    """Lines that are in no book."""

    lines: float = 0.0
    """How many, at a best guess."""
    deviation: float = 0.0
    """Standard deviation of that figure."""


@dataclass(frozen=True, slots=True)
class Seen:
    """What is known of a department, an hour, a device or an item. Lines, or fen."""

    scanned: float
    """By scanner, camera or RFID."""
    typed: float = 0.0
    """By hand."""
    charged: float = 0.0
    """Charged in the HIS without a scan."""


@dataclass(frozen=True, slots=True)
class Rate:
    """A scan rate in per cent with its interval; `None` when nothing was used."""

    percent: float | None
    """Scanned ÷ whole × 100."""
    low: float | None
    """Lower end of the 95 % interval, per cent."""
    high: float | None
    """Upper end of the 95 % interval, per cent."""
    whole: float
    """The denominator."""


def expected(cells: Iterable[CaseCell]) -> Mapping[str, tuple[float, Unseen]]:
    """By department: the lines its cases should have used, and what is missing beyond chance.

    By hand: twenty cases of a group that used 2 lines each in forty cases before (squares 4 each, so without spread),
    and in whose month 30 lines are known: expected 40, missing 10.

    >>> expected([CaseCell("ORTH", 20, 30, 0, 0, 40, 80, 160)])["ORTH"]
    (40.0, Unseen(lines=10.0, deviation=0.0))
    """
    means, spreads, known = dict[str, float](), dict[str, float](), dict[str, int]()
    for cell in cells:
        if cell.group_cases == 0:
            continue
        group = cell.group_lines / cell.group_cases
        spread = max(0.0, cell.group_squares / cell.group_cases - group**2)
        mean = (TEAM_WEIGHT * group + cell.team_lines) / (TEAM_WEIGHT + cell.team_cases)
        of_mean = spread * (TEAM_WEIGHT**2 / cell.group_cases + cell.team_cases) / (TEAM_WEIGHT + cell.team_cases) ** 2
        means[cell.department] = means.get(cell.department, 0.0) + cell.cases * mean
        added = cell.cases * spread + cell.cases**2 * of_mean
        spreads[cell.department] = spreads.get(cell.department, 0.0) + added
        known[cell.department] = known.get(cell.department, 0) + cell.lines
    return {name: (means[name], _missing(means[name], known[name], sqrt(spreads[name]))) for name in means}


def _missing(should: float, known: int, deviation: float) -> Unseen:
    missing = should - known
    return Unseen(missing, deviation) if missing > CHANCE_DEVIATIONS * deviation else Unseen()


def unseen_by_department(
    seen: Mapping[str, Seen], counted: Mapping[str, float], should: Mapping[str, tuple[float, Unseen]]
) -> dict[str, tuple[Unseen, str | None]]:
    """What nobody saw, and what says so: `count`, `cases`, `elsewhere`, or `None` when nothing does.

    A department that was not counted has as much beside what it typed and charged by hand as the counted ones have (the
    median of their shares), or what its cases lack, if that is more.

    Args:
        seen: Lines, by department.
        counted: What counts found missing; who is not named was not counted.
        should: What the cases say (`expected`).
    """
    shares = sorted(
        max(0.0, counted[name]) / (each.typed + each.charged)
        for name, each in seen.items()
        if name in counted and each.typed + each.charged > 0
    )
    share = shares[len(shares) // 2] if len(shares) >= COUNTED_MIN else None
    found: dict[str, tuple[Unseen, str | None]] = {}
    for name, each in seen.items():
        if name in counted:
            found[name] = Unseen(max(0.0, counted[name]), COUNT_DEVIATION), "count"
            continue
        lacks = should[name][1] if name in should else Unseen()
        like = (
            Unseen(share * (each.typed + each.charged), sqrt(share * (each.typed + each.charged)))
            if share
            else Unseen()
        )
        if lacks.lines >= like.lines and name in should:
            found[name] = lacks, "cases"
        else:
            found[name] = like, "elsewhere" if share is not None else None
    return found


def rate(seen: Seen, unseen: Unseen = Unseen(), lines: float | None = None) -> Rate:  # noqa: B008 -- a tuple
    """The rate with its interval.

    Args:
        seen: In lines or fen.
        unseen: In the same unit.
        lines: How many lines the figures stand for, when they are fen: chance is in the lines.

    >>> found = rate(Seen(90, 5, 5))
    >>> round(found.percent, 2), round(found.low, 2), round(found.high, 2)
    (90.0, 82.56, 94.48)
    """
    whole = seen.scanned + seen.typed + seen.charged + unseen.lines
    if whole <= 0:
        return Rate(None, None, None, 0.0)
    from scipy import stats  # noqa: PLC0415 -- half a second, for who asks for rates

    share, count = seen.scanned / whole, whole if lines is None else lines
    found = stats.binomtest(round(share * count), max(1, round(count))).proportion_ci(CONFIDENCE, method="wilson")
    # The denominator itself is uncertain by what nobody saw.
    more = whole + 1.96 * unseen.deviation
    less = max(seen.scanned, whole - 1.96 * unseen.deviation)
    low, high = float(found.low) * whole / more, min(1.0, float(found.high) * whole / less if less else 1.0)
    return Rate(100 * share, 100 * low, 100 * high, whole)
