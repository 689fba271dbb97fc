"""`udi findings-proof`: simulated hospital-years are watched, and what is found is compared with what was seeded."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from decimal import Decimal
from fractions import Fraction
from typing import Final

from models.calendar import Month, month_text, shift
from models.monitoring.alert import AlertVersion, Cell, Measure, ScopeMonth, ScopeType, Status, UsageSums
from models.monitoring.finding import FindingBody, FindingKey, FindingStatus
from models.monitoring.rule import FLOOR_FEN, FLOOR_QUANTITY, HeldRule, RuleBase, RuleKind, RuleRow
from models.policy import POLICY
from rules.monitoring.book import STUDY_BOOK, RuleBook
from rules.monitoring.causes.windows import CauseFacts
from rules.monitoring.findings import FindingFacts, cut_of, finding_of, on_desk
from rules.monitoring.judging import Known, claims, versions
from rules.monitoring.standings import PlaceFacts, Ranking, rank
from streams.proofs.findings_world import HOSPITAL, WARM_UP, World, hospital_year, months
from streams.proofs.scan_rate_world import scan_rates

FOUND_MIN: Final = 1.0
OPEN_MAX: Final = POLICY.findings_open_max
CUT_MIN: Final = 0.8
RATES_NEAR_MIN: Final = 20
YEARS_NEAR_MIN: Final = 0.95
"""What is wanted: all that is seeded, at most thirty a month, four fifths cut, and the scan rates of 20 departments of
22 right, in 95 of 100 hospitals."""
PRICE_RULE: Final = RuleRow(
    "dearer", RuleKind.PRICE_DRIFT, (Measure.AMOUNT,), (ScopeType.HOSPITAL,), base=RuleBase.MONTH,
    threshold_percent=Decimal(20), floor_quantity=FLOOR_QUANTITY, floor_fen=FLOOR_FEN,
)  # fmt: skip
"""A rule that a hospital adds as data: growth of the amount alone overlooks a price that rises while use falls."""
BOOK: Final = RuleBook([*STUDY_BOOK.held, HeldRule(HOSPITAL, 1, PRICE_RULE, None, None)])
_AT: Final = datetime(2022, 1, 1, tzinfo=UTC)


@dataclass(slots=True)
class FindingFigures:
    """What came out over all hospital-years."""

    years: int = 0
    """Hospital-years watched."""
    seeded: int = 0
    """Cases of misuse that were put there."""
    found: int = 0
    """Seeded misuse whose finding lies open in the month in which it begins."""
    missed: list[str] = field(default_factory=list)
    """Seeded misuse that was not found, in words."""
    months: int = 0
    """Hospital-months watched."""
    alerts: int = 0
    """Standing alerts."""
    findings: int = 0
    """Findings made, open or filed."""
    open: int = 0
    """Findings left open."""
    open_most: int = 0
    """In one month."""
    open_seeded: int = 0
    """Open findings of an item whose misuse began in the month or the eleven before: year on year it shows so long."""
    caseload: int = 0
    """Growth alerts of departments that stand for nothing but new cases: without them there is no rise at all."""
    caseload_cut: int = 0
    """Of them explained."""
    causes: int = 0
    """Alerts with a cause."""
    causes_wrong: int = 0
    """Those that do not add up to their rise exactly."""
    rates_near: list[int] = field(default_factory=list)
    """By hospital-year: departments whose scan rate is measured within two points of the truth."""
    rates_covered: int = 0
    """Departments whose true rate lies in the 95 % interval."""

    @property
    def years_near(self) -> int:
        """Hospitals in which enough departments' rates are right."""
        return sum(near >= RATES_NEAR_MIN for near in self.rates_near)

    @property
    def good(self) -> bool:
        """Everything is as it must be."""
        return (
            self.found == self.seeded
            and self.open_most <= OPEN_MAX
            and self.caseload_cut >= CUT_MIN * self.caseload
            and self.causes_wrong == 0
            and self.years_near >= YEARS_NEAR_MIN * self.years
        )


def measure(seed: int, figures: FindingFigures) -> None:
    """Watch the hospital-year of a seed, and compare its scan rates with the truth."""
    watch(hospital_year(seed), figures)
    measured = scan_rates(seed)
    figures.rates_near.append(sum(department.near for department in measured))
    figures.rates_covered += sum(department.covered for department in measured)


