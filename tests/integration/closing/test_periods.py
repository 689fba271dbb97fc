import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from typing import Any

import asyncpg
import pytest

from models.calendar import ZONE_DEFAULT, Month
from models.charging.snapshot import Catalogue
from models.policy import POLICY
from sinks.ports.batch import Batch, RawRecord
from sinks.postgres.catalogue.facts import FactBatch, FactBooks
from sinks.postgres.charging.books import PostgresBooks
from sinks.postgres.closing.periods import CloseOrderError, HospitalPeriods, PeriodBooks, first_to_close
from sinks.postgres.database import open_pool
from streams.agents.scans import record_scans
from streams.lanes.lane import Lane
from streams.lanes.told import Record
from streams.services.monitoring.evaluator import Evaluator
from streams.services.month_close import CloseBehindError, ClosedMonth, Forced, MonthNotOverError, close_month
from tests.support import builders as b
from tests.support.databases.books import prepare

CLUSTER, TOPIC = "cluster", "udi.scans"
MAY, JUNE, JULY = Month(202205), Month(202206), Month(202207)


class House:
    """A hospital whose lanes record in this process; no broker: records come from the test."""

    def __init__(self, pool: asyncpg.Pool) -> None:
        self.pool = pool
        self.periods = PeriodBooks(pool)
        self.evaluator = Evaluator(pool, ZONE_DEFAULT)
        self._numbers = 0

    async def learn(self) -> None:
        """The usual screw, monitored, and the usual encounter, as `H1` and `H2` have them."""
        facts, batch = FactBooks(self.pool, 2), FactBatch()
        for hospital in ("H1", "H2"):
            item, encounter = b.item(monitored=True, hospital=hospital), b.encounter(hospital=hospital)
            encounter["admitted_at"] = "2022-01-01T00:00:00+08:00"
            facts.add(batch, facts.parse_item(RawRecord(None, b.body(item))), b.NOON, "catalogue")
            facts.add(batch, facts.parse_encounter(RawRecord(None, b.body(encounter))), b.NOON, "encounters")
        assert not batch.letters
        await facts.record(await facts.take_over(CLUSTER, "udi.catalogue", 0), 1, None, batch)

    async def lane(self, partition: int = 0, books: PostgresBooks | None = None) -> Lane:
        """A lane in this process."""
        books = books or PostgresBooks(self.pool, ZONE_DEFAULT)
        state = await books.take_over(CLUSTER, TOPIC, partition)
        return Lane(state, books, Catalogue(), ZONE_DEFAULT, POLICY)

    async def use(self, lane: Lane, days: int = 0, units: int = 1, **changes: Any) -> None:
        """A screw used so many days after 3 June, recorded by the lane."""
        self._numbers += 1
        seconds = days * 86_400 + self._numbers
        event = b.scan(self._numbers, scanned_at=b.at(seconds), quantity=units, **changes)
        offset, stamp = lane.position.next_offset, b.NOON + timedelta(days=200)
        await record_scans(lane, lane.read([Record(offset, stamp, None, b.body(event))], offset + 1))

    async def close(  # noqa: PLR0917 -- what a close may be asked
        self,
        month: Month,
        hospitals: list[str] | None = None,
        ticks: dict[int, int] | None = None,
        timeout_seconds: float = 30,
        publish: Callable[[], Awaitable[dict[int, int]]] | None = None,
        now: datetime | None = None,
        forced: Forced | None = None,
    ) -> ClosedMonth:
        """`udi month close` with everything before it recorded, unless ticks say otherwise."""

        async def published() -> dict[int, int]:
            return ticks or {}

        return await close_month(
            month,
            hospitals=hospitals,
            pool=self.pool,
            cluster_id=CLUSTER,
            publish_ticks=publish or published,
            timeout_seconds=timeout_seconds,
            now=now,
            forced=forced,
            evaluate=self.evaluator.step,
        )

    async def periods_of_entries(self) -> list[tuple[int, int, int]]:
        """Lane, period and number of charges, in order."""
        rows = await self.pool.fetch(
            "SELECT s.lane, l.period, count(*) FROM udi.ledger l JOIN udi.scan s USING (position_id, record_offset) "
            "GROUP BY s.lane, l.period ORDER BY s.lane, l.period"
        )
        return [tuple(row) for row in rows]


