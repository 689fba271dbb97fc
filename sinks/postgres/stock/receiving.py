"""Goods-in: delivery notes beside what was scanned in.

References:
    docs/store.md, "Goods-in".
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from typing import Final

from sinks.postgres.named import Asked, fetch

_ROWS: Final = """
SELECT hospital, note, line, supplier, store, item_code, lot, serial, expected, arrived, accepted, quarantined,
       rejected, returned, findings, status, expected_on
FROM report.deliveries WHERE ($1::text IS NULL OR note = $1) AND ($2::text IS NULL OR hospital = $2)
ORDER BY hospital, note, line IS NULL, length(line), line, item_code, lot, serial
"""


@dataclass(frozen=True, slots=True)
class Received:
    """A line of a note, or goods that came under its number and stand on no line. Units of use."""

    hospital: str
    """Id of the hospital; the first part of every record key."""
    note: str
    """Number of the delivery note."""
    line: str | None
    """`None`: on no line of the note."""
    supplier: str | None
    """Id of the supplier; `None` without one."""
    store: str | None
    """Id of the department store (二级库); `None` where none is concerned."""
    item_code: str | None
    """`None`: no item of the house has the identifier."""
    lot: str | None
    """Lot number as printed; `None` when it is not known."""
    serial: str | None
    """Serial number as printed; `None` when it is not known."""
    expected: int | None
    """`None` while the item or its package is unknown."""
    arrived: int
    """Scanned in under the note's number."""
    accepted: int
    """Came onto a shelf."""
    quarantined: int
    """Set apart in quarantine."""
    rejected: int
    """Scans that a person rejected."""
    returned: int
    """Sent back to the supplier."""
    findings: Sequence[str]
    """What does not fit, like `other-lot`."""
    status: str
    """`expected`, `partial`, `complete`, `more`, `short`; of goods on no line `arrived`."""
    expected_on: date | None
    """Local day the note is due; `None` when it says none."""


async def deliveries(asked: Asked, note: str | None = None, hospital: str | None = None) -> list[Received]:
    """The lines of a note, or of all notes, as they stand."""
    return await fetch(asked, Received, _ROWS, note, hospital)
