"""What a hospital sets for its decisions, and the list of tracked goods whose label did not say which."""

from collections.abc import AsyncIterator
from datetime import datetime, timedelta
from typing import Any

import pytest
from asyncpg import CheckViolationError

from models.calendar import ZONE_DEFAULT
from models.charging.snapshot import Catalogue, Lookup
from models.policy import POLICY, ReturnClock
from rules.view import View
from sinks.postgres.charging.policies import Beyond, policies, set_return_clock, untraced
from streams.embedded.broker import EmbeddedBroker
from tests.support.builders import DI, NOON, at, gs1, scan, scan_id
from tests.support.installed import installed
from tests.support.ward import PostgresStore, Ward, postgres_store, usual, verdicts


@pytest.fixture
async def books(database: str) -> AsyncIterator[PostgresStore]:
    async with postgres_store(database) as made:
        yield made


@pytest.fixture
async def tracked(books: PostgresStore) -> Ward:
    return await Ward(books).open(*usual())


def clock(since: float, seconds: float) -> ReturnClock:
    """From so many seconds after noon on."""
    return ReturnClock(NOON + timedelta(seconds=since), timedelta(seconds=seconds))


async def set_clock(books: PostgresStore, since: float, seconds: float) -> Beyond | None:
    return await set_return_clock(books.pool, "H1", clock(since, seconds), "wang", "clocks are set every night")


async def test_the_default_of_the_books_is_that_of_the_policy(books: PostgresStore) -> None:
    assert await books.pool.fetchval("SELECT udi.return_clock_at('H1', now())") == POLICY.return_clock_tolerance


@pytest.mark.parametrize("scanned", [-1, 0, 3_599, 3_600, 7_200, 9_999])
async def test_what_a_return_frees_is_found_by_the_figure_that_decides_it(books: PostgresStore, scanned: int) -> None:
    for since, seconds in ((0, 60), (7_200, 90), (3_600, 120), (7_200, 30)):
        await set_clock(books, since, seconds)
    instant = NOON + timedelta(seconds=scanned)

    gathered = await books.books.gather(0, Lookup(hospitals={"H1"}), Catalogue())

    found = await books.pool.fetchval("SELECT udi.return_clock_at('H1', $1)", instant)
    assert found == View(gathered, Catalogue()).return_clock_tolerance("H1", instant)


async def test_what_a_hospital_sets_holds_for_it_alone_from_its_date_on(tracked: Ward, books: PostgresStore) -> None:
    assert await set_clock(books, 0, 60) is None
    await tracked.scan(scan(1, scanned_at=at(61)), scan(2, action="return", scanned_at=at(0)))

    assert verdicts(await tracked.account())[str(scan_id(2))] == ("held", ("return-without-use",))
    assert await set_clock(books, 1, 61) is None
    assert await tracked.sweep() == 0
    assert await set_clock(books, 0, 61) is None
    assert await tracked.sweep() == 1
    assert [(each.n, each.return_clock_seconds, each.since) for each in await policies(books.pool, None)] == [
        (1, 60, NOON), (2, 61, NOON + timedelta(seconds=1)), (3, 61, NOON),
    ]  # fmt: skip


async def test_books_made_anew_decide_each_return_as_the_first_did(tracked: Ward, books: PostgresStore) -> None:
    def story() -> list[dict[str, Any]]:
        told = []
        for n, (used, returned) in enumerate([(200, 0), (900, 800), (4_000, 3_800), (4_900, 4_850)]):
            unit = {"codes": [gs1(DI, expiry="271231", lot=f"L{n}")], "encounter": "E1"}
            told += [
                scan(10 + n, scanned_at=at(used), **unit),
                scan(20 + n, action="return", corrects=str(scan_id(10 + n)), scanned_at=at(returned), **unit),
            ]
        return told

    await tracked.scan(*story()[:4])
    assert await set_clock(books, 3_600, 60) is None
    await tracked.scan(*story()[4:])
    first = await tracked.account()

    await books.empty()
    assert await set_clock(books, 3_600, 60) is None
    anew = await Ward(books).open(*usual())
    await anew.scan(*story())

    assert [verdicts(first)[str(scan_id(20 + n))][0] for n in range(4)] == ["credited", "credited", "held", "credited"]
    assert repr(await anew.account()) == repr(first)


async def test_a_figure_that_a_recorded_return_contradicts_is_not_set(tracked: Ward, books: PostgresStore) -> None:
    await tracked.scan(scan(1, scanned_at=at(261)), scan(2, action="return", scanned_at=at(200)))

    assert await set_clock(books, 200, 60) == Beyond(1, timedelta(seconds=61), NOON + timedelta(seconds=200))
    assert await set_clock(books, 0, 0) == Beyond(1, timedelta(seconds=61), NOON + timedelta(seconds=200))
    assert await policies(books.pool, "H1") == []
    assert await set_clock(books, 200, 61) is None
    assert await set_clock(books, 201, 60) is None


@pytest.mark.parametrize("seconds", [-1, 86_401])
async def test_a_tolerance_that_is_none_is_refused(books: PostgresStore, seconds: int) -> None:
    with pytest.raises(CheckViolationError):
        await set_clock(books, 0, seconds)


async def test_uses_whose_label_did_not_say_which_are_listed_until_they_come_back(
    tracked: Ward, books: PostgresStore
) -> None:
    await tracked.scan(scan(1, codes=[gs1(DI, expiry="271231", serial="S1")]), scan(2))
    await tracked.scan(scan(3, codes=[gs1(DI, expiry="271231", serial="S2")]))

    found: Any = await untraced(books.pool, None, "SCREW")
    assert [(each.scan_id, each.reasons[0], each.quantity) for each in found] == [
        (scan_id(1), "lot-missing", 1), (scan_id(3), "lot-missing", 1),
    ]  # fmt: skip

    await tracked.scan(
        scan(4, action="return", corrects=str(scan_id(1)), codes=[gs1(DI, expiry="271231", serial="S1")])
    )
    assert [each.scan_id for each in await untraced(books.pool, None, None)] == [scan_id(3)]


async def test_a_person_sets_a_dated_figure_and_is_told_of_returns_it_contradicts(
    told: str, embedded_broker: EmbeddedBroker
) -> None:
    unit = {"codes": [gs1(DI, expiry="271231", lot="L1")], "encounter": "E1"}
    async with installed(told, embedded_broker) as house:
        await house.ward.scan(scan(71, scanned_at=at(200), **unit))
        await house.ward.scan(scan(72, action="return", corrects=str(scan_id(71)), scanned_at=at(0), **unit))
        words = ("policy", "H1", "--return-clock", "60", "--reason", "set every night")

        refused = await house.udi(*words, "--since", at(0))
        assert (refused.exit_code, refused.stdout) == (2, "")
        assert refused.stderr == (
            "udi: Expected a larger tolerance or a later --since: 1 recorded returns scanned from then on, the last at "
            f"{NOON.astimezone(ZONE_DEFAULT).isoformat()}, were scanned up to 200 s before their use.\n"
        )
        assert (await house.udi("policy", "--since", at(0))).stderr == "udi: Expected --return-clock with --since.\n"

        found = await house.json(*words, "--since", at(1))
        assert [(row["n"], row["return_clock_seconds"], row["reason"]) for row in found] == [(1, 60, "set every night")]
        assert datetime.fromisoformat(found[0]["since"]) == NOON + timedelta(seconds=1)
        shown = await house.udi("policy")
        assert shown.stdout.splitlines()[-3].split()[:2] == ["H1", "60"]
