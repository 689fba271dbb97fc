"""HIBC supplier labels: primary, secondary, both in one symbol, or two symbols read as one string.

References:
    ANSI/HIBC 2.6-2016, sections 2.2 (primary), 2.3 (secondary), 2.4 (combined), appendix B (check character).
"""

import re
from collections.abc import Callable, Iterator
from datetime import date
from typing import Final

from models.udi import dates
from models.udi.being_read import Reading, Scan
from models.udi.check import HIBC_ALPHABET, hibc_is_valid
from models.udi.values import CodeError, Flag, Issuer, Precision

_PRIMARY: Final = re.compile(r"[A-Z][A-Z0-9]{3}[A-Z0-9]{1,18}[0-9]")
_LOT: Final = re.compile(r"[A-Z0-9. -]{0,18}")
_CHARACTERS: Final = frozenset(HIBC_ALPHABET)
_CHARACTERS_MAX: Final = 112
"""110 characters, the `+` and the check character. References: ANSI/HIBC 2.6, section 2.4."""
_LOT_MAX: Final = 18
_PRIMARY_MIN, _PRIMARY_MAX = 8, 25
"""Characters of a primary symbol, `+` and check character included."""
_CLASSIC_DATE: Final = 5
_DATE_LENGTH: Final = {"0": 4, "1": 4, "2": 6, "3": 6, "4": 8, "5": 5, "6": 7}
"""Digits of the date by its flag; flags 0 and 1 are the first digit of the date itself."""
_QUANTITY_LENGTH: Final = {"8": 2, "9": 5}
_SUPPLEMENT_QUANTITY: Final = re.compile(r"[0-9]{1,5}")
_SYMBOLS_MAX: Final = 4
"""Symbols read as one string: as many as a label has. No source: ours, the most that was seen."""
_GLUED_MAX: Final = 160
"""Characters of symbols in any order that are tried: four linear ones of 40. No source: ours."""
_CUTS_MAX: Final = 8
"""Places with a right check character that are tried for each symbol."""
_BETWEEN: Final = re.compile(r"(?<=[^*\t\x1c-\x1f\0;,|])[*\t\x1c-\x1f\0;,|]++(?=\+)")
"""Signs no HIBC code may hold, where one symbol ends and the next begins; each run of them is looked at once."""
_EMPTY: Final = frozenset({"", "$", "$+", "$$", "$$+", "$$7", "$$+7", "S"})
_TELEPHONE: Final = re.compile(r"\+[0-9](?:[ ()./-]*+[0-9]){6,14}+ ?")
"""As telephone numbers are written. References: ITU-T E.123, section 2; E.164: at most 15 digits."""
_NO_SECONDARY: Final = re.compile(r"\+[0-9](?![0-9]{4}|[46]D)")
"""A digit that begins neither a day nor a supplement: `+10%`."""
_EIGHT_DIGITS: Final = re.compile(r"[0-9]{8}")


def read_hibc(text: str, scan: Scan) -> Reading | None:
    """Reads a text that begins with `+`, perhaps between Code 39 stars. A last blank may be the check character.

    A telephone number is no code; one in 43 has the check character of a secondary, and is flagged.
    """
    del scan  # HIBC prints years of this century only: the day of the scan does not matter.
    flags: list[Flag] = []
    if text.startswith("*+"):
        text = text[1:].removesuffix("*")
        flags.append(Flag.CODE39_STARS)
    if not text.startswith("+"):
        return None
    text = _BETWEEN.sub("", text)
    if text.isascii() and text != text.upper():
        text = text.upper()
        flags.append(Flag.LOWERCASE)
    if not hibc_is_valid(text) and hibc_is_valid(text.rstrip(" ")):
        text = text.rstrip(" ")
    telephone = text[1:2].isdigit() and _TELEPHONE.fullmatch(text) is not None
    if telephone and not hibc_is_valid(text):
        return Reading(Issuer.INTERNAL, CodeError.NOT_UDI, None, Flag.TELEPHONE_NUMBER, *flags)
    if not telephone and _NO_SECONDARY.match(text) is not None:
        return None
    whole = _read_valid(text) if hibc_is_valid(text) and not _cuts(text) else None
    # One string of several symbols in 43 has a right check character as a whole.
    reading = whole if whole is not None and (whole.error is None or "+" not in text[1:]) else _read_glued(text)
    if telephone:
        reading.note(Flag.TELEPHONE_NUMBER)
    if text.endswith(" ") and reading.error is None:
        reading.note(Flag.CHECK_IS_SPACE)
    reading.flags = flags + reading.flags
    if flags:
        reading.note(flags[0], text)
    return reading


