"""Tables of discharges and incomes as records; what is wrong is named."""

from pathlib import Path

import orjson
import pytest

from models.calendar import ZONE_DEFAULT
from streams.cli.loading.column_map import Kind
from streams.cli.loading.files import Contents, read_file


def contents_of(folder: Path, kind: Kind, text: str) -> Contents:
    file = folder / "table.csv"
    file.write_text(text, encoding="utf-8")
    return read_file(kind, file, ZONE_DEFAULT)


def test_a_case_goes_out_under_the_key_of_its_encounter(tmp_path: Path) -> None:
    contents = contents_of(
        tmp_path,
        Kind.DISCHARGES,
        "hospital,encounter,department,discharged_at,drg_weight,level4_surgery,consumable_cost,stay_days,device_events\n"
        'H1,E1,ORTH,2022-06-10 10:00,1.52,是,"3,000.00",9,1\n'
        "H1,E2,ORTH,2022-06-10 10:00,,,,,\n"
        "H1,E1,ORTH,2022-06-11 10:00,1.52,,,,\n"
        "H1,E4,ORTH,2022-06-11 10:00,-1,,,,\n",
    )

    assert [each.key for each in contents.good] == [b"H1/E1", b"H1/E2"]
    assert orjson.loads(contents.good[0].value or b"") == {
        "schema": "udi.discharge/1", "hospital": "H1", "encounter": "E1", "department": "ORTH",
        "discharged_at": "2022-06-10T10:00:00+08:00", "drg_weight": "1.52", "level4_surgery": True,
        "consumable_cost": "3000.00", "stay_days": "9", "device_events": 1,
    }  # fmt: skip
    assert [(each.row, each.column) for each in contents.bad] == [(4, "encounter"), (5, "drg_weight")]


@pytest.mark.parametrize("month", ["2022-06", "2022/6", "2022年6月", "202206"])
def test_an_income_goes_out_under_department_and_month(tmp_path: Path, month: str) -> None:
    contents = contents_of(
        tmp_path,
        Kind.INCOME,
        f"hospital,department,month,medical_income,drug_income\nH1,ORTH,{month},100.00,20.00\nH1,ORTH,{month},1,1\n",
    )

    assert [each.key for each in contents.good] == [b"H1/ORTH/2022-06"]
    assert [each.reason for each in contents.bad] == ["expected every one once, it stands in row 2"]


def test_a_month_that_is_none_is_named(tmp_path: Path) -> None:
    contents = contents_of(
        tmp_path, Kind.INCOME, "hospital,department,month,medical_income,drug_income\nH1,ORTH,June,1,1\n"
    )

    assert [(each.column, each.reason) for each in contents.bad] == [
        ("month", "expected a month like 2022-06, got 'June'")
    ]
