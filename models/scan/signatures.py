"""Signatures of scan events: who signs, and whether a record is signed by its device.

References:
    docs/contract.md, section "Scan event": header `udi-signature`, `v1=` and the hex HMAC-SHA256 of the value.
    RFC 2104 (HMAC); FIPS 180-4 (SHA-256).
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from hmac import compare_digest, digest

SIGNATURE_HEADER = "udi-signature"
VERSION = "v1="


def signature_of(value: bytes, key: bytes) -> str:
    """What the header holds for a value signed with a key (the key's text as it was given out, in UTF-8)."""
    return VERSION + digest(key, value, "sha256").hex()


def is_signed(value: bytes, signature: str | None, key: bytes) -> bool:
    """Whether the header is the value's under the key; compared in constant time."""
    if signature is None or not signature.isascii():
        return False
    return compare_digest(signature, signature_of(value, key))


@dataclass(frozen=True, slots=True)
class Signer:
    """A device that signs what it sends."""

    hospital: str
    """Id of the hospital; the first part of every record key."""
    device_id: str
    """Id of the scanner or terminal."""
    key: bytes
    """The key's text as it was given out, in UTF-8."""
    since: datetime
    """Records of an earlier broker's timestamp need no signature."""
    until: datetime | None
    """When it was revoked: a later record of it is refused however it is signed. `None`: it is not."""


class Signers:
    """The devices that sign. Of any other device no signature is asked."""

    def __init__(self, signers: Iterable[Signer] = ()) -> None:
        self._signers = {(each.hospital, each.device_id): each for each in signers}

    def __len__(self) -> int:
        return len(self._signers)

    def accept(self, hospital: str, device_id: str, at: datetime, value: bytes, signature: bytes | None) -> bool:
        """Whether a record may be the device's. `at` is the broker's timestamp, `signature` the header as it came."""
        signer = self._signers.get((hospital, device_id))
        if signer is None or at < signer.since:
            return True
        if signer.until is not None and at > signer.until:
            return False
        text = None if signature is None else signature.decode("ascii", "replace")
        return is_signed(value, text, signer.key)


NO_SIGNERS = Signers()
"""Nobody signs."""
