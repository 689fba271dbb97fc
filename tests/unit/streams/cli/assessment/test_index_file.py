"""Published tables, as strangers have them."""

import json
from pathlib import Path
from typing import Any

import pytest
import xlsxwriter
from typer.testing import CliRunner

from streams.cli.assessment.index_columns import Said
from streams.cli.assessment.index_file import read_index_file
from streams.cli.loading.grids import SheetError
from streams.cli.main import app

CHINESE = """科室,DRG组数,总权重,CMI,四级手术占比,平均住院日（天）,例均耗材费用（元）,例均住院费用（元）
骨科,120,"1,530.5",1.82,32.5%,9.8,15300,38000
心内科,80,1800,1.95,45.0%,6.5,21000,42000
普外科,150,1400,1.40,28.0%,8.8,6200,25000
合计,480,6230,1.7,35%,9,12000,36000
"""


def write(folder: Path, text: str, name: str = "table.csv") -> Path:
    file = folder / name
    file.write_text(text, encoding="utf-8")
    return file


def udi(*arguments: str) -> tuple[int, Any]:
    result = CliRunner().invoke(app, ["assess", *arguments, "--json"])
    return result.exit_code, json.loads(result.stdout) if result.exit_code == 0 else result.stderr


def test_chinese_headings_have_the_study_s_directions(tmp_path: Path) -> None:
    read = read_index_file(write(tmp_path, CHINESE), Said())

    assert [each.known for each in read.table.indices] == [
        "drg_groups", "total_weight", "cmi", "level4_share", "stay_days", "consumable_cost_per_case",
        "stay_cost_per_case",
    ]  # fmt: skip
    assert [each.direction.value for each in read.table.indices] == ["benefit"] * 4 + ["cost"] * 3
    assert list(read.table.values[0]) == [120, 1530.5, 1.82, 0.325, 9.8, 15300, 38000]
    assert read.table.cost_per_weight == (15300 / 1.82, 21000 / 1.95, 6200 / 1.40)
    assert [(each.department, each.reason) for each in read.left_out] == [
        ("合计", "row 5: a total or a mean, no department")
    ]


def test_directions_can_be_said_in_the_heading_and_by_options(tmp_path: Path) -> None:
    file = write(tmp_path, "department,beds [+],falls (cost),turnover\nA,1,2,3\nB,2,1,4\n")

    read = read_index_file(file, Said(costs=frozenset({"turnover"})))

    assert [(each.name, each.direction.value) for each in read.table.indices] == [
        ("beds", "benefit"), ("falls", "cost"), ("turnover", "cost"),
    ]  # fmt: skip


def test_direction_that_nobody_said_is_announced(tmp_path: Path) -> None:
    read = read_index_file(write(tmp_path, "department,beds,drug fee\nA,1,2\nB,2,1\n"), Said())

    assert [each.direction.value for each in read.table.indices] == ["benefit", "cost"]
    assert "'beds' is taken for a benefit; --benefit or --cost says otherwise" in read.remarks


@pytest.mark.parametrize(
    ("cell", "reason"),
    [
        ("NaN", "row 2: expected a number, got 'NaN'"),
        ("", "row 2: expected a number, got an empty cell"),
        ("-1", "row 2: expected a number of 0 or more, got -1"),
        ("=B3", "row 2: expected a value, got a formula; paste values only"),
        ("inf", "row 2: expected a number, got 'inf'"),
    ],
)
def test_cell_that_is_no_number_leaves_the_department_out_by_name(tmp_path: Path, cell: str, reason: str) -> None:
    read = read_index_file(write(tmp_path, f"department,cmi,stay_days\nA,{cell},5\nB,1.1,6\nC,1.2,7\n"), Said())

    assert read.table.departments == ("B", "C")
    assert [(each.department, each.index, each.reason) for each in read.left_out] == [("A", "cmi", reason)]


def test_negative_values_of_other_indices_are_values(tmp_path: Path) -> None:
    read = read_index_file(write(tmp_path, "department,margin\nA,-3\nB,2\n"), Said())

    assert read.table.values == ((-3,), (2,))


