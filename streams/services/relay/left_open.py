"""Transactions of ours that nobody ends.

The fence ends what the coordinator knows of. After a crash of the broker a partition may hold a transaction that the
coordinator holds for ended, and may have told a relay so: `read_committed` readers see nothing behind it, for ever. An
end marker of the same producer id closes it, whichever transaction it was written for. So a transaction without a
record is begun there. When what was left open is exactly what comes next in the outbox, it is committed: it may have
been acknowledged, and readers see it once in any case. Anything else is aborted: of a part that lies there twice, or
has other ids, nobody may make records.

References:
    KIP-890 (Transactions Server-Side Defense): what hanging transactions are and where they come from.
    KIP-664: `kafka-transactions.sh find-hanging` and `abort`, for those of other producers.
"""

from collections.abc import Collection, Mapping

import structlog
from aiokafka import AIOKafkaProducer, TopicPartition

from sinks.postgres.outbox import Outbox, Output
from streams.services.relay.tail import AWAIT_SECONDS_MAX, LeftOpen, read_left_open
from streams.settings import Settings
from streams.waiting import bounded

log = structlog.get_logger(__name__)


async def end_left_open(
    producer: AIOKafkaProducer,
    settings: Settings,
    outbox: Outbox,
    cluster: str,
    *,
    stable: Mapping[TopicPartition, int],
    outputs: Mapping[TopicPartition, Output],
) -> None:
    """End open transactions of this producer's id; those of others stay.

    Args:
        producer: Started, with its transactional id; no transaction is under way.
        settings: Where the broker is.
        outbox: What should lie there.
        cluster: Whose broker it is.
        stable: Partitions where a transaction is open, each with the offset where it begins.
        outputs: Which output each partition is.

    Raises:
        KafkaError, TimeoutError, OSError: The broker has not done so.
        TailUnreadError: The broker has not shown what was left open.
    """
    left = await read_left_open(settings, stable)
    next_ = {tp for tp, each in left.items() if await _comes_next(outbox, cluster, outputs[tp], each)}
    log.warning("Transactions were left open.", committed=_named(next_), aborted=_named(left.keys() - next_))
    if next_:
        await _begin(producer, next_)
        await bounded(producer.commit_transaction(), AWAIT_SECONDS_MAX)
    if others := left.keys() - next_:
        await _begin(producer, others)
        await bounded(producer.abort_transaction(), AWAIT_SECONDS_MAX)


async def _comes_next(outbox: Outbox, cluster: str, output: Output, left: LeftOpen) -> bool:
    """Whether the records are those of the outbox behind the newest one that readers see, none twice, none missing."""
    newest = left.before.newest
    if newest is None and left.before.start > 0:
        return False  # Retention has been at work: where the topic goes on is not to be seen on it.
    after = newest.seq if newest else (await outbox.floor(cluster, *output)).begun
    blocks = (await outbox.after({output: after}, len(left.records)))[output].blocks
    wanted = {block.first_seq + place: id_ for block in blocks for place, id_ in enumerate(block.ids)}
    numbered = [(record.seq, record.id) for record in left.records]
    return bool(numbered) and numbered == [
        (seq, wanted.get(seq)) for seq in range(after + 1, after + 1 + len(numbered))
    ]


async def _begin(producer: AIOKafkaProducer, partitions: Collection[TopicPartition]) -> None:
    """A transaction over partitions, without a record: aiokafka has nothing public that makes one."""
    await bounded(producer.begin_transaction(), AWAIT_SECONDS_MAX)
    for tp in partitions:
        producer._txn_manager.maybe_add_partition_to_txn(tp)  # noqa: SLF001 -- see above


def _named(partitions: Collection[TopicPartition]) -> list[str]:
    return sorted(f"{tp.topic}/{tp.partition}" for tp in partitions)
