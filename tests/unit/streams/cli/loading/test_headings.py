"""Files as people have them: their headings, notes, totals and signs; understood and shown, or refused by name."""

from pathlib import Path
from typing import Any

import orjson
import pytest
import xlsxwriter

from models.calendar import ZONE_DEFAULT
from streams.cli.loading.column_map import ColumnMap, Kind, as_toml, plain, read_map
from streams.cli.loading.files import Contents, read_file
from streams.cli.loading.grids import SheetError
from streams.cli.loading.load import TABLES
from tests.support.builders import BOX, DI

DICTIONARY = "物资编码,物资名称,规格型号,生产厂家,注册证号,医保编码,UDI-DI,包装数量,零售价"
ROW = f"P1,锁定板,8孔,某厂,国械注准2020,,{DI},1,1234.00"


def read(file: Path, *lines: str, kind: Kind = Kind.CATALOGUE, encoding: str = "utf-8", **more: Any) -> Contents:
    """The contents of a CSV file, of hospital H1."""
    file.write_bytes("\n".join(lines).encode(encoding))
    return read_file(kind, file, ZONE_DEFAULT, "H1", **more)


def one(contents: Contents) -> Any:
    """Its only record."""
    assert contents.bad == []
    (message,) = contents.good
    return orjson.loads(message.value or b"null")


def refused(file: Path, *lines: str, kind: Kind = Kind.CATALOGUE) -> str:
    with pytest.raises(SheetError) as error:
        read(file, *lines, kind=kind)
    return str(error.value)


# Headings ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "gb18030"])
def test_a_material_dictionary_is_understood_by_its_headings(file: Path, encoding: str) -> None:
    contents = read(file, DICTIONARY, ROW, encoding=encoding)

    assert one(contents) == {
        "schema": "udi.item/1", "hospital": "H1", "item_code": "P1", "name": "锁定板", "spec": "8孔", "maker": "某厂",
        "identifiers": [{"issuer": "GS1", "di": DI, "units_per_package": 1}],
        "prices": [{"price": "1234.00", "from": None, "to": None}],
    }  # fmt: skip
    assert contents.columns is not None
    assert contents.columns.columns["零售价"] == "price"
    assert contents.columns.unread == ("注册证号",)


def test_the_columns_own_names_need_no_map(file: Path) -> None:
    contents = read(file, "item_code,name,udi_di,price", f"P1,plate,{DI},1")

    assert contents.columns is not None
    assert contents.columns.is_own


@pytest.mark.parametrize(
    ("heading", "text"),
    [("零售价（元）*", "零售价"), ("Item Code", "itemcode"), ("UDI-DI", "udidi"), ("金额(万元)", "金额(万元)")],
)
def test_headings_are_known_whatever_stands_around_them(heading: str, text: str) -> None:
    assert plain(heading) == text


def test_figures_in_another_unit_are_not_taken_for_yuan(file: Path) -> None:
    contents = read(file, "物资编码,名称,UDI-DI,零售价(万元)", f"P1,a,{DI},0.12")

    assert "prices" not in one(contents)
    assert contents.columns is not None
    assert contents.columns.unread == ("零售价(万元)",)


def test_a_wrong_column_names_itself_first(file: Path) -> None:
    said = refused(file, "item_code,name,identifiers,pricess", f"P1,a,GS1:{DI}:1,1")

    assert said.startswith("Row 1: no column is called 'pricess' (meant 'prices'?); expected columns out of hospital,")


def test_headings_of_another_language_are_named(file: Path) -> None:
    assert refused(file, "Artikelnummer,Bezeichnung,Preis", "P1,a,1").startswith(
        "Row 1: no column is called 'Artikelnummer', 'Bezeichnung', 'Preis'; expected"
    )


def test_a_missing_hospital_points_to_its_option(file: Path) -> None:
    file.write_text("item_code,name,identifiers\nP1,a,\n", encoding="utf-8")

    with pytest.raises(SheetError, match="the column hospital is missing; --hospital CODE gives it to every row"):
        read_file(Kind.CATALOGUE, file, ZONE_DEFAULT)


