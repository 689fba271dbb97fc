"""All publishers of a process, the counters they share, and a look after the topics' ends."""

import asyncio
from collections.abc import Sequence

import structlog

from models.wire.topics import COUNTED_OUTPUTS, LANE_OUTPUTS
from sinks.postgres.outbox import Outbox, lane_lease
from streams.services.relay.counters import Counters
from streams.services.relay.publisher import FLOOR_SECONDS, LanePublisher, RelayWatch
from streams.services.relay.tail import ends
from streams.settings import Settings
from streams.topics import cluster_id

log = structlog.get_logger(__name__)


async def run_relay(settings: Settings, outbox: Outbox, watch: RelayWatch) -> None:
    """Publish every lane and the topics that are no lane's until cancelled."""
    cluster = await cluster_id(settings)
    counters = Counters(outbox, embedded=settings.embedded_broker)
    lanes = await outbox.lanes()
    named = {lane_lease(lane): [(topic, lane) for topic in LANE_OUTPUTS] for lane in range(lanes)}
    counted = [output for output in await outbox.newest() if output[0] in COUNTED_OUTPUTS]
    named |= {topic: [output for output in counted if output[0] == topic] for topic in COUNTED_OUTPUTS}
    publishers = [
        LanePublisher(name, outputs, outbox, counters, settings, cluster, watch) for name, outputs in named.items()
    ]
    watch.stopped = lambda: [publisher.stopped for publisher in publishers if publisher.stopped]
    try:
        async with asyncio.TaskGroup() as group:
            group.create_task(counters.run(), name="relay counters")
            if not settings.embedded_broker:
                group.create_task(watch_ends(settings, publishers), name="relay ends")
            for publisher in publishers:
                group.create_task(publisher.run(), name=f"relay {publisher.name}")
    finally:
        for publisher in publishers:
            await publisher.stop()


async def watch_ends(settings: Settings, publishers: Sequence[LanePublisher]) -> None:
    """Tell publishers whose topic ends before what was acknowledged: an unclean election has cut it.

    A producer notices that only when it sends, and then not always; a quiet topic would tell at the next restart.
    """
    while True:
        await asyncio.sleep(FLOOR_SECONDS)
        certain = {tp: (offset, each) for each in publishers for tp, offset in each.ends_after.items()}
        try:
            found = await ends(settings, certain) if certain else {}
        except Exception as error:  # noqa: BLE001 -- the broker is away: the next look will do
            log.warning("The ends of the output topics can't be asked.", error=type(error).__name__)
            continue
        for tp, end in found.items():
            offset, publisher = certain[tp]
            if end <= offset:
                publisher.lost = (
                    f"{tp.topic}/{tp.partition} ends at offset {end}, but offset {offset} was acknowledged: the broker "
                    "has lost records (an unclean election?)."
                )
