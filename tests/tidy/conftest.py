"""Modules are parsed by the hundred here, in processes in which other tests have left much behind."""

import gc
from collections.abc import Iterator

import pytest


@pytest.fixture(autouse=True)
def collector_at_rest() -> Iterator[None]:
    """Garbage may print a traceback as it goes, which parses, too: CPython 3.11 then fails the parse around it.

    Seen once as `SystemError: AST constructor recursion depth mismatch`.
    """
    gc.disable()
    yield
    gc.enable()
