"""MA codes (IDcode) of ZIIOT: `MA.156.M0.registrant.product[.PI]`.

References:
    ISO/IEC 15459 issuing agency code MA; MA (IDcode) coding handbook as quoted publicly; docs/codes.md, section "MA".
"""

import re
from datetime import date
from typing import Final

from models.udi import dates
from models.udi.being_read import Reading, Scan
from models.udi.check import ma_is_valid
from models.udi.values import CodeError, Flag, Issuer, Precision

_OPENING: Final = re.compile(r"MA\.[0-9]{3}(?:\.|$)", re.IGNORECASE | re.ASCII)
_ANYWHERE: Final = re.compile(r"(?<=[=/])MA\.[0-9]{3}\.", re.IGNORECASE | re.ASCII)
_REGISTRANT: Final = re.compile(r"[0-9A-Za-z]{4,10}")
_PRODUCT: Final = re.compile(r"[0-9A-Za-z]{8,20}")
_PART: Final = re.compile(r"[A-Z][0-9A-Za-z@$,*+%/#!^~-]+")
_LETTER: Final = re.compile(r"[A-Z]")
_CHARACTERS_MAX: Final = 200
"""No upper bound is published. No source: ours."""
_DI_PARTS: Final = 5
_DIGITS: Final = re.compile(r"[0-9]+")
_HALF: Final = re.compile(
    r"(?:\.[LSMPEV][0-9A-Za-z@$,*+%/#!^~-]+)+|[MPEV](?:[0-9]{2}|20[0-9]{2})(?:0[1-9]|1[0-2])[0-3][0-9]"
)
"""Parts of a code without its identifier: `.L1`, `E200101`. MA knows no half codes: they are of no device."""
_XML: Final = re.compile(r"<(DI|SN|MFG|LOT|EXP|VAL)>([^<>]{0,80})</\1>")
_XML_LETTER: Final = {"SN": "S", "MFG": "M", "LOT": "L", "EXP": "E", "VAL": "V"}


def ma_within(text: str) -> str | None:
    """The MA code inside a web address or the XML form; `None` when there is none."""
    if text.startswith("<UDI") and 'IAC="MA"' in text:
        fields: dict[str, str] = dict(_XML.findall(text))
        if "DI" not in fields:
            return None
        return (fields["DI"] or "MA.156.") + "".join(
            f".{_XML_LETTER[name]}{value}" for name, value in fields.items() if name != "DI"
        )
    match = _ANYWHERE.search(text)
    if match is None:
        return None
    return re.split("[&#?]", text[match.start() :], maxsplit=1)[0]


def read_ma(text: str, scan: Scan) -> Reading | None:
    """Reads a text that begins with `MA.` and a country; `None` when it does not, doubted when it is a part of one."""
    if _HALF.fullmatch(text) is not None:
        return Reading(Issuer.INTERNAL, CodeError.NOT_UDI, None, Flag.LOOKS_LIKE_GS1)
    if _OPENING.match(text) is None:
        return None
    reading = Reading(Issuer.MA)
    parts = text.split(".")
    opening = ".".join(parts[:3])
    if opening != opening.upper():
        text = opening.upper() + text[len(opening) :]
        parts = text.split(".")
        reading.note(Flag.LOWERCASE, text)
    error = _read_parts(reading, text, parts, scan.scanned_on.year)
    reading.error = error
    if error is CodeError.MA_CHECK_MISMATCH:
        reading.note(Flag.MA_CHECK_MISMATCH)
    return reading


def _read_parts(reading: Reading, text: str, parts: list[str], year: int) -> CodeError | None:
    if len(text) > _CHARACTERS_MAX:
        return CodeError.TOO_LONG
    if parts[1] != "156" or len(parts) < _DI_PARTS:
        return CodeError.EMPTY_VALUE if parts[1] == "156" and "" in parts[2:3] else CodeError.BAD_MA
    if parts[2] != "M0":
        # Another industry's code is six digits: vegetables have them too.
        return CodeError.NOT_UDI if _DIGITS.fullmatch(parts[2]) is not None else CodeError.BAD_MA
    if _REGISTRANT.fullmatch(parts[3]) is None or _PRODUCT.fullmatch(parts[4]) is None:
        return CodeError.BAD_MA
    identifier = ".".join(parts[:_DI_PARTS])
    if not ma_is_valid(identifier[:-1], identifier[-1]):
        return CodeError.MA_CHECK_MISMATCH
    reading.di, reading.canonical = identifier, text
    reading.elements.append(("DI", identifier))
    return _production_identifiers(reading, text[len(identifier) :], year)


def _production_identifiers(reading: Reading, text: str, year: int) -> CodeError | None:
    """Parts of a letter and a value, in no fixed order; `.C` and its digit close them."""
    found: dict[str, str] = {}
    for part in text.split(".")[1:]:
        if _PART.fullmatch(part) is None:
            return CodeError.EMPTY_VALUE if _LETTER.fullmatch(part) is not None else CodeError.BAD_MA
        if found.setdefault(part[0], part[1:]) != part[1:]:
            return CodeError.CONFLICTING_AI
        reading.elements.append((part[0], part[1:]))
    if "C" in found:
        checked, _, digit = text.rpartition(".C")
        if not ma_is_valid(checked, digit):
            return CodeError.MA_CHECK_MISMATCH
    reading.lot, reading.serial = found.get("L"), found.get("S")
    days: dict[str, date | None] = {}
    for letter in "MPEV":
        if letter in found:
            days[letter] = _day(found[letter], year)
            if days[letter] is None:
                return CodeError.BAD_DATE
    reading.production = days.get("M") or days.get("P")
    reading.expiry = days.get("E") or days.get("V")
    if reading.expiry is not None:
        reading.expiry_precision = Precision.DAY
    return None


def _day(value: str, year: int) -> date | None:
    """YYMMDD as samples print it, or YYYYMMDD as the handbook says."""
    if _DIGITS.fullmatch(value) is None or len(value) not in {6, 8}:
        return None
    if len(value) == 6:
        return dates.yymmdd(value, year) if value[4:] != "00" else None
    return dates.yyyymmdd(value)
