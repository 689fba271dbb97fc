"""Records as they are read, and who is told what becomes of them."""

from collections.abc import Sequence
from datetime import datetime
from hashlib import blake2b
from typing import NamedTuple

from sinks.ports.batch import Batch


class Record(NamedTuple):
    """A record as read from the broker."""

    offset: int
    """Offset in its partition."""
    timestamp: datetime
    """The broker's timestamp of the record."""
    key: bytes | None
    """Its key; `None` without one."""
    value: bytes | None
    """Its value; `None` of a tombstone."""
    signature: bytes | None = None
    """The header `udi-signature` as it came."""

    @property
    def hash(self) -> bytes:
        """What tells this record from another at the same offset."""
        mark = blake2b(digest_size=16)
        mark.update(repr((self.offset, self.timestamp.timestamp(), len(self.key or b""))).encode())
        mark.update(self.key or b"")
        mark.update(self.value or b"")
        return mark.digest()


class Told:
    """Who is told what a lane does; by itself it does nothing with it."""

    def recorded(self, batch: Batch, records: Sequence[Record]) -> None:
        """After every recorded batch: counts and times."""

    def failed(self, place: str, error: Exception) -> None:
        """Something failed by its own fault and was set aside. `place` is one of `sinks.metrics.counts.PLACES`."""
