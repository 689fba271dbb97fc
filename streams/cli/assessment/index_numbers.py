"""Numbers as published tables write them: marks for decimals and thousands, per cent, means with their spread."""

import math
import re
import unicodedata
from collections.abc import Iterable
from typing import Final

from streams.cli.loading.grids import Cell

POINT: Final = "."
COMMA: Final = ","
_FOOTNOTE: Final = re.compile(r"[*†‡§¶#\u00b9\u00b2\u00b3\u2070-\u2079\u2460-\u2473]+$")
_SIGNS: Final = str.maketrans({"−": "-", "–": "-"})
_BLANKS: Final = re.compile(r"(?<!\d)\s|\s(?!\d)|(?<=\d)[\s'’](?=\d{3}(?!\d))")
"""Blanks around signs, and what stands between thousands in some countries."""
_MONEY: Final = re.compile(r"^[¥$€]|(?:元|CNY)$")
_SHARES: Final = {"%": 100, "‰": 1000}
_FRONT: Final = re.compile(r"^(?P<front>[^±(\[]+?)(?P<spread>±.+|[(\[][^()\[\]]*[,;~-][^()\[\]]*[)\]])$")
_NUMBER: Final = re.compile(r"[+-]?(\d+(\.\d*)?|\.\d+)(e[+-]?\d+)?", re.IGNORECASE)
_EVIDENCE: Final = {
    POINT: re.compile(r"[+-]?(\d*\.\d{1,2}|\d*\.\d{4,}|0*\.\d+|\d{4,}\.\d*|\d{1,3}(,\d{3})+\.\d*|\d{1,3}(,\d{3}){2,})"),
    COMMA: re.compile(r"[+-]?(\d*,\d{1,2}|\d*,\d{4,}|0*,\d+|\d{4,},\d*|\d{1,3}(\.\d{3})+,\d*|\d{1,3}(\.\d{3}){2,})"),
}
"""Texts that can be read with one mark for decimals only. `1,530` and `1.530` are not among them."""
_THOUSANDS: Final = {
    POINT: re.compile(r"[+-]?\d{1,3}(,\d{3})+(\.\d*)?"),
    COMMA: re.compile(r"[+-]?\d{1,3}(\.\d{3})+(,\d*)?"),
}
_EITHER: Final = re.compile(r"[+-]?\d{1,3}[.,]\d{3}")


def marks_of(cells: Iterable[Cell]) -> frozenset[str]:
    """The marks for decimals that a table is seen to use; empty when no cell shows one.

    >>> sorted(marks_of(["1.530,5", "12"])), sorted(marks_of(["1,530"])), sorted(marks_of(["3,5", "4.7"]))
    ([','], [], [',', '.'])
    """
    bodies = {_parts(cell)[0] for cell in cells if isinstance(cell, str)}
    return frozenset(mark for mark, form in _EVIDENCE.items() if any(form.fullmatch(each) for each in bodies))


def number_of(cell: Cell, marks: frozenset[str] = frozenset()) -> float | None:
    """A finite number; `None` when the cell holds none, or one that can be read in two ways.

    Of a mean ± SD and of a median with quartiles it is what stands in front. Texts that show their mark are read by it.
    `1,530` is read by the mark that other cells show; when none does, a comma parts thousands and a point decimals.

    >>> number_of("32,5 %"), number_of("1 530,25"), number_of("15 300 ± 200"), number_of("5.0 [3.0, 7.0]")
    (0.325, 1530.25, 15300.0, 5.0)
    >>> number_of("1,530"), number_of("1,530", frozenset(",")), number_of("1,530", frozenset(",.")), number_of("NaN")
    (1530.0, 1.53, None, None)
    """
    if isinstance(cell, int | float) and not isinstance(cell, bool):
        return float(cell) if math.isfinite(cell) else None
    if not isinstance(cell, str):
        return None
    body, divisor, _ = _parts(cell)
    mark = next((each for each, form in _EVIDENCE.items() if form.fullmatch(body)), None)
    if mark is None:
        if len(marks) > 1 and is_either(cell):
            return None
        mark = COMMA if marks == {COMMA} else POINT
    if _THOUSANDS[mark].fullmatch(body):
        body = body.replace(COMMA if mark == POINT else POINT, "")
    body = body.replace(COMMA, POINT) if mark == COMMA else body
    number = float(body) if _NUMBER.fullmatch(body) else math.nan
    return number / divisor if math.isfinite(number) else None


def is_either(cell: Cell) -> bool:
    """Whether a text like `1,530` is a thousand and a half, or one and a half."""
    body = _parts(cell)[0] if isinstance(cell, str) else ""
    return _EITHER.fullmatch(body) is not None and not any(form.fullmatch(body) for form in _EVIDENCE.values())


def is_share(cell: Cell) -> bool:
    """Whether a text says its own unit: per cent or per mille."""
    return isinstance(cell, str) and _parts(cell)[1] != 1


def spread_of(cell: Cell) -> str:
    """What stands behind the number: `SD`, `quartiles`, or nothing."""
    return _parts(cell)[2] if isinstance(cell, str) else ""


def _parts(text: str) -> tuple[str, int, str]:
    """(number as it is written, what it is divided by, kind of spread behind it)."""
    plain = unicodedata.normalize("NFKC", _FOOTNOTE.sub("", text.strip())).translate(_SIGNS)
    plain = _BLANKS.sub("", plain.replace("+/-", "±"))
    spread = ""
    if found := _FRONT.match(plain):
        plain, spread = found["front"], "SD" if found["spread"].startswith("±") else "quartiles"
    plain = _MONEY.sub("", plain)
    divisor = _SHARES.get(plain[-1:], 1)
    return plain[:-1] if divisor != 1 else plain, divisor, spread
