"""A scan says of which lot or serial goods really are: they go back as they were and move again, and nothing else."""

from datetime import timedelta
from typing import Any

import pytest

from models.charging.commands import CommandKind
from tests.support.builders import BOX, DI, NOON, TICK, gs1, item, scan, scan_id
from tests.support.ward import Ward, verdicts

OTHER = gs1(DI, expiry="271231", lot="L2")
UNIT, TWIN = (gs1(DI, expiry="271231", lot="L1", serial=serial) for serial in ("S1", "S2"))


def moved(number: int, action: str, **changes: Any) -> dict[str, Any]:
    return scan(number, **{"action": action, "encounter": None} | changes)


def identify(number: int, of: int | None = None, **changes: Any) -> dict[str, Any]:
    named = {"corrects": str(scan_id(of))} if of is not None else {}
    return scan(number, **{"action": "identify", "codes": [OTHER]} | named | changes)


async def stock(ward: Ward) -> dict[tuple[str, str, str], int]:
    return {(place, lot, serial): n for _, place, _, _, lot, serial, n in (await ward.account()).stock if n}


async def now(ward: Ward, number: int) -> tuple[str, tuple[str, ...]]:
    return verdicts(await ward.account())[str(scan_id(number))]


# In the books and in the twin ----------------------------------------------------------------------------------------


async def test_a_use_of_another_lot_moves_that_lot_and_its_charge_stands(ward: Ward) -> None:
    await ward.scan(moved(1, "receive", quantity=5), moved(2, "receive", codes=[OTHER], quantity=5), scan(3))
    before = await ward.account()
    await ward.scan(identify(4, 3), lane=1)
    await ward.sweep()

    after = await ward.account()
    assert await now(ward, 3) == ("billed", ())
    assert await now(ward, 4) == ("recorded", ())
    assert (after.charges, after.usage) == (before.charges, before.usage)
    assert await stock(ward) == {("OR-2", "L1", ""): 5, ("OR-2", "L2", ""): 4}


async def test_a_use_and_what_identifies_it_may_come_in_one_batch_and_the_same_scan_again_changes_nothing(
    ward: Ward,
) -> None:
    await ward.scan(moved(1, "receive", codes=[OTHER]), scan(2), identify(3, 2), identify(3, 2))
    await ward.sweep()
    await ward.scan(identify(4, 2))
    await ward.sweep()

    assert await now(ward, 2) == ("billed", ())
    assert [(await now(ward, number))[0] for number in (3, 4)] == ["recorded"] * 2
    assert await stock(ward) == {}


async def test_part_of_a_scan_is_not_identified_and_all_of_it_is_whatever_was_said_of_parts_before(ward: Ward) -> None:
    third = gs1(DI, expiry="271231", lot="L3")
    await ward.scan(moved(1, "receive", quantity=5), identify(2, 1, quantity=2))
    await ward.scan(identify(3, 1, quantity=3, codes=[third]), lane=1)
    await ward.sweep()
    assert [await now(ward, number) for number in (2, 3)] == [("held", ("other-quantity",))] * 2
    assert await stock(ward) == {("OR-2", "L1", ""): 5}

    await ward.scan(identify(4, 1, quantity=5))
    await ward.sweep()
    assert [(await now(ward, number))[0] for number in (1, 2, 3, 4)] == ["recorded", "held", "held", "recorded"]
    assert await stock(ward) == {("OR-2", "L2", ""): 5}


