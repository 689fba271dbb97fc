"""Files that people load: what is read as what, and every bad row named by number, column and reason."""

from collections.abc import Sequence
from datetime import datetime
from pathlib import Path
from typing import Any

import orjson
import pytest
import xlsxwriter

from models.calendar import ZONE_DEFAULT
from streams.cli.loading.column_map import Kind
from streams.cli.loading.files import Contents, read_file
from streams.cli.loading.grids import SheetError
from tests.support.builders import BOX, DI, encounter, item

HEADING = "hospital,item_code,name,identifiers,prices"


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "file"


def csv(file: Path, *lines: str, encoding: str = "utf-8") -> Contents:
    """The contents of a CSV file of items."""
    file.write_bytes("\r\n".join((HEADING, *lines)).encode(encoding))
    return read_file(Kind.CATALOGUE, file, ZONE_DEFAULT)


def workbook(file: Path, heading: Sequence[str], *rows: Sequence[Any]) -> Contents:
    """The contents of an XLSX file of encounters; a text that begins with `=` becomes a formula."""
    with xlsxwriter.Workbook(str(file)) as book:
        sheet = book.add_worksheet()
        dated = book.add_format({"num_format": "yyyy-mm-dd hh:mm"})
        for row, cells in enumerate((heading, *rows)):
            for column, cell in enumerate(cells):
                style = [dated] if isinstance(cell, datetime) else []
                sheet.write(row, column, cell, *style)
    return read_file(Kind.ENCOUNTERS, file, ZONE_DEFAULT)


def bad(contents: Contents) -> list[tuple[int, str, str]]:
    return [(row.row, row.column, row.reason) for row in contents.bad]


def values(contents: Contents) -> list[dict[str, Any]]:
    return [orjson.loads(each.value or b"null") for each in contents.good]


# What is read -----------------------------------------------------------------------------------------------------


def test_a_row_becomes_the_record_it_stands_for(file: Path) -> None:
    contents = csv(file, f"H1,SCREW,螺钉,GS1:{DI}:1; GS1:{BOX}:5,1234.00@2022-01-01..2023-01-01;1300@2023-01-01..")

    assert bad(contents) == []
    assert [(each.row, each.key) for each in contents.good] == [(2, b"H1/SCREW")]
    assert values(contents) == [
        {
            "schema": "udi.item/1", "hospital": "H1", "item_code": "SCREW", "name": "螺钉",
            "identifiers": [
                {"issuer": "GS1", "di": DI, "units_per_package": 1},
                {"issuer": "GS1", "di": BOX, "units_per_package": 5},
            ],
            "prices": [
                {"price": "1234.00", "from": "2022-01-01", "to": "2023-01-01"},
                {"price": "1300", "from": "2023-01-01", "to": None},
            ],
        }
    ]  # fmt: skip


def test_a_package_of_unknown_size_and_an_identifier_with_colons_are_read(file: Path) -> None:
    contents = csv(file, f"H1,A,a,GS1:{DI};internal:X:Y:,")

    assert values(contents)[0]["identifiers"] == [
        {"issuer": "GS1", "di": DI, "units_per_package": None},
        {"issuer": "internal", "di": "X:Y", "units_per_package": None},
    ]


def test_an_instant_without_offset_is_the_hospitals_own_time(file: Path) -> None:
    contents = workbook(
        file,
        ("hospital", "encounter", "admitted_at", "drg_weight"),
        ("H1", "E1", datetime(2022, 6, 1, 8, 30), 1.25),  # noqa: DTZ001 -- a spreadsheet knows no zone
        ("H1", "E2", "2022/06/01 08:30", None),
        ("H1", "E3", "2022-06-01T00:30:00+00:00", "2"),
    )

    assert bad(contents) == []
    assert [(each["admitted_at"], each.get("drg_weight")) for each in values(contents)] == [
        ("2022-06-01T08:30:00+08:00", "1.25"),
        ("2022-06-01T08:30:00+08:00", None),
        ("2022-06-01T00:30:00+00:00", "2"),
    ]


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "gb18030"])
def test_the_encodings_that_hospitals_export_are_recognised(file: Path, encoding: str) -> None:
    contents = csv(file, f"H1,A,髓内钉,GS1:{DI}:1,1.00", encoding=encoding)

    assert [each["name"] for each in values(contents)] == ["髓内钉"]
    assert contents.remarks == (["The file was read as GB18030."] if encoding == "gb18030" else [])


