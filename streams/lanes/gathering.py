"""What a batch needs of the books, whole: asked again when the catalogue it was asked by has become another."""

from collections.abc import Callable
from typing import Protocol

from models.charging.snapshot import Catalogue, Lookup, Snapshot


class Gathers(Protocol):
    """Books that are read; see `sinks.ports.batch.Books`."""

    async def gather(self, lane: int, wanted: Lookup, catalogue: Catalogue) -> Snapshot:
        """One snapshot of what is wanted. Brings `catalogue` to the version of the snapshot."""
        ...


async def gather_for(books: Gathers, lane: int, catalogue: Catalogue, wanted: Callable[[], Lookup]) -> Snapshot:
    """A snapshot that is complete by the catalogue it brought: a newer one, a new borrower or owner may want more.

    Args:
        books: Where it is read.
        lane: Partition of the scan topic.
        catalogue: What is known; brought to the version of the snapshot.
        wanted: What is to be read, by the catalogue as it stands when it is called.
    """
    while True:
        before = catalogue.asked_for
        gathered = await books.gather(lane, wanted(), catalogue)
        known = len(catalogue) or len(catalogue.scanners)
        if catalogue.asked_for == before or not known:
            return gathered
