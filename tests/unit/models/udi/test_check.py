import pytest

from models.udi import check


@pytest.mark.parametrize(
    ("digits", "valid"),
    [
        ("07032069804988", True), ("07032069804987", False), ("96385074", True), ("96385073", False),
        ("614141123452", True), ("5901234123457", True), ("336608691004172617", True), ("336608691004172616", False),
    ],
)  # fmt: skip
def test_gs1_check_digit_of_every_length(digits: str, valid: bool) -> None:
    assert check.mod10_is_valid(digits) is valid


@pytest.mark.parametrize("gtin", ["07032069804988", "10884521062856", "00208851107347"])
def test_computed_gtin_check_digit_is_the_printed_one(gtin: str) -> None:
    assert check.gtin_check_digit(gtin[:-1]) == int(gtin[-1])


@pytest.mark.parametrize("text", ["", "12A", "１２", "²"])
def test_gtin_check_digit_refuses_what_is_no_ascii_digit(text: str) -> None:
    with pytest.raises(ValueError, match="Expected ASCII digits"):
        check.gtin_check_digit(text)


def test_every_single_wrong_digit_is_found() -> None:
    gtin = "07032069804988"
    misread = [gtin[:at] + digit + gtin[at + 1 :] for at in range(14) for digit in "0123456789" if digit != gtin[at]]

    assert not any(check.mod10_is_valid(digits) for digits in misread)


@pytest.mark.parametrize(
    "text",
    ["+A123BJC5D6E71G", "+$$52001510X3GD", "+A123AA40 ", "+H221JV4222.", "+E490HE21KL1/$+HEK13044/16D20220531/Q1$"],
)
def test_hibc_check_character_is_the_printed_one(text: str) -> None:
    assert check.hibc_check_character(text[:-1]) == text[-1]
    assert check.hibc_is_valid(text)


def test_every_single_wrong_hibc_character_is_found() -> None:
    text = "+A123BJC5D6E71G"
    misread = [
        text[:at] + other + text[at + 1 :] for at in range(15) for other in check.HIBC_ALPHABET if other != text[at]
    ]

    assert not any(check.hibc_is_valid(wrong) for wrong in misread)


@pytest.mark.parametrize("text", ["", "+", "a", "+é1"])
def test_what_is_no_hibc_text_is_not_valid(text: str) -> None:
    assert not check.hibc_is_valid(text)


def test_hibc_check_character_refuses_foreign_characters() -> None:
    with pytest.raises(ValueError, match="43 HIBC characters"):
        check.hibc_check_character("+a")


@pytest.mark.parametrize(
    "identifier",
    [
        "MA.156.M0.100032.00002536",
        "MA.156.M0.100032.10002535",
        "MA.156.M0.100032.20002534",
        "MA.156.M0.100032.30002533",
        "MA.156.M0.100032.0123412317",
        "MA.156.M0.100472.11103316",
        "MA.156.M0.100350.01004YA10017",
    ],
)
def test_ma_check_digit_of_published_identifiers(identifier: str) -> None:
    assert check.ma_check_digit(identifier[:-1]) == int(identifier[-1])


@pytest.mark.parametrize(
    ("text", "digit"),
    [(".S60KAGAAAE.M221020.E221020.V221020", "2"), (".SLMSAGAAAC.M210628.LAY21062803.E220628.V220627", "3")],
)
def test_ma_check_digit_of_published_production_identifiers(text: str, digit: str) -> None:
    assert check.ma_is_valid(text, digit)
    assert not check.ma_is_valid(text, str((int(digit) + 1) % 10))


def test_ma_characters_outside_the_table_are_not_valid() -> None:
    assert not check.ma_is_valid("MA 1", "0")
    with pytest.raises(ValueError, match="MA table"):
        check.ma_check_digit("MA 1")


def test_gmn_check_pair_of_the_standards_example() -> None:
    # GS1 General Specifications, section 7.9.5.
    assert check.gmn_is_valid("1987654Ad4X4bL5ttr2310c2K")
    assert not check.gmn_is_valid("1987654Ad4X4bL5ttr2310c2J")
    assert not check.gmn_is_valid("2K")
