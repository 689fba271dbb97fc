"""The command `udi`. Which commands there are: `streams.cli.commands`; each is loaded when it is asked for.

Exit status: 0 done, 1 the answer is "no", 2 bad use or bad input (docs/contract.md, "Commands").
"""

import os
import sys
from pathlib import Path
from typing import Annotated

import typer

from streams import language
from streams.cli.lazy import Udi
from streams.cli.phrases import told
from streams.visible import guard_streams

app = typer.Typer(
    cls=Udi,
    name="udi",
    no_args_is_help=True,
    add_completion=False,
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
)


def _lang(value: str | None) -> str | None:
    guard_streams(told)
    try:
        language.choose_by(os.environ) if value is None else language.choose(value)
    except ValueError as error:
        raise typer.BadParameter(str(error)) from None
    return value


Config = Annotated[Path | None, typer.Option("--config", help="TOML file with settings.", envvar="UDI_CONFIG")]
Lang = Annotated[
    str | None,
    typer.Option(help="Language: en or zh-CN; unset: that of the terminal.", is_eager=True, callback=_lang),
]


@app.callback()
def _before(config: Config = None, lang: Lang = None) -> None:  # noqa: ARG001 -- `_lang` has taken it
    """Read the configuration, and speak the language of whoever asks."""
    if config is not None:
        os.environ["UDI_CONFIG"] = str(config)


def main() -> None:
    """Entry point: what a person did wrong, and what is away, is one line and exit status 2."""
    try:
        app()
    except KeyboardInterrupt:
        sys.exit(130)
    except BrokenPipeError:
        # Whoever read our output has seen enough (`udi held | head`); the interpreter must not complain on its way out.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        sys.exit(1)
    except Exception as error:
        from streams.cli.faults import sentence  # noqa: PLC0415 -- what may be away is known only to those who asked it

        line = sentence(error)
        if line is None:
            raise
        sys.stderr.write(f"udi: {line}\n")
        sys.exit(2)