def _cuts(text: str) -> list[int]:
    """Where a second symbol may begin: at a `+` before which the text passes as a primary."""
    return [
        at
        for at in range(_PRIMARY_MIN, min(len(text) - 2, _PRIMARY_MAX + 1))
        if text[at] == "+" and _PRIMARY.fullmatch(text[1 : at - 1]) is not None and hibc_is_valid(text[:at])
    ]


def _read_glued(text: str) -> Reading:
    """Reads symbols that arrived as one string, a primary and what belongs to it; else a wrong check character."""
    for at in _cuts(text):
        first = _read_valid(text[:at])
        rest = _symbols(text[at:], text[at - 1], _SYMBOLS_MAX - 1) if first.error is None else None
        if rest is not None:
            return _joined(text, first, rest)
    in_any_order = _in_any_order(text, _SYMBOLS_MAX) if len(text) <= _GLUED_MAX else None
    if in_any_order is not None:
        return _joined(text, *in_any_order)
    foreign = next((at for at, character in enumerate(text) if character not in _CHARACTERS), None)
    if foreign is not None:
        return Reading(Issuer.HIBCC, CodeError.BAD_CHARACTER, foreign)
    if hibc_is_valid(text):
        return _read_valid(text)
    return Reading(Issuer.HIBCC, CodeError.BAD_CHECK_CHARACTER, max(len(text) - 1, 0))


def _in_any_order(text: str, most: int) -> tuple[Reading, list[Reading]] | None:
    """One device in symbols of any order, each with a right check character and all of one primary; else `None`."""
    for symbols in _split(text, most):
        primaries = {each.di: each for each in symbols if each.di is not None}
        if len(symbols) > 1 and len(primaries) == 1:
            (first,) = primaries.values()
            rest = [each for each in symbols if each is not first]
            if all(each.di is not None or each.link == (first.canonical or "")[-1] for each in rest):
                return first, rest
    return None


def _split(text: str, most: int) -> Iterator[list[Reading]]:
    """Every way to take a text for at most so many symbols that can be read."""
    ends = [at for at in range(4, len(text)) if text[at] == "+" and hibc_is_valid(text[:at])][:_CUTS_MAX]
    for end in (*(ends if most > 1 else ()), len(text)):
        first = _read_valid(text[:end]) if hibc_is_valid(text[:end]) else None
        if first is None or first.error is not None:
            continue
        if end == len(text):
            yield [first]
        else:
            yield from ([first, *rest] for rest in _split(text[end:], most - 1))


def _symbols(text: str, link: str, most: int) -> list[Reading] | None:
    """The text as at most so many symbols with right check characters; several must name their primary by `link`."""
    parts = _parts(text, link, most) if most > 1 else None
    if not hibc_is_valid(text):
        return parts
    whole = _read_valid(text)
    return [whole] if parts is None or (whole.error is None and whole.link == link) else parts


def _parts(text: str, link: str, most: int) -> list[Reading] | None:
    """The same with a symbol of the primary in front and at least one behind it."""
    tried = 0
    for at in range(4, len(text) - 2):
        if text[at] != "+" or not hibc_is_valid(text[:at]):
            continue
        tried += 1
        if tried > _CUTS_MAX:
            return None
        front = _read_valid(text[:at])
        if front.error is not None or front.link != link:
            continue
        behind = _symbols(text[at:], link, most - 1)
        if behind is not None and all(each.link == link and each.error is None for each in behind):
            return [front, *behind]
    return None


