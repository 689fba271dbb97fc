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

_TYPED = r"^[^\x00]*$"
"""Control characters are typed, too; NUL is no key, and the books keep no text with it."""
Affix = Annotated[str, StringConstraints(min_length=0, max_length=32, pattern=_TYPED)]
Separator = Annotated[str, StringConstraints(min_length=1, max_length=16, pattern=_TYPED)]
Key = Annotated[str, StringConstraints(min_length=1, max_length=1, pattern=_TYPED)]


class Scanner(WireModel):
    """A scanner's profile as it is loaded. A name not listed here is refused: it would do nothing, in silence."""

    model_config = ConfigDict(frozen=True, strict=True, extra="forbid", use_attribute_docstrings=True)

    hospital: Hospital
    """Id of the hospital; the first part of every record key."""
    device_id: Identifier
    """Id of the scanner or terminal."""
    known_from: Instant
    """Scans made from then on are read by it; until the next one begins."""
    separators: Annotated[list[Separator], Field(max_length=8)] = []
    """Texts it sends for FNC1, besides the known substitutes."""
    prefix: Affix = ""
    """Text it puts before every code."""
    suffix: Affix = ""
    """Text it puts behind every code."""
    key_map: Annotated[dict[Key, Key], Field(max_length=128)] = {}
    """Characters that a wrong keyboard layout types, and what they were."""
    encoding: str = "utf-8"
    """Of the bytes it sends, by Python's name."""
    sends_separators: bool = False
    """A test label has shown that it sends separators."""
    drops_separators: bool = False
    """A test label has shown that it drops them."""

    @model_validator(mode="after")
    def _check_separators(self) -> Self:
        if self.sends_separators and self.drops_separators:
            raise ValueError("Expected sends_separators or drops_separators, got both")
        return self

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
            self.drops_separators,
        )


class ScannerRecord(WireModel):
    """What the labels of a device have shown of it, in force from an instant on (`rules.labels.scanner_record`)."""

    model_config = ConfigDict(frozen=True, strict=True, extra="forbid", use_attribute_docstrings=True)

    hospital: Hospital
    """Id of the hospital; the first part of every record key."""
    device_id: Identifier
    """Id of the scanner or terminal."""
    known_from: Instant
    """Of a scanner that loses separators: its first label that counted against it. Of a mended one: the first label
    with a separator."""
    losing: bool
    """It loses separators from `known_from` on."""
    since: Instant | None = None
    """Of one that loses them: its newest label with a separator before; what came after it is doubtful. `None`: all."""


def scanner_fact(text: str) -> Scanner | ScannerRecord:
    """A profile or a record, as the books keep both."""
    return (ScannerRecord if '"losing"' in text else Scanner).model_validate_json(text)


class Scanners:
    """Profiles and records of all devices, as known at `version`. A device without a profile has the default one."""

    def __init__(self) -> None:
        self.version = 0
        self._records: dict[tuple[str, str], list[tuple[datetime, int, bool]]] = {}
        self._profiles: dict[tuple[str, str], list[tuple[datetime, int, ScannerProfile]]] = {}

    def __len__(self) -> int:
        return len(self._profiles) + len(self._records)

    def put(self, scanner: Scanner | ScannerRecord, version: int) -> None:
        """Take a newer version of a profile or a record; an older one changes nothing."""
        if version <= self.version:
            return
        self.version = version
        if isinstance(scanner, ScannerRecord):
            records = self._records.setdefault((scanner.hospital, scanner.device_id), [])
            records.append((scanner.known_from, version, scanner.losing))
            records.sort(key=lambda each: each[:2])
            return
        known = self._profiles.setdefault((scanner.hospital, scanner.device_id), [])
        known.append((scanner.known_from, version, scanner.profile))
        known.sort(key=lambda each: each[:2])

    def profile(self, hospital: str, device_id: str, at: datetime) -> ScannerProfile:
        """The profile in force for a scan made at `at`; of two that begin at one instant the newer."""
        for known_from, _, profile in reversed(self._profiles.get((hospital, device_id), ())):
            if known_from <= at:
                return profile
        return DEFAULT_PROFILE

    def loses_separators(self, hospital: str, device_id: str, at: datetime) -> bool:
        """Whether the device is known to have dropped separators when it scanned at `at`."""
        profile = self.profile(hospital, device_id, at)
        if profile.sends_separators or profile.drops_separators:
            return profile.drops_separators
        records = reversed(self._records.get((hospital, device_id), ()))
        return next((losing for known_from, _, losing in records if known_from <= at), False)


NO_SCANNERS = Scanners()
"""Every device has the default profile."""
