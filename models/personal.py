"""Numbers of persons that turn up where a code was meant: recognised by their check digit, never shown whole.

References:
    GB 11643-1999, 公民身份号码: region 6, day of birth 8, order 3, check character ISO 7064 MOD 11-2.
"""

import re
from collections.abc import Iterable, Iterator
from datetime import date
from typing import Final

NUMBER_LENGTH: Final = 18
"""Characters of an identity number; a shorter text holds none."""
_REGION: Final = "9?(?:1[1-5]|2[1-3]|3[1-7]|4[1-6]|5[0-4]|6[1-5]|71|8[1-3])"
"""Its province (GB/T 2260), behind a 9 in the number of a foreigner with permanent residence."""
_SHAPED: Final = re.compile(f"(?={_REGION})[0-9]{{6}}(?:18|19|20)[0-9]{{9}}[0-9Xx]", re.ASCII)
_DIGITS: Final = "[1-9]G(?:[0-9]G){5}(?:1G[89]|2G0)G(?:[0-9]G){2}[01]G[0-9]G[0-3]G(?:[0-9]G){4}[0-9Xx]"
"""18 digits with the day of birth in their midst; `G` is what may stand between two."""
_WINDOW: Final = re.compile(_DIGITS.replace("G", r"[\W_]{0,3}"))
"""With up to three signs between: with more, as in an indented JSON list, each number is its own."""
_ESCAPED: Final = re.compile(_DIGITS.replace("G", r"(?:[\W_]|\\[bfnrt]|\\u[0-9A-Fa-f]{4}){0,3}"))
"""The same in a JSON text, where signs are written out."""
_BIRTH: Final = re.compile(r"(?:1[89]|20)[0-9]{2}[01][0-9][0-3][0-9]{4}[0-9Xx]")
"""The part from the day of birth on; most texts have none, and need no closer look."""
_SIGN: Final = re.compile(r"[\W_]+")
_BEFORE: Final = r"(?:(?<![0-9])|(?<=\][A-Za-z][0-9])|(?<=\\[0-9]{6}))"
"""No digit, but for the last one of a symbology identifier or of an ECI designator."""
_ELEMENT: Final = r"0[0-2]|10|2[12]|235|24[013]|25[0134]|40[013]|71[0-6]|80(?:0[24]|1[0-3]|1[78]|20)|9[0-9]"
"""An application identifier whose value can hold one, or begins with one that is too long for it."""
_HEAD: Final = re.compile(f"{_BEFORE}(?:{_ELEMENT}|[0-9])?\\Z")
_HEAD_LENGTH: Final = 12
"""Characters in front that `_HEAD` looks at: an ECI designator, an application identifier, and one more."""
_TAIL: Final = re.compile("[0-9]?(?![0-9])")
"""Digits glued to it: one on either side, or an application identifier. More are a longer number, as any GS1 code."""
_SIGNS: Final = re.compile(r"\\u[0-9A-Fa-f]{4}|[^0-9Xx]")
_WEIGHTS: Final = (7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2)
_CHECK: Final = "10X98765432"
_SHOWN: Final = 3


def is_identity_number(text: str) -> bool:
    """Whether a text is an identity number of a Chinese citizen, by its day of birth and its check character.

    Example:
        >>> is_identity_number("110103201012250009")
        True
        >>> is_identity_number("110103201012250008")
        False
    """
    if _SHAPED.fullmatch(text) is None:
        return False
    try:
        date(int(text[6:10]), int(text[10:12]), int(text[12:14]))
    except ValueError:
        return False
    total = sum(int(digit) * weight for digit, weight in zip(text, _WEIGHTS, strict=False))
    return _CHECK[total % 11] == text[-1].upper()


def holds_identity_number(text: str) -> bool:
    """Whether an identity number stands anywhere in a text, with whatever signs between its digits.

    A digit may be glued to it on either side, an application identifier in front, and another such number.

    Example:
        >>> holds_identity_number("ID:110103-20101225-0009")
        True
        >>> holds_identity_number("91110103201012250009")
        True
    """
    return next(_spans(text), None) is not None


def masked(text: str, values: Iterable[str | None] = ()) -> str:
    """The text with every identity number in it unreadable but for its first digits, for lists and logs.

    Args:
        text: Any text.
        values: What a code in it says: where one of them holds an identity number, it is masked wherever it stands.

    Example:
        >>> masked("id 110103201012250009, ]C0110103201012250009")
        'id 110***************, ]C0110***************'
    """
    for value in values:
        if value is not None and holds_identity_number(value):
            text = text.replace(value, masked(value))
    parts, last = [], 0
    for start, end in _spans(text):
        parts += [text[last : start + _SHOWN], "*" * (end - start - _SHOWN)]
        last = end
    return "".join([*parts, text[last:]]) if parts else text


def _spans(text: str) -> Iterator[tuple[int, int]]:
    """Where identity numbers stand, from left to right; each text is read once, however long."""
    window = _ESCAPED if "\\" in text else _WINDOW
    if len(text) < NUMBER_LENGTH or (window is _WINDOW and _BIRTH.search(_SIGN.sub("", text)) is None):
        return
    at = last = 0
    while (found := window.search(text, at)) is not None:
        start, end = found.span()
        at = start + 1
        if _is_one(found) and (start == last > 0 or _begins(text, start)) and _ends(text, end):
            at = last = end
            yield start, end


def _begins(text: str, start: int) -> bool:
    return _HEAD.search(text[max(0, start - _HEAD_LENGTH) : start]) is not None


def _ends(text: str, end: int) -> bool:
    """No longer number goes on here; another identity number may, as a scanner sends what it reads twice."""
    if _TAIL.match(text, end) is not None:
        return True
    again = _ESCAPED.match(text, end)
    return again is not None and _is_one(again)


def _is_one(found: re.Match[str]) -> bool:
    return is_identity_number(_SIGNS.sub("", found[0]))
