"""Topics on the broker: made once, checked, named by the settings."""

import asyncio
from typing import Any

from aiokafka import AIOKafkaConsumer
from aiokafka.admin import AIOKafkaAdminClient, NewTopic
from aiokafka.errors import TopicAlreadyExistsError, for_code

from models.wire.topics import TOPICS, Topic
from streams.settings import Settings
from streams.waiting import bounded

DEAD_LETTER_BYTES_MAX = 4 * 1024 * 1024
"""Of one record on the dead-letter topic: an input record of the broker's own limit fits with its headers."""
ADMIN_SECONDS_MAX = 30.0
REPLICATION_FACTOR = 3
"""Survives the loss of two brokers; the usual choice of production clusters."""


async def admin(settings: Settings) -> AIOKafkaAdminClient:
    """A started admin client; the caller closes it."""
    client = AIOKafkaAdminClient(**settings.kafka(), request_timeout_ms=10_000)
    await bounded(client.start(), ADMIN_SECONDS_MAX)
    return client


async def cluster_id(settings: Settings) -> str:
    """The id of the Kafka cluster: a new one means new topics, whatever their names."""
    client = await admin(settings)
    try:
        described = await bounded(client.describe_cluster(), ADMIN_SECONDS_MAX)
        return str(described["cluster_id"])
    finally:
        await client.close()


def app_id(settings: Settings) -> str:
    """The name of the Faust app: its consumer group, and the first part of the topic its workers elect by."""
    return f"{settings.topic_prefix}app"


def leader_topic(settings: Settings) -> str:
    """The topic that Faust's workers elect their leader by: its partition's owner is the leader."""
    return f"{app_id(settings)}-__assignor-__leader"


async def create_topics(settings: Settings) -> list[str]:
    """Make the topics that are missing and give their names. Idempotent."""
    client = await admin(settings)
    made = []
    try:
        present = set(await bounded(client.list_topics(), ADMIN_SECONDS_MAX))
        brokers = len((await bounded(client.describe_cluster(), ADMIN_SECONDS_MAX))["brokers"])
        factor = settings.replication_factor or min(REPLICATION_FACTOR, brokers)
        for topic in TOPICS:
            if settings.topic(topic.name) not in present and await _create(client, _new_topic(settings, topic, factor)):
                made.append(settings.topic(topic.name))
        leader = leader_topic(settings)
        if leader not in present and not settings.embedded_broker:
            # Faust would make it with one replica, and its workers would wait for it while that broker is away.
            await _create(client, NewTopic(leader, 1, factor))
    finally:
        await client.close()
    return made


async def _create(client: AIOKafkaAdminClient, topic: NewTopic) -> bool:
    response = await bounded(client.create_topics([topic]), ADMIN_SECONDS_MAX)
    for _, code, *_ in response.topic_errors:
        if code == TopicAlreadyExistsError.errno:
            return False
        if code:
            raise for_code(code)(f"Topic {topic.name} could not be made.")
    return True


IN_SYNC_MIN = 2
"""Of three replicas: a record is acknowledged when it lies on two machines, and one may be away."""


def durable(settings: Settings, topic: Topic, factor: int) -> dict[str, str]:
    """What makes a topic keep what it has acknowledged.

    Args:
        settings: For the longest outage to survive.
        topic: Which.
        factor: Its number of replicas.

    References:
        Kafka, "Topic Configs": min.insync.replicas, unclean.leader.election.enable, retention.ms, retention.bytes.
    """
    options = {
        "min.insync.replicas": str(IN_SYNC_MIN if factor > IN_SYNC_MIN else 1),
        "unclean.leader.election.enable": "false",
    }
    if not topic.compacted:
        days = max(topic.kept_days, settings.outage_days_max)
        options |= {"retention.ms": str(days * 86_400_000), "retention.bytes": "-1"}
    return options


def _new_topic(settings: Settings, topic: Topic, factor: int) -> NewTopic:
    options: dict[str, str] = {}
    if not settings.embedded_broker:
        options |= durable(settings, topic, factor)
        options["message.timestamp.type"] = "LogAppendTime" if settings.log_append_time else "CreateTime"
        options["cleanup.policy"] = "compact" if topic.compacted else "delete"
        if topic.large:
            options["max.message.bytes"] = str(DEAD_LETTER_BYTES_MAX)
    return NewTopic(settings.topic(topic.name), settings.lanes if topic.lanes else 1, factor, topic_configs=options)


async def partitions(consumer: AIOKafkaConsumer, topic: str, seconds_max: float = 300.0) -> list[int]:
    """The partitions of a topic, once it is in the metadata.

    A consumer that is assigned before its topic is known stands still and looks healthy; so wait here.

    Raises:
        TimeoutError: the topic did not appear.
    """
    async with asyncio.timeout(seconds_max):
        while True:
            known: Any = consumer.partitions_for_topic(topic)
            if known:
                return sorted(known)
            await asyncio.sleep(0.2)
            await consumer._client.force_metadata_update()  # noqa: SLF001 -- no public call refreshes metadata
