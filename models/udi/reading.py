"""The reader: one text in, one `ParsedCode` out. Never raises, never looks at a clock, never fetches anything.

References:
    docs/codes.md, section "The order of reading".
"""

import re
from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import date
from typing import Final

from models.udi.being_read import Reading, Scan
from models.udi.combine import of_several
from models.udi.dirt import (
    DEFAULT_PROFILE,
    Cleaned,
    ScannerProfile,
    clean,
    decode,
    without_corner_brackets,
    without_input_method,
)
from models.udi.internal import read_internal, read_known_number
from models.udi.iso15434 import unwrap
from models.udi.issuers.ahm import read_ahm
from models.udi.issuers.gs1.as_scanned import EAN_SYMBOLOGIES, GS1_SYMBOLOGIES, read_gs1
from models.udi.issuers.gs1.clean import parse_clean
from models.udi.issuers.gs1.digital_link import is_web_address, read_digital_link
from models.udi.issuers.hibcc import read_hibc
from models.udi.issuers.iccbba import read_iccbba
from models.udi.issuers.ma import ma_within, read_ma
from models.udi.several import joined, readings_of
from models.udi.values import LENGTH_MAX, CodeError, Flag, Issuer, Label, ParsedCode, Step

ISSUERS: Final[tuple[tuple[Issuer, Callable[[str, Scan], Reading | None]], ...]] = (
    (Issuer.HIBCC, read_hibc),
    (Issuer.ICCBBA, read_iccbba),
    (Issuer.MA, read_ma),
    (Issuer.AHM, read_ahm),
    (Issuer.GS1, read_digital_link),
    (Issuer.INTERNAL, read_known_number),
    (Issuer.GS1, read_gs1),
    (Issuer.INTERNAL, read_internal),
)
"""Who is asked, in this order. The first that answers is the issuer; the last always answers."""

_ADDRESSED: Final = frozenset({Flag.DIGITAL_LINK, Flag.URL})
_MAY_BE_SEVERAL: Final = re.compile(r"[\] \t\r\n]")
"""Without any of these a text is one symbol."""
_MAY_BE_NOTATION: Final = re.compile(r"[(<%_&^#]")
"""Signs of brackets and of controls written out, which a value in an address may hold."""
_LETTER_OR_DIGIT: Final = re.compile(r"[0-9A-Za-z]")
_GS1_ONLY: Final = GS1_SYMBOLOGIES | EAN_SYMBOLOGIES


def parse(raw: str | bytes | None, *, scanned_on: date, profile: ScannerProfile = DEFAULT_PROFILE) -> ParsedCode:
    """Reads one barcode, whoever issued it, however it arrived.

    Args:
        raw: What the scanner sent, at most 512 characters; bytes are decoded by the profile. `None` reads as empty.
        scanned_on: The local day of the scan. It alone gives two-digit years their century, so a replay in another
            year reads the same.
        profile: How this scanner is set up.

    Returns:
        The reading. Never raises: an unreadable text is a value with `error`, and then without identifiers.

    Example:
        >>> parse("0107032069804988172712311 0LOT-7a", scanned_on=date(2026, 6, 1)).error
        <CodeError.BAD_CHARACTER: 'bad_character'>
        >>> parse("]d201070320698049881727123110LOT-7a", scanned_on=date(2026, 6, 1)).lot
        'LOT-7a'
    """
    if type(raw) is str and profile is DEFAULT_PROFILE:
        code = parse_clean(raw, scanned_on)
        if code is not None:
            return code
    return _parse_patiently(raw, scanned_on, profile)


def read_label(codes: Sequence[str | bytes], *, scanned_on: date, profile: ScannerProfile = DEFAULT_PROFILE) -> Label:
    """Reads the barcodes of one label together, in the order they were scanned; one to four of them.

    Args:
        codes: What the scanner sent. No code at all reads as an empty one.
        scanned_on: As for `parse`.
        profile: As for `parse`.

    Returns:
        The label. Never raises. Codes that are no UDI are ignored beside a valid one; a wrong check digit anywhere is
        the error of the label.
    """
    return of_several([parse(code, scanned_on=scanned_on, profile=profile) for code in codes])


