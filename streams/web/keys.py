"""Keys of devices: made, hashed, compared.

References:
    RFC 9106 (argon2).
"""

import secrets
from typing import Final

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError

KEY_BYTES: Final = 32
_HASHER: Final = PasswordHasher(time_cost=1, memory_cost=8 * 1024, parallelism=1)
"""Light: keys are random, nobody can try them all; fifty terminals may come back at once."""


def new_key() -> str:
    """A device's key, as it is given out once: 43 characters of base64url."""
    return secrets.token_urlsafe(KEY_BYTES)


def hash_key(key: str) -> str:
    """What is kept of a key."""
    return _HASHER.hash(key)


def key_fits(stored: str, key: str) -> bool:
    """Whether the key is the one whose hash is stored."""
    try:
        return _HASHER.verify(stored, key)
    except (VerificationError, InvalidHashError):
        return False
