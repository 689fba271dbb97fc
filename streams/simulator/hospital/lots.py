"""What lots and serials really look like: dated, weekly, Julian, prefixed, mixed case, with signs, 4 to 20 characters.

A template is text with places: `#` a digit, `@` a capital, `~` a small letter, `*` a capital or digit, and
`%y %m %d %j %V %Y` of the day of manufacture; all else stands for itself. The kinds are those seen on real labels;
none is a real maker's. HIBC has capitals, digits, `-` and `.` alone, MA no `.` either.
"""

import re
from collections.abc import Callable
from datetime import date
from functools import cache
from typing import Final

Kind = tuple[str, str]
"""Name of the kind, and a template."""

LOTS: Final[tuple[Kind, ...]] = (
    ("yymmdd", "%y%m%d"), ("yymmdd", "%y%m%d##"), ("yymmdd", "L%y%m%d"), ("yymmdd", "%y%m%d@"),
    ("yyyymmdd", "%Y%m%d"), ("yyyymmdd", "%Y%m%d##"), ("yyyymmdd", "S%Y%m%d-#"),
    ("julian", "%y%j"), ("julian", "%y%j-##"), ("julian", "@%y%j##"),
    ("week", "%y%V"), ("week", "W%y%V#"), ("week", "%Y%V@"),
    ("prefixed", "10LG%y####"), ("prefixed", "L%y%m###"), ("prefixed", "HC21######"), ("prefixed", "GX######"),
    ("mixed case", "Lot~~##"), ("mixed case", "~@###~@"), ("mixed case", "aB%y####c"),
    ("with signs", "%y-%m-###"), ("with signs", "@##.####"), ("with signs", "LOT_##-##"), ("with signs", "%y%m+###"),
    ("digits", "####"), ("digits", "######"), ("digits", "########"), ("digits", "############"),
    ("alphanumeric", "********"), ("alphanumeric", "@@######"), ("alphanumeric", "@*****"),
    ("long", "##################"), ("long", "%Y%m%d@@########"), ("long", "@@@@%y%m%d##########"),
)  # fmt: skip
SERIALS: Final[tuple[Kind, ...]] = (
    ("digits", "##########"), ("digits", "############"), ("digits", "########"), ("prefixed", "SN########"),
    ("prefixed", "@#########"), ("dated", "%y%m%d#####"), ("dated", "%Y%m%d#######"), ("alphanumeric", "**********"),
    ("with signs", "@@-#######"), ("mixed case", "~@########"), ("long", "####################"), ("short", "@######"),
)  # fmt: skip
_CAPITALS: Final = "ABCDEFGHJKLMNPRSTVWXYZ"
_PLACES: Final = {"#": "0123456789", "@": _CAPITALS, "~": _CAPITALS.lower(), "*": "0123456789" + _CAPITALS}
_PATTERNS: Final = {
    "#": "[0-9]", "@": f"[{_CAPITALS}]", "~": f"[{_CAPITALS.lower()}]", "*": f"[0-9{_CAPITALS}]", "%y": "[0-9]{2}",
    "%Y": "20[0-9]{2}", "%m": "(?:0[1-9]|1[0-2])", "%d": "(?:0[1-9]|[12][0-9]|3[01])", "%j": "[0-3][0-9]{2}",
    "%V": "(?:0[1-9]|[1-4][0-9]|5[0-3])",
}  # fmt: skip
_PIECE: Final = re.compile("%[yYmdjV]|.", re.DOTALL)
_NARROW: Final = {
    "HIBCC": re.compile(r"(?:%[yYmdjV]|[A-Z0-9#@*.-])*"),
    "MA": re.compile(r"(?:%[yYmdjV]|[A-Z0-9#@*-])*"),
}
"""Templates of the issuers that allow less than GS1. References: ANSI/HIBC 2.6, section 2.3; UDI codes of ZIIOT."""
_LENGTHS: Final = {"%Y": 4, "%y": 2, "%m": 2, "%d": 2, "%j": 3, "%V": 2}
_HIBC_MAX: Final = 18


def length_of(template: str) -> int:
    """Characters of every value of the template."""
    return sum(_LENGTHS.get(piece, 1) for piece in _PIECE.findall(template))


@cache
def templates_for(kinds: tuple[Kind, ...], issuer: str) -> tuple[str, ...]:
    """The templates that a maker with codes of the issuer can have."""
    narrow = _NARROW.get(issuer)
    found = (template for _, template in kinds if narrow is None or narrow.fullmatch(template) is not None)
    return tuple(template for template in found if issuer == "GS1" or length_of(template) <= _HIBC_MAX)


def drawn(template: str, made: date, below: Callable[[int], int]) -> str:
    """A value of the template, of goods made on the day; `below(n)` gives a number from 0 to n − 1."""
    return "".join(_drawn(piece, made, below) for piece in _PIECE.findall(template))


def _drawn(piece: str, made: date, below: Callable[[int], int]) -> str:
    if len(piece) > 1:
        return made.strftime(piece)
    choices = _PLACES.get(piece)
    return piece if choices is None else choices[below(len(choices))]


def could_be(template: str, value: str) -> bool:
    """Whether a value is one the template could have made: the judge that is independent of what was learned."""
    return _pattern(template).fullmatch(value) is not None


@cache
def _pattern(template: str) -> re.Pattern[str]:
    return re.compile("".join(_PATTERNS.get(piece, re.escape(piece)) for piece in _PIECE.findall(template)))
