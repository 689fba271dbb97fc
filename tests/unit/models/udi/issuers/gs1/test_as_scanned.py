"""GS1: element strings, printed forms, web addresses, and the one fast path beside the patient one."""

from datetime import date

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from models.udi import CodeError, Flag, Issuer, ParsedCode, Precision, parse
from models.udi.dirt import DEFAULT_PROFILE
from models.udi.reading import _parse_patiently

SCANNED_ON = date(2026, 6, 1)
GS = "\x1d"


def read(raw: str) -> ParsedCode:
    return parse(raw, scanned_on=SCANNED_ON)


def test_clean_scan_gives_every_field_and_no_steps() -> None:
    raw = f"]d20107032069804988112511301727123110LOT-7a{GS}21SN0042{GS}3010"

    assert read(raw) == ParsedCode(
        raw=raw,
        issuer=Issuer.GS1,
        di="07032069804988",
        lot="LOT-7a",
        serial="SN0042",
        expiry=date(2027, 12, 31),
        production=date(2025, 11, 30),
        valid=True,
        canonical=raw[3:],
        quantity=10,
        elements=(
            ("01", "07032069804988"),
            ("11", "251130"),
            ("17", "271231"),
            ("10", "LOT-7a"),
            ("21", "SN0042"),
            ("30", "10"),
        ),
        symbology="]d2",
        expiry_precision=Precision.DAY,
    )


_PIECES = st.sampled_from(
    [
        "]d2",
        "]C1",
        "01",
        "07032069804988",
        "17",
        "271231",
        "271200",
        "10",
        "LOT",
        "21",
        "S1",
        "11",
        "251130",
        GS,
        "30",
        "7",
        "240",
        "91",
        "(",
        ")",
        "|",
        " ",
        "37",
        "02",
        "+",
        "99",
        "8008",
        "271301",
        "00000000000000",
        "15",
    ]
)


@given(st.lists(_PIECES, max_size=12).map("".join))
@example("]d201070320698049881727123110LOT21S1")
def test_fast_path_and_patient_path_read_the_same(raw: str) -> None:
    assert read(raw) == _parse_patiently(raw, SCANNED_ON, DEFAULT_PROFILE)


def test_month_without_day_is_its_last_day_and_says_so() -> None:
    code = read("]d201070320698049881728020010A")

    assert (code.expiry, code.expiry_precision) == (date(2028, 2, 29), Precision.MONTH)


@pytest.mark.parametrize(
    ("scanned_on", "expiry"), [(date(2026, 6, 1), date(1977, 1, 31)), (date(2027, 6, 1), date(2077, 1, 31))]
)
def test_century_comes_from_the_day_of_the_scan(scanned_on: date, expiry: date) -> None:
    assert parse("]d2010703206980498817770131", scanned_on=scanned_on).expiry == expiry


def test_use_by_with_time_counts_as_expiry_and_best_before_does_not() -> None:
    assert read(f"]d2010703206980498870032512311430{GS}10A").expiry == date(2025, 12, 31)
    best = read("]d2010703206980498815251231")
    assert (best.expiry, best.best_before) == (None, date(2025, 12, 31))