def _joined(text: str, first: Reading, rest: list[Reading]) -> Reading:
    """The primary with what belongs to it; what contradicts is an error."""
    reading = Reading(Issuer.HIBCC)
    for other in rest:
        if other.error is not None or (other.di not in {None, first.di}):
            reading.error = other.error or CodeError.CONFLICTING_AI
        elif other.di is None and other.link != (first.canonical or "")[-1]:
            reading.error = CodeError.CONFLICTING_AI
        for field in ("lot", "serial", "expiry", "production", "quantity"):
            value, known = getattr(other, field), getattr(reading, field)
            if value is not None and known not in {None, value}:
                reading.error = CodeError.CONFLICTING_AI
            elif value is not None:
                setattr(reading, field, value)
        reading.expiry_precision = reading.expiry_precision or other.expiry_precision
    reading.di, reading.uom, reading.canonical = first.di, first.uom, text
    reading.link = rest[0].link if len(rest) == 1 else None
    reading.elements = [element for each in (first, *rest) for element in each.elements]
    noted = dict.fromkeys(flag for each in rest for flag in each.flags if flag is not Flag.PI_ONLY)
    reading.flags = [Flag.CONCATENATED_SCANS, *noted]
    return reading


def _read_valid(text: str) -> Reading:
    """Reads one symbol whose check character is right."""
    reading = Reading(Issuer.HIBCC)
    reading.canonical = text
    content = text[1:-1]
    if len(text) > _CHARACTERS_MAX:
        reading.error = CodeError.TOO_LONG
    elif content[:1] == "/":
        reading.error = CodeError.HIBC_PROVIDER_STANDARD
    elif content[:1].isalpha():
        primary, *rest = content.split("/")
        reading.error = _primary(reading, primary) or _secondary_and_supplements(reading, rest)
    else:
        # The link may be any of the 43 characters, `/` too: it is taken off before the rest is cut.
        reading.link = content[-1:]
        reading.note(Flag.PI_ONLY)
        reading.error = (
            _secondary_and_supplements(reading, content[:-1].split("/")) if len(content) > 1 else CodeError.TOO_SHORT
        )
    return reading


def _primary(reading: Reading, text: str) -> CodeError | None:
    if _PRIMARY.fullmatch(text) is None:
        return CodeError.BAD_PRIMARY
    reading.di, reading.uom = text, text[-1]
    reading.elements += [("LIC", text[:4]), ("PCN", text[4:-1]), ("U/M", text[-1])]
    return None


def _secondary_and_supplements(reading: Reading, parts: list[str]) -> CodeError | None:
    for place, part in enumerate(parts):
        error = _secondary(reading, part) if place == 0 else _supplement(reading, part)
        if error is not None and part in _EMPTY and any(each[:1] == "Q" for each in parts[place + 1 :]):
            continue  # A field kept open in front of a quantity says nothing.
        if error is not None:
            return error
    return None


def _set(reading: Reading, field: str, value: str | date | int, name: str, printed: str) -> CodeError | None:
    """Sets a field once; the same value again is fine, another one is a contradiction."""
    present = getattr(reading, field)
    if present is not None and present != value:
        return CodeError.CONFLICTING_AI
    setattr(reading, field, value)
    reading.elements.append((name, printed))
    return None


def _unit(reading: Reading, field: str, value: str, name: str) -> CodeError | None:
    """A lot or a serial; empty ones say nothing."""
    if not value.strip():
        return None
    if len(value) > _LOT_MAX:
        return CodeError.TOO_LONG
    if _LOT.fullmatch(value) is None:
        return CodeError.BAD_CHARACTER
    return _set(reading, field, value, name, value)


def _secondary(reading: Reading, part: str) -> CodeError | None:
    """The first part of secondary data: expiry, quantity, and lot or serial."""
    for opening, field, name in (("$$+", "serial", "$$+"), ("$$", "lot", "$$")):
        if part.startswith(opening):
            return _flagged(reading, part[len(opening) :], field, name)
    if part.startswith("$+"):
        return _unit(reading, "serial", part[2:], "$+") if part[2:] else CodeError.EMPTY_VALUE
    if part.startswith("$"):
        return _unit(reading, "lot", part[1:], "$") if part[1:] else CodeError.EMPTY_VALUE
    if part[:1].isdigit() and len(part) >= _CLASSIC_DATE and part[:_CLASSIC_DATE].isdigit():
        expiry = dates.yyjjj(part[:_CLASSIC_DATE])
        if expiry is None:
            return CodeError.BAD_DATE
        error = _set(reading, "expiry", expiry, "expiry", part[:_CLASSIC_DATE])
        reading.expiry_precision = Precision.DAY
        return error or _unit(reading, "lot", part[_CLASSIC_DATE:], "lot")
    return _supplement(reading, part)


