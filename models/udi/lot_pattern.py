"""What a maker's lots (or serials) look like, learned from confirmed scans. A value, small and bounded.

For each length seen: how often, which kinds of character each place held, and the one letter or sign a place always
held. Digits are never taken for constant: a year stays the same only until January.

No source: the model is ours; its two figures are measured by `udi rescue-proof` (docs/codes.md, "Lost separators").
"""

import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from typing import Any, Final

VERSION: Final = 1
"""Of the text form. A reader refuses other versions; a writer always writes this one."""
CONFIRMED_MIN: Final = 8
"""Confirmed labels before any value is said to fit. No source: ours."""
LENGTH_CONFIRMED_MIN: Final = 3
"""Of them, values of the very length. No source: ours."""
CONSTANT_MIN: Final = 16
"""Values before a letter that never changed counts as part of the pattern. No source: ours."""
_COUNT_MAX: Final = 1_000_000
_LENGTH_MAX: Final = 20
_DIGIT, _UPPER, _LOWER, _SIGN = 1, 2, 4, 8
_VARIES: Final = "\0"


@dataclass(frozen=True, slots=True)
class LengthPattern:
    """Values of one length."""

    count: int
    """Confirmed values, 1 to a million."""
    kinds: tuple[int, ...]
    """For each place the kinds seen, added: 1 digit, 2 capital, 4 small letter, 8 sign."""
    constants: str
    """For each place the letter or sign all values held, or NUL."""


Lengths = tuple[tuple[int, LengthPattern], ...]
"""What is known of each length, ascending."""


@dataclass(frozen=True, slots=True)
class LotPattern:
    """The pattern of the lots (or serials) of one identifier. Empty: nothing learned."""

    absent: int = 0
    """Confirmed labels without such a value."""
    lengths: Lengths = ()
    """By length, ascending; lengths 1 to 20."""
    doubted: Lengths = ()
    """The same of labels that were taken as read though they could have lost a separator. They prove nothing for a
    repair; they tell that labels like them are ordinary."""
    doubted_absent: int = 0
    """Such labels without a value."""
    dated: int = 0
    """Labels with an expiry of their own, doubted ones included: nothing that a value swallows takes it away."""
    undated: int = 0
    """Confirmed labels without an expiry. Of doubted ones it is not known: a value may have swallowed it."""

    @property
    def confirmed(self) -> int:
        """Labels learned from."""
        return self.absent + sum(known.count for _, known in self.lengths)

    @property
    def always_dated(self) -> bool:
        """Every label that says so for certain has an expiry."""
        return self.dated >= LENGTH_CONFIRMED_MIN and not self.undated


NO_PATTERN: Final = LotPattern()


def _kind(character: str) -> int:
    if character.isdigit():
        return _DIGIT
    if character.isalpha():
        return _UPPER if character.isupper() else _LOWER
    return _SIGN


def learn(
    pattern: LotPattern | None, value: str | None, *, doubted: bool = False, dated: bool | None = None
) -> LotPattern:
    """The pattern after one more confirmed label.

    Args:
        pattern: What was known; `None` is nothing.
        value: The confirmed lot or serial; `None` when the label has none. Values over 20 characters teach nothing.
        doubted: The label could have lost a separator, and was taken as read because nothing spoke for a loss.
        dated: Whether the label has an expiry; `None` teaches nothing of it.
    """
    pattern = _dated(pattern or NO_PATTERN, dated, doubted=doubted)
    if value is None and doubted:
        return replace(pattern, doubted_absent=min(pattern.doubted_absent + 1, _COUNT_MAX))
    if value is None:
        return replace(pattern, absent=min(pattern.absent + 1, _COUNT_MAX))
    if not 1 <= len(value) <= _LENGTH_MAX:
        return pattern
    lengths = dict(pattern.doubted if doubted else pattern.lengths)
    lengths[len(value)] = _one_more(lengths.get(len(value)), value)
    known = tuple(sorted(lengths.items()))
    return replace(pattern, doubted=known) if doubted else replace(pattern, lengths=known)


def _dated(pattern: LotPattern, dated: bool | None, *, doubted: bool) -> LotPattern:
    if dated:
        return replace(pattern, dated=min(pattern.dated + 1, _COUNT_MAX))
    if dated is None or doubted:
        return pattern
    return replace(pattern, undated=min(pattern.undated + 1, _COUNT_MAX))


def _one_more(known: LengthPattern | None, value: str) -> LengthPattern:
    kinds = tuple(_kind(character) for character in value)
    constants = "".join(_VARIES if kind == _DIGIT else value[at] for at, kind in enumerate(kinds))
    if known is None:
        return LengthPattern(1, kinds, constants)
    return LengthPattern(
        min(known.count + 1, _COUNT_MAX),
        tuple(old | new for old, new in zip(known.kinds, kinds, strict=True)),
        "".join(old if old == new else _VARIES for old, new in zip(known.constants, constants, strict=True)),
    )


