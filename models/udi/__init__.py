"""Unique device identification: reading codes of every issuing agency. See docs/codes.md.

>>> from datetime import date
>>> parse("]d2010703206980498817271231", scanned_on=date(2026, 6, 1)).di
'07032069804988'
"""

from models.udi.dirt import DEFAULT_PROFILE, ScannerProfile
from models.udi.reading import ISSUERS, parse, read_label
from models.udi.values import (
    CHECK_ERRORS,
    LENGTH_MAX,
    UDI_ISSUERS,
    CodeError,
    Flag,
    Issuer,
    Label,
    ParsedCode,
    Precision,
    Step,
)

__all__ = [
    "CHECK_ERRORS",
    "DEFAULT_PROFILE",
    "ISSUERS",
    "LENGTH_MAX",
    "UDI_ISSUERS",
    "CodeError",
    "Flag",
    "Issuer",
    "Label",
    "ParsedCode",
    "Precision",
    "ScannerProfile",
    "Step",
    "parse",
    "read_label",
]
