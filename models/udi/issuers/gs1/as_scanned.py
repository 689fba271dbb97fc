"""GS1, the patient path: what scanners, keyboards and spreadsheets make of an element string.

References:
    GS1 General Specifications, sections 3, 5.4 to 5.9 (symbology identifiers) and 7.8.
    docs/codes.md, section "Dirt": each substitute with where it was seen.
"""

import re
from datetime import date
from typing import Final

from models.udi.being_read import Reading, Scan
from models.udi.check import mod10_is_valid
from models.udi.issuers.gs1.application_identifiers import GS
from models.udi.issuers.gs1.elements import Walk, accept_gtin, element_string, interpret, walk
from models.udi.issuers.gs1.hri import (
    holds_bracketed,
    keeps_bracketed,
    leaves_a_field_empty,
    read_hri,
    read_mixed,
    rounded,
    starts_bracketed,
)
from models.udi.issuers.gs1.separators import Elements, is_strong, other_readings
from models.udi.values import CodeError, Flag, Issuer, Step

GS1_SYMBOLOGIES: Final = frozenset({"]C1", "]d2", "]Q3", "]J1", "]e0"})
"""Identifiers that oblige the content to be a GS1 element string."""
EAN_SYMBOLOGIES: Final = frozenset({"]E0", "]E4", "]I1"})
"""Identifiers of symbols that hold one bare GTIN."""

_NAMED: Final = "GS|FNC1|FS|RS|US|ESC|SUB|1D|(?:0x|x|U\\+00)1[B-F]"
_TOKENS: Final = re.compile(
    rf"<(?:{_NAMED}|29|F8|1[A-F])>|\{{(?:{_NAMED})\}}|\[(?:{_NAMED})\]|\((?:GS|FNC1)\)|\\x1[b-f]|\\u(?:001|241)[b-f]|\\F\\?"
    r"|\^\]|_x001[B-F]_|%1[B-F]|&#(?:2[7-9]|3[01]);|&#x1[B-F];",
    re.IGNORECASE,
)
"""Separators written out, and the controls that stand for them. References: docs/codes.md, section "Dirt"."""
_CONTROLS: Final = "".join(map(chr, (*range(1, 10), 11, 12, *range(14, 29), 30, 31, *range(127, 160))))
_GLYPH_RANGES: Final = (
    (0xA1, 0xBF), (0xD7, 0xD7), (0xF7, 0xF7), (0x2020, 0x2027), (0x20A0, 0x20CF), (0x2190, 0x21FF), (0x2400, 0x243F),
    (0x2500, 0x27BF),
)  # fmt: skip
_GLYPHS: Final = "".join(
    sign for first, last in _GLYPH_RANGES for sign in map(chr, range(first, last + 1)) if not sign.isalnum()
)
"""What fonts and code pages show for a control: signs of Latin-1 and of money, arrows, control pictures, boxes."""
_SINGLES: Final = str.maketrans(
    dict.fromkeys(f"\0{_CONTROLS}{_GLYPHS}\ufffd\ue000\ue01d\uf01d|~^@#$`\\{{}}[]｜èñÈÑ", GS)
)
"""Signs no GS1 value may hold: controls (Ctrl+] is typed as ESC on some layouts), signs outside CSET 82, glyphs of GS,
and FNC1 as the Latin-1 characters 232 and 241, with Caps Lock too."""
_GTIN_LENGTHS: Final = frozenset({8, 12, 13, 14})
_PI_DATES: Final = frozenset({"11", "17", "7003"})
_PI_UNITS: Final = frozenset({"10", "21"})
_PI_DIGITS_MIN: Final = 4
"""Digits of a lot or serial beside a date, when the text is digits alone and came without symbology identifier. No
source: ours; numbers of 11 and 12 digits, as telephones and laboratories have, leave one or two."""
_OF_A_DEVICE: Final = frozenset({"10", "11", "17", "21"})
_SWALLOWING: Final = ("10", "21", "7003")
"""Where a lost separator makes a value too long; a count or a field of one's own that is too long is some number."""
_CUT_SHORT: Final = frozenset({CodeError.EMPTY_VALUE, CodeError.TOO_SHORT, CodeError.BAD_DATE})
"""Errors of a half label that was read in part: it is no element, and may have been meant for one."""
_CHECKED: Final = frozenset({"00", "02"}) | _OF_A_DEVICE
"""What was read in front of an error and is not lost without a trace: a number with its check digit, a unit, a date."""
_GTIN_END: Final = 16