def test_a_persons_own_map_decides(file: Path) -> None:
    own = file.with_suffix(".toml")
    own.write_text('[columns]\nCode = "item_code"\nTitle = "name"\nDI = "udi_di"\nNote = ""\n', encoding="utf-8")
    given = read_map(own, TABLES[Kind.CATALOGUE].columns)

    contents = read(file, "Code,Title,DI,Note,price", f"P1,a,{DI},x,5", given=given)

    assert one(contents)["item_code"] == "P1"
    assert contents.columns is not None
    assert contents.columns.unread == ("Note",)
    assert read_map(own, TABLES[Kind.CATALOGUE].columns) == given


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("columns = 1", "Expected a table"),
        ("[columns", "Expected a column map in TOML"),
        ('[columns]\na = "pricess"', "no column is called 'pricess'"),
    ],
)
def test_a_wrong_map_is_one_line(tmp_path: Path, text: str, said: str) -> None:
    own = tmp_path / "map.toml"
    own.write_text(text, encoding="utf-8")

    with pytest.raises(SheetError, match=said):
        read_map(own, TABLES[Kind.CATALOGUE].columns)


def test_a_map_that_is_kept_is_read_again(tmp_path: Path) -> None:
    found = ColumnMap({'物资"编码"': "item_code", "a\\b": "name"}, ("备注",))
    kept = tmp_path / "map.toml"
    kept.write_text(as_toml(Kind.CATALOGUE, found), encoding="utf-8")

    assert read_map(kept, TABLES[Kind.CATALOGUE].columns) == found


# Around the table -------------------------------------------------------------------------------------------------


def test_notes_above_and_totals_below_are_skipped_with_a_word(file: Path) -> None:
    contents = read(
        file, "某医院物资字典,,", "制表日期：2022-06-01", "", DICTIONARY, ROW, "合计,,,,,,,,1234.00", "小 计："
    )

    assert one(contents)["item_code"] == "P1"
    assert contents.remarks == [
        "Rows 1 to 3 stand above the heading and were skipped.",
        "Row 6 is a total and was skipped.",
        "Row 7 is a total and was skipped.",
    ]


@pytest.mark.parametrize(
    "line", ["审核人：张三,,制表人：李四", "制表人,王五", "日期：2022-06-30", "制表日期: 6月", "Prepared by: Li"]
)
def test_a_line_of_signatures_is_skipped_with_a_word(file: Path, line: str) -> None:
    contents = read(file, DICTIONARY, ROW, "合计,,,,,,,,1234.00", line)

    assert one(contents)["item_code"] == "P1"
    assert contents.bad == []
    assert contents.remarks[-1] == "Row 4 is a line of signatures and was skipped."


def test_a_row_that_only_begins_like_a_signature_is_an_item(file: Path) -> None:
    contents = read(file, "name,item_code,udi_di,price", f"日期章,P1,{DI},1", f"日期,P2,{DI},1")

    assert len(contents.good) == 2


@pytest.mark.parametrize("number", ["46000", "46000.0"])
def test_a_date_without_its_format_is_named(file: Path, number: str) -> None:
    contents = read(file, "item_code,name,udi_di,price,licence_valid_to", f"P1,a,{DI},1,{number}")

    assert [(each.column, each.reason) for each in contents.bad] == [
        ("licence_valid_to",
         f"expected a day like 2022-06-30, got Excel's number of a day {number}; format the cell as a date"),
    ]  # fmt: skip


def test_an_item_that_is_called_total_is_an_item(file: Path) -> None:
    assert one(read(file, "name,item_code,identifiers", "Total,P1,"))["name"] == "Total"


def test_a_second_heading_is_skipped_with_a_word(file: Path) -> None:
    contents = read(file, "物资编码,物资名称,UDI-DI", "item_code,name,udi_di", f"P1,a,{DI}")

    assert one(contents)["item_code"] == "P1"
    assert contents.remarks == ["Row 2 is a second heading and was skipped."]


def test_two_headings_that_complete_each_other_are_refused(file: Path) -> None:
    said = refused(file, "物资编码,物资名称,UDI-DI,价格,", ",,,零售价,进价", f"P1,a,{DI},2,1")

    assert said == "Rows 1 and 2: expected one row of column names, got two."


def test_a_merged_heading_of_two_rows_is_named(file: Path) -> None:
    with xlsxwriter.Workbook(str(file)) as book:
        sheet = book.add_worksheet()
        sheet.merge_range("A1:A2", "物资编码")
        sheet.merge_range("B1:B2", "物资名称")
        sheet.merge_range("C1:D1", "价格")
        sheet.write_row("C2", ("零售价", "进价"))
        sheet.write_row("A3", ("P1", "a", "2", "1"))

    with pytest.raises(SheetError, match="Row 1: expected one cell for each column name, got merged cells"):
        read_file(Kind.CATALOGUE, file, ZONE_DEFAULT, "H1")


