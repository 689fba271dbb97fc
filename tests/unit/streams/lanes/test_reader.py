"""The reader of a partition: what it hands over, when, and what becomes of it when something fails."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass
from itertools import count
from typing import Any, cast

import pytest
from aiokafka import TopicPartition

from sinks.ports.batch import InputPosition, LaneMovedError
from sinks.postgres.operating.interventions import Word
from streams.lanes import batch_queue
from streams.lanes import reader as readers
from streams.lanes.batch_queue import BEAT_FROM, HANDED_MAX, Turns
from streams.lanes.handing import Handed, answering
from streams.lanes.reader import LaneWatch, Reader, Reading, Taken, TopicReplacedError
from streams.lanes.sizes import BATCH_BYTES_MAX, BatchSizes

TP = TopicPartition("udi.scans", 0)
SECONDS_MAX = 60


class Consumer:
    """What the reader tells aiokafka's consumer."""

    def __init__(self) -> None:
        self.at: dict[TopicPartition, int] = {}
        self.paused: set[TopicPartition] = set()

    def seek(self, tp: TopicPartition, offset: int) -> None:
        self.at[tp] = offset

    def pause(self, tp: TopicPartition) -> None:
        self.paused.add(tp)

    def resume(self, tp: TopicPartition) -> None:
        self.paused.discard(tp)


@dataclass(frozen=True)
class Fetched:
    """A record as aiokafka gives it."""

    offset: int
    timestamp: int = 0
    key: bytes | None = None
    value: bytes | None = b"{}"
    headers: tuple[Any, ...] = ()


class Told:
    """What the reader told."""

    def __init__(self) -> None:
        self.moves = self.unknowns = 0

    def lag(self, *_: object) -> None:
        """Not asked here."""

    def moved(self, *_: object) -> None:
        self.moves += 1

    def unknown(self, *_: object) -> None:
        self.unknowns += 1


class Lane:
    """A lane that stands where it is told."""

    def __init__(self, offset: int) -> None:
        self.position = InputPosition(1, "c1", "udi.scans", 0, offset, None)


class Hand:
    """An agent of the tests, and the reader that hands it batches."""

    def __init__(
        self, take_over: Callable[[], Awaitable[int]], *passed: tuple[int, int], turns: Turns | None = None
    ) -> None:
        self.consumer, self.told = Consumer(), Told()
        self.batches: asyncio.Queue[Handed[Any]] = asyncio.Queue()

        async def take(*_: object) -> Taken:
            return Taken(Lane(await take_over()), self.batches)

        self.word = Word(1, passed)

        async def said(*_: object) -> Word:
            return self.word

        self.sizes = BatchSizes(10)
        reading = Reading(cast("Any", self.consumer), "c1", self.sizes, turns or Turns(), take, said)
        self.reader = Reader(TP, reading, cast("LaneWatch", self.told))

    def fetch(self, first: int, count: int, value: bytes = b"{}") -> None:
        """The consumer has fetched records."""
        self.reader.add(cast("Any", [Fetched(first + place, value=value) for place in range(count)]), first + count)

    async def batch(self) -> Handed[Any]:
        """The next batch the agent is handed."""
        return await asyncio.wait_for(self.batches.get(), SECONDS_MAX)


async def at_five() -> int:
    return 5


@pytest.fixture
async def hand(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Hand]:
    """It stands at 5; the parameter, if any, is what a person has given up. What is left in hand is not waited for."""
    monkeypatch.setattr(readers, "BROKER_SECONDS_MAX", 0.1)
    made = Hand(at_five, *getattr(request, "param", ()))
    await until(lambda: made.reader.lane is not None)
    yield made
    await made.reader.stop()


def fail(error: BaseException) -> None:
    raise error


async def until(holds: Callable[[], bool]) -> None:
    async with asyncio.timeout(SECONDS_MAX):
        while not holds():
            await asyncio.sleep(0)


async def test_it_begins_at_the_position_and_fetches_nothing_before_it_is_known(hand: Hand) -> None:
    assert (hand.consumer.at[TP], hand.consumer.paused) == (5, set())


async def test_the_next_batch_is_with_the_agent_while_the_one_before_is_recorded(hand: Hand) -> None:
    hand.fetch(5, 30)
    handed = [await hand.batch() for _ in range(HANDED_MAX)]
    assert [(each.first_offset, each.next_offset) for each in handed] == [(5, 15), (15, 25)]
    await asyncio.sleep(0.01)
    assert hand.batches.empty()

    handed[0].answer.set_result(None)
    assert (await hand.batch()).first_offset == 25


