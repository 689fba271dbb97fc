"""Tables of items: what can not be meant so is refused by name, what is doubtful is loaded and named."""

from pathlib import Path

import orjson
import pytest
import xlsxwriter

from models.calendar import ZONE_DEFAULT
from streams.cli.loading.column_map import Kind
from streams.cli.loading.files import read_file
from streams.cli.loading.grids import SheetError
from tests.support.builders import DI, item
from tests.unit.streams.cli.loading.test_load import HEADING, bad, csv, values


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "file"


def test_merged_cells_are_named_for_nobody_can_say_whose_value_they_hold(file: Path) -> None:
    with xlsxwriter.Workbook(str(file)) as book:
        sheet = book.add_worksheet()
        sheet.write_row(0, 0, ("hospital", "encounter", "admitted_at"))
        for row in range(4):
            sheet.write_row(row + 1, 0, ("H1", f"E{row}", MAY))
        sheet.merge_range("A3:A4", "H1")

    contents = read_file(Kind.ENCOUNTERS, file, ZONE_DEFAULT)

    assert [each["encounter"] for each in values(contents)] == ["E0", "E3"]
    reason = "expected a value in every cell, got merged cells A3:A4"
    assert bad(contents) == [(3, "", reason), (4, "", reason)]


def test_a_merged_heading_is_no_heading(file: Path) -> None:
    with xlsxwriter.Workbook(str(file)) as book:
        book.add_worksheet().merge_range("A1:B1", "hospital")

    with pytest.raises(SheetError, match="got merged cells A1:B1"):
        read_file(Kind.ENCOUNTERS, file, ZONE_DEFAULT)


MAY = "2022-05-01T08:00:00+08:00"


def test_thousands_and_limits_are_read(file: Path) -> None:
    file.write_text(
        f'{HEADING},limit_per_stay,needs_approval,excluded_drg_groups\nH1,A,n,,"1,234.00",3,yes,ES31;IB19\n',
        encoding="utf-8",
    )

    (value,) = values(read_file(Kind.CATALOGUE, file, ZONE_DEFAULT))

    assert value["prices"] == [{"price": "1234.00", "from": None, "to": None}]
    assert value["limits"] == {"per_stay": 3, "needs_approval": True, "excluded_drg_groups": ["ES31", "IB19"]}


@pytest.mark.parametrize(
    "day", ["2022-06-03", "2022/6/3", "2022.06.03", "20220603", "2022年6月3日", "2022-06-03 00:00:00"]
)
def test_days_are_read_in_the_forms_that_are_usual(file: Path, day: str) -> None:
    file.write_text(f"{HEADING},licence_valid_to\nH1,A,n,,1.00,{day}\n", encoding="utf-8")

    (value,) = values(read_file(Kind.CATALOGUE, file, ZONE_DEFAULT))

    assert value["licence_valid_to"] == "2022-06-03"


@pytest.mark.parametrize("day", ["03/06/2022", "2022-06", "20220631"])
def test_a_day_that_could_be_another_is_refused(file: Path, day: str) -> None:
    file.write_text(f"{HEADING},licence_valid_to\nH1,A,n,,1.00,{day}\n", encoding="utf-8")

    contents = read_file(Kind.CATALOGUE, file, ZONE_DEFAULT)

    assert bad(contents) == [(2, "licence_valid_to", f"expected a day like 2022-06-30, got {day!r}")]


def test_identifiers_are_loaded_in_the_form_in_which_a_scan_gives_them(file: Path) -> None:
    contents = csv(file, "H1,A,n,GS1:6901234567892:1;HIBCC:a123bjc5:10,1.00")

    assert [each["di"] for each in values(contents)[0]["identifiers"]] == ["06901234567892", "A123BJC5"]


@pytest.mark.parametrize(
    ("cells", "column", "said"),
    [
        (f"H1,A,n,GS1:{DI[:-1]}9:1,1.00,", "identifiers", "a right check digit"),
        ("H1,A,n,GS1:1.23e+12:1,1.00,", "identifiers", "a spreadsheet has cut its digits"),
        ("H1,A,n,,1.00@..2022-03-01;2.00@2022-02-01..,", "prices", "two hold from 2022-02-01 to 2022-03-01"),
        ("H1,A,n,,1.00,C123", "insurance_code", "(4 characters)"),
    ],
)
def test_a_row_that_contradicts_itself_is_refused_by_name(file: Path, cells: str, column: str, said: str) -> None:
    file.write_text(f"{HEADING},insurance_code\n{cells}\nH1,B,n,,1.00,\n", encoding="utf-8")

    contents = read_file(Kind.CATALOGUE, file, ZONE_DEFAULT)

    assert [each["item_code"] for each in values(contents)] == ["B"]
    assert [(each.row, each.column) for each in contents.bad] == [(2, column)]
    assert said in contents.bad[0].reason


def test_a_doubtful_row_is_loaded_and_named(file: Path) -> None:
    contents = csv(file, "H1,A,n,,1.00@..2022-02-01;2.00@2022-03-01..", "H1,B,n,,")

    assert [each["item_code"] for each in values(contents)] == ["A", "B"]
    assert [(each.row, each.column) for each in contents.doubtful] == [(2, "prices"), (3, "prices")]


def test_records_of_the_his_are_taken_as_they_are(file: Path) -> None:
    file.write_bytes(orjson.dumps(item(insurance_code="C123")) + b"\n")

    contents = read_file(Kind.CATALOGUE, file, ZONE_DEFAULT)

    assert (len(contents.good), bad(contents)) == (1, [])
    assert [each.column for each in contents.doubtful] == ["insurance_code"]
