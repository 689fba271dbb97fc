"""Numbers of plain article symbols (EAN, ITF-14) in one read: what their symbology identifier says, whatever the digits
also read as."""

from datetime import date

import pytest

from models.udi import CodeError, Flag, ParsedCode, parse, read_label

DAY = date(2026, 6, 1)
EXPIRY = date(2027, 12, 31)
LIKE_ELEMENTS = ("4006381333931", "7032069804988", "4001234567891", "9312345678907", "2412345678901", "2112345678900")
"""Articles whose digits are elements too: AI 400, 7032, 93, 241, 21."""
OTHERS = ("6901234567892", "96385074", "5012345678900")


def read(text: str) -> ParsedCode:
    return parse(text, scanned_on=DAY)


@pytest.mark.parametrize("between", ["\n", "\r\n", "\r", ""])
@pytest.mark.parametrize("second", [*LIKE_ELEMENTS, *OTHERS])
def test_two_articles_are_two_labels(second: str, between: str) -> None:
    for first in (LIKE_ELEMENTS[0], OTHERS[0]):
        one, two = read(f"]E0{first}{between}]E0{second}"), read(f"]E0{second}{between}]E0{first}")
        assert (one.error, two.error) == ((None, None) if first == second else (CodeError.CONFLICTING_AI,) * 2)


@pytest.mark.parametrize("between", ["\n", "\r\n", ""])
@pytest.mark.parametrize("article", [*LIKE_ELEMENTS, *OTHERS])
def test_an_article_joins_its_own_lot_in_either_order(article: str, between: str) -> None:
    symbology, lot = ("]E4" if len(article) == 8 else "]E0"), "]C11727123110A1"
    for text in (f"{symbology}{article}{between}{lot}", f"{lot}{between}{symbology}{article}"):
        code = read(text)
        assert (code.di, code.lot, code.serial, code.expiry) == (article.zfill(14), "A1", None, EXPIRY), text


@pytest.mark.parametrize("between", [" ", "\t", "\n"])
@pytest.mark.parametrize("article", [*LIKE_ELEMENTS[:5], OTHERS[0]])
def test_a_typed_article_joins_its_lot_in_either_order(article: str, between: str) -> None:
    for text in (f"{article}{between}1727123110A1", f"1727123110A1{between}{article}"):
        code = read(text)
        assert (code.di, code.lot, code.expiry, code.error) == (article.zfill(14), "A1", EXPIRY, None), text
        assert Flag.BARE_GTIN in code.flags


def test_digits_that_prove_nothing_add_nothing_to_an_article() -> None:
    code = read("7032069804988 17260601100")

    assert (code.di, code.lot, code.expiry) == ("07032069804988", None, None)
    assert Flag.LOOKS_LIKE_GS1 in code.flags
    assert read("7032069804980 17260601100").di is None


def test_an_article_beside_a_proved_device_contradicts_it_only_with_its_symbol() -> None:
    for article in LIKE_ELEMENTS[:4]:
        typed = read(f"]d20106901234567892\n{article}")
        assert (typed.di, typed.error) == ("06901234567892", None)
        assert "400" not in dict(typed.elements)
        assert read(f"]d20106901234567892\n]E0{article}").error is CodeError.CONFLICTING_AI
    assert read_label(["]d20106901234567892", "]E06901234567892"], scanned_on=DAY).error is None


def test_a_date_that_passes_as_a_short_article_is_a_date() -> None:
    for day in ("17271231", "17270106", "17270113", "17270120"):
        assert read(f"]d20107032069804988\n{day}").expiry is not None
    assert read("]d20107032069804988\n]E017270106").expiry is None
