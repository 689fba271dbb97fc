"""Tables as journals and offices print them: titles, notes, other countries' numbers, odd tables to compare with."""

import json
from pathlib import Path
from typing import Any

import pytest
import xlsxwriter
from typer.testing import CliRunner

from streams.cli.assessment.index_columns import Said
from streams.cli.assessment.index_file import Read, read_index_file
from streams.cli.loading.grids import SheetError
from streams.cli.main import app

PLAIN = "department,CMI,LOS\nA,1.5,9.8\nB,2,7\nC,1.2,8\n"


def write(folder: Path, text: str, name: str = "table.csv") -> Path:
    file = folder / name
    file.write_text(text, encoding="utf-8")
    return file


def read(folder: Path, text: str, name: str = "table.csv") -> Read:
    return read_index_file(write(folder, text, name), Said())


def refused(folder: Path, text: str, name: str = "table.csv") -> str:
    with pytest.raises(SheetError) as caught:
        read(folder, text, name)
    return str(caught.value)


def compared(folder: Path, later: str, earlier: str) -> tuple[int, Any]:
    files = write(folder, later, "later.csv"), write(folder, earlier, "earlier.csv")
    arguments = ["assess", "--indices", str(files[0]), "--against", str(files[1]), "--json"]
    result = CliRunner().invoke(app, arguments)
    return result.exit_code, json.loads(result.stdout) if result.exit_code == 0 else result.stderr


# Around the table -------------------------------------------------------------------------------------------------


def test_a_title_above_and_notes_below_are_skipped_with_a_word(tmp_path: Path) -> None:
    file = tmp_path / "table.xlsx"
    with xlsxwriter.Workbook(str(file)) as book:
        sheet = book.add_worksheet("表3")
        book.add_worksheet("附表")
        sheet.merge_range("B2:D2", "表3 2022年各临床科室指标")
        for place, row in enumerate((("科室", "CMI", "平均住院日（天）"), ("骨科", 1.5, 9.8), ("心内科", 2, 7)), 2):
            sheet.write_row(place, 1, row)
        sheet.merge_range("B6:D6", "注：CMI 为病例组合指数。")
        sheet.write("B7", "制表人：张三")

    found = read_index_file(file, Said())

    assert found.table.departments == ("骨科", "心内科")
    assert list(found.table.values) == [(1.5, 9.8), (2, 7)]
    assert list(found.left_out) == []
    assert found.remarks == (
        "Sheet '表3' was read, the first of 2",
        "rows 1 to 2 stand above the heading and were skipped",
        "a note in row 6 was skipped",
        "a note in row 7 was skipped",
    )


@pytest.mark.parametrize(
    "note",
    [
        "注：P<0.05",
        "Note: LOS, length of stay",
        "Source: hospital statistics",
        "* P < 0.05",
        "The figures are those of the year before the reform began.",
    ],
)
def test_a_note_is_no_department(tmp_path: Path, note: str) -> None:
    found = read(tmp_path, PLAIN + note + "\n")

    assert (found.table.departments, found.left_out) == (("A", "B", "C"), ())
    assert "a note in row 5 was skipped" in found.remarks


def test_a_department_without_any_value_is_no_note(tmp_path: Path) -> None:
    found = read(tmp_path, PLAIN + "Notes and records,,\n")

    assert [(each.department, each.index) for each in found.left_out] == [("Notes and records", "CMI")]


def test_a_heading_of_merged_groups_is_read(tmp_path: Path) -> None:
    file = tmp_path / "table.xlsx"
    with xlsxwriter.Workbook(str(file)) as book:
        sheet = book.add_worksheet()
        sheet.merge_range("A1:D1", "表1")
        sheet.merge_range("A2:A3", "科室")
        sheet.merge_range("B2:B3", "CMI")
        sheet.merge_range("C2:D2", "例均费用")
        sheet.write_row("C3", ("例均耗材费用", "例均住院费用"))
        sheet.write_row("A4", ("骨科", 1.5, 15300, 38000))
        sheet.write_row("A5", ("心内科", 2, 21000, 42000))

    found = read_index_file(file, Said())

    assert [each.key for each in found.table.indices] == ["cmi", "consumable_cost_per_case", "stay_cost_per_case"]
    assert list(found.table.values) == [(1.5, 15300, 38000), (2, 21000, 42000)]