def read_gs1(text: str, scan: Scan) -> Reading | None:
    """Reads a text as GS1: element string, interpretation with brackets, or bare GTIN; `None` when it is none of them.

    A substitute for the separator is accepted only when the whole message then reads.
    """
    if scan.symbology in EAN_SYMBOLOGIES:
        return _read_ean(text, scan)
    obliged = scan.symbology in GS1_SYMBOLOGIES
    plain, noted = _with_separators(text)
    if not plain.strip(GS + " "):
        return Reading(Issuer.GS1, CodeError.EMPTY, 0, *noted) if obliged else None
    reading = _read_plain(plain, text, scan, obliged=obliged)
    if reading is None:
        return None
    if reading.error is CodeError.UNKNOWN_AI and Flag.GS_SUBSTITUTE in noted:
        foreign = _foreign_at(text)
        if foreign is not None:
            # What followed is no element, so the sign was no separator: the text as it came is at fault.
            return Reading(Issuer.GS1, CodeError.BAD_CHARACTER, foreign)
    reading.flags = noted + [flag for flag in reading.flags if flag not in noted]
    if reading.error is None and reading.di is None and not obliged and reading.issuer is Issuer.GS1:
        reading.note(Flag.NO_SYMBOLOGY_ID)
    if "(" in f"{reading.lot}{reading.serial}" and (keeps_bracketed(reading.lot) or keeps_bracketed(reading.serial)):
        reading.note(Flag.LOOKS_LIKE_GS1)
    if noted:
        reading.steps[:0] = [Step(noted[0], plain)]
    return reading


def _read_plain(plain: str, text: str, scan: Scan, *, obliged: bool) -> Reading | None:
    """Reads what is left when separators are separators; `text` is what came."""
    if starts_bracketed(plain):
        return _read_bracketed(plain, scan, obliged)
    if obliged:
        return _read_elements(plain, scan)
    if is_bare_gtin(plain):
        return _bare(plain, Flag.BARE_GTIN)
    if not plain[0].isdigit():
        return None
    reading = _read_elements(plain, scan)
    certain = GS in text or _TOKENS.search(text) is not None
    return reading if certain else _believed(reading, plain)


def _foreign_at(text: str) -> int | None:
    """Where the first sign stands that is no GS1 character and was taken for a separator."""
    return next((at for at, sign in enumerate(text) if sign != GS and sign.translate(_SINGLES) == GS), None)


def _with_separators(text: str) -> tuple[str, list[Flag]]:
    """The text with substitutes made separators and leading ones taken off, and what that took."""
    flags: list[Flag] = []
    plain = _TOKENS.sub(GS, text)
    if plain.lstrip(GS).startswith("[") and starts_bracketed(plain.lstrip(GS)):
        flags.append(Flag.SQUARE_BRACKETS)
        plain = rounded(plain)
    substituted = plain.translate(_SINGLES)
    if substituted.count(GS) != text.count(GS):
        flags.append(Flag.GS_SUBSTITUTE)
    stripped = substituted.lstrip(GS)
    if len(stripped) != len(substituted):
        flags.append(Flag.CARET_FNC1 if text.startswith("^") else Flag.LEADING_GS)
    return stripped, flags


def _read_bracketed(text: str, scan: Scan, obliged: bool) -> Reading:
    reading = read_hri(text, scan)
    if obliged:
        reading.note(Flag.ENCODED_BRACKETS)
    if reading.error is None or Flag.MIXED in reading.flags:
        reading.note(Flag.HRI, reading.canonical or text)
    return reading


def _read_elements(text: str, scan: Scan) -> Reading:
    """Reads an element string with separators; blanks may stand for them."""
    flags: tuple[Flag, ...] = ()
    steps: list[Step] = []
    if " " in text:
        blanks = _blanks(text)
        if blanks is None:
            return Reading(Issuer.GS1, CodeError.BAD_CHARACTER, text.index(" "))
        flags, text = blanks, text.replace(" ", GS)
        steps = [Step(flags[-1], text)]
    elif "(" in text and holds_bracketed(text):
        mixed = read_mixed(text, scan)
        if mixed is not None:
            mixed.note(Flag.MIXED, mixed.canonical)
            return mixed
    found = walk(text)
    if found.error is CodeError.UNKNOWN_AI and text[found.at] == "(" and leaves_a_field_empty(text):
        return Reading(Issuer.GS1, CodeError.BAD_HRI, found.at, Flag.HRI, Flag.MIXED)
    if found.redundant and Flag.STRAY_SPACE not in flags:
        flags = (*flags, Flag.REDUNDANT_SEPARATOR)
    lossless = bool(found.separators) or scan.sends_separators
    suspected, others = (False, ()) if lossless else _suspicion(found, text)
    if found.error is None:
        reading = interpret(found.elements, scan.scanned_on, *flags)
    else:
        reading = Reading(Issuer.GS1, found.error, found.at, *flags)
        reading.before_error = tuple(found.elements)
    reading.steps = steps
    if suspected:
        reading.note(Flag.SUSPECT_MISSING_SEPARATOR)
    reading.alternatives = tuple(as_alternative(other, scan.scanned_on) for other in others)
    return reading


