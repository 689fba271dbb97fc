"""The agent of `udi.catalogue`: items into the charge catalogue.

What a new version changes for scans is not decided here: each lane finds by itself what has come since it looked last.
"""

from faust.types import StreamT

from streams.lanes.facts import FactLane
from streams.lanes.handing import Handed, answering


async def catalogue(batches: StreamT[Handed[FactLane]]) -> None:
    """Items become versions of the charge catalogue; a tombstone ends one; what is no item becomes a dead letter."""
    async for batch in batches:
        with answering(batch):
            lane = batch.lane
            reading = lane.read(batch.records, batch.next_offset, batch.first_offset)
            async with lane.turn:
                async for attempt in lane.attempts(reading):
                    with attempt as part:
                        changes = lane.decide(part, await lane.gather(part))
                        await lane.record(part, changes)
