from dataclasses import replace
from decimal import Decimal
from fractions import Fraction

import pytest

from models.calendar import Month, months_between
from models.monitoring.alert import (
    Cell,
    Facts,
    Figures,
    Judgement,
    Measure,
    QuotaUse,
    Scope,
    ScopeMonth,
    ScopeType,
    Traits,
    UsageSums,
)  # fmt: skip
from models.monitoring.rule import EVERY_HOSPITAL, STUDY_RULES, HeldRule, RuleBase, RuleKind, RuleRow, held_in
from rules.monitoring.back_test import Past, back_test, by_month
from rules.monitoring.judging import quotas_used
from rules.monitoring.kinds.forecast import Forecast, limit_of
from rules.monitoring.kinds.price_drift import PriceDrift
from rules.monitoring.kinds.quota import QuotaUsed
from rules.monitoring.kinds.registry import wrong
from rules.monitoring.kinds.share import Share
from tests.unit.rules.monitoring.cases import CELL, HOSPITAL, row

GROWTH, RANK, NEW = row("growth-month-on-month"), row("top-three-three-months"), row("new-item")
SHARE = RuleRow(
    "share-half", RuleKind.SHARE, (Measure.AMOUNT,), (ScopeType.HOSPITAL,), threshold_percent=Decimal(50), months=2
)
DRIFT = RuleRow(
    "dearer", RuleKind.PRICE_DRIFT, (Measure.AMOUNT,), (ScopeType.HOSPITAL,), base=RuleBase.MONTH,
    threshold_percent=Decimal(10), floor_quantity=5,
)  # fmt: skip

FORECAST = RuleRow(
    "beyond-forecast", RuleKind.FORECAST, (Measure.QUANTITY,), (ScopeType.HOSPITAL,), threshold_percent=Decimal(99),
    months=12, floor_quantity=10,
)  # fmt: skip
QUOTA = RuleRow(
    "quota-near", RuleKind.QUOTA, (Measure.QUANTITY,), (ScopeType.DEPARTMENT,), "controlled",
    threshold_percent=Decimal(90),
)  # fmt: skip


def test_the_rules_of_a_fresh_installation_contradict_themselves_nowhere() -> None:
    assert [wrong(each) for each in (*STUDY_RULES, SHARE, DRIFT, FORECAST, QUOTA)] == [None] * 8


@pytest.mark.parametrize(
    ("rule", "said"),
    [
        (replace(GROWTH, base=None), "Expected base in a rule of the kind growth."),
        (replace(GROWTH, threshold_percent=None), "Expected threshold_percent in a rule of the kind growth."),
        (replace(GROWTH, threshold_percent=Decimal(0)), "Expected threshold_percent above 0 and up to 10000, got 0."),
        (replace(GROWTH, threshold_percent=Decimal("NaN")),
         "Expected threshold_percent above 0 and up to 10000, got NaN."),
        (replace(GROWTH, rank_max=3), "Expected rank_max not in a rule of the kind growth."),
        (replace(GROWTH, measures=()), "Expected at least one measure and one scope."),
        (replace(GROWTH, floor_fen=-1), "Expected floors from 0 on, got -1."),
        (replace(RANK, months=0), "Expected 1 to 24 months, got 0."),
        (replace(RANK, months=25), "Expected 1 to 24 months, got 25."),
        (replace(RANK, rank_max=0), "Expected rank_max from 1 on, got 0."),
        (replace(NEW, base=RuleBase.YEAR), "Expected the base month in a rule of the kind new-item, got year."),
        (replace(SHARE, threshold_percent=Decimal(101)), "Expected a share of at most 100 per cent, got 101."),
        (replace(DRIFT, measures=tuple(Measure)), "Expected the measure amount in a rule of the kind price-drift."),
        (replace(GROWTH, scopes=(ScopeType.HOSPITAL,) * 2), "Expected each measure and each scope once."),
        (replace(GROWTH, open_from_fen=1), "Expected open_from_amount not in a rule of the kind growth."),
        (replace(FORECAST, threshold_percent=Decimal(50)),
         "Expected a level of prediction above 50 and below 100 per cent, got 50."),
        (replace(FORECAST, months=5), "Expected a forecast from at least 6 months, got 5."),
        (replace(FORECAST, base=RuleBase.YEAR), "Expected base not in a rule of the kind forecast."),
        (replace(QUOTA, scopes=(ScopeType.HOSPITAL,)),
         "Expected the measure quantity and the scope department in a rule of the kind quota."),
        (replace(GROWTH, population="category:"),
         "Expected population monitored, all, controlled, auxiliary or category:NAME, got 'category:'."),
    ],
)  # fmt: skip
def test_a_rule_that_contradicts_itself_is_named(rule: RuleRow, said: str) -> None:
    assert wrong(rule) == said


