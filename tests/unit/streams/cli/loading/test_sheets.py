"""Workbooks made to fill the memory or the day are refused by name; the same table within bounds is read."""

import io
import time
import tracemalloc
import zipfile
from contextlib import suppress
from pathlib import Path

import pytest
import xlsxwriter

from streams.cli.loading.grids import SheetError
from streams.cli.loading.sheets import read_sheet


def written(file: Path, cells: dict[tuple[int, int], str]) -> Path:
    with xlsxwriter.Workbook(str(file)) as book:
        sheet = book.add_worksheet()
        for (row, column), value in cells.items():
            sheet.write(row, column, value)
    return file


def with_sheet(file: Path, xml: str) -> Path:
    """The workbook with another first sheet."""
    content = written(file, {(0, 0): "code"}).read_bytes()
    out = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(content)) as old, zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as new:
        for name in old.namelist():
            new.writestr(name, xml if name.endswith("sheet1.xml") else old.read(name))
    file.write_bytes(out.getvalue())
    return file


def sheet(rows: str) -> str:
    space = "http://schemas.openxmlformats.org/spreadsheetml/2006/main"
    return f'<?xml version="1.0"?><worksheet xmlns="{space}"><sheetData>{rows}</sheetData></worksheet>'


@pytest.mark.parametrize("last", [(1_048_575, 16_383), (1_048_575, 12), (700, 16_383)])
def test_a_cell_in_the_far_corner_is_refused_before_the_table_is_laid_out(
    tmp_path: Path, last: tuple[int, int]
) -> None:
    file = written(tmp_path / "far.xlsx", {(0, 0): "code", last: "x"})
    tracemalloc.start()

    try:
        with pytest.raises(SheetError, match="Expected at most 10,000,000 cells, got a sheet of"):
            read_sheet(file)
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()

    assert peak < 10_000_000  # Bytes; laid out, each of as many cells takes eight or more.


def test_a_cell_far_off_within_the_bound_is_read(tmp_path: Path) -> None:
    read = read_sheet(written(tmp_path / "near.xlsx", {(0, 0): "code", (1, 0): "A", (200_000, 1): "x"}))

    assert read.rows[0].cells["code"] == "A"


@pytest.mark.parametrize(
    "rows",
    [
        """<row r="1"><c r="A1"/></row><row s="1" r = '1048576'><c><v>1</v></c><c/><c r='P1048576'/></row>""",
        '<row r="1"><c><v>1</v></c></row><row r="1048576">' + "<c><v>1</v></c>" * 11 + "</row>",
        '<row r="1"><c r="A1"/></row><row><c s="1" r="xfd1048576"><v>1</v></c></row>',
    ],
)
def test_the_far_corner_is_seen_however_it_is_written(tmp_path: Path, rows: str) -> None:
    with pytest.raises(SheetError, match="Expected at most"):
        read_sheet(with_sheet(tmp_path / "odd.xlsx", sheet(rows)))


@pytest.mark.parametrize(
    "text",
    [
        "<c " * 300_000,
        '<c r="A1" ' * 100_000,
        "<c" + ' r="A1"' * 100_000 + ">",
        "<c " + "x" * 1_000_000,
        "<mergeCell " * 100_000,
        '<mergeCell ref="A1:A1048576"/>' * 100_000,
        "<" + "a" * 1_000_000,
    ],
)
def test_what_a_hostile_sheet_costs_grows_with_its_length(tmp_path: Path, text: str) -> None:
    def cost(part: str) -> float:
        file = with_sheet(tmp_path / "slow.xlsx", sheet('<row r="1"><c r="A1" t="str"><v>code</v></c></row>') + part)
        begun = time.process_time()
        with suppress(SheetError):
            read_sheet(file)
        return time.process_time() - begun

    quarter = min(cost(text[: len(text) // 4]) for _ in range(3))
    # Four times the length: four times the processor's time, where a quadratic reader takes sixteen times.
    assert min(cost(text) for _ in range(2)) < 10 * quarter


def test_rows_under_merged_cells_are_named(tmp_path: Path) -> None:
    file = tmp_path / "merged.xlsx"
    with xlsxwriter.Workbook(str(file)) as book:
        page = book.add_worksheet()
        page.write_column(0, 0, ["code", "A", "B", "C", "D"])
        page.merge_range(1, 0, 2, 1, "A")

    problems = [row.problem is not None for row in read_sheet(file).rows]

    assert problems == [True, True, False, False][: len(problems)]
