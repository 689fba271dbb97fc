"""What strangers wrote can't steer a person's terminal, whichever way it is printed."""

import io
import json
import logging
import sys

import pytest
import structlog
import typer

from streams import logs
from streams.cli.shown import Console, print_json, print_table
from streams.visible import VisibleStream, guard_streams, plain

ATTACKS = (
    "\x1b[2J",
    "\x9b31m",
    "\x1b]0;owned\x07",
    "\u202egnp.exe",
    "\u2066x",
    "\x08\x08",
    "\u200b",
    "\x7f",
    "\U000e0041",
)
HARMLESS = ("支架\u3000大", "1\u00a0mm", "−5 °C", "髋")


def steers(text: str) -> list[str]:
    """Characters that a terminal should not get from data."""
    return [each for each in text if not each.isprintable() and each not in "\n\t\u3000\u00a0"]


@pytest.mark.parametrize("attack", ATTACKS)
def test_every_way_of_printing_shows_what_would_steer(
    attack: str, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sys, "stdout", sys.stdout)
    monkeypatch.setattr(sys, "stderr", sys.stderr)
    guard_streams()

    print_table(f"title {attack}", ["name"], [[attack], [f"a{attack}b"]])
    print_json({"name": attack})
    typer.echo(f"said {attack}")
    typer.echo(f"said {attack}", err=True)
    Console(highlight=False).print(f"said {attack}", markup=False)

    out, err = capsys.readouterr()
    assert steers(out) == [] == steers(err)
    start = out.index("{")
    assert json.loads(out[start : out.index("}") + 1]) == {"name": attack}


@pytest.mark.parametrize("text", HARMLESS)
def test_ordinary_text_stays_as_it_is(text: str, capsys: pytest.CaptureFixture[str]) -> None:
    print_table("", ["name"], [[text]])

    assert text in capsys.readouterr().out
    assert plain(text) == text


def test_lines_stay_lines_only_where_they_are_ours() -> None:
    assert plain("a\nb") == "a␊b"
    assert plain("a\n\tb\r", lines=True) == "a\n\tb␍"


def test_the_guard_stands_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "stdout", io.StringIO())
    monkeypatch.setattr(sys, "stderr", io.StringIO())
    guard_streams()
    once = sys.stdout
    guard_streams()

    assert sys.stdout is once
    assert isinstance(sys.stdout, VisibleStream)


def test_colours_of_our_own_come_through(monkeypatch: pytest.MonkeyPatch) -> None:
    out = io.StringIO()
    monkeypatch.setattr(sys, "stdout", out)
    monkeypatch.setattr(sys, "stderr", io.StringIO())
    guard_streams()

    Console(force_terminal=True, color_system="standard", highlight=False).print("[red]x\x1b[0m[/]")

    assert out.getvalue() == "\x1b[31mx␛[0m\x1b[0m\n"


@pytest.mark.parametrize("attack", ATTACKS)
def test_a_log_on_a_terminal_shows_what_would_steer(attack: str, monkeypatch: pytest.MonkeyPatch) -> None:
    class Terminal(io.StringIO):
        def isatty(self) -> bool:
            return True

    err, before = Terminal(), logging.getLogger().handlers[:]
    monkeypatch.setattr(sys, "stderr", err)
    try:
        logs.configure()
        structlog.get_logger("a.new.one").warning(f"event {attack}", detail=attack)
    finally:
        logging.getLogger().handlers[:] = before
        structlog.reset_defaults()

    written = err.getvalue()
    assert "event" in written
    assert attack not in written
