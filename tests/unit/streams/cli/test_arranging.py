"""Tables fit the terminal: a line a row, or the widest texts on a second one; nothing is cut."""

import pytest

from streams.cli.arranging import below_of
from streams.cli.shown import print_table

COLUMNS = (">since", "held for", "what", "patient", ">yuan")
ROWS = [
    ("3 d", "a serial number that was used before", "H00024 / lot L-22 / serial S-1234567", "E0000762", "1,234.00"),
    ("now", "螺钉的序列号以前用过", None, "E0000001", "12.00"),
]


@pytest.mark.parametrize(
    ("width", "expected"),
    [(200, []), (80, [2]), (40, [1, 2]), (10, [1, 2, 3, 4])],
)
def test_the_widest_texts_go_below_until_the_row_fits(width: int, expected: list[int]) -> None:
    assert below_of(COLUMNS, [5, 36, 36, 8, 8], width) == sorted(expected)


def test_figures_go_below_from_the_right_and_the_first_column_never() -> None:
    assert below_of(("id", ">a", ">b"), [30, 30, 30], 80) == [2]
    assert below_of(("id", ">a", ">b"), [30, 30, 30], 20) == [1, 2]


def test_a_list_of_figures_too_wide_has_no_column_of_single_letters(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COLUMNS", "36")
    print_table("", ("department", ">by line %", ">scanned", ">unseen"), [("ORTH", "100.0", 12, 3)])

    assert [line.rstrip() for line in capsys.readouterr().out.splitlines()] == [
        "department  by line %  scanned", "  unseen", "ORTH            100.0       12", "  3",
    ]  # fmt: skip


def test_a_narrow_terminal_gets_two_lines_a_row(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COLUMNS", "50")
    print_table("Held", COLUMNS, ROWS)

    assert [line.rstrip() for line in capsys.readouterr().out.splitlines()] == [
        "Held",
        "since  patient       yuan",
        "  held for · what",
        "  3 d  E0000762  1,234.00",
        "  a serial number that was used before · H00024 /",
        "  lot L-22 / serial S-1234567",
        "  now  E0000001     12.00",
        "  螺钉的序列号以前用过 · –",
    ]


def test_a_wide_terminal_gets_one(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", "120")
    print_table("Held", COLUMNS, ROWS)

    assert len(capsys.readouterr().out.splitlines()) == len(ROWS) + 2
