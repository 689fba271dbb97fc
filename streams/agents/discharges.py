"""The agent of `udi.discharges`: what is judged of a case after its patient has left."""

from faust.types import StreamT

from streams.lanes.facts import FactLane
from streams.lanes.handing import Handed, answering


async def discharges(batches: StreamT[Handed[FactLane]]) -> None:
    """Records become versions of their case; what is none becomes a dead letter."""
    async for batch in batches:
        with answering(batch):
            lane = batch.lane
            reading = lane.read(batch.records, batch.next_offset, batch.first_offset)
            async with lane.turn:
                async for attempt in lane.attempts(reading):
                    with attempt as part:
                        changes = lane.decide(part, await lane.gather(part))
                        await lane.record(part, changes)
