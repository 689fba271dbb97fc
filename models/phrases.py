"""English sentences in another language: the sentence is the key, its values are `{}` and are found by what is around.

Rules, models and libraries that know no language say theirs in English. What has no translation stays as it is: codes,
names of options, whatever others have written.
"""

import re
from collections.abc import Iterator
from functools import cache, lru_cache
from typing import Final

from models.wording import LOCALES, texts

_SUBJECTS: Final = ("", "codes.", "assessment.")
_OF_PAGES: Final = frozenset({"state", "finding"})
"""Tables of values that mean something else outside of their page."""
_NAMED: Final = re.compile(r"\{(\w+)\}")
_VALUE: Final = re.compile(r"\{(\d?)\}")
_DEPTH_MAX: Final = 4
_NAME: Final = "udi: "
"""What stands in front of every refusal."""
_CAME: Final = ", got "
"""Between what was expected and what came."""
WRITTEN: Final = ("\ue000", "\ue001")
"""Around what a person has written, in a sentence; private characters, which no text that is shown has."""
MARKS: Final = re.compile("[\ue000\ue001]")
"""Either of them."""


class Book:
    """The phrases of a language, those without values in a table, the others as patterns, the longest first."""

    def __init__(self, phrases: dict[str, str]) -> None:
        self.fixed = {key: to for key, to in phrases.items() if "{}" not in key}
        with_values = sorted((key for key in phrases if "{}" in key), key=lambda key: -len(key.replace("{}", "")))
        self._patterns = [(max(key.split("{}"), key=len).strip(), key, phrases[key]) for key in with_values]
        self._with_came = {key.partition(_CAME)[0] for key in phrases if _CAME in key}
        self.line = lru_cache(maxsize=4096)(self._line)

    def whole(self, text: str, depth: int = 0) -> str | None:
        """The phrase that the text is as a whole; `None` when it is none."""
        found = self.fixed.get(text)
        if found is not None or depth > _DEPTH_MAX or " " not in text:
            return found
        said = self._with_what_came(text, depth) or self._fitting(text, depth) or self._fitting_before(text, depth)
        if said is not None:
            return f"{said[:-1]}。" if said.endswith(".") and not said.endswith("..") else said
        # What others name without an end is said as a sentence.
        stem = self.whole(text[:-1], depth + 1) if text.endswith(".") else None
        return None if stem is None else f"{stem}。"

    def _with_what_came(self, text: str, depth: int) -> str | None:
        """What was expected, by a phrase or a figure, and what came behind it; unless both together are a phrase."""
        stem, found, came = text.partition(_CAME)
        value = stem if stem.startswith("'") or not any(map(str.isalpha, stem)) else ""
        said = self.fixed.get(stem, value)
        return self._and(said, came, depth) if found and said and stem not in self._with_came else None

    def _fitting_before(self, text: str, depth: int) -> str | None:
        """What was expected, by a phrase with values, and what came behind it."""
        stem, found, came = text.partition(_CAME)
        said = self._fitting(stem, depth + 1) if found else None
        return None if said is None else self._and(said, came, depth)

    def _and(self, said: str, came: str, depth: int) -> str:
        return f"{said}{self.fixed[_CAME.strip()]} {self._line(came, depth + 1)}"

    def _fitting(self, text: str, depth: int) -> str | None:
        """The text by the longest phrase with values that it fits."""
        for longest, key, to in self._patterns:
            if longest in text and (match := _pattern(key).fullmatch(text)):
                values = [self._line(value, depth + 1) for value in match.groups()]
                places = iter(range(len(values)))
                return _VALUE.sub(lambda each: values[int(each[1] or next(places))], to)  # noqa: B023 -- used at once
        return None

    def _line(self, text: str, depth: int = 0) -> str:
        stripped = text.strip()
        if stripped.startswith(WRITTEN[0]) and stripped.endswith(WRITTEN[1]) and stripped.count(WRITTEN[0]) == 1:
            return text
        if not any(letter.isalpha() and letter.isascii() for letter in stripped):
            return text
        if stripped.startswith(_NAME):
            return text[: text.index(_NAME)] + _NAME + self._line(text.partition(_NAME)[2], depth)
        start, end = text[: len(text) - len(text.lstrip())], text[len(text.rstrip()) :]
        return start + (self.whole(stripped, depth) or self._in_parts(stripped, depth)) + end

    def _in_parts(self, text: str, depth: int) -> str:
        """What stands before a colon is a name, what follows a phrase; or several sentences follow each other."""
        if depth > _DEPTH_MAX:
            return text
        for separator, written in ((": ", ": "), ("; ", "；"), (". ", "。")):
            first, found, rest = text.partition(separator)
            while found:
                before = first + (separator.strip() if separator == ". " else "")
                told_first, told_rest = self.whole(before, depth + 1), self.whole(rest, depth + 1)
                if told_rest is not None or (told_first is not None and separator != ": "):
                    joint = "" if told_first and separator == ". " else written
                    return (told_first or before) + joint + (told_rest or self._line(rest, depth + 1))
                more, found, rest = rest.partition(separator)
                first += separator + more
        return text


@cache
def _pattern(key: str) -> re.Pattern[str]:
    return re.compile("(.*?)".join(map(re.escape, key.split("{}"))), re.DOTALL)


@cache
def book(locale: str) -> Book:
    """The phrases of a locale other than English."""
    return Book(dict(phrases_of(locale)))


def phrases_of(locale: str) -> Iterator[tuple[str, str]]:
    """English and translation of every phrase: texts that both languages have a table of, then those of commands."""
    for subject in _SUBJECTS:
        english, other = texts(f"{subject}{LOCALES[0]}"), texts(f"{subject}{locale}")
        for table, entries in english.items():
            for name, text in entries.items():
                if len(text.strip()) > 1 and table not in _OF_PAGES:
                    yield _with_places(text.strip(), other[table][name].strip())
    for entries in texts(f"phrases.{locale}").values():
        yield from entries.items()


def _with_places(text: str, to: str) -> tuple[str, str]:
    """Values by name as values by place."""
    names = _NAMED.findall(text)
    return _NAMED.sub("{}", text), _NAMED.sub(lambda name: f"{{{names.index(name[1])}}}", to)
