"""The tables of words, by locale: one TOML file a subject and a locale in `models/locales`, found by its name."""

import tomllib
from collections.abc import Mapping
from functools import cache
from importlib.resources import files
from typing import Final

LOCALES = ("en", "zh-CN")
_WORDS: Final[Mapping[str, tuple[str, str, str]]] = {
    "reason": ("", "reason", ""),
    "filed": ("", "filed", ""),
    "verdict": ("web.", "outcome", "verdict_"),
    "action": ("board.", "action", ""),
    "finding": ("board.", "finding", ""),
    "owner": ("board.", "owner", ""),
    "place": ("board.", "place", ""),
    "role": ("board.", "role", ""),
    "command": ("board.", "command", ""),
    "freed": ("desk.", "freed", ""),
    "check": ("desk.", "check", ""),
    "job": ("desk.", "job", ""),
    "fault": ("desk.", "fault", ""),
    "value": ("board.", "value", ""),
    "reopened": ("board.", "reopened", ""),
    "cause": ("desk.", "cause", ""),
    "fix": ("desk.", "fix", ""),
}
"""By what a code says of something: in which file its words are, in which table, and what stands before the code there.

One code means different things in different columns: `expired` of a scan is a reason, of a delivery note a finding.
"""


@cache
def texts(name: str) -> dict[str, dict[str, str]]:
    """The tables of a file: of a locale (`en`), or of a subject in a locale (`cli.en`).

    Raises:
        FileNotFoundError: there is none.
    """
    return tomllib.loads((files("models") / "locales" / f"{name}.toml").read_text(encoding="utf-8"))


@cache
def words_of(what: str, locale: str) -> Mapping[str, str]:
    """The words for the codes of one kind, by code.

    Raises:
        KeyError: there is no kind of this name.
    """
    file, table, prefix = _WORDS[what]
    words = texts(f"{file}{locale}")[table]
    return {code[len(prefix) :]: word for code, word in words.items() if code.startswith(prefix)}


def place_words(place: str, locale: str) -> str:
    """A place of the books (`models.stock.places`): `quarantine/OR-2` with its kind in words; a store as it is."""
    kind, slash, of = place.partition("/")
    return words_of("place", locale).get(kind, kind) + slash + of
