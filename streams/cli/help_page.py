"""Help pages as a terminal shows them: a full-width character takes two columns, and no text of a subcommand is cut.

Their context knows what a command was given, too, for what every command does alike.
"""

import re
import unicodedata
from collections.abc import Callable, Sequence
from contextvars import ContextVar
from typing import Any, Final

import typer
from typer.core import TyperCommand

from streams.cli.phrases import with_marks

_Formatter: Final[Any] = TyperCommand.context_class.formatter_class
_SECOND: Final = "\x00"
"""Stands for the second column of a character while a text is laid out, and is never shown."""


class _WideFormatter(_Formatter):  # type: ignore[misc]  # Typer gives the class of its own Click no public name
    """Typer's formatter counts characters; here a full-width one is two while lines are broken."""

    def write_text(self, text: str) -> None:
        """A paragraph."""
        super().write_text(_columns(text))

    def write_dl(self, rows: Sequence[tuple[str, str]], **widths: int) -> None:
        """Names, and what they are."""
        room = self.width - self.current_indent
        super().write_dl([(_folded(_columns(name), room), _columns(with_marks(text))) for name, text in rows], **widths)

    def getvalue(self) -> str:
        """The page."""
        page: str = super().getvalue()
        return page.replace(_SECOND, "")


class HelpContext(typer.Context):
    """A context whose help page knows full-width characters."""

    formatter_class = _WideFormatter

    def invoke(self, callback: Callable[..., Any], /, *args: Any, **given: Any) -> Any:
        """Do what a command does; `hospitals_given` tells it what it was given."""
        forms = {each.name: each.param_type_name for each in self.command.params}
        named = given.get("hospital") or ()
        form = "--hospital" if forms.get("hospital") == "option" else "HOSPITAL"
        _HOSPITALS.set(tuple((form, name) for name in ((named,) if isinstance(named, str) else named)))
        return super().invoke(callback, *args, **given)


_HOSPITALS: Final[ContextVar[tuple[tuple[str, str], ...]]] = ContextVar("hospitals", default=())


def hospitals_given() -> tuple[tuple[str, str], ...]:
    """The hospitals that the command at work was given: how the option or argument is called, and each name."""
    return _HOSPITALS.get()


def with_help_page(command: Any) -> None:
    """Give a command and its subcommands the help page."""
    command.context_class = HelpContext
    for each in getattr(command, "commands", {}).values():
        each.short_help = " ".join((each.help or "").split())
        with_help_page(each)


def _folded(name: str, room: int) -> str:
    """A name with many choices, on several lines when one does not hold it."""
    lines = [""]
    for part in re.split(r"(?<=\|)", name):
        if len(lines[-1]) + len(part) > room:
            lines.append(" " * 6)
        lines[-1] += part
    return "\n".join(lines)


def _columns(text: str) -> str:
    return "".join(each + _SECOND if unicodedata.east_asian_width(each) in "WF" else each for each in text)