def _parse_patiently(raw: str | bytes | None, scanned_on: date, profile: ScannerProfile) -> ParsedCode:
    text, decoded = ("", True) if raw is None else (raw, True) if isinstance(raw, str) else decode(raw, profile)
    if len(text) > LENGTH_MAX:
        return Reading(Issuer.INVALID, CodeError.TOO_LONG, LENGTH_MAX).finish(text)
    cleaned = clean(text, profile)
    if _MAY_BE_SEVERAL.search(cleaned.text) is None:
        found: list[Reading] | None = [_read(cleaned, scanned_on, profile)]
    else:
        found = readings_of(cleaned, lambda symbol: _read(symbol, scanned_on, profile))
    if found is None:
        return Reading(Issuer.INTERNAL, CodeError.NOT_UDI, None, Flag.CONCATENATED_SCANS).finish(text)
    if len(found) > 1:
        return _readable(joined(text, cleaned, found), f"{cleaned.symbology or ''}{cleaned.text}", scanned_on)
    if not decoded:
        found[0].note(Flag.UNDECODABLE)
    code = found[0].finish(text)
    return _readable(code, cleaned.text, scanned_on) if "://" in text or "<" in text else code


def _readable(code: ParsedCode, text: str, scanned_on: date) -> ParsedCode:
    """A code out of an address: its text stays as it came when a value by itself would be notation, lot `A(21)B`."""
    addressed = code.valid and _ADDRESSED.intersection(code.flags)
    if not addressed or _MAY_BE_NOTATION.search(code.canonical or "") is None:
        return code
    alone = f"]d2{code.canonical}" if code.issuer is Issuer.GS1 else code.canonical
    again = _parse_patiently(alone, scanned_on, DEFAULT_PROFILE)
    return code if again.elements == code.elements else replace(code, canonical=text)


def _read(cleaned: Cleaned, scanned_on: date, profile: ScannerProfile) -> Reading:
    scan = Scan(scanned_on, cleaned.symbology, profile.sends_separators)
    reading = _nothing(cleaned) or _dispatch(cleaned.text, scan)
    reading.symbology = cleaned.symbology
    if cleaned.steps:
        reading.flags = [*cleaned.flags, *(flag for flag in reading.flags if flag not in cleaned.flags)]
        reading.steps[:0] = cleaned.steps
    return reading


def _nothing(cleaned: Cleaned) -> Reading | None:
    """The answer for a text that cannot be a code."""
    text = cleaned.text
    if cleaned.symbology in GS1_SYMBOLOGIES or text == "+":
        return None
    if not text or text.isspace():
        return Reading(Issuer.INVALID, CodeError.EMPTY, 0)
    if _LETTER_OR_DIGIT.search(text) is None and not text.startswith(("=/", "=,", "=>", "&,", "&>")):
        return Reading(Issuer.INVALID, CodeError.NOT_UDI, 0)
    return None


def _dispatch(text: str, scan: Scan) -> Reading:
    """Asks the issuers in order, inside an envelope or an address when there is one."""
    envelope = unwrap(text)
    if envelope is not None:
        if envelope.answer is not None or envelope.payload is None:
            return envelope.answer or read_internal(text, scan)
        inner = _ask(envelope.payload, scan._replace(symbology=envelope.symbology))
        if envelope.more:
            inner.note(Flag.OTHER_ISSUER)
        return _inside(inner, Flag.ISO15434, envelope.payload)
    if scan.symbology in _GS1_ONLY and not is_web_address(text):
        return read_gs1(text, scan) or read_internal(text, scan)
    wrapped = ma_within(text)
    if wrapped is not None:
        return _inside(_ask(wrapped, scan), Flag.URL, wrapped)
    folded = _without_input_method(text)
    return _ask(text, scan) if folded == text else _inside(_ask(folded, scan), Flag.IME, folded)


def _without_input_method(text: str) -> str:
    """Chinese punctuation as its keys, where that makes a code; of GS1 the brackets only, as a lot may hold more."""
    if text.startswith(("【", "〔")):
        return without_corner_brackets(text)
    folded = without_input_method(text)
    return folded if folded.upper().startswith(("+", "*+", "MA.")) else text


def _ask(text: str, scan: Scan) -> Reading:
    for _, read in ISSUERS:
        reading = read(text, scan)
        if reading is not None:
            return reading
    return read_internal(text, scan)


def _inside(reading: Reading, flag: Flag, text: str) -> Reading:
    reading.flags.insert(0, flag)
    reading.steps.insert(0, Step(flag, text))
    return reading
