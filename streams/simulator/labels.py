"""What the scanner sends for a unit's label: the clean text, and the ways it arrives in practice."""

from datetime import date
from typing import Final

from models.udi.canonical import gs1_element_string, hibc, hibc_primary, hibc_secondary, human_readable, ma
from streams.simulator.chance import Chance
from streams.simulator.goods import Unit

GS: Final = "\x1d"
SUBSTITUTES: Final = (
    "{GS}", "<GS>", "[GS]", "<FNC1>", "[FNC1]", "{FNC1}", "\\x1d", "\\u001d", "_x001D_", "%1D", "&#29;", "^]", "^", "#", "@",
    "␝", "↔", "｜", "|", "\u001e", "\u0000", "�",
)  # fmt: skip
"""What is sent for the separator. References: labels.jsonl, where each stands in a public example."""
_FULL_WIDTH: Final = {code: code + 0xFEE0 for code in range(0x21, 0x7F)}
_IDENTIFIER: Final = 16
"""Characters of AI 01 with its value."""


def clean_text(unit: Unit) -> str:
    """The text without symbology identifier, written once for each unit."""
    if unit.clean is None:
        unit.clean = _written(unit)
    return unit.clean


def _written(unit: Unit) -> str:
    goods = unit.goods
    expiry = None if unit.expiry is None else date.fromordinal(unit.expiry)
    if goods.issuer == "HIBCC":
        labeler, product = goods.parts
        return hibc(labeler, product, unit.level + 1, unit.lot, unit.serial, expiry)
    if goods.issuer == "MA":
        return ma(unit.di, unit.lot, unit.serial, expiry)
    if goods.issuer == "internal":
        return unit.di
    return gs1_element_string(unit.di, unit.lot, unit.serial, expiry)


def codes_of(unit: Unit, chance: Chance, dirt: int) -> list[str]:
    """The codes of one scan of the whole label; `dirt` in 10,000 of them are not clean."""
    text = clean_text(unit)
    issuer = unit.goods.issuer
    if unit.lot is None and unit.serial is None:
        return [text]
    if issuer == "GS1":
        return (
            _dirty(unit, text, chance)
            if chance.per_10000(dirt)
            else [("]d2" + text, "]C1" + text)[chance.below(8) == 0]]
        )
    if issuer == "HIBCC" and chance.per_10000(dirt):
        return halves_of(unit) if chance.below(2) else ["]C0" + text]
    if issuer == "MA" and chance.per_10000(dirt):
        return ["]Q1" + text]
    return [text]


def halves_of(unit: Unit) -> list[str]:
    """The two barcodes of a label that has the identifier on one and all else on the other."""
    if unit.goods.issuer == "HIBCC":
        primary = hibc_primary(*unit.goods.parts, unit.level + 1)
        if unit.lot is None and unit.serial is None:
            return [primary]
        expiry = None if unit.expiry is None else date.fromordinal(unit.expiry)
        return [primary, hibc_secondary(primary[-1], unit.lot, unit.serial, expiry)]
    text = clean_text(unit)
    if len(text) == _IDENTIFIER:
        return ["]C1" + text]
    return ["]C1" + text[:_IDENTIFIER], "]C1" + text[_IDENTIFIER:]]


def swallowed(unit: Unit) -> str:
    """The label with its separator lost: the lot runs into the expiry, and two readings fit."""
    day = date.fromordinal(unit.expiry or 0)
    return f"01{unit.di}10{unit.lot}17{day:%y%m%d}"


def misread(unit: Unit) -> str:
    """The label with one digit of the identifier read wrong."""
    text = clean_text(unit)
    wrong = str((int(text[9]) + 1) % 10)
    return f"]d2{text[:9]}{wrong}{text[10:]}"


def _dirty(unit: Unit, text: str, chance: Chance) -> list[str]:
    style = chance.below(12)
    if style < 4:  # noqa: PLR2004 -- a third lose the separator to a substitute
        return ["]d2" + text.replace(GS, chance.pick(SUBSTITUTES))]
    if style == 4:  # noqa: PLR2004 -- the styles in no order
        return ["]d2".translate({0x5D: 0xFF3D}) + text.translate(_FULL_WIDTH)]
    if style == 5:  # noqa: PLR2004
        return halves_of(unit)
    return [_affixed(style, unit, text)]


def _affixed(style: int, unit: Unit, text: str) -> str:
    expiry = None if unit.expiry is None else date.fromordinal(unit.expiry)
    if style in {6, 7, 8}:
        printed = human_readable(unit.di, unit.lot, unit.serial, expiry)
        if style == 7:  # noqa: PLR2004
            return "UDI:" + printed
        return printed.replace("(", "（").replace(")", "）") if style == 8 else printed  # noqa: PLR2004
    if style == 9:  # noqa: PLR2004
        return f"\x02]d2{text}\x03"
    if style == 10:  # noqa: PLR2004
        return f"]D2{text}\t"
    parts = "".join(f"/{ai}/{value}" for ai, value in (("10", unit.lot), ("21", unit.serial)) if value)
    return f"https://id.gs1.org/01/{unit.di}{parts}" + (f"?17={expiry:%y%m%d}" if expiry else "")
