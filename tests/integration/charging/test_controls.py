"""What the hospital has decided about charging an item: breaker, quota, ceiling, approval, override. Books and twin."""

import asyncio
from datetime import datetime, timedelta
from decimal import Decimal
from itertools import count
from typing import Any

import orjson
import pytest

from models.charging.commands import CommandKind
from models.charging.controls import (
    Approval,
    ApprovalAbove,
    Breaker,
    BreakerState,
    Ceiling,
    Control,
    ControlScope,
    Mix,
    Quota,
    Total,
)
from models.charging.known_controls import Controls
from sinks.postgres.monitoring.controls import ControlBooks
from tests.support.accounts import Account
from tests.support.builders import DI, NOON, at, encounter, gs1, item, scan, scan_id
from tests.support.ward import LANES, Between, PostgresStore, Store, Ward, postgres_store, usual, verdicts

BADGE = {"badge": "B7", "reason": "bleeding, nothing else at hand"}
WHO: dict[str, Any] = {"hospital": "H1", "by": "li", "reason": "the device department decided"}


def breaker(
    state: str = "open", scope: str = "hospital:H1", until: datetime | None = None, code: str = "SCREW"
) -> Breaker:
    kind, _, name = scope.partition(":")
    return Breaker(
        **WHO,
        item_code=code,
        scope_type=ControlScope(kind),
        scope=name,
        state=BreakerState(state),
        since=NOON,
        until=until,
    )


def quota(released: int, department: str = "ORTH", month: str = "2022-06") -> Quota:
    return Quota(**WHO, category="staplers", department=department, month=month, released=released)


def now(account: Account, number: int) -> tuple[str, tuple[str, ...]]:
    return verdicts(account)[str(scan_id(number))]


BILLED = ("billed", ("stock-negative",))


async def test_an_open_breaker_holds_the_charge_and_not_the_record_of_the_use(ward: Ward, store: Store) -> None:
    await ward.scan(scan(1))
    await store.control(breaker())
    await ward.scan(scan(2), scan(3, action="waste"))
    account = await ward.account()
    assert [now(account, number) for number in (1, 2, 3)] == [
        BILLED, ("held", ("breaker-open", "stock-negative")), ("recorded", ("stock-negative",)),
    ]  # fmt: skip
    assert [row[-1] for row in account.left] == [-3]

    await store.command(CommandKind.RELEASE, 2)
    await ward.sweep()
    assert now(await ward.account(), 2) == ("billed", ("stock-negative", "released"))


async def test_a_badge_and_a_reason_let_the_charge_pass_at_once_and_it_is_listed(ward: Ward, store: Store) -> None:
    await store.control(breaker())
    await ward.scan(scan(1, override=BADGE), scan(2))
    account = await ward.account()
    assert now(account, 1) == ("billed", ("stock-negative", "overridden"))
    assert now(account, 2)[0] == "held"
    if isinstance(store, PostgresStore):
        [row] = await ControlBooks(store.pool).overrides()
        assert (row["scan_id"], row["badge"], row["reason"]) == (scan_id(1), BADGE["badge"], BADGE["reason"])
        [stands] = await ControlBooks(store.pool).breakers()
        assert (stands["state"], stands["held"]) == ("open", 1)


async def test_an_override_of_nothing_says_nothing_and_lets_no_expired_unit_pass(ward: Ward, store: Store) -> None:
    old = scan(2, override=BADGE, codes=[gs1(DI, expiry="220602", lot="L1")])
    await ward.scan(scan(1, override=BADGE))
    await store.control(breaker())
    await ward.scan(old)
    account = await ward.account()
    assert now(account, 1) == BILLED
    assert now(account, 2) == ("held", ("expired", "stock-negative", "overridden"))


async def test_a_held_use_goes_on_with_a_badge_and_its_goods_move_once(ward: Ward, store: Store) -> None:
    await store.control(breaker())
    await ward.scan(scan(1))
    assert now(await ward.account(), 1)[0] == "held"

    await store.command(CommandKind.OVERRIDE, 1, BADGE)
    await ward.sweep()

    account = await ward.account()
    assert now(account, 1) == ("billed", ("stock-negative", "overridden"))
    assert [row[-1] for row in account.left] == [-1]
    if isinstance(store, PostgresStore):
        [row] = await ControlBooks(store.pool).overrides()
        assert (row["scan_id"], row["badge"], row["reason"]) == (scan_id(1), BADGE["badge"], "looked at it")


