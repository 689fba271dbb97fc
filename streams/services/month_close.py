"""The close of a month: everything published before is recorded, then the books of the month are shut and judged.

References:
    docs/contract.md, section "Alerts" (`udi month close`); docs/alerts.md.
"""

import asyncio
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Final

import asyncpg

from models.calendar import Month, local_day, month_of, month_text
from sinks.postgres.closing.periods import CloseOrderError, HospitalPeriods, PeriodBooks

POLL_SECONDS: Final = 0.05

PublishTicks = Callable[[], Awaitable[Mapping[int, int]]]
"""Publishes a tick to every partition of the topic of scans; gives the offset the broker acknowledged for each."""
Evaluate = Callable[[], Awaitable[int]]
"""One session of the evaluator (`Evaluator.step`); gives the number of alert versions written."""


class CloseBehindError(Exception):
    """The scans published before the close were not recorded in time: the answer is "no", exit status 1."""

    def __init__(self, lags: Mapping[int, int]) -> None:
        self.lags = dict(lags)
        """Records that are not yet recorded, by partition."""
        shown = ", ".join(f"partition {partition}: {lag}" for partition, lag in sorted(self.lags.items()))
        super().__init__(f"Expected every scan to be recorded before the close; records behind: {shown}.")


class MonthNotOverError(CloseOrderError):
    """The month is not over in the hospital's zone: bad use, exit status 2. A person may force it, with a reason."""


@dataclass(frozen=True, slots=True)
class Forced:
    """Who closes a month that is not over, and why; it is kept."""

    by: str
    """Who closes it."""
    reason: str
    """Why, in the person's words."""


@dataclass(frozen=True, slots=True)
class ClosedMonth:
    """What a close has done."""

    month: Month
    """Month that is closed now."""
    closed: tuple[str, ...]
    """Hospitals for which it was open."""
    already_closed: tuple[str, ...]
    """Hospitals for which it was closed before."""
    without_records: tuple[str, ...]
    """Hospitals whose records begin later: nothing to close."""
    alert_versions: int
    """Written while the close was judged."""


async def close_month(
    month: Month,
    *,
    hospitals: Sequence[str] | None,
    pool: asyncpg.Pool,
    cluster_id: str,
    publish_ticks: PublishTicks,
    timeout_seconds: float,
    evaluate: Evaluate,
    forced: Forced | None = None,
    now: datetime | None = None,
) -> ClosedMonth:
    """Close a month of all hospitals with records, or of those named. Again changes nothing.

    Args:
        month: The hospitals' next month to close, or one that is closed already.
        hospitals: `None` for all.
        pool: Of the books.
        cluster_id: Of the broker whose positions are waited for.
        publish_ticks: See there.
        timeout_seconds: How long to wait until everything published before is recorded.
        evaluate: See there.
        forced: Close it though it is not over.
        now: `None`: this instant.

    Raises:
        MonthNotOverError: it is not over in the hospital's zone, and nobody has forced it. Nothing is closed.
        CloseOrderError: another month is next at some hospital, or a named hospital has no records of that month:
            bad use, exit status 2. Nothing is closed.
        CloseBehindError: the positions did not come in time. Nothing is closed.
    """
    books = PeriodBooks(pool)
    # First of all: what is not recorded yet may begin a hospital, or its first month, earlier.
    await _recorded(books, cluster_id, await publish_ticks(), timeout_seconds)
    asked, later = _asked(month, hospitals, await books.hospitals())
    early = await _not_over(books, month, asked, now or datetime.now(UTC))
    if early and forced is None:
        raise MonthNotOverError(
            f"Expected a month that is over; {month_text(month)} is not, at {', '.join(early)}. A person may close it "
            "now with --force and --reason."
        )
    if early and forced is not None:
        await books.force(month, early, forced.by, forced.reason)
    closed = await books.close(month, {each.hospital: each.first for each in asked})
    versions = 0
    while await books.unjudged(month, [each.hospital for each in asked]):
        versions += await evaluate()
    already = tuple(each.hospital for each in asked if each.hospital not in closed)
    return ClosedMonth(month, tuple(closed), already, later, versions)


def _asked(
    month: Month, hospitals: Sequence[str] | None, known: Sequence[HospitalPeriods]
) -> tuple[list[HospitalPeriods], tuple[str, ...]]:
    """The hospitals to close, and those left out because their records begin later."""
    names = {each.hospital for each in known}
    unknown = [name for name in hospitals or () if name not in names]
    if unknown:
        raise CloseOrderError(f"Expected hospitals with records, got {', '.join(unknown)}.")
    asked = [each for each in known if hospitals is None or each.hospital in hospitals]
    if not asked:
        raise CloseOrderError(f"Expected records of {month_text(month)} or before, found no records at all.")
    for each in asked:
        if month > each.next:
            raise CloseOrderError(
                f"Expected {month_text(each.next)} to be closed next at {each.hospital}, got {month_text(month)}."
            )
    later = tuple(each.hospital for each in asked if each.closed_through is None and month < each.next)
    if later and (hospitals is not None or len(later) == len(asked)):
        first = min(each.first for each in asked if each.hospital in later)
        raise CloseOrderError(
            f"Expected a month from {month_text(first)} on, when the records of {', '.join(later)} begin, "
            f"got {month_text(month)}."
        )
    return [each for each in asked if each.hospital not in later], later


async def _not_over(books: PeriodBooks, month: Month, asked: Sequence[HospitalPeriods], now: datetime) -> list[str]:
    """Hospitals at which the month is still open and still going on."""
    if month < month_of(local_day(now, await books.zone())):
        return []
    return [each.hospital for each in asked if each.closed_through is None or each.closed_through < month]


async def _recorded(books: PeriodBooks, cluster_id: str, ticks: Mapping[int, int], timeout_seconds: float) -> None:
    """Wait until every position has passed its tick; what lags is said as it was seen last."""
    topic, clock = await books.scans_topic(), asyncio.get_running_loop().time
    until = clock() + timeout_seconds
    while True:
        positions = await books.positions(cluster_id, topic)
        behind = {each: offset + 1 - positions.get(each, 0) for each, offset in ticks.items()}
        lags = {each: lag for each, lag in behind.items() if lag > 0}
        if not lags:
            return
        if clock() >= until:
            raise CloseBehindError(lags)
        await asyncio.sleep(POLL_SECONDS)
