"""`python -m tests.chaos.sabotaged PATCH run relay`: the product's command with one protection replaced by nothing."""

import sys
from collections.abc import Callable, Iterable, Mapping
from typing import Any, Final

from aiokafka import AIOKafkaProducer, TopicPartition

from sinks.postgres.outbox import Outbox
from streams.cli import main as cli
from streams.services.relay import publisher as relay
from streams.services.relay.tail import Tail


class PlainProducer(AIOKafkaProducer):  # type: ignore[misc]  # aiokafka has no types.
    """A producer without a transactional id: nobody can fence it."""

    def __init__(self, **options: Any) -> None:
        options.pop("transactional_id", None)
        options.pop("transaction_timeout_ms", None)
        super().__init__(**options)

    async def begin_transaction(self) -> None:
        """There is none."""

    async def commit_transaction(self) -> None:
        """There is none."""


async def no_tails(_: object, partitions: Iterable[TopicPartition]) -> dict[TopicPartition, Tail]:
    """As of topics that retention has emptied: the relay goes on from its floor."""
    return {tp: Tail(None, 1, 1) for tp in partitions}


async def every_lease(*_: object) -> bool:
    """A lease that everybody gets, as a clock that jumps or a long freeze would give."""
    return True


def without_tail() -> None:
    """The relay trusts its floor."""
    vars(relay)["read_tails"] = no_tails


def without_lease() -> None:
    """Every relay believes that it alone publishes."""
    vars(relay)["LEASE_SECONDS"] = 0.0
    type.__setattr__(Outbox, "lease", every_lease)


def without_fence() -> None:
    """Every relay believes that it alone publishes, and no producer is fenced."""
    without_lease()
    vars(relay)["AIOKafkaProducer"] = PlainProducer


PATCHES: Final[Mapping[str, Callable[[], None]]] = {
    "tail": without_tail,
    "lease": without_lease,
    "fence": without_fence,
}

if __name__ == "__main__":
    patch = sys.argv.pop(1)
    assert vars(relay).keys() >= {"read_tails", "AIOKafkaProducer", "LEASE_SECONDS"}, "The relay's seams have moved."
    PATCHES[patch]()
    cli.main()
