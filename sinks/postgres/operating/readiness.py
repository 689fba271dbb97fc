"""Whether the services are at work, as the database sees them."""

from typing import Final

from sinks.postgres.database import WORKER_NAME
from sinks.postgres.named import Asked

_WORKER: Final = """
SELECT EXISTS (SELECT FROM pg_stat_activity WHERE application_name = $1 AND datname = current_database())
   AND (
       SELECT count(DISTINCT p.partition) >= min(i.lanes) FROM udi.installation i
       JOIN udi.position p ON p.topic = i.topic_prefix || 'scans'
   )
"""
_HELD: Final = "SELECT EXISTS (SELECT FROM udi.lease WHERE until > clock_timestamp() AND name LIKE $1)"


async def worker_at_work(asked: Asked) -> bool:
    """Whether a worker is connected and every lane has been taken by one."""
    return bool(await asked.fetchval(_WORKER, WORKER_NAME))


async def relay_at_work(asked: Asked) -> bool:
    """Whether a relay holds a lane."""
    return bool(await asked.fetchval(_HELD, "lane-%"))


async def jobs_at_work(asked: Asked) -> bool:
    """Whether a scheduler does its work."""
    return bool(await asked.fetchval(_HELD, "evaluator"))
