"""The agent of `udi.cabinet-reads`: which tags a cabinet holds at an instant."""

from faust.types import StreamT

from streams.lanes.facts import FactLane
from streams.lanes.handing import Handed, answering


async def cabinet_reads(batches: StreamT[Handed[FactLane]]) -> None:
    """Records become reads of their cabinet; what is none becomes a dead letter."""
    async for batch in batches:
        with answering(batch):
            lane = batch.lane
            reading = lane.read(batch.records, batch.next_offset, batch.first_offset)
            async with lane.turn:
                async for attempt in lane.attempts(reading):
                    with attempt as part:
                        changes = lane.decide(part, await lane.gather(part))
                        await lane.record(part, changes)
