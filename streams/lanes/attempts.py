"""A batch is tried until it is recorded: again while others were faster, in halves when it fails by its own fault.

What is left at last is the one record that fails, and that one is quarantined: when it has failed twice, for what it
asked of the books may have changed while it was decided. A failure of the infrastructure is not
tried here: it goes to whoever reads the partition, who takes it over anew.
"""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from pathlib import PurePath
from traceback import extract_tb
from types import TracebackType
from typing import Final, Generic, Protocol, Self, TypeVar

import structlog

from sinks.ports.batch import LaneMovedError
from streams.lanes.failures import AGAIN, own
from streams.lanes.told import Record

log = structlog.get_logger(__name__)

TRIES_BEFORE_WAITING: Final = 3
"""Redone at once so often when claims collide; then with a pause."""
PAUSE_SECONDS_MAX: Final = 1.0


class Sized(Protocol):
    """What may be tried: some records, or some scans to decide again."""

    def __len__(self) -> int:
        """How many."""


class Read(Sized, Protocol):
    """Records of a partition, parsed; or the part of them that is tried together."""

    @property
    def records(self) -> Sequence[Record]:
        """As they came from the broker."""

    @property
    def next_offset(self) -> int:
        """Where the partition stands when they are recorded."""

    @property
    def first_offset(self) -> int | None:
        """Where the partition must stand before; `None`: wherever it stands."""

    def cut(self, start: int, end: int) -> Self:
        """The records from `start` up to before `end`; the last part goes on to where the whole does."""


P = TypeVar("P", bound=Sized)
R = TypeVar("R", bound=Read)


class Attempt(Generic[P]):
    """One try. As a context it gives what is tried, and keeps an error that is answered by another try."""

    def __init__(self, part: P) -> None:
        self.part = part
        self.error: Exception | None = None

    def __enter__(self) -> P:
        return self.part

    def __exit__(self, _: type[BaseException] | None, error: BaseException | None, __: TracebackType | None) -> bool:
        if isinstance(error, AGAIN) or (isinstance(error, Exception) and own(error)):
            self.error = error
            return True
        return False


Smaller = Callable[[P, Exception], Awaitable[Sequence[P]]]
"""What to try instead of a part that fails by its own fault; raises what it was given when nothing is left to try."""


async def attempts(whole: P, smaller: Smaller[P]) -> AsyncIterator[Attempt[P]]:
    """Tries of the whole, then of whatever `smaller` makes of what fails; each part until it succeeds."""
    todo, tries, failed_alone = [whole], 0, False
    while todo:
        attempt = Attempt(todo.pop())
        tries += 1
        yield attempt
        if attempt.error is None:
            tries, failed_alone = 0, False
        elif isinstance(attempt.error, AGAIN):
            todo.append(attempt.part)
            log.info("Decided again.", why=type(attempt.error).__name__, tries=tries)
            if tries > TRIES_BEFORE_WAITING:
                await asyncio.sleep(min(PAUSE_SECONDS_MAX, 0.01 * 2**tries))
        elif len(attempt.part) == 1 and not failed_alone:
            todo.append(attempt.part)
            failed_alone = True
        else:
            todo.extend(reversed(await smaller(attempt.part, attempt.error)))
            tries, failed_alone = 0, False


async def attempts_from(at: int, place: str, reading: R, smaller: Smaller[R]) -> AsyncIterator[Attempt[R]]:
    """Tries until all of a reading is recorded; what stands below the position `at` is recorded already.

    Raises:
        LaneMovedError: what comes before it is not recorded.
    """
    if reading.first_offset is not None and reading.first_offset > at:
        raise LaneMovedError(f"{place} stands at {at}, the batch begins at {reading.first_offset}.")
    if reading.next_offset <= at:
        return
    start = next((number for number, each in enumerate(reading.records) if each.offset >= at), len(reading))
    async for attempt in attempts(reading.cut(start, len(reading)) if start else reading, smaller):
        yield attempt


def place_of(error: BaseException) -> str:
    """Where in the code the error arose: file, line and function. Its text is left out, it may hold a patient's id."""
    frames = extract_tb(error.__traceback__)
    if not frames:
        return "unknown"
    return f"{PurePath(frames[-1].filename).name}:{frames[-1].lineno} {frames[-1].name}"
