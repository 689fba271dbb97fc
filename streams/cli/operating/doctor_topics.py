"""What `udi doctor` and `udi init` say of the topics' durability: replicas, acknowledgement, elections, retention."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Final

from aiokafka.admin import AIOKafkaAdminClient
from aiokafka.admin.config_resource import ConfigResource, ConfigResourceType

from models.wire.topics import TOPICS, Topic
from streams.cli.operating.doctor_machine import Line, State, line
from streams.settings import Settings
from streams.topics import IN_SYNC_MIN, REPLICATION_FACTOR, admin, leader_topic

_ALTER: Final = "kafka-configs --alter --entity-type topics --entity-name TOPIC --add-config"
_DAY_MS: Final = 86_400_000


@dataclass(frozen=True, slots=True)
class Copies:
    """How often a topic lies on the brokers."""

    name: str
    """As a person reads it: ours without the prefix."""
    replicas: int
    """Of the partition that has the fewest."""
    out_of_sync: int
    """Partitions some of whose replicas are behind or away."""


@dataclass(frozen=True, slots=True)
class TopicState:
    """A topic as the broker describes it."""

    topic: Topic
    """As udistream wants it."""
    copies: Copies
    """What it lies on."""
    options: Mapping[str, str]
    """Its configuration in force."""


async def copies(client: AIOKafkaAdminClient, there: Sequence[str]) -> list[Copies]:
    """Of topics that are there, by their full names.

    Raises:
        KafkaError: The broker did not answer.
    """
    return [
        Copies(
            each["topic"],
            min(len(partition["replicas"]) for partition in each["partitions"]),
            sum(len(partition["isr"]) < len(partition["replicas"]) for partition in each["partitions"]),
        )
        for each in await client.describe_topics(list(there))
    ]


async def topic_states(settings: Settings, client: AIOKafkaAdminClient, there: Sequence[str]) -> list[TopicState]:
    """The topics of ours that are there.

    Raises:
        KafkaError: The broker did not answer.
    """
    known = {settings.topic(topic.name): topic for topic in TOPICS}
    options: dict[str, dict[str, str]] = {}
    for response in await client.describe_configs([ConfigResource(ConfigResourceType.TOPIC, each) for each in there]):
        for _, _, _, name, entries in (tuple(each)[:5] for each in response.resources):
            options[name] = {entry[0]: entry[1] for entry in entries}
    return [
        TopicState(known[each.name], replace(each, name=known[each.name].name), options.get(each.name, {}))
        for each in await copies(client, there)
    ]


async def durability_now(settings: Settings) -> list[Line]:
    """The lines that are not ok; for `udi init`. Raises as `topic_states` does."""
    client = await admin(settings)
    try:
        present = set(await client.list_topics())
        brokers = len((await client.describe_cluster())["brokers"])
        lines = await durability_of(settings, client, present, brokers)
    finally:
        await client.close()
    return [each for each in lines if each.state is State.NOT_OK]


async def durability_of(
    settings: Settings, client: AIOKafkaAdminClient, present: Collection[str], brokers: int
) -> list[Line]:
    """What `durability` says of the topics that are there: ours, and the one that Faust elects by.

    Raises:
        KafkaError: The broker did not answer.
    """
    there = [settings.topic(topic.name) for topic in TOPICS if settings.topic(topic.name) in present]
    of_faust = await copies(client, [each for each in (leader_topic(settings),) if each in present])
    return durability(await topic_states(settings, client, there), of_faust, brokers, settings)


def durability(
    states: Sequence[TopicState], of_faust: Sequence[Copies], brokers: int, settings: Settings
) -> list[Line]:
    """What the topics keep when machines fail.

    Args:
        states: Of our topics.
        of_faust: Of the topics that Faust keeps for itself: no records of ours, but while the only copy is away no
            worker gets its lanes.
        brokers: How many there are.
        settings: What is expected.
    """
    if settings.embedded_broker:
        return [Line("durability of topics", State.OK, "none: the embedded broker keeps everything in memory")]
    lying = [*(each.copies for each in states), *of_faust]
    return [_replicas(lying, brokers, settings), _in_sync(states), _elections(states), _retention(states, settings)]


def _replicas(lying: Sequence[Copies], brokers: int, settings: Settings) -> Line:
    wanted = settings.replication_factor or min(REPLICATION_FACTOR, brokers)
    few = [f"{each.name} has {each.replicas}" for each in lying if each.replicas < wanted]
    behind = sum(each.out_of_sync for each in lying)
    found = f"expected {wanted}: {', '.join(few)}" if few else f"{wanted} of each partition"
    found += f"; {behind} partitions have replicas that are behind or away" if behind else ""
    mend = "kafka-reassign-partitions adds replicas; look at the brokers that are behind"
    return line("replicas", found, mend, ok=not few and not behind)


def _in_sync(states: Sequence[TopicState]) -> Line:
    """Two copies before a record counts, and one machine may still be away."""
    wrong = []
    for each in states:
        least = int(each.options.get("min.insync.replicas", 1))
        replicas = each.copies.replicas
        wanted = IN_SYNC_MIN if replicas > IN_SYNC_MIN else 1
        if least < wanted or (least >= replicas > 1):
            wrong.append(f"{each.topic.name} has {least} of {replicas}")
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
