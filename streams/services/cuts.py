"""Input topics that have lost records while running: a log that ends before what was seen in it.

An unclean election, or a topic deleted and made anew, cuts a log. A worker that has read on notices only when it asks
for what is no longer there; records that fill the gap later would hide it until the next restart.
"""

from collections.abc import Mapping

Offsets = Mapping[tuple[str, int], int]


class Cuts:
    """Remembers how far each partition was, and says which has become shorter."""

    def __init__(self) -> None:
        self._reached: dict[tuple[str, int], int] = {}
        self._cut: dict[tuple[str, int], str] = {}

    def seen(self, stand: Offsets, ends: Offsets) -> None:
        """One look.

        Args:
            stand: How far the books are, by topic and partition; read after `ends`, so compared at the next look.
            ends: Where the logs end.
        """
        for where, end in ends.items():
            reached = self._reached.get(where, 0)
            if end < reached:
                topic, partition = where
                self._cut.setdefault(
                    where,
                    f"{topic}/{partition} ends at offset {end}, but offset {reached - 1} was seen: records are lost.",
                )
            self._reached[where] = max(reached, end, stand.get(where, 0))

    @property
    def found(self) -> list[str]:
        """A sentence for each partition that was cut; it stays until the process ends."""
        return list(self._cut.values())
