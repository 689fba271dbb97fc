"""The books against the HIS's lines: what is found, what vanishes, what a person decides, in any order of arrival."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable
from decimal import Decimal
from itertools import permutations
from random import Random
from typing import Any
from uuid import UUID

import orjson
import pytest

from models.calendar import ZONE_DEFAULT
from models.charging.commands import CommandKind
from models.reconciling.differences import DifferenceStatus
from sinks.postgres.reconciling.sessions import ReconcilingBooks
from streams.cli.verifying.differences import verify_differences
from streams.services.reconciler import Reconciler
from tests.support.builders import (
    DI,
    NOON,
    SECOND,
    body,
    encounter,
    gs1,
    gtin,
    item,
    price,
    scan,
    scan_id,
)
from tests.support.his import line, post
from tests.support.ward import PostgresStore, Ward, postgres_store, usual

OTHER = gtin(6)
PLATE = item(
    item_code="PLATE", identifiers=[{"issuer": "GS1", "di": OTHER, "units_per_package": 1}], prices=[price("50.00")]
)


PATIENTS = ("E1", "E2", "E3")


class House:
    """A ward whose HIS sends lines, and its reconciler."""

    def __init__(self, ward: Ward, store: PostgresStore) -> None:
        self.ward = ward
        self.pool = store.pool
        self.reconciler = Reconciler(store.pool, ZONE_DEFAULT, encounters_max=2)

    async def post(self, *lines: dict[str, Any] | bytes) -> int:
        """The lines arrive as one batch; gives how many were new."""
        return await post(self.pool, *lines)

    async def differences(self, *columns: str, status: Iterable[str] = ("open",)) -> list[tuple[Any, ...]]:
        """What stands after everything was compared, in no order that matters."""
        await self.ward.sweep()
        await self.reconciler.until_idle()
        names = columns or ("kind", "cause", "encounter", "expected", "found")
        rows = await self.pool.fetch("SELECT * FROM report.differences WHERE status = ANY ($1)", list(status))
        return sorted(tuple(row[name] for name in names) for row in rows)

    async def decide(self, status: DifferenceStatus) -> None:
        """A person asks for everything that is open, or accepts it."""
        async with ReconcilingBooks(self.pool).session() as session:
            ids = [
                row["difference_id"]
                for row in await self.pool.fetch("SELECT difference_id FROM udi.difference_standing")
            ]
            standing = await session.standing_of(ids)
            await session.decide(standing, status, "li", "seen", NOON)


@pytest.fixture
async def house(database: str) -> AsyncIterator[House]:
    async with postgres_store(database) as store:
        ward = await Ward(store).open(*usual(), PLATE, encounter(encounter="E2"))
        yield House(ward, store)


def yuan(text: str) -> Decimal:
    return Decimal(text)


async def test_what_the_his_charges_as_it_was_used_is_no_difference(house: House) -> None:
    await house.ward.scan(scan(1), scan(2, quantity=3), scan(3, encounter="E2"))
    await house.post(line("a"), line("b", 2, quantity=3), line("c", 3, encounter="E2"))

    assert await house.differences() == []
    assert await house.pool.fetchval("SELECT count(*) FROM udi.difference") == 0


async def test_each_kind_is_found_with_its_money(house: House) -> None:
    await house.ward.scan(scan(1), scan(2, quantity=2), scan(3, codes=[gs1(OTHER, lot="P1")]), scan(4))
    await house.post(
        line("price", 2, quantity=2, unit_price="1000.00"),
        line("extra", 500, item_code="NAIL", unit_price="7.00"),
        line("code", 3, item_code="PLATE-2", unit_price="50.00"),
        line("right", 4),
    )

    assert await house.differences("kind", "aspects", "cause", "fix", "line_id", "expected", "found", "amount") == [
        ("extra", [], "not-scanned", "cancel", "extra", yuan("0.00"), yuan("7.00"), yuan("7.00")),
        ("missed", [], "not-posted", "post", None, yuan("1234.00"), yuan("0.00"), yuan("-1234.00")),
        ("wrong", ["code"], "other-item", "replace", "code", yuan("50.00"), yuan("50.00"), yuan("0.00")),
        ("wrong", ["price"], "other-price", "replace", "price", yuan("2468.00"), yuan("2000.00"), yuan("-468.00")),
    ]


async def test_a_charge_on_the_wrong_patient_is_one_difference_while_both_sides_are_there(house: House) -> None:
    await house.ward.scan(scan(1))
    await house.post(line("a", encounter="E2"))
    columns = ("kind", "aspects", "encounter", "scan_id", "line_id", "amount")
    swapped = ("wrong", ["patient"], "E1", scan_id(1), "a", yuan("0.00"))
    assert await house.differences(*columns) == [swapped]

    await house.post(line("a", encounter="E2", cancelled=True))
    assert await house.differences(*columns) == [("missed", [], "E1", scan_id(1), None, yuan("-1234.00"))]

    await house.post(line("b"))
    assert await house.differences(*columns) == []
    history = await house.pool.fetch(
        "SELECT kind, version, status FROM report.difference_history ORDER BY kind, version"
    )
    assert [tuple(row) for row in history] == [
        ("missed", 1, "open"), ("missed", 2, "vanished"), ("wrong", 1, "open"), ("wrong", 2, "vanished"),
    ]  # fmt: skip


async def test_a_line_that_is_cancelled_and_entered_again_leaves_no_difference(house: House) -> None:
    await house.ward.scan(scan(1))
    await house.post(line("a"))
    assert await house.differences() == []
    await house.post(line("a", cancelled=True))
    assert [row[0] for row in await house.differences()] == ["missed"]
    await house.post(line("b"))

    assert await house.differences() == []
    assert await house.differences("kind", status=["vanished"]) == [("missed",)]


async def test_a_return_and_a_re_rating_are_compared_by_what_is_left(house: House) -> None:
    await house.ward.scan(scan(1, quantity=3))
    await house.post(line("a", quantity=3))
    assert await house.differences() == []

    await house.ward.scan(scan(2, action="return", corrects=str(scan_id(1))))
    assert await house.differences("kind", "aspects", "cause") == [("wrong", ["quantity"], "more-than-used")]

    await house.post(line("a", quantity=2))
    assert await house.differences() == []

    await house.ward.learn(item(prices=[price("1300.00")]), stamp=NOON + 9 * SECOND)
    assert await house.differences("kind", "aspects", "amount") == [("wrong", ["price"], yuan("-132.00"))]


async def test_a_use_that_waits_here_is_missed_until_it_is_freed(house: House) -> None:
    await house.post(
        line("first", 600, item_code="NAIL", encounter="E2"), line("first", 600, encounter="E2", cancelled=True)
    )
    await house.ward.scan(scan(1, codes=[gs1(DI, expiry="220101", lot="L1")]))
    assert await house.differences("kind", "cause", "fix", "expected") == [
        ("missed", "not-charged-yet", "free-scan", yuan("1234.00"))
    ]

    await house.ward.store.command(CommandKind.RELEASE, 1)
    assert await house.differences("kind", "cause", "fix") == [("missed", "not-posted", "post")]
    await house.post(line("a"))
    assert await house.differences() == []


async def test_a_scan_that_is_freed_and_posted_is_mended_and_one_taken_back_or_charged_by_hand_vanishes(
    house: House,
) -> None:
    expired = [gs1(DI, expiry="220101", lot="L1")]
    await house.post(line("first", 600, item_code="NAIL", unit_price="1.00"))
    await house.ward.scan(*(scan(number, codes=expired, encounter=f"E{number}") for number in (1, 2)))
    await house.ward.learn(encounter(encounter="E3"))
    await house.ward.scan(scan(3, codes=expired, encounter="E3"))
    await house.differences()

    await house.ward.store.command(CommandKind.RELEASE, 1)
    await house.differences()
    await house.post(line("a"))
    await house.ward.store.command(CommandKind.REJECT, 2)
    await house.post(line("c", 3, encounter="E3"))

    assert await house.differences("encounter", "kind", "status", status=["open", "mended", "vanished"]) == [
        ("E1", "extra", "open"), ("E1", "missed", "mended"), ("E2", "missed", "vanished"), ("E3", "missed", "vanished"),
    ]  # fmt: skip


async def test_what_waits_is_worth_todays_catalogue_whatever_came_first(house: House) -> None:
    await house.post(line("first", 600, item_code="NAIL", encounter="E2", cancelled=True))
    await house.ward.scan(scan(1, codes=[gs1(DI, expiry="220101", lot="L1")]))
    assert await house.differences("cause", "expected") == [("not-charged-yet", yuan("1234.00"))]

    await house.ward.learn(item(prices=[price("1300.00")]))

    assert await house.differences("cause", "expected") == [("not-charged-yet", yuan("1300.00"))]


async def test_the_first_line_of_a_hospital_waits_for_a_reconciler_that_does_not_see_it(house: House) -> None:
    """What that one drops, because it sees no line, the first line has marked."""
    await house.ward.scan(scan(1))
    async with ReconcilingBooks(house.pool).session() as session:
        posting = asyncio.create_task(house.post(line("a", encounter="E2", item_code="NAIL")))
        while not await house.pool.fetchval(
            "SELECT count(*) FROM pg_locks WHERE NOT granted AND locktype = 'advisory'"
        ):
            await asyncio.sleep(0.01)
        await house.ward.scan(scan(2))
        assert await session.take(10) == {}
    await posting

    assert [row[0] for row in await house.differences()] == ["extra", "missed", "missed"]


async def test_a_line_for_what_was_rejected_is_extra(house: House) -> None:
    await house.ward.scan(scan(1))
    await house.post(line("a"))
    await house.ward.store.command(CommandKind.REJECT, 1)

    assert await house.differences("kind", "cause", "fix", "line_id") == [("extra", "returned", "cancel", "a")]


async def test_a_hospital_whose_his_sends_nothing_has_no_differences(house: House) -> None:
    await house.ward.scan(scan(1), scan(2, encounter="E2"))
    assert await house.differences() == []

    await house.post(line("a"))
    assert await house.differences() == [("missed", "not-posted", "E2", yuan("1234.00"), yuan("0.00"))]


async def test_what_is_asked_is_published_and_mended_when_it_is_gone(house: House) -> None:
    await house.ward.scan(scan(1), scan(2))
    await house.post(line("a"))
    await house.differences()
    await house.decide(DifferenceStatus.ASKED)

    published = await house.pool.fetch("SELECT key, body FROM report.outbox WHERE topic = 'udi.cases'")
    asked = orjson.loads(published[0]["body"])
    assert [row["key"] for row in published] == [b"H1/E1"]
    assert {name: asked[name] for name in ("schema", "fix", "item_code", "expected", "by", "reason")} == {
        "schema": "udi.correction/1",
        "fix": "post",
        "item_code": "SCREW",
        "expected": "1234.00",
        "by": "li",
        "reason": "seen",
    }

    await house.post(line("b", 2))
    assert await house.differences("status", status=["open", "asked", "mended"]) == [("mended",)]


async def test_what_is_accepted_stays_so_until_its_figures_change(house: House) -> None:
    await house.ward.scan(scan(1))
    await house.post(line("a", unit_price="1000.00"))
    await house.differences()
    await house.decide(DifferenceStatus.ACCEPTED)
    await house.ward.scan(scan(2))
    await house.post(line("b", 2))
    assert await house.differences("status", status=["open", "accepted"]) == [("accepted",)]

    await house.post(line("a", unit_price="1100.00"))
    assert await house.differences("status", "found") == [("open", yuan("1100.00"))]


async def test_a_line_again_as_it_was_changes_nothing(house: House) -> None:
    await house.ward.scan(scan(1))

    assert await house.post(line("a"), line("a")) == 1
    assert await house.post(line("a")) == 0
    assert await house.differences() == []


BAD = [
    (line("a", quantity=-1), b"quantity"),
    (line("a") | {"amount": "1.00"}, b"1234.00"),
    (line("a", currency="USD"), b"currency"),
]


@pytest.mark.parametrize("bad", [each for each, _ in BAD] + [b"no json"], ids=["negative", "sum", "currency", "json"])
async def test_a_bad_line_is_a_dead_letter_and_its_neighbours_go_through(house: House, bad: Any) -> None:
    await house.ward.scan(scan(1), scan(2))

    assert await house.post(line("b"), bad, line("c", 2)) == 2
    assert await house.differences() == []
    letters = await house.pool.fetch("SELECT bodies, reasons FROM udi.outbox_block WHERE topic = 'dead-letters'")
    assert letters[0]["bodies"] == [bad if isinstance(bad, bytes) else body(bad)]


@pytest.mark.parametrize("order", list(permutations(range(4))), ids=str)
async def test_in_any_order_of_arrival_the_same_stands(house: House, order: tuple[int, ...]) -> None:
    """Two patients whose charges were swapped in part, and a return."""
    steps: list[Callable[[], Awaitable[Any]]] = [
        lambda: house.ward.scan(scan(1), scan(2, quantity=2)),
        lambda: house.post(line("a", encounter="E2"), line("b", 2, quantity=2)),
        lambda: house.post(line("c", 40, item_code="PLATE", unit_price="50.00"), line("d", 4, encounter="E2")),
        lambda: house.ward.scan(scan(3, action="return", corrects=str(scan_id(2))), scan(4, encounter="E2")),
    ]
    for place in order:
        await steps[place]()
        await house.differences()

    assert await house.differences("kind", "aspects", "encounter", "scan_id", "line_id") == [
        ("extra", [], "E1", None, "c"),
        ("wrong", ["patient"], "E1", scan_id(1), "a"),
        ("wrong", ["quantity"], "E1", scan_id(2), "b"),
    ]
    unique = {
        UUID(int=row["difference_id"].int) for row in await house.pool.fetch("SELECT * FROM udi.difference_standing")
    }
    assert len(unique) == 3


async def test_verify_compares_all_of_it_anew(house: House) -> None:
    await house.ward.scan(scan(1), scan(2, quantity=2))
    await house.post(
        line("a", encounter="E2"), line("b", 2, quantity=2), line("c", 9, item_code="NAIL", unit_price="7.00")
    )
    await house.differences()
    assert await verified(house) == []

    await house.pool.execute("DELETE FROM udi.difference_standing WHERE kind = 'extra'")
    await house.pool.execute("UPDATE udi.difference_standing SET version = 99 WHERE across")
    assert sorted(await verified(house)) == [("E1", "extra", "is not there"), ("E1", "wrong", "is not there")]


async def test_verify_does_not_compare_what_the_reconciler_has_not_seen(house: House) -> None:
    await house.ward.scan(scan(1))
    await house.post(line("a", encounter="E2"))

    (finding,) = await verify_differences(house.pool, ZONE_DEFAULT, 0)

    assert (finding.ok, finding.note) == (True, "not compared: the reconciler is behind")


async def verified(house: House) -> list[tuple[Any, ...]]:
    """What `udi verify` has to say of the differences."""
    (finding,) = await verify_differences(house.pool, ZONE_DEFAULT, 0)
    return [(row["encounter"], row["kind"], row["what"]) for row in finding.first]


@pytest.mark.parametrize("seed", range(6))
async def test_what_is_compared_step_by_step_is_what_comparing_all_anew_finds(house: House, seed: int) -> None:
    """Scans, returns and lines of three patients at random: entered, changed, cancelled, moved to another patient."""
    chance = Random(seed)  # noqa: S311 -- a story, no secret
    for step in range(1, 60):
        await random_event(house, chance, step)
        if step == 30:
            await house.ward.learn(encounter(encounter="E3"), item(prices=[price("1300.00")]))
            await house.ward.sweep()
        if chance.random() < 0.5:
            await house.reconciler.step()
    await house.differences()

    assert await verified(house) == []
    assert len(await house.differences()) > 5


async def random_event(house: House, chance: Random, step: int) -> None:
    """A use of one of two items, a return, or lines."""
    patient, what = chance.choice(PATIENTS), chance.random()
    if what < 0.4:
        goods = {"codes": [gs1(OTHER, lot="P1")]} if what < 0.1 else {"quantity": chance.choice((1, 1, 2))}
        await house.ward.scan(scan(10 * step, encounter=patient, **goods))
    elif what < 0.55:
        back = str(scan_id(10 * chance.randint(1, step)))
        await house.ward.scan(scan(10 * step, encounter=patient, action="return", corrects=back))
    else:
        await house.post(*(random_line(chance, chance.choice(PATIENTS)) for _ in range(chance.randint(1, 3))))


def random_line(chance: Random, patient: str) -> dict[str, Any]:
    """One of a few lines, so that many come again; near to some scan."""
    goods = chance.choice(({}, {}, {"item_code": "PLATE", "unit_price": "50.00"}, {"unit_price": "1300.00"}))
    return line(
        f"L{chance.randint(1, 25)}",
        10 * chance.randint(1, 60),
        encounter=patient,
        quantity=chance.choice((1, 1, 2)),
        cancelled=chance.random() < 0.2,
        **goods,
    )