def bounded(pattern: LotPattern) -> LotPattern:
    """The pattern without counts that decide nothing any more: `fits` and `is_possible` say the same of every value.

    What is learned on top of it is the same too. It changes a bounded number of times, however many labels come.
    """

    def capped(lengths: Lengths, most: int) -> Lengths:
        return tuple((length, replace(each, count=min(each.count, most))) for length, each in lengths)

    return LotPattern(
        min(pattern.absent, CONFIRMED_MIN),
        capped(pattern.lengths, CONSTANT_MIN),
        capped(pattern.doubted, LENGTH_CONFIRMED_MIN),
        min(pattern.doubted_absent, LENGTH_CONFIRMED_MIN),
        min(pattern.dated, LENGTH_CONFIRMED_MIN),
        min(pattern.undated, 1),
    )


def fits(pattern: LotPattern, value: str | None, confirmed_min: int = CONFIRMED_MIN) -> bool:
    """Whether a value looks like those that were confirmed often enough: `confirmed_min` labels, three alike."""
    if pattern.confirmed < confirmed_min:
        return False
    if value is None:
        return pattern.absent >= LENGTH_CONFIRMED_MIN
    known = dict(pattern.lengths).get(len(value))
    if known is None or known.count < LENGTH_CONFIRMED_MIN:
        return False
    if any(not _kind(character) & kinds for character, kinds in zip(value, _allowed(known.kinds), strict=True)):
        return False
    return known.count < CONSTANT_MIN or all(
        constant in {_VARIES, character} for character, constant in zip(value, known.constants, strict=True)
    )


def _allowed(kinds: tuple[int, ...]) -> tuple[int, ...]:
    """Where half the places hold more than one kind the value is drawn from one alphabet: then each place may."""
    mixed = [kind for kind in kinds if kind not in {_DIGIT, _UPPER, _LOWER, _SIGN}]
    if 2 * len(mixed) < len(kinds):
        return kinds
    alphabet = 0
    for kind in kinds:
        alphabet |= kind
    return (alphabet,) * len(kinds)


def is_possible(pattern: LotPattern, value: str | None) -> bool:
    """Whether a value may be one not seen yet: about the lengths, only the kinds of character. Wider than `fits`.

    A reading that is possible stands against one that fits: the maker may have begun a new series.
    """
    if value is None:
        return pattern.absent > 0 or not pattern.lengths
    if not pattern.lengths:
        return pattern.absent < CONFIRMED_MIN
    shortest, longest = pattern.lengths[0][0], pattern.lengths[-1][0]
    if not shortest - 1 <= len(value) <= longest + 1:
        return False
    kinds = 0
    for _, known in pattern.lengths:
        for kind in known.kinds:
            kinds |= kind
    return all(_kind(character) & kinds for character in value)


def is_ordinary(pattern: LotPattern, value: str | None) -> bool:
    """Whether values like this one were seen often enough on labels that were taken as read, doubted ones included."""
    if value is None:
        return pattern.absent + pattern.doubted_absent >= LENGTH_CONFIRMED_MIN
    alike = [
        known
        for lengths in (pattern.lengths, pattern.doubted)
        for length, known in lengths
        if length == len(value) and all(_kind(value[at]) & kinds for at, kinds in enumerate(known.kinds))
    ]
    return sum(known.count for known in alike) >= LENGTH_CONFIRMED_MIN


def dump(pattern: LotPattern) -> str:
    """The pattern as text (JSON, at most some hundred characters)."""
    body = {"v": VERSION, "absent": pattern.absent, "lengths": _rows(pattern.lengths)}
    if pattern.doubted or pattern.doubted_absent:
        body |= {"doubted_absent": pattern.doubted_absent, "doubted": _rows(pattern.doubted)}
    if pattern.dated or pattern.undated:
        body |= {"dated": pattern.dated, "undated": pattern.undated}
    return json.dumps(body, separators=(",", ":"))


def _rows(lengths: Lengths) -> list[list[object]]:
    return [[length, known.count, list(known.kinds), known.constants] for length, known in lengths]


def load(text: str) -> LotPattern:
    """A pattern from its text.

    Raises:
        ValueError: When the text is of another version or no pattern at all.
    """
    try:
        body = json.loads(text)
        version = body["v"]
        lengths, doubted = _lengths(body["lengths"]), _lengths(body.get("doubted", ()))
        absent, doubted_absent = int(body["absent"]), int(body.get("doubted_absent", 0))
        dated, undated = int(body.get("dated", 0)), int(body.get("undated", 0))
    except (KeyError, TypeError, ValueError) as error:
        raise ValueError(f"Expected a lot pattern, got {text[:80]!r}.") from error
    if version != VERSION:
        raise ValueError(f"Expected lot pattern version {VERSION}, got {version!r}.")
    for length, known in (*lengths, *doubted):
        if not 1 <= length <= _LENGTH_MAX or not length == len(known.kinds) == len(known.constants):
            raise ValueError(f"Expected one kind and one constant for each place, got length {length}.")
    return LotPattern(absent, lengths, doubted, doubted_absent, dated, undated)


def _lengths(rows: Iterable[Sequence[Any]]) -> Lengths:
    return tuple(
        (int(length), LengthPattern(int(count), tuple(int(kind) for kind in kinds), str(constants)))
        for length, count, kinds, constants in rows
    )
