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
C = [gs1(DI, expiry="271231", lot="C")]
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


async def test_a_use_that_was_of_the_others_lot_is_owed_to_him_and_goes_back_as_his(ward: Ward, store: Store) -> None:
    await ward.scan(scan(10, codes=B, quantity=3), scan(11, codes=B, quantity=2))
    said = {"action": "identify", "encounter": None}
    await ward.scan(scan(12, codes=A, quantity=3, corrects=str(scan_id(10)), **said), lane=1)
    await ward.sweep()
    assert await owed(ward) == {"KS": 3, "KS2": 2}
    assert [(row[1], row[3], row[7]) for row in (await ward.account()).settlement if row[1] == "KS"] == [
        ("KS", 3, "payable")
    ]

    await ward.scan(scan(13, codes=A, action="return", corrects=str(scan_id(10))))
    await ward.scan(scan(14, codes=[gs1(DI, lot="C")], quantity=2, corrects=str(scan_id(11)), **said))
    await ward.sweep()

    assert await owed(ward) == {"KS": 2, "KS2": 2}
    expected = {("KS", "A", "", 8), ("KS", "A", "U1", 1), ("KS2", "B", "", 10), ("KS2", "C", "", -2)}
    assert {(*key[1:], units) for key, units in (await lies(ward)).items()} == expected
    await verified(store)


async def test_a_use_that_is_said_twice_to_be_of_another_lot_may_be_taken_back(ward: Ward, store: Store) -> None:
    """From one to the other, to the hospital, and back; in the end it was no use."""
    await ward.learn(owned("KS2", "hospital"))
    await ward.scan(receive(9, C, 5))
    await ward.scan(scan(10, codes=B, quantity=3))
    for number, codes, expected in (
        (11, A, {"KS": 3, "KS2": 0}),
        (12, C, {"KS": 0, "KS2": 0}),
        (13, B, {"KS": 0, "KS2": 3}),
    ):
        about = {"action": "identify", "encounter": None, "quantity": 3, "corrects": str(scan_id(10))}
        await ward.scan(scan(number, codes=codes, **about))
        await ward.sweep()
        assert await owed(ward) == expected
    await ward.scan(scan(14, codes=C, quantity=3, action="identify", encounter=None, corrects=str(scan_id(10))))
    await ward.sweep()
    await store.command(CommandKind.REJECT, 10)
    await ward.sweep()

    assert await owed(ward) == {"KS": 0, "KS2": 0}
    lie = await lies(ward)
    assert (lie["OR-2", "KS", "A", ""], lie["OR-2", "KS2", "B", ""], lie["OR-2", "hospital", "C", ""]) == (10, 10, 5)
    await verified(store)


async def test_half_of_an_undone_pair_that_is_freed_moves_what_lies_there_then(ward: Ward, store: Store) -> None:
    whole = gs1(DI, expiry="271231", lot="D")
    await ward.scan(receive(9, [whole], 1), scan(10, codes=[gs1(DI)]), scan(11, codes=[whole.replace(f"01{DI}", "")]))
    assert await owed(ward) == {"KS2": 1}
    await store.command(CommandKind.UNDO_PAIR, 10)
    await ward.sweep()
    await ward.learn(owned("KS3"))
    await ward.scan(scan(12, action="receive", item_code="SCREW", encounter=None))
    await ward.learn(owned("KS3") | {"tracking": "none"})
    await ward.sweep()
    assert await owed(ward) == {"KS2": 0, "KS3": 1}

    await store.command(CommandKind.REJECT, 10)
    await ward.sweep()

    assert await owed(ward) == {"KS2": 0, "KS3": 0}
    assert (await lies(ward))["OR-2", "KS3", "", ""] == 1
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
    await ward.scan(receive(904, B, 5), scan(905, codes=B, encounter="KEPT"))
    said = {"action": "identify", "encounter": None, "corrects": str(scan_id(905))}
    await ward.scan(scan(906, codes=A, **said))
    await ward.sweep()
    (line,) = (await house.json("statement", "KS2", "2022-07"))["lines"]
    assert [line[name] for name in ("used", "returned", "quantity", "amount")] == [1, 1, 0, "0.00"]
    case = await house.json("case", "KEPT")
    assert (case["gaps"], case["tied"]) == ([], {"stock_out": True, "charges": True, "settlement": True})
    assert case["ledgers"]["settlement"] == {"units": 5, "amount": "25.00"}