@pytest.mark.parametrize("delimiter", [";", "\t"])
def test_other_delimiters_are_recognised_by_the_heading(file: Path, delimiter: str) -> None:
    file.write_text(f"{HEADING}\nH1,A,a,GS1:{DI}:1,1.00\n".replace(",", delimiter), encoding="utf-8")

    assert values(read_file(Kind.CATALOGUE, file, ZONE_DEFAULT))[0]["item_code"] == "A"


def test_a_hospital_may_be_given_for_a_table_without_it(file: Path) -> None:
    file.write_text(f"item_code,name,identifiers\nA,a,GS1:{DI}:1\n", encoding="utf-8")

    contents = read_file(Kind.CATALOGUE, file, ZONE_DEFAULT, "H7")

    assert [each.key for each in contents.good] == [b"H7/A"]


def test_json_lines_are_published_as_they_are_or_as_a_run_wrote_them(file: Path) -> None:
    plain, told = orjson.dumps(item()), orjson.dumps(item(item_code="OTHER"))
    line = {"key": "H1/OTHER", "timestamp": "2022-06-01T00:00:00+00:00", "value": told.decode()}
    ended = {"key": "H1/OTHER", "timestamp": "2022-06-02T00:00:00+00:00"}
    file.write_bytes(b"\n".join((plain, b"", orjson.dumps(line), orjson.dumps(ended))))

    contents = read_file(Kind.CATALOGUE, file, ZONE_DEFAULT)

    assert bad(contents) == []
    assert [(each.row, each.key, each.value, each.timestamp_ms) for each in contents.good] == [
        (1, b"H1/SCREW", plain, None),
        (3, b"H1/OTHER", told, 1654041600000),
        (4, b"H1/OTHER", None, 1654128000000),
    ]


# What is refused --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("cells", "column", "reason"),
    [
        ("H1,1.23E+12,a,,", "item_code",
         "expected an identifier, got 1.23E+12: a spreadsheet has cut its digits; make the column text"),
        ("H1,A,a,GS1:7.03207E+12:1,", "identifiers",
         "expected an identifier, got 7.03207E+12: a spreadsheet has cut its digits; make the column text"),
        ("H1,A,=B2,,", "name", "expected a value, got a formula; paste values only"),
        ("H1,A,#REF!,,", "name", "expected a value, got the spreadsheet's error #REF!"),
        ("H1,A,a,07032069804988,", "identifiers",
         "expected issuer:identifier:units like GS1:06901234567892:1, got '07032069804988'"),
        ("H1,A,a,GS1:X:one,", "identifiers",
         "expected issuer:identifier:units like GS1:06901234567892:1, got 'GS1:X:one'"),
        ("H1,A,a,,12@2022-01-01", "prices",
         "expected price@from..to like 1234.00@2022-01-01..2023-01-01, got '12@2022-01-01'"),
        ("H1,A,a,,12@June..", "prices", "expected a day like 2022-06-30, got 'June'"),
        ("H1,A,a,,12x", "prices", "part 1, price: Expected a decimal number of yuan, got '12x'."),
        ("H1,A,a,,12@2022-02-01..2022-01-01", "prices", "part 1: Expected to after from."),
        (",A,a,,", "hospital", "Expected a value, got none."),
        ("H1,A,a,,,extra", "", "expected 5 cells as in the heading, got 6"),
    ],
)  # fmt: skip
def test_a_bad_cell_is_named_by_row_column_and_reason(file: Path, cells: str, column: str, reason: str) -> None:
    contents = csv(file, f"H1,GOOD,a,GS1:{DI}:1,1.00", cells)

    assert bad(contents) == [(3, column, reason)]
    assert [each.key for each in contents.good] == [b"H1/GOOD"]


def test_an_item_that_stands_twice_is_loaded_once(file: Path) -> None:
    contents = csv(file, "H1,A,first,,", "H1,A,second,,")

    assert [each["name"] for each in values(contents)] == ["first"]
    assert bad(contents) == [(3, "item_code", "expected every one once, it stands in row 2")]


