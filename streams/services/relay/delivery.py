"""Records of the outbox as batches of a producer: made, sent and acknowledged; and how a producer ends for certain."""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from aiokafka import AIOKafkaProducer
from aiokafka.errors import ProducerClosed

from models.wire.topics import ID_HEADER, ORIGIN_HEADER, REASON_HEADER, SEQ_HEADER
from sinks.postgres.outbox import Block
from streams.waiting import ended


class _Gone:
    """A client whose every use ends the task that uses it."""

    def __getattr__(self, name: str) -> Any:
        raise asyncio.CancelledError(name)


async def stop(producer: AIOKafkaProducer) -> None:
    """Stop it and what it runs.

    Its own stop waits for the broker; cut off, it leaves tasks that try for ever to reach the broker, and their
    connections. aiokafka has nothing public that ends a producer without its broker.
    """
    await ended(producer.stop(), 2.0)
    sender = producer._sender  # noqa: SLF001 -- see above
    if sender is not None and sender.sender_task is not None and not sender.sender_task.done():
        sender.client = _Gone()
        sender.sender_task.cancel()
        producer._message_accumulator.fail_all(ProducerClosed())  # noqa: SLF001 -- see above
    await ended(producer.client.close(), 1.0)


@dataclass(slots=True)
class Batches:
    """What goes to one partition: batches, and single records that are larger than one."""

    topic: str
    """Its full name."""
    partition: int
    """Its number."""
    parts: list[Any] = field(default_factory=list)
    """In the order in which they are to lie there."""


def batches(producer: AIOKafkaProducer, topic: str, partition: int, blocks: Sequence[Block], after: int) -> Batches:
    """The records above sequence number `after`, in as few batches as they fit; `topic` is its full name."""
    made = Batches(topic, partition)
    batch = producer.create_batch()
    for block in blocks:
        for place in range(max(0, after + 1 - block.first_seq), len(block.ids)):
            record: dict[str, Any] = {"key": block.keys[place] or None, "value": block.bodies[place]}
            record |= {"timestamp": None, "headers": _headers(block, place)}
            if batch.append(**record) is not None:
                continue
            if batch.record_count():
                made.parts.append(batch)
            batch = producer.create_batch()
            if batch.append(**record) is None:
                # Larger than a batch: the producer makes room for a single record of up to max_request_size.
                made.parts.append(record)
    if batch.record_count():
        made.parts.append(batch)
    return made


async def deliver(producer: AIOKafkaProducer, made: Sequence[Batches]) -> list[int]:
    """Send and wait until all are acknowledged; gives the offset of the last record of each.

    The first batches of all partitions are handed over without giving the producer's own task a turn: so it adds the
    partitions to the transaction by one request, not by one each, of which the second waited 100 ms when it came early.
    """
    last: list[Any] = [None] * len(made)
    sent = []
    for round_ in range(max(len(each.parts) for each in made)):
        for place, each in enumerate(made):
            if round_ < len(each.parts):
                last[place] = (await _send(producer, each, each.parts[round_]), each.parts[round_])
                sent.append(last[place][0])
    await asyncio.gather(*sent)
    return [
        future.result().offset + (0 if isinstance(part, dict) else part.record_count() - 1) for future, part in last
    ]


async def _send(producer: AIOKafkaProducer, to: Batches, part: Any) -> Any:
    if not isinstance(part, dict):
        return await producer.send_batch(part, to.topic, partition=to.partition)
    return await producer.send(to.topic, part["value"], part["key"], partition=to.partition, headers=part["headers"])


def _headers(block: Block, place: int) -> list[tuple[str, bytes]]:
    headers = [(SEQ_HEADER, str(block.first_seq + place).encode()), (ID_HEADER, str(block.ids[place]).encode())]
    if block.reasons is not None and block.origins is not None:
        headers += [(REASON_HEADER, block.reasons[place].encode()), (ORIGIN_HEADER, block.origins[place].encode())]
    return headers