def _flagged(reading: Reading, text: str, field: str, name: str) -> CodeError | None:
    """`$$` data: an optional quantity (lots only), a date by its flag, then the lot or serial."""
    digits = _QUANTITY_LENGTH.get(text[:1])
    if digits is not None:
        quantity, text = text[1 : 1 + digits], text[1 + digits :]
        if field != "lot" or len(quantity) != digits or not quantity.isdigit():
            return CodeError.BAD_QUANTITY
        reading.quantity = int(quantity)
        reading.elements.append(("quantity", quantity))
        if not text:
            return None
    flag = text[:1]
    if flag == "7":
        says = digits is not None or text[1:].strip()
        return _unit(reading, field, text[1:], name) if says else CodeError.EMPTY_VALUE
    length = _DATE_LENGTH.get(flag)
    if length is None:
        return CodeError.BAD_QUANTITY if flag in _QUANTITY_LENGTH else CodeError.BAD_DATE
    start = 0 if flag in "01" else 1
    printed = text[start : start + length]
    expiry = _expiry(flag, printed) if len(printed) == length and printed.isdigit() else None
    if expiry is None:
        return CodeError.BAD_DATE
    error = _set(reading, "expiry", expiry, "expiry", text[: start + length])
    reading.expiry_precision = Precision.MONTH if flag in "01" else Precision.DAY
    return error or _unit(reading, field, text[start + length :], name)


def _expiry(flag: str, digits: str) -> date | None:
    """A date by its flag: 0, 1 MMYY; 2 MMDDYY; 3 YYMMDD; 4 YYMMDDHH; 5 YYJJJ; 6 YYJJJHH. Years are 20YY."""
    if flag in "01":
        return dates.last_day(2000 + int(digits[2:]), int(digits[:2]))
    if flag == "2":
        return dates.yyyymmdd("20" + digits[4:] + digits[:4])
    if flag in "34":
        hour = digits[6:]
        return dates.yyyymmdd("20" + digits[:6]) if hour < "24" else None
    hour = digits[5:]
    return dates.yyjjj(digits[:5]) if hour < "24" else None


def _supplement(reading: Reading, part: str) -> CodeError | None:
    """Supplemental data: the first opening that fits says what it is."""
    for opening, read in _SUPPLEMENTS:
        if part.startswith(opening):
            return read(reading, part[len(opening) :])
    return CodeError.UNKNOWN_DATA_IDENTIFIER


def _dated_serial(reading: Reading, value: str) -> CodeError | None:
    return _flagged(reading, value, "serial", "$$+")


def _plain_serial(reading: Reading, value: str) -> CodeError | None:
    return _unit(reading, "serial", value, "S") if value else CodeError.EMPTY_VALUE


def _produced(reading: Reading, value: str) -> CodeError | None:
    found = _eight_digit_day(value)
    return CodeError.BAD_DATE if found is None else _set(reading, "production", found, "16D", value)


def _expires(reading: Reading, value: str) -> CodeError | None:
    found = _eight_digit_day(value)
    return CodeError.BAD_DATE if found is None else _later_expiry(reading, found, value)


def _eight_digit_day(value: str) -> date | None:
    return dates.yyyymmdd(value) if _EIGHT_DIGITS.fullmatch(value) is not None else None


def _count(reading: Reading, value: str) -> CodeError | None:
    if _SUPPLEMENT_QUANTITY.fullmatch(value) is None:
        return CodeError.BAD_QUANTITY
    return _set(reading, "quantity", int(value), "Q", value)


def _location(reading: Reading, value: str) -> CodeError | None:
    reading.elements.append(("L", value))
    return None


def _later_expiry(reading: Reading, found: date, printed: str) -> CodeError | None:
    """A full expiry date may refine a month printed before it."""
    month = reading.expiry if reading.expiry_precision is Precision.MONTH else None
    if month is not None and (month.year, month.month) == (found.year, found.month):
        reading.expiry = None
    reading.expiry_precision = Precision.DAY
    return _set(reading, "expiry", found, "14D", printed)


_SUPPLEMENTS: Final[tuple[tuple[str, Callable[[Reading, str], CodeError | None]], ...]] = (
    ("$$+", _dated_serial),
    ("$+", _plain_serial),
    ("S", _plain_serial),
    ("16D", _produced),
    ("14D", _expires),
    ("Q", _count),
    ("L", _location),
)
"""Supplements by their opening. References: ANSI/HIBC 2.6, section 2.3.3."""
