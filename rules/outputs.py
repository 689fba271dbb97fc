"""What an outbox holds after it has taken over what lies on its topic: pure, for `udi relay bind`."""

from collections.abc import Sequence
from dataclasses import dataclass
from uuid import UUID


@dataclass(frozen=True, slots=True)
class OutputRecord:
    """A record of an output topic, on the topic or in the outbox. Its place gives its sequence number."""

    id: UUID
    """Its header `udi-id`."""
    key: bytes
    """Its record key."""
    body: bytes
    """Its value, byte for byte."""
    reason: str | None = None
    """Of a dead letter; else `None`."""
    origin: str | None = None
    """Of a dead letter: topic, partition and offset of the record as it came."""


@dataclass(frozen=True, slots=True)
class Rejoined:
    """The outbox from where topic and outbox part."""

    records: Sequence[OutputRecord]
    """First what lies on the topic, in its order, then what only the outbox has, in its order."""
    only_on_topic: Sequence[OutputRecord]
    """Published, and unknown to the books: a person must say what becomes of each."""
    only_in_outbox: Sequence[OutputRecord]
    """Not published yet; published next."""

    @property
    def agrees(self) -> bool:
        """The outbox begins with what lies on the topic: nothing has to change."""
        return not self.only_on_topic and self.in_order

    in_order: bool = True
    """Whether the outbox has what lies on the topic first and in the topic's order."""


def rejoined(on_topic: Sequence[OutputRecord], in_outbox: Sequence[OutputRecord]) -> Rejoined:
    """Join two histories: what is published stays where it is, what is not comes after it, once.

    Args:
        on_topic: The records on the topic after the last one that both have at the same place.
        in_outbox: Those in the outbox after it.
    """
    published, known = {each.id for each in on_topic}, {each.id for each in in_outbox}
    left = [each for each in in_outbox if each.id not in published]
    in_order = [each.id for each in in_outbox[: len(on_topic)]] == [each.id for each in on_topic]
    return Rejoined(
        records=[*on_topic, *left],
        only_on_topic=[each for each in on_topic if each.id not in known],
        only_in_outbox=left,
        in_order=in_order,
    )
