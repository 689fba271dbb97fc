"""What the scanner sends for a unit's label: the clean text, and the ways it arrives in practice."""

from collections.abc import Callable
from datetime import date
from typing import Final

from models.udi.canonical import gs1_element_string, hibc, hibc_primary, hibc_secondary, human_readable, ma
from streams.simulator.chance import Chance
from streams.simulator.hospital.goods import Unit

GS: Final = "\x1d"
SUBSTITUTES: Final = (
    "{GS}", "<GS>", "[GS]", "<FNC1>", "[FNC1]", "{FNC1}", "\\x1d", "\\u001d", "_x001D_", "%1D", "&#29;", "^]", "^", "#",
    "@", "␝", "↔", "｜", "|", "\u001e", "\u0000", "�",
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
    """The label with its separator lost: the lot runs into the expiry."""
    day = date.fromordinal(unit.expiry or 0)
    return f"01{unit.di}10{unit.lot}17{day:%y%m%d}"


def misread(unit: Unit) -> str:
    """The label with one digit of the identifier read wrong."""
    text = clean_text(unit)
    wrong = str((int(text[9]) + 1) % 10)
    return f"]d2{text[:9]}{wrong}{text[10:]}"


def _dirty(unit: Unit, text: str, chance: Chance) -> list[str]:
    style = chance.pick(STYLES)
    if style is None:
        return ["]d2" + text.replace(GS, chance.pick(SUBSTITUTES))]
    return style(unit, text)


def _full_width(_: Unit, text: str) -> list[str]:
    return ["］d2" + text.translate(_FULL_WIDTH)]


def _two_codes(unit: Unit, _: str) -> list[str]:
    return halves_of(unit)


def _printed(unit: Unit, _: str) -> list[str]:
    expiry = None if unit.expiry is None else date.fromordinal(unit.expiry)
    return [human_readable(unit.di, unit.lot, unit.serial, expiry)]


def _printed_chinese(unit: Unit, text: str) -> list[str]:
    return [_printed(unit, text)[0].replace("(", "（").replace(")", "）")]


def _printed_after_words(unit: Unit, text: str) -> list[str]:
    return ["UDI:" + _printed(unit, text)[0]]


def _framed(_: Unit, text: str) -> list[str]:
    return [f"\x02]d2{text}\x03"]


def _caps_lock_and_tab(_: Unit, text: str) -> list[str]:
    return [f"]D2{text}\t"]


def _digital_link(unit: Unit, _: str) -> list[str]:
    parts = "".join(f"/{ai}/{value}" for ai, value in (("10", unit.lot), ("21", unit.serial)) if value)
    expiry = "" if unit.expiry is None else f"?17={date.fromordinal(unit.expiry):%y%m%d}"
    return [f"https://id.gs1.org/01/{unit.di}{parts}{expiry}"]


STYLES: Final[tuple[Callable[[Unit, str], list[str]] | None, ...]] = (
    None, None, None, None, _full_width, _two_codes, _printed, _printed_chinese, _printed_after_words, _framed,
    _caps_lock_and_tab, _digital_link,
)  # fmt: skip
"""How a GS1 label arrives when not clean, all equally often; `None`: with a substitute for the separator."""