@asynccontextmanager
async def house(database: str) -> AsyncIterator[House]:
    """A fresh hospital."""
    await prepare(database, 2)
    pool = await open_pool(database, 6)
    try:
        made = House(pool)
        await made.learn()
        yield made
    finally:
        await pool.close()


async def test_months_close_in_order_from_the_first_with_records(database: str) -> None:
    async with house(database) as h:
        await h.use(await h.lane(), days=-5)
        with pytest.raises(CloseOrderError, match=r"Expected 2022-05 to be closed next at H1, got 2022-06\."):
            await h.close(JUNE)
        with pytest.raises(CloseOrderError, match=r"from 2022-05 on, when the records of H1 begin, got 2022-04\."):
            await h.close(Month(202204))
        assert await h.periods.hospitals() == [HospitalPeriods("H1", MAY, None)]
        assert await h.close(MAY) == ClosedMonth(MAY, ("H1",), (), (), 0)
        with pytest.raises(CloseOrderError, match=r"Expected 2022-06 to be closed next at H1, got 2022-07\."):
            await h.close(JULY)
        assert await h.close(JUNE) == ClosedMonth(JUNE, ("H1",), (), (), 0)
        assert await h.periods.hospitals() == [HospitalPeriods("H1", MAY, JUNE)]


LAST_INSTANT_OF_JUNE = datetime(2022, 6, 30, 15, 59, 59, tzinfo=UTC)
"""In Shanghai."""


async def test_a_month_that_is_not_over_in_the_hospitals_zone_is_not_closed(database: str) -> None:
    async with house(database) as h:
        await h.use(await h.lane())
        with pytest.raises(MonthNotOverError, match=r"2022-06 is not, at H1\."):
            await h.close(JUNE, now=LAST_INSTANT_OF_JUNE)
        assert await h.pool.fetchval("SELECT count(*) FROM udi.period") == 0
        assert (await h.close(JUNE, now=LAST_INSTANT_OF_JUNE + timedelta(seconds=1))).closed == ("H1",)


async def test_a_month_that_is_forced_is_closed_and_says_by_whom_and_why(database: str) -> None:
    async with house(database) as h:
        await h.use(await h.lane())
        forced = Forced("wang", "the books move to another system")
        assert (await h.close(JUNE, now=LAST_INSTANT_OF_JUNE, forced=forced)).closed == ("H1",)
        rows = await h.pool.fetch("SELECT hospital, month, by, reason FROM report.forced_closes")
        assert [tuple(row) for row in rows] == [("H1", "2022-06", "wang", "the books move to another system")]
        assert (await h.close(JUNE, now=LAST_INSTANT_OF_JUNE)).already_closed == ("H1",)


async def test_a_close_may_be_repeated_and_changes_nothing(database: str) -> None:
    async with house(database) as h:
        await h.use(await h.lane())
        await h.close(JUNE)
        closes = await h.pool.fetch("SELECT * FROM udi.period_close")
        assert await h.close(JUNE) == ClosedMonth(JUNE, (), ("H1",), (), 0)
        assert await h.pool.fetch("SELECT * FROM udi.period_close") == closes


async def test_of_two_closes_at_once_one_closes(database: str) -> None:
    async with house(database) as h:
        await h.use(await h.lane())
        closed = await asyncio.gather(*(h.close(JUNE) for _ in range(4)))
        assert sorted(each.closed for each in closed) == [(), (), (), ("H1",)]


async def test_all_hospitals_close_together_and_one_that_begins_later_is_left_out(database: str) -> None:
    async with house(database) as h:
        lane = await h.lane()
        await h.use(lane, days=-5)
        await h.use(lane, hospital="H2")
        assert await h.close(MAY) == ClosedMonth(MAY, ("H1",), (), ("H2",), 0)
        with pytest.raises(CloseOrderError, match="when the records of H2 begin"):
            await h.close(MAY, ["H2"])
        assert await h.close(JUNE) == ClosedMonth(JUNE, ("H1", "H2"), (), (), 0)


