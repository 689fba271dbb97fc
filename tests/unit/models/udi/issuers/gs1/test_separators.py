"""Lost separators are suspected where another reading exists, and only in messages without any separator."""

from datetime import date

import pytest

from models.udi import Flag, ScannerProfile, parse
from models.udi.canonical import gs1_element_string

SCANNED_ON = date(2026, 6, 1)
DI = "07032069804988"


def _readings(raw: str) -> list[tuple[str | None, str | None, date | None]]:
    code = parse(raw, scanned_on=SCANNED_ON)
    return [(other.lot, other.serial, other.expiry) for other in code.alternatives]


def test_every_reading_is_given() -> None:
    assert _readings(f"01{DI}10A21B2117271231") == [
        ("A", "B2117271231", None),
        ("A21B", "17271231", None),
        ("A21B21", None, date(2027, 12, 31)),
        ("A", "B21", date(2027, 12, 31)),
    ]


def test_the_reading_that_was_meant_is_among_them() -> None:
    whole = gs1_element_string(DI, lot="LOT7", serial="SN21A", expiry=date(2027, 12, 31))
    lost = parse(whole.replace("\x1d", ""), scanned_on=SCANNED_ON)

    assert whole in [other.canonical for other in lost.alternatives]
    assert Flag.SUSPECT_MISSING_SEPARATOR in lost.flags
    assert lost.lot == "LOT721SN21A"


def test_a_separator_elsewhere_proves_that_none_is_lost() -> None:
    code = parse(f"]d201{DI}10AB21CD\x1d240X", scanned_on=SCANNED_ON)

    assert (code.lot, code.flags, code.alternatives) == ("AB21CD", (), ())


def test_a_scanner_proved_to_send_separators_is_not_suspected() -> None:
    profile = ScannerProfile(name="gun", sends_separators=True)

    assert parse(f"01{DI}10AB21CD", scanned_on=SCANNED_ON, profile=profile).flags == ()


def test_an_element_that_is_there_already_cannot_be_lost() -> None:
    assert _readings(f"01{DI}1727123110AB17280101") == []


def test_what_is_no_date_is_no_reading() -> None:
    assert _readings(f"01{DI}10AB17271301") == []
    code = parse(f"01{DI}10AB17271301", scanned_on=SCANNED_ON)
    assert code.flags == (Flag.SUSPECT_MISSING_SEPARATOR,)


@pytest.mark.parametrize("lot", ["FAK0674", "2A1B", "21072911", "1"])
def test_an_ordinary_lot_is_not_suspected(lot: str) -> None:
    assert parse(f"01{DI}10{lot}", scanned_on=SCANNED_ON).flags == ()


def test_readings_are_bounded() -> None:
    code = parse(f"01{DI}10" + "21" * 40, scanned_on=SCANNED_ON)

    assert len(code.alternatives) <= 24


@pytest.mark.parametrize(("serial", "flags"), [("S1", (Flag.SUSPECT_MISSING_SEPARATOR,)), ("S", ())])
def test_a_value_that_is_too_long_is_suspected_unless_a_serial_of_one_character_is_all_that_was_lost(
    serial: str, flags: tuple[Flag, ...]
) -> None:
    lot = "A" * 19
    code = parse(f"]d201{DI}10{lot}21{serial}", scanned_on=SCANNED_ON)

    assert ([(other.lot, other.serial) for other in code.alternatives], code.flags) == ([(lot, serial)], flags)
