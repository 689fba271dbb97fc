"""The agent of `udi.scans`: what becomes of a scan, from its bytes to the books.

References:
    docs/architecture.md, "One batch"; docs/adr/0001 (why batches come over a channel).
"""

from faust.types import StreamT

from streams.lanes.handing import Handed, answering
from streams.lanes.lane import Lane, Reading


async def scans(batches: StreamT[Handed[Lane]]) -> None:
    """Scans become charges, stock moves and verdicts; those that cannot, dead letters."""
    async for batch in batches:
        with answering(batch):
            lane = batch.lane
            reading = lane.read(batch.records, batch.next_offset, batch.first_offset)
            async with lane.turn:
                await record_scans(lane, reading)


async def record_scans(lane: Lane, reading: Reading) -> None:
    """Record what was read: as a whole or, where it fails by its own fault, in parts, and in quarantine at last."""
    async for attempt in lane.attempts(reading):
        with attempt as part:
            gathered = await lane.gather(part)
            decided = lane.decide(part, gathered)
            await lane.record(decided)
