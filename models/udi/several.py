"""Several symbols in one string: glued by a fast double scan, in lines, or kept apart by tabulators and blanks.

References:
    docs/codes.md, section "Several symbols in one read".
"""

import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from typing import Final

from models.udi.being_read import Reading
from models.udi.check import HIBC_ALPHABET
from models.udi.combine import of_several, of_the_device
from models.udi.dirt import DEFAULT_PROFILE, Cleaned, clean, symbols
from models.udi.issuers.gs1.application_identifiers import CSET82, GS, RULES
from models.udi.issuers.gs1.as_scanned import EAN_SYMBOLOGIES, GS1_SYMBOLOGIES, is_bare_gtin
from models.udi.issuers.gs1.digital_link import is_web_address
from models.udi.issuers.gs1.elements import element_string
from models.udi.values import CodeError, Flag, Issuer, ParsedCode, Step

Reader = Callable[[Cleaned], Reading]
"""Reads one symbol."""

_SYMBOLS_MAX: Final = 8
"""Symbols in one string; more is some document. No source: ours, twice the barcodes of a label."""
_DEVICE: Final = r"(?:\][A-Za-z][0-9A-Za-z]|01[0-9]{14}|[(\[]01[)\]]|\+[A-Z][A-Z0-9]{3}[A-Z0-9]|=/|=\)|MA\.[0-9]{3}\.)"
"""How the symbol of a device identifier begins."""
_OF_A_DEVICE: Final = re.compile(rf"(?<![^ \t]){_DEVICE}")
_BEHIND_BLANK: Final = re.compile(rf"[ \t]++(?={_DEVICE})")
_BLANK: Final = re.compile(r"[ \t]++")
_TABULATORS: Final = re.compile(r"\t++")
_LIKE_A_LOT: Final = re.compile(r"(?=.*[A-Za-z])(?=.*[0-9])[0-9A-Za-z].*")
"""A letter and a digit. No source: ours, so that no time, day, price or dose passes for a lot."""
_NUMBER_MIN: Final = 4
"""Digits of a lot or serial of digits alone, as in `models.udi.issuers.gs1.as_scanned`."""
_LOT_MAX: Final = 20
_GTIN_8: Final = 8
_OF_THE_UNIT: Final = ("lot", "serial", "expiry", "production")
_DOUBTED: Final = frozenset({Flag.LOOKS_LIKE_GS1, Flag.BARE_GTIN})
_UNPROVED: Final = frozenset({Flag.BARE_GTIN, Flag.AHM_UNVERIFIED})
_HIBC: Final = frozenset(HIBC_ALPHABET)


def readings_of(cleaned: Cleaned, read: Reader) -> list[Reading] | None:
    """The symbols of one string, each read; `None` when they are too many to be a label."""
    parts = symbols(cleaned.text)
    if len(parts) > _SYMBOLS_MAX:
        return _of_document(cleaned, parts, read)
    if len(parts) > 1:
        return _of_parts(cleaned, parts, read)
    # Without the echo of an identifier.
    return _apart(cleaned if not parts or parts[0] == cleaned.text else replace(cleaned, text=parts[0]), read)


def joined(raw: str, cleaned: Cleaned, readings: Sequence[Reading]) -> ParsedCode:
    """Symbols that came as one string, read as the codes of one label."""
    codes = [reading.finish(raw) for reading in readings]
    label, used = of_several(codes), of_the_device(codes)
    merged = Reading(label.issuer, CodeError.CONFLICTING_AI if label.conflict else label.error, None)
    merged.flags = list(dict.fromkeys((Flag.CONCATENATED_SCANS, *label.flags)))
    merged.steps = [Step(Flag.CONCATENATED_SCANS, " ".join(symbols(cleaned.text))), *cleaned.steps]
    merged.symbology = cleaned.symbology
    merged.di, merged.lot, merged.serial, merged.uom, merged.link = (
        label.di,
        label.lot,
        label.serial,
        label.uom,
        label.link,
    )
    merged.expiry, merged.production, merged.expiry_precision = label.expiry, label.production, label.expiry_precision
    merged.elements = list(dict.fromkeys(element for code in used for element in code.elements))
    merged.best_before = next((code.best_before for code in used if code.best_before is not None), None)
    merged.quantity = next((code.quantity for code in used if code.quantity is not None), None)
    merged.canonical = _canonical(used)
    return merged.finish(raw)


def _canonical(codes: Sequence[ParsedCode]) -> str | None:
    """One element string of GS1 alone; else the symbols in lines, those of GS1 with an identifier that obliges."""
    if any(code.issuer is not Issuer.GS1 or is_web_address(code.canonical or "") for code in codes):
        lines = (f"{'' if code.issuer is not Issuer.GS1 else ']d2'}{code.canonical}" for code in codes)
        return "\n".join(dict.fromkeys(lines)) or None
    values: dict[str, str] = {}
    for ai, value in (element for code in codes for element in code.elements):
        if ai not in values or (ai == "17" and values[ai].endswith("00")):
            values[ai] = value  # A day says more than the month it lies in.
    return element_string(values.items()) or None


