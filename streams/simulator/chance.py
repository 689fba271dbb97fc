"""Chance that repeats: whole numbers from a seeded generator, the same on every Python version.

Only `random.Random.getrandbits` is used: Python promises its sequence, but not that of `choice` or `shuffle`.
"""

from collections.abc import Sequence
from random import Random
from typing import TypeVar

T = TypeVar("T")


class Chance:
    """Draws; each takes one step of the generator, `uuid` two."""

    __slots__ = ("_bits",)

    def __init__(self, *seeds: int) -> None:
        seed = 0
        for each in seeds:
            seed = seed * 1_000_003 + each + 1
        self._bits = Random(seed).getrandbits  # noqa: S311 -- chance that repeats is wanted

    def below(self, limit: int) -> int:
        """0 to `limit` − 1."""
        return self._bits(32) * limit >> 32

    def between(self, low: int, high: int) -> int:
        """`low` to `high`, both included."""
        return low + (self._bits(32) * (high - low + 1) >> 32)

    def pick(self, among: Sequence[T]) -> T:
        """One of a sequence that is not empty."""
        return among[self._bits(32) * len(among) >> 32]

    def skewed(self, among: Sequence[T]) -> T:
        """One of a sequence, the earlier ones more often."""
        size = len(among)
        return among[(self._bits(16) * self._bits(16) * size) >> 32]

    def per_10000(self, share: int) -> bool:
        """True in so many of 10,000 cases."""
        return self._bits(32) * 10_000 >> 32 < share

    def uuid(self, milliseconds: int) -> str:
        """A UUID of version 7 for an instant in milliseconds since 1970.

        References:
            RFC 9562, section 5.7.
        """
        low, middle = self._bits(62) | 1 << 63, self._bits(12)
        time = f"{milliseconds >> 16:08x}-{milliseconds & 0xFFFF:04x}"
        return f"{time}-7{middle:03x}-{low >> 48:04x}-{low & 0xFFFFFFFFFFFF:012x}"
