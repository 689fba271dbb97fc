"""Coroutines from fixtures that are not asynchronous, so that every test may use them."""

import asyncio
from collections.abc import Coroutine
from typing import TypeVar

Result = TypeVar("Result")


def run(coroutine: Coroutine[object, object, Result]) -> Result:
    """What the coroutine returns, run in a loop of its own; the current loop setting is left alone."""
    loop = asyncio.new_event_loop()
    try:
        return loop.run_until_complete(coroutine)
    finally:
        loop.run_until_complete(loop.shutdown_asyncgens())
        loop.close()
