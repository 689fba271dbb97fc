"""Discharged cases and incomes in the books: versions, what replaces what, what is refused, what our own books add."""

from collections.abc import AsyncIterator
from datetime import date, timedelta
from decimal import Decimal
from typing import Any

import asyncpg
import pytest

from models.calendar import first_day, parse_month
from sinks.ports.batch import LaneMovedError, RawRecord
from sinks.postgres.assessment.cases import AssessedBatch, AssessedBooks
from tests.support.builders import DI, NOON, gs1, item, price, scan, scan_id
from tests.support.cases import discharge, income, post_discharges, post_incomes
from tests.support.ward import CLUSTER, LANES, PostgresStore, Ward, postgres_store, usual


@pytest.fixture
async def store(database: str) -> AsyncIterator[PostgresStore]:
    async with postgres_store(database) as store:
        yield store


async def rows(pool: asyncpg.Pool, query: str, *arguments: Any) -> list[tuple[Any, ...]]:
    return [tuple(row) for row in await pool.fetch(query, *arguments)]


async def test_newer_record_replaces_the_case_and_both_are_kept(store: PostgresStore) -> None:
    assert await post_discharges(store.pool, discharge()) == 1
    assert await post_discharges(store.pool, discharge(drg_group="IB19", drg_weight="1.5")) == 1

    assert await rows(
        store.pool,
        "SELECT version, drg_group, drg_weight, drg_group_before, drg_weight_before, regrouped FROM report.discharges",
    ) == [(2, "IB19", Decimal("1.5"), "IB15", Decimal("2.0000"), True)]
    assert await rows(store.pool, "SELECT version, drg_group FROM report.discharge_versions ORDER BY version") == [
        (1, "IB15"), (2, "IB19"),
    ]  # fmt: skip


async def test_same_record_again_is_no_new_version_also_within_a_batch(store: PostgresStore) -> None:
    first, second = discharge(), discharge(drg_weight="1.5")

    assert await post_discharges(store.pool, first, first, second, second, first) == 3
    assert await post_discharges(store.pool, first) == 0
    assert await post_incomes(store.pool, income(), income(), income(drug_income="1.00")) == 2
    assert await post_incomes(store.pool, income(drug_income="1.00")) == 0

    assert await rows(store.pool, "SELECT version, drg_weight FROM udi.discharge ORDER BY version") == [
        (1, Decimal("2.0000")), (2, Decimal("1.5")), (3, Decimal("2.0000")),
    ]  # fmt: skip


async def test_a_change_that_leaves_the_group_is_no_regrouping(store: PostgresStore) -> None:
    await post_discharges(store.pool, discharge(), discharge(stay_cost="9001.00"))

    assert await store.pool.fetchval("SELECT regrouped FROM report.discharges") is False


@pytest.mark.parametrize(
    "wrong",
    [
        discharge(drg_weight="-1"),
        discharge(drg_weight="NaN"),
        discharge(consumable_cost="-0.01"),
        discharge(discharged_at="2022-06-10T10:00:00"),
        {**discharge(), "department": None},
        discharge(device_events=-1),
        b"{",
    ],
)
async def test_what_is_no_case_is_a_dead_letter(store: PostgresStore, wrong: dict[str, Any] | bytes) -> None:
    assert await post_discharges(store.pool, wrong, discharge()) == 1

    reasons = await store.pool.fetchval("SELECT reasons FROM udi.outbox_block WHERE topic = 'dead-letters'")
    assert reasons == (["not-json"] if wrong == b"{" else ["bad-event"])


@pytest.mark.parametrize("wrong", [income(month="2022-13"), income(month="2022-6"), income(medical_income="-1")])
async def test_what_is_no_income_is_a_dead_letter(store: PostgresStore, wrong: dict[str, Any]) -> None:
    assert await post_incomes(store.pool, wrong) == 0
    assert await store.pool.fetchval("SELECT count(*) FROM udi.outbox_block") == 1


