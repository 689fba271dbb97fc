"""Goods whose cost has parts of a fen: an invoice may round each use, or quantity x cost once; as people run it."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from streams.embedded.broker import EmbeddedBroker
from tests.integration.stock.invoices.test_late_costs import KNIFE, knife
from tests.integration.stock.test_statements import invoiced
from tests.support.builders import encounter, scan
from tests.support.installed import Installed, installed

USES = 7
"""Of one unit at 7.7777: 7 x 7.78 = 54.46 is owed; 7 x 7.7777 = 54.4439."""


@pytest.fixture
async def house(told: str, embedded_broker: EmbeddedBroker) -> AsyncIterator[Installed]:
    async with installed(told, embedded_broker) as made:
        await made.ward.learn(knife(cost=[{"cost": "7.7777"}]), encounter(encounter="E7"))
        await made.ward.scan(*(scan(300 + n, codes=KNIFE, encounter="E7") for n in range(USES)))
        yield made


@pytest.mark.parametrize(("amount", "exit_code"), [("54.46", 0), ("54.44", 0), ("54.48", 1), ("54.42", 1)])
async def test_both_ways_to_round_match_and_no_other_amount(
    house: Installed, tmp_path: Path, amount: str, exit_code: int
) -> None:
    status, said = await invoiced(house, tmp_path, f"H1,S7,2022-07,F1,KNIFE,7,7.7777,{amount}")

    [line] = said["statements"][0]["lines"]
    assert (status, said["bad"], line["amount"]) == (exit_code, [], "54.46")
    reason = f"amount: 54.46 stated, {amount} invoiced" if exit_code else None
    assert (line["status"], line["reason"]) == ("mismatched" if exit_code else "matched", reason)


async def test_what_no_rounding_explains_is_a_bad_row(house: Installed, tmp_path: Path) -> None:
    status, said = await invoiced(house, tmp_path, "H1,S7,2022-07,F1,KNIFE,7,7.7777,54.50")

    reason = "expected 7 x 7.7777 = 54.44, got 54.50"
    assert (status, said["statements"], said["bad"]) == (1, [], [{"row": 2, "column": "amount", "reason": reason}])
