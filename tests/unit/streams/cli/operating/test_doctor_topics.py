"""What makes a topic keep what it has acknowledged: one case on either side of each edge."""

from collections.abc import Mapping

import pytest

from models.wire.topics import BILLING, CATALOGUE, TOPICS, Topic
from streams.cli.operating.doctor_machine import State
from streams.cli.operating.doctor_topics import Copies, TopicState, durability
from streams.settings import Settings
from streams.topics import durable

OF: Mapping[str, Topic] = {topic.name: topic for topic in TOPICS}
SETTINGS = Settings(outage_days_max=14)


def state(name: str = BILLING, replicas: int = 3, out_of_sync: int = 0, **options: str) -> TopicState:
    """A topic as `udi init` makes it, but for the options given."""
    made = durable(SETTINGS, OF[name], replicas) | {"cleanup.policy": "compact" if OF[name].compacted else "delete"}
    named = {option.replace("_", "."): value for option, value in options.items()}
    return TopicState(OF[name], Copies(name, replicas, out_of_sync), made | named)


def wrong(*states: TopicState, brokers: int = 3) -> list[str]:
    return [line.name for line in durability(states, [], brokers, SETTINGS) if line.state is State.NOT_OK]


@pytest.mark.parametrize(("replicas", "brokers"), [(3, 3), (3, 5), (2, 2), (1, 1)])
def test_topics_as_they_are_made_are_ok(replicas: int, brokers: int) -> None:
    assert wrong(*(state(name, replicas) for name in OF), brokers=brokers) == []


@pytest.mark.parametrize(
    ("found", "name"),
    [
        (state(replicas=2), "replicas"),
        (state(out_of_sync=1), "replicas"),
        (state(min_insync_replicas="1"), "acknowledgement"),
        (state(min_insync_replicas="3"), "acknowledgement"),
        (state(unclean_leader_election_enable="true"), "elections"),
        (state(retention_ms=str(14 * 86_400_000 - 1)), "retention"),
        (state(retention_bytes="1073741824"), "retention"),
        (state(cleanup_policy="compact"), "retention"),
        (state(CATALOGUE, cleanup_policy="delete"), "retention"),
    ],
)
def test_what_may_lose_records_is_named(found: TopicState, name: str) -> None:
    assert wrong(found) == [name]


@pytest.mark.parametrize(("copies", "found"), [((3, 0), True), ((1, 0), False), ((3, 1), False)])
def test_the_topic_that_faust_elects_by_is_looked_at_too(copies: tuple[int, int], found: bool) -> None:
    replicas, *_ = durability([state()], [Copies("app-__assignor-__leader", *copies)], 3, SETTINGS)

    assert (replicas.state is State.OK) is found


def test_the_edge_of_retention_and_no_limit_are_ok() -> None:
    assert wrong(state(retention_ms=str(14 * 86_400_000)), state(retention_ms="-1")) == []


def test_money_is_kept_longer_than_the_longest_outage() -> None:
    assert durable(Settings(outage_days_max=100), OF[BILLING], 3)["retention.ms"] == str(100 * 86_400_000)
    assert durable(SETTINGS, OF[BILLING], 3)["retention.ms"] == str(90 * 86_400_000)
