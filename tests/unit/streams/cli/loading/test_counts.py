"""Counts in files of others: what is no plain whole number is refused."""

from zoneinfo import ZoneInfo

import pytest

from streams.cli.loading.flat_rows import HIS_CHARGE

ZONE = ZoneInfo("Asia/Shanghai")


@pytest.mark.parametrize("text", ["1_000", "1.5", "", "1e3", "ten"])
def test_a_count_that_is_no_plain_whole_number_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="expected a whole number"):
        HIS_CHARGE.columns["quantity"](text, ZONE)


@pytest.mark.parametrize(("text", "expected"), [("1000", 1000), ("1,000", 1000), ("-3", -3), (7.0, 7)])
def test_a_plain_whole_number_is_read(text: str | float, expected: int) -> None:
    assert HIS_CHARGE.columns["quantity"](text, ZONE) == expected
