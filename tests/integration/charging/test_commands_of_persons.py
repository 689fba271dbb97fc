"""What persons command is carried out once, by the lane of the scan, in the books and in their twin."""

import pytest

from models.charging.commands import CommandKind
from models.ids import made_id
from sinks.ports.batch import LaneMovedError
from sinks.postgres.charging.commands import CommandBooks
from tests.support.builders import DI, NOON, gs1, item, scan, scan_id
from tests.support.ward import MemoryStore, PostgresStore, Store, Ward, usual, verdicts

FIRST, SECOND = f"]C101{DI}", "]C11727123110L121S1".replace("10L1", "10L1\x1d")
HELD_HALF = ("held", ("half-label",))
HELD_REST = ("held", ("half-label", "no-device-identifier"))


@pytest.fixture
async def ward(store: Store) -> Ward:
    ward = await Ward(store).open(*usual())
    whole = gs1(DI, expiry="271231", lot="L1", serial="S1")
    await ward.scan(scan(1, action="receive", codes=[whole], encounter=None, device_id="gate"))
    return ward


async def undo(store: Store, number: int, reason: str = "wrong label") -> None:
    if isinstance(store, MemoryStore):
        store.memory.command(CommandKind.UNDO_PAIR, "H1", scan_id(number), "wang", reason, NOON)
        return
    assert isinstance(store, PostgresStore)
    assert await CommandBooks(store.pool).accept(CommandKind.UNDO_PAIR, "H1", scan_id(number), "wang", reason)


async def outcomes(store: Store) -> list[tuple[int, bool, str]]:
    if isinstance(store, MemoryStore):
        return [(each.seq, each.done, each.detail) for each in store.memory.carried.get(0, [])]
    assert isinstance(store, PostgresStore)
    rows = await store.pool.fetch("SELECT seq, done, detail FROM report.commands WHERE done IS NOT NULL ORDER BY seq")
    return [tuple(row) for row in rows]


async def now(ward: Ward) -> dict[str, tuple[str, tuple[str, ...]]]:
    return verdicts(await ward.account())


ORDERS = pytest.mark.parametrize("codes", [(FIRST, SECOND), (SECOND, FIRST)], ids=["identifier first", "rest first"])


@ORDERS
@pytest.mark.parametrize("asked", [2, 3])
async def test_an_undone_pair_leaves_nothing(ward: Ward, store: Store, codes: tuple[str, str], asked: int) -> None:
    await ward.learn(item(owner="supplier", supplier="S1", cost=[{"cost": "900.00", "from": None, "to": None}]))
    whole = {"codes": [gs1(DI, expiry="271231", lot="L1", serial="S1")], "encounter": None, "device_id": "gate"}
    await ward.scan(scan(8, action="send-back", **whole), scan(9, action="receive", **whole))
    await ward.scan(scan(2, codes=[codes[0]]), scan(3, codes=[codes[1]]))
    before = await ward.account()
    assert len(before.charges) == 1

    await undo(store, asked)
    await ward.sweep()

    after = await ward.account()
    number = 2 if codes[0] == FIRST else 3
    assert (await now(ward))[str(scan_id(number))] == HELD_HALF
    assert (await now(ward))[str(scan_id(5 - number))] == HELD_REST
    assert sorted((row[1], row[9], row[12]) for row in after.charges) == [
        ("charge", 1, "1234.00"),
        ("credit", 1, "1234.00"),
    ]
    assert {row[7]: (row[3], row[5]) for row in after.settlement} == {
        "payable": (1, "900.00"),
        "reversal": (1, "900.00"),
    }
    assert after.usage == ()
    assert after.units_in_use == ()
    assert [(row[3], row[-1]) for row in after.stock if row[-1]] == [("S1", 1)]
    assert {row[1:3] for row in after.moves if row[0] == str(scan_id(number))} == {
        ("OR-2", "patient"),
        ("patient", "OR-2"),
    }
    assert await outcomes(store) == [(1, True, "credited, held, held")]


@ORDERS
async def test_the_books_and_the_twin_publish_the_same(ward: Ward, store: Store, codes: tuple[str, str]) -> None:
    await ward.scan(scan(2, codes=[codes[0]]), scan(3, codes=[codes[1]]))
    await undo(store, 2)
    await ward.sweep()

    billing = (await ward.account()).published["billing", 0]

    number = 2 if codes[0] == FIRST else 3
    assert [each.id for each in billing] == [
        str(made_id("billing", "H1", scan_id(number), 0, "charge")),
        str(made_id("billing", "H1", scan_id(number), 1, "credit")),
    ]


async def test_a_pair_is_undone_once(ward: Ward, store: Store) -> None:
    await ward.scan(scan(2, codes=[FIRST]), scan(3, codes=[SECOND]))
    await undo(store, 2)
    await undo(store, 3)
    await ward.sweep()

    assert [(seq, done) for seq, done, _ in await outcomes(store)] == [(1, True), (2, False)]
    assert len((await ward.account()).charges) == 2


@pytest.mark.parametrize("number", [1, 4])
async def test_what_is_no_pair_is_not_undone(ward: Ward, store: Store, number: int) -> None:
    await ward.scan(scan(4))
    before = await ward.account()

    await undo(store, number)
    await ward.sweep()

    assert [done for _, done, _ in await outcomes(store)] == [False]
    assert (await ward.account()).charges == before.charges


async def test_a_pair_of_which_something_was_returned_is_not_undone(ward: Ward, store: Store) -> None:
    await ward.scan(scan(2, codes=[FIRST]), scan(3, codes=[SECOND]))
    whole = gs1(DI, expiry="271231", lot="L1", serial="S1")
    await ward.scan(scan(4, action="return", codes=[whole], corrects=str(scan_id(2))))

    await undo(store, 2)
    await ward.sweep()

    assert await outcomes(store) == [(1, False, "Expected a use of which nothing was returned, got 1 returned.")]


async def test_a_half_billed_again_gets_a_new_entry(ward: Ward, store: Store) -> None:
    await ward.scan(scan(2, codes=[FIRST]), scan(3, codes=[SECOND]))
    await undo(store, 2)
    await ward.sweep()

    await ward.learn(item(tracking="none"))
    await ward.sweep()

    account = await ward.account()
    assert (await now(ward))[str(scan_id(2))] == ("billed", ("stock-negative",))
    assert sorted(row[1] for row in account.charges) == ["charge", "charge", "credit"]
    assert len({row[0] for row in account.charges}) == 3
    assert [row[-1] for row in account.left] == [0]


async def test_the_freed_unit_can_be_used_by_another_scan(ward: Ward, store: Store) -> None:
    await ward.scan(scan(2, codes=[FIRST]), scan(3, codes=[SECOND]))
    whole = gs1(DI, expiry="271231", lot="L1", serial="S1")
    await ward.scan(scan(200, codes=[whole]))
    assert (await now(ward))[str(scan_id(200))] == ("held", ("serial-used",))

    await undo(store, 2)
    await ward.sweep()

    assert (await now(ward))[str(scan_id(200))] == ("billed", ())


async def test_a_zombie_carries_out_nothing(ward: Ward, store: Store) -> None:
    await ward.scan(scan(2, codes=[FIRST]), scan(3, codes=[SECOND]))
    zombie = ward.lanes[0]
    await ward.restart()
    await undo(store, 2)
    await ward.sweep()
    await undo(store, 2)

    with pytest.raises(LaneMovedError):
        await zombie.sweep()

    assert len((await ward.account()).charges) == 2
