"""Ids made by us: UUIDs that come out the same after any replay.

References:
    RFC 9562, section 5.5 (name-based UUIDs, SHA-1).
"""

from hashlib import sha1
from uuid import UUID

NAMESPACE = UUID("6f0d6a0e-8f3b-5c0a-9d39-1f6e2b7a4c11")
_NAMESPACE = NAMESPACE.bytes


def made_id(*parts: object) -> UUID:
    """The id of the thing named by the parts; parts hold no control characters."""
    name = "\x1f".join(map(str, parts)).encode()
    return UUID(bytes=sha1(_NAMESPACE + name, usedforsecurity=False).digest()[:16], version=5)
