"""The commands `udi parse` and `udi label`: codes in, readings or symbols out.

References:
    docs/contract.md, section "Commands".
"""

import json
import sys
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import replace
from datetime import UTC, date, datetime
from enum import StrEnum
from pathlib import Path
from typing import Annotated, Any, BinaryIO, Final

import orjson
import typer
from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn

from models.personal import NUMBER_LENGTH, is_identity_number, masked
from models.udi import ParsedCode, parse
from streams.cli.codes.explain import explain
from streams.cli.codes.symbol import Carrier, png, svg
from streams.cli.new_files import expect_new, write_new
from streams.cli.shown import Console, safe_json

_LINE_MAX: Final = 8192
"""Bytes of a line that are read; a code of 512 characters has fewer, escaped in JSON too."""
_TICK: Final = 20_000


class Language(StrEnum):
    """Languages of explanations."""

    EN = "en"
    ZH_CN = "zh-CN"


class BadInput(Exception):  # noqa: N818 -- it is said to a person as it stands
    """The input is not what the command reads; the message says line, what was expected and what came."""


def row(code: ParsedCode) -> dict[str, Any]:
    """A reading as the JSON object that `udi parse` prints."""
    return {
        "issuer": code.issuer,
        "di": code.di,
        "lot": code.lot,
        "serial": code.serial,
        "expiry": code.expiry,
        "production": code.production,
        "valid": code.valid,
        "error": code.error,
        "flags": code.flags,
        "canonical": code.canonical,
        "raw": code.raw,
        "best_before": code.best_before,
        "quantity": code.quantity,
        "uom": code.uom,
        "link": code.link,
        "symbology": code.symbology,
        "expiry_precision": code.expiry_precision,
        "elements": code.elements,
        "alternatives": [
            {
                "di": other.di,
                "lot": other.lot,
                "serial": other.serial,
                "expiry": other.expiry,
                "production": other.production,
                "canonical": other.canonical,
            }
            for other in code.alternatives
        ],
    }


def as_line(code: ParsedCode, *, clear: bool = False) -> bytes:
    """The JSON line of a reading, with its end; an identity number in it can be read only when `clear`."""
    try:
        line = orjson.dumps(row(code), option=orjson.OPT_APPEND_NEWLINE)
    except TypeError:
        # A lone surrogate is no Unicode text; the standard library writes it as an escape.
        line = json.dumps(row(code), default=str).encode() + b"\n"
    if clear or len(code.raw) < NUMBER_LENGTH:
        return line
    return masked(line.decode(), (value for _, value in code.elements)).encode()


def _lines(stream: BinaryIO) -> Iterator[bytes]:
    """Lines without their end. What is beyond the longest line is skipped: no input can fill the memory."""
    while line := stream.readline(_LINE_MAX):
        ended = line.endswith(b"\n")
        rest = line
        while not ended and (rest := stream.readline(_LINE_MAX)):
            ended = rest.endswith(b"\n")
        yield line.rstrip(b"\r\n")


def _text(line: bytes) -> str | bytes:
    try:
        return line.decode()
    except UnicodeDecodeError:
        return line


def _request(line: bytes, number: int, scanned_on: date) -> tuple[str | None, date]:
    """A JSON line: `raw`, and `scanned_on` when it is not that of the command."""
    try:
        body = json.loads(line)
    except (ValueError, RecursionError):
        raise BadInput(f"Line {number}: expected a JSON object, got {line[:60]!r}.") from None
    if not isinstance(body, dict) or not isinstance(body.get("raw"), str | None) or "raw" not in body:
        raise BadInput(f'Line {number}: expected {{"raw": "…"}}, got {line[:60]!r}.')
    day = body.get("scanned_on")
    if day is None:
        return body["raw"], scanned_on
    try:
        return body["raw"], date.fromisoformat(day)
    except (TypeError, ValueError):
        raise BadInput(f"Line {number}: expected scanned_on as YYYY-MM-DD, got {day!r}.") from None


def readings(stream: BinaryIO, *, jsonl: bool, scanned_on: date) -> Iterator[ParsedCode]:
    """A reading for every line, in order.

    Args:
        stream: Plain lines, or JSON lines.
        jsonl: Which of them.
        scanned_on: The day of the scan where a line does not say.

    Raises:
        BadInput: When a JSON line is none.
    """
    for number, line in enumerate(_lines(stream), 1):
        if jsonl:
            raw, day = _request(line, number, scanned_on)
            yield parse(raw, scanned_on=day)
        else:
            yield parse(_text(line), scanned_on=scanned_on)


