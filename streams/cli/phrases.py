"""What commands say, in the language of whoever asks: the English sentence is the key, its values are `{}`.

A sentence is written once, in English, where it is said. Rules, models and libraries that know no language say theirs
in English, too; what leaves a command is looked up here, as a whole, and its values are found again by the sentence
around them. What has no translation stays as it is: codes, names of options.

What persons have written (a reason, a note, a name) is never looked up: a cell of a table is said in the language only
in a column of codes (`CODED`) or where the command asks for it (`word`, `told_cell`); a sentence has it `as_written`.
"""

import re
from collections.abc import Mapping
from functools import cache
from typing import Any, Final

from models.phrases import MARKS, WRITTEN, book, phrases_of
from models.wording import LOCALES, place_words, words_of
from streams.language import language

__all__ = [
    "CODED", "as_written", "in_each", "phrases_of", "told", "told_cell", "told_heading", "translate", "with_marks",
    "word",
]  # fmt: skip
CODED: Final[Mapping[str, str]] = {
    "action": "action", "cause": "value", "check": "check", "finding": "finding", "findings": "finding",
    "funnel": "value", "is at": "place", "kind": "value", "needs": "value", "moved from": "place", "moved to": "place",
    "outcome": "value", "owner": "owner", "raw bytes": "value", "scope": "value", "state": "value", "status": "value",
    "step": "value", "stopped": "value", "store": "shelf", "verdict": "verdict", "taken from": "place",
    "was at": "place",
}  # fmt: skip
"""Columns of codes by their heading, and the kind of each; every other cell is data, or said by who writes it."""
_HELP_MARKS: Final = (
    (re.compile(r"(?<=  )Show this message and exit\."), "显示本帮助并退出。"),
    (re.compile(r"\[required\]"), "[必填]"),
    (re.compile(r"\[default: ([^\]]*)\]"), r"[默认：\1]"),
)
"""What Click puts behind the text of an option; Chinese is the only other language."""


def told(text: str) -> str:
    """A text of one line or several in the language, blanks at both ends kept; JSON stays what it is."""
    if text.lstrip().startswith("{"):
        return text
    if language() == LOCALES[0] or not text.strip():
        return MARKS.sub("", text)
    said = book(language())
    is_help = text.lstrip().startswith("Usage: ")
    lines = [said.line(each) for each in text.split("\n")]
    return MARKS.sub("", "\n".join(map(with_marks, lines) if is_help else lines))


def as_written(text: str | None) -> str:
    """A person's own words or a name in a sentence: said as they are, whatever phrase they are by chance."""
    return f"{WRITTEN[0]}{MARKS.sub('', text or '')}{WRITTEN[1]}"


def word(code: str | None, kind: str = "value") -> str:
    """A code of ours in the language, by what it says of something (`models.wording.words_of`); English has it."""
    if code is None or language() == LOCALES[0]:
        return code or ""
    if kind in {"place", "shelf"}:
        return place_words(code, language()) if kind == "place" or "/" in code else code
    return words_of(kind, language()).get(code) or (told_cell(code) if kind in {"value", "action"} else code)


def told_cell(text: str) -> str:
    """A text of ours for a cell: a name as pages say it, or a phrase as a whole, or what it was."""
    if language() == LOCALES[0]:
        return MARKS.sub("", text)
    return _names(language()).get(text) or MARKS.sub("", book(language()).whole(text) or text)


def in_each(text: str) -> str:
    """A phrase as a whole in every language, Chinese first, for pages of both; once where there is no translation."""
    said = (text if each == LOCALES[0] else book(each).whole(text) or text for each in reversed(LOCALES))
    return " ".join(dict.fromkeys(said))


def told_heading(text: str, mark: str = "") -> str:
    """The heading of a column; with a mark in front, as figures have, it may have a phrase of its own."""
    if language() == LOCALES[0]:
        return text
    return book(language()).fixed.get(mark + text) or told(text)


def translate(command: Any) -> None:
    """Put the help of a Click command, its options and its subcommands into the language."""
    if language() == LOCALES[0]:
        return
    for each in (command, *getattr(command, "params", ())):
        if getattr(each, "help", None):
            each.help = told(" ".join(each.help.split()))
    for each in getattr(command, "commands", {}).values():
        translate(each)


@cache
def _names(locale: str) -> dict[str, str]:
    """The words that pages have for verdicts, reasons, states and kinds, by their name in JSON.

    Rules keep theirs; a hospital is an owner as often as a scope.
    """
    from models.monitoring.rule import STUDY_RULES  # noqa: PLC0415 -- English never needs it

    others = {row.rule for row in STUDY_RULES} | {"hospital"}
    every = {**words_of("value", locale), **words_of("reason", locale), **words_of("action", locale)}
    return {name: to for name, to in {**every, **words_of("verdict", locale)}.items() if name not in others}


def with_marks(line: str) -> str:
    """A line of a help page with what Click puts behind an option's text in the language."""
    if language() == LOCALES[0]:
        return line
    for mark, to in _HELP_MARKS:
        line = mark.sub(to, line)
    return line
