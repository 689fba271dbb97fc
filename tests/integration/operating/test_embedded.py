"""The embedded servers: they keep their promises over crashes, and leave nothing behind."""

import asyncio
import os
import signal
import socket
import subprocess
import sys
from contextlib import closing
from pathlib import Path
from urllib.parse import urlsplit

import asyncpg
import pytest
from aiokafka import AIOKafkaConsumer, AIOKafkaProducer, TopicPartition

from streams.embedded import cluster
from streams.embedded.broker import EmbeddedBroker
from streams.embedded.database import EmbeddedDatabase
from streams.embedded.process import EmbeddedPartError, until
from tests.support.servers.kafka import create_topics
from tests.support.servers.proxy import FaultProxy

OWNER = """
import asyncio, signal, sys
from pathlib import Path
signal.signal(signal.SIGINT, signal.default_int_handler)  # Whoever runs the tests in the background has it ignored.
from streams.embedded.broker import EmbeddedBroker
from streams.embedded.database import EmbeddedDatabase

async def main(folder):
    async with EmbeddedBroker(folder / "broker") as broker, EmbeddedDatabase(folder / "database") as database:
        print(broker._process.pid, database._process.pid, flush=True)
        await asyncio.Event().wait()

asyncio.run(main(Path(sys.argv[1])))
"""
"""A program that holds both servers until it is told to end."""


async def execute(url: str, statement: str) -> None:
    connection = await asyncpg.connect(url)
    try:
        await connection.execute(statement)
    finally:
        await connection.close()


async def numbers(url: str) -> list[int]:
    connection = await asyncpg.connect(url)
    try:
        return [row["number"] for row in await connection.fetch("SELECT number FROM scans ORDER BY number")]
    finally:
        await connection.close()


def alive(pid: int) -> bool:
    stat = Path(f"/proc/{pid}/stat")
    return stat.exists() and stat.read_text(encoding="ascii").rpartition(")")[2].split()[0] != "Z"


async def test_what_was_committed_survives_kill_9_at_the_same_address(folder: Path) -> None:
    async with EmbeddedDatabase(folder) as database:
        url = database.url
        await execute(url, "CREATE TABLE scans (number int)")
        await execute(url, "INSERT INTO scans VALUES (1)")
        await database.kill()
        assert not database.running

        await database.start()
        await execute(database.url, "INSERT INTO scans VALUES (2)")

        assert await numbers(database.url) == [1, 2]
        assert database.url == url


async def test_a_later_process_finds_the_data_and_the_password_of_an_earlier_one(folder: Path) -> None:
    async with EmbeddedDatabase(folder) as first:
        await execute(first.url, "CREATE TABLE scans (number int)")
        await execute(first.url, "INSERT INTO scans VALUES (7)")

    async with EmbeddedDatabase(folder) as second:
        assert await numbers(second.url) == [7]
        assert urlsplit(second.url).password == urlsplit(first.url).password


async def test_data_may_lie_below_a_folder_that_only_we_can_enter(folder: Path) -> None:
    def access(path: Path) -> tuple[int, int]:
        return path.stat().st_mode & 0o777, path.stat().st_uid

    assert access(folder) == (0o700, os.geteuid())

    async with EmbeddedDatabase(folder / "data with spaces") as database:
        await execute(database.url, "SELECT 1")

    assert access(folder) == (0o700, os.geteuid())
    assert access(folder / "data with spaces") == (0o700, os.geteuid())


async def test_a_lock_file_whose_process_id_belongs_to_a_stranger_is_no_obstacle(folder: Path) -> None:
    async with EmbeddedDatabase(folder) as database:
        await execute(database.url, "CREATE TABLE scans (number int)")
    stranger = await asyncio.create_subprocess_exec("sleep", "60", cwd=folder / "cluster")
    lock = folder / "cluster" / "postmaster.pid"
    lock.write_text(f"{stranger.pid}\n/proc/self/cwd\n1\n1\n\n127.0.0.1\n\nready\n", encoding="ascii")

    try:
        async with EmbeddedDatabase(folder) as restarted:
            assert await numbers(restarted.url) == []
    finally:
        stranger.kill()
        await stranger.wait()


