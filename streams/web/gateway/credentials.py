"""Who sends: a device with a short-lived token, or one that signs.

A device's key has 256 random bits. At rest it is hashed with argon2; of a device that signs it is kept, because the
signature can't be checked otherwise. A token says which device it is of, and ends after some minutes; whether the
device is revoked is looked up, at most some seconds old.

References:
    RFC 7519 (JSON Web Token), RFC 6750 (bearer tokens), RFC 9106 (argon2).
"""

import asyncio
import time
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from joserfc import jwt
from joserfc.errors import JoseError
from joserfc.jwk import OctKey

from models.scan.signatures import is_signed
from sinks.postgres.web.devices import Device, DeviceBooks
from streams.web.keys import hash_key, key_fits, new_key
from streams.web.problems import ProblemError

KNOWN_SECONDS: Final = 5.0
"""How long what is known of a device is not asked again: so long a revoked one may still send."""
ALGORITHM: Final = "HS256"
_UNKNOWN_DEVICE: Final = "Expected the key of a device that may send; got another one."


def refused(detail: str) -> ProblemError:
    """401: who sends is not proven."""
    return ProblemError(401, "not-authorised", detail, {"WWW-Authenticate": 'Bearer realm="udistream"'})


@dataclass(frozen=True, slots=True)
class Tokens:
    """Makes and reads tokens, with the secret that all gateways of the installation share."""

    secret: bytes
    """Key of the tokens' signatures, of the whole installation."""
    seconds: int
    """How long a token holds."""

    def sign(self, claims: Mapping[str, Any], seconds: int) -> str:
        """Claims that no one else can make, for so long."""
        now = int(time.time())
        every = {**claims, "iat": now, "exp": now + seconds}
        return jwt.encode({"alg": ALGORITHM}, every, OctKey.import_key(self.secret))

    def claims(self, token: str) -> dict[str, Any] | None:
        """The claims of a token of ours, also of one that has ended; `None` when it is none."""
        try:
            return jwt.decode(token, OctKey.import_key(self.secret), algorithms=[ALGORITHM]).claims
        except (JoseError, ValueError):
            return None

    def make(self, device: Device) -> str:
        """A token of the device."""
        return self.sign({"sub": device.device_id, "hos": device.hospital, "scope": "device"}, self.seconds)

    def read(self, token: str) -> tuple[str, str, int]:
        """Hospital, device and the second a token was made in.

        Raises:
            ProblemError: 401, not a token of ours, or it has ended.
        """
        claims = self.claims(token) or {}
        try:
            hospital, device, made = str(claims["hos"]), str(claims["sub"]), int(claims["iat"])
            ends = int(claims["exp"])
        except (ValueError, KeyError, TypeError):
            raise refused("Expected a token of this installation, got another one.") from None
        if ends <= time.time():
            raise refused("The token has ended; get a new one at /v1/devices/token.")
        return hospital, device, made


class Devices:
    """What this gateway knows of devices."""

    def __init__(self, books: DeviceBooks) -> None:
        self._books = books
        self._known: dict[tuple[str, str], tuple[float, Device | None]] = {}

    async def find(self, hospital: str, device_id: str) -> Device | None:
        """A device that may send."""
        now = time.monotonic()
        at, device = self._known.get((hospital, device_id), (-KNOWN_SECONDS, None))
        if now - at >= KNOWN_SECONDS or device is None:
            device = await self._books.find(hospital, device_id)
            if device is not None:
                self._known[hospital, device_id] = (now, device)
        return device if device is not None and device.revoked_at is None else None

    async def by_key(self, hospital: str, device_id: str, key: str) -> Device:
        """The device of that key; the key is proven against its hash.

        Raises:
            ProblemError: 401, no device of that name may send, or the key is another one.
        """
        device = await self._books.find(hospital, device_id)
        stored = _NOBODY if device is None or device.revoked_at is not None else device.key_hash
        if not await asyncio.to_thread(key_fits, stored, key) or device is None:
            raise refused(_UNKNOWN_DEVICE)
        return device

    async def by_token(self, tokens: Tokens, token: str) -> Device:
        """The device of a token.

        Raises:
            ProblemError: 401, the token is none, has ended, or its device was revoked or given a new key since.
        """
        hospital, device_id, made = tokens.read(token)
        device = await self.find(hospital, device_id)
        if device is None or made < int(device.added_at.timestamp()):
            raise refused("Expected a token of a device that may send; it was revoked.")
        return device

    async def by_signature(self, hospital: str, device_id: str, value: bytes, signature: str) -> Device:
        """The device that has signed the value.

        Raises:
            ProblemError: 401, the device does not sign, or not so.
        """
        device = await self.find(hospital, device_id)
        if device is None or device.signing_key is None or not is_signed(value, signature, device.signing_key):
            raise refused("Expected the signature of a device that signs over the whole body; got another one.")
        return device


_NOBODY: Final = hash_key(new_key())
"""Tried where there is no device, so that the answer takes as long."""
