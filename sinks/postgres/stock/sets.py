"""Sets that suppliers bring for one operation (跟台): brought, used, sent back, and what lacks.

References:
    docs/store.md, "Loan sets".
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from sinks.postgres.named import Asked, fetch

_ROWS: Final = """
SELECT * FROM report.loan_sets_3 WHERE ($1::text IS NULL OR document = $1) AND ($2::text IS NULL OR hospital = $2)
ORDER BY hospital, document, item_code, lot, serial
"""


@dataclass(frozen=True, slots=True)
class SetLine:
    """Goods of one lot or serial in a set. Units of use."""

    hospital: str
    """Id of the hospital; the first part of every record key."""
    document: str
    """Names the set."""
    supplier: str | None
    """Whose goods they are; `None` when the catalogue names no supplier, or nothing has moved."""
    store: str
    """Store that the set was brought to."""
    encounter: str | None
    """Opaque id of the patient's stay; `None` until something was used."""
    operation: str | None
    """Id of the operation within the stay; `None` when nobody said."""
    item_code: str | None
    """The item's code in the HIS catalogue; `None` while it is unknown."""
    lot: str | None
    """Lot number as printed; `None` when it is not known."""
    serial: str | None
    """Serial number as printed; `None` when it is not known."""
    brought: int
    """Received."""
    used: int
    """Used on the patient, less what came back from there, to the set or to a shelf."""
    wasted: int
    """Opened and not used, or thrown away."""
    returned: int
    """Sent back to the supplier."""
    lacking: int
    """Brought, and neither used nor back nor anywhere else; below 0: more left than was brought."""
    status: str
    """`open`, `settled`, `lacking`, `over`."""
    findings: Sequence[str]
    """What does not fit, like `not-returned`."""
    on_shelf: int
    """Came back from the patient by a scan that does not name the set, and still lies on a shelf."""
    shelf: str | None
    """Places where these lie, with commas; `None` without any."""


async def loan_sets(asked: Asked, document: str | None = None, hospital: str | None = None) -> list[SetLine]:
    """The goods of one set, or of all sets, as they stand."""
    return await fetch(asked, SetLine, _ROWS, document, hospital)
