"""Stores that order by forecast have enough as often as is wanted, for not many more units than are needed."""

from dataclasses import replace

from streams.proofs.forecast_proof import KINDS, REACHED_MIN, UNITS_MAX, Judged, Shelf, forecast_proof


def test_every_kind_of_item_is_within_its_bounds_and_takes_fewer_units_than_days_of_use() -> None:
    found = list(forecast_proof(60, seed=1))
    assert [each.kind for each in found] == list(KINDS)
    assert [each.kind.name for each in found if not each.good] == []
    # As often enough by days of recent use takes a quarter more units and up to double.
    assert all(each.days.units > 1.1 * each.forecast.units for each in found)
    assert all(each.days.reached >= each.forecast.reached for each in found)


def test_either_side_of_the_bounds() -> None:
    enough = Shelf(REACHED_MIN, 0.9, 10 * UNITS_MAX)
    judged = Judged(KINDS[0], 1, enough, Shelf(0.95, 0.9, 10), enough)
    assert judged.good
    assert not replace(judged, forecast=replace(enough, reached=REACHED_MIN - 0.001)).good
    assert not replace(judged, forecast=replace(enough, units=10 * UNITS_MAX + 0.1)).good
