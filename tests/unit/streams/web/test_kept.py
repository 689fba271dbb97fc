"""Figures that take long: shown as they were, worked out anew behind it, never twice at a time."""

import asyncio

from streams.web import kept
from streams.web.kept import Kept
from tests.support.loops import run


class Work:
    """Counts how often it was done, and waits until it may end."""

    def __init__(self) -> None:
        self.times = 0
        self.may_end = asyncio.Event()

    async def __call__(self) -> int:
        self.times += 1
        await self.may_end.wait()
        return self.times


def test_whoever_asks_first_waits_and_the_others_share_the_work() -> None:
    async def scenario() -> None:
        figures, work = Kept(), Work()
        asked = [asyncio.create_task(figures.get("a", work, 60)) for _ in range(3)]
        await asyncio.sleep(0)
        work.may_end.set()
        found = [await each for each in asked]
        assert [each and each.value for each in found] == [1, 1, 1]
        assert work.times == 1

    run(scenario())


def test_what_takes_too_long_is_not_waited_for_and_is_there_later() -> None:
    async def scenario() -> None:
        figures, work = Kept(), Work()
        assert await figures.get("a", work, 0) is None
        work.may_end.set()
        again = await figures.get("a", work, 60)
        assert again is not None
        assert (again.value, work.times) == (1, 1)

    run(scenario())


def test_what_is_old_is_shown_at_once_and_worked_out_anew() -> None:
    async def scenario() -> None:
        figures, work = Kept(), Work()
        work.may_end.set()
        await figures.get("a", work, 60)
        work.may_end.clear()
        old = await figures.get("a", work, 60)
        assert old is not None
        assert old.value == 1
        work.may_end.set()
        while work.times < 2 or (await figures.get("a", work, 60) or old).value < 2:
            await asyncio.sleep(0)
        await figures.stop()

    before = kept.FRESH_SECONDS
    kept.FRESH_SECONDS = -1.0  # type: ignore[misc]
    try:
        run(scenario())
    finally:
        kept.FRESH_SECONDS = before  # type: ignore[misc]


def test_work_that_fails_is_done_again_by_the_next_who_asks() -> None:
    async def scenario() -> None:
        figures = Kept()

        async def fails() -> int:
            raise OSError

        async def works() -> int:
            return 7

        assert await figures.get("a", fails, 60) is None
        found = await figures.get("a", works, 60)
        assert found is not None
        assert found.value == 7

    run(scenario())


def test_no_more_is_kept_than_is_allowed() -> None:
    async def scenario() -> None:
        figures = Kept()
        times = 0

        async def work() -> int:
            nonlocal times
            times += 1
            return times

        for key in range(kept.KEPT_MAX + 1):
            await figures.get(key, work, 60)
        await figures.get(0, work, 60)
        assert times == kept.KEPT_MAX + 2

    run(scenario())
