"""Lists as files for a spreadsheet: every row, amounts as figures, no cell that a spreadsheet would run."""

import csv
import io
from collections.abc import Callable
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path
from typing import Annotated, Any

import pytest
import python_calamine
import typer
from typer.testing import CliRunner

from models.wording import LOCALES, texts
from streams.cli.lists import listing, listing_of, listing_parts
from streams.cli.loading.load import TABLES
from streams.cli.main import app as udi
from streams.cli.shown import AsJson, print_json
from tests.support.every_command import every_command

NO_LIST = {
    **dict.fromkeys(("scan", "differences show", "status", "doctor", "verify"), "a page"),
    **dict.fromkeys(("assess", "pack"), "makes tables of its own"),
    **dict.fromkeys(("rules draft", "rules switch-on", "rules switch-off", "rules back-test"), "says what it did"),
    **dict.fromkeys(("breaker open", "breaker warn", "breaker trial", "breaker close"), "says what it did"),
    **dict.fromkeys(
        ("account add", "device add", "relay bind", "count start", "raw detach", "raw attach"), "says what it did"
    ),
    **{f"load {kind}": "says what it loaded" for kind in TABLES},
    **{f"{name}-proof": "measures" for name in ("rescue", "findings", "pairing", "rank", "reconciliation", "forecast")},
}
"""Commands that speak JSON and are no list, and what they are."""
ROWS: list[dict[str, Any]] = [
    {
        "item": "=HYPERLINK(1)", "amount": "-1234.50", "price": Decimal("1.2500"), "units": 3,
        "reasons": ["late", "held"], "at": datetime(2022, 6, 3, 0, 15, tzinfo=UTC), "place": {"store": "@OR-2"},
        "parts": [{"n": 1}],
    },
    {"item": "\tA", "more": "+1"},
]  # fmt: skip


def made(value: Any, command: Callable[[Callable[..., None]], Callable[..., None]] = listing) -> typer.Typer:
    app = typer.Typer()

    @app.command()
    @command
    def shown(word: Annotated[str, typer.Argument()] = "", *, as_json: AsJson = False) -> None:
        if as_json:
            print_json(value)
        else:
            typer.echo(f"a table {word}".strip())
        raise typer.Exit(1)

    return app


def read(text: str) -> list[list[str]]:
    return list(csv.reader(io.StringIO(text.removeprefix("\ufeff"), newline="")))


def test_a_list_is_a_table_when_no_file_is_asked_for() -> None:
    done = CliRunner().invoke(made(ROWS), ["word"])
    assert (done.exit_code, done.stdout) == (1, "a table word\n")


@pytest.mark.parametrize("option", ["--csv", "--xlsx"])
def test_a_file_that_stands_there_is_refused_before_anything_is_asked(option: str, tmp_path: Path) -> None:
    file = tmp_path / "mine"
    file.write_text("mine", encoding="utf-8")

    done = CliRunner().invoke(made(ROWS), [option, str(file)])

    assert (done.exit_code, done.stdout) == (2, "")
    assert done.stderr == f"udi: Expected a file that does not exist yet, got {file}.\n"
    assert file.read_text(encoding="utf-8") == "mine"


def test_csv_goes_to_standard_output_with_its_cells_guarded_and_the_exit_status_stays() -> None:
    done = CliRunner().invoke(made(ROWS), ["--csv", "-"])

    assert done.exit_code == 1
    assert read(done.stdout) == [
        ["item", "amount", "price", "units", "reasons", "at", "place.store", "parts", "more"],
        ["'=HYPERLINK(1)", "-1234.50", "1.2500", "3", "late, held", "2022-06-03 08:15:00", "'@OR-2", '[{"n":1}]', ""],
        ["'␉A", "", "", "", "", "", "", "", "'+1"],
    ]


def test_a_workbook_holds_figures_and_no_formula(tmp_path: Path) -> None:
    file = tmp_path / "list.xlsx"
    done = CliRunner().invoke(made(ROWS), ["--xlsx", str(file)])

    (_, row, _) = python_calamine.CalamineWorkbook.from_path(file).get_sheet_by_index(0).to_python()
    assert row[:4] == ["'=HYPERLINK(1)", -1234.5, 1.25, 3.0]
    assert f"Rows in {file}: 2." in done.stderr


def test_a_document_gives_its_lists_and_says_which() -> None:
    several = {"unit": {"lot": "L1"}, "certain": [{"n": 1}], "shelf": [{"n": 2}], "open": 2}
    assert read(CliRunner().invoke(made(several), ["--csv", "-"]).stdout) == [
        ["list", "n"], ["certain", "1"], ["shelf", "2"],
    ]  # fmt: skip
    one = {"unit": {"lot": "L1"}, "events": [{"n": 1}]}
    assert read(CliRunner().invoke(made(one), ["--csv", "-"]).stdout) == [["n"], ["1"]]


def test_the_parts_of_each_row_are_rows_where_a_command_says_so() -> None:
    days = [{"hospital": "H1", "departments": [{"name": "A"}, {"name": "B"}]}]
    assert read(CliRunner().invoke(made(days, listing_of("departments")), ["--csv", "-"]).stdout) == [
        ["hospital", "name"], ["H1", "A"], ["H1", "B"],
    ]  # fmt: skip


def test_a_file_that_cannot_be_written_is_one_line(tmp_path: Path) -> None:
    done = CliRunner().invoke(made(ROWS), ["--csv", str(tmp_path / "no" / "list.csv")])
    assert done.exit_code == 2
    assert done.stderr.startswith("udi: Expected a file that can be written, got ")


def options_of(words: str) -> set[str]:
    """The options of a command."""
    found: Any = typer.main.get_command(udi)
    for word in words.split():
        found = found.commands[word]
    return {each for parameter in found.params for each in parameter.opts}


def test_every_list_has_both_files() -> None:
    speaking = {words for words in every_command() if "--json" in options_of(words)}
    assert speaking > set(NO_LIST)
    for words in speaking:
        assert {"--csv", "--xlsx"} & options_of(words) == (set() if words in NO_LIST else {"--csv", "--xlsx"}), words


def test_the_lists_of_a_document_for_each_hospital_are_one_table() -> None:
    documents = [
        {"hospital": "H1", "shares": [{"n": 1}], "waste": [{"n": 2}]},
        {"hospital": "H2", "shares": [{"n": 3}]},
    ]
    assert read(CliRunner().invoke(made(documents, listing_parts), ["--csv", "-"]).stdout) == [
        ["list", "hospital", "n"], ["shares", "H1", "1"], ["waste", "H1", "2"], ["shares", "H2", "3"],
    ]  # fmt: skip


def test_both_languages_say_the_same_of_lists() -> None:
    first, second = (texts(f"desk.{locale}") for locale in LOCALES)
    assert {table: set(words) for table, words in first.items()} == {
        table: set(words) for table, words in second.items()
    }
