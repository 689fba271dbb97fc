"""Exports of the national database are read as devices, as XML or as a table; bad ones are named."""

from pathlib import Path

import pytest

from models.udi import Issuer
from models.udid import Packing
from streams.commands.sheets import SheetError
from streams.commands.udid_file import read_export

XML = """<?xml version="1.0" encoding="UTF-8"?>
<udid><devices>
<device><zxxsdycpbs>06900000000028</zxxsdycpbs><cpbsbmtxmc>GS1</cpbsbmtxmc><zxxsdyzsydydsl>10</zxxsdyzsydydsl>
<sydycpbs>06900000000011</sydycpbs><cpmctymc>支架</cpmctymc><ylqxzcrbarmc>某公司</ylqxzcrbarmc><ybbm>C0344051070500007551</ybbm>
<packingList><packing><bzcpbs>16900000000025</bzcpbs><bznhxyjbzcpbs>06900000000028</bznhxyjbzcpbs>
<bznhxyjcpbssl>5</bznhxyjcpbssl></packing></packingList></device>
<device><zxxsdycpbs>MA.156.M0.1</zxxsdycpbs><cpbsbmtxmc>MA码（IDcode）</cpbsbmtxmc></device>
<device><zxxsdycpbs>1</zxxsdycpbs><cpbsbmtxmc>HIBC</cpbsbmtxmc></device>
<device><zxxsdycpbs>2</zxxsdycpbs><zxxsdyzsydydsl>-1</zxxsdyzsydydsl></device>
</devices></udid>"""
CSV = """zxxsdycpbs,sydycpbs,zxxsdyzsydydsl,cpmctymc,bzcpbs,bznhxyjbzcpbs,bznhxyjcpbssl
06900000000028,06900000000011,10,支架,16900000000025,06900000000028,5
06900000000028,06900000000011,10,支架,26900000000022,16900000000025,4
06900000000035,06900000000035,,,,,
"""


def test_a_device_of_xml_has_its_packages(tmp_path: Path) -> None:
    file = tmp_path / "udid.xml"
    file.write_text(XML, encoding="utf-8")

    export = read_export(file)

    first, second = export.devices
    assert (first.issuer, first.sales_unit, first.use_unit, first.units) == (
        Issuer.GS1, "06900000000028", "06900000000011", 10,
    )  # fmt: skip
    assert first.packings == (Packing("16900000000025", "06900000000028", 5),)
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
        "06900000000011": 1, "06900000000028": 10, "16900000000025": 50, "26900000000022": 200,
    }  # fmt: skip
    assert devices[1].levels() == {"06900000000035": 1}


@pytest.mark.parametrize(
    ("content", "said"),
    [("<udid>", "Expected XML"), ("<udid/>", "found none"), ("a,b\n1,2\n", "the column zxxsdycpbs")],
)
def test_a_file_without_devices_is_refused_as_a_whole(tmp_path: Path, content: str, said: str) -> None:
    file = tmp_path / "udid"
    file.write_text(content, encoding="utf-8")

    with pytest.raises(SheetError, match=said):
        read_export(file)
