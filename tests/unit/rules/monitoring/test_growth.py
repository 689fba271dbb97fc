from dataclasses import replace
from decimal import Decimal

import pytest

from models.calendar import Month
from models.monitoring.alert import Facts, Figures, Judgement, Measure, UsageSums
from models.monitoring.rule import RuleBase
from rules.monitoring import RULES, Rule
from rules.monitoring.kinds.growth import Growth, change_percent
from rules.monitoring.kinds.new_item import NewItem
from tests.unit.rules.monitoring.cases import CELL, WATCHED, facts, row


def rule(name: str, measure: Measure, rules: tuple[Rule, ...] = RULES) -> Rule:
    return next(each for each in rules if (each.row.rule, each.measure) == (name, measure))


AMOUNT = rule("growth-month-on-month", Measure.AMOUNT)
QUANTITY = rule("growth-month-on-month", Measure.QUANTITY)
YEAR = rule("growth-year-on-year", Measure.AMOUNT)
NEW = rule("new-item", Measure.AMOUNT)
NEW_QUANTITY = rule("new-item", Measure.QUANTITY)


@pytest.mark.parametrize(
    ("value", "fires", "printed"),
    [
        (11_999_000, False, "19.99"),
        (11_999_500, False, "20.00"),  # 19.995 %: printed rounded, judged exactly
        (11_999_999, False, "20.00"),
        (12_000_000, True, "20.00"),
        (12_000_001, True, "20.00"),
    ],
)
def test_a_rise_of_a_fifth_fires_and_anything_less_does_not(value: int, fires: bool, printed: str) -> None:
    judgement = AMOUNT.judge(facts(UsageSums(100, value), UsageSums(100, 10_000_000)))
    assert (judgement.fires, judgement.figures.change_percent) == (fires, Decimal(printed))


@pytest.mark.parametrize(("base", "fires"), [(99_999, False), (100_000, True)])
def test_a_base_below_a_thousand_yuan_fires_nothing_and_one_equal_to_it_does(base: int, fires: bool) -> None:
    assert AMOUNT.judge(facts(UsageSums(100, 900_000), UsageSums(1, base))).fires is fires


@pytest.mark.parametrize(("base", "fires"), [(4, False), (5, True)])
def test_a_base_below_five_units_fires_nothing_and_one_equal_to_it_does(base: int, fires: bool) -> None:
    assert QUANTITY.judge(facts(UsageSums(100, 1), UsageSums(base, 1))).fires is fires


def test_each_measure_has_its_own_floor() -> None:
    judged = facts(UsageSums(40, 99_000), UsageSums(20, 60_000))
    assert (AMOUNT.judge(judged).fires, QUANTITY.judge(judged).fires) == (False, True)


def test_an_unknown_base_fires_nothing() -> None:
    judgement = Judgement(False, Figures(900_000))
    assert [each.judge(facts(UsageSums(100, 900_000))) for each in (AMOUNT, YEAR, NEW)] == [judgement] * 3


def test_a_base_of_zero_is_a_new_item_without_a_percentage() -> None:
    judged = facts(UsageSums(10, 100_000), UsageSums(), UsageSums())
    figures = Figures(
        value=100_000,
        base_month=Month(202205),
        base_value=0,
        change_percent=None,
    )
    assert [AMOUNT.judge(judged).fires, YEAR.judge(judged).fires] == [False, False]
    assert NEW.judge(judged) == Judgement(True, figures)


@pytest.mark.parametrize(("value", "fires"), [(99_999, False), (100_000, True)])
def test_a_new_item_must_reach_the_floor_with_its_value(value: int, fires: bool) -> None:
    assert NEW.judge(facts(UsageSums(1, value), UsageSums())).fires is fires


def test_a_new_item_is_judged_by_each_measure() -> None:
    judged = facts(UsageSums(4, 500_000), UsageSums())
    assert (NEW.judge(judged).fires, NEW_QUANTITY.judge(judged).fires) == (True, False)


def test_an_item_with_a_base_is_not_new() -> None:
    assert not NEW.judge(facts(UsageSums(100, 900_000), UsageSums(1, 1))).fires


def test_nothing_used_is_nothing_new_even_without_a_floor() -> None:
    low = NewItem(replace(row("new-item"), floor_fen=0), Measure.AMOUNT)
    assert not low.judge(facts(UsageSums(), UsageSums())).fires


def test_the_year_on_year_rule_reads_the_same_month_a_year_before() -> None:
    figures = Figures(
        value=240_000,
        base_month=Month(202106),
        base_value=200_000,
        change_percent=Decimal("20.00"),
    )
    assert YEAR.judge(facts(UsageSums(10, 240_000), UsageSums(10, 240_000), UsageSums(10, 200_000))) == Judgement(
        True, figures
    )


def test_a_percentage_that_is_no_whole_number_is_compared_exactly() -> None:
    third = Growth(
        replace(row("growth-month-on-month"), threshold_percent=Decimal("33.3"), floor_quantity=0), Measure.QUANTITY
    )
    judged = [third.judge(facts(UsageSums(each, 0), UsageSums(1000, 0))).fires for each in (1332, 1333)]
    assert judged == [False, True]


MEAN = Growth(replace(row("growth-month-on-month"), base=RuleBase.THREE_MONTHS), Measure.QUANTITY)


@pytest.mark.parametrize(("value", "fires"), [(11, False), (12, True), (13, True)])
def test_a_mean_of_three_months_is_compared_exactly(value: int, fires: bool) -> None:
    # (9 + 10 + 11) / 3 = 10; a rise of a fifth is 12.
    judged = Facts(CELL, WATCHED, {back: UsageSums(units) for back, units in enumerate((value, 9, 10, 11))})
    assert (MEAN.judge(judged).fires, MEAN.judge(judged).figures.base_value) == (fires, 10)


def test_a_mean_with_a_month_before_the_records_is_unknown() -> None:
    judged = Facts(CELL, WATCHED, {0: UsageSums(99), 1: UsageSums(9), 2: UsageSums(9), 3: None})
    assert MEAN.judge(judged) == Judgement(False, Figures(99))


@pytest.mark.parametrize(
    ("value", "base", "printed"),
    [(3, 2, "50.00"), (2, 3, "-33.33"), (100_005, 100_000, "0.01"), (99_995, 100_000, "-0.01"), (0, 5, "-100.00")],
)
def test_the_change_has_two_digits_and_halves_go_away_from_zero(value: int, base: int, printed: str) -> None:
    assert str(change_percent(value, base)) == printed
