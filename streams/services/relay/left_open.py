"""Transactions of ours that nobody ends.

The fence ends what the coordinator knows of. After a crash of the broker a partition may hold a transaction that the
coordinator holds for ended: `read_committed` readers see nothing behind it, for ever. An end marker of the same
producer id closes it, whichever transaction it was written for. So a transaction that holds nothing but a mark is begun
there and aborted; were it committed, the records left behind would be, too, and what they say would lie there twice.

References:
    KIP-890 (Transactions Server-Side Defense): what hanging transactions are and where they come from.
    KIP-664: `kafka-transactions.sh find-hanging` and `abort`, for those of other producers.
"""

from collections.abc import Iterable

from aiokafka import AIOKafkaProducer, TopicPartition


async def abort_left_open(producer: AIOKafkaProducer, partitions: Iterable[TopicPartition]) -> None:
    """End open transactions of this producer's id; those of others stay.

    Args:
        producer: Started, with its transactional id; no transaction is under way.
        partitions: Where one is open.

    Raises:
        KafkaError: The broker has not done so.
    """
    await producer.begin_transaction()
    for tp in partitions:
        await producer.send_and_wait(tp.topic, b"", partition=tp.partition)
    await producer.abort_transaction()
