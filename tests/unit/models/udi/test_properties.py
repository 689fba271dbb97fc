"""What holds for every code: writing and reading are inverse, nothing raises, the work grows with the length."""

import sys
from datetime import date, timedelta
from types import FrameType
from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from models.udi import LENGTH_MAX, Issuer, ParsedCode, ScannerProfile, parse, read_label
from models.udi import canonical as write
from models.udi.issuers.gs1.application_identifiers import CSET82

SCANNED_ON = date(2026, 6, 1)
_CAPITALS = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"

_gtins = st.integers(1, 10**13 - 1).map(lambda payload: write.gtin(f"{payload:013d}"))
_days = st.integers(-17_000, 17_000).map(lambda days: SCANNED_ON + timedelta(days=days))
_texts = st.text(st.sampled_from(sorted(CSET82)), min_size=1, max_size=20)
_days_of_this_century = st.integers(0, 36_524).map(lambda days: date(2000, 1, 1) + timedelta(days=days))


def _says(code: ParsedCode) -> dict[str, Any]:
    return {name: getattr(code, name) for name in ("error", "di", "lot", "serial", "expiry", "production")}


@given(_gtins, _texts, _texts, st.none() | _days, st.none() | _days)
def test_gs1_element_string_reads_as_it_was_written(
    di: str, lot: str, serial: str, expiry: date | None, production: date | None
) -> None:
    # Brackets and written-out separators inside a value are notation to the reader: labels do not print them.
    if "(" in lot + serial or "<" in lot + serial or "%" in lot + serial or "_" in lot + serial:
        lot, serial = "A", "B"
    text = write.gs1_element_string(di, lot, serial, expiry, production)

    expected = {"error": None, "di": di, "lot": lot, "serial": serial, "expiry": expiry, "production": production}
    assert _says(parse(f"]d2{text}", scanned_on=SCANNED_ON)) == expected
    assert parse(f"]d2{text}", scanned_on=SCANNED_ON).canonical == text


@given(_gtins, st.text("ABC019-./", min_size=1, max_size=20), st.text("ABC019-./", min_size=1, max_size=20), _days)
def test_printed_form_reads_as_the_element_string(di: str, lot: str, serial: str, expiry: date) -> None:
    printed = write.human_readable(di, lot, serial, expiry)

    assert parse(printed, scanned_on=SCANNED_ON).canonical == write.gs1_element_string(di, lot, serial, expiry)


@given(
    st.text(_CAPITALS, min_size=1, max_size=1),
    st.text(_CAPITALS + "0123456789", min_size=3, max_size=3),
    st.text(_CAPITALS + "0123456789", min_size=1, max_size=18),
    st.integers(0, 9),
    st.none() | st.text(_CAPITALS + "0123456789-.", min_size=1, max_size=18),
    st.none() | st.text(_CAPITALS + "0123456789-.", min_size=1, max_size=18),
    st.none() | _days_of_this_century,
    st.none() | _days_of_this_century,
)
def test_hibc_reads_as_it_was_written(  # noqa: PLR0917 -- the fields of a label
    letter: str,
    rest: str,
    pcn: str,
    uom: int,
    lot: str | None,
    serial: str | None,
    expiry: date | None,
    production: date | None,
) -> None:
    text = write.hibc(letter + rest, pcn, uom, lot, serial, expiry, production)

    expected = {
        "error": None,
        "di": f"{letter}{rest}{pcn}{uom}",
        "lot": lot,
        "serial": serial,
        "expiry": expiry,
        "production": production,
    }
    assert _says(parse(text, scanned_on=SCANNED_ON)) == expected


@given(
    st.text("0123456789", min_size=6, max_size=6),
    st.text("0123456789" + _CAPITALS, min_size=7, max_size=11),
    st.none() | st.text("0123456789abcXYZ-", min_size=1, max_size=20),
    st.none() | st.text("0123456789abcXYZ-", min_size=1, max_size=20),
    st.none() | _days,
    st.none() | _days,
)
def test_ma_reads_as_it_was_written(  # noqa: PLR0917 -- the fields of a label
    registrant: str, product: str, lot: str | None, serial: str | None, expiry: date | None, production: date | None
) -> None:
    di = write.ma_identifier(registrant, product)

    expected = {"error": None, "di": di, "lot": lot, "serial": serial, "expiry": expiry, "production": production}
    assert _says(parse(write.ma(di, lot, serial, expiry, production), scanned_on=SCANNED_ON)) == expected


@given(
    st.text("ABCDEFGH0123456789", min_size=16, max_size=16),
    st.integers(1, 999_999).map("{:06d}".format),
    st.text("ABC0123456789", min_size=18, max_size=18),
    _days,
    _days,
)
def test_isbt_128_reads_as_it_was_written(di: str, serial: str, lot: str, expiry: date, production: date) -> None:
    text = write.iccbba(di, serial, lot, expiry, production)

    expected = {"error": None, "di": di, "lot": lot, "serial": serial, "expiry": expiry, "production": production}
    assert _says(parse(text, scanned_on=SCANNED_ON)) == expected


