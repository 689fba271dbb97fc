"""The fast path: a clean GS1 element string of ordinary elements, about five microseconds.

Whatever is not entirely clean answers `None` here and takes the patient path of `as_scanned` beside it; both give the
same value for the same text (tests/unit/models/udi/issuers/gs1/test_as_scanned.py).
"""

import re
from datetime import date
from typing import Final

from models.udi.being_read import ValidCode
from models.udi.dates import yymmdd
from models.udi.issuers.gs1.as_scanned import as_alternative
from models.udi.issuers.gs1.elements import walk
from models.udi.issuers.gs1.separators import other_readings
from models.udi.values import Flag, Issuer, ParsedCode, Precision

_CLEAN: Final = re.compile(r"(?:\](?:C1|d2|Q3|J1|e0))?[!\"&'*-;=-?A-Za-z\x1d]{2,500}")
"""Brackets, `<`, `%` and `_` are legal, but they may be notation: the patient path looks."""
_ORDINARY: Final = frozenset({"01", "10", "11", "15", "17", "21", "30", "240", "90", "91", "93"})
_SWALLOWING: Final = frozenset({"10", "21"})
_DAY, _MONTH = Precision.DAY, Precision.MONTH


def parse_clean(raw: str, scanned_on: date) -> ParsedCode | None:
    """The fast path: a clean element string of ordinary elements; `None` sends everything else to the patient path."""
    if _CLEAN.fullmatch(raw) is None:
        return None
    start = 3 if raw[0] == "]" else 0
    elements, separators, redundant, error, _ = walk(raw, start)
    if error is not None or redundant:
        return None
    values = dict(elements)
    if len(values) != len(elements) or not _ORDINARY.issuperset(values):
        return None
    di = values.get("01")
    flags: tuple[Flag, ...] = ()
    if di is None:
        if not start:
            return None
        flags = (Flag.PI_ONLY,)
    elif di == "00000000000000":
        return None
    alternatives: tuple[ParsedCode, ...] = ()
    if not separators and elements[-1][0] in _SWALLOWING:
        suspected, others = other_readings(elements[:-1], "".join(elements[-1]))
        if suspected:
            flags = (*flags, Flag.SUSPECT_MISSING_SEPARATOR)
            alternatives = tuple(as_alternative(other, scanned_on).finish(raw) for other in others)
    year = scanned_on.year
    use_by, made, best = values.get("17"), values.get("11"), values.get("15")
    quantity = values.get("30")
    return ValidCode(
        raw,
        Issuer.GS1,
        di,
        values.get("10"),
        values.get("21"),
        None if use_by is None else yymmdd(use_by, year),
        None if made is None else yymmdd(made, year),
        flags,
        raw[start:],
        None if best is None else yymmdd(best, year),
        None if quantity is None else int(quantity),
        None,
        None,
        tuple(elements),
        raw[:3] if start else None,
        alternatives,
        (),
        None if use_by is None else _MONTH if use_by[4:] == "00" else _DAY,
    ).frozen()
