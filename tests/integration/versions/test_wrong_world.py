"""A service or a command does not start on books that are not its own: prefix, lanes, zone, revision."""

import asyncio
import sys
from pathlib import Path
from zoneinfo import ZoneInfo

import asyncpg
import pytest
from typer.testing import CliRunner

from sinks.postgres.database import WrongBooksError, check_books, schema_revision
from streams.cli.main import app
from streams.embedded.broker import EmbeddedBroker
from tests.oracle.processes import environment
from tests.support.databases.books import prepare

CHINA = ZoneInfo("Asia/Shanghai")


@pytest.fixture
async def pool(database: str) -> asyncpg.Pool:
    await prepare(database, 4)
    return await asyncpg.create_pool(database, min_size=1, max_size=1)


async def test_its_own_books_are_taken(pool: asyncpg.Pool) -> None:
    await check_books(pool, "udi.", 4, CHINA)
    pool.terminate()


@pytest.mark.parametrize(
    ("prefix", "lanes", "zone", "said"),
    [
        ("other.", 4, CHINA, "UDI_TOPIC_PREFIX=other. is set, the books were made with udi."),
        ("udi.", 5, CHINA, "UDI_LANES=5 is set, the books were made with 4"),
        ("udi.", 4, ZoneInfo("UTC"), "UDI_TIME_ZONE=UTC is set, the books were made with Asia/Shanghai"),
    ],
)
async def test_others_are_refused_by_name(
    pool: asyncpg.Pool, prefix: str, lanes: int, zone: ZoneInfo, said: str
) -> None:
    with pytest.raises(WrongBooksError, match=said):
        await check_books(pool, prefix, lanes, zone)
    pool.terminate()


async def test_books_of_another_version_are_refused_unless_they_serve_this_one(pool: asyncpg.Pool) -> None:
    await pool.execute("UPDATE public.alembic_version SET version_num = '9999'")
    await check_books(pool, "udi.", 4, CHINA)  # Newer ones that serve this one.

    await pool.execute("DELETE FROM udi.served WHERE revision = $1", schema_revision())
    with pytest.raises(WrongBooksError, match=f"Expected books that serve revision {schema_revision()}, got 9999"):
        await check_books(pool, "udi.", 4, CHINA)
    pool.terminate()


async def test_a_database_without_books_is_refused(empty_database: str) -> None:
    pool = await asyncpg.create_pool(empty_database, min_size=1, max_size=1)
    with pytest.raises(WrongBooksError, match="`udi init` makes them"):
        await check_books(pool, "udi.", 4, CHINA)
    pool.terminate()


@pytest.mark.parametrize("service", ["relay", "scheduler"])
async def test_a_service_ends_with_status_2(pool: asyncpg.Pool, database: str, service: str) -> None:
    pool.terminate()
    settings = {"UDI_BOOTSTRAP_SERVERS": "127.0.0.1:1", "UDI_DATABASE_URL": database, "UDI_LANES": "7"}
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "streams", "run", service, env=settings, stderr=asyncio.subprocess.PIPE
    )
    _, said = await asyncio.wait_for(process.communicate(), 240)

    assert process.returncode == 2
    assert b"UDI_LANES=7 is set, the books were made with 4" in said


async def test_fausts_own_command_takes_the_same_look_and_opens_no_web_server(
    pool: asyncpg.Pool, database: str, embedded_broker: EmbeddedBroker, tmp_path: Path
) -> None:
    pool.terminate()
    folder = tmp_path / "not made yet"
    settings = environment(embedded_broker.bootstrap_servers, database, folder, embedded_broker="true", lanes="7")
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "faust", "-A", "streams.app", "worker", env=settings,
        stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.STDOUT,
    )  # fmt: skip
    said, _ = await asyncio.wait_for(process.communicate(), 240)

    assert process.returncode == 1
    assert b"UDI_LANES=7 is set, the books were made with 4" in said
    assert b"kafka://" in said  # Faust's banner, which would name the address of its web server.
    assert b"http://" not in said


async def test_a_command_says_it_in_one_line(pool: asyncpg.Pool, database: str) -> None:
    pool.terminate()
    settings = {"UDI_BOOTSTRAP_SERVERS": "127.0.0.1:1", "UDI_DATABASE_URL": database, "UDI_TIME_ZONE": "UTC"}
    result = await asyncio.to_thread(CliRunner().invoke, app, ["stock"], env=settings)

    assert (result.exit_code, "UDI_TIME_ZONE=UTC" in result.stderr) == (2, True)