@pytest.mark.parametrize(
    ("action", "changes", "places"),
    [
        ("receive", {}, {("OR-2", "L2", ""): 2}),
        ("waste", {}, {("OR-2", "L2", ""): -2}),
        ("transfer", {"to_store": "OR-4"}, {("OR-2", "L2", ""): -2, ("OR-4", "L2", ""): 2}),
        ("lend", {"to_store": "OR-4"}, {("OR-2", "L2", ""): -2, ("lent/OR-4", "L2", ""): 2}),
        ("quarantine", {}, {("OR-2", "L2", ""): -2, ("quarantine/OR-2", "L2", ""): 2}),
        ("send-back", {}, {("OR-2", "L2", ""): -2}),
    ],
)
async def test_whatever_was_done_with_goods_was_done_with_the_other_lot(
    ward: Ward, action: str, changes: dict[str, Any], places: dict[tuple[str, str, str], int]
) -> None:
    await ward.scan(moved(1, action, quantity=2, document="D1", **changes))
    await ward.scan(identify(2, quantity=2, document="D1", encounter=None), lane=1)
    await ward.sweep()

    assert await stock(ward) == places
    assert ("stock-negative" in (await now(ward, 1))[1]) == (action != "receive")


async def test_a_unit_gets_its_serial_and_the_one_it_was_taken_for_is_free(ward: Ward) -> None:
    await ward.scan(moved(1, "receive", codes=[UNIT]), moved(2, "receive", codes=[TWIN]), scan(3, codes=[UNIT]))
    await ward.scan(identify(4, 3, codes=[TWIN]))
    await ward.sweep()
    await ward.scan(scan(5, codes=[UNIT]), scan(6, codes=[TWIN]))

    assert [await now(ward, number) for number in (3, 5)] == [("billed", ())] * 2
    assert await now(ward, 6) == ("held", ("serial-used",))


async def test_a_label_that_said_no_lot_gets_it_and_is_traced_from_then_on(ward: Ward) -> None:
    await ward.scan(moved(1, "receive", codes=[OTHER]), scan(2, codes=[gs1(DI, expiry="271231")]), identify(3, 2))
    await ward.sweep()

    assert await now(ward, 2) == ("billed", ())
    assert await stock(ward) == {}


@pytest.mark.parametrize(
    ("said", "reason"),
    [
        ({"corrects": str(scan_id(99))}, "no-such-goods"),
        ({"document": "D9"}, "no-such-goods"),
        ({"document": "TWICE"}, "no-such-goods"),
        ({"corrects": str(scan_id(8))}, "no-such-goods"),
        ({"corrects": str(scan_id(9))}, "no-such-goods"),
        ({"corrects": str(scan_id(1)), "codes": [gs1("07032069804995", lot="L2")]}, "other-item"),
        ({"corrects": str(scan_id(1)), "quantity": 2}, "other-quantity"),
        ({"corrects": str(scan_id(1)), "codes": [gs1(BOX, lot="L2")]}, "other-quantity"),
        ({"corrects": str(scan_id(1)), "codes": [UNIT], "quantity": 2}, "serial-quantity"),
        ({"corrects": str(scan_id(1)), "codes": [UNIT]}, "serial-used"),
        ({"corrects": str(scan_id(5)), "codes": [TWIN]}, "serial-present"),
    ],
)
async def test_what_can_not_be_meant_is_held_by_name_and_nothing_moves(
    ward: Ward, said: dict[str, Any], reason: str
) -> None:
    other = item(item_code="NAIL", identifiers=[{"issuer": "GS1", "di": "07032069804995", "units_per_package": 1}])
    await ward.learn(other)
    await ward.scan(
        scan(1), scan(2, codes=[UNIT]), moved(3, "receive", document="TWICE"), moved(4, "receive", document="TWICE"),
        moved(5, "receive", codes=[gs1(DI, lot="L1", serial="S7")]), moved(6, "receive", codes=[TWIN]),
        moved(7, "count"), scan(8), scan(10, action="return", corrects=str(scan_id(8))), scan(9, item_code="SCREW"),
    )  # fmt: skip
    before = await stock(ward)
    await ward.scan(identify(20, **said), lane=1)
    await ward.sweep()

    verdict, reasons = await now(ward, 20)
    assert (verdict, reason in reasons) == ("held", True)
    assert await stock(ward) == before


