"""When the batches of partitions begin, and what goes with them."""

import asyncio
from collections.abc import AsyncIterator

import pytest

from sinks.ports.batch import LaneMovedError
from streams.lanes import batch_queue
from streams.lanes import reader as readers
from streams.lanes.batch_queue import BEAT_FROM, HANDED_MAX, Turns
from streams.lanes.sizes import BATCH_BYTES_MAX
from tests.unit.streams.lanes.hand import SECONDS_MAX, TP, Hand, at_five, until


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
    monkeypatch: pytest.MonkeyPatch, hands: list[Hand], ended: Exception | None
) -> None:
    # `monkeypatch` is asked for first: so what is never answered is waited for no longer when the readers end, either.
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
