"""Exports of the national database are read as devices, as XML or as a table; bad ones are named."""

import io
import zipfile
from datetime import date
from pathlib import Path
from typing import NamedTuple

import pytest

from models.catalogue.item import LabelPart
from models.catalogue.udid import Packing, UdidDevice
from models.udi import Issuer
from rules.catalogue.udid_merging import proposed_item
from streams.cli.loading.grids import SheetError
from streams.cli.loading.udid.devices import Broken, devices_of
from streams.cli.loading.udid.parts import parts_of

XML = """<?xml version="1.0" encoding="UTF-8"?>
<udid><devices>
<device><zxxsdycpbs>06900000000021</zxxsdycpbs><cpbsbmtxmc>GS1</cpbsbmtxmc><zxxsdyzsydydsl>10</zxxsdyzsydydsl>
<sydycpbs>06900000000014</sydycpbs><cpmctymc>支架</cpmctymc><ylqxzcrbarmc>某公司</ylqxzcrbarmc><ybbm>C0344051070500007551</ybbm>
<packingList><packing><bzcpbs>16900000000028</bzcpbs><bznhxyjbzcpbs>06900000000021</bznhxyjbzcpbs>
<bznhxyjcpbssl>5</bznhxyjcpbssl></packing></packingList></device>
<device><zxxsdycpbs>MA.156.M0.1</zxxsdycpbs><cpbsbmtxmc>MA码（IDcode）</cpbsbmtxmc></device>
<device><zxxsdycpbs>1</zxxsdycpbs><cpbsbmtxmc>HIBC</cpbsbmtxmc></device>
<device><zxxsdycpbs>06900000000038</zxxsdycpbs><zxxsdyzsydydsl>-1</zxxsdyzsydydsl></device>
</devices></udid>"""
CSV = """zxxsdycpbs,sydycpbs,zxxsdyzsydydsl,cpmctymc,bzcpbs,bznhxyjbzcpbs,bznhxyjcpbssl
06900000000021,06900000000014,10,支架,16900000000028,06900000000021,5
06900000000021,06900000000014,10,支架,26900000000025,16900000000028,4
06900000000038,06900000000038,,,,,
"""


class Export(NamedTuple):
    """What a file holds."""

    devices: list[UdidDevice]
    bad: list[Broken]


def read_export(file: Path) -> Export:
    with parts_of(file) as (parts, _):
        found = [each for part in parts for each in devices_of(part, lambda _: None)]
    return Export(
        [each for each in found if isinstance(each, UdidDevice)], [each for each in found if isinstance(each, Broken)]
    )


def device(number: int, rest: str = "") -> str:
    """A device of XML; the numbers have a right check digit."""
    return f"<device><zxxsdycpbs>0690000000{number:04d}</zxxsdycpbs><cpbsbmtxmc>GS1</cpbsbmtxmc>{rest}</device>"


def test_a_device_of_xml_has_its_packages(tmp_path: Path) -> None:
    file = tmp_path / "udid.xml"
    file.write_text(XML, encoding="utf-8")

    export = read_export(file)

    first, second = export.devices
    assert (first.issuer, first.sales_unit, first.use_unit, first.units) == (
        Issuer.GS1, "06900000000021", "06900000000014", 10,
    )  # fmt: skip
    assert first.packings == (Packing("16900000000028", "06900000000021", 5),)
    assert (first.name, first.registrant, first.insurance_code) == ("支架", "某公司", "C0344051070500007551")
    assert (second.issuer, second.units) == (Issuer.MA, None)
    assert [(bad.row, bad.column) for bad in export.bad] == [(3, "cpbsbmtxmc"), (4, "zxxsdyzsydydsl")]
    assert export.bad[1].reason == "expected a whole number from 1 to 100000, got '-1'"


def test_rows_of_one_device_are_its_packages(tmp_path: Path) -> None:
    file = tmp_path / "udid.csv"
    file.write_text(CSV, encoding="gb18030")

    devices = read_export(file).devices

    assert [len(device.packings) for device in devices] == [2, 0]
    assert devices[0].levels() == {
        "06900000000014": 1, "06900000000021": 10, "16900000000028": 50, "26900000000025": 200,
    }  # fmt: skip
    assert devices[1].levels() == {"06900000000038": 1}


@pytest.mark.parametrize("encoding", ["GB18030", "GBK", "UTF-16"])
def test_xml_of_another_encoding_is_read(tmp_path: Path, encoding: str) -> None:
    file = tmp_path / "udid.xml"
    file.write_text(XML.replace("UTF-8", encoding), encoding=encoding)

    assert [device.name for device in read_export(file).devices] == ["支架", None]


