"""Fresh databases on a running server."""

import uuid
from urllib.parse import urlsplit, urlunsplit

import asyncpg


async def create_database(server_url: str) -> str:
    """The address of a new, empty database on the server that `server_url` names."""
    name = f"test_{uuid.uuid4().hex}"
    await _execute(server_url, f"CREATE DATABASE {name}")
    return urlunsplit(urlsplit(server_url)._replace(path=f"/{name}"))


async def drop_database(server_url: str, url: str) -> None:
    """Remove a database made by `create_database`, ending the connections a test has left open."""
    name = urlsplit(url).path.removeprefix("/")
    await _execute(server_url, f"DROP DATABASE IF EXISTS {name} WITH (FORCE)")


async def _execute(url: str, statement: str) -> None:
    connection = await asyncpg.connect(url)
    try:
        await connection.execute(statement)
    finally:
        await connection.close()
