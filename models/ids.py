"""Ids made by us: UUIDs that come out the same after any replay.

References:
    RFC 9562, section 5.5 (name-based UUIDs, SHA-1).
"""

from hashlib import sha1
from typing import Final
from uuid import UUID

from msgspec import convert, to_builtins

NAMESPACE = UUID("6f0d6a0e-8f3b-5c0a-9d39-1f6e2b7a4c11")
_NAMESPACE = NAMESPACE.bytes
_HASHED: Final = ~(0xF << 76 | 0b11 << 62)
"""The bits that the hash fills."""
_VERSION_5: Final = 5 << 76 | 0b10 << 62
"""The others: version and variant."""


def made_id(*parts: object) -> UUID:
    """The id of the thing named by the parts; parts hold no control characters."""
    # `uuid` is written in Python, and msgspec reads and writes the same values in C: half the time of an id.
    name = "\x1f".join([to_builtins(part) if type(part) is UUID else str(part) for part in parts])
    digest = sha1(_NAMESPACE + name.encode(), usedforsecurity=False).digest()
    number = int.from_bytes(digest[:16]) & _HASHED | _VERSION_5
    return convert(number.to_bytes(16), UUID)
