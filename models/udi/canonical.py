"""Writing codes: the text of a symbol from its fields, with check digits; the inverse of reading.

The hospital simulator labels its goods with these functions, and tests hold `parse(write(x)) == x`.
"""

from datetime import date
from typing import Final

from models.udi.check import gtin_check_digit, hibc_check_character, ma_check_digit
from models.udi.issuers.gs1.application_identifiers import CSET82, RULES
from models.udi.issuers.gs1.elements import element_string, value_error

__all__ = [
    "ahm",
    "gs1_element_string",
    "gtin",
    "gtin_check_digit",
    "hibc",
    "hibc_check_character",
    "hibc_primary",
    "hibc_secondary",
    "human_readable",
    "iccbba",
    "ma",
    "ma_check_digit",
    "ma_identifier",
]

_VALUE_MAX: Final = 20
_GTIN_PAYLOAD: Final = 13
_HIBC_UNIT_MAX: Final = 18
_ICCBBA_LOT: Final = 18


def gtin(payload: str) -> str:
    """A GTIN-14 from its first 13 digits.

    Raises:
        ValueError: When `payload` is not 13 ASCII digits.

    Example:
        >>> gtin("0703206980498")
        '07032069804988'
    """
    if len(payload) != _GTIN_PAYLOAD:
        raise ValueError(f"Expected 13 digits, got {len(payload)} characters.")
    return payload + str(gtin_check_digit(payload))


def gs1_element_string(
    di: str,
    lot: str | None = None,
    serial: str | None = None,
    expiry: date | None = None,
    production: date | None = None,
) -> str:
    r"""A GS1 element string in the usual order: identifier, production, expiry, lot, serial.

    Args:
        di: GTIN-14 with its check digit.
        lot: 1 to 20 characters of CSET 82.
        serial: 1 to 20 characters of CSET 82.
        expiry: Last usable day; the reader finds the century back from 49 years before to 50 after the scan.
        production: Day of manufacture.

    Returns:
        The text a reader sends, without symbology identifier, separators as 0x1D.

    Raises:
        ValueError: When a field does not fit its element.

    Example:
        >>> gs1_element_string("07032069804988", lot="A1", serial="7").encode()
        b'010703206980498810A1\x1d217'
    """
    return element_string(_gs1_elements(di, lot, serial, expiry, production))


def human_readable(
    di: str,
    lot: str | None = None,
    serial: str | None = None,
    expiry: date | None = None,
    production: date | None = None,
) -> str:
    """The same with brackets, as printed under the symbol: `(01)…(17)…`. Arguments as for `gs1_element_string`."""
    return "".join(f"({ai}){value}" for ai, value in _gs1_elements(di, lot, serial, expiry, production))


def _gs1_elements(
    di: str, lot: str | None, serial: str | None, expiry: date | None, production: date | None
) -> list[tuple[str, str]]:
    if value_error(RULES["01"], di) is not None:
        raise ValueError(f"Expected a GTIN-14 with its check digit, got {di!r}.")
    elements = [("01", di)]
    if production is not None:
        elements.append(("11", production.strftime("%y%m%d")))
    if expiry is not None:
        elements.append(("17", expiry.strftime("%y%m%d")))
    for ai, value in (("10", lot), ("21", serial)):
        if value is None:
            continue
        if not 1 <= len(value) <= _VALUE_MAX or not CSET82.issuperset(value):
            raise ValueError(f"Expected 1 to 20 characters of CSET 82 for AI {ai}, got {value!r}.")
        elements.append((ai, value))
    return elements


def hibc_primary(lic: str, pcn: str, uom: str | int) -> str:
    """A HIBC primary symbol with its check character.

    Raises:
        ValueError: When a part does not fit: `lic` letter and 3 alphanumerics, `pcn` 1 to 18, `uom` one digit.
    """
    return _checked(_hibc_opening(lic, pcn, uom))


def hibc_secondary(link: str, lot: str | None = None, serial: str | None = None, expiry: date | None = None) -> str:
    """A HIBC secondary symbol that belongs to the primary whose check character is `link`.

    Raises:
        ValueError: When a lot or serial does not fit, or both are absent with the expiry.
    """
    return _checked("+" + "/".join(_hibc_secondary(lot, serial, expiry)) + link)


def hibc(  # noqa: PLR0917 -- the fields of the label in the order of the symbol
    lic: str,
    pcn: str,
    uom: str | int,
    lot: str | None = None,
    serial: str | None = None,
    expiry: date | None = None,
    production: date | None = None,
) -> str:
    """A combined HIBC symbol: primary, secondary, supplements, one check character.

    Raises:
        ValueError: When a part does not fit; see `hibc_primary`; lot and serial 1 to 18 of `A-Z 0-9 - .`.

    Example:
        >>> hibc("A123", "BJC5D6E7", 1, lot="10X3", expiry=date(2020, 1, 15))
        '+A123BJC5D6E71/$$320011510X3B'
    """
    parts = [_hibc_opening(lic, pcn, uom)]
    if lot is not None or serial is not None or expiry is not None:
        parts += _hibc_secondary(lot, serial, expiry)
    if production is not None:
        parts.append(f"16D{production:%Y%m%d}")
    return _checked("/".join(parts))


