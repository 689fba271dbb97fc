"""What a delivery note may say."""

from typing import Any

import orjson
import pytest

from models.stock.delivery import DeliveryLine
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
