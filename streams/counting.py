"""A count as a person looks at it and posts it: its scans beside the books.

References:
    docs/store.md, "Counts".
"""

from collections.abc import Sequence
from dataclasses import dataclass
from zoneinfo import ZoneInfo

from models.money import fen_text
from models.stock.count import Count, CountLine, CountScan, Tally
from rules.stock.counting import Known, above, holds_up, lines_of, placed, surplus_serials, tally_of
from sinks.postgres.named import Asked
from sinks.postgres.stock import counts as books


@dataclass(frozen=True, slots=True)
class Seen:
    """A count as it stands."""

    count: Count
    """What is counted, and how it stands."""
    lines: Sequence[CountLine]
    """Its lines; of an open one as they would be booked now."""
    scans: Sequence[CountScan]
    """Every scan with its document."""
    waiting: int = 0
    """Differences that are posted and not recorded yet."""

    @property
    def tally(self) -> Tally:
        """What the lines come to."""
        return tally_of(self.lines)

    @property
    def strange(self) -> list[CountScan]:
        """Scans with its document that do not count in it."""
        return [scan for scan in self.scans if scan.finding is not None]


async def seen_now(asked: Asked, count: Count, zone: ZoneInfo) -> Seen:
    """The count with its lines; costs are of the zone's days."""
    scans = await books.scans_of(asked, count)
    if count.ended_at is not None:
        return Seen(count, await books.lines(asked, count), scans, len(await books.unrecorded(asked, count)))
    if not scans:
        return Seen(count, (), ())
    lying, moves = await books.shelf_of(asked, count, min(scan.scanned_at for scan in scans))
    codes = {each.item_code for each in lying} | {scan.item_code for scan in scans if scan.item_code}
    items = await books.items_of(asked, count.hospital, codes)
    costs = await books.costs_of(asked, count.hospital, codes)
    lines = lines_of(scans, Known(lying, moves, items, zone, costs))
    where = await books.whereabouts(asked, count.hospital, surplus_serials(lines), items)
    return Seen(count, placed(lines, where), scans)


async def post_count(  # noqa: PLR0917 -- the parts of a post
    desk: books.CountDesk, count: Count, zone: ZoneInfo, reason: str, by: str, approved_by: str | None
) -> str | None:
    """Post it, as it stands in the desk's transaction; gives what stands against it instead."""
    if count.ended_at is not None:
        return ended(count)
    if await desk.booking(count):
        return "Expected earlier counts of the shelf to be booked, differences of one are still on their way."
    seen = await seen_now(desk.connection, count, zone)
    waits = [scan for scan in seen.scans if holds_up(scan)]
    if waits:
        return f"Expected scans that are decided, {len(waits)} of the count wait: udi held, udi parked."
    if not seen.lines:
        return "Expected something counted, no scan counts in it."
    allowed = await books.count_limit(desk.connection, count.hospital)
    if approved_by is None and above(seen.tally, allowed):
        tally = seen.tally
        return (
            f"Expected --approved-by: {tally.differing} of {tally.lines} lines differ by {fen_text(tally.weight_fen)} "
            f"yuan, the limit is {allowed.lines_percent} % of the lines and {fen_text(allowed.value_fen)} yuan."
        )
    await desk.end(count, by, reason, approved_by, seen.lines)
    return None


def ended(count: Count) -> str:
    """How a count that is not open has ended."""
    if count.posted:
        return f"Expected an open count, {count.document} was posted by {count.ended_by}."
    return f"Expected an open count, {count.document} was cancelled by {count.ended_by}."