@pytest.mark.parametrize("said", [{}, {"lot": "L1"}, {"lot": "L2"}, {"serial": "S1"}, {"serial": "S2"}])
@pytest.mark.parametrize("action", ["use", "receive"])
async def test_a_label_that_says_less_than_is_known_takes_neither_lot_nor_serial(
    ward: Ward, action: str, said: dict[str, str]
) -> None:
    await ward.scan(moved(1, "receive", codes=[UNIT]))
    if action == "use":
        await ward.scan(scan(2, codes=[UNIT]))
    before = await stock(ward)
    await ward.scan(identify(3, 2 if action == "use" else 1, codes=[gs1(DI, expiry="271231", **said)]), lane=1)
    await ward.sweep()
    assert await now(ward, 3) == ("held", ("no-such-goods", "label-incomplete"))
    assert await stock(ward) == before

    await ward.scan(scan(4, codes=[UNIT]))
    assert await now(ward, 4) == (("held", ("serial-used",)) if action == "use" else ("billed", ()))


@pytest.mark.parametrize("whole_first", [False, True])
async def test_of_two_labels_of_goods_of_which_nothing_is_known_the_whole_one_holds_in_either_order(
    ward: Ward, *, whole_first: bool
) -> None:
    told = [identify(2, 1), identify(3, 1, codes=[UNIT])]
    await ward.scan(scan(1, codes=[gs1(DI, expiry="271231")]))
    for each in reversed(told) if whole_first else told:
        await ward.scan(each, lane=1)
        await ward.sweep()
    await ward.scan(scan(4, codes=[UNIT]))

    assert await stock(ward) == {("OR-2", "L1", "S1"): -1}
    assert await now(ward, 2) == (("held", ("no-such-goods", "label-incomplete")) if whole_first else ("recorded", ()))
    assert await now(ward, 4) == ("held", ("serial-used",))


async def test_a_use_held_for_its_serial_is_charged_when_the_serial_is_known(ward: Ward) -> None:
    await ward.scan(scan(1, codes=[UNIT]), scan(2, codes=[UNIT]))
    assert await now(ward, 2) == ("held", ("serial-used",))
    await ward.scan(identify(3, 2, codes=[TWIN]))
    await ward.sweep()

    assert await now(ward, 2) == ("billed", ("stock-negative",))


async def test_an_identify_waits_for_its_item_and_an_event_that_names_no_goods_is_none(ward: Ward) -> None:
    late = gs1("07032069804995", lot="L2")
    await ward.scan(scan(1), identify(2, 1, codes=[late]), identify(3), identify(4, 1, item_code="SCREW"))
    assert await now(ward, 2) == ("parked", ("unknown-identifier",))
    first = {row[2]: row[3:5] for row in (await ward.account()).verdicts}
    assert [first[str(scan_id(number))] for number in (3, 4)] == [("refused", ("bad-event",))] * 2

    both = [{"issuer": "GS1", "di": di, "units_per_package": 1} for di in (DI, "07032069804995")]
    await ward.learn(item(identifiers=both))
    await ward.sweep()
    await ward.sweep()
    assert await now(ward, 2) == ("recorded", ())
    assert await stock(ward) == {("OR-2", "L2", ""): -1}


async def test_goods_that_a_person_took_back_meanwhile_stay_as_they_are(ward: Ward) -> None:
    await ward.scan(scan(1))
    await ward.store.command(CommandKind.REJECT, 1)
    await ward.scan(identify(2, 1), lane=1)
    await ward.sweep()

    assert (await now(ward, 1))[1] == ("rejected",)
    assert await stock(ward) == {}


# Before its goods -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("lane", [0, 1])
async def test_what_came_before_its_goods_is_carried_out_when_they_come(ward: Ward, lane: int) -> None:
    await ward.scan(identify(1, 2, quantity=3, encounter=None))
    assert await ward.sweep() == 0
    assert await now(ward, 1) == ("held", ("no-such-goods",))

    await ward.scan(moved(2, "receive", quantity=3), lane=lane)
    await ward.sweep()
    assert await now(ward, 1) == ("recorded", ())
    assert await stock(ward) == {("OR-2", "L2", ""): 3}
    assert await ward.sweep() == 0


