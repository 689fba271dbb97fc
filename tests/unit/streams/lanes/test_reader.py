"""The reader of a partition: what it hands over, when, and what becomes of it when something fails."""

import asyncio
from itertools import count

import pytest

from sinks.ports.batch import LaneMovedError
from sinks.postgres.operating.interventions import Word
from streams.lanes import batch_queue
from streams.lanes import reader as readers
from streams.lanes.handing import Handed, answering
from streams.lanes.reader import TopicReplacedError
from tests.unit.streams.lanes.hand import SECONDS_MAX, TP, Hand, Lane, until


def fail(error: BaseException) -> None:
    raise error


async def test_it_begins_at_the_position_and_fetches_nothing_before_it_is_known(hand: Hand) -> None:
    assert (hand.consumer.at[TP], hand.consumer.paused) == (5, set())


@pytest.mark.parametrize(("error", "moves", "unknowns"), [(LaneMovedError(), 1, 0), (OSError(), 0, 1)])
async def test_after_a_failure_it_takes_over_anew_and_forgets_what_was_queued(
    hand: Hand, error: Exception, moves: int, unknowns: int
) -> None:
    hand.fetch(5, 30)
    first, second = await hand.batch(), await hand.batch()
    first.answer.set_exception(error)
    second.answer.set_exception(LaneMovedError("What comes before it is not recorded."))
    await until(lambda: (hand.told.moves, hand.told.unknowns) == (moves, unknowns))
    await asyncio.sleep(0.2)
    assert hand.reader.queued == 0
    assert hand.consumer.at[TP] == 5

    hand.fetch(5, 1)
    assert (await hand.batch()).first_offset == 5


async def test_what_is_read_again_is_a_batch_of_its_own_which_the_lane_refuses(hand: Hand) -> None:
    hand.fetch(5, 1)
    first = await hand.batch()
    hand.fetch(6, 2)
    hand.reader.seek(5)
    hand.fetch(5, 3)
    first.answer.set_result(None)

    handed = [await hand.batch()]
    handed[0].answer.set_result(None)
    handed.append(await hand.batch())
    assert [([each.offset for each in batch.records], batch.first_offset) for batch in handed] == [
        ([6, 7], 6), ([5, 6, 7], 5),
    ]  # fmt: skip


async def test_a_batch_that_never_ends_is_read_again_however_much_is_fetched_meanwhile(
    hand: Hand, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(batch_queue, "HANDOVER_SECONDS_MAX", 0.2)
    hand.fetch(5, 1)
    await hand.batch()
    async with asyncio.timeout(SECONDS_MAX):
        for offset in count(6):
            hand.fetch(offset, 1)
            await asyncio.sleep(0.01)
            if hand.told.unknowns:
                break
    assert hand.consumer.at[TP] == 5


async def test_a_partition_lost_with_a_batch_in_hand_is_read_in_halves_until_one_is_recorded(hand: Hand) -> None:
    for size in (10, 5, 2, 1, 1):
        hand.fetch(5, 30)
        batch = await hand.batch()
        assert len(batch.records) == size
        moves = hand.told.moves
        (await hand.batch()).answer.set_exception(LaneMovedError())
        batch.answer.set_exception(LaneMovedError())
        await until(lambda: hand.told.moves > moves)  # noqa: B023 -- awaited at once
        await asyncio.sleep(0.05)

    hand.fetch(5, 1)
    (await hand.batch()).answer.set_result(None)
    await asyncio.sleep(0.01)
    hand.fetch(6, 30)
    assert len((await hand.batch()).records) == 2


async def test_one_that_is_taken_away_with_a_batch_in_hand_is_read_in_halves_by_who_takes_it_next(hand: Hand) -> None:
    hand.fetch(5, 10)
    batch = await hand.batch()
    batch.answer.set_exception(LaneMovedError())
    await hand.reader.stop()

    assert hand.sizes.of(TP) == 5


@pytest.mark.parametrize("hand", [((6, 7), (9, 11))], indirect=True)
async def test_what_a_person_gives_up_is_left_out_and_the_position_moves_past_it(hand: Hand) -> None:
    hand.fetch(5, 3)
    batch = await hand.batch()
    assert ([each.offset for each in batch.records], batch.first_offset, batch.next_offset) == ([5, 7], 5, 8)
    hand.fetch(8, 1)
    hand.fetch(9, 1)
    batch.answer.set_result(None)
    batch = await hand.batch()
    assert ([each.offset for each in batch.records], batch.first_offset, batch.next_offset) == ([8], 8, 10)
    batch.answer.set_result(None)
    hand.fetch(10, 1)
    last = await hand.batch()
    assert (list(last.records), last.first_offset, last.next_offset) == ([], 10, 11)


@pytest.mark.parametrize("hand", [((5, 40),)], indirect=True)
async def test_it_goes_on_after_offsets_that_retention_has_taken_and_a_person_gave_up(hand: Hand) -> None:
    assert hand.consumer.at[TP] == 40
    hand.fetch(40, 1)
    batch = await hand.batch()
    assert ([each.offset for each in batch.records], batch.first_offset, batch.next_offset) == ([40], 5, 41)


async def test_one_that_stands_still_goes_on_by_the_word_of_a_person_alone(
    hand: Hand, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(readers, "RESUME_SECONDS", 0.001)
    hand.reader.fail(TopicReplacedError("made anew"))
    await asyncio.sleep(0.05)
    assert (hand.reader.stopped, hand.reader.lane) == ("made anew", None)

    hand.word = Word(2)

    await until(lambda: hand.reader.lane is not None)
    assert hand.reader.stopped is None


async def test_one_that_cannot_be_taken_over_says_why_and_is_tried_again() -> None:
    tries = 0

    async def take_over() -> int:
        nonlocal tries
        tries += 1
        if tries == 1:
            raise KeyError("a bug")
        return 7

    hand = Hand(take_over)
    await until(lambda: hand.reader.stopped is not None)
    assert "KeyError" in str(hand.reader.stopped)
    assert hand.consumer.paused == {TP}
    await until(lambda: hand.reader.lane is not None)
    assert (hand.reader.stopped, hand.consumer.at[TP]) == (None, 7)
    await hand.reader.stop()


async def test_an_agent_that_is_stopped_with_a_batch_says_so_and_a_failure_never_leaves_it() -> None:
    answer: asyncio.Future[None] = asyncio.get_running_loop().create_future()
    batch = Handed(Lane(0), (), 1, 0, answer)
    with answering(batch):
        fail(RuntimeError("any"))
    assert isinstance(answer.exception(), RuntimeError)

    answer = asyncio.get_running_loop().create_future()
    with pytest.raises(asyncio.CancelledError), answering(batch._replace(answer=answer)):
        fail(asyncio.CancelledError())
    assert isinstance(answer.exception(), TimeoutError)
