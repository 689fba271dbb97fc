"""Commands speak English again after each test."""

from collections.abc import Iterator

import pytest

from streams import language


@pytest.fixture(autouse=True)
def english() -> Iterator[None]:
    yield
    language.choose("en")
