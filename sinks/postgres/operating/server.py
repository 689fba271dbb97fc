"""What a database server says of itself."""

from datetime import datetime

from sinks.postgres.named import Asked


async def clock(asked: Asked) -> datetime:
    """The server's clock now."""
    at: datetime = await asked.fetchval("SELECT clock_timestamp()")
    return at


async def setting(asked: Asked, name: str) -> str:
    """One of its settings as text.

    Raises:
        asyncpg.UndefinedObjectError: it has none of that name.
    """
    return str(await asked.fetchval("SELECT current_setting($1)", name))
