"""What a person does when topic and books contradict: looks, binds, chooses where it goes on."""

import asyncio
import json
import uuid

import asyncpg
import pytest
from typer.testing import CliRunner, Result

from streams.cli.main import app
from streams.settings import Settings
from streams.topics import create_topics
from tests.integration.relay.test_relay import relay, until_published, until_stopped
from tests.support.servers.kafka import RealKafka, delete_all_topics
from tests.support.servers.outbox import LANES, published, write


async def udi(settings: Settings, *arguments: str) -> Result:
    environment = {
        "UDI_BOOTSTRAP_SERVERS": settings.bootstrap_servers, "UDI_DATABASE_URL": settings.database(),
        "UDI_LANES": str(LANES), "COLUMNS": "160",
    }  # fmt: skip
    return await asyncio.to_thread(CliRunner().invoke, app, list(arguments), env=environment)


async def test_status_says_what_would_stop_it(settings: Settings, pool: asyncpg.Pool) -> None:
    await write(pool, 3)
    async with relay(settings, pool):
        await until_published(settings, 3)
    assert (await udi(settings, "relay", "status")).exit_code == 0
    await pool.execute("UPDATE udi.lane SET billing_seq = 2 WHERE lane = 0")

    found = await udi(settings, "relay", "status", "--json")

    assert found.exit_code == 1
    billing = next(each for each in json.loads(found.stdout) if (each["topic"], each["partition"]) == ("billing", 0))
    assert (billing["outbox"], billing["on_topic"]) == (2, 3)
    assert "was the database restored to an older point?" in billing["problem"]


async def test_a_restored_database_takes_over_what_is_published(settings: Settings, pool: asyncpg.Pool) -> None:
    before = await write(pool, 2)
    async with relay(settings, pool):
        await until_published(settings, 2)
        lost = await write(pool, 3, mark=" lost")
        await until_published(settings, 5)
    # Restored to after record 2; the workers have recorded one of the three again, and something new.
    await pool.execute("DELETE FROM udi.outbox_block WHERE first_seq > 2")
    await pool.execute("UPDATE udi.lane SET billing_seq = 2 WHERE lane = 0")
    await pool.execute("UPDATE udi.relay_floor SET seq = 2")
    again = await write(pool, 1, mark=" new")
    await pool.execute(
        "INSERT INTO udi.outbox_block (topic, partition, first_seq, last_seq, ids, keys, bodies) "
        "VALUES ('billing', 0, 4, 4, $1, $2, $2)",
        [lost[1]], [b"{}"],
    )  # fmt: skip
    await pool.execute("UPDATE udi.lane SET billing_seq = 4 WHERE lane = 0")

    dry = await udi(settings, "relay", "bind", "billing/0", "--dry-run", "--json")
    bound = await udi(settings, "relay", "bind", "billing/0", "--reason", "failover", "--by", "wang")

    assert [each["id"] for each in json.loads(dry.stdout)["only_on_topic"]] == [str(lost[0]), str(lost[2])]
    assert bound.exit_code == 1
    assert "2 records unknown to the books; 1 are published next." in bound.stdout
    async with relay(settings, pool) as watching:
        found = await until_published(settings, 6)
        assert watching.stopped() == []
    assert found == list(enumerate([*before, *lost, *again], 1))
    rows = await pool.fetch("SELECT kind, by, reason, from_at, until, detail FROM udi.intervention")
    assert [tuple(row)[:5] for row in rows] == [("bind", "wang", "failover", 3, 6)]
    assert json.loads(rows[0]["detail"]) == {"only_on_topic": [str(lost[0]), str(lost[2])]}
    again_bound = await udi(settings, "relay", "bind", "billing/0", "--reason", "again")
    assert (again_bound.exit_code, "nothing has to change" in again_bound.stdout) == (0, True)


async def test_a_topic_made_anew_goes_on_where_a_person_says(
    settings: Settings, pool: asyncpg.Pool, real_kafka: RealKafka
) -> None:
    ids = await write(pool, 5)
    async with relay(settings, pool):
        await until_published(settings, 5)
    await delete_all_topics(real_kafka.bootstrap_servers)
    await create_topics(settings)

    async with relay(settings, pool) as watching:
        assert "new and empty" in await until_stopped(watching)
        refused = await udi(settings, "relay", "start", "billing/0", "9", "--reason", "x")
        chosen = await udi(settings, "relay", "start", "billing/0", "3", "--reason", "the HIS has 1 to 3", "--by", "li")
        assert (refused.exit_code, chosen.exit_code) == (2, 0)
        found = await until_published(settings, 2)
        assert watching.stopped() == []

    assert found == [(4, ids[3]), (5, ids[4])]
    async with relay(settings, pool) as watching:
        await write(pool, 1)
        assert len(await until_published(settings, 3)) == 3


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("start", "billing/0", "1", "--reason", " "), "Expected some words for --reason, got only blanks."),
        (("start", "scans/0", "1", "--reason", "x"), "Expected an output out of"),
        (("resume", "billing", "--reason", "x"), "Expected TOPIC/PARTITION"),
        (("bind", "nothing/0", "--dry-run"), "Expected TOPIC/PARTITION"),
    ],
)
async def test_bad_use_is_said_in_one_line(arguments: tuple[str, ...], said: str) -> None:
    result = await asyncio.to_thread(CliRunner().invoke, app, ["relay", *arguments])

    assert (result.exit_code, said in result.stderr) == (2, True)


async def test_records_are_never_sent_twice_by_choice(settings: Settings, pool: asyncpg.Pool) -> None:
    await write(pool, 4)
    async with relay(settings, pool):
        await until_published(settings, 4)

    result = await udi(settings, "relay", "start", "billing/0", "2", "--reason", "x")

    assert (result.exit_code, "no gaps, no copies" in result.stderr) == (2, True)
    assert [seq for seq, _ in await published(settings)] == [1, 2, 3, 4]
    assert uuid.UUID(int=0) not in {each for _, each in await published(settings)}


@pytest.mark.parametrize(
    ("arguments", "line"),
    [
        (("relay", "bind", "billing/9", "--dry-run"), "Expected a partition of billing below 2, got 9."),
        (("relay", "bind", "alerts/1", "--dry-run"), "Expected a partition of alerts below 1, got 1."),
        (("relay", "bind", "billing/99999999999", "--reason", "x"),
         "Expected a partition of billing below 2, got 99999999999."),
        (("relay", "start", "dead-letters/4", "0", "--reason", "x"),
         "Expected a partition of dead-letters below 2, got 4."),
        (("relay", "resume", "billing/0", "billing/2", "--reason", "x"),
         "Expected a partition of billing below 2, got 2."),
        (("lane", "resume", "scans/2", "--reason", "x"), "Expected a partition of scans below 2, got 2."),
        (("lane", "pass", "scans/9", "0", "--reason", "x"), "Expected a partition of scans below 2, got 9."),
    ],
)  # fmt: skip
async def test_a_partition_that_does_not_exist_is_one_line_and_keeps_nothing(
    settings: Settings, pool: asyncpg.Pool, arguments: tuple[str, ...], line: str
) -> None:
    refused = await udi(settings, *arguments)

    assert (refused.exit_code, refused.stdout, refused.stderr) == (2, "", f"udi: {line}\n")
    assert await pool.fetchval("SELECT count(*) FROM udi.intervention") == 0
