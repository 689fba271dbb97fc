"""Two hospitals with one number: a note or a set of one is no part of the other's, and lists say whose a row is."""

from typing import Any

import pytest

from streams.embedded.broker import EmbeddedBroker
from tests.support.builders import DI, encounter, gs1, item, scan
from tests.support.installed import installed

HOUSES = ("H1", "H2")


def scans(hospital: str, first: int) -> list[dict[str, Any]]:
    """A receipt under a note, one into a set, a use that finds nothing, and a unit moved from where it is not."""
    moved: dict[str, Any] = {"hospital": hospital, "action": "receive", "encounter": None}
    unit: dict[str, Any] = {"codes": [gs1(DI, lot="L7", serial="S7")]}
    return [
        scan(first, **moved, quantity=5, document="N1"), scan(first + 1, **moved, document="SET1", place="set"),
        scan(first + 2, hospital=hospital, store="OR-9"), scan(first + 3, **moved, **unit),
        scan(first + 4, **moved | {"action": "transfer", "store": "OR-5", "to_store": "OR-6"}, **unit),
    ]  # fmt: skip


@pytest.mark.parametrize(("command", "named", "what"), [
    ("receiving", "N1", "a delivery note named N1"), ("sets", "SET1", "a supplier's set named SET1"),
])  # fmt: skip
async def test_one_number_in_two_hospitals(
    told: str, embedded_broker: EmbeddedBroker, command: str, named: str, what: str
) -> None:
    async with installed(told, embedded_broker) as house:
        await house.ward.scan(*scans("H1", 900))
        assert named in (await house.udi(command, named)).stdout
        uses = (await house.udi("stock", "--uses")).stdout
        assert ("OR-9" in uses, "H1" in uses) == (True, False)
        await house.ward.learn(item(hospital="H2"), encounter(hospital="H2"))
        await house.ward.scan(*scans("H2", 950))

        asked = await house.udi(command, named)
        assert (asked.exit_code, f"Expected --hospital: H1, H2 have {what}." in asked.output) == (2, True)
        chinese = await house.udi("--lang", "zh-CN", command, named)
        assert "需要 --hospital：H1, H2" in chinese.output
        for each in HOUSES:
            one = await house.udi(command, named, "--hospital", each)
            assert one.exit_code != 2
            assert named in one.stdout
        options = ("--uses", "--packs", "--elsewhere", "--moves")
        for listed in ((command,), *(("stock", option) for option in options)):
            shown = (await house.udi(*listed)).stdout
            assert "hospital" in shown, listed
            assert all(each in shown for each in HOUSES), listed
        locked: dict[str, Any] = {"action": "quarantine", "encounter": None}
        await house.ward.scan(*(scan(980 + n, hospital=each, **locked) for n, each in enumerate(HOUSES)))
        shown = (await house.udi("stock")).stdout
        assert all(each in shown for each in (*HOUSES, "hospital", "quarantine/OR-2"))
        chinese = await house.udi("--lang", "zh-CN", "stock")
        assert ("隔离区/OR-2" in chinese.stdout, "quarantine" in chinese.stdout) == (True, False)
