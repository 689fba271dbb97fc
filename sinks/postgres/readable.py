"""Rows of the books that this version of the product can't read hold up nobody."""

from collections.abc import Callable, Iterable, Iterator
from typing import TypeVar

import structlog

log = structlog.get_logger(__name__)
R = TypeVar("R")
T = TypeVar("T")


def readable(what: str, rows: Iterable[R], read: Callable[[R], T]) -> Iterator[T]:
    """Each row read; one that can't be read is named in the log and left out. `read` is pure."""
    for row in rows:
        try:
            yield read(row)
        except Exception as error:  # noqa: BLE001 -- no effect is in it: whatever fails is the row's own
            log.error(  # noqa: TRY400 -- the text of the error may hold what is in the row
                "A row of the books can't be read; it is left out.",
                what=what,
                error=type(error).__name__,
            )
