"""HIBC, ISBT 128, MA and AHM: what each accepts and why it refuses."""

from datetime import date

import pytest

from models.udi import CodeError, Flag, Issuer, ParsedCode, parse
from models.udi.check import hibc_check_character

SCANNED_ON = date(2026, 6, 1)


def read(raw: str) -> ParsedCode:
    return parse(raw, scanned_on=SCANNED_ON)


def hibc(text: str) -> ParsedCode:
    return read(text + hibc_check_character(text))


@pytest.mark.parametrize(
    ("secondary", "lot", "serial", "expiry", "quantity"),
    [
        ("$LOT1", "LOT1", None, None, None),
        ("$+SER1", None, "SER1", None, None),
        ("20015LOT1", "LOT1", None, date(2020, 1, 15), None),
        ("$$0927LOT1", "LOT1", None, date(2027, 9, 30), None),
        ("$$1227LOT1", "LOT1", None, date(2027, 12, 31), None),
        ("$$2093027LOT1", "LOT1", None, date(2027, 9, 30), None),
        ("$$3270930LOT1", "LOT1", None, date(2027, 9, 30), None),
        ("$$427093023LOT1", "LOT1", None, date(2027, 9, 30), None),
        ("$$527273LOT1", "LOT1", None, date(2027, 9, 30), None),
        ("$$62727323LOT1", "LOT1", None, date(2027, 9, 30), None),
        ("$$7LOT1", "LOT1", None, None, None),
        ("$$+3270930SER1", None, "SER1", date(2027, 9, 30), None),
        ("$$+7SER1", None, "SER1", None, None),
        ("$$8120927LOT1", "LOT1", None, date(2027, 9, 30), 12),
        ("$$900012", None, None, None, 12),
        ("$$7LOT-1./S2", "LOT-1.", "2", None, None),
        ("$$0927LOT1/14D20270915", "LOT1", None, date(2027, 9, 15), None),
        ("$$7LOT1/Q5", "LOT1", None, None, 5),
        ("$$7LOT1/LSHELF", "LOT1", None, None, None),
    ],
)
def test_hibc_secondary_forms(
    secondary: str, lot: str | None, serial: str | None, expiry: date | None, quantity: int | None
) -> None:
    code = hibc(f"+A123BJC5D6E71/{secondary}")

    assert (code.error, code.di) == (None, "A123BJC5D6E71")
    assert (code.lot, code.serial, code.expiry, code.quantity) == (lot, serial, expiry, quantity)


@pytest.mark.parametrize(
    ("text", "error"),
    [
        ("+A123BJC5D6E7X", CodeError.BAD_PRIMARY),
        ("+A123B", CodeError.BAD_PRIMARY),
        ("+/ZPATIENT", CodeError.HIBC_PROVIDER_STANDARD),
        ("+A123B1/$", CodeError.EMPTY_VALUE),
        ("+A123B1/$+", CodeError.EMPTY_VALUE),
        ("+A123B1/$$1327L", CodeError.BAD_DATE),
        ("+A123B1/$$3270931L", CodeError.BAD_DATE),
        ("+A123B1/$$427093024L", CodeError.BAD_DATE),
        ("+A123B1/$$32709", CodeError.BAD_DATE),
        ("+A123B1/20367L", CodeError.BAD_DATE),
        ("+A123B1/$$8A20927L", CodeError.BAD_QUANTITY),
        ("+A123B1/$$+8120927L", CodeError.BAD_QUANTITY),
        ("+A123B1/$$81280927L", CodeError.BAD_QUANTITY),
        ("+A123B1/$7L/QX", CodeError.BAD_QUANTITY),
        ("+A123B1/$$7" + "L" * 19, CodeError.TOO_LONG),
        ("+A123B1/$$7L%1", CodeError.BAD_CHARACTER),
        ("+A123B1/$$7L/X5", CodeError.UNKNOWN_DATA_IDENTIFIER),
        ("+A123B1/$$7L/S1/S2", CodeError.CONFLICTING_AI),
        ("+A123B1/$$7L/16D20269999", CodeError.BAD_DATE),
    ],
)
def test_hibc_is_refused_with_its_reason(text: str, error: CodeError) -> None:
    code = hibc(text)

    assert (code.issuer, code.error, code.di, code.lot) == (Issuer.HIBCC, error, None, None)


def test_two_hibc_symbols_that_do_not_belong_together_are_a_contradiction() -> None:
    secondary = "+$$710X3H"
    code = read("+A123BJC5D6E71G" + secondary + hibc_check_character(secondary))

    assert (code.error, code.di) == (CodeError.CONFLICTING_AI, None)


def test_small_letters_are_made_capitals_only_when_the_check_character_agrees() -> None:
    assert read("+a123bjc5d6e71g").di == "A123BJC5D6E71"
    assert read("+a123bjc5d6e71h").error is CodeError.BAD_CHECK_CHARACTER


def test_characters_that_only_capitalise_into_the_alphabet_are_foreign() -> None:
    assert read("+A123ıſ71G").error is CodeError.BAD_CHARACTER


def test_the_blank_that_is_a_check_character_survives_the_terminator() -> None:
    assert read("+A123AA40 \r\n").di == "A123AA40"


