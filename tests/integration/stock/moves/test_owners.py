"""An item changes hands while goods of its former owner lie on the shelf: in the books, the twin, and as people see."""

from collections.abc import AsyncIterator
from typing import Any

import pytest

from models.charging.commands import CommandKind
from sinks.postgres.verifying.books import verify_books
from streams.embedded.broker import EmbeddedBroker
from tests.support.builders import DI, encounter, gs1, item, scan, scan_id
from tests.support.installed import Installed, installed
from tests.support.ward import PostgresStore, Store, Ward

A, B = [gs1(DI, expiry="271231", lot="A")], [gs1(DI, expiry="271231", lot="B")]
UNIT = [gs1(DI, expiry="271231", lot="A", serial="U1")]


def owned(supplier: str, owner: str = "supplier") -> dict[str, Any]:
    return item(owner=owner, supplier=supplier, cost=[{"cost": "5.00"}])


def receive(number: int, codes: list[str], quantity: int) -> dict[str, Any]:
    return scan(number, action="receive", codes=codes, quantity=quantity, encounter=None)


@pytest.fixture
async def ward(store: Store) -> Ward:
    """KS has brought ten and a unit, then KS2 ten of his own; the item is his."""
    ward = await Ward(store).open(owned("KS"), encounter())
    await ward.scan(receive(1, A, 10), receive(2, UNIT, 1))
    await ward.learn(owned("KS2"))
    await ward.scan(receive(3, B, 10))
    return ward


async def lies(ward: Ward) -> dict[tuple[str, str, str, str], int]:
    """Units by store, owner, lot and serial."""
    return {(row[1], row[3], row[4], row[5]): row[6] for row in (await ward.account()).stock if row[6]}


async def owed(ward: Ward) -> dict[str, int]:
    """Units by supplier."""
    sums: dict[str, int] = {}
    for row in (await ward.account()).settlement:
        sums[row[1]] = sums.get(row[1], 0) + (-row[3] if row[7] == "reversal" else row[3])
    return sums


async def verified(store: Store) -> None:
    if isinstance(store, PostgresStore):
        async with store.pool.acquire() as connection:
            _, findings = await verify_books(connection)
        assert [finding.name for finding in findings if not finding.ok] == []


async def test_each_is_owed_what_was_used_of_his(ward: Ward, store: Store) -> None:
    await ward.scan(scan(10, codes=A, quantity=3), scan(11, codes=B, quantity=2), scan(12, codes=UNIT))
    await ward.scan(scan(13, codes=A, quantity=1, action="transfer", to_store="OR-3", encounter=None), lane=1)
    await ward.learn(owned("KS2", "hospital"))
    await ward.scan(
        scan(14, codes=A, store="OR-3"), scan(15, action="return", codes=A, corrects=str(scan_id(10))),
        scan(16, codes=B, quantity=8),
    )  # fmt: skip

    assert await lies(ward) == {("OR-2", "KS", "A", ""): 7}
    assert await owed(ward) == {"KS": 4, "KS2": 10}
    assert not [row for row in (await ward.account()).scans if row[3]]
    await verified(store)


async def test_one_batch_takes_no_more_from_an_owner_than_lies_there(ward: Ward) -> None:
    await ward.learn(owned("KS3"))
    await ward.scan(receive(10, A, 4))
    await ward.scan(*(scan(number, codes=A, quantity=2) for number in range(11, 18)))

    assert await lies(ward) == {("OR-2", "KS", "A", "U1"): 1, ("OR-2", "KS2", "B", ""): 10}
    assert await owed(ward) == {"KS3": 4, "KS": 10}


async def test_a_corrected_use_stays_with_the_owner_it_was_taken_from(ward: Ward, store: Store) -> None:
    """Of the lot the new supplier has brought, too, so that his goods would be taken first."""
    await ward.learn(owned("KS"))
    await ward.scan(scan(10, codes=A, quantity=2))
    await ward.learn(owned("KS2"))
    await ward.scan(receive(11, A, 10))
    for number, quantity in ((12, 9), (13, 12)):
        await store.command(CommandKind.CORRECT, number - 1 if number > 12 else 10, {"quantity": quantity})
        await ward.sweep()
        corrects = str(scan_id(number - 1 if number > 12 else 10))
        await ward.scan(scan(number, codes=A, quantity=quantity, corrects=corrects), lane=1)
        assert await owed(ward) == {"KS": quantity}
    assert (await lies(ward))["OR-2", "KS", "A", ""] == -2

    await store.command(CommandKind.CORRECT, 13, {"codes": B})
    await ward.sweep()
    await ward.scan(scan(14, codes=B, quantity=9, corrects=str(scan_id(13))))

    assert await owed(ward) == {"KS": 0, "KS2": 9}
    await verified(store)


# What people see ---------------------------------------------------------------------------------------------------


@pytest.fixture
async def house(told: str, embedded_broker: EmbeddedBroker) -> AsyncIterator[Installed]:
    async with installed(told, embedded_broker) as made:
        yield made


async def test_statements_and_the_proof_of_the_case_tie_when_the_distributor_changes(house: Installed) -> None:
    ward = house.ward
    await ward.learn(owned("KS"), encounter(encounter="KEPT"))
    await ward.scan(receive(900, A, 10), scan(901, codes=A, quantity=2, encounter="KEPT"))
    await ward.learn(owned("KS2"))
    await ward.scan(scan(902, codes=A, quantity=3, encounter="KEPT"))
    await ward.scan(scan(903, codes=A, action="return", encounter="KEPT", corrects=str(scan_id(902))))

    (line,) = (await house.json("statement", "KS", "2022-07"))["lines"]
    assert [line[name] for name in ("used", "returned", "quantity", "amount")] == [5, 1, 4, "20.00"]
    assert (await house.udi("statement", "KS2", "2022-07")).exit_code == 2  # Nothing is owed to him.
    case = await house.json("case", "KEPT")
    assert (case["gaps"], case["tied"]) == ([], {"stock_out": True, "charges": True, "settlement": True})
    assert case["ledgers"]["settlement"] == {"units": 4, "amount": "20.00"}
