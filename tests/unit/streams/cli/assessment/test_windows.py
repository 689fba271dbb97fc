import pytest

from streams.cli.assessment.windows_read import read_span
from streams.settings import SettingsError


def test_months_left_out_are_no_months_of_a_window() -> None:
    assert read_span("2022-01..2022-03", "2022-02, 2021-02").months == ["2022-01", "2022-03"]
    assert read_span("2022-01").months == ["2022-01"]


@pytest.mark.parametrize(
    ("text", "without", "said"),
    [
        ("2022-03..2022-01", None, "Expected a window of 1 to 120 months from first to last, got '2022-03..2022-01'."),
        ("2022-01..2022-02", "2022-01,2022-02", "Expected months of 2022-01..2022-02 beside those left out"),
        ("2022-01..", None, "Expected a window like 2022-01..2022-06"),
        ("2022-01", "Feb", "Expected a window like 2022-01..2022-06"),
    ],
)
def test_what_is_no_window_is_named(text: str, without: str | None, said: str) -> None:
    with pytest.raises(SettingsError) as caught:
        read_span(text, without)
    assert str(caught.value).startswith(said)