def parse_command(
    file: Annotated[str, typer.Argument(help="File with one code per line; - is standard input.")] = "-",
    *,
    jsonl: Annotated[bool, typer.Option("--jsonl", help='Lines are {"raw": "…", "scanned_on": "2026-06-01"}.')] = False,
    explaining: Annotated[bool, typer.Option("--explain", help="Explain each code step by step.")] = False,
    lang: Annotated[Language, typer.Option(help="Language of explanations.")] = Language.EN,
    clear: Annotated[bool, typer.Option("--clear", help="Identity numbers of persons in clear.")] = False,
    scanned_on: Annotated[
        datetime | None, typer.Option(formats=["%Y-%m-%d"], help="Day of the scans; today when not given.")
    ] = None,
) -> None:
    """Read codes of every issuer: one JSON line for each line of input."""
    day = scanned_on.date() if scanned_on is not None else datetime.now(tz=UTC).astimezone().date()
    with ExitStack() as stack:
        stream = sys.stdin.buffer if file == "-" else stack.enter_context(_open(file))
        progress = stack.enter_context(_progress())
        task = progress.add_task("codes", total=None)
        try:
            for number, code in enumerate(readings(stream, jsonl=jsonl, scanned_on=day), 1):
                _print(code if clear else _unpersonal(code), lang, explaining=explaining, clear=clear)
                if number % _TICK == 0:
                    progress.update(task, completed=number)
        except BadInput as error:
            sys.stdout.flush()
            typer.echo(str(error), err=True)
            raise typer.Exit(2) from None


def _unpersonal(code: ParsedCode) -> ParsedCode:
    """Without the other readings of a value that is an identity number: they would show its parts."""
    personal = any(is_identity_number(value) for _, value in code.elements)
    return replace(code, alternatives=()) if personal and code.alternatives else code


def _print(code: ParsedCode, lang: Language, *, explaining: bool, clear: bool) -> None:
    if explaining:
        text = masked("\n".join([*explain(code, lang), "", ""]), (value for _, value in code.elements))
        sys.stdout.buffer.write(text.encode("utf-8", errors="backslashreplace"))
    elif sys.stdout.isatty():
        sys.stdout.buffer.write(safe_json(as_line(code, clear=clear).decode()).encode())
    else:
        sys.stdout.buffer.write(as_line(code, clear=clear))


def _open(file: str) -> BinaryIO:
    try:
        return Path(file).open("rb")
    except OSError as error:
        typer.echo(f"Expected a file that can be read, got {file}: {error.strerror}.", err=True)
        raise typer.Exit(2) from None


def _progress() -> Progress:
    """Shown on a terminal only: a pipe gets no control sequences."""
    console = Console(stderr=True)
    columns = (TextColumn("{task.description}"), BarColumn(), TextColumn("{task.completed:,}"), TimeElapsedColumn())
    return Progress(*columns, console=console, transient=True, disable=not console.is_terminal)


def label_command(
    text: Annotated[str, typer.Argument(help="The code: element string, (01)… with brackets, HIBC, ISBT 128, MA.")],
    output: Annotated[Path, typer.Option("--output", "-o", help="File to write; .svg or .png decides the form.")],
    *,
    carrier: Annotated[Carrier, typer.Option(help="Kind of symbol.")] = Carrier.DATAMATRIX,
    scale: Annotated[int, typer.Option(min=1, max=20, help="Pixels of a module.")] = 4,
) -> None:
    """Draw the symbol of a code. A code that is not valid is not drawn: exit 1."""
    if output.suffix not in {".svg", ".png"}:
        typer.echo(f"Expected a file that ends in .svg or .png, got {output.name}.", err=True)
        raise typer.Exit(2)
    expect_new(output)
    code = parse(text, scanned_on=datetime.now(tz=UTC).astimezone().date())
    try:
        drawn = svg(code, carrier, scale).encode() if output.suffix == ".svg" else png(code, carrier, scale)
    except ValueError as error:
        typer.echo(str(error), err=True)
        raise typer.Exit(1) from None
    write_new(output, drawn)