async def test_an_override_afterwards_frees_the_hospitals_own_decisions_alone(ward: Ward, store: Store) -> None:
    await store.control(breaker())
    await ward.scan(scan(1, codes=[gs1(DI, expiry="220602", lot="L1")]))
    await store.command(CommandKind.OVERRIDE, 1, BADGE)
    await ward.sweep()
    assert now(await ward.account(), 1) == ("held", ("expired", "stock-negative", "overridden"))

    await ward.scan(scan(2, item_code="H9", codes=None))
    await store.command(CommandKind.OVERRIDE, 2, BADGE)
    await ward.sweep()
    assert now(await ward.account(), 2)[0] == "parked"


@pytest.mark.parametrize(
    ("scope", "held"),
    [("department:ORTH", True), ("department:CARD", False), ("store:OR-2", True), ("store:OR-1", False),
     ("team:T3", True), ("team:T4", False)],
)  # fmt: skip
async def test_a_breaker_holds_in_its_scope_alone(ward: Ward, store: Store, scope: str, held: bool) -> None:
    await store.control(breaker(scope=scope))
    await ward.scan(scan(1))
    assert now(await ward.account(), 1)[0] == ("held" if held else "billed")


@pytest.mark.parametrize(
    ("scope", "stopped"),
    [("hospital:H1", True), ("store:OR-2", True), ("store:OR-7", True), ("department:CARD", True),
     ("department:ORTH", False), ("store:OR-9", False)],
)  # fmt: skip
async def test_an_open_breaker_stops_what_is_to_be_issued_until_a_person_or_a_badge_lets_it_pass(
    ward: Ward, store: Store, scope: str, stopped: bool
) -> None:
    await ward.scan(scan(1, action="receive", quantity=5))
    await store.control(breaker(scope=scope))
    sent = {"action": "transfer", "to_store": "OR-7", "department": "CARD", "encounter": None}
    await ward.scan(scan(2, **sent), scan(3, override=BADGE, **sent), scan(4, action="receive"))
    account = await ward.account()
    passed = ("recorded", ("overridden",)) if stopped else ("recorded", ())
    assert [now(account, number) for number in (2, 3, 4)] == [
        ("held", ("breaker-open",)) if stopped else ("recorded", ()), passed, ("recorded", ()),
    ]  # fmt: skip
    if stopped:
        await store.command(CommandKind.RELEASE, 2)
        await ward.sweep()
        assert now(await ward.account(), 2) == ("recorded", ("released",))


async def test_a_held_use_is_told_what_of_the_same_type_the_store_has(ward: Ward, store: Store) -> None:
    other = {"item_code": "PIN", "name": "髓内钉", "category": "fixation", "identifiers": []}
    await ward.learn(
        item(category="fixation"), item(**other), item(**other | {"item_code": "NONE", "name": "无货"}),
        item(**other | {"item_code": "STOPPED", "name": "亦停"}),
    )  # fmt: skip
    await ward.scan(
        scan(1, action="receive", item_code="PIN", quantity=4), scan(2, action="receive", item_code="STOPPED")
    )
    await store.control(breaker(), breaker(code="STOPPED"))
    await ward.scan(scan(3))
    bodies = [
        orjson.loads(each.body)
        for (topic, _), records in (await ward.account()).published.items() if topic == "verdicts" for each in records
    ]  # fmt: skip
    [told] = [each["message"] for each in bodies if each["scan_id"] == str(scan_id(3))]
    assert told["en"].endswith("Of the same type in this store: 髓内钉 (4).")
    assert told["zh-CN"].endswith("本库同类耗材：髓内钉 (4)。")


async def test_a_breaker_goes_from_warning_to_open_to_trial_to_closed(ward: Ward, store: Store) -> None:
    found = []
    for number, state in enumerate(("warning", "open", "trial", "closed"), 1):
        await store.control(breaker(state))
        await ward.scan(scan(number))
        found.append(now(await ward.account(), number))
    assert found == [
        BILLED, ("held", ("breaker-open", "stock-negative")), ("billed", ("stock-negative", "breaker-trial")), BILLED,
    ]  # fmt: skip


async def test_a_breaker_ends_by_the_time_of_the_use(ward: Ward, store: Store) -> None:
    await store.control(breaker(until=NOON + timedelta(seconds=5)))
    await ward.scan(scan(4), scan(5), scan(6, scanned_at=at(4.999)))
    account = await ward.account()
    assert [now(account, number)[0] for number in (4, 5, 6)] == ["held", "billed", "held"]


