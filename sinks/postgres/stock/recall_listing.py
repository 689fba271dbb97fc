"""The recall notices that hold, as a person lists them."""

from datetime import date
from typing import Any, Final, NamedTuple

from sinks.postgres.named import Asked, fetch

_LISTED: Final = """
SELECT r.hospital, r.recall, r.version, r.class AS class_, r.issued_on, r.due_on, r.ended_on, r.reason,
       count(l.line_id) AS lines, count(l.line_id) FILTER (WHERE l.status = 'open') AS open,
       count(l.reopened) AS reopened
FROM report.recalls r LEFT JOIN report.recall_lines_2 l USING (hospital, recall, version)
WHERE r.holds AND ($1::text IS NULL OR r.hospital = $1) GROUP BY 1, 2, 3, 4, 5, 6, 7, 8
ORDER BY r.issued_on DESC, r.hospital, r.recall
"""


class ListedRecall(NamedTuple):
    """A notice that holds, with how far its lines are."""

    hospital: str
    """Whom it concerns."""
    recall: str
    """The notice's name."""
    version: int
    """The newest version."""
    class_: int
    """How grave, 1 to 3; 1 is the gravest."""
    issued_on: date
    """When it was issued."""
    due_on: date
    """By when users must be told."""
    ended_on: date | None
    """When it ended; `None` while it goes on."""
    reason: str
    """Why."""
    lines: int
    """Its lines."""
    open: int
    """Those that have not ended."""
    reopened: int
    """Of these: those that a person had closed, and that are open again."""

    def fields(self) -> dict[str, Any]:
        """By the names of `report.recalls`."""
        return {name.rstrip("_"): value for name, value in self._asdict().items()}


async def listed_recalls(asked: Asked, hospital: str | None) -> list[ListedRecall]:
    """The newest first; `None` is every hospital."""
    return await fetch(asked, ListedRecall, _LISTED, hospital)