def test_rows_of_another_encoding_are_named_one_by_one(file: Path) -> None:
    rows = ["H1,A,甲,,".encode(), "H1,B,乙,,".encode(), "H1,C,丙,,".encode("gb18030")]
    file.write_bytes(b"\n".join((HEADING.encode(), *rows, b"H1,D,\xff\xff,,")))

    contents = read_file(Kind.CATALOGUE, file, ZONE_DEFAULT)

    assert [each["name"] for each in values(contents)] == ["甲", "乙"]
    assert bad(contents) == [
        (4, "", "expected UTF-8 as in the rest of the file, got GB18030"),
        (5, "", "expected UTF-8 as in the rest of the file, got bytes that are neither UTF-8 nor GB18030"),
    ]


def test_numbers_dates_and_formulas_of_a_workbook_are_no_text(file: Path) -> None:
    contents = workbook(
        file,
        ("hospital", "encounter", "department", "admitted_at"),
        ("H1", 20220603, "ORTH", "2022-06-03T08:00:00+08:00"),
        ("H1", "E2", '="OR"&"TH"', "2022-06-03T08:00:00+08:00"),
        ("H1", "E3", "ORTH", "yesterday"),
        ("H1", "E4", "ORTH", "2022-06-03T08:00:00+08:00"),
    )

    assert bad(contents) == [
        (2, "encounter",
         "expected text, got the number 20220603: a spreadsheet changes what it takes for one; make the column text"),
        (3, "department", "expected a value, got a formula; paste values only"),
        (4, "admitted_at", "expected an instant like 2022-06-03T08:15:30+08:00, got 'yesterday'"),
    ]  # fmt: skip
    assert [each.key for each in contents.good] == [b"H1/E4"]


@pytest.mark.parametrize(
    ("line", "column", "reason"),
    [
        (b"{", "", "expected a JSON object: "),
        (orjson.dumps(encounter(admitted_at="x")), "admitted_at", "Expected an instant like 2022-06-03T08:15:30+08:00"),
        (
            orjson.dumps({"key": "H1/E9", "value": orjson.dumps(encounter()).decode()}),
            "",
            "Expected the key H1/E1, got",
        ),
        (orjson.dumps({"key": "H1/E1"}), "key", "expected a value, or the key hospital/item_code of an item that ends"),
        (
            orjson.dumps({"key": "H1/E1", "timestamp": "x", "value": "{}"}),
            "",
            'expected {"key", "timestamp", "value"}: ',
        ),
    ],
)
def test_a_bad_line_is_named(file: Path, line: bytes, column: str, reason: str) -> None:
    file.write_bytes(orjson.dumps(encounter()) + b"\n" + line)

    contents = read_file(Kind.ENCOUNTERS, file, ZONE_DEFAULT)

    [(row, named, said)] = bad(contents)
    assert (row, named) == (2, column)
    assert said.startswith(reason)


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"", "Expected a heading with column names in row 1, got an empty file."),
        (b"hospital,item_code,name,identifiers,cheap\n", "Row 1: no column is called 'cheap'; expected columns out of"),
        (
            b"hospital,name,identifiers\n",
            "Row 1: expected the columns hospital, item_code, name, identifiers; item_code is",
        ),
        (b"name,name\n", "Row 1: expected every column once, got 'name' twice."),
        (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", "Expected CSV, XLSX or JSON lines, got a workbook of the old XLS form"),
        ("hospital\n".encode("utf-16"), "Expected CSV in UTF-8 or GB18030, got UTF-16; save it as CSV UTF-8."),
        (b"PK\x03\x04nonsense", "Expected an XLSX workbook: "),
    ],
)
def test_a_file_that_is_no_table_is_refused_as_a_whole(file: Path, content: bytes, said: str) -> None:
    file.write_bytes(content)

    with pytest.raises(SheetError) as refused:
        read_file(Kind.CATALOGUE, file, ZONE_DEFAULT)

    assert str(refused.value).startswith(said)


# Charge lines of the HIS ------------------------------------------------------------------------------------------

