"""`udi month close`: waits for what was published, closes, and has the alerts judged."""

import asyncio
import sys
from collections.abc import Sequence
from datetime import UTC, datetime

from models.calendar import month_text, parse_month
from sinks.postgres.closing.periods import CloseOrderError
from sinks.postgres.database import open_pool
from streams.services.evaluator import Evaluator
from streams.services.month_close import CloseBehindError, ClosedMonth, close_month
from streams.services.scheduler import TickPublisher
from streams.settings import Settings, SettingsError
from streams.topics import cluster_id


def close_command(settings: Settings, month: str, hospitals: Sequence[str] | None, timeout_seconds: float) -> int:
    """Close a month and give the exit status: 1 when what was published is not recorded in time.

    Raises:
        SettingsError: the month is no month, or not the next one to close.
    """
    try:
        closed = asyncio.run(_close(settings, month, hospitals, timeout_seconds))
    except (CloseOrderError, ValueError) as error:
        raise SettingsError(str(error)) from None
    except CloseBehindError as error:
        sys.stderr.write(f"udi: {error}\n")
        return 1
    for hospital in closed.closed:
        print(f"{hospital}: {month_text(closed.month)} is closed.")  # noqa: T201 -- the command's answer
    for hospital in closed.already_closed:
        print(f"{hospital}: {month_text(closed.month)} was closed before.")  # noqa: T201 -- the command's answer
    print(f"{closed.alert_versions} alert versions.")  # noqa: T201 -- the command's answer
    return 0


async def _close(
    settings: Settings, month: str, hospitals: Sequence[str] | None, timeout_seconds: float
) -> ClosedMonth:
    wanted = parse_month(month)
    pool = await open_pool(settings.database(), 4)
    try:
        async with TickPublisher(settings) as ticks:

            async def publish_ticks() -> dict[int, int]:
                return await ticks.publish(range(settings.lanes), datetime.now(UTC))

            return await close_month(
                wanted, hospitals=hospitals or None, pool=pool, cluster_id=await cluster_id(settings),
                publish_ticks=publish_ticks, timeout_seconds=timeout_seconds,
                evaluate=Evaluator(pool, settings.zone).step,
            )  # fmt: skip
    finally:
        pool.terminate()