def _suspicion(found: Walk, text: str) -> tuple[bool, tuple[Elements, ...]]:
    """Whether separators may be lost, and the readings that would give."""
    if found.error is None:
        return other_readings(found.elements[:-1], "".join(found.elements[-1])) if found.elements else (False, ())
    if found.error is not CodeError.TOO_LONG:
        return False, ()
    _, others = other_readings(found.elements, text[found.at - 2 :])
    return any(is_strong(other, len(found.elements) + 1) for other in others), others


def as_alternative(elements: Elements, scanned_on: date) -> Reading:
    """One of the other readings of a message that may have lost separators."""
    return interpret(list(elements), scanned_on)


def _blanks(text: str) -> tuple[Flag, ...] | None:
    """What the blanks of a message are; `None` when they are neither layout nor one separator."""
    found = walk(text.replace(" ", GS))
    places = {at for at, character in enumerate(text) if character == " "}
    acting = places - set(found.redundant)
    if found.error is not None or len(acting) > 1:
        return None
    stray = (Flag.STRAY_SPACE,) if len(places) > len(acting) else ()
    return (*stray, Flag.GS_SUBSTITUTE, Flag.SPACE_AS_GS) if acting else stray


def _believed(reading: Reading, text: str) -> Reading:
    """Without a symbology identifier a number is GS1 only when it proves it.

    Proof is a GTIN with its check digit in front, or a date together with a lot or serial; in an internal numbering
    one number in six reads as some element string. Of digits alone a date and a short lot prove nothing: laboratory,
    telephone and account numbers read so. A GTIN in front with a wrong check digit is a misread, never a house number:
    billing it would be worse than refusing it.
    """
    gtin_in_front = text.startswith("01") and len(text) >= _GTIN_END and text[2:_GTIN_END].isdigit()
    if gtin_in_front:
        return reading
    if reading.error is CodeError.TOO_LONG:
        of_a_device = bool(reading.before_error) or text.startswith(_SWALLOWING)
        number = text.isdigit() and Flag.SUSPECT_MISSING_SEPARATOR not in reading.flags
        if of_a_device and not number:
            return reading
        doubted = (Flag.LOOKS_LIKE_GS1,) if any(ai in _CHECKED for ai, _ in reading.before_error) else ()
        return Reading(Issuer.INTERNAL, CodeError.NOT_UDI, None, *doubted)
    if reading.error is None:
        values = dict(reading.elements)
        digits = text.replace(GS, "").replace(" ", "").isdigit()
        unit = any(_is_unit(values[ai], digits=digits) for ai in _PI_UNITS if ai in values)
        if (unit and values.keys() & _PI_DATES) or values.keys() & {"00", "02"}:
            return reading
        return Reading(Issuer.INTERNAL, CodeError.NOT_UDI, None, Flag.LOOKS_LIKE_GS1)
    cut_short = text[:2] in _OF_A_DEVICE and reading.error in _CUT_SHORT
    return Reading(Issuer.INTERNAL, CodeError.NOT_UDI, None, *((Flag.LOOKS_LIKE_GS1,) if cut_short else ()))


def _is_unit(value: str, *, digits: bool) -> bool:
    """Whether a lot or serial beside a date looks like one; of digits alone it is long enough, blanks or not."""
    return value[0].isalnum() and not (digits and len(value) < _PI_DIGITS_MIN)


def is_bare_gtin(text: str) -> bool:
    """Whether a text is 8, 12, 13 or 14 digits with a right check digit."""
    return len(text) in _GTIN_LENGTHS and text.isascii() and text.isdigit() and mod10_is_valid(text)


def _bare(digits: str, *flags: Flag) -> Reading:
    reading = Reading(Issuer.GS1, None, None, *flags)
    reading.di = digits.zfill(14)
    reading.elements = [("01", reading.di)]
    reading.canonical = element_string(reading.elements)
    accept_gtin(reading)
    return reading


def _read_ean(text: str, scan: Scan) -> Reading | None:
    """Reads an EAN, UPC or ITF-14 symbol, perhaps with the composite component that belongs to it."""
    digits, bar, composite = text.partition("|]e0")
    if not (digits.isascii() and digits.isdigit()):
        return Reading(Issuer.GS1, CodeError.NOT_NUMERIC, 0)
    if len(digits) not in _GTIN_LENGTHS:
        return None if scan.symbology == "]I1" else Reading(Issuer.GS1, CodeError.TOO_SHORT, 0)
    if not mod10_is_valid(digits):
        return Reading(Issuer.GS1, CodeError.BAD_CHECK_DIGIT, 0)
    if not bar:
        return _bare(digits, Flag.BARE_GTIN)
    found = walk(composite)
    if found.error is not None:
        return Reading(Issuer.GS1, found.error, len(digits) + len(bar) + found.at, Flag.COMPOSITE)
    elements = [("01", digits.zfill(14)), *found.elements]
    return interpret(elements, scan.scanned_on, Flag.BARE_GTIN, Flag.COMPOSITE)
