"""The monthly run as a duty of the scheduler: on its day it starts `udi month run` for every month that is over.

The run is a process of its own: it draws charts and holds a year of cases, which the scheduler's other jobs must not
pay for. It is idempotent and goes on where it was killed, so it is simply started again while anything is left.

References:
    docs/assessment.md, section "The meeting pack".
"""

import asyncio
import sys
from collections.abc import Mapping
from contextlib import suppress
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Final

import asyncpg
import structlog

from models.calendar import Month, local_day, month_of, month_text, shift
from sinks.postgres.assessment.pack import DueMonth, due_months
from streams.services.leased import Failed, nobody, while_leased
from streams.settings import Settings
from streams.waiting import bounded

log = structlog.get_logger(__name__)

POLL_SECONDS: Final = 300.0
"""Between two looks: a month is over once."""
RUN_SECONDS_MAX: Final = 3600.0
"""A run that takes longer is ended and taken up again."""


class MonthRunError(Exception):
    """A run ended with another exit status than 0; the text says which month and what it said last."""


class MonthRunner:
    """Runs the months that are over, the oldest first, from the day of `month_run_day` on."""

    def __init__(self, settings: Settings, pool: asyncpg.Pool, environment: Mapping[str, str]) -> None:
        self._settings = settings
        self._pool = pool
        self._environment = environment

    async def run(self, failed: Failed = nobody) -> None:
        """Look after it until cancelled; without a day only sleep: a person runs the months."""
        if self._settings.month_run_day is None:
            await asyncio.Event().wait()
        await while_leased(self._pool, "month-runner", self.look, poll_seconds=POLL_SECONDS, failed=failed)

    async def look(self) -> bool:
        """Run the oldest month that is due; gives whether there was one."""
        day = self._settings.month_run_day
        if day is None:
            return False
        last = last_due(local_day(datetime.now(UTC), self._settings.zone), day)
        due = await due_months(self._pool, last)
        if due:
            await self._start(due[0])
        return bool(due)

    async def _start(self, due: DueMonth) -> None:
        out = self._settings.pack_dir or self._settings.data_dir / "packs"
        words = ("month", "run", month_text(due.month), "--hospital", due.hospital, "--out", str(Path(out)))
        process = await asyncio.create_subprocess_exec(
            sys.executable, "-m", "streams", *words, env=self._environment,
            stdin=asyncio.subprocess.DEVNULL, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.STDOUT,
        )  # fmt: skip
        try:
            said, _ = await bounded(process.communicate(), RUN_SECONDS_MAX)
        finally:
            if process.returncode is None:
                with suppress(ProcessLookupError):
                    process.kill()
                await process.wait()
        if process.returncode:
            line = said.decode(errors="replace").strip().rpartition("\n")[2]
            raise MonthRunError(f"{due.hospital} {month_text(due.month)}: exit status {process.returncode}: {line}")
        log.info("The month was run.", hospital=due.hospital, month=month_text(due.month))


def last_due(today: date, day: int) -> Month:
    """The newest month whose run is due: the one before, from that day of the month on.

    >>> last_due(date(2022, 7, 3), 3), last_due(date(2022, 7, 2), 3), last_due(date(2022, 1, 31), 3)
    (202206, 202205, 202112)
    """
    return shift(month_of(today), -1 if today.day >= day else -2)