def test_a_row_of_units_is_skipped_with_a_word(tmp_path: Path) -> None:
    found = read(tmp_path, "department,CMI,LOS\n,index,days\nA,1.5,9\nB,2,7\n")

    assert list(found.table.values) == [(1.5, 9), (2, 7)]
    assert "units in row 2 were skipped" in found.remarks


def test_two_windows_in_one_table_are_refused_by_name(tmp_path: Path) -> None:
    said = refused(tmp_path, "科室,2021年,,2022年,\n,CMI,LOS,CMI,LOS\n骨科,1.5,9,1.6,8\n心内科,2,7,2,7\n")

    assert said == (
        "Row 2: expected one window and one figure of each index in a table, got 'cmi' under '2021年' and '2022年'; "
        "give each its own file."
    )


def test_empty_columns_and_one_without_heading_do_no_harm(tmp_path: Path) -> None:
    found = read(tmp_path, ",department,,CMI,,\n,A,,1.5,x,\n,B,,2,y,\n")

    assert (found.table.departments, [*found.table.values]) == (("A", "B"), [(1.5,), (2,)])
    assert "column 5 has no heading and is left out" in found.remarks


def test_a_cell_too_many_leaves_its_row_out(tmp_path: Path) -> None:
    found = read(tmp_path, "department,CMI,cost\nA,1.5,1,530\nB,2,900\nC,1,800\nD,1,700\n")

    assert [(each.department, each.reason) for each in found.left_out] == [
        ("A", "row 2: expected 3 cells as in the heading, got 4")
    ]


def test_names_may_stand_behind_a_number_without_their_heading(tmp_path: Path) -> None:
    found = read(tmp_path, "No.,,CMI\n1,A,1.5\n2,B,2\n")

    assert found.table.departments == ("A", "B")


def test_a_table_with_its_departments_as_columns_is_turned(tmp_path: Path) -> None:
    found = read(tmp_path, "指标,骨科,心内科,普外科\nCMI,1.5,2,x\n平均住院日,9.8,7,8\n注：略,,,\n")

    assert (found.table.departments, [*found.table.values]) == (("骨科", "心内科"), [(1.5, 9.8), (2, 7)])
    assert [(each.department, each.index) for each in found.left_out] == [("普外科", "CMI")]


def test_two_columns_that_differ_in_brackets_only_are_two_indices(tmp_path: Path) -> None:
    text = "department,fee (drugs),fee (goods)\nA,1,5\nB,2,4\nC,3,6\n"

    status, found = compared(tmp_path, text, text)

    assert status == 0
    assert [each["before"] == each["after"] for each in found["comparison"].values()] == [True, True]
    assert found["comparison"].keys() == {"fee (drugs)", "fee goods"}
    assert found["comparison"]["fee (drugs)"]["after"] != found["comparison"]["fee goods"]["after"]


# Numbers ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("cells", "values"),
    [
        ('"1.530,5";"32,5 %"', (1530.5, 0.325)),
        ('"1 530,5";"32,5%"', (1530.5, 0.325)),
        ("1'530.5;32.5%", (1530.5, 0.325)),
        ('"1,530.5";32.5％', (1530.5, 0.325)),
        ("1530.5*;32.5 % [30.1, 34.0]", (1530.5, 0.325)),
        ("１５３０.５;325‰", (1530.5, 0.325)),
        ("¥1530.50;32.5%", (1530.5, 0.325)),
        ("1530.5±12.2;32.5%±1.0", (1530.5, 0.325)),
    ],
)
def test_numbers_of_other_hands_are_read(tmp_path: Path, cells: str, values: tuple[float, float]) -> None:
    found = read(tmp_path, f"department;beds;share\nA;{cells}\nB;2;50%\n")

    assert list(found.left_out) == []
    assert found.table.values == (values, (2, 0.5))


