"""Recall notices as lanes read them, by the number of the fact."""

from collections.abc import Iterable
from typing import Any

from models.stock.recall import Recall


async def recalls_between(connection: Any, since: int, version: int) -> Iterable[Recall]:
    """The notices that came after fact `since`, up to fact `version`."""
    rows = await connection.fetch(
        "SELECT body FROM udi.recall WHERE fact > $1 AND fact <= $2 ORDER BY fact", since, version
    )
    return [Recall.model_validate_json(row["body"]) for row in rows]
