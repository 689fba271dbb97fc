"""What a maker's lots (or serials) look like, learned from confirmed scans. A value, small and bounded.

For each length seen: how often, which kinds of character each place held, and the one letter or sign a place always
held. Digits are never taken for constant: a year stays the same only until January.

No source: the model is ours; its two figures are measured by `udi rescue-proof` (docs/codes.md, "Lost separators").
"""

import json
from dataclasses import dataclass, replace
from typing import Final

VERSION: Final = 1
"""Of the text form. A reader refuses other versions; a writer always writes this one."""
CONFIRMED_MIN: Final = 8
"""Confirmed labels before any value is said to fit. No source: ours."""
LENGTH_CONFIRMED_MIN: Final = 3
"""Of them, values of the very length. No source: ours."""
CONSTANT_MIN: Final = 16
"""Values before a letter that never changed counts as part of the shape. No source: ours."""
_COUNT_MAX: Final = 1_000_000
_LENGTH_MAX: Final = 20
_DIGIT, _UPPER, _LOWER, _SIGN = 1, 2, 4, 8
_VARIES: Final = "\0"


@dataclass(frozen=True, slots=True)
class LengthShape:
    """Values of one length."""

    count: int
    """Confirmed values, 1 to a million."""
    kinds: tuple[int, ...]
    """For each place the kinds seen, added: 1 digit, 2 capital, 4 small letter, 8 sign."""
    constants: str
    """For each place the letter or sign all values held, or NUL."""


@dataclass(frozen=True, slots=True)
class LotPattern:
    """The shape of the lots (or serials) of one identifier. Empty: nothing learned."""

    absent: int = 0
    """Confirmed labels without such a value."""
    lengths: tuple[tuple[int, LengthShape], ...] = ()
    """By length, ascending; lengths 1 to 20."""

    @property
    def confirmed(self) -> int:
        """Labels learned from."""
        return self.absent + sum(shape.count for _, shape in self.lengths)


NO_SHAPE: Final = LotPattern()


def _kind(character: str) -> int:
    if character.isdigit():
        return _DIGIT
    if character.isalpha():
        return _UPPER if character.isupper() else _LOWER
    return _SIGN


def learn(shape: LotPattern | None, value: str | None) -> LotPattern:
    """The shape after one more confirmed label.

    Args:
        shape: What was known; `None` is nothing.
        value: The confirmed lot or serial; `None` when the label has none. Values over 20 characters teach nothing.
    """
    shape = shape or NO_SHAPE
    if value is None:
        return replace(shape, absent=min(shape.absent + 1, _COUNT_MAX))
    if not 1 <= len(value) <= _LENGTH_MAX:
        return shape
    lengths = dict(shape.lengths)
    lengths[len(value)] = _one_more(lengths.get(len(value)), value)
    return LotPattern(shape.absent, tuple(sorted(lengths.items())))


def _one_more(known: LengthShape | None, value: str) -> LengthShape:
    kinds = tuple(_kind(character) for character in value)
    constants = "".join(_VARIES if kind == _DIGIT else value[at] for at, kind in enumerate(kinds))
    if known is None:
        return LengthShape(1, kinds, constants)
    return LengthShape(
        min(known.count + 1, _COUNT_MAX),
        tuple(old | new for old, new in zip(known.kinds, kinds, strict=True)),
        "".join(old if old == new else _VARIES for old, new in zip(known.constants, constants, strict=True)),
    )


def bounded(shape: LotPattern) -> LotPattern:
    """The shape without counts that decide nothing any more: `fits` and `is_possible` say the same of every value.

    What is learned on top of it is the same too. It changes a bounded number of times, however many labels come.
    """
    lengths = tuple((length, replace(each, count=min(each.count, CONSTANT_MIN))) for length, each in shape.lengths)
    return LotPattern(min(shape.absent, CONFIRMED_MIN), lengths)


def fits(shape: LotPattern, value: str | None) -> bool:
    """Whether a value looks like those that were confirmed often enough."""
    if shape.confirmed < CONFIRMED_MIN:
        return False
    if value is None:
        return shape.absent >= LENGTH_CONFIRMED_MIN
    known = dict(shape.lengths).get(len(value))
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


def is_possible(shape: LotPattern, value: str | None) -> bool:
    """Whether a value may be one not seen yet: about the lengths, only the kinds of character. Wider than `fits`.

    A reading that is possible stands against one that fits: the maker may have begun a new series.
    """
    if value is None:
        return shape.absent > 0 or not shape.lengths
    if not shape.lengths:
        return shape.absent < CONFIRMED_MIN
    shortest, longest = shape.lengths[0][0], shape.lengths[-1][0]
    if not shortest - 1 <= len(value) <= longest + 1:
        return False
    kinds = 0
    for _, known in shape.lengths:
        for kind in known.kinds:
            kinds |= kind
    return all(_kind(character) & kinds for character in value)


def dump(shape: LotPattern) -> str:
    """The shape as text (JSON, at most a few hundred characters)."""
    rows = [[length, known.count, list(known.kinds), known.constants] for length, known in shape.lengths]
    return json.dumps({"v": VERSION, "absent": shape.absent, "lengths": rows}, separators=(",", ":"))


def load(text: str) -> LotPattern:
    """A shape from its text.

    Raises:
        ValueError: When the text is of another version or no shape at all.
    """
    try:
        body = json.loads(text)
        version = body["v"]
        lengths = tuple(
            (int(length), LengthShape(int(count), tuple(int(kind) for kind in kinds), str(constants)))
            for length, count, kinds, constants in body["lengths"]
        )
        absent = int(body["absent"])
    except (KeyError, TypeError, ValueError) as error:
        raise ValueError(f"Expected a lot shape, got {text[:80]!r}.") from error
    if version != VERSION:
        raise ValueError(f"Expected lot shape version {VERSION}, got {version!r}.")
    for length, known in lengths:
        if not 1 <= length <= _LENGTH_MAX or not length == len(known.kinds) == len(known.constants):
            raise ValueError(f"Expected one kind and one constant for each place, got length {length}.")
    return LotPattern(absent, lengths)