def test_one_comma_is_read_as_the_other_cells_show_it(tmp_path: Path) -> None:
    heading = "department;beds;CMI\n"

    assert list(read(tmp_path, heading + "A;1,530;1,5\nB;2;1\n").table.values[0]) == [1.53, 1.5]
    assert list(read(tmp_path, heading + "A;1,530;1.5\nB;2;1\n").table.values[0]) == [1530, 1.5]
    assert list(read(tmp_path, heading + "A;1.530;1,5\nB;2;1\n").table.values[0]) == [1530, 1.5]
    alone = read(tmp_path, heading + "A;1,530;1\nB;2;1\n")
    assert list(alone.table.values[0]) == [1530, 1]
    assert "'1,530' is read as the number 1530" in alone.remarks


def test_a_number_with_two_readings_leaves_its_department_out(tmp_path: Path) -> None:
    found = read(tmp_path, "department;beds;CMI\nA;1,530;1,5\nB;2;1.7\n")

    assert found.table.departments == ("B",)
    assert [(each.department, each.index, each.reason) for each in found.left_out] == [
        ("A", "beds", "row 2: expected one mark for decimals in the table, got point and comma, so '1,530' has two readings")  # noqa: E501 -- as it is said
    ]  # fmt: skip


@pytest.mark.parametrize("cell", ["n/a", "—", "12 34", "13 (32%)", "5-7", "inf"])
def test_what_is_no_number_is_named(tmp_path: Path, cell: str) -> None:
    found = read(tmp_path, f"department;beds\nA;{cell}\nB;2\n")

    assert [each.reason for each in found.left_out] == [f"row 2: expected a number, got {cell!r}"]


def test_a_mean_with_its_spread_is_the_mean_and_said(tmp_path: Path) -> None:
    found = read(tmp_path, "department;LOS\nA;9.8±1.2\nB;7.0 ± 2\n")

    assert list(found.table.values) == [(9.8,), (7,)]
    assert "'LOS' has a mean ± SD: the mean is taken" in found.remarks


def test_per_cent_in_the_heading_is_per_cent_in_the_cells(tmp_path: Path) -> None:
    found = read(tmp_path, "department,四级手术占比（%）,beds\nA,32.5,1\nB,28,2\n")

    assert list(found.table.values) == [(0.325, 1), (0.28, 2)]
    assert "'四级手术占比（%）' is read as per cent" in found.remarks


# Odd tables to compare with ---------------------------------------------------------------------------------------


def test_departments_are_found_in_another_order_and_spelling(tmp_path: Path) -> None:
    later = "科室,CMI,LOS\n骨科（一）,1.5,9\n心内科,2,7\n普外科,1.2,8\n"
    earlier = "科室,LOS,CMI\n普外科,8,1.2\n心 内 科,7,2\n骨科(一),9,1.5\n"

    status, found = compared(tmp_path, later, earlier)

    assert status == 0
    assert {each["department"] for each in found["departments"]} == {"心内科", "骨科（一）", "普外科"}
    assert {each["rank_change"] for each in found["departments"]} == {0}
    assert found["left_out"] == []


def test_what_one_of_both_tables_lacks_is_named(tmp_path: Path) -> None:
    status, found = compared(
        tmp_path,
        "department,CMI,LOS,beds\nA,1.5,9,3\nB,2,7,4\nC,1.2,8,5\n",
        "department,CMI,LOS,falls,rank\nB,2,7,1,1\nA,1.4,9,2,2\nD,1.1,8,3,3\n",
    )

    assert status == 0
    assert {each["department"] for each in found["departments"]} == {"A", "B"}
    named = [(each["department"], each["index"], each["window"], each["reason"]) for each in found["left_out"]]
    assert named[:4] == [
        ("C", None, "after", "only in the window after"),
        (None, "beds", "after", "only in the window after"),
        ("D", None, "before", "only in the window before"),
        (None, "falls", "before", "only in the window before"),
    ]
    assert "'rank' is no index and is left out" in found["remarks"]


@pytest.mark.parametrize("earlier", ["department,rank\nA,1\nB,2\nC,3\n", "department,CMI rank,LOS排名\nA,1,2\nB,2,1\n"])
def test_ranks_instead_of_scores_are_refused_by_name(tmp_path: Path, earlier: str) -> None:
    status, said = compared(tmp_path, PLAIN, earlier)

    assert status == 2
    assert "earlier.csv: Expected at least one column with an index, got ranks: they say who is before whom" in said