def test_ahm_reads_as_it_was_written() -> None:
    day = date(2027, 1, 1)
    text = write.ahm("1234567890123", "L1", "S1", day, day)

    assert _says(parse(text, scanned_on=SCANNED_ON)) == {
        "error": None, "di": "1234567890123", "lot": "L1", "serial": "S1", "expiry": day, "production": day,
    }  # fmt: skip


@pytest.mark.parametrize(
    "build",
    [
        lambda: write.gtin("123"),
        lambda: write.gs1_element_string("07032069804987"),
        lambda: write.gs1_element_string("07032069804988", lot=""),
        lambda: write.gs1_element_string("07032069804988", serial="A B"),
        lambda: write.hibc("A12", "B", 1),
        lambda: write.hibc("A123", "b", 1),
        lambda: write.hibc("A123", "B", 10),
        lambda: write.hibc("A123", "B", 1, lot="A/B"),
        lambda: write.hibc_secondary("G"),
        lambda: write.iccbba("A"),
    ],
)
def test_what_no_symbol_can_say_is_not_written(build: Any) -> None:
    with pytest.raises(ValueError, match="Expected"):
        build()


_PIECES = (
    "[)>", "05", "06", "^^", "^]", "^d", "<RS>", "{GS}", "[EOT]", "(GS)", "\\x1d", "&#30;", "%1E", "_x001D_", "▲",
    "↔", "♦", "]d2", "]C0", "]E0", "\\000026", "<CR>", "\\r", "^M", "01", "07032069804988", "(01)", "[10]", "(17)",
    "10", "17", "21", "A1", "271231", "27-12-31", "+A123BJC5D6E71G", "+$LOT97+", "=/A9999XYZ100T0944", "=,", "=)",
    "MA.156.M0.100472.11103316", ".L", "MF1", "https://id.gs1.org/01/", "?17=", "\n", "\x1d", "\x1e", "è", " ", "*",
    "9N1", "|]e0",
)  # fmt: skip
_ANYTHING = (
    st.text(max_size=LENGTH_MAX)
    | st.text(st.sampled_from("0123456789ABMFabc+$/%=&,>.()[]{}<^|]dC1 \x1d\x1e\0\n（０￥。"), max_size=LENGTH_MAX)
    | st.lists(st.sampled_from(_PIECES), max_size=10).map("".join)
)


@given(_ANYTHING, st.dates())
@example("\ud800", date(1, 1, 1))
@example("]d230\x1d", date(9999, 12, 31))
@example("[)>^^06^]+A123BJC5D6E71G^^^d", date(2026, 6, 1))
@example("+A123B1S+$$", date(2026, 1, 1))
def test_nothing_raises_and_an_invalid_code_identifies_nothing(raw: str, scanned_on: date) -> None:
    code = parse(raw, scanned_on=scanned_on)

    assert code.valid is (code.error is None)
    assert code.raw == raw
    if not code.valid:
        assert (code.di, code.lot, code.serial, code.expiry, code.canonical) == (None, None, None, None, None)
    if code.issuer in {Issuer.INTERNAL, Issuer.INVALID}:
        assert not code.valid


@given(st.binary(max_size=200))
def test_no_bytes_raise(raw: bytes) -> None:
    assert parse(raw, scanned_on=SCANNED_ON, profile=ScannerProfile(separators=("_",))).raw is not None


@given(st.lists(_ANYTHING, max_size=4))
def test_no_label_raises(codes: list[str]) -> None:
    label = read_label(codes, scanned_on=SCANNED_ON)

    assert len(label.codes) == len(codes)


def _lines_run(raw: str) -> int:
    """Lines of Python run while reading: the work, but for what the C functions do, which are all linear."""
    count = 0

    def trace(_frame: FrameType, event: str, _argument: Any) -> Any:
        nonlocal count
        count += event == "line"
        return trace

    previous = sys.gettrace()
    sys.settrace(trace)
    try:
        parse(raw, scanned_on=SCANNED_ON)
    finally:
        sys.settrace(previous)
    return count


_FAMILIES = {
    "digits": "0", "separators": "\x1d", "substitutes": "|", "blanks": "0 ", "brackets": "(10)A", "squares": "[10]A",
    "elements": "99A\x1d", "identifiers": "21", "glued": "]C1", "lines": "1\n", "pluses": "+A123B1S", "slashes": "/S1",
    "full width": "０", "tokens": "<GS>", "escapes": "%41%41", "dots": ".L1", "structures": "=,000001",
    "paths": "/01/1", "parts": "*SN1",
}  # fmt: skip
_OPENINGS = (
    "",
    "]d2",
    "]d24300",
    "0107032069804988",
    "(01)07032069804988",
    "+A123B1",
    "=/A9999XYZ100T0944",
    "MA.156.M0.",
    "MF1",
    "https://x",
    "[)>\x1e06\x1d",
    "10A",
)


@pytest.mark.parametrize("opening", _OPENINGS)
@pytest.mark.parametrize("family", _FAMILIES)
def test_work_grows_no_faster_than_the_length(family: str, opening: str) -> None:
    short, long = ((opening + _FAMILIES[family] * LENGTH_MAX)[:length] for length in (LENGTH_MAX // 4, LENGTH_MAX))

    _lines_run(short)  # What is cached is cached now.
    # Four times the length, at most four times the work and a constant.
    assert _lines_run(long) <= 4 * _lines_run(short) + 400
