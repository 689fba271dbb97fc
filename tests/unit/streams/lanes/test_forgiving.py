"""Readers that forgive overlap in time; when none is left, aiokafka reads as it did."""

from aiokafka.consumer import fetcher

from streams.lanes.forgiving import forgiving


def test_it_ends_with_the_last_who_wants_it_in_whatever_order_they_leave() -> None:
    strict = fetcher.MemoryRecords
    first, second = forgiving(), forgiving()
    first.__enter__()
    second.__enter__()
    assert fetcher.MemoryRecords is not strict

    first.__exit__(None, None, None)
    assert fetcher.MemoryRecords is not strict
    second.__exit__(None, None, None)
    assert fetcher.MemoryRecords is strict
