"""Lost separators: which other readings a message has when the scanner dropped its separators.

Only a message without any separator is suspected: one that arrives proves that the scanner sends them. Then the first
lot or serial has swallowed everything behind it, so only the last value has to be looked at. A reading cuts it into a
shorter value and further elements, none of which was there already. Every reading is bounded: a value longer than a
lot, a serial, four dates and a GTIN together has none.

References:
    docs/codes.md, section "Lost separators". GS1 General Specifications, section 7.8.5, says which values need one.
"""

import re
from typing import Final

from models.udi.issuers.gs1.application_identifiers import RULES
from models.udi.issuers.gs1.elements import value_error

_SWALLOWING: Final = ("10", "21")
_FIXED: Final = ("01", "11", "15", "17")
_VALUE_MAX: Final = 20
_TAIL_MAX: Final = 2 * (2 + _VALUE_MAX) + 3 * 8 + 16
_READINGS_MAX: Final = 24
_INNER: Final = re.compile("(?=01|1[0157]|21)")
_DATE_LIKE: Final = re.compile("(?:11|15|17)[0-9]{4,6}", re.ASCII)
_DATES: Final = frozenset({"11", "15", "17"})

Elements = tuple[tuple[str, str], ...]


def other_readings(elements: list[tuple[str, str]], last: str) -> tuple[bool, tuple[Elements, ...]]:
    """Whether a separator may be missing, and the readings it would give.

    Args:
        elements: The elements in front of the last one.
        last: The last element of a message without separators: identifier and everything behind it.

    Returns:
        Suspected or not, and at most 24 readings (all elements of each), fewest elements first. Suspected without a
        reading: a value that ends like a date which does not exist.
    """
    ai, text = last[:2], last[2:]
    if ai not in _SWALLOWING or _INNER.search(text, 1) is None:
        return False, ()
    used = {element[0] for element in elements} | {ai}
    if "02" in used:
        used.add("01")
    found: list[Elements] = []
    if len(text) <= _TAIL_MAX:
        _cut(ai, text, used, tuple(elements), found)
    found.sort(key=len)
    return bool(found) or _ends_like_a_date(text, used), tuple(found)


def is_strong(reading: Elements, known: int) -> bool:
    """Whether a reading rests on more than a serial of one character."""
    return any(ai in _FIXED or len(value) > 1 for ai, value in reading[known:])


def _ends_like_a_date(text: str, used: set[str]) -> bool:
    return any(
        (match := _DATE_LIKE.match(text, at)) is not None and match.end() == len(text) and text[at : at + 2] not in used
        for at in range(max(1, len(text) - 8), len(text) - 5)
    )


def _cut(ai: str, text: str, used: set[str], front: Elements, found: list[Elements]) -> None:
    """Collects the readings in which the value of `ai` ends somewhere inside `text`."""
    for match in _INNER.finditer(text, 1):
        at = match.start()
        if at > _VALUE_MAX or len(found) >= _READINGS_MAX:
            return
        if text[at : at + 2] in used or RULES[ai].matches(text[:at]) is None:
            continue
        _continue(text[at:], used, (*front, (ai, text[:at])), found)


def _continue(text: str, used: set[str], front: Elements, found: list[Elements]) -> None:
    """Reads elements of predefined length, then at most one more lot or serial."""
    used = set(used)
    while text:
        ai = text[:2]
        if ai in used or (ai not in _FIXED and ai not in _SWALLOWING):
            return
        used.add(ai)
        if ai in _SWALLOWING:
            if RULES[ai].matches(text[2:]) is not None:
                found.append((*front, (ai, text[2:])))
            _cut(ai, text[2:], used, front, found)
            return
        length = RULES[ai].length
        value, text = text[2 : 2 + length], text[2 + length :]
        if value_error(RULES[ai], value) is not None:
            return
        front = (*front, (ai, value))
    found.append(front)