async def test_a_batch_is_recorded_once_or_not_at_all(store: PostgresStore) -> None:
    books = AssessedBooks(store.pool, LANES)
    position = await books.take_over(CLUSTER, "udi.discharges", 0)
    await post_discharges(store.pool, discharge())

    with pytest.raises(LaneMovedError):
        await books.record(position, 1, None, AssessedBatch())


async def test_the_same_place_of_another_cluster_is_another_dead_letter(store: PostgresStore) -> None:
    books = AssessedBooks(store.pool, LANES)
    for cluster in ("c1", "c2"):
        position = await books.take_over(cluster, "udi.discharges", 0)
        batch = AssessedBatch()
        read = AssessedBooks.parse_discharge(RawRecord(b"H1/E1", b"{"))
        AssessedBooks.add_discharge(batch, read, NOON, position.origin(0))
        await books.record(position, 1, None, batch)

    assert await rows(store.pool, "SELECT count(*), count(DISTINCT id), count(DISTINCT body) FROM report.outbox") == [
        (2, 2, 1)
    ]


@pytest.mark.parametrize(
    ("last", "next_first", "months"),
    [
        ("2022-05-31T15:59:59Z", "2022-05-31T16:00:00Z", ("2022-05", "2022-06")),
        ("2024-02-29T15:59:59Z", "2024-02-29T16:00:00Z", ("2024-02", "2024-03")),
        ("2022-12-31T15:59:59Z", "2022-12-31T16:00:00Z", ("2022-12", "2023-01")),
    ],
)
async def test_month_of_a_case_is_the_hospital_s(
    store: PostgresStore, last: str, next_first: str, months: tuple[str, str]
) -> None:
    await post_discharges(
        store.pool, discharge(encounter="A", discharged_at=last), discharge(encounter="B", discharged_at=next_first)
    )

    assert await rows(store.pool, "SELECT encounter, month FROM report.discharges ORDER BY 1") == [
        ("A", months[0]), ("B", months[1]),
    ]  # fmt: skip
    first = first_day(parse_month(months[1]))
    between = "SELECT encounter FROM udi.discharges_between('H1', $1, $2)"
    assert await rows(store.pool, between, first, first + timedelta(days=31)) == [("B",)]


async def test_own_books_say_what_a_case_used_at_the_cost_of_the_day(store: PostgresStore) -> None:
    costs = [
        {"cost": "600.005", "from": "2022-01-01", "to": "2022-06-04"},
        {"cost": "700.00", "from": "2022-06-04", "to": None},
    ]
    ward = await Ward(store).open(*usual(), item(prices=[price("1234.00")], cost=costs))
    await ward.scan(scan(1, codes=[gs1(DI, lot="L1")], quantity=3))
    await ward.scan(scan(2, codes=[gs1(DI, lot="L1")], action="return", corrects=str(scan_id(1))))
    await ward.scan(scan(3, codes=[gs1(DI, lot="L1")], scanned_at="2022-06-04T00:00:00+08:00"))

    assert await rows(store.pool, "SELECT * FROM udi.encounters_at_cost('H1', ARRAY['E1', 'none'])") == [
        ("E1", 3 * 123400, 2 * 60000 + 1 + 70000, 0)
    ]
    by_department = "SELECT department, units, income_fen, cost_fen FROM udi.used_at_cost('H1', $1, $2)"
    first, second, after = (date(2022, 6, day) for day in (3, 4, 5))
    assert await rows(store.pool, by_department, first, second) == [("ORTH", 2, 2 * 123400, 2 * 60000 + 1)]
    assert await rows(store.pool, by_department, second, after) == [("ORTH", 1, 123400, 70000)]


async def test_use_without_one_cost_on_its_day_is_counted_as_such(store: PostgresStore) -> None:
    ward = await Ward(store).open(*usual())
    await ward.scan(scan(1, codes=[gs1(DI, lot="L1")], quantity=2))

    found = "SELECT income_fen, cost_fen, units_without_cost FROM udi.encounters_at_cost('H1', ARRAY['E1'])"
    assert await rows(store.pool, found) == [(246800, 0, 2)]
