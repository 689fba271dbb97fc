"""The event loop of the tests of a process, and coroutines from fixtures that are not asynchronous.

All tests of a process share one loop, so that connections can outlive a test (`tests/support/databases/kept.py`). What
a test leaves running is cancelled when it ends, as it would be by the end of a loop of its own.
"""

import asyncio
from collections.abc import Coroutine, Iterator
from contextlib import contextmanager
from threading import get_ident
from typing import TypeVar

Result = TypeVar("Result")
_shared: list[tuple[int, asyncio.AbstractEventLoop]] = []


@contextmanager
def shared(loop: asyncio.AbstractEventLoop) -> Iterator[None]:
    """This is the loop of the tests."""
    _shared.append((get_ident(), loop))
    try:
        yield
    finally:
        _shared.clear()


def in_shared_loop() -> bool:
    """Whether who asks runs in the loop of the tests, and not in one of his own that ends with him."""
    return any(asyncio.get_running_loop() is loop for _, loop in _shared)


def run(coroutine: Coroutine[object, object, Result]) -> Result:
    """What the coroutine returns: run in the loop of the tests, or one of its own where that is none of this thread."""
    for thread, loop in _shared:
        if thread == get_ident():
            return loop.run_until_complete(coroutine)
    own = asyncio.new_event_loop()
    try:
        return own.run_until_complete(coroutine)
    finally:
        own.run_until_complete(own.shutdown_asyncgens())
        own.close()


def cancel_what_is_left() -> None:
    """End the tasks that a test has left behind; what they raise is told as that of any task nobody awaits."""
    for _, loop in _shared:
        left = asyncio.all_tasks(loop)
        for task in left:
            task.cancel()
        if left:
            loop.run_until_complete(asyncio.gather(*left, return_exceptions=True))
