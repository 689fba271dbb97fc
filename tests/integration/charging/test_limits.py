"""What an item's own data says: limits of the insurance, its licence; what waste costs. Books and twin alike."""

import json
from typing import Any

import pytest

from models.charging.commands import CommandKind
from tests.support.accounts import Account
from tests.support.builders import DI, encounter, gs1, item, scan, scan_id
from tests.support.ward import MemoryStore, PostgresStore, Store, Ward, verdicts


def now(account: Account, number: int) -> tuple[str, tuple[str, ...]]:
    return verdicts(account)[str(scan_id(number))]


async def test_units_above_the_limit_of_a_stay_are_held_and_a_return_makes_room(ward: Ward, store: Store) -> None:
    await ward.learn(item(limits={"per_stay": 3}), encounter(encounter="E2"))
    await ward.scan(scan(1, quantity=2), scan(2, quantity=2), scan(3), scan(4, encounter="E2", quantity=3))
    back = scan(5, action="return", corrects=str(scan_id(1)), quantity=2)
    await ward.scan(back, scan(6, quantity=2))

    account = await ward.account()
    assert now(account, 2) == ("held", ("over-limit", "stock-negative"))
    billed = ("billed", ("stock-negative",))
    assert [now(account, number) for number in (1, 3, 4, 6)] == [billed] * 4

    await store.command(CommandKind.RELEASE, 2)
    await ward.sweep()
    assert now(await ward.account(), 2) == ("billed", ("stock-negative", "released"))


@pytest.mark.parametrize(
    ("limits", "reason"),
    [({"needs_approval": True}, "needs-approval"), ({"excluded_drg_groups": ["ES31"]}, "excluded-group")],
)
async def test_what_is_not_paid_for_by_itself_waits_for_a_person(
    ward: Ward, limits: dict[str, Any], reason: str
) -> None:
    await ward.learn(item(limits=limits), encounter(drg_group="ES31"), encounter(encounter="E2", drg_group="IB19"))
    await ward.scan(scan(1), scan(2, encounter="E2"))

    account = await ward.account()
    assert now(account, 1) == ("held", (reason, "stock-negative"))
    assert now(account, 2)[0] == ("held" if reason == "needs-approval" else "billed")


async def test_an_expired_licence_is_flagged_and_charged(ward: Ward) -> None:
    await ward.learn(item(licence_valid_to="2022-06-02"))
    await ward.scan(scan(1))
    await ward.learn(item(licence_valid_to="2022-06-03"))
    await ward.scan(scan(2))

    account = await ward.account()
    assert now(account, 1) == ("billed", ("stock-negative", "licence-expired"))
    assert now(account, 2) == ("billed", ("stock-negative",))


async def waste(store: Store) -> list[tuple[Any, ...]]:
    """(department, action, units, cost, fen, period) in the order of the scans."""
    if isinstance(store, MemoryStore):
        every = [each for decisions in store.memory.decisions.values() for each in decisions if each.stock.waste]
        return [
            (w.department, str(each.subject.event.action), w.units, w.cost, w.amount_fen, w.period)
            for each in every
            if (w := each.stock.waste)
        ]
    assert isinstance(store, PostgresStore)
    rows = await store.pool.fetch(
        "SELECT department, action::text, units, cost, amount_fen, period FROM udi.waste_cost ORDER BY record_offset"
    )
    return [tuple(row) for row in rows]


async def test_what_is_opened_or_wasted_costs_its_department(ward: Ward, store: Store) -> None:
    dated = [{"cost": "900.00", "from": "2022-06-01", "to": None}]
    await ward.learn(item(cost=dated), item(item_code="FREE", identifiers=[]))
    await ward.scan(
        scan(1, action="opened", quantity=2, reason="fell down"),
        scan(2, action="waste", encounter=None, department="ICU", reason="torn"),
        scan(3, action="waste", encounter=None, item_code="FREE"),
        scan(4),
        scan(5, action="waste", scanned_at="2022-05-31T12:00:00+08:00"),
    )

    assert await waste(store) == [
        ("ORTH", "opened", 2, 9_000_000, 180_000, 202206),
        ("ICU", "waste", 1, 9_000_000, 90_000, 202206),
        (None, "waste", 1, None, None, 202206),
        ("ORTH", "waste", 1, None, None, 202205),
    ]


async def test_waste_of_an_unknown_item_costs_when_the_item_is_known(ward: Ward, store: Store) -> None:
    await ward.scan(scan(1, action="waste", item_code="NEW", department="ICU"))
    assert await waste(store) == []

    await ward.learn(item(item_code="NEW", identifiers=[], cost=[{"cost": "1.50", "from": None, "to": None}]))
    await ward.sweep()

    assert await waste(store) == [("ICU", "waste", 1, 15_000, 150, 202206)]


OLD, NEW = "C0301210100100001234", "C0301210100100001235"
CODES = [{"code": OLD, "to": "2022-06-02"}, {"code": NEW, "from": "2022-06-02", "to": "2022-06-03"}]


def billed_codes(account: Account) -> list[str]:
    """The insurance codes on their way to the HIS, in order."""
    bodies = [
        json.loads(each.body) for (topic, _), sent in account.published.items() if topic == "billing" for each in sent
    ]
    return [body["insurance_code"] for body in bodies]


async def test_a_charge_takes_the_insurance_code_that_is_valid_on_the_day_and_a_credit_that_of_its_charge(
    ward: Ward,
) -> None:
    await ward.learn(item(insurance_code=OLD, insurance_codes=CODES))
    days = ["2022-06-01T23:59:59+08:00", "2022-06-02T00:00:00+08:00", "2022-06-03T00:00:00+08:00"]
    await ward.scan(*(scan(number, scanned_at=at) for number, at in enumerate(days, 1)))
    back = scan(4, action="return", corrects=str(scan_id(2)), scanned_at="2022-06-03T00:00:00+08:00")
    await ward.scan(back)

    account = await ward.account()
    assert billed_codes(account) == [OLD, NEW, OLD, NEW]
    assert now(account, 2) == ("billed", ("stock-negative",))
    assert now(account, 3) == ("billed", ("stock-negative", "insurance-code-ended"))


def carrying(*parts: str) -> dict[str, Any]:
    return item(identifiers=[{"issuer": "GS1", "di": DI, "units_per_package": 1, "carries": list(parts)}])


async def test_a_label_that_lacks_what_it_has_to_say_is_flagged(ward: Ward) -> None:
    await ward.learn(carrying("lot", "expiry"))
    whole, torn = gs1(DI, expiry="271231", lot="L1"), gs1(DI, lot="L1")
    await ward.scan(scan(1, codes=[whole]), scan(2, codes=[torn]), scan(3, codes=[torn], action="receive"))
    await ward.learn(carrying("lot"))
    await ward.scan(scan(4, codes=[torn]))

    account = await ward.account()
    assert now(account, 1) == ("billed", ("stock-negative",))
    assert now(account, 2) == ("billed", ("label-incomplete", "stock-negative"))
    assert now(account, 3) == ("recorded", ("label-incomplete",))
    assert now(account, 4)[1].count("label-incomplete") == 0


async def test_a_label_that_says_nothing_but_its_identifier_is_no_half(ward: Ward) -> None:
    await ward.scan(scan(1, codes=[gs1(DI)]))
    await ward.learn(carrying())
    await ward.scan(scan(2, codes=[gs1(DI)], device_id="gun-9"))

    account = await ward.account()
    assert now(account, 1)[0] == "waiting"
    assert now(account, 2)[0] == "billed"