def _checked(text: str) -> str:
    return text + hibc_check_character(text)


def _hibc_opening(lic: str, pcn: str, uom: str | int) -> str:
    fits = len(lic) == 4 and lic[0].isalpha() and lic.isalnum() and 1 <= len(pcn) <= _HIBC_UNIT_MAX and pcn.isalnum()
    text = f"{lic}{pcn}{uom}"
    if not fits or text != text.upper() or not text.isascii() or not (len(str(uom)) == 1 and str(uom).isdigit()):
        raise ValueError(f"Expected LIC (4), PCN (1 to 18), U/M (a digit) in capitals, got {lic!r}, {pcn!r}, {uom!r}.")
    return "+" + text


def _hibc_unit(value: str) -> str:
    if not 1 <= len(value) <= _HIBC_UNIT_MAX or not set(value) <= set("0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ-."):
        raise ValueError(f"Expected 1 to 18 of A-Z, 0-9, hyphen and full stop, got {value!r}.")
    return value


def _hibc_secondary(lot: str | None, serial: str | None, expiry: date | None) -> list[str]:
    """`$$3` and YYMMDD with an expiry, `$$7` without; the serial alone takes `$$+`, beside a lot the supplement `S`."""
    dated = "7" if expiry is None else f"3{expiry:%y%m%d}"
    if lot is None and serial is not None:
        return [f"$$+{dated}{_hibc_unit(serial)}"]
    if lot is None and expiry is None:
        raise ValueError("Expected a lot, a serial or an expiry, got none.")
    parts = [f"$${dated}{_hibc_unit(lot) if lot is not None else ''}"]
    if serial is not None:
        parts.append(f"S{_hibc_unit(serial)}")
    return parts


def ma_identifier(registrant: str, product: str) -> str:
    """An MA identifier: `product` is level digit and item code, the check digit is added.

    Raises:
        ValueError: When a character has no value in the MA table.

    Example:
        >>> ma_identifier("100472", "1110331")
        'MA.156.M0.100472.11103316'
    """
    text = f"MA.156.M0.{registrant}.{product}"
    return text + str(ma_check_digit(text))


def ma(
    di: str,
    lot: str | None = None,
    serial: str | None = None,
    expiry: date | None = None,
    production: date | None = None,
) -> str:
    """An MA code: the identifier, its production identifiers, and `.C` with their check digit when there are any.

    Raises:
        ValueError: When a character has no value in the MA table.

    Example:
        >>> ma("MA.156.M0.100472.11103316", lot="260101A")
        'MA.156.M0.100472.11103316.L260101A.C3'
    """
    parts = [
        ("S", serial),
        ("M", None if production is None else f"{production:%y%m%d}"),
        ("L", lot),
        ("E", None if expiry is None else f"{expiry:%y%m%d}"),
    ]
    text = "".join(f".{letter}{value}" for letter, value in parts if value is not None)
    return f"{di}{text}.C{ma_check_digit(text)}" if text else di


def iccbba(
    di: str,
    serial: str | None = None,
    lot: str | None = None,
    expiry: date | None = None,
    production: date | None = None,
) -> str:
    """An ICCBBA message: identifier (16 characters), serial (6), expiry, production, lot (padded to 18).

    Raises:
        ValueError: When a field has not its fixed length.
    """
    if len(di) != 16 or (serial is not None and len(serial) != 6) or len(lot or "") > _ICCBBA_LOT:
        raise ValueError(f"Expected 16 characters, 6 and at most 18, got {di!r}, {serial!r}, {lot!r}.")
    text = f"=/{di}"
    if serial is not None:
        text += f"=,{serial}"
    for name, day in (("=>", expiry), ("=}", production)):
        if day is not None:
            text += f"{name}{day.year // 100 % 10}{day:%y%j}"
    return text if lot is None else f"{text}&,1{lot.rjust(_ICCBBA_LOT, '0')}"


def ahm(
    di: str,
    lot: str | None = None,
    serial: str | None = None,
    expiry: date | None = None,
    production: date | None = None,
) -> str:
    """An AHM code in the form the reader knows; the real grammar is not published (`models.udi.issuers.ahm`)."""
    parts = [
        f"BN{lot}" if lot is not None else None,
        f"SN{serial}" if serial is not None else None,
        f"MD{production:%y%m%d}" if production is not None else None,
        f"ED{expiry:%y%m%d}" if expiry is not None else None,
    ]
    return f"MF{di}" + "*".join(part for part in parts if part is not None)