def test_zero_cases_leave_a_department_out(tmp_path: Path) -> None:
    read = read_index_file(write(tmp_path, "department,cases,cmi\nA,0,1\nB,1,2\n"), Said())

    assert [(each.department, each.reason) for each in read.left_out] == [("A", "row 2: zero cases")]
    assert [each.name for each in read.table.indices] == ["cmi"]


def test_department_that_stands_twice_is_named_once(tmp_path: Path) -> None:
    read = read_index_file(write(tmp_path, "department,cmi\nA,1\nA,2\nB,3\n"), Said())

    assert read.table.departments == ("B",)
    assert [each.reason for each in read.left_out] == ["expected every department once, it stands in 2 rows"]


def test_cost_per_weight_is_no_index(tmp_path: Path) -> None:
    read = read_index_file(write(tmp_path, "department,cmi,每权重耗材费用\nA,1,900\nB,2,800\n"), Said())

    assert [each.name for each in read.table.indices] == ["cmi"]
    assert read.table.cost_per_weight == (900, 800)


def test_json_lines_and_workbooks_are_read_alike(tmp_path: Path) -> None:
    lines = write(
        tmp_path, '{"department": "A", "CMI": 1.5, "LOS": NaN}\n{"department": "B", "CMI": 2, "LOS": 7}\n', "t.jsonl"
    )
    listed = write(
        tmp_path, '[{"department": "A", "CMI": 1.5, "LOS": 3}, {"department": "B", "CMI": 2, "LOS": 7}]', "t.json"
    )
    workbook = tmp_path / "t.xlsx"
    with xlsxwriter.Workbook(workbook) as book:
        sheet = book.add_worksheet()
        for place, row in enumerate((("department", "CMI", "LOS"), ("A", 1.5, 3), ("B", 2, 7))):
            sheet.write_row(place, 0, row)

    assert read_index_file(lines, Said()).table.values == ((2, 7),)
    assert read_index_file(listed, Said()).table == read_index_file(workbook, Said()).table


def test_table_without_departments_or_without_an_index_is_refused(tmp_path: Path) -> None:
    with pytest.raises(SheetError, match="Expected a column `department`"):
        read_index_file(write(tmp_path, "1,2\n3,4\n"), Said())
    with pytest.raises(SheetError, match="Expected at least one column with an index"):
        read_index_file(write(tmp_path, "department,remark\nA,good\n"), Said())


def test_command_gives_the_shape_of_the_contract(tmp_path: Path) -> None:
    later = write(tmp_path, CHINESE, "later.csv")
    earlier = write(tmp_path, CHINESE.replace("15300", "19000").replace("骨科,120", "骨科,90"), "earlier.csv")

    status, found = udi("--indices", str(later), "--against", str(earlier))

    assert status == 0
    assert sum(each["weight"] for each in found["weights"].values()) == pytest.approx(1)
    assert found["weights"]["CMI"].keys() >= {"variability", "conflict", "information", "weight"}
    assert found["departments"][0].keys() >= {
        "department", "d_plus", "d_minus", "closeness", "rank", "rank_low", "rank_high", "rank_change", "own",
        "weights", "others",
    }  # fmt: skip
    assert found["comparison"]["CMI"].keys() >= {
        "test", "statistic", "p", "normality_p", "equal_variance_p", "before", "after",
    }  # fmt: skip
    assert found["spearman"]["CMI"].keys() >= {"rho", "p"}
    for each in found["departments"]:
        assert each["own"] + each["weights"] + each["others"] == pytest.approx(each["rank_change"])


def test_bad_use_is_said_in_one_line(tmp_path: Path) -> None:
    status, said = udi("--indices", str(tmp_path / "none.csv"))
    assert (status, said.startswith("udi: Expected a file that can be read")) == (2, True)
    status, said = udi("--indices", str(write(tmp_path, "department,cmi\nA,x\nB,NaN\n")))
    assert status == 2