async def test_a_second_server_on_the_same_data_is_refused_by_name(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("streams.embedded.database.PREDECESSOR_SECONDS_MAX", 0.1)
    async with EmbeddedDatabase(folder) as first:
        with pytest.raises(EmbeddedPartError, match="is in use by process"):
            await EmbeddedDatabase(folder).start()

        await execute(first.url, "SELECT 1")


@pytest.mark.usefixtures("synced")
async def test_commits_are_durable_and_text_sorts_the_same_everywhere(database: str) -> None:
    connection = await asyncpg.connect(database)
    try:
        found = await connection.fetch(
            "SELECT name, setting FROM pg_settings WHERE name IN "
            "('fsync', 'full_page_writes', 'synchronous_commit', 'TimeZone', 'server_encoding', 'data_checksums')"
        )
        order = await connection.fetch("SELECT word FROM unnest($1::text[]) AS word ORDER BY word", ["ä", "b", "B"])
    finally:
        await connection.close()

    assert {row["name"]: row["setting"] for row in found} == {
        "fsync": "on",
        "full_page_writes": "on",
        "synchronous_commit": "on",
        "TimeZone": "UTC",
        "server_encoding": "UTF8",
        "data_checksums": "on",
    }
    assert [row["word"] for row in order] == ["B", "b", "ä"]


async def test_nobody_gets_in_without_the_password(database: str) -> None:
    parts = urlsplit(database)
    stranger = parts._replace(netloc=parts.netloc.replace(str(parts.password), "guess"))

    with pytest.raises(asyncpg.InvalidPasswordError):
        await asyncpg.connect(stranger.geturl())


async def test_the_password_file_is_for_its_owner_alone(folder: Path) -> None:
    async with EmbeddedDatabase(folder) as database:
        file = folder / "password"

        assert file.stat().st_mode & 0o777 == 0o600
        assert file.read_text(encoding="ascii").strip() == urlsplit(database.url).password
        assert str(urlsplit(database.url).password) not in (folder / "postgres.log").read_text(encoding="utf-8")


def test_the_server_is_reached_from_this_machine_only(database_server: EmbeddedDatabase) -> None:
    port = urlsplit(database_server.url).port
    listening = Path("/proc/net/tcp").read_text(encoding="ascii").splitlines()[1:]
    addresses = {line.split()[1].split(":")[0] for line in listening if line.split()[1].endswith(f":{port:04X}")}

    assert "0100007F" in addresses
    assert "00000000" not in addresses


async def test_a_database_that_cannot_start_shows_the_end_of_its_log(folder: Path) -> None:
    with pytest.raises(EmbeddedPartError, match="unrecognized configuration parameter"):
        await EmbeddedDatabase(folder, settings={"no_such_setting": "1"}).start()


async def test_an_interrupted_initdb_leaves_nothing_that_passes_for_data(folder: Path) -> None:
    unfinished = folder / "cluster.new"
    unfinished.mkdir()
    (unfinished / "PG_VERSION").write_text("18\n", encoding="ascii")

    async with EmbeddedDatabase(folder) as database:
        await execute(database.url, "SELECT 1")

    assert not unfinished.exists()


async def test_data_of_another_version_are_refused(folder: Path) -> None:
    (folder / "cluster").mkdir()
    (folder / "cluster" / "PG_VERSION").write_text("17\n", encoding="ascii")

    with pytest.raises(EmbeddedPartError, match=r"Expected data of PostgreSQL 18 in .*, got version 17"):
        await EmbeddedDatabase(folder).start()


async def test_a_lost_password_is_named_and_not_replaced(folder: Path) -> None:
    async with EmbeddedDatabase(folder):
        pass
    (folder / "password").unlink()

    with pytest.raises(EmbeddedPartError, match="Expected the password of"):
        await EmbeddedDatabase(folder).start()


async def test_each_run_of_the_embedded_broker_is_empty_and_has_its_own_cluster_id(folder: Path) -> None:
    async with EmbeddedBroker(folder) as broker:
        address, cluster_id = broker.bootstrap_servers, broker.cluster_id
        await create_topics(address, {"scans": 1})
        await broker.kill()
        await broker.start()

        await create_topics(broker.bootstrap_servers, {"scans": 1})

        assert broker.bootstrap_servers == address
        assert broker.cluster_id != cluster_id


async def test_the_embedded_broker_keeps_what_a_consumer_group_commits(embedded_broker: EmbeddedBroker) -> None:
    address = embedded_broker.bootstrap_servers
    await create_topics(address, {"scans": 1})
    async with AIOKafkaProducer(bootstrap_servers=address) as producer:
        await producer.send_and_wait("scans", b"1")
    consumer = AIOKafkaConsumer(
        "scans",
        bootstrap_servers=address,
        group_id="ward",
        auto_offset_reset="earliest",
        enable_auto_commit=False,
        session_timeout_ms=2000,  # Tansu lets a member in after about half of it.
        heartbeat_interval_ms=500,
    )

    async with consumer:
        record = await consumer.getone()
        await consumer.commit()

    async with AIOKafkaConsumer(bootstrap_servers=address, group_id="ward", enable_auto_commit=False) as reader:
        committed = await reader.committed(TopicPartition("scans", 0))
    assert (record.value, committed) == (b"1", 1)


async def test_a_taken_port_is_named(folder: Path) -> None:
    with closing(socket.create_server(("127.0.0.1", 0))) as taken:
        with pytest.raises(EmbeddedPartError, match="in use"):
            await EmbeddedBroker(folder / "broker", port=taken.getsockname()[1]).start()
        with pytest.raises(EmbeddedPartError, match="Address already in use"):
            await EmbeddedDatabase(folder / "database", port=taken.getsockname()[1]).start()


@pytest.mark.parametrize("end", [signal.SIGKILL, signal.SIGINT])
async def test_both_servers_end_with_the_process_that_holds_them(folder: Path, end: signal.Signals) -> None:
    owner = await asyncio.create_subprocess_exec(
        sys.executable,
        "-c",
        OWNER,
        str(folder),
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.DEVNULL,
        start_new_session=True,
        cwd=Path(__file__).parents[3],
    )
    assert owner.stdout is not None
    servers = [int(word) for word in (await owner.stdout.readline()).split()]
    assert [alive(pid) for pid in servers] == [True, True]

    os.killpg(owner.pid, end)
    await owner.wait()

    assert await until(lambda: not any(map(alive, servers)), 20)
    assert not (folder / "database" / "cluster" / "postmaster.pid").exists()


async def test_a_commit_whose_reply_is_lost_is_committed_all_the_same(database: str) -> None:
    parts = urlsplit(database)
    assert parts.port is not None
    await execute(database, "CREATE TABLE scans (number int)")

    async with FaultProxy(parts.port) as proxy:
        connection = await asyncpg.connect(
            parts._replace(netloc=parts.netloc.replace(str(parts.port), str(proxy.port))).geturl()
        )
        transaction = connection.transaction()
        await transaction.start()
        await connection.execute("INSERT INTO scans VALUES (1)")
        proxy.lose_reply_to(b"COMMIT")
        with pytest.raises((asyncpg.ConnectionDoesNotExistError, ConnectionError)):
            await transaction.commit()

    assert proxy.lost_bytes > 0
    assert await numbers(database) == [1]


def test_programs_out_of_reach_are_copied_once_to_where_the_other_user_can_run_them(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(cluster, "SHARED_CACHE", folder / "cache")
    monkeypatch.setattr(cluster, "_reachable", lambda _program: False)
    other = "nobody" if os.geteuid() == 0 else None
    folder.chmod(0o755)

    first = cluster.programs("nobody")
    made = (first / "postgres").stat().st_ino
    second = cluster.programs("nobody")

    assert (second / "postgres").stat().st_ino == made
    said = subprocess.run([str(first / "initdb"), "--version"], user=other, capture_output=True, text=True, check=True)
    assert said.stdout.startswith("initdb (PostgreSQL) 18")
