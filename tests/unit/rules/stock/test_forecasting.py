"""Forecasts of what stores use: the method against a library, the bounds on either side, what is left out."""

import doctest
import json
from datetime import date
from decimal import Decimal
from pathlib import Path

import numpy as np
import pytest

from models.stock.demand import Bounds, Forecast, StoreDemand
from rules.stock import forecasting
from rules.stock.forecasting import (
    Moments,
    Past,
    bounds_of,
    forecasts_of,
    judge_past,
    moments_of,
    net_weeks,
)

DAY = date(2022, 6, 3)


def demand(*weeks: int, lead_days: int | None = None) -> StoreDemand:
    return StoreDemand("H1", "OR-2", "SCREW", lead_days, None, date(2022, 6, 1), weeks)


def test_worked_examples_hold() -> None:
    assert doctest.testmod(forecasting).failed == 0


@pytest.mark.parametrize(
    ("weeks", "net"),
    [
        ([], []), ([3, -3], [0, 0]), ([3, -4], [0, 0]), ([3, -4, 5], [0, 0, 5]), ([-2, 5], [0, 5]),
        ([4, 0, -3, -1, 2], [0, 0, 0, 0, 2]), ([4, 1, -3, 2], [2, 0, 0, 2]),
    ],
)  # fmt: skip
def test_what_came_back_is_taken_from_the_weeks_before(weeks: list[int], net: list[int]) -> None:
    assert net_weeks(weeks) == net


def test_the_mean_is_that_of_the_library() -> None:
    """`oracle_tsb.json` says which library has made it, of which series."""
    oracle = json.loads((Path(__file__).parent / "oracle_tsb.json").read_text(encoding="utf-8"))
    assert len(oracle["series"]) >= 20
    for each in oracle["series"]:
        assert moments_of(each["weeks"], 7).mean == pytest.approx(each["tsb"], rel=1e-6)


def test_of_use_in_every_week_a_short_history_is_its_weighted_mean() -> None:
    """Weights 1, 0.9 and 0.81 from the newest on."""
    assert moments_of([4, 7, 10], 7).mean == pytest.approx((10 + 0.9 * 7 + 0.81 * 4) / 2.71)


def test_a_week_of_clumped_use_has_the_variance_of_its_chance_and_its_size() -> None:
    """Half of all weeks 6 units: p = 0.5, z = 6, v = 0, so V = 0.5 · 0.5 · 36 = 9, and what the estimate is off by."""
    weeks = [0, 6] * 500
    found = moments_of(weeks, 7)
    chance = found.mean / 6
    assert chance == pytest.approx(0.5, abs=0.03)
    assert found.variance == pytest.approx(chance * (1 - chance) * 36 * (1 + 0.1 / 1.9), rel=1e-6)


def test_the_forecast_falls_when_nobody_uses_it_any_more() -> None:
    used, idle = [5] * 26, [0] * 26
    assert moments_of(used, 14).mean == pytest.approx(10)
    assert moments_of(used + idle, 14).mean == pytest.approx(10 * 0.9**26 * (1 - 0.9**26) / (1 - 0.9**52))


@pytest.mark.parametrize(("days", "weeks"), [(0, 0), (1, 0.2), (4, 0.8), (5, 1), (6, 1), (7, 1), (8, 1.2), (21, 3)])
def test_days_that_are_no_whole_week_count_as_workdays(days: int, weeks: float) -> None:
    assert moments_of([10] * 52, days).mean == pytest.approx(10 * weeks)


@pytest.mark.parametrize(
    ("moments", "level", "low", "high"),
    [
        (Moments(0.0, 0.0), 95, 0, 0),
        # P(Poisson(3) <= 5) = 0.916, P(<= 6) = 0.966; P(<= 0) = 0.0498, P(<= 1) = 0.199.
        (Moments(3.0, 3.0), 95, 1, 6),
        (Moments(3.0, 3.0), 96.7, 0, 7),
        (Moments(3.0, 3.0), 96.6, 0, 6),
        # Negative binomial with n = 1 and p = 0.25, P(X <= k) = 1 - 0.75^(k + 1): 9 is 0.944, 10 is 0.958.
        (Moments(3.0, 12.0), 95, 0, 10),
        (Moments(3.0, 12.0), 94, 0, 9),
    ],
)
def test_bounds_are_the_quantiles_on_either_side(moments: Moments, level: float, low: int, high: int) -> None:
    assert bounds_of([moments], level) == [Bounds(moments.mean, low, high)]


def test_no_item_has_no_bounds() -> None:
    assert bounds_of([], 95) == []


def test_an_item_is_forecast_for_its_lead_time_and_the_days_to_the_next_order() -> None:
    weeks = [7, 0, 14, -7] + [7] * 4
    known, own, short = forecasts_of([demand(*weeks), demand(*weeks, lead_days=0), demand(*weeks[1:])], DAY, 95)
    assert (known.days, own.days) == (14, 7)
    assert (known.weeks, known.weeks_used, known.last_used_on, known.as_of) == (8, 6, date(2022, 6, 1), DAY)
    assert known.weekly is not None
    assert known.forecast == Decimal(f"{2 * float(known.weekly):.1f}")
    assert known.low is not None
    assert known.high is not None
    assert known.low < known.forecast < known.high
    assert short == Forecast("H1", "OR-2", "SCREW", DAY, None, date(2022, 6, 1), 7, 5, None, 14, None, None, None)


def test_the_past_is_judged_by_what_was_known_then() -> None:
    """Eight weeks of nothing but 1, then ten: the forecasts before the jump were short, and what lies beyond counts."""
    weeks = [1] * 10 + [10] * 2
    assert judge_past([demand(*weeks)], 95, 1) == Past(1, 0, -15)
    bounds = bounds_of([moments_of([1] * place, 14) for place in (8, 9, 10)], 95)
    used = [2, 11, 20]
    assert judge_past([demand(*weeks)], 95, 26) == Past(3, 1, sum(each.high for each in bounds) - sum(used))
    assert judge_past([demand(*[0] * 52)], 95, 26) == Past(0, 0, 0)
    assert judge_past([demand(1, 1, 1)], 95, 26) == Past(0, 0, 0)


def test_of_honest_use_as_many_forecasts_were_enough_as_is_wanted() -> None:
    """Counts that do not change: seeded, 200 items, the last 26 weeks of each; at most two points below 95 %."""
    rng = np.random.default_rng(11)
    items = [demand(*rng.poisson(mean, 52).tolist()) for mean in rng.uniform(0.1, 30, 200)]
    past = judge_past(items, 95, 26)
    assert past.judged > 4_000
    assert 0.93 <= past.held / past.judged <= 0.99
