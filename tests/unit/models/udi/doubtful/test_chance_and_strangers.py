"""What passes by chance, and ordinary texts beside a good label: neither refuses it."""

from datetime import date
from random import Random

import pytest

from models.udi import CodeError, Flag, Issuer, Label, read_label
from models.udi.canonical import hibc_check_character, hibc_primary

DAY = date(2026, 6, 1)
GTIN = "07032069804988"
GOOD = f"]d201{GTIN}1727123110LOT1"
ALPHABET = "0123456789ABCDEFGHJKLMNPQRSTUVWXYZ"


def read(*codes: str) -> Label:
    return read_label(codes, scanned_on=DAY)


@pytest.mark.parametrize(
    ("text", "di"),
    [
        ("+$$8103271231QNSU8N76FAQMG0+ZFC8W2L8B3G", "ZFC8W2L8B3"),
        ("+16D20250101E0+XU25T5X8E", "XU25T5X8"),
    ],
)
def test_two_hibc_symbols_whose_whole_passes_by_chance_are_taken_apart(text: str, di: str) -> None:
    assert (read(text).di, read(text).error) == (di, None)
    assert read(text[:-1]).error is not None


def test_hibc_symbols_with_the_secondary_in_front_are_read_or_refused_by_their_check_character() -> None:
    draw = Random(6)  # noqa: S311 -- a test's chance
    for _ in range(2_000):
        product = "".join(draw.choices(ALPHABET, k=draw.randint(4, 9)))
        primary = hibc_primary("A123", product, 1)
        if primary.endswith(" "):
            continue  # A blank at the end may be a scanner's.
        body = f"+$$3271231{''.join(draw.choices(ALPHABET, k=8))}{primary[-1]}"
        secondary = body + hibc_check_character(body)
        label = read(secondary + primary)
        assert (label.di, label.lot, label.error) == (primary[1:-1], body[10:18], None), secondary + primary


@pytest.mark.parametrize(
    "address",
    [
        "https://example.com/2026/01/15/index.html", "https://firm.com/01/15/2026", "http://a.cn/01/2", "https://x.cn/01/1a",
        "https://x.cn/a/01/123456789/b", "https://x.cn/01/20260115x", "https://x.cn/01/", "https://x.cn/01/15-01-26/x",
    ],
)  # fmt: skip
def test_an_ordinary_address_refuses_no_label(address: str) -> None:
    for codes in ((GOOD, address), (address, GOOD), (f"{GOOD}\n{address}",)):
        assert (read(*codes).di, read(*codes).lot, read(*codes).error) == (GTIN, "LOT1", None)
    assert (read(address).issuer, read(address).error) == (Issuer.INTERNAL, CodeError.NOT_UDI)


@pytest.mark.parametrize(
    ("address", "error"),
    [
        (f"https://example.com/01/{GTIN}", None),
        (f"https://example.com/01/{GTIN[1:]}", None),
        (f"https://example.com/01/{GTIN[:-1]}0", CodeError.BAD_CHECK_DIGIT),
        ("https://id.gs1.org/01/15", CodeError.TOO_SHORT),
        ("https://id.gs1.org/01/", CodeError.EMPTY_VALUE),
    ],
)
def test_an_address_that_means_a_gtin_names_its_issuer(address: str, error: CodeError | None) -> None:
    assert (read(address).issuer, read(address).error) == (Issuer.GS1, error)


OTHERS = (
    "12345",
    "B-1042",
    "WIFI:T:WPA;S:Ward3;P:1;;",
    "住院号 0012345",
    "10:30",
    "ROOM 5",
    "some text, and more of it",
)


@pytest.mark.parametrize("other", OTHERS)
@pytest.mark.parametrize("article", ["]E07032069804988", "]E496385074", "]I117032069804985", "7032069804988"])
def test_any_text_behind_the_tabulator_of_an_article_leaves_it_as_it_is(article: str, other: str) -> None:
    digits = article.removeprefix(article[:3] if article.startswith("]") else "")
    for between in ("\t", " ") if article.startswith("]") else ("\t",):
        label = read(f"{article}{between}{other}")
        assert (label.di, label.lot, label.serial, label.error) == (digits.zfill(14), None, None, None)
        assert Flag.BARE_GTIN in label.flags
    assert read(f"{article[:-1]}1\t{other}").di is None


@pytest.mark.parametrize("blanks", [" ", "  ", "\t"])
def test_blanks_between_the_structures_of_isbt_128_are_layout(blanks: str) -> None:
    label = read(f"=/A9999XYZ100T0944{blanks}=,000123{blanks}=>019031")

    assert (label.di, label.serial, label.expiry) == ("A9999XYZ100T0944", "000123", date(2019, 1, 31))
    assert read(f"=/A9999XYZ100T0944{blanks}=/A9999XYZ200T0944").error is CodeError.CONFLICTING_AI
    assert read(f"=/A9999XYZ100{blanks}T0944").di is None
    assert read(f"=/A9999XYZ100T0944{blanks}ROOM 5").di == "A9999XYZ100T0944"


@pytest.mark.parametrize(
    ("text", "error"),
    [
        ("=/A9999xyz100T0944", CodeError.BAD_CHARACTER),
        ("=/A9999IYZ1O0T09-4", CodeError.BAD_PPIC),
        ("=/A9999XYZ100", CodeError.BAD_PPIC),
        ("=>02600a", CodeError.BAD_CHARACTER),
        ("=>026400", CodeError.BAD_DATE),
        ("=}02600a", CodeError.BAD_CHARACTER),
        ("+A999123451/$$+72", CodeError.EMPTY_VALUE),
        ("+A999123451/$$+7A" + hibc_check_character("+A999123451/$$+7A"), None),
    ],
)
def test_an_error_is_the_deepest_thing_known(text: str, error: CodeError | None) -> None:
    assert read(text).error is error
