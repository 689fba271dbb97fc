"""Ids made by us: UUIDs that come out the same after any replay.

References:
    RFC 9562, section 5.5 (name-based UUIDs, SHA-1).
"""

from uuid import UUID, uuid5

NAMESPACE = UUID("6f0d6a0e-8f3b-5c0a-9d39-1f6e2b7a4c11")


def made_id(*parts: object) -> UUID:
    """The id of the thing named by the parts; parts hold no control characters."""
    return uuid5(NAMESPACE, "\x1f".join(map(str, parts)))
