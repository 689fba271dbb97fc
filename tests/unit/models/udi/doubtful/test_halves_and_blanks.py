"""What proves nothing without a symbology identifier, and halves that no device has: left out, and said so."""

from datetime import date

import pytest

from models.udi import CodeError, Flag, Label, read_label

DAY = date(2026, 6, 1)
GTIN = "07032069804988"
DEVICES = (f"]d201{GTIN}", f"01{GTIN}", f"(01){GTIN}")
MA = "MA.156.M0.100472.11103316"


def read(*codes: str) -> Label:
    return read_label(codes, scanned_on=DAY)


@pytest.mark.parametrize("between", [" ", "\t", "|", "  ", ""])
@pytest.mark.parametrize(("date_in_front", "behind"), [("17301121", "101"), ("17260601", "2105"), ("11260601", "10:30"),
                         ("17260601", "21-1"), ("17260601", "10.50")])  # fmt: skip
def test_a_sign_behind_a_predefined_length_proves_nothing(date_in_front: str, behind: str, between: str) -> None:
    text = f"{date_in_front}{between}{behind}".rstrip()
    for device in DEVICES:
        for codes in ((device, text), (text, device)):
            label = read(*codes)
            assert (label.di, label.lot, label.serial, label.expiry) == (GTIN, None, None, None), codes
            assert (label.error, Flag.LOOKS_LIKE_GS1 in label.flags) == (None, True), codes


@pytest.mark.parametrize("between", [" ", "\t", "|"])
@pytest.mark.parametrize("unit", ["10", "21"])
def test_digits_alone_prove_nothing_behind_a_short_lot(unit: str, between: str) -> None:
    assert read(DEVICES[0], f"{unit}001{between}17271231").expiry is None
    assert read(DEVICES[0], f"{unit}0012{between}17271231").expiry == date(2027, 12, 31)
    assert read(DEVICES[0], f"{unit}A1{between}17271231").expiry == date(2027, 12, 31)
    assert read(DEVICES[0], f"{unit}001\x1d17271231").expiry == date(2027, 12, 31)
    assert read(DEVICES[0], f"]C1{unit}001{between}17271231").expiry == date(2027, 12, 31)


@pytest.mark.parametrize("half", [".E200101", "E200101", "E20200101", ".L1", ".SA1.E200101", "V200101", ".L7A.M250101"])
def test_half_an_ma_code_leaves_its_trace(half: str) -> None:
    for codes in ((MA, half), (half, MA), (DEVICES[0], half), (f"{MA}\n{half}",)):
        label = read(*codes)
        assert (label.error, label.lot, label.serial, label.expiry) == (None, None, None, None)
        assert Flag.LOOKS_LIKE_GS1 in label.flags
    assert read(half).error is CodeError.NOT_UDI


@pytest.mark.parametrize("other", ["E2001", "E201301", "ROOM.L1", ".", ".X", "L1", "EMP200101"])
def test_what_is_no_half_of_an_ma_code_leaves_none(other: str) -> None:
    assert Flag.LOOKS_LIKE_GS1 not in read(MA, other).flags


def test_contents_that_lost_a_separator_leave_their_trace() -> None:
    for device in DEVICES:
        label = read("0200021600105360371017271231", device)
        assert (label.di, label.expiry, label.error) == (GTIN, None, None)
        assert Flag.LOOKS_LIKE_GS1 in label.flags
        assert Flag.LOOKS_LIKE_GS1 not in read("371017271231", device).flags


@pytest.mark.parametrize(
    ("record", "group", "end"), [("\x1e", "\x1d", "\x04"), ("␞", "␝", "␄"), ("<RS>", "<GS>", "<EOT>")]
)
def test_a_second_format_in_an_envelope_leaves_its_trace(record: str, group: str, end: str) -> None:
    def envelope(*formats: str) -> str:
        return f"[)>{record}" + "".join(f"{each}{record}" for each in formats) + end

    gs1, own, code = f"05{group}01{GTIN}", f"06{group}S5", f"06{group}+A123BJC5D6E71G"
    for text, flagged in (
        (envelope(gs1, own), True), (envelope(code, gs1), True), (envelope(f"{code}{group}S5"), True),
        (envelope(gs1), False), (envelope(code), False), (f"{envelope(gs1)}\r\n", False),
    ):  # fmt: skip
        for codes in ((text,), (text, "ROOM 5")):
            assert (Flag.OTHER_ISSUER in read(*codes).flags) is flagged, codes
            assert (read(*codes).error, read(*codes).di is not None) == (None, True)
