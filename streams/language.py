"""The language people are spoken to in: `--lang`, else `UDI_LANG`, else the locale of their terminal."""

from collections.abc import Mapping
from typing import Final

from models.wording import LOCALES, texts

_CHOSEN: list[str] = [LOCALES[0]]
_NAMES: Final = ("UDI_LANG", "LC_ALL", "LC_MESSAGES", "LANG")
"""As POSIX has it: the first that is set decides."""


def choose(tag: str) -> None:
    """Speak this language from now on.

    Raises:
        ValueError: there are no texts in it.
    """
    found = _known(tag)
    if found is None:
        raise ValueError(f"Expected a language out of {', '.join(LOCALES)}, got {tag!r}.")
    _CHOSEN[0] = found


def choose_by(environment: Mapping[str, str]) -> None:
    """Speak the language of the environment, English when there is none or none that we know."""
    tag = next((environment[name] for name in _NAMES if environment.get(name)), "")
    _CHOSEN[0] = _known(tag) or LOCALES[0]


def language() -> str:
    """The language's tag, one of `LOCALES`."""
    return _CHOSEN[0]


def say(subject: str, table: str, name: str, **values: object) -> str:
    """A text of a subject's file, in the language, with its values filled in.

    Raises:
        KeyError: there is no such text.
    """
    text = texts(f"{subject}.{language()}")[table][name]
    return text.format(**values) if values else text


def _known(tag: str) -> str | None:
    wanted = tag.partition(".")[0].replace("_", "-").lower()
    for each in LOCALES:
        if wanted and (each.lower() == wanted or each.lower().partition("-")[0] == wanted.partition("-")[0]):
            return each
    return None