@pytest.mark.parametrize(
    ("population", "judged"),
    [("monitored", "M"), ("all", "MCA-"), ("controlled", "C"), ("auxiliary", "A"), ("category:stent", "C")],
)
def test_a_population_is_told_by_the_items_data(population: str, judged: str) -> None:
    items = {"M": Traits(True), "C": Traits(False, "stent", "staplers"), "A": Traits(auxiliary=True), "-": Traits()}
    rule = replace(GROWTH, population=population)
    assert "".join(name for name, traits in items.items() if rule.judges(traits)) == judged


def held(rule: RuleRow, *months: int | None, hospital: str = EVERY_HOSPITAL) -> HeldRule:
    return HeldRule(hospital, 1, rule, *(None if month is None else Month(month) for month in months))


def test_a_rule_holds_from_its_first_month_to_before_its_last() -> None:
    rule = held(GROWTH, 202203, 202206)
    months = [month for month in (202202, 202203, 202205, 202206) if rule.holds(Month(month))]
    assert months == [202203, 202205]


def test_a_hospitals_own_rule_takes_the_place_of_the_one_for_every_hospital() -> None:
    own = replace(GROWTH, threshold_percent=Decimal(30))
    rules = [held(GROWTH, None, None), held(RANK, None, None), held(own, 202206, None, hospital="H1")]
    assert held_in(rules, "H1", Month(202206)) == (RANK, own)
    assert held_in(rules, "H1", Month(202205)) == (RANK,)
    assert held_in(rules, "H2", Month(202206)) == (GROWTH, RANK)


def share(parts: list[int], wholes: list[int], category: str | None = "stent") -> Judgement:
    sums = {back: UsageSums(1, fen) for back, fen in enumerate(parts)}
    whole = {back: UsageSums(2, fen) for back, fen in enumerate(wholes)}
    return Share(SHARE, Measure.AMOUNT).judge(Facts(CELL, Traits(True, category), sums, {}, whole))


@pytest.mark.parametrize(
    ("parts", "fires", "run"), [([50, 50], True, 2), ([49, 50], False, 0), ([50, 49], False, 1), ([90, 60], True, 2)]
)
def test_a_share_is_reached_in_every_month_of_the_run(parts: list[int], fires: bool, run: int) -> None:
    assert share(parts, [100, 100]) == Judgement(fires, Figures(parts[0], months_in_a_row=run))


def test_an_item_without_category_has_no_share() -> None:
    assert not share([90, 90], [100, 100], None).fires


@pytest.mark.parametrize(
    ("now", "before", "fires"),
    [
        (UsageSums(10, 1100), UsageSums(10, 1000), True),
        (UsageSums(10, 1099), UsageSums(10, 1000), False),
        (UsageSums(100, 11_000), UsageSums(5, 500), True),
        (UsageSums(100, 11_000), UsageSums(4, 400), False),  # below the floor of units
        (UsageSums(0, 0), UsageSums(10, 1000), False),
        (UsageSums(10, 1100), None, False),
    ],
)
def test_a_price_drifts_by_its_mean_whatever_the_quantity(
    now: UsageSums, before: UsageSums | None, fires: bool
) -> None:
    assert PriceDrift(DRIFT, Measure.AMOUNT).judge(Facts(CELL, Traits(True), {0: now, 1: before})).fires is fires


def test_a_price_does_not_drift_against_a_base_of_which_a_month_is_not_known() -> None:
    rule = PriceDrift(replace(DRIFT, base=RuleBase.THREE_MONTHS), Measure.AMOUNT)
    sums: dict[int, UsageSums | None] = {0: UsageSums(10, 1200), **dict.fromkeys((1, 2, 3), UsageSums(10, 1000))}

    assert rule.judge(Facts(CELL, Traits(True), sums)).fires
    assert not rule.judge(Facts(CELL, Traits(True), sums | {2: None})).fires


def test_a_back_test_says_what_a_version_would_have_said_and_writes_nothing() -> None:
    amounts = {"A": [100, 100, 130, 130], "B": [100, 119, 119, 119], "C": [1000, 900, 900, 900]}
    months = months_between(Month(202112), Month(202203))
    usage = {
        Cell(HOSPITAL, item, month): UsageSums(10, each * 10_000)
        for item, values in amounts.items()
        for month, each in zip(months, values, strict=True)
    }
    past = Past("H1", Month(202112), usage, lambda _, __: Traits(True))
    found = back_test(GROWTH, past, Month(202201), Month(202203))
    assert [(claim.key.cell.item_code, claim.key.cell.month) for claim in found] == [("A", 202202)]
    known = {Month(202202): frozenset({"A", "B"}), Month(202301): frozenset({"C"})}
    tested = by_month(found, {Month(202202): frozenset({"A", "C"})}, months[1:], known)
    assert [each.missed for each in tested] == [frozenset(), frozenset({"B"}), frozenset()]
    assert [(each.alerts, each.both, each.left_out) for each in tested] == [
        (0, frozenset(), frozenset()), (1, frozenset({"A"}), frozenset({"C"})), (0, frozenset(), frozenset()),
    ]  # fmt: skip
    top = back_test(replace(RANK, rank_max=1), past, Month(202201), Month(202203))
    assert [
        (claim.key.cell.item_code, claim.key.cell.month, claim.judgement.figures.months_in_a_row)
        for claim in top
        if claim.rule.measure is Measure.AMOUNT
    ] == [("C", 202202, 3), ("C", 202203, 4)]