def test_a_merged_title_above_the_table_hurts_nobody(file: Path) -> None:
    with xlsxwriter.Workbook(str(file)) as book:
        sheet = book.add_worksheet()
        sheet.merge_range("A1:C1", "某医院物资字典")
        sheet.write_row("A2", ("物资编码", "物资名称", "UDI-DI"))
        sheet.write_row("A3", ("P1", "a", DI))

    contents = read_file(Kind.CATALOGUE, file, ZONE_DEFAULT, "H1")

    assert one(contents)["item_code"] == "P1"
    assert contents.remarks == ["Rows 1 to 1 stand above the heading and were skipped."]


# Cells ------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("delimiter", [",", ";", "|", "\t"])
def test_delimiters_are_known_by_the_heading_they_show(file: Path, delimiter: str) -> None:
    note = "notes, with, many, commas, here; and more"
    contents = read(file, note, *(line.replace(",", delimiter) for line in (DICTIONARY, ROW)))

    assert one(contents)["name"] == "锁定板"


@pytest.mark.parametrize("price", ["¥1,234.50", "￥1234.50", "1,234.50元", "CNY 1234.50", "1，234.50"])
def test_prices_are_read_with_their_signs(file: Path, price: str) -> None:
    contents = read(file, "item_code;name;udi_di;units;price", f"P1;a;{DI};1;{price}")

    assert one(contents)["prices"] == [{"price": "1234.50", "from": None, "to": None}]
    assert contents.doubtful == []


def test_the_sign_of_dollars_is_read_and_named(file: Path) -> None:
    contents = read(file, "item_code;name;udi_di;units;price", f"P1;a;{DI};1;$1,234.50")

    assert one(contents)["prices"][0]["price"] == "1234.50"
    assert [(each.row, each.column, each.reason) for each in contents.doubtful] == [
        (2, "price", "the sign of dollars was read as yuan")
    ]


@pytest.mark.parametrize("price", ["HK$5", "US$5", "$x"])
def test_a_row_that_is_not_loaded_is_not_among_those_that_are(file: Path, price: str) -> None:
    contents = read(file, "item_code;name;udi_di;units;price", f"P1;a;{DI};1;{price}")

    assert (contents.good, contents.doubtful) == ([], [])
    assert [each.row for each in contents.bad] == [2]


@pytest.mark.parametrize("between", [";", "；", "|", " | "])
def test_several_identifiers_stand_in_one_cell(file: Path, between: str) -> None:
    contents = read(file, "item_code,name,udi_di,units", f"P1,a,{DI}{between}{BOX},1{between}10")

    assert [(each["di"], each["units_per_package"]) for each in one(contents)["identifiers"]] == [(DI, 1), (BOX, 10)]


@pytest.mark.parametrize(
    ("text", "issuer", "di"),
    [
        ("6901234567892", "GS1", "06901234567892"),
        ("(01)06901234567892", "GS1", "06901234567892"),
        ("+A123BJC5D6E71G", "HIBCC", "A123BJC5D6E71"),
        ("MA.156.M0.100133.12345675", "MA", "MA.156.M0.100133.12345675"),
        ("HIBCC:a123bjc5", "HIBCC", "A123BJC5"),
    ],
)
def test_the_issuer_of_a_plain_identifier_is_known(file: Path, text: str, issuer: str, di: str) -> None:
    contents = read(file, "item_code,name,udi_di", f"P1,a,{text}")

    assert one(contents)["identifiers"] == [{"issuer": issuer, "di": di, "units_per_package": None}]


@pytest.mark.parametrize(
    ("cells", "column", "reason"),
    [
        (
            "6901234567893,,,",
            "udi_di",
            "expected a GTIN, an MA or HIBC code, or issuer:identifier, got '6901234567893'",
        ),
        (f"{DI},1;2,,", "units", "expected one for each identifier in udi_di, got 2 for 1"),
        (f"{DI},1,1,2", "price", "expected price or prices, got both"),
    ],
)
def test_plain_columns_that_contradict_are_named(file: Path, cells: str, column: str, reason: str) -> None:
    contents = read(file, "item_code,name,udi_di,units,price,prices", f"P1,a,{cells}")

    assert [(each.row, each.column, each.reason) for each in contents.bad] == [(2, column, reason)]


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"<?xml version='1.0'?><devices/>", "got XML; an export of the national database goes to `udi load udid"),
        (b"%PDF-1.7", "Expected CSV, XLSX or JSON lines, got a PDF."),
        (b"\x89PNG\r\n", "got a picture."),
        (b"code\0\1", "got binary data."),
    ],
)
def test_a_file_of_another_form_is_named(file: Path, content: bytes, said: str) -> None:
    file.write_bytes(content)

    with pytest.raises(SheetError) as error:
        read_file(Kind.CATALOGUE, file, ZONE_DEFAULT, "H1")
    assert said in str(error.value)