def watch(world: World, figures: FindingFigures) -> None:
    """Judge the year of a hospital month by month, as its closes would, and count."""
    figures.years += 1
    every = months()
    by_place: dict[ScopeMonth, dict[str, UsageSums]] = {}
    by_item: dict[tuple[str, str], dict[Cell, UsageSums]] = {}
    for cell, sums in world.usage.items():
        by_place.setdefault(ScopeMonth(cell.scope, cell.month), {})[cell.item_code] = sums
        by_item.setdefault((HOSPITAL, cell.item_code), {})[cell] = sums
    last = {HOSPITAL: every[-1]}
    ranking = rank(list(by_place), PlaceFacts(by_place, {}, last), BOOK.ranks, world.traits_of)
    causes = CauseFacts(world.usage, world.caseloads, world.traits_of)
    rules = {row.rule: row for row in (rule.row for rule in BOOK.every)}
    facts = FindingFacts(by_item, lambda _, __, name: rules.get(name))
    for month in every[WARM_UP:]:
        said = _judge(world, month, ranking, causes)
        _count(world, month, said, figures, rules)
        _desk(world, month, said, figures, facts)


def _judge(world: World, month: Month, ranking: Ranking, causes: CauseFacts) -> list[AlertVersion]:
    known = Known(BOOK, world.traits_of, {HOSPITAL: months()[-1]}, {HOSPITAL: months()[0]}, world.usage, {}, ranking)
    touched = {cell: _AT for cell in world.usage if cell.month == month}
    return versions(claims(touched, known), known, causes, frozenset())


def _count(
    world: World, month: Month, said: list[AlertVersion], figures: FindingFigures, rules: Mapping[str, RuleRow]
) -> None:
    """Alerts, causes, and what caseload alone has brought."""
    figures.months += 1
    figures.alerts += len(said)
    misused = {seed.item for seed in world.seeds if seed.month <= month}
    for version in said:
        cell, f = version.key.cell, version.figures
        if f.cause:
            figures.causes += 1
            figures.causes_wrong += sum(part.amount for part in f.cause) != f.value - (f.base_value or 0)
        grown = world.grown.get(ScopeMonth(cell.scope, month), {})
        row = rules[version.key.rule.rule]
        if (
            cell.item_code in misused
            or cell.item_code not in grown
            or row.kind is not RuleKind.GROWTH
            or not f.base_value
        ):
            continue
        sums = world.usage[cell]
        without = Fraction(f.value) * (sums.quantity - grown[cell.item_code]) / sums.quantity
        alone = without <= f.base_value
        newly = f.base_month == shift(month, -1) and cell.scope.type is ScopeType.DEPARTMENT
        if alone and newly:
            figures.caseload += 1
            figures.caseload_cut += version.status is Status.EXPLAINED


def _desk(world: World, month: Month, said: list[AlertVersion], figures: FindingFigures, facts: FindingFacts) -> None:
    """Findings of the month, and whether the seeded are among the open ones."""
    grouped: dict[FindingKey, list[AlertVersion]] = {}
    for version in said:
        key = FindingKey(HOSPITAL, version.key.cell.item_code, month)
        grouped.setdefault(key, []).append(version)
    bodies: dict[FindingKey, FindingBody] = {key: finding_of(key, alerts, facts) for key, alerts in grouped.items()}
    cut = cut_of(list(bodies.items()), OPEN_MAX)
    opened = {key.item_code for key, body in bodies.items() if on_desk(body, cut).status is FindingStatus.OPEN}
    figures.findings += len(bodies)
    figures.open += len(opened)
    figures.open_most = max(figures.open_most, len(opened))
    recent = {seed.item for seed in world.seeds if shift(seed.month, 11) >= month >= seed.month}
    figures.open_seeded += len(opened & recent)
    for seed in world.seeds:
        if seed.month != month:
            continue
        figures.seeded += 1
        figures.found += seed.item in opened
        if seed.item not in opened:
            found = bodies.get(FindingKey(HOSPITAL, seed.item, month))
            why = "no alert" if found is None else f"{found.status}, {found.certain_fen / 100:,.2f} certain"
            figures.missed.append(f"{seed.kind} of {seed.item} in {month_text(month)}: {why}")