async def test_before_the_goods_of_a_document_it_waits_for_the_one_it_may_mean(ward: Ward) -> None:
    of_note: dict[str, Any] = {"document": "N1", "encounter": None}
    await ward.scan(identify(1, quantity=3, **of_note), identify(2, quantity=9, **of_note))
    await ward.scan(moved(3, "receive", quantity=3, document="N1", codes=[gs1("07032069804995", lot="X")]), lane=1)
    assert await ward.sweep() == 0

    await ward.scan(moved(4, "receive", quantity=5, document="N1"), lane=1)
    await ward.sweep()
    assert [await now(ward, number) for number in (1, 2)] == [("held", ("other-quantity",))] * 2
    assert await stock(ward) == {("OR-2", "L1", ""): 5}
    assert await ward.sweep() == 0


@pytest.mark.parametrize("document", [False, True])
async def test_of_several_goods_that_come_none_is_meant_until_one_alone_differs(ward: Ward, document: bool) -> None:
    about: dict[str, Any] = {"document": "N1", "quantity": 3}
    said = identify(1, **({"encounter": None} | about)) if document else identify(1, 2, quantity=3, encounter=None)
    await ward.scan(said)
    await ward.scan(moved(2, "receive", **about), moved(3, "receive", **about), lane=1)
    await ward.sweep()

    # A scan id is one; under a document each of the two might be meant.
    assert (await now(ward, 1))[0] == ("held" if document else "recorded")
    assert await ward.sweep() == 0


@pytest.mark.parametrize("early", [True, False])
async def test_half_a_label_that_is_held_is_decided_by_the_whole_one(ward: Ward, *, early: bool) -> None:
    """No units of it are recorded: as many packages of its identifier are as many, and others are not."""
    await ward.scan(moved(1, "receive", codes=[OTHER], quantity=5))
    await ward.scan(scan(2, codes=[gs1(DI)], quantity=2), lane=1)
    assert await now(ward, 2) == ("waiting", ("half-label",))
    if early:
        await ward.scan(identify(3, 2, quantity=2))
        assert await now(ward, 3) == ("held", ("no-such-goods",))
    await ward.scan(TICK, lane=1, stamp=NOON + timedelta(minutes=5))
    assert await now(ward, 2) == ("held", ("half-label",))
    await ward.scan(identify(4, 2, quantity=3), identify(5, 2, codes=[gs1(BOX, expiry="271231", lot="L2")], quantity=2))
    assert [await now(ward, number) for number in (4, 5)] == [("held", ("other-quantity",))] * 2
    if not early:
        await ward.scan(identify(3, 2, quantity=2))
    await ward.sweep()
    assert (await now(ward, 3), await now(ward, 2)) == (("recorded", ()), ("billed", ()))
    assert await stock(ward) == {("OR-2", "L2", ""): 3}
    assert await ward.sweep() == 0


async def test_what_somebody_has_said_of_the_goods_meanwhile_stands(ward: Ward) -> None:
    third = gs1(DI, expiry="271231", lot="L3")
    await ward.scan(identify(1, 2))
    await ward.scan(moved(2, "receive"), identify(3, 2, codes=[third]), lane=1)
    await ward.sweep()

    assert await now(ward, 1) == ("held", ("no-such-goods",))
    assert await stock(ward) == {("OR-2", "L3", ""): 1}
    assert await ward.sweep() == 0


async def test_goods_that_are_no_such_goods_leave_it_held(ward: Ward) -> None:
    await ward.scan(identify(1, 2), identify(3, 4), identify(5, 6), identify(7, 8))
    await ward.scan(moved(2, "count"), scan(4), moved(6, "receive", codes=None, item_code="SCREW"), lane=1)
    await ward.scan(scan(9, action="return", corrects=str(scan_id(4))), scan(8, codes=["no code"]), lane=1)
    await ward.sweep()

    assert [(await now(ward, number))[0] for number in (1, 5, 7)] == ["held"] * 3
    assert await ward.sweep() == 0
