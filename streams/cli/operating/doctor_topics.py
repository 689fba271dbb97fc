"""What `udi doctor` and `udi init` say of the topics' durability: replicas, acknowledgement, elections, retention."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from aiokafka.admin import AIOKafkaAdminClient
from aiokafka.admin.config_resource import ConfigResource, ConfigResourceType

from models.wire.topics import TOPICS, Topic
from streams.cli.operating.doctor_machine import Line, State, line
from streams.settings import Settings
from streams.topics import IN_SYNC_MIN, REPLICATION_FACTOR, admin

_ALTER: Final = "kafka-configs --alter --entity-type topics --entity-name TOPIC --add-config"
_DAY_MS: Final = 86_400_000


@dataclass(frozen=True, slots=True)
class TopicState:
    """A topic as the broker describes it."""

    topic: Topic
    """As udistream wants it."""
    replicas: int
    """Of the partition that has the fewest."""
    out_of_sync: int
    """Partitions some of whose replicas are behind or away."""
    options: Mapping[str, str]
    """Its configuration in force."""


async def topic_states(settings: Settings, client: AIOKafkaAdminClient, there: Sequence[str]) -> list[TopicState]:
    """The topics of ours that are there.

    Raises:
        KafkaError: The broker did not answer.
    """
    known = {settings.topic(topic.name): topic for topic in TOPICS}
    described = {each["topic"]: each["partitions"] for each in await client.describe_topics(list(there))}
    options: dict[str, dict[str, str]] = {}
    for response in await client.describe_configs([ConfigResource(ConfigResourceType.TOPIC, each) for each in there]):
        for _, _, _, name, entries in (tuple(each)[:5] for each in response.resources):
            options[name] = {entry[0]: entry[1] for entry in entries}
    return [
        TopicState(
            known[name],
            min(len(each["replicas"]) for each in partitions),
            sum(len(each["isr"]) < len(each["replicas"]) for each in partitions),
            options.get(name, {}),
        )
        for name, partitions in described.items()
    ]


async def durability_now(settings: Settings) -> list[Line]:
    """The lines that are not ok; for `udi init`. Raises as `topic_states` does."""
    client = await admin(settings)
    try:
        present = set(await client.list_topics())
        brokers = len((await client.describe_cluster())["brokers"])
        there = [settings.topic(topic.name) for topic in TOPICS if settings.topic(topic.name) in present]
        lines = durability(await topic_states(settings, client, there), brokers, settings)
    finally:
        await client.close()
    return [each for each in lines if each.state is State.NOT_OK]


def durability(states: Sequence[TopicState], brokers: int, settings: Settings) -> list[Line]:
    """What the topics keep when machines fail.

    Args:
        states: Of our topics.
        brokers: How many there are.
        settings: What is expected.
    """
    if settings.embedded_broker:
        return [Line("durability of topics", State.OK, "none: the embedded broker keeps everything in memory")]
    return [_replicas(states, brokers, settings), _in_sync(states), _elections(states), _retention(states, settings)]


def _replicas(states: Sequence[TopicState], brokers: int, settings: Settings) -> Line:
    wanted = settings.replication_factor or min(REPLICATION_FACTOR, brokers)
    few = [f"{each.topic.name} has {each.replicas}" for each in states if each.replicas < wanted]
    behind = sum(each.out_of_sync for each in states)
    found = f"expected {wanted}: {', '.join(few)}" if few else f"{wanted} of each partition"
    found += f"; {behind} partitions have replicas that are behind or away" if behind else ""
    mend = "kafka-reassign-partitions adds replicas; look at the brokers that are behind"
    return line("replicas", found, mend, ok=not few and not behind)


def _in_sync(states: Sequence[TopicState]) -> Line:
    """Two copies before a record counts, and one machine may still be away."""
    wrong = []
    for each in states:
        least = int(each.options.get("min.insync.replicas", 1))
        wanted = IN_SYNC_MIN if each.replicas > IN_SYNC_MIN else 1
        if least < wanted or (least >= each.replicas > 1):
            wrong.append(f"{each.topic.name} has {least} of {each.replicas}")
    found = ", ".join(wrong) or "a record counts when it lies on enough replicas, and one may be away"
    return line("acknowledgement", found, f"{_ALTER} min.insync.replicas={IN_SYNC_MIN}", ok=not wrong)


def _elections(states: Sequence[TopicState]) -> Line:
    unclean = [each.topic.name for each in states if each.options.get("unclean.leader.election.enable") != "false"]
    found = f"an unclean election may lose records of {', '.join(unclean)}" if unclean else "unclean ones are off"
    return line("elections", found, f"{_ALTER} unclean.leader.election.enable=false", ok=not unclean)


def _retention(states: Sequence[TopicState], settings: Settings) -> Line:
    short = []
    for each in states:
        milliseconds = int(each.options.get("retention.ms", -1))
        if each.topic.compacted != ("compact" in each.options.get("cleanup.policy", "")):
            short.append(f"{each.topic.name} is {each.options.get('cleanup.policy')}")
        elif not each.topic.compacted and 0 <= milliseconds < settings.outage_days_max * _DAY_MS:
            short.append(f"{each.topic.name} forgets after {milliseconds / _DAY_MS:.1f} days")
        elif not each.topic.compacted and int(each.options.get("retention.bytes", -1)) >= 0:
            short.append(f"{each.topic.name} forgets by size")
    expected = f"expected {settings.outage_days_max} days at least"
    found = f"{expected}: {', '.join(short)}" if short else f"{settings.outage_days_max} days at least"
    mend = f"{_ALTER} retention.ms={settings.outage_days_max * _DAY_MS},retention.bytes=-1"
    return line("retention", found, mend, ok=not short)
