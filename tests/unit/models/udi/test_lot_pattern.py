from collections.abc import Iterable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from models.udi.lot_pattern import CONFIRMED_MIN, NO_PATTERN, LotPattern, bounded, dump, fits, is_possible, learn, load


def learned(values: Iterable[str | None]) -> LotPattern:
    pattern = NO_PATTERN
    for value in values:
        pattern = learn(pattern, value)
    return pattern


def test_nothing_fits_before_enough_is_confirmed() -> None:
    lots = [f"L{number:05d}" for number in range(CONFIRMED_MIN)]

    assert not fits(learned(lots[:-1]), "L99999")
    assert fits(learned(lots), "L99999")


@pytest.mark.parametrize("value", ["L9999", "L999999", "LL9999", "99999A", "L9999a", "L-9999", None])
def test_another_pattern_does_not_fit(value: str | None) -> None:
    assert not fits(learned(f"L{number:05d}" for number in range(20)), value)


def test_a_letter_that_never_changed_is_part_of_the_pattern_and_a_digit_is_not() -> None:
    pattern = learned(f"L26{number:03d}" for number in range(20))

    assert fits(pattern, "L27001")
    assert not fits(pattern, "M26001")


def test_values_drawn_from_one_alphabet_fit_in_every_place() -> None:
    pattern = learned(["A1B2", "1A2B", "AB12", "12AB", "A12B", "1AB2", "B1A2", "2B1A"])

    assert fits(pattern, "ZZZZ")


def test_absence_is_learned_too() -> None:
    assert fits(learned([None] * CONFIRMED_MIN), None)
    assert not fits(learned([None] * CONFIRMED_MIN), "A1")
    assert not fits(learned([f"A{number}" for number in range(10)]), None)


@pytest.mark.parametrize(
    ("value", "possible"),
    [("1234567", True), ("123456789", True), ("123456", False), ("1234567A", False), (None, False)],
)
def test_possible_is_wider_than_fitting(value: str | None, possible: bool) -> None:
    assert is_possible(learned(f"{number:08d}" for number in range(20)), value) is possible


def test_a_serial_stays_possible_until_its_absence_is_confirmed() -> None:
    assert is_possible(NO_PATTERN, "S1")
    assert is_possible(learned([None]), "S1")
    assert not is_possible(learned([None] * CONFIRMED_MIN), "S1")


@given(st.lists(st.none() | st.text("AB19-a", min_size=1, max_size=20), max_size=30))
def test_a_pattern_survives_its_text(values: list[str | None]) -> None:
    pattern = learned(values)

    assert load(dump(pattern)) == pattern
    assert load(dump(learn(learn(pattern, "A", dated=True), "B", dated=False))).undated == 1


@pytest.mark.parametrize(
    ("labels", "always"),
    [
        ([(True, False)] * 3, True),
        ([(True, False)] * 2, False),
        ([(True, True)] * 3, True),
        ([(True, False)] * 3 + [(False, True)], True),
        ([(True, False)] * 3 + [(False, False)], False),
        ([(None, False)] * 3, False),
    ],
)
def test_an_expiry_on_every_label_is_learned_from_those_that_say_so_for_certain(
    labels: list[tuple[bool | None, bool]], always: bool
) -> None:
    pattern = LotPattern()
    for dated, doubted in labels:
        pattern = learn(pattern, "L1", doubted=doubted, dated=dated)

    assert pattern.always_dated is always
    assert bounded(pattern).always_dated is always


@given(st.lists(st.text("AB19-a", min_size=1, max_size=20), min_size=CONFIRMED_MIN, max_size=30))
def test_what_was_learned_often_enough_fits(values: list[str]) -> None:
    pattern = learned(values)

    assert all(fits(pattern, value) for value in values if sum(len(other) == len(value) for other in values) > 2)
    assert all(is_possible(pattern, value) for value in values)


@given(st.permutations(["A1", "A2", None, "B-3", "C44"]))
def test_the_order_of_learning_does_not_matter(values: list[str | None]) -> None:
    assert learned(values) == learned(["A1", "A2", None, "B-3", "C44"])


def test_what_is_no_lot_teaches_nothing() -> None:
    assert learn(None, "A" * 21) == NO_PATTERN
    assert learn(None, "") == NO_PATTERN


@pytest.mark.parametrize(
    "text",
    [
        "",
        "[]",
        "{}",
        '{"v":2,"absent":0,"lengths":[]}',
        '{"v":1,"absent":0,"lengths":[[2,1,[1],"A"]]}',
        '{"v":1,"lengths":[]}',
    ],
)
def test_another_version_or_no_pattern_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="Expected"):
        load(text)
