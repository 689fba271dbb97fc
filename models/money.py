"""Money and unit prices as integers: fen (1/100 yuan) and 1/10,000 yuan.

References:
    docs/contract.md, sections "Conventions" (two digits, four for unit prices) and "Month, money, usage"
    (lines round half up to the cent).
"""

import re
from decimal import Decimal
from functools import lru_cache
from typing import Annotated, Final

from pydantic import AfterValidator

CURRENCY = "CNY"
PRICE_SCALE = 10_000
"""Unit prices are whole 1/10,000 yuan."""
FEN_SCALE = 100
_PRICE_PER_FEN = PRICE_SCALE // FEN_SCALE
PRICE_MAX = 10**12
"""100 million yuan a unit: beyond it a price is a typing error."""
UNITS_MAX: Final = 1_000_000
"""Units of use in one scan or on one line; more is a typing error. Times `PRICE_MAX` it is 10^16 fen, a thousandth of
what a column of the books holds. No source: ours."""
_DECIMAL: Final = re.compile(r"[+-]?(?:[0-9]+\.?[0-9]*|\.[0-9]+)(?:[eE][+-]?[0-9]{1,2})?", re.ASCII)
"""A decimal number in ASCII digits. `Decimal` takes more: digits of other scripts, `1_000`, exponents without end."""
_CHARACTERS_MAX: Final = 24
"""Fewer than the 28 digits that `Decimal` calculates with, so that nothing is rounded unseen."""


def line_amount_fen(quantity: int, unit_price: int) -> int:
    """Quantity times unit price (1/10,000 yuan), rounded half up to the fen; both ≥ 0."""
    return (quantity * unit_price * 2 + _PRICE_PER_FEN) // (2 * _PRICE_PER_FEN)


@lru_cache(maxsize=16_384)
def fen_text(amount_fen: int) -> str:
    """Fen as yuan with two digits: `123400` is `1234.00`."""
    sign = "-" if amount_fen < 0 else ""
    yuan, fen = divmod(abs(amount_fen), FEN_SCALE)
    return f"{sign}{yuan}.{fen:02d}"


def fen_of(text: str) -> int:
    """What `fen_text` has written, in fen: an amount of our own records, so of any size and sign."""
    return int(text.replace(".", ""))


@lru_cache(maxsize=16_384)
def price_text(unit_price: int) -> str:
    """A unit price as yuan with two digits, or up to four when it has them: `12.5`→`12.50`, `0.0125`."""
    yuan, rest = divmod(unit_price, PRICE_SCALE)
    if rest % _PRICE_PER_FEN == 0:
        return f"{yuan}.{rest // _PRICE_PER_FEN:02d}"
    return f"{yuan}.{rest:04d}".rstrip("0")


def parse_fen(text: str) -> int:
    """A decimal string of yuan with at most two digits after the point, in fen.

    Raises:
        ValueError: not a plain decimal number, negative, too large, or finer than a fen.
    """
    scaled = parse_price(text)
    if scaled % _PRICE_PER_FEN:
        raise ValueError(f"Expected yuan with at most two digits, got {text!r}.")
    return scaled // _PRICE_PER_FEN


def parse_price(text: str) -> int:
    """A decimal string of yuan, at most four digits after the point, as 1/10,000 yuan.

    Raises:
        ValueError: not a plain decimal number, negative, too large, or finer than 1/10,000 yuan.
    """
    if len(text) > _CHARACTERS_MAX or not _DECIMAL.fullmatch(text):
        raise ValueError(f"Expected a decimal number of yuan, got {text[:_CHARACTERS_MAX]!r}.")
    scaled = Decimal(text) * PRICE_SCALE
    if scaled < 0 or scaled > PRICE_MAX or scaled != int(scaled):
        raise ValueError(f"Expected 0 to {PRICE_MAX // PRICE_SCALE} yuan with at most four digits, got {text!r}.")
    return int(scaled)


def _yuan(text: str) -> str:
    parse_fen(text)
    return text


def _price(text: str) -> str:
    parse_price(text)
    return text


Yuan = Annotated[str, AfterValidator(_yuan)]
"""Text of an amount on the wire, as `parse_fen` takes it: 0 or more, at most two digits after the point."""
Price = Annotated[str, AfterValidator(_price)]
"""Text of a unit price on the wire, as `parse_price` takes it: 0 or more, at most four digits after the point."""
