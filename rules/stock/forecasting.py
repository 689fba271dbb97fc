"""How much of an item a store will use: from its weeks, with an interval; slow movers and fast ones by one method.

TSB: the chance that a week has any use, and the size of a week that has, are smoothed apart; the chance in every week,
so that it falls when nothing is used any more. Of an item used in every week the chance is 1, and what is left is
simple exponential smoothing. Weights are those of the smoothing, brought to the sum 1: of a short history the plain
mean, of a long one the recursion of the papers. With chance p, size z and its variance v a week has

    mean  p · z        variance  V = p · v + p · (1 - p) · z², never less than the mean: a count varies by itself

and h weeks have the mean h · p · z and the variance h · V + h² · V · Σw², the second part for what the estimate itself
is off by (Σw²: of the weights over the weeks). The bounds are quantiles of the negative binomial distribution with this
mean and variance, and so whole units. No trend and no season is forecast: after a jump the bounds lag.

References:
    Croston: Forecasting and Stock Control for Intermittent Demands, Operational Research Quarterly 23 (1972) 289-303.
    Teunter, Syntetos, Babai: Intermittent demand: Linking forecasting to inventory obsolescence, European Journal of
    Operational Research 214 (2011) 606-615 (TSB).
    Prak, Teunter, Syntetos: On the calculation of safety stocks when demand is forecasted, European Journal of
    Operational Research 256 (2017) 454-461 (the second part of the variance).
    Syntetos, Lengu, Babai: A note on the demand distributions of spare parts, International Journal of Production
    Research 51 (2013) 6356-6358 (the distribution).
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import date
from decimal import Decimal
from typing import Final

from models.stock.demand import DAYS_A_WEEK, LEAD_DAYS, REVIEW_DAYS, Bounds, Forecast, StoreDemand

SMOOTHING: Final = 0.1
"""Weight of the newest week. The papers try 0.05 to 0.3; ours, by `udi forecast-proof`: with 0.05 steady use takes
three per cent fewer units, but growing use has enough in 87 of 100 orders in place of 92."""
WORKDAYS_A_WEEK: Final = 5
"""Days that are no whole week may all be workdays, on which most is used: five of them count as a week. Ours."""
WEEKS_MIN: Final = 8
"""A shorter history is not carried on. No source: ours."""


@dataclass(frozen=True, slots=True)
class _Smoothed:
    mean: float
    variance: float
    """Without bias; zero while there is one value."""
    squares: float
    """Of the weights, which sum up to 1."""


@dataclass(frozen=True, slots=True)
class Moments:
    """Units that will be used in some days, as a distribution is matched to them."""

    mean: float
    """Expected units, from 0 on."""
    variance: float
    """Never less than the mean."""


@dataclass(frozen=True, slots=True)
class Past:
    """Forecasts that would have been made, beside what was used then."""

    judged: int
    """How many."""
    held: int
    """Of them, those of which `high` was enough."""
    spare: int
    """Units that `high` was above the use, all together; what was used beyond it is taken off."""


def net_weeks(weeks: Sequence[int]) -> list[int]:
    """Weeks of which none is below zero, with the same sum as far as that is above zero.

    What came back in a week in which less was used was used before: it is taken from the newest weeks before.

    >>> net_weeks([5, 3, -4, 2])
    [4, 0, 0, 2]
    """
    owed, kept = 0, []
    for units in reversed(weeks):
        owed += units
        kept.append(max(0, owed))
        owed = min(0, owed)
    return kept[::-1]


def moments_of(weeks: Sequence[int], days: int) -> Moments:
    """What will be used in the next `days`, by whole weeks, oldest first, none below zero.

    Ten units in each of 52 weeks: the mean of a week is 10, its variance that of a count, 10. Σw² is 0.0531, so two
    weeks have the mean 20 and the variance 20 + 4 · 10 · 0.0531.

    >>> ahead = moments_of([10] * 52, 14)
    >>> ahead.mean, round(ahead.variance, 2)
    (20.0, 22.12)

    Three days more may be three workdays of five.

    >>> moments_of([10] * 52, 17).mean
    26.0
    """
    chance, size = _smoothed([float(units > 0) for units in weeks]), _smoothed([units for units in weeks if units > 0])
    mean = chance.mean * size.mean
    variance = max(mean, chance.mean * size.variance + chance.mean * (1 - chance.mean) * size.mean**2)
    ahead = days // DAYS_A_WEEK + min(days % DAYS_A_WEEK / WORKDAYS_A_WEEK, 1)
    return Moments(ahead * mean, ahead * variance * (1 + ahead * chance.squares))


def bounds_of(moments: Sequence[Moments], level_percent: float) -> list[Bounds]:
    """The bounds of each; many at once cost little more than one.

    Args:
        moments: Of `moments_of`.
        level_percent: Above 50 and below 100: in so many of a hundred cases `high` is enough, and in as many `low` is
            not more than what is used.

    >>> bounds_of([Moments(20.0, 22.12), Moments(0.0, 0.0)], 95)
    [Bounds(mean=20.0, low=13, high=28), Bounds(mean=0.0, low=0, high=0)]
    """
    import numpy as np  # noqa: PLC0415 -- with the next one half a second, for who forecasts
    from scipy import stats  # noqa: PLC0415 -- as above

    means = np.array([each.mean for each in moments], dtype=np.float64)
    # Of a distribution that is hardly wider than a count's, the count's is taken: its parameters would be too large.
    spread = np.maximum([each.variance for each in moments], means * (1 + 1e-9)) - means
    wide = spread > means * 1e-6
    shape = np.where(wide, means**2 / np.where(wide, spread, 1), 1)
    share = np.where(wide, means / np.where(wide, spread + means, 1), 0.5)
    found = []
    for level in (100 - level_percent, level_percent):
        counted, clumped = stats.poisson.ppf(level / 100, means), stats.nbinom.ppf(level / 100, shape, share)
        found.append(np.where(wide, clumped, np.where(means > 0, counted, 0)))
    return [Bounds(each.mean, int(low), int(high)) for each, low, high in zip(moments, *found, strict=True)]


def forecasts_of(demand: Sequence[StoreDemand], day: date, level_percent: float) -> list[Forecast]:
    """The forecast of each item for its lead time and the days to the next order, from the weeks before a day."""
    weeks = [net_weeks(each.weeks) for each in demand]
    days = [_days_of(each) for each in demand]
    bounds = bounds_of([moments_of(*each) for each in zip(weeks, days, strict=True)], level_percent)
    return [_forecast(*each, day) for each in zip(demand, weeks, days, bounds, strict=True)]


def _forecast(demand: StoreDemand, weeks: Sequence[int], days: int, bounds: Bounds, day: date) -> Forecast:
    told = Forecast(
        demand.hospital, demand.store, demand.item_code, day, demand.first_came_on, demand.last_used_on, len(weeks),
        sum(units > 0 for units in weeks), Decimal(f"{moments_of(weeks, DAYS_A_WEEK).mean:.3f}"), days,
        Decimal(f"{bounds.mean:.1f}"), bounds.low, bounds.high,
    )  # fmt: skip
    return told if len(weeks) >= WEEKS_MIN else replace(told, weekly=None, forecast=None, low=None, high=None)


def judge_past(demand: Sequence[StoreDemand], level_percent: float, judged_weeks: int) -> Past:
    """How often the forecasts that would have been made in the last weeks were enough.

    Each is made from the weeks before it alone; its days are rounded up to whole weeks, for it as for the use. Where
    nothing was forecast and nothing used, there was nothing to judge.
    """
    horizons = [each for one in demand for each in _past_horizons(one, judged_weeks)]
    bounds = bounds_of([moments for moments, _ in horizons], level_percent)
    told = [(each.high, used) for each, (_, used) in zip(bounds, horizons, strict=True) if each.high or used]
    return Past(len(told), sum(used <= high for high, used in told), sum(high - used for high, used in told))


def _past_horizons(demand: StoreDemand, judged_weeks: int) -> Iterator[tuple[Moments, int]]:
    weeks = net_weeks(demand.weeks)
    ahead = -(-_days_of(demand) // DAYS_A_WEEK)
    last = len(weeks) - ahead
    for place in range(max(WEEKS_MIN, last + 1 - judged_weeks), last + 1):
        yield moments_of(weeks[:place], ahead * DAYS_A_WEEK), sum(weeks[place : place + ahead])


def _days_of(demand: StoreDemand) -> int:
    return (LEAD_DAYS if demand.lead_days is None else demand.lead_days) + REVIEW_DAYS


def _smoothed(values: Sequence[float]) -> _Smoothed:
    """Weights fade from the newest to the oldest; that they sum up to 1 makes a short history its plain mean."""
    total = mean = squared = squares = 0.0
    for value in values:
        total = total * (1 - SMOOTHING) + 1
        squares = squares * (1 - SMOOTHING) ** 2 + 1
        before, mean = mean, mean + (value - mean) / total
        squared = squared * (1 - SMOOTHING) + (value - before) * (value - mean)
    if not values:
        return _Smoothed(0.0, 0.0, 0.0)
    share = squares / total**2
    return _Smoothed(mean, squared / total / (1 - share) if len(values) > 1 else 0.0, share)
