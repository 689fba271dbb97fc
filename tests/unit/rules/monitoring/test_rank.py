from models.monitoring.alert import Figures, Judgement, Measure, Standing, UsageSums
from rules.monitoring.kinds.rank import TopRank
from tests.unit.rules.monitoring.cases import TOP, facts, row

RULE = TopRank(row("top-three-three-months"), Measure.QUANTITY)


def test_the_rank_is_one_more_than_the_items_strictly_above() -> None:
    values = {"A": 9, "B": 8, "C": 7, "D": 6}
    assert RULE.standings(values, {}) == {
        "A": Standing(1, 1),
        "B": Standing(2, 1),
        "C": Standing(3, 1),
        "D": Standing(4, 0),
    }


def test_ties_share_a_rank_and_ties_at_third_place_all_count() -> None:
    values = {"A": 9, "B": 8, "C": 7, "D": 7, "E": 6}
    assert RULE.standings(values, {}) == {
        "A": Standing(1, 1),
        "B": Standing(2, 1),
        "C": Standing(3, 1),
        "D": Standing(3, 1),
        "E": Standing(5, 0),
    }


def test_a_tie_at_first_place_leaves_room_for_one_more() -> None:
    values = {"A": 9, "B": 9, "C": 8, "D": 7}
    assert {item: standing.rank for item, standing in RULE.standings(values, {}).items()} == {
        "A": 1,
        "B": 1,
        "C": 3,
        "D": 4,
    }


def test_an_item_without_use_has_no_rank() -> None:
    assert RULE.standings({"A": 1, "B": 0, "C": -1}, {}) == {"A": Standing(1, 1)}


def test_a_run_goes_on_from_the_month_before_whatever_the_place_within_the_top() -> None:
    before = {"A": Standing(3, 4), "B": Standing(4, 0)}
    assert RULE.standings({"A": 9, "B": 8}, before) == {"A": Standing(1, 5), "B": Standing(2, 1)}


def test_a_month_without_use_or_below_the_top_ends_the_run() -> None:
    before = dict.fromkeys("ABCDE", Standing(1, 7))
    now = RULE.standings({"A": 9, "B": 8, "C": 7, "D": 6, "E": 0}, before)
    assert (now["D"], "E" in now) == (Standing(4, 0), False)
    assert RULE.standings({"D": 1, "E": 1}, now) == {"D": Standing(1, 1), "E": Standing(1, 1)}


def test_when_an_earlier_month_changes_the_ranks_stay_and_the_runs_follow() -> None:
    tops = {"A": Standing(1, 3), "B": Standing(2, 3)}
    assert RULE.continued(tops, {"B": Standing(3, 9)}) == {"A": Standing(1, 1), "B": Standing(2, 10)}


def test_a_run_of_three_months_fires_and_so_does_every_longer_one() -> None:
    judged = [RULE.judge(facts(UsageSums(9, 1), standings={TOP: Standing(2, run)})) for run in (2, 3, 14)]
    assert judged == [Judgement(run >= 3, Figures(9, rank=2, months_in_a_row=run)) for run in (2, 3, 14)]


def test_an_item_without_a_standing_does_not_fire() -> None:
    assert RULE.judge(facts(UsageSums())) == Judgement(False, Figures(0, rank=None, months_in_a_row=0))
