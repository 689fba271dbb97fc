"""The Merkle root over the heads of all lanes.

References:
    RFC 6962, section 2.1: leaves are hashed with a leading 0, nodes with a leading 1; the left part of a split is the
    largest power of two below the number of leaves.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from hashlib import sha256


@dataclass(frozen=True, slots=True)
class LaneHead:
    """How far a lane is chained."""

    lane: int
    """Number of the lane."""
    batch: int
    """Number of its newest chained batch."""
    head: bytes
    """32 bytes: the newest of the lane."""

    @property
    def leaf(self) -> bytes:
        """What of it is hashed: lane and batch with the head."""
        return self.lane.to_bytes(2, "big") + self.batch.to_bytes(8, "big") + self.head


def root_of(heads: Sequence[LaneHead]) -> bytes:
    """The root over heads in the order of their lanes; of none it is the hash of nothing.

    >>> root_of([]).hex()[:8]
    'e3b0c442'
    """
    return _root([head.leaf for head in heads])


def _root(leaves: Sequence[bytes]) -> bytes:
    if not leaves:
        return sha256(b"").digest()
    if len(leaves) == 1:
        return sha256(b"\x00" + leaves[0]).digest()
    left = 1 << ((len(leaves) - 1).bit_length() - 1)
    return sha256(b"\x01" + _root(leaves[:left]) + _root(leaves[left:])).digest()
