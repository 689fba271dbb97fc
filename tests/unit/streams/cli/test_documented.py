"""docs/commands.md says every column that can be loaded, and no other."""

import re
from pathlib import Path

import pytest

from streams.cli.loading.flat_rows import DISCHARGE, ENCOUNTER, INCOME, ITEM, Form

PAGE = (Path(__file__).parents[4] / "docs" / "commands.md").read_text(encoding="utf-8")


@pytest.mark.parametrize(
    ("heading", "form"),
    [("items", ITEM), ("encounters", ENCOUNTER), ("discharges", DISCHARGE), ("incomes (`income`)", INCOME)],
)
def test_columns_are_those_that_are_read(heading: str, form: Form) -> None:
    table = PAGE.partition(f"| {heading}: column |")[2].partition("\n\n")[0]
    firsts = [line.split("|")[1] for line in table.splitlines()[2:]]

    assert sorted(name for cell in firsts for name in re.findall(r"`(\w+)`", cell)) == sorted(form.columns)
