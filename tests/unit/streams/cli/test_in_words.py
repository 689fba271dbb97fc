"""What a person says of a deed is more than blanks: every `--reason` and `--by` that is kept asks for words."""

from collections.abc import Iterator
from typing import Any, Final

import pytest
import typer
from typer.testing import CliRunner

from streams.cli.main import app
from tests.support.every_command import every_command

KEPT: Final = ("--reason", "--by", "--approved-by")
FILTERS: Final = {("held", "--reason"), ("replay", "--reason"), ("differences list", "--reason")}
"""Options that only choose what is listed, or sent again."""
BIND: Final = ("relay bind", "--reason")
"""It may be left out with `--dry-run`, and is looked at by the command itself."""


def options() -> Iterator[tuple[str, str, Any]]:
    for name in every_command():
        command: Any = typer.main.get_command(app)
        for word in name.split():
            command = command.commands[word]
        for each in command.params:
            for option in KEPT:
                if option in each.opts and (name, option) not in {*FILTERS, BIND}:
                    yield name, option, each


def test_every_word_that_is_kept_is_looked_at() -> None:
    found = list(options())
    assert len(found) > 40
    assert [(name, option) for name, option, each in found if each.callback is None] == []


@pytest.mark.parametrize("blank", ["", "  ", "\t"])
@pytest.mark.parametrize(
    "typed",
    [
        ["orders", "close", "OS-1", "--reason"], ["statement", "S1", "2022-06", "--dispute", "Q", "--reason"],
        ["breaker", "open", "IT-1", "--reason"], ["count", "cancel", "C-1", "--reason", "why", "--by"],
    ],
)  # fmt: skip
def test_blanks_are_refused_by_name(typed: list[str], blank: str) -> None:
    for language, expected in (("en", "Expected some words for {}, got only blanks."), ("zh-CN", "{} 须有内容")):
        said = CliRunner().invoke(app, ["--lang", language, *typed, blank])
        assert said.exit_code == 2
        assert expected.format(typed[-1]) in said.output
