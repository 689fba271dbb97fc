"""What commands say, in the language of whoever asks: the English sentence is the key, its values are `{}`.

A sentence is written once, in English, where it is said. Rules, models and libraries that know no language say theirs
in English, too; what leaves a command is looked up here, as a whole, and its values are found again by the sentence
around them. What has no translation stays as it is: codes, names of options, whatever others have written.
"""

import re
from functools import cache
from typing import Any, Final

from models.phrases import book, phrases_of
from models.wording import LOCALES, texts
from streams.language import language

__all__ = ["in_each", "phrases_of", "told", "told_cell", "told_heading", "translate", "with_marks"]


_HELP_MARKS: Final = (
    (re.compile(r"(?<=  )Show this message and exit\."), "显示本帮助并退出。"),
    (re.compile(r"\[required\]"), "[必填]"),
    (re.compile(r"\[default: ([^\]]*)\]"), r"[默认：\1]"),
)
"""What Click puts behind the text of an option; Chinese is the only other language."""


def told(text: str) -> str:
    """A text of one line or several in the language, blanks at both ends kept; JSON stays what it is."""
    if language() == LOCALES[0] or not text.strip() or text.lstrip().startswith("{"):
        return text
    said = book(language())
    is_help = text.lstrip().startswith("Usage: ")
    lines = [said.line(each) for each in text.split("\n")]
    return "\n".join(map(with_marks, lines) if is_help else lines)


def told_cell(text: str) -> str:
    """A cell of a table: a name of ours as pages say it, or a phrase as a whole, or what it was."""
    if language() == LOCALES[0]:
        return text
    return _names(language()).get(text) or book(language()).whole(text) or text


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
    web, board = texts(f"web.{locale}"), texts(f"board.{locale}")
    verdicts = {name.removeprefix("verdict_"): to for name, to in web["outcome"].items()}
    actions = {name[len("action_") :]: to for name, to in web["terminal"].items() if name.startswith("action_")}
    from models.monitoring.rule import STUDY_RULES  # noqa: PLC0415 -- English never needs it

    others = {row.rule for row in STUDY_RULES} | {"hospital"}
    words = board["value"] | texts(locale)["reason"] | actions | verdicts
    return {name: to for name, to in words.items() if name not in others}


def with_marks(line: str) -> str:
    """A line of a help page with what Click puts behind an option's text in the language."""
    if language() == LOCALES[0]:
        return line
    for mark, to in _HELP_MARKS:
        line = mark.sub(to, line)
    return line
