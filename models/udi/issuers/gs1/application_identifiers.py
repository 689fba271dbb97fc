"""The GS1 application identifiers, compiled once at import from the table that `biip` ships.

The table is not ours to keep: a new edition of the GS1 General Specifications is a new version of `biip`.

From `biip` we use one public name, `biip.gs1_application_identifiers.GS1ApplicationIdentifier` with its public fields
(`ai`, `data_title`, `separator_required`, `format`, `pattern`), and one private name, `_GS1_APPLICATION_IDENTIFIERS`:
the public `extract` gives one identifier at a time, and asking it ten thousand times would cost a quarter of a second
at every start. The version is therefore pinned to `biip>=5.2,<5.3` in pyproject.toml, and
tests/unit/models/udi/test_application_identifiers.py compares the private table with the public answers.

References:
    GS1 General Specifications, section 3.2 and figure 7.8.5-2 (predefined lengths).
"""

import re
from collections.abc import Callable
from enum import Enum
from typing import Final

from biip.gs1_application_identifiers import _GS1_APPLICATION_IDENTIFIERS, GS1ApplicationIdentifier

from models.udi.check import gmn_is_valid, mod10_is_valid

GS: Final = "\x1d"
"""The separator a reader sends for FNC1."""
CSET82: Final = frozenset("!\"%&'()*+,-./0123456789:;<=>?ABCDEFGHIJKLMNOPQRSTUVWXYZ_abcdefghijklmnopqrstuvwxyz")
"""The characters of element values. References: GS1 General Specifications, figure 7.11-1."""

_CSET82_CLASS: Final = r"[!%-?A-Z_a-z\x22]"
_AMBIGUOUS: Final = rf"(?:{_CSET82_CLASS}|%[0-9A-Fa-f][0-9A-Fa-f]%[0-9A-Fa-f][0-9A-Fa-f])"
"""How the table writes addresses (43xx): `%` fits both branches, so matching could take exponential time. The class
alone accepts the same characters; the length of the format then counts an escape as the characters it is written in."""

_TOKEN = re.compile(r"([NXYZ])(\.\.)?([0-9]+)")

_WHOLE = ("00", "01", "02", "03", "402", "8017", "8018", "410", "411", "412", "413", "414", "415", "416", "417")
_CHECKS: Final[dict[str, Callable[[str], bool]]] = (
    dict.fromkeys(_WHOLE, mod10_is_valid)
    | dict.fromkeys(("8006", "8026", "8003"), lambda value: mod10_is_valid(value[:14]))
    | dict.fromkeys(("253", "255"), lambda value: mod10_is_valid(value[:13]))
    | {"8013": gmn_is_valid, "8014": gmn_is_valid}
)
"""Which values carry a check digit. References: GS1 syntax dictionary, linters `csum` and `csumalpha`."""

_DATED: Final = frozenset({"11", "12", "13", "15", "16", "17"})
_DATED_WITHOUT_DAY_00: Final = frozenset({"7003", "7006", "7007", "4324", "4325", "4326", "7011", "8008"})


class Inner(Enum):
    """What has to be checked inside a value of the right shape."""

    CHECK = "check digit"
    DAY = "day, 00 for the last of the month"
    STRICT_DAY = "day, never 00"


class Rule:
    """How the value of one application identifier is read."""

    __slots__ = ("ai", "check", "inner", "length", "length_max", "length_min", "matches", "numeric", "size")

    def __init__(self, entry: GS1ApplicationIdentifier) -> None:
        self.ai = entry.ai
        self.size = len(entry.ai)
        tokens = _TOKEN.findall(entry.format)[1:]
        optional = "[" in entry.format
        self.length_max = sum(int(digits) for _, _, digits in tokens) or 1
        fixed = [int(digits) for _, dots, digits in tokens if not dots]
        self.length_min = (fixed[0] if optional and fixed else sum(fixed)) or 1
        self.length = 0 if entry.separator_required else self.length_max
        """Predefined length, or 0: then the value ends with a separator."""
        self.numeric = all(kind == "N" for kind, _, _ in tokens) and "[-]" not in entry.format
        pattern = entry.pattern.removeprefix("^" + entry.ai).removesuffix("$").replace(_AMBIGUOUS, _CSET82_CLASS)
        # The table lets a count be empty; the standard does not: a look-ahead asks for one character.
        self.matches = re.compile(f"(?=.){pattern}", re.ASCII).fullmatch
        self.check = _CHECKS.get(entry.ai, _anything)
        self.inner: Inner | None = None
        if entry.ai in _CHECKS:
            self.inner = Inner.CHECK
        elif entry.ai in _DATED:
            self.inner = Inner.DAY
        elif entry.ai in _DATED_WITHOUT_DAY_00:
            self.inner = Inner.STRICT_DAY


def _anything(value: str) -> bool:
    """The check of a value that has none."""
    return bool(value)


RULES: Final[dict[str, Rule]] = {ai: Rule(entry) for ai, entry in _GS1_APPLICATION_IDENTIFIERS.items()}
"""Every assigned application identifier."""

_SIZE: Final[dict[str, int]] = {ai[:2]: len(ai) for ai in RULES}
"""The first two digits say how long an identifier is. References: GS1 General Specifications, section 7.8.1."""


def rule_at(text: str, at: int) -> Rule | None:
    """The rule of the identifier that starts at `at`; `None` when none is assigned."""
    size = _SIZE.get(text[at : at + 2])
    return None if size is None else RULES.get(text[at : at + size])
