"""Files that a person asks for: written where none stands, so nothing that somebody filled in is ever lost."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO

from streams.cli.connection import bad


def expect_new(*files: Path) -> None:
    """Refuse files that exist, before any work is done; pipes and terminals are none.

    Raises:
        typer.Exit: one exists; it has been said.
    """
    for file in files:
        if file.is_file():
            bad(f"Expected a file that does not exist yet, got {file}.")


def write_new(file: Path, content: bytes) -> None:
    """Write a file that does not exist yet.

    Raises:
        typer.Exit: it exists or can't be written; it has been said.
    """
    expect_new(file)
    try:
        file.write_bytes(content)
    except OSError as error:
        bad(f"Expected a file that can be written, got {file}: {error.strerror}.")


@contextmanager
def new_file(file: Path) -> Iterator[BinaryIO]:
    """A file that does not exist yet, to be written part by part; half a file is taken away again.

    Raises:
        typer.Exit: it exists or can't be written; it has been said.
    """
    expect_new(file)
    try:
        with file.open("xb" if not file.exists() else "wb") as opened:
            try:
                yield opened
            except BaseException:
                if file.is_file():
                    file.unlink()
                raise
    except OSError as error:
        bad(f"Expected a file that can be written, got {file}: {error.strerror}.")
