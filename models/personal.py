"""Numbers of persons that turn up where a code was meant: recognised by their check digit, never shown whole.

References:
    GB 11643-1999, 公民身份号码: region 6, day of birth 8, order 3, check character ISO 7064 MOD 11-2.
"""

import re
from collections.abc import Iterable
from datetime import date
from typing import Final

NUMBER_LENGTH: Final = 18
"""Characters of an identity number; a shorter text holds none."""
_SHAPED: Final = re.compile(r"[1-9][0-9]{5}(?:18|19|20)[0-9]{9}[0-9Xx]", re.ASCII)
_BEFORE: Final = r"(?:(?<![0-9])|(?<=\][A-Za-z][0-9])|(?<=\\[0-9]{6}))"
"""No digit, but for the last one of a symbology identifier or of an ECI designator."""
_ELEMENT: Final = r"(?:10|2[12]|235|24[013]|25[0134]|40[013]|71[0-6]|80(?:02|04|1[023]|20)|9[0-9])?"
"""An application identifier whose value can hold one (GS1 General Specifications, section 3.2)."""
_GAP: Final = "[ .-]{0,2}"
_NUMBER: Final = (
    f"[1-9][0-9]{{5}}{_GAP}(?:(?:18|19|20)[0-9]{{6}}|(?:18|19|20)[0-9]{{2}}{_GAP}[0-9]{{4}}){_GAP}[0-9]{{3}}[0-9Xx]"
    f"|[1-9][0-9]{{3}}{_GAP}[0-9]{{2}}(?:18|19|20){_GAP}[0-9]{{4}}{_GAP}[0-9]{{4}}{_GAP}[0-9][0-9Xx]"
)
"""In one, in its three groups, with the year apart, or in groups of four."""
_ANYWHERE: Final = re.compile(f"{_BEFORE}{_ELEMENT}({_NUMBER})({_NUMBER})?(?![0-9])", re.ASCII)
"""Once, or twice in a row as a scanner sends what it reads twice."""
_GROUPED: Final = str.maketrans("", "", " .-")
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
    """Whether an identity number stands anywhere in a text, in one or in groups, behind an application identifier too.

    Example:
        >>> holds_identity_number("ID:110103-20101225-0009")
        True
        >>> holds_identity_number("91110103201012250009")
        True
    """
    return any(_is_one(number) for found in _ANYWHERE.finditer(text) for number in found.groups() if number)


def masked(text: str, values: Iterable[str | None] = ()) -> str:
    """The text with every identity number in it unreadable but for its first digits, for lists and logs.

    Args:
        text: Any text.
        values: What a code in it says: where one of them is an identity number, it is masked wherever it stands.

    Example:
        >>> masked("id 110103201012250009, ]C0110103201012250009")
        'id 110***************, ]C0110***************'
    """
    for value in values:
        if value is not None and is_identity_number(value):
            text = text.replace(value, _masked(value))
    return _ANYWHERE.sub(_without, text)


def _without(found: re.Match[str]) -> str:
    whole, start = found[0], found.start()
    for number, at in ((found[place], found.start(place) - start) for place in (1, 2) if found[place]):
        if _is_one(number):
            whole = whole[:at] + _masked(number) + whole[at + len(number) :]
    return whole


def _is_one(number: str) -> bool:
    return is_identity_number(number.translate(_GROUPED))


def _masked(number: str) -> str:
    return number[:_SHOWN] + "*" * (len(number) - _SHOWN)
