"""How each scanner is set up, as data: a profile per device, in force from an instant on.

References:
    docs/codes.md, section "Dirt".
"""

import codecs
from datetime import datetime
from typing import Annotated, Self

from pydantic import ConfigDict, Field, StringConstraints, model_validator

from models.udi import DEFAULT_PROFILE, ScannerProfile
from models.wire.strict_json import Hospital, Identifier, Instant, WireModel

Affix = Annotated[str, StringConstraints(min_length=0, max_length=32)]
Separator = Annotated[str, StringConstraints(min_length=1, max_length=16)]
Key = Annotated[str, StringConstraints(min_length=1, max_length=1)]


class Scanner(WireModel):
    """A scanner's profile as it is loaded. A name not listed here is refused: it would do nothing, in silence."""

    model_config = ConfigDict(frozen=True, strict=True, extra="forbid", use_attribute_docstrings=True)

    hospital: Hospital
    device_id: Identifier
    known_from: Instant
    """Scans made from then on are read by it; until the next one begins."""
    separators: Annotated[list[Separator], Field(max_length=8)] = []
    prefix: Affix = ""
    suffix: Affix = ""
    key_map: Annotated[dict[Key, Key], Field(max_length=128)] = {}
    encoding: str = "utf-8"
    sends_separators: bool = False

    @model_validator(mode="after")
    def _check_encoding(self) -> Self:
        try:
            codecs.lookup(self.encoding)
        except LookupError:
            raise ValueError("Expected the name of an encoding in encoding") from None
        return self

    @property
    def profile(self) -> ScannerProfile:
        """As the reader of codes takes it."""
        return ScannerProfile(
            self.device_id,
            tuple(self.separators),
            self.prefix,
            self.suffix,
            tuple(self.key_map.items()),
            self.encoding,
            self.sends_separators,
        )


class Scanners:
    """The profiles of all devices, as known at `version`. A device without one has the default profile."""

    def __init__(self) -> None:
        self.version = 0
        self._profiles: dict[tuple[str, str], list[tuple[datetime, int, ScannerProfile]]] = {}

    def __len__(self) -> int:
        return len(self._profiles)

    def put(self, scanner: Scanner, version: int) -> None:
        """Take a newer version of a profile; an older one changes nothing."""
        if version <= self.version:
            return
        self.version = version
        known = self._profiles.setdefault((scanner.hospital, scanner.device_id), [])
        known.append((scanner.known_from, version, scanner.profile))
        known.sort(key=lambda each: each[:2])

    def profile(self, hospital: str, device_id: str, at: datetime) -> ScannerProfile:
        """The profile in force for a scan made at `at`; of two that begin at one instant the newer."""
        for known_from, _, profile in reversed(self._profiles.get((hospital, device_id), ())):
            if known_from <= at:
                return profile
        return DEFAULT_PROFILE


NO_SCANNERS = Scanners()
"""Every device has the default profile."""
