"""`python -m tests.chaos.sabotaged PATCH run relay`: the product without one protection, or with a wrong rule."""

import sys
from collections.abc import Callable, Iterable, Mapping
from typing import Any, Final

from aiokafka import AIOKafkaProducer, TopicPartition

from models.scan.event import Action, ScanEvent
from rules.charging import deciding
from rules.stock.moving import Way
from rules.stock.moving import way_of as right_way
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


def other_way(event: ScanEvent, **goods: bool) -> Way:
    """What stores accept, give back and clear goes where it came from."""
    way = right_way(event, **goods)
    turned = event.action in {Action.ACCEPT, Action.GIVE_BACK, Action.CLEAR}
    return Way(way.to_place, way.from_place) if turned else way


def without_ways() -> None:
    """The worker books the way back of some of what stores do."""
    vars(deciding)["way_of"] = other_way


PATCHES: Final[Mapping[str, Callable[[], None]]] = {
    "tail": without_tail,
    "lease": without_lease,
    "fence": without_fence,
    "ways": without_ways,
}

if __name__ == "__main__":
    patch = sys.argv.pop(1)
    assert vars(relay).keys() >= {"read_tails", "AIOKafkaProducer", "LEASE_SECONDS"}, "The relay's seams have moved."
    assert "way_of" in vars(deciding), "The rule's seam has moved."
    PATCHES[patch]()
    cli.main()
