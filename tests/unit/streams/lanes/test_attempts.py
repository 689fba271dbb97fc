"""What is tried again, what in halves, and when the one record that fails is given to quarantine."""

from collections.abc import Sequence

import asyncpg
import pytest

from streams.lanes.attempts import attempts

FAULT = asyncpg.CheckViolationError


async def tried(whole: Sequence[int], failing: dict[int, int]) -> tuple[list[list[int]], list[int]]:
    """The parts that were tried, and what was quarantined; `failing`: how often a batch with that record fails."""
    parts: list[list[int]] = []
    quarantined: list[int] = []

    async def smaller(part: Sequence[int], error: Exception) -> list[Sequence[int]]:
        assert isinstance(error, FAULT)
        if len(part) > 1:
            return [part[: len(part) // 2], part[len(part) // 2 :]]
        quarantined.append(part[0])
        failing.pop(part[0])
        return [part]

    async for attempt in attempts(whole, smaller):
        with attempt as part:
            parts.append(list(part))
            for each in part:
                if failing.get(each, 0):
                    failing[each] -= 1
                    raise FAULT
    return parts, quarantined


async def test_a_record_that_fails_twice_alone_is_quarantined_and_its_neighbours_go_through() -> None:
    assert await tried([1, 2, 3, 4], {3: 99}) == ([[1, 2, 3, 4], [1, 2], [3, 4], [3], [3], [3], [4]], [3])


@pytest.mark.parametrize(("whole", "times"), [([1], 1), ([1, 2], 2)])
async def test_one_whose_books_have_changed_meanwhile_is_decided_again_and_recorded(
    whole: list[int], times: int
) -> None:
    parts, quarantined = await tried(whole, {1: times})
    assert (parts[-1], quarantined) == ([whole[-1]], [])
