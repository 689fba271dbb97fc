"""What a hospital sets for its decisions, and the list of tracked goods whose label did not say which."""

from collections.abc import AsyncIterator
from datetime import timedelta
from typing import Any

import pytest
from asyncpg import CheckViolationError

from models.policy import POLICY
from sinks.postgres.charging.policies import policies, set_return_clock, untraced
from tests.support.builders import DI, at, gs1, scan, scan_id
from tests.support.ward import PostgresStore, Ward, postgres_store, usual, verdicts


@pytest.fixture
async def books(database: str) -> AsyncIterator[PostgresStore]:
    async with postgres_store(database) as made:
        yield made


@pytest.fixture
async def tracked(books: PostgresStore) -> Ward:
    return await Ward(books).open(*usual())


async def test_the_default_of_the_books_is_that_of_the_policy(books: PostgresStore) -> None:
    assert await books.pool.fetchval("SELECT udi.return_clock_tolerance('H1')") == POLICY.return_clock_tolerance


async def test_what_a_hospital_sets_holds_for_it_alone_from_then_on(tracked: Ward, books: PostgresStore) -> None:
    await set_return_clock(books.pool, "H1", timedelta(seconds=60), "wang", "clocks are set every night")
    await tracked.scan(scan(1, scanned_at=at(61)), scan(2, action="return", scanned_at=at(0)))

    assert verdicts(await tracked.account())[str(scan_id(2))] == ("held", ("return-without-use",))
    await set_return_clock(books.pool, "H1", timedelta(seconds=61), "li", "one was late")
    assert await tracked.sweep() == 1
    assert [(each.n, each.return_clock_seconds, each.by) for each in await policies(books.pool, None)] == [
        (2, 61, "li")
    ]


@pytest.mark.parametrize("tolerance", [timedelta(seconds=-1), timedelta(days=1, seconds=1)])
async def test_a_tolerance_that_is_none_is_refused(books: PostgresStore, tolerance: timedelta) -> None:
    with pytest.raises(CheckViolationError):
        await set_return_clock(books.pool, "H1", tolerance, "wang", "why not")


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
