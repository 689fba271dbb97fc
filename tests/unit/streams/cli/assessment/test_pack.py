"""The pack: no cell is a formula, nothing of others is markup, every word is there in both languages."""

import doctest
from dataclasses import fields, replace
from datetime import datetime
from decimal import Decimal
from pathlib import Path

import pytest
from python_calamine import CalamineWorkbook

from models.calendar import ZONE_DEFAULT
from models.stock.statement import WorkingCapital
from models.wording import LOCALES, texts
from sinks.postgres.assessment.ratios import Ratio
from streams.cli.assessment.pack import written
from streams.cli.assessment.pack.charts import draw, waterfall
from streams.cli.assessment.pack.contents import Contents, both
from streams.cli.assessment.pack.written import write_html, write_workbook
from streams.cli.phrases import in_each

FINDING = {
    "item_code": "=2+3", "item_name": "<script>alert(1)</script>", "status": "open", "filed": None, "amount": 18000,
    "departments": "@ORTH", "measure": "amount", "cause": None, "month": "2022-06", "scope": "H1",
    "base_month": None, "base_value": None,
    "new": True, "certain_amount": None, "rank": None, "months_in_a_row": None, "change_percent": Decimal("20.00"),
}  # fmt: skip
FILED = FINDING | {"item_code": "B", "item_name": "plate", "status": "explained", "filed": "chance"}
QUOTA = {"kind": "quota", "scope": "ORTH", "state": "units", "reason": None}
QUOTAS = [
    QUOTA | {"what": "staplers", "released": 10, "used": 9}, QUOTA | {"what": "meshes", "released": 10, "used": 8},
]  # fmt: skip
CAPITAL = WorkingCapital("H1", "2022-06", "S9", 30, Decimal("12345.60"), Decimal("7.5"), Decimal(0), Decimal(800), None)
AS_OF = datetime(2022, 7, 1, 9, 30, tzinfo=ZONE_DEFAULT)
CONTENTS = Contents(
    "H1", "2022-06", AS_OF, [FINDING, FILED], QUOTAS, [], [], [], [CAPITAL], {"rows": [], "causes": []}, None, {},
)  # fmt: skip


def test_worked_examples_hold() -> None:
    assert doctest.testmod(written).failed == 0


def test_no_cell_is_a_formula(tmp_path: Path) -> None:
    write_workbook(CONTENTS, tmp_path / "pack.xlsx")

    rows = CalamineWorkbook.from_path(str(tmp_path / "pack.xlsx")).get_sheet_by_name("事项 findings").to_python()
    assert rows[1][:2] == ["'=2+3", "<script>alert(1)</script>"]
    assert (rows[1][4], rows[1][6]) == (18000.0, "'@ORTH")


def test_page_escapes_what_others_wrote_and_needs_nothing_from_elsewhere(tmp_path: Path) -> None:
    write_html(CONTENTS, tmp_path / "pack.html")

    page = (tmp_path / "pack.html").read_text(encoding="utf-8")
    assert "&lt;script&gt;alert(1)&lt;/script&gt;" in page
    assert "<script" not in page
    assert "src=" not in page
    assert "月度会议材料 Monthly meeting pack" in page
    assert "未占用资金（元） Not bound, yuan: 12,345.60" in page
    assert "数据截至 as recorded by: 2022-07-01 09:30:00+08:00" in page


def test_page_shows_what_lies_open_and_counts_what_is_filed(tmp_path: Path) -> None:
    write_html(CONTENTS, tmp_path / "pack.html")

    page = (tmp_path / "pack.html").read_text(encoding="utf-8")
    assert "新用耗材 new item; +20.0 %" in page
    assert "plate" not in page
    assert "chance alone may give such a rise" in page
    assert "staplers" in page
    assert "meshes" not in page


def test_who_is_left_out_is_said_in_both_languages(tmp_path: Path) -> None:
    ratio = Ratio(**dict.fromkeys((each.name for each in fields(Ratio)), None) | {  # type: ignore[arg-type]
        "hospital": "H1", "scope_type": "department", "scope": "ORTH", "month": "2022-06",
        "formula": "consumption-ratio", "left_out": "no income record",
    })  # fmt: skip
    write_html(replace(CONTENTS, ratios=[ratio]), tmp_path / "pack.html")

    assert "ORTH, 无收入记录 no income record<" in (tmp_path / "pack.html").read_text(encoding="utf-8")
    assert in_each("3 cases without a weight") == "3 例无权重 3 cases without a weight"


def test_chart_is_a_drawing_without_script() -> None:
    drawn = draw(
        {"cause": waterfall([("用量 use", 5.0), ("价格 price", -2.0)], "基期 base", "2022-06", 10.0, "元 yuan")}
    )

    assert drawn["cause"].startswith("<svg")
    assert "<script" not in drawn["cause"]
    assert "价格 price" in drawn["cause"]
    assert draw({}) == {}


@pytest.mark.parametrize(
    "table", ["conclusion", "word", "pack", "factor", "formula", "share", "state", "finding", "cause", "left-out"]
)
def test_both_languages_have_the_same_words(table: str) -> None:
    first, second = (texts(f"assessment.{locale}")[table].keys() for locale in LOCALES)

    assert first == second


def test_word_without_a_text_is_itself() -> None:
    assert both("factor", "anything") == "anything"
