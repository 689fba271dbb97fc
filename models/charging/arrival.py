"""What arrives on a lane, read: a scan to decide, a bad record, or a tick."""

from datetime import datetime
from typing import NamedTuple

from models.charging.books import BadRecord, RecordedScan


class TickRecord(NamedTuple):
    """A tick, by the broker's timestamp of its record."""

    at: datetime
    """The broker's timestamp: what waits for a window is decided by it."""


Arrival = RecordedScan | BadRecord | TickRecord
