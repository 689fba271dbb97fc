"""AHM codes of AliHealth: `MF`, the identifier, then `BA`/`BN` lot and `*`-separated parts.

No published grammar was found and no real sample: everything read here carries the flag `ahm_unverified`, and may be
used only when the catalogue holds exactly that identifier.

References:
    docs/codes.md, section "AHM": two secondary descriptions that do not agree on `BA` or `BN`; both are read.
"""

import re
from typing import Final

from models.udi import dates
from models.udi.being_read import Reading, Scan
from models.udi.values import CodeError, Flag, Issuer, Precision

_OPENING: Final = re.compile(r"MF([0-9]{1,13})((?:B[AN]|SN|MD|BD|ED|PL).*)?", re.ASCII)
_PART: Final = re.compile(r"(BA|BN|SN|MD|BD|ED|PL)([0-9A-Za-z./-]{1,30})", re.ASCII)
_DAY: Final = re.compile(r"[0-9]{6}")


def read_ahm(text: str, scan: Scan) -> Reading | None:
    """Reads a text of `MF` and digits; `None` when it is anything else."""
    match = _OPENING.fullmatch(text)
    if match is None:
        return None
    reading = Reading(Issuer.AHM, None, None, Flag.AHM_UNVERIFIED)
    reading.di, reading.canonical = match[1], text
    reading.elements.append(("MF", match[1]))
    seen: dict[str, str] = {}
    for part in (match[2] or "").split("*"):
        error = _take(reading, part, scan.scanned_on.year, seen) if part else None
        if error is not None:
            return Reading(Issuer.AHM, error, None, Flag.AHM_UNVERIFIED)
    return reading


def _take(reading: Reading, part: str, year: int, seen: dict[str, str]) -> CodeError | None:
    match = _PART.fullmatch(part)
    if match is None:
        return CodeError.UNKNOWN_DATA_IDENTIFIER
    name, value = match[1], match[2]
    if seen.setdefault(name, value) != value:
        return CodeError.CONFLICTING_AI
    reading.elements.append((name, value))
    if name in {"BA", "BN"}:
        reading.lot = value
    elif name == "SN":
        reading.serial = value
    elif name in {"MD", "ED", "BD"}:
        found = dates.yymmdd(value, year) if _DAY.fullmatch(value) is not None else None
        if found is None:
            return CodeError.BAD_DATE
        if name == "ED":
            reading.expiry, reading.expiry_precision = found, Precision.DAY
        elif name == "MD":
            reading.production = found
        else:
            reading.best_before = found
    return None
