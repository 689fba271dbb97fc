"""What is taken off a text, step by step, and how a scanner's profile changes it."""

from datetime import date

import pytest

from models.udi import CodeError, Flag, Issuer, ScannerProfile, Step, parse

SCANNED_ON = date(2026, 6, 1)
_MEANT = "01070320698049881727123110LOT7\x1d21SN42"


def test_steps_tell_the_whole_way() -> None:
    code = parse("\ufeff］d2（01）07032069804988（10）A\t", scanned_on=SCANNED_ON)

    assert code.steps == (
        Step(Flag.ZERO_WIDTH, "］d2（01）07032069804988（10）A\t"),
        Step(Flag.FULL_WIDTH, "]d2(01)07032069804988(10)A\t"),
        Step(Flag.TRAILING_TAB, "(01)07032069804988(10)A"),
        Step(Flag.HRI, "010703206980498810A"),
    )
    assert code.canonical == "010703206980498810A"


@pytest.mark.parametrize(
    ("profile", "raw"),
    [
        (ScannerProfile(separators=("_",)), _MEANT.replace("\x1d", "_")),
        (ScannerProfile(separators=("029",)), _MEANT.replace("\x1d", "029")),
        (ScannerProfile(prefix="%S", suffix="%E"), f"%S{_MEANT}%E"),
        (
            ScannerProfile(key_map=(("à", "0"), ("&", "1"))),
            _MEANT.replace("0", "à").replace("1", "&").replace("\x1d", "|"),
        ),
    ],
)
def test_profile_undoes_what_the_scanner_does(profile: ScannerProfile, raw: str) -> None:
    assert parse(raw, scanned_on=SCANNED_ON, profile=profile).canonical == _MEANT


def test_an_underscore_is_data_unless_the_profile_says_otherwise() -> None:
    assert parse("010703206980498810A_B", scanned_on=SCANNED_ON).lot == "A_B"


@pytest.mark.parametrize(
    ("raw", "profile"),
    [
        (_MEANT.encode(), ScannerProfile()),
        ("（01）07032069804988（17）271231（10）LOT7（21）SN42".encode("gb18030"), ScannerProfile()),
        (_MEANT.encode("utf-16-le"), ScannerProfile(encoding="utf-16-le")),
        (_MEANT.encode(), ScannerProfile(encoding="no-such-encoding")),
    ],
)
def test_bytes_are_decoded(raw: bytes, profile: ScannerProfile) -> None:
    assert parse(raw, scanned_on=SCANNED_ON, profile=profile).canonical == _MEANT


def test_bytes_that_are_no_text_are_flagged() -> None:
    code = parse(b"HC\xff\xff", scanned_on=SCANNED_ON)

    assert (code.issuer, code.flags) == (Issuer.INTERNAL, (Flag.UNDECODABLE,))


@pytest.mark.parametrize("raw", ["", None, "   ", "\r\n", "\u200b", b"", "]C0", "]d1", "\x02\x03"])
def test_nothing_is_empty(raw: str | bytes | None) -> None:
    code = parse(raw, scanned_on=SCANNED_ON)

    assert (code.issuer, code.error) == (Issuer.INVALID, CodeError.EMPTY)


@pytest.mark.parametrize("raw", ["医用耗材", "]", "----", "～", "。"])
def test_without_a_letter_or_digit_nothing_could_be_a_code(raw: str) -> None:
    code = parse(raw, scanned_on=SCANNED_ON)

    assert (code.issuer, code.error) == (Issuer.INVALID, CodeError.NOT_UDI)


def test_512_characters_are_read_and_513_are_not() -> None:
    assert parse("A" * 512, scanned_on=SCANNED_ON).issuer is Issuer.INTERNAL
    assert parse("A" * 513, scanned_on=SCANNED_ON).error is CodeError.TOO_LONG


def test_two_lines_are_one_label() -> None:
    code = parse("0107032069804988\n10LOT7", scanned_on=SCANNED_ON)

    assert (code.di, code.lot, code.error) == ("07032069804988", "LOT7", None)
    assert Flag.CONCATENATED_SCANS in code.flags


def test_two_glued_symbols_that_contradict_each_other_are_refused() -> None:
    code = parse("]C10107032069804988]C10105901234123457", scanned_on=SCANNED_ON)

    assert (code.error, code.di) == (CodeError.CONFLICTING_AI, None)


def test_an_input_methods_punctuation_is_folded_only_where_a_check_character_covers_it() -> None:
    assert parse("MA。156。M0。100472。11103316", scanned_on=SCANNED_ON).di == "MA.156.M0.100472.11103316"
    assert parse("010703206980498810A。B", scanned_on=SCANNED_ON).error is CodeError.BAD_CHARACTER


@pytest.mark.parametrize("raw", ["01070320698049881727 1231", "010703206980498810A B C", "010703206980498810 A"])
def test_a_blank_that_separates_nothing_is_no_separator(raw: str) -> None:
    assert parse(raw, scanned_on=SCANNED_ON).error is CodeError.BAD_CHARACTER


def test_a_nul_is_a_record_separator_only_in_an_envelope_that_opens_with_one() -> None:
    code = "010703206980498810L"

    assert parse(f"[)>\x0005\x1d{code}\x00\x04", scanned_on=SCANNED_ON).lot == "L"
    assert parse(f"[)>\x1e05\x1d{code}\x001\x1e\x04", scanned_on=SCANNED_ON).error is CodeError.BAD_CHARACTER
