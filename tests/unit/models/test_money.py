"""Money and unit prices are whole numbers, and their texts are those of the wire."""

from decimal import ROUND_HALF_UP, Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from models.money import PRICE_MAX, fen_of, fen_text, line_amount_fen, parse_price, price_text


@pytest.mark.parametrize(
    ("quantity", "unit_price", "fen"), [(1, 149, 1), (1, 150, 2), (1, 49, 0), (1, 50, 1), (3, 150, 5), (0, 150, 0)]
)
def test_a_line_rounds_half_up(quantity: int, unit_price: int, fen: int) -> None:
    assert line_amount_fen(quantity, unit_price) == fen


@given(st.integers(0, 100_000 * 100_000), st.integers(0, PRICE_MAX))
def test_a_line_is_the_rounded_product(quantity: int, unit_price: int) -> None:
    exact = (Decimal(quantity * unit_price) / 100).quantize(Decimal(1), ROUND_HALF_UP)

    assert line_amount_fen(quantity, unit_price) == int(exact)


@pytest.mark.parametrize(
    ("fen", "text"), [(0, "0.00"), (5, "0.05"), (123400, "1234.00"), (-5, "-0.05"), (-123456, "-1234.56")]
)
def test_fen_are_written_as_yuan_with_two_digits(fen: int, text: str) -> None:
    assert fen_text(fen) == text


@given(st.integers())
def test_an_amount_that_is_written_is_read_as_the_same(fen: int) -> None:
    assert fen_of(fen_text(fen)) == fen


@pytest.mark.parametrize(
    ("price", "text"),
    [(0, "0.00"), (125_000, "12.50"), (125, "0.0125"), (150, "0.015"), (10_000, "1.00"), (1, "0.0001")],
)
def test_a_price_is_written_with_two_digits_or_as_many_as_it_has(price: int, text: str) -> None:
    assert price_text(price) == text


@given(st.integers(0, PRICE_MAX))
def test_a_price_that_is_written_is_read_as_the_same(price: int) -> None:
    assert parse_price(price_text(price)) == price


@pytest.mark.parametrize(
    "text",
    [
        "",
        "x",
        "-0.01",
        "0.00001",
        "NaN",
        "Infinity",
        "100000000.0001",
        "1,5",
        "9e999999",
        "1e-9999999",
        "1_000",
        "１００",
        "1e100",
        " 1",
        "0x1",
        "1234.000000000000000000000000001",
    ],
)
def test_what_is_no_price_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="Expected"):
        parse_price(text)


@pytest.mark.parametrize(("text", "price"), [("100000000", PRICE_MAX), ("0", 0), ("0.0001", 1), ("1e2", 1_000_000)])
def test_the_smallest_and_largest_prices_are_read(text: str, price: int) -> None:
    assert parse_price(text) == price
