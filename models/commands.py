"""What a person commands of the books. A command is stored first; the lane of its scan carries it out, once.

References:
    docs/semantics.md, "Commands of persons".
"""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from uuid import UUID

from models.books import Prior, Subject


class CommandKind(StrEnum):
    """What may be commanded."""

    UNDO_PAIR = "undo-pair"
    """Two halves were joined that do not belong together: take everything back and hold both."""


@dataclass(frozen=True, slots=True)
class Command:
    """A stored command."""

    lane: int
    seq: int
    """1, 2, 3 … of the lane, without gaps: the order in which they are carried out."""
    kind: CommandKind
    hospital: str
    scan_id: UUID
    """The scan it is about."""
    by: str
    """Who commands it."""
    reason: str
    accepted_at: datetime
    """When it was stored; what follows from it is decided then."""


@dataclass(frozen=True, slots=True)
class Recorded:
    """A recorded scan, and what earlier decisions of it left."""

    subject: Subject
    prior: Prior


@dataclass(frozen=True, slots=True)
class Commanded:
    """A command with the scans it is about, as they stand."""

    command: Command
    scan: Recorded | None
    """Of a pair the half with the identifier; `None` when there is no such scan."""
    partner: Recorded | None
    """Of a pair the half without."""


@dataclass(frozen=True, slots=True)
class Carried:
    """What became of a command."""

    seq: int
    done: bool
    detail: str
    """The verdicts that followed, or what stood against it."""
