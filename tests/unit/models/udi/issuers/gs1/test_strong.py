"""How much a reading of a label without separators rests on."""

import pytest

from models.udi.issuers.gs1.separators import Elements, is_strong, other_readings


@pytest.mark.parametrize(
    ("reading", "known", "strong"),
    [
        ((("10", "LOT"), ("21", "A")), 1, False),
        ((("10", "LOT"), ("21", "AB")), 1, True),
        ((("10", "LOT"), ("17", "261231")), 1, True),
        ((("10", "LOT"), ("21", "A")), 0, True),
        ((("10", "L"), ("21", "A")), 0, False),
        ((("10", "L"),), 1, False),
    ],
)
def test_a_reading_is_strong_by_a_date_or_by_more_than_one_character(
    reading: Elements, known: int, strong: bool
) -> None:
    assert is_strong(reading, known) is strong


@pytest.mark.parametrize(("characters", "readings"), [(20, ((("10", "L" * 20), ("17", "261231")),)), (21, ())])
def test_a_value_in_front_of_a_lost_separator_has_twenty_characters_at_most(
    characters: int, readings: tuple[Elements, ...]
) -> None:
    assert other_readings([], f"10{'L' * characters}17261231") == (True, readings)
