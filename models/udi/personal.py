"""Numbers of persons that turn up where a code was meant: recognised by their check digit, never shown whole.

References:
    GB 11643-1999, 公民身份号码: region 6, day of birth 8, order 3, check character ISO 7064 MOD 11-2.
"""

import re
from datetime import date
from typing import Final

_SHAPED: Final = re.compile(r"[1-9][0-9]{5}(?:18|19|20)[0-9]{9}[0-9Xx]", re.ASCII)
_BEFORE: Final = r"(?:(?<![0-9])|(?<=\][A-Za-z][0-9])|(?<=\\[0-9]{6}))"
"""No digit, but for the last one of a symbology identifier or of an ECI designator."""
_ANYWHERE: Final = re.compile(
    _BEFORE + r"[1-9][0-9]{5}[ -]?(?:18|19|20)[0-9]{6}[ -]?[0-9]{3}[0-9Xx](?![0-9])", re.ASCII
)
_GROUPED: Final = str.maketrans("", "", " -")
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
    """Whether an identity number stands anywhere in a text, written in one or in its three groups.

    Example:
        >>> holds_identity_number("ID:110103-20101225-0009")
        True
    """
    return any(is_identity_number(match[0].translate(_GROUPED)) for match in _ANYWHERE.finditer(text))


def masked(text: str) -> str:
    """The text with every identity number in it unreadable but for its first digits, for lists and logs.

    Example:
        >>> masked("id 110103201012250009, ]C0110103201012250009")
        'id 110***************, ]C0110***************'
    """
    return _ANYWHERE.sub(lambda match: _masked(match[0]), text)


def _masked(number: str) -> str:
    is_one = is_identity_number(number.translate(_GROUPED))
    return number[:_SHOWN] + "*" * (len(number) - _SHOWN) if is_one else number