def test_xml_with_a_namespace_is_read(tmp_path: Path) -> None:
    file = tmp_path / "udid.xml"
    file.write_text(XML.replace("<udid>", '<udid xmlns="urn:udid">'), encoding="utf-8")

    (first, _) = read_export(file).devices

    assert first.packings == (Packing("16900000000028", "06900000000021", 5),)


@pytest.mark.parametrize(
    ("cells", "column", "said"),
    [
        ("6.90E+12,,GS1", "zxxsdycpbs", "a spreadsheet has cut its digits"),
        ("06900000000021,#N/A,GS1", "sydycpbs", "the spreadsheet's error #N/A"),
        ("=A1,,GS1", "zxxsdycpbs", "a formula"),
        ("06900000000022,,GS1", "zxxsdycpbs", "expected a GTIN with a right check digit, got '06900000000022'"),
        (",,GS1", "zxxsdycpbs", "got none"),
        ("1,,HIBC", "cpbsbmtxmc", "expected GS1, MA or AHM, got 'HIBC'"),
    ],
)
def test_what_a_spreadsheet_has_spoilt_is_named(tmp_path: Path, cells: str, column: str, said: str) -> None:
    file = tmp_path / "udid.csv"
    file.write_text(f"zxxsdycpbs,sydycpbs,cpbsbmtxmc\n{cells}\n06900000000038,,GS1\n", encoding="utf-8")

    export = read_export(file)

    assert [device.sales_unit for device in export.devices] == ["06900000000038"]
    assert [(bad.row, bad.column) for bad in export.bad] == [(2, column)]
    assert said in export.bad[0].reason


def test_identifiers_are_in_the_form_in_which_a_scan_gives_them(tmp_path: Path) -> None:
    file = tmp_path / "udid.csv"
    file.write_text(
        "zxxsdycpbs,sydycpbs,cpbsbmtxmc\n6900000000021,6900000000014,GS1\nma.156.m0.100133.12345675,,MA码(IDcode)\n",
        encoding="utf-8",
    )

    assert [(each.sales_unit, each.use_unit) for each in read_export(file).devices] == [
        ("06900000000021", "06900000000014"),
        ("MA.156.M0.100133.12345675", None),
    ]


@pytest.mark.parametrize(
    ("content", "said"),
    [
        ("<udid>", "found none"),
        ("<udid/>", "found none"),
        ("<zxxsdycpbs>1", "outside of any"),
        ("a,b\n1,2\n", "the column zxxsdycpbs"),
    ],
)
def test_a_file_without_devices_is_refused_as_a_whole(tmp_path: Path, content: str, said: str) -> None:
    file = tmp_path / "udid"
    file.write_text(content, encoding="utf-8")

    with pytest.raises(SheetError, match=said):
        read_export(file)


def test_a_device_of_no_item_is_proposed_as_one(tmp_path: Path) -> None:
    file = tmp_path / "udid.xml"
    file.write_text(XML.replace("<ylqxzcrbarmc>", "<ggxh>3.0×18</ggxh><ylqxzcrbarmc>", 1), encoding="utf-8")

    first, second = read_export(file).devices

    assert proposed_item("H1", first) == {
        "hospital": "H1", "item_code": "06900000000021", "name": "支架", "spec": "3.0×18", "maker": "某公司",
        "insurance_code": "C0344051070500007551",
        "identifiers": "GS1:06900000000014:1;GS1:06900000000021:10;GS1:16900000000028:50",
    }  # fmt: skip
    assert proposed_item("H1", second)["identifiers"] == "MA:MA.156.M0.1:"


def test_a_device_says_what_its_label_carries_and_since_when_it_is_not_sold(tmp_path: Path) -> None:
    file = tmp_path / "udid.xml"
    flags = (
        "<scbssfbhph>是</scbssfbhph><scbssfbhxlh>否</scbssfbhxlh><scbssfbhscrq>0</scbssfbhscrq>"
        "<scbssfbhsxrq>1</scbssfbhsxrq><tsrq>2022-05-01</tsrq>"
    )
    none = "<scbssfbhph>否</scbssfbhph>"
    odd = "<scbssfbhxlh>vielleicht</scbssfbhxlh>"
    late = "<tsrq>soon</tsrq>"
    records = device(21, flags) + device(38) + device(45, none) + device(52, odd) + device(69, late)
    file.write_text(f"<udid>{records}</udid>", encoding="utf-8")

    export = read_export(file)

    assert [(each.carries, each.withdrawn_on) for each in export.devices] == [
        ((LabelPart.LOT, LabelPart.EXPIRY), date(2022, 5, 1)), (None, None), ((), None),
    ]  # fmt: skip
    assert [(each.row, each.column) for each in export.bad] == [(4, "scbssfbhxlh"), (5, "tsrq")]