@pytest.mark.parametrize(
    ("text", "error"),
    [
        ("=/A9999XYZ100T09", CodeError.BAD_PPIC),
        ("=,00002", CodeError.TOO_SHORT),
        ("=/A9999XYZ100T0944=>019366", CodeError.BAD_DATE),
        ("=/A9999XYZ100T0944&>0190312460", CodeError.BAD_DATE),
        ("=/A9999XYZ100T0944=,000001=,000002", CodeError.CONFLICTING_AI),
        ("=+03000=/A9999XYZ100T0944=,000001", CodeError.COMPOUND_COUNT),
        ("=/A9999XYZ100T0944=+01000", CodeError.COMPOUND_COUNT),
        ("=/A9999XYZ100T0944?", CodeError.UNKNOWN_DATA_STRUCTURE),
        ("=/A9999XYZ100T0944=,0000é1", CodeError.BAD_CHARACTER),
    ],
)
def test_isbt_128_is_refused_with_its_reason(text: str, error: CodeError) -> None:
    code = read(text)

    assert (code.issuer, code.error, code.di) == (Issuer.ICCBBA, error, None)


def test_isbt_128_count_00_says_nothing() -> None:
    assert read("=+00000=/A9999XYZ100T0944=,000001").serial == "000001"


def test_blood_container_has_an_identifier_and_a_lot_of_ten() -> None:
    code = read("=)1234567890&)ABCDEFGHIJ")

    assert (code.di, code.lot) == ("1234567890", "ABCDEFGHIJ")


@pytest.mark.parametrize(
    ("text", "error"),
    [
        ("MA.156.M0.100472.11103315", CodeError.MA_CHECK_MISMATCH),
        ("MA.156.M0.100472.11103316.L260101A.C4", CodeError.MA_CHECK_MISMATCH),
        ("MA.840.M0.100472.11103316", CodeError.BAD_MA),
        ("MA.156.130105.100472.11103316", CodeError.NOT_UDI),
        ("MA.156.M0.100472.11103316.", CodeError.BAD_MA),
        ("MA.156.M0.100472.11103316.lA", CodeError.BAD_MA),
        ("MA.156.M0.100472.11103316.LA.LB", CodeError.CONFLICTING_AI),
        ("MA.156.M0.100472.11103316.E2201", CodeError.BAD_DATE),
        ("MA.156.M0.100472.11103316.L" + "A" * 200, CodeError.TOO_LONG),
    ],
)
def test_ma_is_refused_with_its_reason(text: str, error: CodeError) -> None:
    code = read(text)

    assert (code.issuer, code.error, code.di) == (Issuer.MA, error, None)


def test_ma_values_keep_their_case_and_dates_may_have_eight_digits() -> None:
    code = read("MA.156.M0.100472.11103316.SaB1.M20260102.V20271231")

    assert (code.serial, code.production, code.expiry) == ("aB1", date(2026, 1, 2), date(2027, 12, 31))


@pytest.mark.parametrize(
    "raw",
    [
        "https://q.example/s?code=MA.156.M0.100472.11103316.L1&from=app",
        '<UDI IAC="MA"><DI>MA.156.M0.100472.11103316</DI><LOT>1</LOT></UDI>',
    ],
)
def test_ma_is_found_inside_its_wrappings(raw: str) -> None:
    code = read(raw)

    assert (code.di, code.lot, code.flags) == ("MA.156.M0.100472.11103316", "1", (Flag.URL,))


@pytest.mark.parametrize(
    ("text", "error"),
    [
        ("MF123SN1*XX2", CodeError.UNKNOWN_DATA_IDENTIFIER),
        ("MF123ED271301", CodeError.BAD_DATE),
        ("MF123SN1*SN2", CodeError.CONFLICTING_AI),
    ],
)
def test_ahm_is_refused_with_its_reason(text: str, error: CodeError) -> None:
    code = read(text)

    assert (code.issuer, code.error, code.flags) == (Issuer.AHM, error, (Flag.AHM_UNVERIFIED,))


@pytest.mark.parametrize("text", ["MF", "MFX12", "MF12345678901234", "MF12-3"])
def test_what_only_begins_like_ahm_is_internal(text: str) -> None:
    assert read(text).issuer is Issuer.INTERNAL


@pytest.mark.parametrize(
    ("text", "issuer", "di"),
    [
        ("[)>\x1e05\x1d010703206980498817271231\x1e\x04", Issuer.GS1, "07032069804988"),
        ("[)>\x1e06\x1d+A123BJC5D6E71G\x1e\x04", Issuer.HIBCC, "A123BJC5D6E71"),
        ("[)>\x1e06\x1d25SXYZ\x1e\x04", Issuer.INTERNAL, None),
        ("[)>nonsense", Issuer.INTERNAL, None),
    ],
)
def test_envelope_is_opened(text: str, issuer: Issuer, di: str | None) -> None:
    code = read(text)

    assert (code.issuer, code.di, Flag.ISO15434 in code.flags) == (issuer, di, True)


def test_drug_trace_code_is_a_medicine() -> None:
    code = read("86901234567890123456")

    assert (code.issuer, code.error, code.flags) == (Issuer.INTERNAL, CodeError.NOT_UDI, (Flag.CN_DRUG_TRACE_CODE,))
