"""Whatever scanners put around a label, in whatever order: it is read as what it says, or refused, never otherwise."""

from datetime import date
from random import Random

import pytest

from models.udi import parse

GTIN = "07032069804988"
DAY = date(2026, 6, 1)
SYMBOLOGIES = (
    "", "]d2", "]C1", "]Q3", "]d2]d2", "]C0]C1", "]d1]d2", "]Q1]Q3", "]J1", "]d4", "]Q2", "]X9", "]D2", "]e0",
)  # fmt: skip
DESIGNATORS = ("", "\\000026", "\\000029", "\\000003\\000026", "\\000899")
IN_FRONT = ("", "\x02", "\x1d", "\x00", "\ufeff", "<STX>", " ", "\x1b", "\u200b")
BEHIND = (
    "",
    "\r",
    "\r\n",
    "\x03",
    "\t",
    "<CR>",
    "<CR><LF>",
    "\\r",
    "{TAB}",
    "\x1d",
    "\x1b",
    "\x00",
    " ",
    "]d2",
    "\x04",
)
SEPARATORS = (
    "\x1d", "\x1b", "\x08", "è", "<GS>", "{FNC1}", "|", "^", "~", "\x9d", "␝", "§", "\x1d\x1d", "\\x1d", "^]", "<RS>",
    "<29>", "<F8>", "\\u241d",
)  # fmt: skip
LOTS = ("LOT7", "A", "220603", "B-12/3", "21X", "10A", "ABC(1)", "x_y")
SERIALS = ("SN1", "00001", "17271231", "Z")


def _scanned(draw: Random, separators: tuple[str, ...]) -> tuple[str, str, str]:
    lot, serial, sign = draw.choice(LOTS), draw.choice(SERIALS), draw.choice(separators)
    front, behind = draw.choice(IN_FRONT), draw.choice(BEHIND)
    symbology, designator = draw.choice(SYMBOLOGIES), draw.choice(DESIGNATORS)
    elements = [f"10{lot}", "17271231", f"21{serial}"]
    draw.shuffle(elements)
    opening = draw.choice((
        front + symbology + designator, front + designator + symbology, symbology + front + designator,
        symbology + designator + front,
    ))  # fmt: skip
    return f"{opening}01{GTIN}{sign.join(elements)}{behind}", lot, serial


@pytest.mark.parametrize("seed", range(4))
def test_what_stands_around_a_label_changes_nothing_of_it(seed: int) -> None:
    draw = Random(seed)  # noqa: S311 -- a test's chance
    for _ in range(600):
        text, lot, serial = _scanned(draw, SEPARATORS)
        code = parse(text, scanned_on=DAY)
        assert (code.di, code.lot, code.serial, code.expiry) == (GTIN, lot, serial, date(2027, 12, 31)), repr(text)


def test_with_signs_that_may_be_data_it_is_right_or_refused() -> None:
    draw = Random(7)  # noqa: S311 -- a test's chance
    for _ in range(1_000):
        text, lot, serial = _scanned(draw, (" ", "  ", "。", "é", "批", "\x1d ", " \x1d"))
        code = parse(text, scanned_on=DAY)
        assert not code.valid or (code.di, code.lot, code.serial) == (GTIN, lot, serial), repr(text)