def _of_parts(cleaned: Cleaned, parts: Sequence[str], read: Reader) -> list[Reading]:
    """Parts of one string, each a symbol or several; one that proves nothing may belong to the first."""
    first = clean(parts[0], DEFAULT_PROFILE)
    found = _apart(replace(first, symbology=cleaned.symbology or first.symbology), read)
    # One line of digits may be any number; of several lines that are all elements it may be a lot.
    is_a_unit = _is_a_unit if _are_elements(parts[1:], read) else _is_like_a_lot
    for part in parts[1:]:
        symbol = clean(part, DEFAULT_PROFILE)
        apart = _apart(symbol, read)
        found += apart if len(apart) > 1 else [_belonging(symbol, apart[0], found, read, is_a_unit)]
    found[0].flags = list(dict.fromkeys((*cleaned.flags, *found[0].flags)))
    return found


def _of_document(cleaned: Cleaned, parts: Sequence[str], read: Reader) -> list[Reading] | None:
    """Of many lines, as of an address card, those with the symbol of a device; doubted."""
    lines = [f"{cleaned.symbology or ''}{parts[0]}", *parts[1:]]
    devices = [line for line in lines if _OF_A_DEVICE.search(line) is not None]
    if not 0 < len(devices) <= _SYMBOLS_MAX:
        return None
    found = [reading for line in devices for reading in _apart(clean(line, DEFAULT_PROFILE), read)]
    return [*found, _doubt()] if any(map(_is_proved, found)) else None


def _apart(cleaned: Cleaned, read: Reader) -> list[Reading]:
    """One symbol; or a device and another text that a tabulator or blanks keep apart, when it cannot be read as one.

    A tabulator is in no code. A blank may have been printed in a lot, or stand where a character was misread: then the
    text stays as it is, and cannot be read.
    """
    reading, text = read(cleaned), cleaned.text
    blank = _BLANK.search(text)
    if blank is None:
        return [reading]
    with_its_article = _with_its_article(cleaned, reading, read)
    if with_its_article is not None:
        return with_its_article
    if reading.error is None:
        return _without_strangers(cleaned, reading, read)
    columns = [column for column in _TABULATORS.split(text) if column.strip()]
    if 1 < len(columns) <= _SYMBOLS_MAX:
        found = _in_a_row(cleaned, columns, read)
        if any(_is_proved(each) or Flag.BARE_GTIN in each.flags for each in found):
            return found
    front = read(replace(cleaned, text=text[: blank.start()]))
    behind = None if _is_proved(front) else _BEHIND_BLANK.search(text)
    rest = text[blank.end() :]
    cut = blank if _ends_before(front, rest) or (_is_proved(front) and _proves_itself(rest, front, read)) else behind
    if cut is not None and not _are_elements(_BLANK.split(text[cut.end() :]), read):
        found = _in_a_row(cleaned, (text[: cut.start()], text[cut.end() :]), read)
        if any(_is_proved(each) or _is_article(each) for each in found):
            return [*found, _doubt()]
    return [reading]


def _with_its_article(cleaned: Cleaned, reading: Reading, read: Reader) -> list[Reading] | None:
    """What reads as elements, when one of them is a number that passes as a GTIN: the article the others are of."""
    tokens = _BLANK.split(cleaned.text)
    if reading.di is not None or cleaned.symbology in GS1_SYMBOLOGIES or len(tokens) > _SYMBOLS_MAX:
        return None
    articles = [token for token in tokens if len(token) > _GTIN_8 and is_bare_gtin(token)]
    if len(articles) != 1:
        return None
    found = _in_a_row(cleaned, tokens, read)
    return found if all(each.error is None or Flag.LOOKS_LIKE_GS1 in each.flags for each in found) else None


def _are_elements(tokens: Sequence[str], read: Reader) -> bool:
    """Whether all of several texts are elements: then the blanks between them stood for separators."""
    obliged = (read(Cleaned(token, "]d2", (), ())) for token in tokens)
    return 1 < len(tokens) <= _SYMBOLS_MAX and all(each.error is None and each.di is None for each in obliged)


def _in_a_row(cleaned: Cleaned, parts: Sequence[str], read: Reader) -> list[Reading]:
    found = [read(replace(cleaned, text=parts[0].rstrip(" ")))]
    for part in parts[1:]:
        symbol = clean(part, DEFAULT_PROFILE)
        found.append(_belonging(symbol, read(symbol), found, read, _is_like_a_lot))
    return found


