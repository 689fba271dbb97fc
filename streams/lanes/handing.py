"""Batches on their way from the reader of a partition to the agent of its topic, and the answer on its way back."""

import asyncio
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Generic, NamedTuple, TypeVar

from streams.lanes.told import Record

L = TypeVar("L")


class Handed(NamedTuple, Generic[L]):
    """A plain batch: records of one partition, and the lane they belong to."""

    lane: L
    """What works on its partition."""
    records: Sequence[Record]
    """As they came from the broker, in order."""
    next_offset: int
    """Where the partition stands when they are recorded."""
    first_offset: int
    """Where it must stand before."""
    answer: "asyncio.Future[None]"
    """Set when they are recorded, or not known to be; the reader waits for it."""


@contextmanager
def answering(batch: Handed[L]) -> Iterator[None]:
    """The outcome of the work within is the answer. A failure goes to the reader and never into Faust."""
    try:
        yield
    except Exception as error:  # noqa: BLE001 -- the reader judges it
        if not batch.answer.done():
            batch.answer.set_exception(error)
    except BaseException:
        # Faust empties its channels and stops its agents when its own group rebalances.
        if not batch.answer.done():
            batch.answer.set_exception(TimeoutError("The agent was stopped while it held the batch."))
        raise
    else:
        if not batch.answer.done():
            batch.answer.set_result(None)
