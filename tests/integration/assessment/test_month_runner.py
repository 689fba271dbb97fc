"""The scheduler's duty: months that are over are run, the oldest first, once."""

from datetime import date
from pathlib import Path

from hypothesis import given
from hypothesis import strategies as st

from models.calendar import Month, first_day, month_of, month_text, shift
from sinks.metrics.counts import Metrics
from sinks.postgres.assessment.pack import DueMonth, due_months, step_done, steps_done
from sinks.postgres.observation import observe
from streams.embedded.broker import EmbeddedBroker
from streams.running import environment
from streams.services.monitoring.month_runner import MonthRunner, last_due
from tests.integration.monitoring.usage import ward
from tests.support.installed import installed


@given(st.dates(), st.integers(1, 10))
def test_a_run_is_due_from_its_day_on(today: date, day: int) -> None:
    month = last_due(today, day)
    assert month < month_of(today)
    assert (month == shift(month_of(today), -1)) == (today >= first_day(month_of(today)).replace(day=day))


async def test_the_month_after_the_newest_run_is_due(database: str) -> None:
    async with ward(database, "2022-01") as w:
        assert await due_months(w.pool, Month(202112)) == []
        assert await due_months(w.pool, Month(202203)) == [DueMonth("H1", Month(202201))]
        await w.close("2022-01")
        assert await due_months(w.pool, Month(202203)) == [DueMonth("H1", Month(202202))]
        await step_done(w.pool, "H1", Month(202201), "close")
        assert await due_months(w.pool, Month(202201)) == []


async def test_a_month_that_nobody_runs_is_seen_as_long_as_those_before_it_were_run(database: str) -> None:
    async with ward(database, "2022-01") as w:
        metrics = Metrics()
        await observe(w.pool, metrics)
        assert "udi_month_run_age_seconds 0.0" in metrics.text().decode()
        await step_done(w.pool, "H1", Month(202201), "pack")
        await observe(w.pool, metrics)
        [line] = [each for each in metrics.text().decode().splitlines() if each.startswith("udi_month_run_age_seconds")]
        assert float(line.split()[-1]) > 86_400 * 365


def names(folder: Path) -> set[str]:
    return {each.name for each in folder.iterdir()}


async def test_the_scheduler_closes_assesses_and_packs_what_is_over(
    told: str, embedded_broker: EmbeddedBroker, tmp_path: Path
) -> None:
    async with installed(told, embedded_broker) as house:
        settings = house.settings.model_copy(update={"month_run_day": 1, "pack_dir": tmp_path})
        # No worker runs here to record the ticks of a close: the month is closed, and neither assessed nor packed.
        first = (await due_months(house.pool, Month(202212)))[0]
        await step_done(house.pool, "H1", shift(first.month, -1), "pack")
        await house.pool.execute("UPDATE udi.period SET closed_through = $1 WHERE hospital = 'H1'", first.month)
        runner = MonthRunner(settings, house.pool, environment(settings))
        assert await runner.look()
        assert f"H1-{month_text(first.month)}.html" in names(tmp_path)
        assert await steps_done(house.pool, "H1", first.month) == {"close", "assess", "pack"}
        assert (await due_months(house.pool, Month(202212)))[0].month == shift(first.month, 1)
