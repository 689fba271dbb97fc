"""How commands speak to people and to machines."""

import io
import sys
from contextvars import copy_context
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from uuid import UUID
from zoneinfo import ZoneInfo

import orjson
import pytest

from streams.cli.shown import Console, age, print_json, print_table, show_in, shown, yuan
from streams.visible import VisibleStream

NOW = datetime(2022, 6, 3, 4, tzinfo=UTC)


@pytest.mark.parametrize(
    ("passed", "said"),
    [
        (timedelta(seconds=-5), "now"),
        (timedelta(seconds=59), "now"),
        (timedelta(seconds=60), "1 min"),
        (timedelta(minutes=59, seconds=59), "59 min"),
        (timedelta(hours=1), "1 h"),
        (timedelta(hours=23, minutes=59), "23 h"),
        (timedelta(days=1), "1 d"),
        (timedelta(days=1234), "1,234 d"),
    ],
)
def test_an_age_is_said_in_its_largest_whole_unit(passed: timedelta, said: str) -> None:
    assert age(NOW - passed, NOW) == said


def test_cells_are_said_for_people() -> None:
    cells = (None, True, 1234, Decimal("1234.50"), NOW, "x")

    assert [shown(cell) for cell in cells] == ["", "yes", "1,234", "1,234.50", "2022-06-03 12:00", "x"]
    assert [yuan(fen) for fen in (0, 5, 123456789, -5)] == ["0.00", "0.05", "1,234,567.89", "-0.05"]


def test_machines_get_amounts_and_ids_as_text(capsys: pytest.CaptureFixture[str]) -> None:
    print_json({"amount": Decimal("1234.00"), "id": UUID(int=1), "at": NOW})

    assert orjson.loads(capsys.readouterr().out) == {
        "amount": "1234.00",
        "id": "00000000-0000-0000-0000-000000000001",
        "at": "2022-06-03T04:00:00+00:00",
    }


def test_a_table_says_how_many_rows_it_leaves_out(capsys: pytest.CaptureFixture[str]) -> None:
    print_table("Numbers", ("name", ">n"), [("one", 1), ("two", 2), ("three", 3)], limit=2)

    assert [line.rstrip() for line in capsys.readouterr().out.splitlines()] == [
        "Numbers", "name  n", "one   1", "two   2", "… and 1 more; --limit 0 or --json gives all.",
    ]  # fmt: skip


def test_a_cell_that_is_a_list_has_a_line_for_each_part_and_strangers_make_no_lines(
    capsys: pytest.CaptureFixture[str],
) -> None:
    print_table("", ("a", "b"), [(["one", "two"], "x\ny")])

    assert [line.rstrip() for line in capsys.readouterr().out.splitlines()] == ["a    b", "one  x␊y", "two"]


def test_an_instant_is_shown_in_the_zone_of_the_hospital() -> None:
    context = copy_context()
    context.run(show_in, ZoneInfo("Asia/Urumqi"))

    assert context.run(shown, NOW) == "2022-06-03 10:00"
    assert context.run(shown, NOW.replace(tzinfo=None)) == "2022-06-03 04:00"
    assert shown(NOW) == "2022-06-03 12:00"


def test_what_moves_on_a_terminal_moves_and_what_strangers_wrote_is_shown(monkeypatch: pytest.MonkeyPatch) -> None:
    terminal = io.StringIO()
    monkeypatch.setattr(sys, "stdout", VisibleStream(terminal))
    console = Console(force_terminal=True)

    with console.status("Starting …"):
        console.print("[red]lot[/] \x1b[31mA")

    assert "\x1b[" in terminal.getvalue()
    assert terminal.getvalue().count("␛") == 1