@pytest.mark.parametrize(
    ("raw", "error"),
    [
        ("]d201070320698049871727123110A", CodeError.BAD_CHECK_DIGIT),
        ("]d20107032069804988102" + "A" * 20, CodeError.TOO_LONG),
        ("]d2010703206980498817271301", CodeError.BAD_DATE),
        ("]d20107032069804988700325123100001", CodeError.TOO_LONG),
        ("]d201070320698049887003251200" + "1430", CodeError.BAD_DATE),
        ("]d201070320698049887003251231" + "2560", CodeError.BAD_DATE),
        ("]d2010703206980498810A]B", CodeError.BAD_CHARACTER),
        ("]d2010703206980498810Ä", CodeError.BAD_CHARACTER),
        (f"]d2010703206980498810A{GS}10B", CodeError.CONFLICTING_AI),
        ("]d2010703206980498803" + "07032069804988", CodeError.AI_COMBINATION),
        (f"]d2010703206980498810A{GS}04", CodeError.UNKNOWN_AI),
        (f"]d2010703206980498830{GS}10A", CodeError.EMPTY_VALUE),
        ("]d200336608691004172616", CodeError.BAD_CHECK_DIGIT),
        ("]d24107032069804987", CodeError.BAD_CHECK_DIGIT),
    ],
)
def test_refused_with_its_reason_and_without_identifiers(raw: str, error: CodeError) -> None:
    code = read(raw)

    assert (code.error, code.valid, code.di, code.lot, code.elements) == (error, False, None, None, ())


@pytest.mark.parametrize(
    ("raw", "error", "error_at"),
    [
        ("]E04006381333932", CodeError.BAD_CHECK_DIGIT, 0),
        ("]d2010703206980498810LOT\x01XX", CodeError.BAD_CHARACTER, 21),
        (f"]d2010703206980498810LOT{GS}38§", CodeError.BAD_CHARACTER, 24),
    ],
)
def test_an_error_names_the_sign_it_is_at(raw: str, error: CodeError, error_at: int) -> None:
    code = read(raw)

    assert (code.error, code.error_at) == (error, error_at)


def test_what_stood_in_front_of_an_error_is_kept_apart() -> None:
    code = read(f"]d2010703206980498810A{GS}04X")

    assert code.before_error == (("01", "07032069804988"), ("10", "A"))


def test_the_same_element_twice_with_one_value_is_fine() -> None:
    assert read(f"]d2010703206980498810A{GS}10A").canonical == "010703206980498810A"


@pytest.mark.parametrize("raw", ["]d20100000000000000", "0100000000000000", "00000000000000", "]E00000000000000"])
def test_all_zero_gtin_is_nothing(raw: str) -> None:
    code = read(raw)

    assert (code.issuer, code.di, code.error) == (Issuer.INVALID, None, CodeError.NOT_UDI)


@pytest.mark.parametrize(
    "raw",
    ["\x1d\x1d0107032069804988", f"0107032069804988{GS}10A{GS}", f"010703206980498810A{GS}{GS}21B"],
)
def test_separators_that_end_nothing_are_passed_over(raw: str) -> None:
    assert read(raw).di == "07032069804988"


@pytest.mark.parametrize(
    ("raw", "flags"),
    [
        ("10A", (Flag.LOOKS_LIKE_GS1,)), ("17271231", (Flag.LOOKS_LIKE_GS1,)), ("3003940001", (Flag.LOOKS_LIKE_GS1,)),
        ("HC20240300012", ()), ("12345", ()),
    ],
)  # fmt: skip
def test_a_plain_number_proves_nothing(raw: str, flags: tuple[Flag, ...]) -> None:
    code = read(raw)

    assert (code.issuer, code.error, code.flags) == (Issuer.INTERNAL, CodeError.NOT_UDI, flags)


def test_a_date_and_a_lot_prove_production_identifiers() -> None:
    code = read("1727123110LOT7")

    assert (code.di, code.lot, code.flags) == (None, "LOT7", (Flag.PI_ONLY, Flag.NO_SYMBOLOGY_ID))


@pytest.mark.parametrize(
    ("raw", "lot", "serial"),
    [
        ("(01)07032069804988(10)B(2)C", "B(2)C", None),
        ("(01)07032069804988(10)B(XX)C", "B(XX)C", None),
        ("(01)07032069804988(10)B(17)C", "B(17)C", None),
        ("(01)07032069804988(10)B(21)C", "B", "C"),
        ("010703206980498810A(21)B5", "A", "B5"),
        ("010703206980498810A(B)5", "A(B)5", None),
    ],
)
def test_brackets_are_notation_only_where_they_can_be(raw: str, lot: str, serial: str | None) -> None:
    code = read(raw)

    assert (code.error, code.lot, code.serial) == (None, lot, serial)


