"""What a delivery note may say."""

import json
from typing import Any

import orjson
import pytest

from models.stock.delivery import Delivery, DeliveryLine
from models.wire.strict_json import Refusal, validate


def line(**changes: Any) -> DeliveryLine | Refusal:
    return validate(DeliveryLine, orjson.dumps({"line": "1", "item_code": "SCREW", "packages": 1} | changes))


@pytest.mark.parametrize(("packages", "taken"), [(0, False), (1, True), (1_000_000, True), (1_000_001, False)])
def test_a_line_is_for_one_to_a_million_packages(packages: int, taken: bool) -> None:
    read = line(packages=packages)

    assert (isinstance(read, DeliveryLine) and read.packages == packages) is taken


@pytest.mark.parametrize(
    ("changes", "taken"),
    [
        ({"cost": "0.0001"}, True),
        ({"cost": "0"}, False),
        ({"issuer": "GS1", "di": "06901234567892", "item_code": None}, True),
        ({"issuer": "GS1"}, False),
        ({"di": "06901234567892"}, False),
        ({"item_code": None}, False),
    ],
)
def test_a_line_names_its_goods_and_a_cost_above_zero_or_none(changes: dict[str, Any], taken: bool) -> None:
    assert isinstance(line(**changes), DeliveryLine) is taken


@pytest.mark.parametrize(
    ("said", "read_as"),
    [
        ("1", "1"), (1, "1"), ("01", "01"), (0, "0"), (10**63, "1" + "0" * 63), (10**64, None), (True, None),
        (1.5, None), (1.0, None), (None, None), ("", None),
    ],
)  # fmt: skip
def test_the_number_of_a_line_is_a_text_or_a_whole_number(said: object, read_as: str | None) -> None:
    read = validate(DeliveryLine, json.dumps({"line": said, "item_code": "SCREW", "packages": 1}).encode())

    assert (read.line if isinstance(read, DeliveryLine) else None) == read_as


def test_a_number_and_the_same_text_are_one_line() -> None:
    lines = [{"line": 1, "item_code": "SCREW", "packages": 1}, {"line": "1", "item_code": "NAIL", "packages": 1}]
    note = {"schema": "udi.delivery/1", "hospital": "H1", "note": "N1", "supplier": "S1", "store": "OR-2"}
    read = validate(Delivery, orjson.dumps(note | {"lines": lines}))

    assert isinstance(read, Refusal)
    assert "Expected every line number once" in read.detail
