"""Where an output partition goes on, or why nobody but a person may say."""

from dataclasses import dataclass
from uuid import UUID

from streams.services.relay.tail import Tail


class RelayStoppedError(Exception):
    """What is on the topic can't have come from this outbox: a person must look."""


@dataclass(frozen=True, slots=True)
class Known:
    """What the books say of an output partition, and what this process has seen of it."""

    newest: int
    """Sequence number of the newest record in the outbox."""
    floor: int
    """The last one known to be published to this cluster; 0 for none."""
    begun: int
    """After which one a person let this cluster's topic begin; 0: with the first."""
    published: int
    """The last one this process has published and the broker has acknowledged; 0 for none."""
    purged: int = 0
    """Up to which one the outbox has let the bodies go; 0: none."""


def go_on_after(where: str, tail: Tail, known: Known) -> int:
    """The sequence number after which to publish.

    Args:
        where: Topic and partition, for the text.
        tail: What lies on the topic.
        known: What the books and this process say.

    Raises:
        RelayStoppedError: Topic and books contradict each other.
    """
    certain = max(known.floor, known.published)
    if tail.newest is None:
        if tail.start == 0 and certain > known.begun:
            raise RelayStoppedError(
                f"{where} is new and empty, but {certain} records were published to it: was the topic deleted? "
                "`udi relay start` chooses after which record it goes on."
            )
        return _kept(where, max(certain, known.begun), known.purged)
    found = tail.newest.seq
    if found < certain:
        raise RelayStoppedError(
            f"{where} ends with record {found}, but {certain} were published to it: has the broker lost records? "
            f"`udi relay start` publishes them again."
        )
    if found > known.newest:
        raise RelayStoppedError(
            f"{where} holds record {found}, the outbox only {known.newest}: was the database restored to an older "
            "point? Let the workers catch up, then `udi relay bind`."
        )
    return _kept(where, found, known.purged)


def _kept(where: str, seq: int, purged: int) -> int:
    if seq < purged:
        raise RelayStoppedError(
            f"{where} would go on with record {seq + 1}, but the outbox has let go of the bodies up to {purged}: is "
            f"the cluster new? `udi relay start` chooses after which record it goes on, {purged} or later."
        )
    return seq


def check_same(where: str, seq: int, on_topic: UUID | None, in_outbox: UUID | None) -> None:
    """The record at the tail must be the outbox's own: another one there means another outbox wrote it.

    Args:
        where: Topic and partition, for the text.
        seq: Its sequence number; 0 for none.
        on_topic: Its id on the topic; `None` when no record lies there any more.
        in_outbox: The id the outbox has there; `None` when it has none.

    Raises:
        RelayStoppedError: They differ.
    """
    if seq and on_topic is not None and on_topic != in_outbox:
        raise RelayStoppedError(
            f"Record {seq} of {where} is {on_topic}, in the outbox it is {in_outbox}: was the database restored to an "
            "older point, or does somebody else write the topic? See `udi relay status`, then `udi relay bind`."
        )
