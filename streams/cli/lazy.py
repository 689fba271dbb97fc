"""Commands that are loaded when they are asked for: `udi --help` imports none of them, `udi held` no simulator."""

import importlib
from collections.abc import Iterator, MutableMapping
from functools import cache
from typing import Any

import typer
from typer.core import TyperGroup

from streams.cli.commands import COMMANDS, Entry, Panel
from streams.cli.help_page import HelpContext, with_help_page
from streams.cli.phrases import told, translate
from streams.language import language, say


class LazyCommands(MutableMapping[str, Any]):
    """The commands of a table by name, each made at its first look-up."""

    def __init__(self, entries: tuple[Entry, ...]) -> None:
        self._where = {entry.name: entry.where for entry in entries}
        self._made: dict[str, Any] = {}

    def __getitem__(self, name: str) -> Any:
        if name not in self._made:
            self._made[name] = _made(name, self._where[name], language())
        return self._made[name]

    def __setitem__(self, name: str, command: Any) -> None:
        self._made[name] = command

    def __delitem__(self, name: str) -> None:
        del self._where[name]

    def __contains__(self, name: object) -> bool:
        return name in self._where or name in self._made

    def __iter__(self) -> Iterator[str]:
        return iter(self._where)

    def __len__(self) -> int:
        return len(self._where)


class Udi(TyperGroup):
    """`udi`: its commands from the table, its help in panels."""

    context_class = HelpContext

    def __init__(self, **options: Any) -> None:
        options["commands"] = LazyCommands(COMMANDS)
        super().__init__(**options)

    def format_help_text(self, ctx: Any, formatter: Any) -> None:  # noqa: ARG002 -- Click's signature
        """What udi is for, in the language."""
        formatter.write_paragraph()
        with formatter.indentation():
            formatter.write_text(say("cli", "udi", "help"))

    def format_options(self, ctx: Any, formatter: Any) -> None:
        """The panels, then the options."""
        for panel in Panel:
            rows = [(each.name, say("cli", "command", each.name)) for each in COMMANDS if each.panel is panel]
            with formatter.section(say("cli", "panel", panel)):
                formatter.write_dl(rows)
        records = (each.get_help_record(ctx) for each in self.get_params(ctx))
        options = [(record[0], told(" ".join(record[1].split()))) for record in records if record is not None]
        with formatter.section("Options"):
            formatter.write_dl(options)

    def format_epilog(self, ctx: Any, formatter: Any) -> None:  # noqa: ARG002 -- as above
        """How to go on."""
        formatter.write_paragraph()
        formatter.write_text(say("cli", "udi", "more"))


@cache
def _made(name: str, where: str, locale: str) -> Any:  # noqa: ARG001 -- `translate` knows it
    """A command in a language; who calls several in one process has each made once."""
    module, _, attribute = where.partition(":")
    found = getattr(importlib.import_module(module), attribute)
    if isinstance(found, typer.Typer):
        found.rich_markup_mode, found._add_completion = None, False  # noqa: SLF001 -- as `udi` itself has it
        command: Any = typer.main.get_command(found)
    else:
        alone = typer.Typer(add_completion=False, rich_markup_mode=None, pretty_exceptions_enable=False)
        alone.command(name)(found)
        command = typer.main.get_command(alone)
    command.name = name
    translate(command)
    with_help_page(command)
    return command