async def test_a_quota_holds_what_does_not_fit_any_more_and_a_return_makes_room(ward: Ward, store: Store) -> None:
    await ward.learn(item(controlled_category="staplers"), encounter(encounter="E2", department="CARD"))
    await store.control(quota(3))
    await ward.scan(scan(1, quantity=2), scan(2, quantity=2), scan(3), scan(4))
    await ward.scan(scan(5, encounter="E2", quantity=9), scan(6, action="return", corrects=str(scan_id(3))), scan(7))
    account = await ward.account()
    held = ("held", ("quota-exhausted", "stock-negative"))
    assert [now(account, number) for number in (1, 2, 3, 4, 5, 7)] == [BILLED, held, BILLED, held, BILLED, BILLED]
    await ward.scan(scan(8, override=BADGE))
    assert now(await ward.account(), 8) == ("billed", ("stock-negative", "overridden"))
    if isinstance(store, PostgresStore):
        [row] = await ControlBooks(store.pool).quotas("2022-06")
        assert (row["released"], row["used"], row["left"]) == (3, 4, -1)


async def test_a_quota_is_that_of_the_month_of_the_use(ward: Ward, store: Store) -> None:
    await ward.learn(item(controlled_category="staplers"), encounter(admitted_at="2022-05-01T00:00:00+08:00"))
    await store.control(quota(0))
    await ward.scan(scan(1, scanned_at="2022-05-31T23:59:59+08:00"), scan(2, scanned_at="2022-06-01T00:00:00+08:00"))
    account = await ward.account()
    assert [now(account, number)[0] for number in (1, 2)] == ["billed", "held"]


@pytest.mark.parametrize(("total", "held"), [("3702.00", False), ("3701.99", True)])
async def test_a_total_holds_what_costs_more_than_is_left_and_a_return_makes_room(
    ward: Ward, store: Store, total: str, held: bool
) -> None:
    await ward.learn(item(controlled_category="staplers"))
    await store.control(Total(**WHO, category="staplers", department="ORTH", month="2022-06", released=total))
    await ward.scan(scan(1), scan(2, quantity=2), scan(3, override=BADGE))
    await ward.scan(scan(4, action="return", corrects=str(scan_id(1))), scan(5))
    account = await ward.account()
    waits = ("held", ("quota-exhausted", "stock-negative"))
    passed = BILLED if held else ("billed", ("stock-negative", "overridden"))
    assert [now(account, number) for number in (1, 2, 3, 5)] == [
        BILLED, waits if held else BILLED, passed, BILLED if held else waits,
    ]  # fmt: skip


DEAR = {"item_code": "DEAR", "identifiers": [], "controlled_category": "staplers"}


def mix(percent: str) -> Mix:
    return Mix(**WHO, category="staplers", department="ORTH", month="2022-06", released=Decimal(percent), above="1234")


@pytest.mark.parametrize(("percent", "held"), [("25", False), ("24.99", True)])
async def test_dear_goods_may_have_their_share_of_what_is_used_and_no_more(
    ward: Ward, store: Store, percent: str, held: bool
) -> None:
    dear = item(**DEAR, prices=[{"price": "1234.01", "from": None, "to": None}])
    await ward.learn(item(controlled_category="staplers"), dear)
    await store.control(mix(percent))
    await ward.scan(scan(1, item_code="DEAR", codes=None), scan(2, quantity=3))
    await ward.scan(scan(3, item_code="DEAR", codes=None), scan(4, item_code="DEAR", codes=None), scan(5))
    account = await ward.account()
    assert now(account, 1) == ("held", ("mix-exceeded", "lot-missing", "stock-negative"))
    assert [now(account, number)[0] for number in (2, 3, 4, 5)] == [
        "billed", "held" if held else "billed", "held", "billed",
    ]  # fmt: skip
    await ward.scan(scan(6, item_code="DEAR", codes=None, override=BADGE))
    assert now(await ward.account(), 6)[0] == "billed"


async def test_a_share_of_dear_goods_is_one_of_the_units_released(ward: Ward, store: Store) -> None:
    dear = item(**DEAR, prices=[{"price": "2000.00", "from": None, "to": None}])
    await ward.learn(item(controlled_category="staplers"), dear)
    await store.control(quota(8), mix("25"))
    await ward.scan(*(scan(number, item_code="DEAR", codes=None) for number in (1, 2, 3)))
    account = await ward.account()
    assert [now(account, number)[0] for number in (1, 2, 3)] == ["billed", "billed", "held"]
    if isinstance(store, PostgresStore):
        rows = {row["measure"]: row for row in await ControlBooks(store.pool).quotas("2022-06")}
        assert (rows["mix"]["used"], rows["units"]["used"]) == (Decimal("100.00"), 2)


@pytest.mark.parametrize(("price", "needs"), [("1233.99", True), ("1234.00", False), (None, False)])
async def test_goods_dearer_than_those_of_their_type_need_an_approval_for_a_time(
    ward: Ward, store: Store, price: str | None, needs: bool
) -> None:
    await ward.learn(item(category="screws"), encounter(encounter="E2"))
    await store.control(
        ApprovalAbove(**WHO, category="screws", price="1.00"), ApprovalAbove(**WHO, category="screws", price=price),
        Approval(**WHO, item_code="SCREW", encounter="E1", until=NOON + timedelta(seconds=5)),
    )  # fmt: skip
    await ward.scan(scan(4), scan(5), scan(3, encounter="E2"), scan(6, override=BADGE))
    account = await ward.account()
    waits = ("held", ("needs-approval", "stock-negative")) if needs else BILLED
    passed = ("billed", ("stock-negative", "overridden")) if needs else BILLED
    assert [now(account, number) for number in (4, 5, 3, 6)] == [BILLED, waits, waits, passed]