BROKEN = {
    "a tag that does not end": ("<device><zxxsdycpbs>06900000000014", "expected the end of the record </device>"),
    "tags that do not match": ("<device><a></b></device>", "mismatched tag"),
    "an entity": ("<device><zxxsdycpbs>&boom;</zxxsdycpbs></device>", "undefined entity"),
    "a bare ampersand": ("<device><cpmctymc>A & B</cpmctymc></device>", "not well-formed"),
    "no identifier": ("<device><cpmctymc>A</cpmctymc></device>", "expected the identifier of the sales unit"),
}


@pytest.mark.parametrize("broken", BROKEN)
def test_a_broken_record_is_named_with_its_place_and_its_neighbours_go_through(tmp_path: Path, broken: str) -> None:
    file = tmp_path / "udid.xml"
    text, said = BROKEN[broken]
    file.write_text(f"<udid>\n{device(21)}\n{text}\n{device(38)}\n</udid>", encoding="utf-8")

    export = read_export(file)

    assert [each.sales_unit for each in export.devices] == ["06900000000021", "06900000000038"]
    ((row, reason),) = ((each.row, each.reason) for each in export.bad)
    assert (row, said in reason) == (2, True), reason
    assert broken == "no identifier" or reason.startswith("line 3: ")


def test_a_file_that_ends_within_a_record_gives_those_before_it(tmp_path: Path) -> None:
    file = tmp_path / "udid.xml"
    file.write_text(f"<udid>{device(21)}\n{device(38)[:40]}", encoding="utf-8")

    export = read_export(file)

    assert [each.sales_unit for each in export.devices] == ["06900000000021"]
    assert [(each.row, each.reason) for each in export.bad] == [
        (2, "line 2: expected the end of the record </device>, got none")
    ]


def test_bytes_of_another_encoding_spoil_their_record_alone(tmp_path: Path) -> None:
    file = tmp_path / "udid.xml"
    spoilt = device(38, "<cpmctymc>支架</cpmctymc>").encode("gb18030")
    file.write_bytes(b"<udid>" + device(21).encode() + spoilt + device(45).encode() + b"</udid>")

    export = read_export(file)

    assert [each.sales_unit for each in export.devices] == ["06900000000021", "06900000000045"]
    assert [each.row for each in export.bad] == [2]


@pytest.mark.parametrize("encoding", ["utf-16-le", "utf-16-be"])
def test_a_table_in_utf_16_is_refused_by_its_encoding_and_xml_of_it_is_read(tmp_path: Path, encoding: str) -> None:
    file = tmp_path / "udid"
    file.write_bytes(("\ufeff" + CSV.replace(",", "\t")).encode(encoding))
    with pytest.raises(SheetError, match="got UTF-16; save it as CSV UTF-8"):
        read_export(file)
    file.write_bytes(f"\ufeff \n<udid>{device(21)}</udid>".encode(encoding))
    assert [each.sales_unit for each in read_export(file).devices] == ["06900000000021"]


def test_entities_never_grow(tmp_path: Path) -> None:
    """A document type that makes a gigabyte of a line reaches no parser."""
    lines = [f'<!ENTITY e{n} "{f"&e{n - 1};" * 10}">' for n in range(1, 10)]
    file = tmp_path / "udid.xml"
    file.write_text(
        f'<!DOCTYPE udid [<!ENTITY e0 "boom">{"".join(lines)}<!ENTITY f SYSTEM "file:///etc/passwd">]>'
        f"<udid>{device(21, '<cpmctymc>&e9;</cpmctymc>')}{device(38, '<cpmctymc>&f;</cpmctymc>')}{device(45)}</udid>",
        encoding="utf-8",
    )

    export = read_export(file)

    assert [each.sales_unit for each in export.devices] == ["06900000000045"]
    assert ["undefined entity" in each.reason for each in export.bad] == [True, True]


def test_prefixes_and_attributes_of_a_namespace_change_nothing(tmp_path: Path) -> None:
    file = tmp_path / "udid.xml"
    text = XML.replace("<udid>", '<u:udid xmlns:u="urn:udid" xmlns:xsi="urn:xsi">').replace("</udid>", "</u:udid>")
    for name in ("devices", "device", "zxxsdycpbs", "packingList", "packing", "bzcpbs"):
        text = text.replace(f"<{name}>", f"<u:{name}>").replace(f"</{name}>", f"</u:{name}>")
    file.write_text(text.replace("<ybbm>", '<ybbm xsi:nil="false">'), encoding="utf-8")

    (first, _) = read_export(file).devices

    assert first.packings == (Packing("16900000000028", "06900000000021", 5),)
    assert first.insurance_code == "C0344051070500007551"


