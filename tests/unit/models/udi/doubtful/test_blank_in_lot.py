"""A blank behind the first characters of a lot or serial: half a lot is never believed, however the code came."""

from datetime import date

import pytest

from models.udi import CodeError, Flag, ParsedCode, parse
from models.udi.canonical import hibc_primary

DAY = date(2026, 6, 1)
GTIN = "07032069804988"
DEVICE = hibc_primary("A123", "BJC5D6E7", 1)


def read(text: str) -> ParsedCode:
    return parse(text, scanned_on=DAY)


@pytest.mark.parametrize("opening", ["]d2", "]C1", "]Q3", "]J1", "]e0", ""])
@pytest.mark.parametrize(
    "value", ["LOT 7A", "220603 01", "SN 12345", "A B", "L 1 2", "LOT HC-0001", "12 3456", "A-1 (B)", "7 ROOM 5"]
)
def test_a_value_with_a_blank_is_refused_by_name(opening: str, value: str) -> None:
    for ai in ("10", "21"):
        for text in (
            f"{opening}01{GTIN}{ai}{value}", f"{opening}01{GTIN}17271231{ai}{value}",
            f"{opening}01{GTIN}{ai}{value}\x1d17271231", f"{opening}01{GTIN}11200101{ai}{value}\x1d240X",
        ):  # fmt: skip
            assert (read(text).error, read(text).di) == (CodeError.BAD_CHARACTER, None), text


@pytest.mark.parametrize("value", ["LOT 7A", "220603 01", "LOT%207A"])
def test_a_value_with_a_blank_in_an_address_is_refused_by_name(value: str) -> None:
    assert read(f"https://id.gs1.org/01/{GTIN}/10/{value}").error is CodeError.BAD_CHARACTER
    assert read(f"https://id.gs1.org/01/{GTIN}/10/{value[:3]}").lot == value[:3]


@pytest.mark.parametrize(
    ("text", "lot", "expiry"),
    [
        (f"]d201{GTIN}10LOT1 17271231", "LOT1", date(2027, 12, 31)),
        (f"]d201{GTIN}17271231 10LOT1", "LOT1", date(2027, 12, 31)),
        (f"]d201{GTIN}10LOT1 ]C117271231", "LOT1", date(2027, 12, 31)),
        (f"]d201{GTIN}10LOT1 01{GTIN}10LOT1", "LOT1", None),
        (f"]d201{GTIN}10LOT1\tROOM 5", "LOT1", None),
        (f"]d201{GTIN}1727123110LOT1 a text that is too long for a lot", "LOT1", date(2027, 12, 31)),
        (f"]d201{GTIN}17271231 ROOM 5", None, date(2027, 12, 31)),
    ],
)
def test_what_proves_itself_behind_a_blank_is_read(text: str, lot: str | None, expiry: date | None) -> None:
    code = read(text)

    assert (code.di, code.lot, code.expiry, code.error) == (GTIN, lot, expiry, None)


def test_the_symbol_of_another_device_behind_a_blank_contradicts() -> None:
    code = read(f"]d201{GTIN}10LOT1 {DEVICE}")

    assert (code.error, code.di) == (CodeError.CONFLICTING_AI, None)
    assert Flag.CONCATENATED_SCANS in code.flags
    assert read(f"]d201{GTIN}10LOT1 {DEVICE[:-1]}").error is CodeError.BAD_CHARACTER