@pytest.mark.parametrize(("ceiling", "held"), [("1234.00", False), ("1233.99", True), (None, False)])
async def test_a_price_above_the_ceiling_is_held_and_one_at_it_is_not(
    ward: Ward, store: Store, ceiling: str | None, held: bool
) -> None:
    await store.control(
        Ceiling(**WHO, item_code="SCREW", price="1.00"), Ceiling(**WHO, item_code="SCREW", price=ceiling)
    )
    await ward.scan(scan(1))
    assert now(await ward.account(), 1) == (("held", ("price-ceiling", "stock-negative")) if held else BILLED)


async def test_an_items_own_ceiling_goes_before_that_of_its_category(ward: Ward, store: Store) -> None:
    await ward.learn(item(category="screws"))
    await store.control(Ceiling(**WHO, category="screws", price="1000.00"))
    await ward.scan(scan(1))
    await store.control(Ceiling(**WHO, item_code="SCREW", price="2000.00"))
    await ward.scan(scan(2))
    account = await ward.account()
    assert [now(account, number)[0] for number in (1, 2)] == ["held", "billed"]


async def test_an_approval_lets_a_patients_uses_pass_until_it_ends(ward: Ward, store: Store) -> None:
    await ward.learn(item(limits={"needs_approval": True}), encounter(encounter="E2"))
    await store.control(Approval(**WHO, item_code="SCREW", encounter="E1", until=NOON + timedelta(seconds=5)))
    await ward.scan(scan(4), scan(5), scan(3, encounter="E2"), scan(6, override=BADGE))
    account = await ward.account()
    waits = ("held", ("needs-approval", "stock-negative"))
    assert [now(account, number) for number in (4, 5, 3, 6)] == [
        BILLED, waits, waits, ("billed", ("stock-negative", "overridden")),
    ]  # fmt: skip


async def test_what_is_not_charged_is_not_held(ward: Ward, store: Store) -> None:
    await ward.learn(item(chargeable=False))
    await store.control(breaker())
    await ward.scan(scan(1))
    assert now(await ward.account(), 1) == ("recorded", ("not-chargeable", "stock-negative"))


async def test_a_batch_that_was_gathered_before_the_breaker_opened_is_decided_again(store: Store) -> None:
    ward = await Ward(store).open(*usual())
    between = Between(store.books)
    ward.lanes[0] = await ward.lane(0, between.port)
    between.then(lambda: store.control(breaker()))
    await ward.scan(scan(1))
    assert now(await ward.account(), 1) == ("held", ("breaker-open", "stock-negative"))
    assert [each.__name__ for each in between.failures] == ["StaleError"]


async def test_a_breaker_is_in_force_for_the_next_scan_on_every_lane(database: str) -> None:
    async with postgres_store(database) as store:
        ward = await Ward(store).open(*usual())
        opened = asyncio.Event()
        sent_after: list[int] = []

        async def gun(lane: int) -> None:
            mine: list[int] = []
            for number in count(1 + lane, LANES):
                if len(mine) == 20:
                    break
                if opened.is_set():
                    mine.append(number)
                await ward.scan(scan(number), lane=lane)
            sent_after.extend(mine)

        async def device_department() -> None:
            await asyncio.sleep(0.4)
            await store.control(breaker())
            opened.set()

        await asyncio.gather(device_department(), *(gun(lane) for lane in range(LANES)))
        found = verdicts(await ward.account())
        assert {found[str(scan_id(number))][0] for number in sent_after} == {"held"}
        assert "billed" in {verdict for verdict, _ in found.values()}


def test_a_breaker_of_several_scopes_is_the_strictest() -> None:
    controls: list[Control] = [breaker("trial", "store:OR-2"), breaker("open", "department:ORTH"), breaker("warning")]
    known = Controls()
    for version, each in enumerate(controls, 1):
        known.put(each, version)
    scopes = {ControlScope.HOSPITAL: "H1", ControlScope.DEPARTMENT: "ORTH", ControlScope.STORE: "OR-2"}
    states = [known.breaker("H1", "SCREW", dict(list(scopes.items())[:count]), NOON) for count in (1, 2, 3)]
    assert states == [BreakerState.WARNING, BreakerState.OPEN, BreakerState.OPEN]
