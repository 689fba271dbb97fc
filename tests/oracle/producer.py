"""Send what is planned: logged first, in order, resent on any doubt."""

import asyncio
from collections.abc import Iterator, Sequence
from itertools import islice
from typing import Final

from aiokafka import AIOKafkaProducer
from aiokafka.errors import KafkaError

from streams.waiting import ended
from tests.oracle.values import Intent
from tests.oracle.world.intents import IntentLog

CHUNK: Final = 25
ANSWER_SECONDS_MAX: Final = 5.0
PAUSE_SECONDS: Final = 0.2
GIVEN_UP_SECONDS: Final = 240.0
"""A broker that takes nothing for so long will not; a topic that was never made is one."""


class Sender:
    """Sends intents; one is on its topic at least once when `send` returns.

    Args:
        bootstrap_servers: of the broker.
        log: where each intent stands before its first attempt.
        idempotent: as the broker can; without, a retry of the client may write twice as well.

    Attributes:
        sent: records handed over so far, without repeats.
        repeats: chunks that were sent again because their outcome was in doubt.
    """

    def __init__(self, bootstrap_servers: str, log: IntentLog, *, idempotent: bool = True) -> None:
        self.sent = 0
        self.repeats = 0
        self._bootstrap_servers = bootstrap_servers
        self._log = log
        self._idempotent = idempotent
        self._producer: AIOKafkaProducer | None = None

    async def send(self, intents: Sequence[Intent], *, per_second: float = 0) -> None:
        """Send them in order; not faster than `per_second` on average when it is not 0."""
        for chunk in _chunks(intents):
            begun = asyncio.get_running_loop().time()
            self._log.append(chunk)
            while not await self._delivered(chunk):
                self.repeats += 1
                assert asyncio.get_running_loop().time() - begun < GIVEN_UP_SECONDS, f"not taken: {chunk[0].topic}"
                await asyncio.sleep(PAUSE_SECONDS)
            self.sent += len(chunk)
            if per_second:
                spent = asyncio.get_running_loop().time() - begun
                await asyncio.sleep(max(0.0, len(chunk) / per_second - spent))

    async def _delivered(self, chunk: Sequence[Intent]) -> bool:
        try:
            async with asyncio.timeout(ANSWER_SECONDS_MAX):
                producer = await self._connected()
                answers = [
                    await producer.send(intent.topic, intent.value, intent.key, intent.partition) for intent in chunk
                ]
                await asyncio.gather(*answers)
        except (KafkaError, OSError, TimeoutError):
            await self._drop()
            return False
        return True

    async def _connected(self) -> AIOKafkaProducer:
        if self._producer is None:
            producer = AIOKafkaProducer(
                bootstrap_servers=self._bootstrap_servers,
                enable_idempotence=self._idempotent,
                acks="all",
                request_timeout_ms=4000,
                linger_ms=0,
            )
            try:
                await producer.start()
            except BaseException:
                await _stop(producer)
                raise
            self._producer = producer
        return self._producer

    async def _drop(self) -> None:
        if self._producer is not None:
            producer, self._producer = self._producer, None
            await _stop(producer)

    async def close(self) -> None:
        """Close the connection."""
        await self._drop()


async def _stop(producer: AIOKafkaProducer) -> None:
    # A producer with unsent records waits for a broker that is away; it is left to the collector then.
    await ended(producer.stop(), 2.0)


def _chunks(intents: Sequence[Intent]) -> Iterator[list[Intent]]:
    rest = iter(intents)
    while chunk := list(islice(rest, CHUNK)):
        yield chunk
