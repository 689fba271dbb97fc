"""Scans that could not be decided again, kept with their error until a later worker can."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Protocol

from models.charging.books import Ref


class AsideKind(StrEnum):
    """Why the scan was looked at again."""

    FREED = "freed"
    """It waits, and what it waits for may have come."""
    REPRICED = "repriced"
    """Its charge may have another price."""
    HALF = "half"
    """It is half a label, and what it waits for fails whenever the lane looks at it."""


@dataclass(frozen=True, slots=True)
class AsideScan:
    """One scan that is set aside."""

    lane: int
    """The partition of `udi.scans` that its scan came in on."""
    ref: Ref
    """Where its record lies: input position and offset."""
    kind: AsideKind
    """Which work on the scan failed."""
    at: datetime
    """The instant of what made it worth another look: it is decided then."""
    error: str
    """The class of the error."""


class Aside(Protocol):
    """Where they are kept. Every method may raise what its driver raises when the database is away."""

    async def put(self, scan: AsideScan) -> None:
        """Set it aside; once more is the same."""

    async def drop(self, scan: AsideScan) -> None:
        """It was decided, or needs no decision any more."""

    async def of_lane(self, lane: int) -> Sequence[AsideScan]:
        """All of a lane, oldest first."""