async def test_a_batch_is_bounded_in_bytes_and_a_larger_record_stands_alone(hand: Hand) -> None:
    third = b" " * (BATCH_BYTES_MAX // 3)
    hand.fetch(5, 4, third)
    first = await hand.batch()
    first.answer.set_result(None)
    second = await hand.batch()
    assert [(len(each.records), each.first_offset, each.next_offset) for each in (first, second)] == [
        (3, 5, 8), (1, 8, 9),
    ]  # fmt: skip
    second.answer.set_result(None)

    hand.fetch(9, 3, 4 * third)
    handed = [await hand.batch(), await hand.batch()]
    handed[0].answer.set_result(None)
    handed[1].answer.set_result(None)
    handed.append(await hand.batch())
    assert [(each.first_offset, each.next_offset) for each in handed] == [(9, 10), (10, 11), (11, 12)]


async def test_what_is_fetched_while_a_small_batch_is_recorded_goes_with_the_next_one(hand: Hand) -> None:
    hand.fetch(5, 2)
    first = await hand.batch()
    for place in range(4):
        hand.fetch(7 + place, 1)
    await asyncio.sleep(0.01)
    assert hand.batches.empty()

    first.answer.set_result(None)
    second = await hand.batch()
    assert ([each.offset for each in second.records], second.first_offset, second.next_offset) == (
        [7, 8, 9, 10], 7, 11,
    )  # fmt: skip


async def test_a_small_batch_begins_at_the_beat_and_a_full_one_does_not_wait(
    hand: Hand, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(batch_queue, "BEAT_SECONDS", 0.2)
    clock = asyncio.get_running_loop().time
    hand.fetch(5, BEAT_FROM)
    first, began = await hand.batch(), clock()
    first.answer.set_result(None)
    await until(lambda: not hand.reader.queued)
    hand.fetch(9, 1)
    second = await hand.batch()
    assert clock() - began >= 0.15

    second.answer.set_result(None)
    await until(lambda: not hand.reader.queued)
    monkeypatch.setattr(batch_queue, "BEAT_SECONDS", 10 * SECONDS_MAX)
    hand.fetch(10, BEAT_FROM)
    third = await hand.batch()
    third.answer.set_result(None)
    await until(lambda: not hand.reader.queued)
    hand.fetch(14, 1)
    await asyncio.sleep(0.01)
    assert hand.batches.empty()
    hand.fetch(15, 9)
    assert len((await hand.batch()).records) == 10


@pytest.fixture
async def hands() -> AsyncIterator[list[Hand]]:
    """Three partitions of one service, each at 5."""
    turns = Turns()
    made = [Hand(at_five, turns=turns) for _ in range(3)]
    for each in made:
        await until(lambda: each.reader.lane is not None)  # noqa: B023 -- awaited at once
    yield made
    await asyncio.gather(*(each.reader.stop() for each in made))


async def test_small_batches_of_several_partitions_take_turns_in_the_order_they_came(
    hands: list[Hand], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(batch_queue, "TURN_SECONDS_MAX", 10 * SECONDS_MAX)
    for each in hands:
        each.fetch(5, 1)
        await asyncio.sleep(0.01)
    in_hand = await hands[0].batch()
    for each in hands[1:]:
        await asyncio.sleep(0.01)
        assert each.batches.empty()
        each.fetch(6, 1)
        in_hand.answer.set_result(None)
        in_hand = await each.batch()
        assert [each.offset for each in in_hand.records] == [5, 6]
    in_hand.answer.set_result(None)


async def test_a_full_batch_waits_for_no_other_partition(hands: list[Hand], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(batch_queue, "TURN_SECONDS_MAX", 10 * SECONDS_MAX)
    one, two, _ = hands
    one.fetch(5, 1)
    small = await one.batch()
    two.fetch(5, 10)
    (await two.batch()).answer.set_result(None)
    small.answer.set_result(None)


@pytest.mark.parametrize("ended", [LaneMovedError(), None])
async def test_a_small_batch_that_fails_or_never_ends_holds_up_no_other_partition(
    hands: list[Hand], ended: Exception | None, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(readers, "BROKER_SECONDS_MAX", 0.1)
    monkeypatch.setattr(batch_queue, "TURN_SECONDS_MAX", 10 * SECONDS_MAX if ended else 0.01)
    one, *others = hands
    one.fetch(5, 1)
    first = await one.batch()
    for each in others:
        each.fetch(5, 1)
    if ended:
        first.answer.set_exception(ended)
    for each in others:
        (await each.batch()).answer.set_result(None)


async def test_a_partition_is_paused_while_enough_of_it_waits(hand: Hand) -> None:
    hand.fetch(5, 60)
    assert hand.consumer.paused == {TP}
    for _ in range(5):
        (await hand.batch()).answer.set_result(None)
    await until(lambda: not hand.consumer.paused)


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