def _without_strangers(cleaned: Cleaned, reading: Reading, read: Reader) -> list[Reading]:
    """A GS1 code in which blanks or tabulators act as separators, without the numbers that are another thing's.

    What proves nothing by itself adds when it can be meant; it is doubted when it does not look like a lot or serial.
    """
    tokens = _BLANK.split(cleaned.text)
    printed = Flag.HRI in reading.flags and Flag.MIXED not in reading.flags
    if reading.issuer is not Issuer.GS1 or reading.di is None or printed or len(tokens) > _SYMBOLS_MAX:
        return [reading]
    strangers: dict[int, Reading] = {}
    for place, token in enumerate(tokens):
        if not token or _OF_A_DEVICE.match(token) or (place and tokens[place - 1].endswith(")")):
            continue
        alone = read(Cleaned(token, None, (), ()))
        if not _DOUBTED.intersection(alone.flags):
            if alone.error is not None and alone.flags:
                strangers[place] = alone  # Known to be no code: an identity number, a web address.
            continue
        units = list(_units(read(Cleaned(token, "]d2", (), ()))))
        if not all(map(_is_a_unit, units)):
            strangers[place] = alone
        elif not units or not all(map(_is_like_a_lot, units)):
            reading.note(Flag.LOOKS_LIKE_GS1)
    if not strangers:
        return [reading]
    rest = " ".join(token for place, token in enumerate(tokens) if place not in strangers)
    device = read(replace(cleaned, text=rest))
    if not _is_proved(device):
        reading.note(Flag.LOOKS_LIKE_GS1)
        return [reading]
    return [device, *strangers.values()]


def _belonging(
    symbol: Cleaned, reading: Reading, before: Sequence[Reading], read: Reader, is_a_unit: Callable[[str], bool]
) -> Reading:
    """A text that proves nothing by itself, read as a part of the GS1 code it stands behind: `10L7`, or a date.

    Alone it would be a house number. It contradicts nothing, its lot or serial looks like one, and it is doubted. A
    symbol with an identifier is what that says, and a number that passes as a GTIN is an article, not a field of its
    own (400, 703x, 9x).
    """
    if (
        symbol.symbology is not None
        or not _DOUBTED.intersection(reading.flags)
        or (reading.error is not None and reading.issuer is not Issuer.INTERNAL)
    ):
        return reading
    obliged = read(replace(symbol, symbology="]d2"))
    fits = obliged.error is None and before[0].issuer is Issuer.GS1
    if not fits or obliged.di is not None or not all(map(is_a_unit, _units(obliged))):
        return reading
    if Flag.BARE_GTIN in reading.flags and not _is_of_the_unit(obliged, before):
        return reading
    for field in _OF_THE_UNIT:
        value = getattr(obliged, field)
        if value is not None and any(getattr(other, field) not in {None, value} for other in before):
            return reading
    obliged.note(Flag.LOOKS_LIKE_GS1)
    obliged.symbology = symbol.symbology
    return obliged


def _is_of_the_unit(obliged: Reading, before: Sequence[Reading]) -> bool:
    """Whether a number that passes as a GTIN may be a lot, serial or date: `17271231`; or any behind its device."""
    says = any(getattr(obliged, field) is not None for field in _OF_THE_UNIT)
    return says and (len(obliged.canonical or "") <= _GTIN_8 or any(other.di is not None for other in before))


def _units(reading: Reading) -> Iterator[str]:
    """Its lot and its serial."""
    return (unit for unit in (reading.lot, reading.serial) if unit is not None)


def _is_like_a_lot(text: str) -> bool:
    return _LIKE_A_LOT.fullmatch(text) is not None


def _is_a_unit(text: str) -> bool:
    return text[0].isalnum() and (not text.isdigit() or len(text) >= _NUMBER_MIN)


def _is_proved(reading: Reading) -> bool:
    """It identifies a device, and not as a bare number that merely passes for one."""
    return reading.error is None and reading.di is not None and not _UNPROVED.intersection(reading.flags)


def _is_article(reading: Reading) -> bool:
    """It is the number of an article symbol, which holds nothing else."""
    return reading.error is None and reading.di is not None and reading.symbology in EAN_SYMBOLOGIES


def _doubt() -> Reading:
    return Reading(Issuer.INTERNAL, CodeError.NOT_UDI, None, Flag.LOOKS_LIKE_GS1)


def _ends_before(reading: Reading, rest: str) -> bool:
    """Whether a device was read in front of a blank, and what follows cannot belong to its last value."""
    if _is_article(reading):
        return True
    if not _is_proved(reading):
        return False
    if reading.issuer is Issuer.HIBCC:
        return not _HIBC.issuperset(rest.upper())
    name, value = reading.elements[-1]
    if reading.issuer is Issuer.ICCBBA or name in {"DI", "C"}:
        return True
    if reading.issuer is Issuer.GS1 and RULES[name].length:
        return True
    # A separator further on proves that the blank stands in a value.
    ended = GS in rest or len(value) + 1 + len(rest) <= _LOT_MAX
    return not ended or not CSET82.issuperset(rest.replace(" ", "").replace(GS, ""))


def _proves_itself(rest: str, front: Reading, read: Reader) -> bool:
    """Whether a text behind a blank is the symbol of a device, or elements behind one of GS1; else a lot goes on."""
    if _OF_A_DEVICE.match(rest) is not None and _is_proved(read(clean(rest, DEFAULT_PROFILE))):
        return True
    obliged = front.symbology in GS1_SYMBOLOGIES or Flag.DIGITAL_LINK in front.flags
    return obliged and read(Cleaned(rest, "]d2", (), ())).error is None
