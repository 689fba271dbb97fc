from datetime import UTC, datetime
from itertools import product
from pathlib import Path

import pytest

from models.monitoring.review import TRANSITIONS, Effect, ReviewEntry, ReviewRefusal, ReviewState, Step
from rules.monitoring.reviewing import after, change_percent_x100, expected_fen, state_of

PAGE = (Path(__file__).parents[4] / "docs" / "reviews.md").read_text(encoding="utf-8")
AT = datetime(2022, 7, 1, tzinfo=UTC)


def entry(step: Step, state: ReviewState, n: int = 1) -> ReviewEntry:
    return ReviewEntry(n, AT, "li", step, state, "text")


@pytest.mark.parametrize(("state", "step"), list(product(ReviewState, Step)))
def test_every_step_from_every_state_leads_where_the_table_says_or_nowhere(state: ReviewState, step: Step) -> None:
    before = [] if state is ReviewState.NEW else [entry(Step.WARN, state)]
    expected = TRANSITIONS.get((state, step), ReviewRefusal.NOT_NOW)
    assert state_of(before) is state
    assert after(before, step) is expected


def test_a_receipt_needs_a_warning() -> None:
    talked = [entry(Step.TALK, ReviewState.ACTED)]
    assert after(talked, Step.RECEIPT) is ReviewRefusal.NO_WARNING
    assert after([*talked, entry(Step.WARN, ReviewState.ACTED, 2)], Step.RECEIPT) is ReviewState.ACTED


def test_no_intervention_comes_before_an_opinion_and_none_after_the_close() -> None:
    for step in (Step.TALK, Step.WARN, Step.BREAK, Step.RESELECT):
        allowed = {state for state in ReviewState if (state, step) in TRANSITIONS}
        assert allowed == {ReviewState.REVIEWED, ReviewState.ACTED}


def test_the_page_has_every_row_of_the_table() -> None:
    rows = [line for line in PAGE.splitlines() if line.startswith("| `") and line.count("|") == 4]
    assert rows == [f"| `{state}` | `{step}` | `{to}` |" for (state, step), to in TRANSITIONS.items()]


def test_what_would_be_used_had_it_gone_as_elsewhere() -> None:
    effect = Effect(1000, 600, 2000, 2200, 3, 3, "2022-06", ())
    assert (expected_fen(effect), change_percent_x100(1000, 600), change_percent_x100(0, 5)) == (1100, -4000, None)
    assert expected_fen(effect._replace(elsewhere_before_fen=0)) is None
