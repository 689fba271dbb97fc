"""No cell of an export is a formula, a link or a control character."""

import csv
import io
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any
from zoneinfo import ZoneInfo

import pytest
import python_calamine

from streams.exports import as_csv, as_xlsx, guarded

ZONE = ZoneInfo("Asia/Shanghai")
ATTACKS = ("=1+1", "+1", "-1", "@SUM(A1)", "\t=1", "\r=1", " =1+1", "＝1", "|cmd", "%0A")


@pytest.mark.parametrize("text", ATTACKS)
def test_what_a_spreadsheet_takes_for_a_formula_is_text(text: str) -> None:
    assert guarded(text).startswith("'")


@pytest.mark.parametrize("text", ["L1", "螺钉", "a=b", "1-2", ""])
def test_other_text_stays_as_it_is(text: str) -> None:
    assert guarded(text) == text


def test_control_characters_are_shown() -> None:
    assert guarded("A\x1b[2JB\x1d") == "A␛[2JB␝"


def rows() -> list[list[Any]]:
    return [
        ["=1+1", -5, Decimal("-1.50"), None, True, date(2022, 6, 3), datetime(2022, 6, 3, 4, tzinfo=UTC), ["a", "b"]]
    ]


def test_csv_holds_figures_as_figures() -> None:
    text = as_csv(["a"] * 8, rows(), ZONE).decode("utf-8-sig")
    (_, row) = csv.reader(io.StringIO(text))
    assert row == ["'=1+1", "-5", "-1.50", "", "yes", "2022-06-03", "2022-06-03 12:00:00", "a, b"]


def test_a_workbook_holds_no_formula() -> None:
    book = as_xlsx("scans", ["a"] * 8, rows(), ZONE)
    (_, row) = python_calamine.CalamineWorkbook.from_filelike(io.BytesIO(book)).get_sheet_by_index(0).to_python()
    assert row[:3] == ["'=1+1", -5.0, -1.5]
    assert b"<f>" not in book
