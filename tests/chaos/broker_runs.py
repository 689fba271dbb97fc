"""Three brokers of which one after the other is killed while scans flow; then everything is accounted for.

Apart from the tests: four Java processes and some minutes. `pytest -s tests/chaos/broker_runs.py`.
"""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path
from random import Random

import pytest

from streams.embedded.database import EmbeddedDatabase
from tests.chaos.rig import LAG_SECONDS_MAX, Fault, Rig
from tests.chaos.test_kills import SECONDS, outcome
from tests.support.servers.kafka import MISSING, RealKafka, available
from tests.support.servers.kafka_cluster import NODES, KafkaCluster

pytestmark = [
    pytest.mark.timeout(900 + 4 * SECONDS),
    pytest.mark.skipif(not available(), reason=MISSING),
]


@pytest.fixture
async def cluster(tmp_path: Path) -> AsyncIterator[KafkaCluster]:
    cluster = KafkaCluster(tmp_path / "kafka")
    await cluster.start()
    yield cluster
    await cluster.kill()


def kill(cluster: KafkaCluster, node: RealKafka) -> Fault:
    """SIGKILL of one node; it comes back with its data, and the others wait until it has caught up."""

    async def one_broker_killed(rig: Rig, chance: Random) -> None:
        await node.kill()
        rig.faults["one broker of three killed"] += 1
        await asyncio.sleep(chance.uniform(1.0, 8.0))
        await node.start()
        await cluster.until_in_sync()

    return one_broker_killed


async def test_nothing_is_lost_or_doubled_when_one_broker_of_three_after_the_other_is_killed(
    cluster: KafkaCluster, database_server: EmbeddedDatabase, database: str, tmp_path: Path
) -> None:
    folder = tmp_path / "services"
    folder.mkdir()
    rig = Rig(cluster, database_server, database, folder, settings={"replication_factor": str(NODES)})

    found = await outcome(rig, [kill(cluster, node) for node in cluster.nodes], once=True)

    assert found.violations == [], str(found)
    assert found.faults["one broker of three killed"] == NODES
    assert max(found.recoveries) < LAG_SECONDS_MAX
