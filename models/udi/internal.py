"""Texts that are no UDI but known: national insurance codes, drug trace codes, web addresses.

References:
    医保医用耗材编码: `C` and 19 digits, with specification 26; 药品追溯码: 20 digits, first 8. docs/codes.md, "China".
"""

import re
from typing import Final

from models.personal import holds_identity_number
from models.udi.being_read import Reading, Scan
from models.udi.issuers.gs1.as_scanned import read_gs1
from models.udi.issuers.gs1.digital_link import is_web_address
from models.udi.values import CodeError, Flag, Issuer

_INSURANCE: Final = re.compile(r"C[0-9]{19}(?:[0-9]{7})?")
_DRUG_TRACE: Final = re.compile(r"8[0-9]{19}")


def read_known_number(text: str, scan: Scan) -> Reading | None:
    """A plain number that must not be taken for elements: a drug trace code (8xxx), an identity number (11, a day)."""
    if scan.symbology is None or not scan.symbology.startswith(("]d2", "]C1", "]Q3")):
        if holds_identity_number(text) and not _is_proven(text, scan):
            return _not_udi(Flag.PERSONAL_NUMBER)
        return _not_udi(Flag.CN_DRUG_TRACE_CODE) if _DRUG_TRACE.fullmatch(text) is not None else None
    return None


def _is_proven(text: str, scan: Scan) -> bool:
    """It reads as a GS1 code that says so itself: by a GTIN with its check digit, or by identifiers in brackets.

    A lot of an item number, a day and a counter has the check character of an identity number in one of eleven.
    """
    reading = read_gs1(text, scan)
    return reading is not None and reading.error is None and (reading.di is not None or Flag.HRI in reading.flags)


def read_internal(text: str, scan: Scan) -> Reading:
    """Whatever no issuer wanted."""
    del scan
    if holds_identity_number(text):
        return _not_udi(Flag.PERSONAL_NUMBER)
    if is_web_address(text):
        return _not_udi(Flag.URL)
    if _INSURANCE.fullmatch(text) is not None:
        return _not_udi(Flag.CN_INSURANCE_CODE)
    return _not_udi()


def _not_udi(*flags: Flag) -> Reading:
    return Reading(Issuer.INTERNAL, CodeError.NOT_UDI, None, *flags)
