"""Three real Apache Kafka nodes that replicate for each other, each broker and controller."""

import asyncio
from pathlib import Path
from typing import Final

from aiokafka.admin import AIOKafkaAdminClient
from aiokafka.errors import KafkaError

from tests.support.servers.kafka import RealKafka

NODES: Final = 3
IN_SYNC_SECONDS_MAX: Final = 240.0
_SETTINGS: Final = {
    "offsets.topic.replication.factor": "3",
    "transaction.state.log.replication.factor": "3",
    "transaction.state.log.min.isr": "2",
    "default.replication.factor": "3",
    "min.insync.replicas": "2",
    "unclean.leader.election.enable": "false",
}


class KafkaCluster:
    """A `Broker` of three nodes under `folder`: replication factor 3, `min.insync.replicas` 2."""

    def __init__(self, folder: Path) -> None:
        self.nodes = [
            RealKafka(folder / f"node-{number}", settings=_SETTINGS, node_id=number) for number in range(1, NODES + 1)
        ]
        self.bootstrap_servers = ",".join(node.bootstrap_servers for node in self.nodes)
        self.cluster_id = self.nodes[0].cluster_id
        for node in self.nodes:
            node.cluster_id = self.cluster_id
            node.voters = [each.voter for each in self.nodes]

    async def start(self) -> None:
        """Start the nodes that do not run; alone none of them would answer, so all at once."""
        await asyncio.gather(*(node.start() for node in self.nodes))

    async def stop(self) -> None:
        """Stop every node in order."""
        await asyncio.gather(*(node.stop() for node in self.nodes))

    async def kill(self) -> None:
        """End every node with SIGKILL."""
        await asyncio.gather(*(node.kill() for node in self.nodes))

    async def until_in_sync(self) -> None:
        """Wait until every replica of every partition is in sync.

        Raises:
            AssertionError: some are not after 90 s; it names them.
        """
        clock = asyncio.get_running_loop().time
        until = clock() + IN_SYNC_SECONDS_MAX
        while (behind := await self._behind()) != []:
            assert clock() < until, f"Not in sync: {behind}"
            await asyncio.sleep(0.5)

    async def _behind(self) -> list[str] | None:
        """Partitions that lack a replica in sync; `None` when nobody tells."""
        admin = AIOKafkaAdminClient(bootstrap_servers=self.bootstrap_servers)
        try:
            await admin.start()
            topics = await admin.describe_topics()
        except (KafkaError, OSError):
            return None
        finally:
            await admin.close()
        return [
            f"{topic['topic']}-{each['partition']}: {each['isr']} of {each['replicas']}"
            for topic in topics
            for each in topic["partitions"]
            if len(each["isr"]) < NODES
        ]
