"""Exports of the national database are read as devices, as XML or as a table; bad ones are named."""

from pathlib import Path

import pytest

from models.catalogue.udid import Packing
from models.udi import Issuer
from rules.catalogue.udid_merging import proposed_item
from streams.cli.loading.grids import SheetError
from streams.cli.loading.udid_file import read_export

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
    [("<udid>", "Expected XML"), ("<udid/>", "found none"), ("a,b\n1,2\n", "the column zxxsdycpbs")],
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
