"""The agent of `udi.recalls`: notices that take goods out of use."""

from faust.types import StreamT

from streams.lanes.facts import FactLane
from streams.lanes.handing import Handed, answering


async def recalls(batches: StreamT[Handed[FactLane]]) -> None:
    """Records become versions of their notice; what is none becomes a dead letter."""
    async for batch in batches:
        with answering(batch):
            lane = batch.lane
            reading = lane.read(batch.records, batch.next_offset, batch.first_offset)
            async with lane.turn:
                async for attempt in lane.attempts(reading):
                    with attempt as part:
                        changes = lane.decide(part, await lane.gather(part))
                        await lane.record(part, changes)
