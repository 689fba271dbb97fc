"""One window judged, or two compared; what has no place in it is named."""

from dataclasses import replace

import pytest

from models.assessment.indices import LeftOut
from rules.assessment.assessing import Options, assess
from tests.unit.rules.assessment.tables import BENEFIT, COST, hospital, table


def test_department_in_one_window_only_is_in_neither_ranking() -> None:
    later = hospital(1)
    earlier = hospital(2).of(later.departments[:-1])

    found = assess(later, earlier, Options())

    assert LeftOut("D22", None, "after", "only in the window after") in found.left_out
    assert found.before is not None
    assert len(found.judged.standings) == len(found.before.standings) == len(found.changes) == 21


def test_index_in_one_window_only_is_compared_in_none() -> None:
    later = table((1, 9, 4), (2, 5, 5), (4, 1, 6), directions=(BENEFIT, COST, COST))
    earlier = table((1, 8), (2, 5), (4, 2))

    found = assess(later, earlier, Options())

    assert LeftOut(None, "i3", "after", "only in the window after") in found.left_out
    assert [each.name for each in found.judged.table.indices] == ["i1", "i2"]


def test_constant_index_is_named() -> None:
    found = assess(table((1, 9), (2, 9), (4, 9)), None, Options())

    assert [each.index for each in found.left_out] == ["i2"]
    assert [each.rank for each in found.judged.standings] == [3, 2, 1]


def test_reference_keeps_bounds_and_weights_of_the_earlier_window() -> None:
    later, earlier = hospital(1), hospital(2)

    found = assess(later, earlier, Options(reference=True))

    assert found.before is not None
    assert found.judged.weights == found.before.weights
    assert found.judged.bounds == found.before.bounds
    assert all(each is not None and each.weights == 0 for each in found.changes)
    assert found.judged.beyond


def test_by_the_reference_no_department_s_rank_rests_on_another_being_there() -> None:
    later, earlier = hospital(1), hospital(2)
    whole = assess(later, earlier, Options(reference=True))
    base = assess(earlier, None, Options()).judged
    smaller = replace(whole.judged.table).of(later.departments[1:])

    def order(standings: tuple[tuple[str, float | None], ...]) -> list[str]:
        return [name for name, _ in sorted(standings, key=lambda each: -(each[1] or 0)) if name != "D1"]

    from rules.assessment.topsis import topsis

    left = topsis(smaller, [each.weight for each in base.weights], bounds=base.bounds)
    assert order(tuple((each.department, each.closeness) for each in left)) == order(
        tuple((each.department, each.closeness) for each in whole.judged.standings)
    )


def test_table_without_a_department_is_refused() -> None:
    with pytest.raises(ValueError, match="Expected at least one department"):
        assess(table(), None, Options())
    with pytest.raises(ValueError, match="Expected at least one department"):
        assess(hospital(1).of(("D1",)), hospital(2).of(("D2",)), Options())
