"""ICCBBA, ISBT 128: medical products of human origin and blood containers. Every structure has a fixed length.

References:
    ICCBBA ST-001 (data structures 001 to 034), ST-017 (medical devices).
"""

import re
from collections.abc import Callable
from datetime import date
from typing import Final

from models.udi import dates
from models.udi.being_read import Reading, Scan
from models.udi.values import CodeError, Flag, Issuer, Precision

_STRUCTURES: Final = {
    "=/": 16, "=,": 6, "=>": 6, "&>": 10, "=}": 6, "&}": 10, "&,1": 18, "=)": 10, "&)": 10, "=<": 8, "=%": 4, "=+": 5,
}  # fmt: skip
"""Characters after each data identifier."""
_DIN: Final = re.compile(r"=[A-NP-Z1-9][A-NP-Z0-9]{4}[0-9]{8}[0-9A-Z]{2}")
_PPIC: Final = re.compile(r"[A-NP-Z0-9]{5}[A-Z0-9]{6}[A-Z0-9]{5}")
_TEXT: Final = re.compile(r"[A-Za-z0-9 ./+-]*[A-Za-z0-9./+-]")
_BETWEEN: Final = re.compile(r" +(?=[=&])")
"""Blanks in front of a structure: the symbols of one label, read in one."""
_DIN_LENGTH: Final = 16
_COUNT_UNKNOWN: Final = 0


def read_iccbba(text: str, scan: Scan) -> Reading | None:
    """Reads a text that begins with `=` or `&`; `None` when it is neither."""
    del scan  # The structures carry their century.
    if not text.startswith(("=", "&>", "&}", "&,", "&)")):
        return None
    compact = _BETWEEN.sub("", text) if " " in text else text
    reading = _read_structures(compact)
    if compact != text and reading.error is None:
        reading.note(Flag.STRAY_SPACE, compact)
    return reading


def _read_structures(text: str) -> Reading:
    reading = Reading(Issuer.ICCBBA)
    seen: dict[str, str] = {}
    at = count = 0
    while at < len(text):
        name, value, length = _structure(text, at)
        if name is None:
            rest = text[at:]
            short = len(rest) > 1 and any(known.startswith(rest) for known in _STRUCTURES)
            return Reading(Issuer.ICCBBA, CodeError.TOO_SHORT if short else CodeError.UNKNOWN_DATA_STRUCTURE, at)
        if len(value) < length:
            error: CodeError | None = CodeError.BAD_PPIC if name == "=/" else CodeError.TOO_SHORT
        else:
            error = _take(reading, name, value, seen)
        if error is not None:
            return Reading(Issuer.ICCBBA, error, at, *((Flag.DIN_ONLY,) if name == "DIN" and not at else ()))
        at += length + (0 if name == "DIN" else len(name))
        count += 1
    error = _count_error(reading, count - 1)
    if error is not None:
        return Reading(Issuer.ICCBBA, error, 0)
    reading.canonical = text
    if reading.di is None:
        reading.note(Flag.PI_ONLY)
        if {name for name, _ in reading.elements} == {"DIN"}:
            reading.note(Flag.DIN_ONLY)
    return reading


def _structure(text: str, at: int) -> tuple[str | None, str, int]:
    """(data identifier, value, length that the value must have)."""
    for name in (text[at : at + 2], text[at : at + 3]):
        length = _STRUCTURES.get(name)
        if length is not None:
            start = at + len(name)
            return name, text[start : start + length], length
    if text[at] == "=" and re.match("[A-NP-Z1-9]", text[at + 1 : at + 2]):
        return "DIN", text[at : at + _DIN_LENGTH], _DIN_LENGTH
    return None, "", 0


def _count_error(reading: Reading, following: int) -> CodeError | None:
    """A compound message says first how many structures follow, 00 when it does not know."""
    counts = [int(value[:2]) for name, value in reading.elements if name == "=+"]
    if not counts:
        return None
    in_front = reading.elements[0][0] == "=+" and len(counts) == 1
    return None if in_front and counts[0] in {_COUNT_UNKNOWN, following} else CodeError.COMPOUND_COUNT


def _take(reading: Reading, name: str, value: str, seen: dict[str, str]) -> CodeError | None:
    """Checks one structure and keeps what it says."""
    error = _READERS[name](reading, value)
    if error is None and seen.setdefault(name, value) != value:
        error = CodeError.CONFLICTING_AI
    reading.elements.append((name, value.removeprefix("=") if name == "DIN" else value))
    return error


def _device(reading: Reading, value: str) -> CodeError | None:
    if value != value.upper():
        return CodeError.BAD_CHARACTER
    if _PPIC.fullmatch(value) is None:
        return CodeError.BAD_PPIC
    reading.di = value
    return None


def _container(reading: Reading, value: str) -> CodeError | None:
    if _TEXT.fullmatch(value) is None or value != value.upper():
        return CodeError.BAD_CHARACTER
    reading.di = value
    return None


def _serial(reading: Reading, value: str) -> CodeError | None:
    if not _is_capital(value):
        return CodeError.BAD_CHARACTER
    if value == "000000":
        return CodeError.SERIAL_ZERO
    reading.serial = value
    return None


def _lot(reading: Reading, value: str) -> CodeError | None:
    if not _is_capital(value):
        return CodeError.BAD_CHARACTER
    reading.lot = value
    return None


def _container_lot(reading: Reading, value: str) -> CodeError | None:
    """Of a blood container, with small letters: case counts there. References: ICCBBA ST-001, data structure 017."""
    if _TEXT.fullmatch(value) is None:
        return CodeError.BAD_CHARACTER
    reading.lot = value
    return None


def _donation(reading: Reading, value: str) -> CodeError | None:
    del reading  # Kept among the elements: a donation number is no serial.
    return None if _DIN.fullmatch(value) is not None else CodeError.BAD_CHARACTER


def _expiry(reading: Reading, value: str) -> CodeError | None:
    found = _day(value)
    reading.expiry, reading.expiry_precision = found, Precision.DAY
    return _wrong_day(value) if found is None else None


def _production(reading: Reading, value: str) -> CodeError | None:
    reading.production = _day(value)
    return _wrong_day(value) if reading.production is None else None


def _wrong_day(value: str) -> CodeError:
    return CodeError.BAD_DATE if value.isascii() and value.isdigit() else CodeError.BAD_CHARACTER


def _day(value: str) -> date | None:
    if not (value.isascii() and value.isdigit()) or value[6:8] > "23" or value[8:] > "59":
        return None
    return dates.cyyjjj(value[:6])


def _other(reading: Reading, value: str) -> CodeError | None:
    del reading  # Product codes and blood groups are kept among the elements.
    return None if _is_capital(value) else CodeError.BAD_CHARACTER


def _is_capital(value: str) -> bool:
    """Capitals and digits only. References: ICCBBA ST-017, section 2; ST-001, data structures 002, 003."""
    return value.isascii() and value.isalnum() and value == value.upper()


def _header(reading: Reading, value: str) -> CodeError | None:
    del reading
    return None if value.isascii() and value.isdigit() else CodeError.COMPOUND_COUNT


_READERS: Final[dict[str, Callable[[Reading, str], CodeError | None]]] = {
    "=/": _device,
    "=)": _container,
    "=,": _serial,
    "&,1": _lot,
    "&)": _container_lot,
    "DIN": _donation,
    "=>": _expiry,
    "&>": _expiry,
    "=}": _production,
    "&}": _production,
    "=<": _other,
    "=%": _other,
    "=+": _header,
}
