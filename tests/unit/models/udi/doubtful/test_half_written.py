"""Signs typed with an input method on, controls written out, brackets left open and fields left empty."""

from datetime import date

import pytest

from models.udi import CodeError, Flag, Issuer, ParsedCode, parse

DAY = date(2026, 6, 1)
GTIN = "07032069804988"
MA = "MA.156.M0.100472.11103316"


def read(text: str) -> ParsedCode:
    return parse(text, scanned_on=DAY)


@pytest.mark.parametrize("sign", ["、", "￥", "¥", "、、", "\\", "＼"])
@pytest.mark.parametrize("code", [MA, f"01{GTIN}", f"]d201{GTIN}", "+A123BJC5D6E71G"])
def test_a_designator_typed_with_an_input_method_is_taken_off(sign: str, code: str) -> None:
    found = read(f"{sign}000026{code}")

    assert (found.di, found.error) == (read(code).di, None)
    assert Flag.ECI in found.flags


@pytest.mark.parametrize("price", ["￥1234.00", "￥000026", "¥123456", "￥123456 7", "、12"])
def test_a_price_is_no_designator(price: str) -> None:
    assert read(price).di is None
    assert Flag.ECI not in read(price).flags


@pytest.mark.parametrize(("left", "right"), [*zip("【〔［（[", "】〕］）]", strict=True)])
def test_brackets_of_an_input_method_are_brackets(left: str, right: str) -> None:
    found = read(f"{left}01{right}{GTIN}{left}17{right}271231{left}10{right}LOT1")

    assert (found.di, found.lot, found.expiry) == (GTIN, "LOT1", date(2027, 12, 31))
    assert read(f"{left}注意{right}{GTIN}").di is None


@pytest.mark.parametrize("lot", ["LOT1(21SN1", "LOT1(21", "LOT1(", "L(17271231"])
def test_half_a_bracket_in_a_lot_is_doubted(lot: str) -> None:
    for text in (f"(01){GTIN}(10){lot}", f"(01){GTIN}(10){lot}(17)271231"):
        assert (read(text).lot, Flag.LOOKS_LIKE_GS1 in read(text).flags) == (lot, True)


@pytest.mark.parametrize("lot", ["LOT(A)", "LOT(2A)", "L(ABC", "LOT1)"])
def test_brackets_of_a_lot_are_its_own(lot: str) -> None:
    assert (read(f"(01){GTIN}(10){lot}").lot, read(f"(01){GTIN}(10){lot}").flags) == (lot, (Flag.HRI,))


@pytest.mark.parametrize("sign", ["<SUB>", "{SUB}", "<1A>", "\x1a"])
def test_a_substitute_character_written_out_is_no_part_of_a_value(sign: str) -> None:
    for text in (f"]d201{GTIN}21SN1{sign}", f"(01){GTIN}(21)SN1{sign}", f"]d201{GTIN}21SN1{sign}17271231"):
        assert (read(text).di, read(text).serial) == (GTIN, "SN1"), text
    assert read(f"]d201{GTIN}21SUB1").serial == "SUB1"


@pytest.mark.parametrize(
    ("text", "issuer", "error"),
    [
        ('<UDI IAC="MA"><DI></DI><LOT>A</LOT></UDI>', Issuer.MA, CodeError.EMPTY_VALUE),
        (f'<UDI IAC="MA"><DI>{MA}</DI><LOT></LOT></UDI>', Issuer.MA, CodeError.EMPTY_VALUE),
        (f'<UDI IAC="MA"><DI>{MA}</DI><LOT>A</LOT></UDI>', Issuer.MA, None),
        (f"{MA}.L", Issuer.MA, CodeError.EMPTY_VALUE),
        (f"01{GTIN}(10)LOT1(21)", Issuer.GS1, CodeError.BAD_HRI),
        (f"]d201{GTIN}(17)(10)LOT1", Issuer.GS1, CodeError.BAD_HRI),
        (f"01{GTIN}(10)LOT1(21)S", Issuer.GS1, None),
        (f"01{GTIN}(1)LOT1", Issuer.GS1, CodeError.UNKNOWN_AI),
    ],
)
def test_an_empty_field_is_named(text: str, issuer: Issuer, error: CodeError | None) -> None:
    assert (read(text).issuer, read(text).error) == (issuer, error)
