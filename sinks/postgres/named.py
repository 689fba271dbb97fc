"""Named queries: SQL that gives values. A query's columns are the fields of its row's type, so both are said once."""

from collections.abc import Iterable
from enum import Enum
from typing import Any, TypeVar, get_type_hints

import asyncpg
from asyncpg.pool import PoolConnectionProxy

Connection = asyncpg.Connection | PoolConnectionProxy
Asked = asyncpg.Pool | asyncpg.Connection | PoolConnectionProxy
"""Whom a query can be put to: a pool, or a connection when several must see the same snapshot."""
Row = TypeVar("Row")


async def fetch(asked: Asked, row: type[Row], query: str, *arguments: Any) -> list[Row]:
    """The rows of a query as values of `row`, whose fields are named as the query's columns.

    Raises:
        TypeError: a column has no field, or a field has no column.
        asyncpg.PostgresError: the database refused or is away.
    """
    return values(row, await asked.fetch(query, *arguments))


def values(row: type[Row], records: Iterable[Any]) -> list[Row]:
    """Records as values of `row`; what it says is an enum becomes a member. Raises `TypeError` as `fetch` does."""
    hints = get_type_hints(row)
    enums = {name: hint for name, hint in hints.items() if isinstance(hint, type) and issubclass(hint, Enum)}
    return [row(**{**record, **{name: enum(record[name]) for name, enum in enums.items()}}) for record in records]