def test_a_back_test_of_a_quota_knows_what_was_released() -> None:
    orth = Scope("H1", ScopeType.DEPARTMENT, "ORTH")
    usage = {Cell(orth, "A", Month(month)): UsageSums(units, 0) for month, units in ((202201, 9), (202202, 8))}
    released = {(ScopeMonth(orth, Month(month)), "staplers"): 10 for month in (202201, 202202)}
    past = Past("H1", Month(202201), usage, lambda _, __: Traits(True, None, "staplers"), released)
    found = back_test(QUOTA, past, Month(202201), Month(202202))
    assert [claim.key.cell.month for claim in found] == [202201]


def test_a_back_test_knows_scopes() -> None:
    scope = Scope("H1", ScopeType.TEAM, "T1")
    usage = {Cell(scope, "A", Month(month)): UsageSums(10 * place, 0) for place, month in ((1, 202201), (2, 202202))}
    past = Past("H1", Month(202201), usage, lambda _, __: Traits(True))
    team = replace(GROWTH, scopes=(ScopeType.TEAM,), measures=(Measure.QUANTITY,))
    assert len(back_test(team, past, Month(202202), Month(202202))) == 1
    assert back_test(GROWTH, past, Month(202202), Month(202202)) == []


def _history(*units: int) -> dict[int, UsageSums | None]:
    """Months before, the newest first, at 100 yuan a unit; the month itself is the first."""
    return {back: UsageSums(each, each * 10_000) for back, each in enumerate(units)}


def test_a_forecast_carries_a_trend_on_and_fires_above_what_chance_gives() -> None:
    rule = Forecast(FORECAST, Measure.QUANTITY)
    rising = tuple(range(210, 90, -10))  # 100, 110, … 210: the line says 220.
    limit = limit_of([UsageSums(each, each * 10_000) for each in reversed(rising)], Measure.QUANTITY, 99)
    assert limit > 220
    fires = [rule.judge(Facts(CELL, Traits(), _history(now, *rising))).fires for now in (219, limit - 1, limit)]
    assert fires == [False, False, True]


def test_a_forecast_states_the_mean_as_its_base_and_is_judged_by_what_caseload_leaves() -> None:
    rule = Forecast(FORECAST, Measure.QUANTITY)
    found = rule.judge(Facts(CELL, Traits(), _history(200, *[100] * 12)))
    assert (found.fires, found.figures.base_value, found.figures.base_month) == (True, 100, Month(202205))
    assert found.rise_min == 33
    assert [rule.left_fires(Fraction(left), found) for left in (32, 33)] == [False, True]


def test_a_forecast_knows_nothing_without_its_months_or_below_its_floor() -> None:
    rule = Forecast(FORECAST, Measure.QUANTITY)
    gap = _history(200, *[100] * 12) | {12: None}
    assert not rule.judge(Facts(CELL, Traits(), gap)).fires
    assert not rule.judge(Facts(CELL, Traits(), _history(200, *[9] * 12))).fires
    assert rule.judge(Facts(CELL, Traits(), _history(200, *[10] * 12))).fires


@pytest.mark.parametrize(
    ("released", "used", "fires"), [(100, 89, False), (100, 90, True), (0, 1, True), (0, 0, False)]
)
def test_a_quota_fires_from_its_share_on_and_for_the_item_most_used(released: int, used: int, fires: bool) -> None:
    ward = CELL._replace(scope=Scope("H1", ScopeType.DEPARTMENT, "ORTH"))
    rule, sums = QuotaUsed(QUOTA, Measure.QUANTITY), {0: UsageSums(used, 0)}
    found = rule.judge(Facts(ward, Traits(), sums, quota=QuotaUse(released, used, "SCREW")))
    assert (found.fires, found.figures.base_value) == (fires, released)
    assert not rule.judge(Facts(ward, Traits(), sums, quota=QuotaUse(released, used, "PIN"))).fires
    assert not rule.judge(Facts(ward, Traits(), sums)).fires


def test_what_was_used_of_a_quota_is_summed_over_its_category() -> None:
    ward = Scope("H1", ScopeType.DEPARTMENT, "ORTH")
    place = ScopeMonth(ward, Month(202206))
    usage = {
        Cell(ward, item, place.month): UsageSums(units, 0)
        for item, units in (("B", 4), ("A", 4), ("OTHER", 9), ("C", -1))
    }
    traits = lambda _, item: Traits(controlled_category=None if item == "OTHER" else "staplers")  # noqa: E731
    found = quotas_used({(place, "staplers"): 10, (place, "mesh"): 3}, usage, traits)
    assert found == {(place, "staplers"): QuotaUse(10, 7, "A")}