async def test_one_hospital_may_close_alone_and_a_close_of_all_is_whole_or_not_at_all(database: str) -> None:
    async with house(database) as h:
        lane = await h.lane()
        await h.use(lane)
        await h.use(lane, hospital="H2")
        assert await h.close(JUNE, ["H2"]) == ClosedMonth(JUNE, ("H2",), (), (), 0)
        with pytest.raises(CloseOrderError, match="closed next at H1"):
            await h.close(JULY)
        assert await h.periods.hospitals() == [HospitalPeriods("H1", JUNE, None), HospitalPeriods("H2", JUNE, JUNE)]


async def test_the_database_itself_refuses_a_month_out_of_order(database: str) -> None:
    async with house(database) as h:
        lane = await h.lane()
        await h.use(lane)
        await h.use(lane, hospital="H2")
        await h.close(JUNE, ["H2"])
        for month in (MAY, JULY):
            with pytest.raises(CloseOrderError, match="2022-06"):
                await h.periods.close(month, {"H1": JUNE, "H2": JUNE})
        assert await h.pool.fetchval("SELECT count(*) FROM udi.period_close") == 1


async def test_a_hospital_without_records_can_not_be_closed(database: str) -> None:
    async with house(database) as h:
        with pytest.raises(CloseOrderError, match="found no records at all"):
            await h.close(JUNE)
        await h.use(await h.lane())
        with pytest.raises(CloseOrderError, match=r"Expected hospitals with records, got H9\."):
            await h.close(JUNE, ["H1", "H9"])


async def test_the_close_waits_until_the_position_has_passed_the_tick(database: str) -> None:
    async with house(database) as h:
        lane = await h.lane()
        await h.use(lane)
        after = lane.position.next_offset
        with pytest.raises(CloseBehindError, match=r"records behind: partition 0: 3\.$"):
            await h.close(JUNE, ticks={0: after + 2}, timeout_seconds=0.01)
        assert await h.pool.fetchval("SELECT count(*) FROM udi.period") == 0
        closing = asyncio.create_task(h.close(JUNE, ticks={0: after + 2}))
        await h.use(lane)
        await h.use(lane)
        assert not closing.done()
        await record_scans(lane, lane.read([Record(after + 2, b.NOON, None, b.body(b.TICK))], after + 3))
        assert (await closing).closed == ("H1",)


async def test_a_partition_that_was_never_read_is_behind(database: str) -> None:
    async with house(database) as h:
        await h.use(await h.lane())
        with pytest.raises(CloseBehindError) as raised:
            await h.close(JUNE, ticks={0: 0, 1: 4}, timeout_seconds=0.01)
        assert raised.value.lags == {1: 5}


async def test_what_was_published_before_the_close_may_begin_the_hospital(database: str) -> None:
    async with house(database) as h:
        lane = await h.lane()

        async def publish() -> dict[int, int]:
            await h.use(lane, days=-5)
            return {0: 0}

        assert (await h.close(MAY, publish=publish)).closed == ("H1",)


async def test_the_close_waits_for_a_batch_that_is_being_recorded(database: str) -> None:
    async with house(database) as h:
        await h.use(await h.lane())
        async with h.pool.acquire() as connection:
            async with connection.transaction():
                await connection.execute("SELECT pg_advisory_xact_lock_shared(1969, hashtext('H1'))")
                closing = asyncio.create_task(h.close(JUNE))
                async with asyncio.timeout(30):
                    while not await h.pool.fetchval("SELECT count(*) FROM pg_locks WHERE NOT granted"):
                        assert not closing.done()
                assert await h.pool.fetchval("SELECT count(*) FROM udi.period") == 0
            assert (await closing).closed == ("H1",)


class ClosedBetween(PostgresBooks):
    """Books in which a month is closed after a batch was gathered and before it is recorded."""

    closing: Callable[[], Awaitable[object]] | None = None

    async def record(self, batch: Batch) -> int:
        """Close first, once."""
        closing, self.closing = self.closing, None
        if closing is not None:
            await closing()
        return await super().record(batch)