def test_records_across_the_chunks_of_a_file_are_whole(tmp_path: Path) -> None:
    """Names of growing length move every tag over the edges of what is read at a time."""
    file = tmp_path / "udid.xml"
    records = "".join(device(21, f"<cpmctymc>{'支' * length}</cpmctymc>\n") for length in range(1, 1500))
    file.write_text(f"<udid>{records}</udid>", encoding="utf-8")

    export = read_export(file)

    assert [len(each.name or "") for each in export.devices] == list(range(1, 1500))
    assert export.bad == []


def zipped(to: Path, **files: bytes) -> Path:
    with zipfile.ZipFile(to, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in files.items():
            archive.writestr(name.replace("__", "."), content)
    return to


def test_an_archive_is_read_part_by_part_in_the_order_of_their_numbers(tmp_path: Path) -> None:
    xml = {
        f"part{number}__xml": f"<udid>{device(di)}{broken}</udid>".encode()
        for number, di, broken in ((10, 38, ""), (2, 21, device(22)))
    }
    file = zipped(tmp_path / "udid.zip", **xml, delta__csv=CSV.encode("gb18030"), note__pdf=b"%PDF", other__xml=b"<a/>")

    export = read_export(file)

    assert [(each.part, each.sales_unit) for each in export.devices] == [
        ("delta.csv", "06900000000021"), ("delta.csv", "06900000000038"),
        ("part2.xml", "06900000000021"), ("part10.xml", "06900000000038"),
    ]  # fmt: skip
    assert [(each.part, each.row) for each in export.bad] == [("other.xml", 0), ("part2.xml", 2)]
    with parts_of(file) as (_, skipped):
        assert skipped == ["note.pdf"]


def test_a_part_that_is_torn_is_named_and_the_others_are_read(tmp_path: Path) -> None:
    content = io.BytesIO()
    with zipfile.ZipFile(content, "w", zipfile.ZIP_STORED) as archive:
        archive.writestr("1.xml", f"<udid>{device(21)}</udid>")
        archive.writestr("2.xml", f"<udid>{device(38)}</udid>")
    file = tmp_path / "udid.zip"
    file.write_bytes(content.getvalue().replace(b"00000021", b"00000069", 1))

    export = read_export(file)

    assert "06900000000038" in [each.sales_unit for each in export.devices]
    assert [(each.part, each.row, "unpacked" in each.reason) for each in export.bad] == [("1.xml", 0, True)]


def test_a_quotation_mark_without_its_partner_spoils_its_row_alone(tmp_path: Path) -> None:
    file = tmp_path / "udid.csv"
    rows = ["06900000000021,支架,1", '06900000000038,"支架,1', "06900000000045,支架,1", '06900000000052,"支""架",1']
    file.write_text("zxxsdycpbs,cpmctymc,zxxsdyzsydydsl\n" + "\n".join(rows), encoding="utf-8")

    export = read_export(file)

    assert {each.sales_unit: each.name for each in export.devices} == {
        "06900000000021": "支架", "06900000000045": "支架", "06900000000052": '支"架',
    }  # fmt: skip
    assert [(each.row, each.reason) for each in export.bad] == [
        (3, "expected a second quotation mark, got none in the row")
    ]


def test_a_text_of_several_lines_is_one_cell(tmp_path: Path) -> None:
    file = tmp_path / "udid.csv"
    file.write_text(
        'zxxsdycpbs,cpmctymc,ggxh\n06900000000021,"支架\n（二）",3\n06900000000038,支架,4\n', encoding="utf-8"
    )

    assert [(each.name, each.spec) for each in read_export(file).devices] == [("支架\n（二）", "3"), ("支架", "4")]


def test_a_long_table_is_read_beyond_what_its_heading_was_told_from(tmp_path: Path) -> None:
    """The first row that is not plain ASCII lies far below: it tells the encoding."""
    file = tmp_path / "udid.csv"
    plain = "06900000000021,A,1\n" * 70_000
    file.write_bytes(
        f"zxxsdycpbs;cpmctymc;ggxh\n{plain}".replace(",", ";").encode() + "06900000000038;支架;2\n".encode("gb18030")
    )

    devices = read_export(file).devices

    assert [(each.sales_unit, each.name, each.spec) for each in devices[-1:]] == [("06900000000038", "支架", "2")]
