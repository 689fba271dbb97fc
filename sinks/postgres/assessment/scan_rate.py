"""What the books know of uses that were scanned, and of those that were not, in a month."""

from collections.abc import Sequence
from typing import Final, NamedTuple

import asyncpg

from models.assessment.scan_rate import CaseCell
from models.calendar import Month

HISTORY_MONTHS: Final = 6
"""So many months before say what a case uses. Ours: long enough for rare groups, short enough for new habits."""


class Known(NamedTuple):
    """Uses of a department, an hour, a device or an item."""

    by: str
    """`department`, `hour`, `device`, `item`, or `all`."""
    key: str
    """Which one of them."""
    scanned: int
    """Lines by scanner, camera or RFID."""
    typed: int
    """Lines typed by hand."""
    charged: int
    """Lines of the HIS for which nothing was scanned; of a device none can be known."""
    scanned_fen: int
    """Money of the scanned lines."""
    typed_fen: int
    """Money of the typed lines."""
    charged_fen: int
    """Money of the lines for which nothing was scanned."""
    scanned_udi: int
    """Lines of goods whose catalogue row has a maker's identifier."""
    typed_udi: int
    """The same of typed lines."""
    charged_udi: int
    """The same of lines for which nothing was scanned."""


class Cause(NamedTuple):
    """Why uses were not scanned, as far as the books say."""

    cause: str
    """`typed`, `charged-by-hand`, `unreadable`, `no-identifier`."""
    item_code: str | None
    """The item's code in the HIS catalogue; `None` while it is unknown."""
    lines: int
    """Uses that were not scanned for it."""
    fen: int
    """Money of these uses."""


async def known_uses(pool: asyncpg.Pool, hospital: str, month: Month) -> Sequence[Known]:
    """Uses that stand and lines of the HIS without one, four ways. Returned uses were used, and scanned."""
    return [Known(*row) for row in await pool.fetch("SELECT * FROM udi.scan_rate_known($1, $2)", hospital, month)]


async def case_cells(pool: asyncpg.Pool, hospital: str, month: Month) -> Sequence[CaseCell]:
    """What the cases discharged in the month used, beside the months before."""
    rows = await pool.fetch("SELECT * FROM udi.scan_rate_cases($1, $2, $3)", hospital, month, HISTORY_MONTHS)
    return [CaseCell(*row) for row in rows]


async def stock_falls(pool: asyncpg.Pool, hospital: str, month: Month) -> dict[str, int]:
    """By department: units its stores were short of when they were counted. Who is not named was not counted."""
    rows = await pool.fetch("SELECT * FROM udi.scan_rate_counted($1, $2)", hospital, month)
    return {row["department"]: row["units"] for row in rows}


async def causes(pool: asyncpg.Pool, hospital: str, month: Month) -> Sequence[Cause]:
    """Causes by item, the most lines first."""
    return [Cause(*row) for row in await pool.fetch("SELECT * FROM udi.scan_rate_causes($1, $2)", hospital, month)]
