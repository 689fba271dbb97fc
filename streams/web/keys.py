"""Keys of devices and passwords of people: made, hashed, compared.

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


_PASSWORDS: Final = PasswordHasher()
"""Heavy: people's passwords can be guessed. The parameters are the library's, RFC 9106's second recommendation."""


def hash_password(password: str) -> str:
    """What is kept of a password."""
    return _PASSWORDS.hash(password)


def password_fits(stored: str, password: str) -> bool:
    """Whether the password is the one whose hash is stored."""
    try:
        return _PASSWORDS.verify(stored, password)
    except (VerificationError, InvalidHashError):
        return False


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
