"""Breaches of the forecast on simulated hospital-years: seeded overuse is found, honest use is left alone."""

from collections.abc import Iterator
from decimal import Decimal

from models.calendar import Month, shift
from models.monitoring.alert import Cell, Facts, Measure, ScopeMonth, ScopeType
from models.monitoring.rule import RuleKind, RuleRow
from rules.monitoring.kinds.registry import made_of
from streams.proofs.findings_world import DEPARTMENTS, WARM_UP, WHOLE, Misuse, World, department, hospital_year, months

RULE = RuleRow(
    "beyond-forecast", RuleKind.FORECAST, (Measure.QUANTITY,), (ScopeType.HOSPITAL,), "monitored",
    threshold_percent=Decimal(99), months=12, floor_quantity=10,
)  # fmt: skip


def breaches(world: World) -> Iterator[tuple[str, Month, bool]]:
    """Of each item and month of the year that is judged: whether the month is a breach."""
    [rule] = made_of(RULE)
    for item, traits in world.traits.items():
        for month in months()[WARM_UP:]:
            cells = {back: Cell(WHOLE, item, shift(month, -back)) for back in (0, *rule.reads_back)}
            if cells[0] in world.usage:
                sums = {back: world.usage.get(cell) for back, cell in cells.items()}
                yield item, month, rule.judge(Facts(cells[0], traits, sums)).fires


def grown_items(world: World) -> set[str]:
    """Items of which more was used because a department had more cases, or heavier ones."""
    places = (ScopeMonth(department(number), month) for number in range(DEPARTMENTS) for month in months())
    return {item for place in places for item in world.grown.get(place, ())}


def test_seeded_overuse_is_found_in_its_month_and_of_honest_use_one_month_in_a_hundred() -> None:
    seeded = found = honest = alarms = 0
    for seed in range(1, 4):
        world = hospital_year(seed)
        fired = {(item, month): fires for item, month, fires in breaches(world)}
        overused = [each for each in world.seeds if each.kind is Misuse.OVERUSE]
        seeded, found = seeded + len(overused), found + sum(fired[each.item, each.month] for each in overused)
        touched = {each.item for each in world.seeds} | grown_items(world)
        quiet = [fires for (item, _), fires in fired.items() if item not in touched]
        honest, alarms = honest + len(quiet), alarms + sum(quiet)
    assert (found, seeded > 10, honest > 300) == (seeded, True, True)
    assert alarms / honest <= 0.015
