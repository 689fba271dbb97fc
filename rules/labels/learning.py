"""What confirmed scans teach of a maker's lots and serials: versions of a lot pattern, the same for the same scans.

References:
    docs/codes.md, section "Lost separators".
"""

from collections.abc import Iterable, MutableMapping
from datetime import datetime
from typing import NamedTuple
from uuid import UUID

from models.charging.snapshot import LotPatterns
from models.udi.lot_pattern import NO_PATTERN, bounded, learn

Device = tuple[str, str]
"""Issuer and device identifier."""


class Confirmed(NamedTuple):
    """A scan that went through, with a label that nothing speaks against."""

    scan_id: UUID
    """Id of the scan, made by its device."""
    recorded_at: datetime
    """The broker's timestamp of its record."""
    issuer: str
    """Issuing agency of the identifier (`models.udi.Issuer`)."""
    di: str
    """Device identifier (UDI-DI) in its canonical form."""
    lot: str | None
    """Lot number as printed; `None` when it is not known."""
    serial: str | None
    """Serial number as printed; `None` when it is not known."""
    doubted: bool = False
    """Its label could have lost a separator, and was taken as read."""
    dated: bool | None = None
    """Its label has an expiry; `None`: not known."""


class PatternVersion(NamedTuple):
    """What a device's labels look like from a scan on."""

    issuer: str
    """Issuing agency of the identifier (`models.udi.Issuer`)."""
    di: str
    """Device identifier (UDI-DI) in its canonical form."""
    version: int
    """1, 2, 3 … of the device."""
    patterns: LotPatterns
    """Form of its lots and serials."""
    learned_from: UUID
    """Scan that changed what was known."""
    learned_at: datetime
    """The broker's timestamp of that scan."""


def taught(scans: Iterable[Confirmed], known: MutableMapping[Device, PatternVersion]) -> list[PatternVersion]:
    """The versions that follow from the scans, in their order. `known` is brought to the newest.

    A scan makes a version only when it changes what `models.udi.lot_pattern` says of some value.
    """
    versions = []
    for scan in scans:
        device = (scan.issuer, scan.di)
        before = known.get(device)
        lots, serials = (before.patterns.lots, before.patterns.serials) if before else (NO_PATTERN, NO_PATTERN)
        patterns = LotPatterns(
            bounded(learn(lots, scan.lot, doubted=scan.doubted, dated=scan.dated)),
            bounded(learn(serials, scan.serial, doubted=scan.doubted)),
        )
        if before is not None and patterns == before.patterns:
            continue
        number = before.version + 1 if before else 1
        known[device] = PatternVersion(scan.issuer, scan.di, number, patterns, scan.scan_id, scan.recorded_at)
        versions.append(known[device])
    return versions