LINES = "hospital,line_id,encounter,item_code,quantity,unit_price,amount,service_at"


def lines(file: Path, *rows: str, heading: str = LINES) -> Contents:
    """The contents of a CSV file of charge lines."""
    file.write_text("\n".join((heading, *rows)), encoding="utf-8")
    return read_file(Kind.HIS_CHARGES, file, ZONE_DEFAULT)


def test_a_charge_line_goes_out_under_the_key_of_its_encounter(file: Path) -> None:
    contents = lines(
        file,
        "H1,L1,E1,SCREW,2,1234.00,2468.00,2022-06-03 12:00,no,6906f2f0-0000-4000-8000-000000000001,L7",
        heading=f"{LINES},cancelled,billing_id,lot",
    )

    assert bad(contents) == []
    assert [each.key for each in contents.good] == [b"H1/E1"]
    assert values(contents) == [
        {
            "schema": "udi.his-charge/1", "hospital": "H1", "line_id": "L1", "encounter": "E1", "item_code": "SCREW",
            "quantity": 2, "unit_price": "1234.00", "amount": "2468.00", "service_at": "2022-06-03T12:00:00+08:00",
            "cancelled": False, "billing_id": "6906f2f0-0000-4000-8000-000000000001", "lot": "L7",
        }
    ]  # fmt: skip


def test_charge_lines_that_cannot_be_true_are_named(file: Path) -> None:
    contents = lines(
        file,
        "H1,L1,E1,SCREW,-1,1234.00,1234.00,2022-06-03 12:00,CNY",
        "H1,L2,E1,SCREW,2,1234.00,1234.00,2022-06-03 12:00,CNY",
        "H1,L3,E1,SCREW,1,1234.00,1234.00,2022-06-03 12:00,USD",
        "H1,L4,E1,SCREW,1.5,1234.00,1851.00,2022-06-03 12:00,CNY",
        "H1,L5,E1,SCREW,1,1234.00,1234.00,yesterday,CNY",
        "H1,1.23E+12,E1,SCREW,1,1234.00,1234.00,2022-06-03 12:00,CNY",
        "H1,L7,E1,SCREW,1,1234.00,1234.00,2022-06-03 12:00,CNY",
        heading=f"{LINES},currency",
    )

    assert [each.row for each in contents.good] == [8]
    assert bad(contents) == [
        (2, "quantity", "Expected at least 1, got -1."),
        (3, "", "Expected amount 2468.00 for 2 × 1234.00, got 1234.00."),
        (4, "currency", "Expected the value 'CNY', got \"USD\"."),
        (5, "quantity", "expected a whole number, got '1.5'"),
        (6, "service_at", "expected an instant like 2022-06-03T08:15:30+08:00, got 'yesterday'"),
        (7, "line_id", "expected an identifier, got 1.23E+12: a spreadsheet has cut its digits; make the column text"),
    ]


def test_a_line_that_stands_twice_in_a_table_must_say_the_same(file: Path) -> None:
    row = "H1,L1,E1,SCREW,1,1234.00,1234.00,2022-06-03 12:00"
    contents = lines(file, row, row, "H1,L1,E2,SCREW,1,1234.00,1234.00,2022-06-03 12:00", row.replace("H1", "H2"))

    assert [(each.row, each.key) for each in contents.good] == [(2, b"H1/E1"), (5, b"H2/E1")]
    assert bad(contents) == [(4, "line_id", "expected every one once, it stands in row 2")]


def test_json_lines_may_hold_versions_of_a_line_in_order(file: Path) -> None:
    line = {
        "schema": "udi.his-charge/1", "hospital": "H1", "line_id": "L1", "encounter": "E1", "item_code": "SCREW",
        "quantity": 1, "unit_price": "1234.00", "amount": "1234.00", "service_at": "2022-06-03T12:00:00+08:00",
    }  # fmt: skip
    file.write_bytes(b"\n".join(orjson.dumps(line | more) for more in ({}, {"cancelled": True})))

    contents = read_file(Kind.HIS_CHARGES, file, ZONE_DEFAULT)

    assert bad(contents) == []
    assert [value.get("cancelled") for value in values(contents)] == [None, True]