async def test_a_batch_decided_before_the_close_and_recorded_after_it_goes_to_the_next_period(database: str) -> None:
    async with house(database) as h:
        books = ClosedBetween(h.pool, ZONE_DEFAULT)
        lane = await h.lane(books=books)
        await h.use(lane)
        books.closing = lambda: h.close(JUNE)
        await h.use(lane)
        rows = await h.pool.fetch("SELECT period, flags FROM report.charges ORDER BY posted_at, period")
        assert [(row["period"], "period-closed" in row["flags"]) for row in rows] == [
            ("2022-06", False),
            ("2022-07", True),
        ]
        usage = await h.pool.fetch("SELECT month, quantity FROM report.usage_months WHERE scope_type = 'hospital'")
        assert [tuple(row) for row in usage] == [("2022-06", 2)]


async def test_lanes_that_record_during_the_close_write_nothing_into_the_closed_month(database: str) -> None:
    async with house(database) as h:
        lanes = [await h.lane(partition) for partition in (0, 1)]
        closed = asyncio.Event()
        for lane in lanes:
            await h.use(lane)

        async def busy(lane: Lane) -> int:
            used = 1
            while not closed.is_set():
                await h.use(lane)
                used += 1
            await h.use(lane)
            return used + 1

        running = [asyncio.create_task(busy(lane)) for lane in lanes]
        assert (await h.close(JUNE)).closed == ("H1",)
        through = await h.pool.fetchval("SELECT closed_through FROM udi.period")
        closed.set()
        used = [await each for each in running]
        entries = await h.periods_of_entries()
        assert {(lane, period) for lane, period, _ in entries} == {(0, 202206), (0, 202207), (1, 202206), (1, 202207)}
        assert [sum(n for lane, _, n in entries if lane == each) for each in (0, 1)] == used
        # Within a lane nothing of the closed period follows an entry of the next one.
        turned_back = await h.pool.fetchval(
            "SELECT count(*) FROM udi.ledger a JOIN udi.ledger b USING (position_id) "
            "WHERE a.record_offset < b.record_offset AND a.period > b.period"
        )
        assert (turned_back, through) == (0, 202206)
        await h.evaluator.until_idle()
        units = await h.pool.fetchval("SELECT quantity FROM report.usage_months WHERE scope_type = 'hospital'")
        assert units == sum(used)


async def test_a_use_that_comes_after_the_close_makes_a_new_version_of_the_months_alert(database: str) -> None:
    async with house(database) as h:
        lane = await h.lane()
        await h.use(lane, days=-5, units=10)
        await h.use(lane, units=12)
        await h.close(MAY)
        assert (await h.close(JUNE)).alert_versions == 4
        await h.use(lane, units=1)
        await h.evaluator.until_idle()
        rows = await h.pool.fetch(
            "SELECT version, status, value, fired_at FROM report.alerts "
            "WHERE rule = 'growth-month-on-month' AND measure = 'quantity' AND scope = 'ORTH' ORDER BY version"
        )
        recorded_at, closed_at = (
            b.NOON + timedelta(days=200),
            await h.pool.fetchval("SELECT closed_at FROM udi.period_close WHERE month = 202206"),
        )
        assert [tuple(row) for row in rows] == [
            (1, "provisional", 12, recorded_at),
            (2, "fired", 12, closed_at),
            (3, "fired", 13, recorded_at),
        ]


@pytest.mark.parametrize(
    ("scanned", "posted", "first"),
    [
        pytest.param(200001, 202206, 202206, id="a clock that went back to 2000"),
        pytest.param(202105, 202206, 202206, id="thirteen months before the first entry"),
        pytest.param(202106, 202206, 202106, id="twelve months before it"),
        pytest.param(202205, None, 202205, id="nothing posted yet"),
        pytest.param(202206, 202207, 202206, id="the first use waited"),
    ],
)
def test_the_first_month_is_not_that_of_a_clock_far_off(scanned: Month, posted: Month | None, first: Month) -> None:
    assert first_to_close(scanned, posted) == first
