"""What a person may say of a scan that was wrong."""

from typing import Any

import pytest

from models.charging.commands import Correction


@pytest.mark.parametrize(
    "right",
    [
        {"quantity": 1},
        {"encounter": "E2"},
        {"item_code": "NAIL"},
        {"codes": ["]C101"]},
        {"department": "ICU"},
        {"document": "LS-1"},
    ],
)
def test_a_correction_says_one_thing_at_least(right: dict[str, Any]) -> None:
    assert Correction.model_validate(right).model_dump(exclude_none=True) == right


@pytest.mark.parametrize(
    ("said", "expected"),
    [
        ({}, "Expected a quantity, an encounter, an item, codes, a department or a document to correct"),
        ({"codes": ["]C101"], "item_code": "NAIL"}, "Expected either codes or an item"),
        ({"quantity": 0}, "greater than or equal to 1"),
        ({"codes": []}, "at least 1 item"),
        ({"codes": ["]C101"] * 5}, "at most 4 items"),
    ],
)
def test_a_correction_that_says_nothing_or_two_things_is_none(said: dict[str, Any], expected: str) -> None:
    with pytest.raises(ValueError, match=expected):
        Correction.model_validate(said)