def test_tables_without_a_common_department_or_index_are_refused_by_name(tmp_path: Path) -> None:
    status, said = compared(tmp_path, PLAIN, "department,CMI\nX,1\nY,2\n")
    assert status == 2
    assert "Expected at least one department that both windows have, got A, B, C after and X, Y before." in said
    status, said = compared(tmp_path, PLAIN, "department,beds\nA,1\nB,2\n")
    assert status == 2
    assert "Expected at least one index that both windows have, got CMI, LOS after and beds before." in said


def test_an_index_in_another_unit_is_asked_about(tmp_path: Path) -> None:
    status, found = compared(tmp_path, PLAIN, PLAIN.replace("9.8", "9800").replace("7", "7000").replace(",8", ",8000"))

    assert status == 0
    assert "'LOS' goes from 8000 to 8 in its median: is it in the same unit?" in found["remarks"]


# Not at all -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"", "got an empty file"),
        (b"\xd0\xcf\x11\xe0rest", "old XLS form"),
        (b"%PDF-1.7", "a PDF"),
        (b"\xff\xfed\0", "got UTF-16"),
        (b"<html><table>", "got XML"),
        (b"PK\x03\x04rest", "Expected an XLSX workbook"),
        (b"only a sentence", "Expected a column `department`"),
        (b'{"department": {"0": "A"},\n"CMI": {"0": 1}}', "Expected JSON lines or a JSON list"),
        (b"[1, 2]", "Expected every line to be a JSON object"),
    ],
)  # fmt: skip
def test_what_is_no_table_is_refused_by_name(tmp_path: Path, content: bytes, said: str) -> None:
    file = tmp_path / "table.dat"
    file.write_bytes(content)

    with pytest.raises(SheetError, match=said):
        read_index_file(file, Said())


def test_nan_in_a_json_list_leaves_its_department_out(tmp_path: Path) -> None:
    text = '[{"department": "A", "CMI": NaN}, {"department": "NaN ward", "CMI": 2}]'

    found = read(tmp_path, text, "table.json")

    assert found.table.departments == ("NaN ward",)
    assert [(each.department, each.reason) for each in found.left_out] == [("A", "row 1: expected a number, got nan")]


# A row for each department and index -------------------------------------------------------------------------------

LONG = "科室,指标,数值\n骨科,CMI,1.5\n骨科,平均住院日（天）,9.8\n心内科,CMI,2\n心内科,平均住院日（天）,7\n"


def test_a_table_with_a_row_for_each_index_is_spread(tmp_path: Path) -> None:
    found = read(tmp_path, LONG)

    assert found.table.departments == ("骨科", "心内科")
    assert list(found.table.values) == [(1.5, 9.8), (2, 7)]
    assert found.remarks[0] == "the table has a row for each index and was spread"


def test_a_department_that_lacks_a_row_is_named(tmp_path: Path) -> None:
    found = read(tmp_path, LONG + "妇科,CMI,1.1\n")

    assert [(each.department, each.index) for each in found.left_out] == [("妇科", "平均住院日（天）")]


def test_an_index_that_stands_twice_is_refused(tmp_path: Path) -> None:
    assert "Row 6: expected each index of 骨科 once, got 'CMI' twice." in refused(tmp_path, LONG + "骨科,CMI,1.1\n")


@pytest.mark.parametrize(
    "text",
    [
        "年份,科室,CMI,平均住院日\n2022,骨科,1.5,9.8\n2022,妇科,1.4,7\n2021,骨科,1.6,9\n2021,妇科,1.2,6\n",
        "科室,指标,数值,年份\n骨科,CMI,1.5,2022\n妇科,CMI,1.4,2022\n骨科,CMI,1.6,2021\n妇科,CMI,1.7,2021\n",
    ],
)
def test_two_windows_below_each_other_are_refused_by_name(tmp_path: Path, text: str) -> None:
    said = refused(tmp_path, text)
    assert said == "Expected one window in a table, got '2022' and '2021' in '年份'; give each its own file."
