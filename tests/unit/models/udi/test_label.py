"""Several barcodes of one label: a later one adds, what contradicts is a conflict."""

from datetime import date

import pytest

from models.udi import CodeError, Flag, Issuer, Label, parse, read_label
from models.udi.canonical import hibc_primary, hibc_secondary
from models.udi.check import hibc_check_character

SCANNED_ON = date(2026, 6, 1)
DI = "]C10107032069804988"
PI = "]C11727123110LOT7"
OTHER_DI = "]C10105901234123457"


def read(*codes: str) -> Label:
    return read_label(codes, scanned_on=SCANNED_ON)


def test_one_barcode_is_its_label() -> None:
    code = parse("]d201070320698049881727123110LOT7", scanned_on=SCANNED_ON)

    assert read(code.raw) == Label(
        Issuer.GS1, code.di, "LOT7", expiry=date(2027, 12, 31), codes=(code,), expiry_precision=code.expiry_precision
    )


@pytest.mark.parametrize("codes", [(DI, PI), (PI, DI)])
def test_halves_join_in_either_order(codes: tuple[str, str]) -> None:
    label = read(*codes)

    assert (label.issuer, label.di, label.lot, label.expiry) == (
        Issuer.GS1,
        "07032069804988",
        "LOT7",
        date(2027, 12, 31),
    )
    assert (label.error, label.conflict, label.flags) == (None, False, ())


def test_later_barcode_never_blanks_what_an_earlier_one_gave() -> None:
    label = read("]d201070320698049881727123110LOT7\x1d21S1", DI)

    assert (label.lot, label.serial, label.expiry) == ("LOT7", "S1", date(2027, 12, 31))


@pytest.mark.parametrize(
    "codes",
    [
        (DI, OTHER_DI),
        (DI, PI, "]C110LOT8"),
        (DI, "]C1172712310", "]C117280101", PI),
        (DI, "]C121A", "]C121B"),
        (DI, "]C111250101", "]C111250102"),
        (DI, "]E05901234123457"),
    ],
)
def test_two_labels_scanned_as_one_are_a_conflict(codes: tuple[str, ...]) -> None:
    assert read(*codes).conflict


@pytest.mark.parametrize("device", [DI, "+A123BJC5D6E71G", "MA.156.M0.100472.11103316"])
@pytest.mark.parametrize(
    "number", ["9783161484100", "17000000", "2900000000001", "]E02900000000001", "]C09783161484100"]
)
def test_a_number_that_merely_passes_as_a_gtin_refuses_no_device_and_leaves_its_trace(device: str, number: str) -> None:
    for codes in ((device, number), (number, device)):
        label = read(*codes)
        assert (label.conflict, label.error, label.di) == (False, None, read(device).di)
        assert Flag.BARE_GTIN in label.flags
    assert read(number, "4006381333931").conflict


def test_a_half_label_stays_a_half_label() -> None:
    label = read(PI)

    assert (label.di, label.lot, label.flags) == (None, "LOT7", (Flag.PI_ONLY,))


@pytest.mark.parametrize("other", ["C03440510705000075510000001", "HC20240300012", "", "https://example.org/"])
@pytest.mark.parametrize("first", [True, False])
def test_codes_that_are_no_udi_are_ignored_beside_one_that_is(other: str, first: bool) -> None:
    label = read(*((other, DI) if first else (DI, other)))

    assert (label.issuer, label.di, label.error, label.conflict, label.flags) == (
        Issuer.GS1, "07032069804988", None, False, (),
    )  # fmt: skip
    assert len(label.codes) == 2


@pytest.mark.parametrize(
    ("bad", "error"),
    [
        ("]C10107032069804987", CodeError.BAD_CHECK_DIGIT),
        ("+A123BJC5D6E71H", CodeError.BAD_CHECK_CHARACTER),
        ("MA.156.M0.100472.11103315", CodeError.MA_CHECK_MISMATCH),
        ("]C1172713", CodeError.TOO_SHORT),
    ],
)
def test_a_misread_anywhere_is_the_error_of_the_label(bad: str, error: CodeError) -> None:
    assert read(DI, bad).error is error
    assert read(bad, DI).error is error


def test_a_wrong_check_digit_comes_before_any_other_error() -> None:
    assert read("]C1172713", "]C10107032069804987").error is CodeError.BAD_CHECK_DIGIT


def test_without_a_valid_code_the_first_error_stands() -> None:
    label = read("HC20240300012", "C0344051070500007551")

    assert (label.issuer, label.error) == (Issuer.INTERNAL, CodeError.NOT_UDI)


def test_no_code_is_an_empty_label() -> None:
    assert read() == Label(Issuer.INVALID, error=CodeError.EMPTY)


def test_logistic_units_have_no_device() -> None:
    assert read("]C100336608691004172617").logistic
    assert read("]C102036618090065623754000\x1d1021901656").logistic
    assert not read("]C100336608691004172617", DI).logistic


def test_hibc_halves_join_by_their_link_and_a_wrong_link_is_a_conflict() -> None:
    primary = hibc_primary("A123", "BJC5D6E7", 1)
    label = read(primary, hibc_secondary(primary[-1], lot="10X3"))

    assert (label.di, label.lot, label.link, label.uom, label.conflict) == ("A123BJC5D6E71", "10X3", "G", "1", False)
    assert read(primary, hibc_secondary("H", lot="10X3")).conflict


def test_a_hibc_secondary_without_its_primary_belongs_to_no_device_of_another_issuer() -> None:
    lot = hibc_secondary("G", lot="10X3")

    assert read("]d201070320698049881727123110LOT7", lot).conflict
    assert not read("]d201070320698049881727123110" + "10X3", lot).conflict


def test_a_day_refines_the_month_another_barcode_printed() -> None:
    label = read("]C101070320698049881727120010A", "]C117271215")
    assert (label.expiry, label.conflict) == (date(2027, 12, 15), False)


def test_two_issuers_on_one_label_must_agree_on_lot_or_serial() -> None:
    hibc = "+A123BJC5D6E71/$$710X3"
    gs1 = "]d201070320698049881010X3"
    checked = hibc + hibc_check_character(hibc)

    assert not read(gs1, checked).conflict
    assert read(gs1, checked).di == "07032069804988"
    assert read(DI, "+A123BJC5D6E71G").conflict


def test_alternatives_of_a_label_keep_its_other_barcodes() -> None:
    label = read("]C1010703206980498810AB21CD", "]C117271231")

    assert [(other.lot, other.serial, other.expiry) for other in label.alternatives] == [
        ("AB", "CD", date(2027, 12, 31))
    ]


def test_a_bare_number_is_confirmed_by_the_same_number_in_an_element_string() -> None:
    assert read("]E05901234123457", OTHER_DI).flags == ()
    assert read("]E05901234123457").flags == (Flag.BARE_GTIN,)
