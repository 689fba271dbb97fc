"""Device identifiers as people and databases write them, in the form in which a scan gives them.

References:
    docs/codes.md, table of fields, `di`. GS1 General Specifications: a GTIN-8, -12 or -13 in 14 digits has leading
    zeros.
"""

import re
from typing import Final

from models.udi.issuers.gs1.as_scanned import is_bare_gtin
from models.udi.values import Issuer

_MA_OPENING: Final = re.compile(r"ma\.[0-9]{3}\.m0\.", re.IGNORECASE | re.ASCII)


def as_scanned(issuer: Issuer, di: str) -> str:
    """The identifier as `parse` gives it; as it came when it is none of that issuer.

    >>> as_scanned(Issuer.GS1, "6901234567892")
    '06901234567892'
    >>> as_scanned(Issuer.HIBCC, "a123bjc5d6e71")
    'A123BJC5D6E71'
    >>> as_scanned(Issuer.MA, "ma.156.m0.100133.12345675")
    'MA.156.M0.100133.12345675'
    """
    if issuer is Issuer.GS1:
        return di.zfill(14) if is_bare_gtin(di) else di
    if issuer is Issuer.HIBCC:
        return di.upper()
    opening = _MA_OPENING.match(di) if issuer is Issuer.MA else None
    return di if opening is None else opening[0].upper() + di[opening.end() :]