def test_a_bracketed_date_that_does_not_exist_is_no_part_of_the_lot() -> None:
    assert read("(01)07032069804988(10)LOT(17)271301").error is CodeError.BAD_DATE


@pytest.mark.parametrize(
    ("raw", "error"),
    [
        ("https://id.gs1.org/01/09520123456788/10/A/21/B/22/C", CodeError.QUALIFIER_ORDER),
        ("https://id.gs1.org/01/09520123456788/10/A/10/B", CodeError.BAD_DIGITAL_LINK_PATH),
        ("https://id.gs1.org/01/09520123456788/17/271231", CodeError.BAD_DIGITAL_LINK_PATH),
        ("https://id.gs1.org/01/09520123456789", CodeError.BAD_CHECK_DIGIT),
        ("https://id.gs1.org/01/0952012345678", CodeError.BAD_CHECK_DIGIT),
        ("https://id.gs1.org/01/09520123456788?17=271301", CodeError.BAD_DATE),
        ("https://id.gs1.org/01/09520123456788?10=A&10=B", CodeError.CONFLICTING_AI),
        ("https://id.gs1.org/01/09520123456788/10/A%20B", CodeError.BAD_CHARACTER),
    ],
)
def test_digital_link_is_refused_with_its_reason(raw: str, error: CodeError) -> None:
    assert read(raw).error is error


@pytest.mark.parametrize(
    ("raw", "canonical"),
    [
        ("HTTP://x/stem/01/09520123456788/235/T1#frag", "0109520123456788235T1"),
        ("https://x/01/00614141123452/10/01/21/5", f"01006141411234521001{GS}215"),
        ("https://x/01/09520123456788/?linkType=all", "0109520123456788"),
        ("https://x/01/09520123456788/10/A%2FB", "010952012345678810A/B"),
    ],
)
def test_digital_link_is_read(raw: str, canonical: str) -> None:
    code = read(raw)

    assert (code.error, code.canonical) == (None, canonical)


def test_zero_suppressed_gtin_is_filled_up_and_flagged() -> None:
    code = read("https://x/01/614141123452")

    assert (code.di, code.flags) == ("00614141123452", (Flag.DIGITAL_LINK, Flag.ZERO_SUPPRESSED_GTIN))


@pytest.mark.parametrize(
    "raw", ["https://x/01/", "https://x/01/hello", "https://x", "http://", "https://x/gtin/09520123456788"]
)
def test_other_addresses_are_no_udi(raw: str) -> None:
    code = read(raw)

    assert (code.issuer, code.error, code.flags) == (Issuer.INTERNAL, CodeError.NOT_UDI, (Flag.URL,))


def test_composite_component_belongs_to_its_linear_symbol() -> None:
    code = read("]E05901234123457|]e01727123110A")

    assert (code.di, code.lot, code.expiry) == ("05901234123457", "A", date(2027, 12, 31))


@pytest.mark.parametrize(
    ("raw", "error"), [("]E0590123412345X", CodeError.NOT_NUMERIC), ("]E059", CodeError.TOO_SHORT)]
)
def test_ean_symbol_holds_a_gtin(raw: str, error: CodeError) -> None:
    assert read(raw).error is error


@pytest.mark.parametrize("raw", ["]C1800301234567890128", "]C18018123456789012345675", "]d24147032069804988"])
def test_keys_of_other_things_identify_no_device(raw: str) -> None:
    code = read(raw)

    assert (code.issuer, code.error, code.di, code.flags) == (Issuer.GS1, None, None, (Flag.NOT_UDI,))


def test_a_reference_alone_is_half_a_label() -> None:
    assert read("]C1240REF7").flags == (Flag.PI_ONLY,)
