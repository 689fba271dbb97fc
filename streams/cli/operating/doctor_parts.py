"""What `udi doctor` asks of broker and database."""

import time
from datetime import UTC, datetime
from typing import Any, Final

import asyncpg
from aiokafka.admin import AIOKafkaAdminClient
from aiokafka.admin.config_resource import ConfigResource, ConfigResourceType

from models.wire.topics import TOPICS
from sinks.postgres.database import installation_of, revision_of, schema_revision, serves
from sinks.postgres.operating.server import clock, setting
from streams.cli.operating.doctor_machine import Line, State, line
from streams.cli.operating.doctor_topics import durability_of
from streams.settings import Settings
from streams.topics import admin

SERVER_VERSION_MIN: Final = 140_000
"""PostgreSQL 14, as `server_version_num`."""
SKEW_SECONDS_MAX: Final = 2.0
"""A clock that differs more makes leases and ages misleading; decisions never rest on it. No source: ours."""
DURABLE: Final = ("fsync", "synchronous_commit", "full_page_writes")
"""What the promise rests on: docs/reliability.md."""
TIMESTAMP_TYPE: Final = "message.timestamp.type"


async def broker(settings: Settings) -> list[Line]:
    """The lines about the broker and its topics.

    Raises:
        KafkaError: it did not answer.
    """
    client = await admin(settings)
    try:
        described = await client.describe_cluster()
        brokers = described["brokers"]
        found = f"{settings.bootstrap_servers}, {len(brokers)} broker(s), cluster id {described['cluster_id']}"
        lines = [Line("broker", State.OK, found)]
        present = set(await client.list_topics())
        wanted = [settings.topic(topic.name) for topic in TOPICS]
        missing = [name for name in wanted if name not in present]
        found = f"missing: {', '.join(missing)}" if missing else f"all {len(wanted)} are there"
        lines.append(line("topics", found, "run `udi init`", ok=not missing))
        there = [name for name in wanted if name in present]
        if there:
            lines += [await _partitions(settings, client, there), await _timestamps(settings, client, there)]
            lines += await durability_of(settings, client, present, len(brokers))
        return lines
    finally:
        await client.close()


async def _partitions(settings: Settings, client: AIOKafkaAdminClient, there: list[str]) -> Line:
    counts = {each["topic"]: len(each["partitions"]) for each in await client.describe_topics(there)}
    lanes = {settings.topic(topic.name) for topic in TOPICS if topic.lanes}
    wrong = [f"{name} has {count}" for name, count in counts.items() if name in lanes and count != settings.lanes]
    found = f"expected {settings.lanes}: {', '.join(wrong)}" if wrong else f"{settings.lanes} of each topic with lanes"
    mend = "set UDI_LANES to what the topics were made with; partitions can't be changed under the books"
    return line("partitions", found, mend, ok=not wrong)


async def _timestamps(settings: Settings, client: AIOKafkaAdminClient, there: list[str]) -> Line:
    name = "record timestamps"
    if settings.embedded_broker:
        return Line(name, State.OK, "the producer's: the embedded broker knows no other")
    expected = "LogAppendTime" if settings.log_append_time else "CreateTime"
    responses = await client.describe_configs([ConfigResource(ConfigResourceType.TOPIC, each) for each in there])
    types = {topic: kind for response in responses for topic, kind in _types(response)}
    wrong = [f"{topic} has {kind}" for topic, kind in sorted(types.items()) if kind != expected]
    found = f"expected {expected}: {', '.join(wrong)}" if wrong else expected
    mend = f"kafka-configs --alter --entity-type topics --entity-name TOPIC --add-config {TIMESTAMP_TYPE}={expected}"
    return line(name, found, mend, ok=not wrong)


def _types(response: Any) -> list[tuple[str, str]]:
    """(topic, timestamp type) of each resource; the response's rows are tuples whose fields begin as named here."""
    found = []
    for _, _, _, topic, entries in (tuple(each)[:5] for each in response.resources):
        found += [(topic, entry[1]) for entry in entries if entry[0] == TIMESTAMP_TYPE]
    return found


async def database(settings: Settings, pool: asyncpg.Pool) -> list[Line]:
    """The lines about the database and the books in it."""
    before, monotonic = datetime.now(UTC), time.monotonic()
    at = await clock(pool)
    took = time.monotonic() - monotonic
    skew = (at - before).total_seconds() - took / 2
    number = int(await setting(pool, "server_version_num"))
    shown = (await setting(pool, "server_version")).split()[0]
    return [
        line("database", f"PostgreSQL {shown}", "use PostgreSQL 14 or newer", ok=number >= SERVER_VERSION_MIN),
        await _durability(pool),
        line(
            "clocks",
            f"the database's is {skew:+.3f} s from this machine's",
            "let both follow the same time server",
            ok=abs(skew) <= SKEW_SECONDS_MAX,
        ),
        await _schema(pool),
        *await _installation(settings, pool),
    ]


async def _durability(pool: asyncpg.Pool) -> Line:
    values = {name: await setting(pool, name) for name in DURABLE}
    weak = [name for name, value in values.items() if value in {"off", "local"}]
    found = ", ".join(f"{name} {value}" for name, value in values.items())
    return line("durability", found, f"switch {', '.join(weak)} on: the promise rests on it", ok=not weak)


async def _schema(pool: asyncpg.Pool) -> Line:
    revision, own = await revision_of(pool), schema_revision()
    found = f"revision {revision}, expected {own}" if revision else f"none, expected {own}"
    return line("schema", found, "run `udi init`", ok=await serves(pool, own))


async def _installation(settings: Settings, pool: asyncpg.Pool) -> list[Line]:
    """What was fixed at `udi init` against what is set now."""
    if await revision_of(pool) is None:
        return []
    made = await installation_of(pool)
    if made is None:
        return [Line("installation", State.NOT_OK, "not fixed yet", "run `udi init`")]
    now = (settings.topic_prefix, settings.lanes, settings.time_zone)
    names = ("UDI_TOPIC_PREFIX", "UDI_LANES", "UDI_TIME_ZONE")
    wrong = [f"{name}={one}" for name, one, two in zip(names, made, now, strict=True) if one != two]
    found = f"prefix {made.topic_prefix!r}, {made.lanes} lanes, {made.zone}"
    mend = f"the books were made with {', '.join(wrong)}: set that"
    return [line("installation", found, mend, ok=not wrong)]
