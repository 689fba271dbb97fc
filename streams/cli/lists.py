"""What a list gives besides the table on a terminal and JSON: a file for a spreadsheet."""

import functools
import inspect
import re
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from decimal import Decimal
from pathlib import Path
from typing import Annotated, Any, Final, TypeVar

import orjson
import typer

from streams.cli.connection import read_settings
from streams.cli.new_files import expect_new, write_new
from streams.cli.shown import given_to
from streams.language import say

T = TypeVar("T")
STDOUT: Final = "-"
_AMOUNT: Final = re.compile(r"-?[0-9]{1,15}\.[0-9]{2,4}")
"""JSON has amounts as text; a spreadsheet must be able to add them up."""
Csv = Annotated[str | None, typer.Option("--csv", metavar="FILE|-", help="Write the list there as CSV, everything.")]
Xlsx = Annotated[Path | None, typer.Option("--xlsx", metavar="FILE", help="The same as a workbook.")]


def listing(command: Callable[..., T]) -> Callable[..., T]:
    """Give a command that takes `as_json` the options `--csv` and `--xlsx`: files with the rows of its JSON.

    Of a JSON document that is no list its lists are taken; where it has several, the column `list` tells them apart.
    """
    return _listing(command, rows_of)


def listing_of(parts: str) -> Callable[[Callable[..., T]], Callable[..., T]]:
    """As `listing`; the rows are the objects in each row's field `parts`, with the other fields beside them."""

    def opened(value: Any) -> Iterator[dict[str, Any]]:
        for row in rows_of(value):
            whole = {name: each for name, each in row.items() if not _is_list(each)}
            yield from (whole | each for each in row.get(parts, ()))

    return lambda command: _listing(command, opened)


def listing_parts(command: Callable[..., T]) -> Callable[..., T]:
    """As `listing`, of documents each with several lists: their rows, the column `list` says of which."""

    def opened(value: Any) -> Iterator[dict[str, Any]]:
        for document in value:
            whole = {name: each for name, each in document.items() if not _is_list(each)}
            for name, part in document.items():
                yield from ({"list": name, **whole, **each} for each in part) if _is_list(part) else ()

    return _listing(command, opened)


def _listing(command: Callable[..., T], opened: Callable[[Any], Iterator[dict[str, Any]]]) -> Callable[..., T]:
    @functools.wraps(command)
    def asked(*arguments: Any, as_json: bool, csv: str | None, xlsx: Path | None, **options: Any) -> T:
        if csv is None and xlsx is None:
            return command(*arguments, as_json=as_json, **options)
        expect_new(*(Path(each) for each in (csv, xlsx) if each not in {None, STDOUT}))

        def give(value: Any) -> None:
            rows = [_flat(row) for row in opened(value)]
            if csv is not None:
                _write_csv(csv, rows)
            if xlsx is not None:
                _write_xlsx(xlsx, rows)

        with given_to(give):
            return command(*arguments, as_json=True, **options)

    own = inspect.signature(command)
    first = [each for each in own.parameters.values() if each.kind is not inspect.Parameter.KEYWORD_ONLY]
    named = [each for each in own.parameters.values() if each.kind is inspect.Parameter.KEYWORD_ONLY]
    parameters = [*first, *named, *_OPTIONS]
    wrapped: Any = asked
    wrapped.__signature__ = own.replace(parameters=parameters)
    wrapped.__annotations__ = {each.name: each.annotation for each in parameters}
    return asked


_OPTIONS: Final = tuple(
    inspect.Parameter(name, inspect.Parameter.KEYWORD_ONLY, default=None, annotation=annotation)
    for name, annotation in (("csv", Csv), ("xlsx", Xlsx))
)


def rows_of(value: Any) -> Iterator[dict[str, Any]]:
    """The rows of a JSON document."""
    if not isinstance(value, Mapping):
        yield from value
        return
    lists = {name: part for name, part in value.items() if _is_list(part)}
    for name, part in lists.items():
        yield from ({"list": name, **row} if len(lists) > 1 else row for row in part)


def _flat(row: Mapping[str, Any]) -> dict[str, Any]:
    """A row without objects in it: `stock.units` in place of `{"stock": {"units": …}}`."""
    flat: dict[str, Any] = {}
    for name, value in row.items():
        if isinstance(value, Mapping):
            flat |= {f"{name}.{inner}": each for inner, each in _flat(value).items()}
        else:
            flat[name] = value
    return flat


def _is_list(value: Any) -> bool:
    return isinstance(value, list | tuple) and all(isinstance(row, Mapping) for row in value)


def _table(rows: Sequence[Mapping[str, Any]]) -> tuple[list[str], list[list[Any]]]:
    heading = list(dict.fromkeys(name for row in rows for name in row))
    return heading, [[_cell(row.get(name)) for name in heading] for row in rows]


def _cell(value: Any) -> Any:
    """A value of JSON as a spreadsheet takes it: amounts as figures, lists of objects as JSON."""
    if isinstance(value, str) and _AMOUNT.fullmatch(value):
        return Decimal(value)
    if isinstance(value, list | tuple) and any(not isinstance(each, str) for each in value):
        return orjson.dumps(value, default=str, option=orjson.OPT_NON_STR_KEYS).decode()
    return value


def _write_csv(where: str, rows: Sequence[Mapping[str, Any]]) -> None:
    from streams.exports import as_csv  # noqa: PLC0415 -- most lists are for the terminal

    content = as_csv(*_table(rows), read_settings().zone)
    if where == STDOUT:
        sys.stdout.buffer.write(content)
        sys.stdout.buffer.flush()
    else:
        _save(Path(where), content, len(rows))


def _write_xlsx(file: Path, rows: Sequence[Mapping[str, Any]]) -> None:
    from streams.exports import as_xlsx  # noqa: PLC0415 -- as above

    _save(file, as_xlsx("udi", *_table(rows), read_settings().zone), len(rows))


def _save(file: Path, content: bytes, rows: int) -> None:
    write_new(file, content)
    typer.echo(say("desk", "said", "written", rows=f"{rows:,}", file=file), err=True)
