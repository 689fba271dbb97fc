"""Our reader against biip's, over generated messages. Every disagreement is listed, with who is right and why."""

from datetime import date
from typing import Final

import biip
import pytest
from biip.gs1_messages import GS1Message
from hypothesis import given
from hypothesis import strategies as st

from models.udi import CodeError, Issuer, parse
from models.udi.canonical import gtin
from models.udi.issuers.gs1.application_identifiers import GS, RULES

SCANNED_ON = date(2026, 6, 1)

WE_REFUSE: Final = {
    CodeError.BAD_CHECK_DIGIT: "biip keeps the number and notes `gtin_error` beside it; a wrong number bills wrongly",
    CodeError.TOO_LONG: "biip cuts a value at its longest and reads the rest as a new element: it invents elements",
    CodeError.AI_COMBINATION: "biip does not know which identifiers exclude each other (01 with 02 or 37)",
    CodeError.CONFLICTING_AI: "biip keeps both values; two lots in one message are two labels",
    CodeError.EMPTY_VALUE: "biip's pattern of AI 30 allows no digit at all; the standard asks for one",
    CodeError.BAD_DATE: "biip takes 7003, 7006 and 7007 by length; day 00 and month 13 do not exist there",
    CodeError.UNKNOWN_AI: "behind a value biip cut short it goes on reading at the wrong place",
    CodeError.TOO_SHORT: "as above, and biip stops at the separator inside a value of predefined length",
    CodeError.NOT_NUMERIC: "as above",
    CodeError.BAD_CHARACTER: "as above",
}
"""Errors with which we refuse what biip accepts."""


def _value(ai: str) -> st.SearchStrategy[str]:
    rule = RULES[ai]
    if ai in {"01", "02", "03"}:
        return st.integers(0, 10**13 - 1).map(lambda payload: gtin(f"{payload:013d}"))
    if rule.numeric:
        return st.text("0123456789", min_size=rule.length_min, max_size=rule.length_max)
    return st.text("ABCxyz019-./", min_size=1, max_size=rule.length_max + 1)


_AIS: Final = (
    "01",
    "02",
    "10",
    "11",
    "13",
    "15",
    "17",
    "21",
    "22",
    "240",
    "30",
    "37",
    "3103",
    "410",
    "7003",
    "8008",
    "91",
)
_elements = st.sampled_from(_AIS).flatmap(lambda ai: st.tuples(st.just(ai), _value(ai)))
_messages = st.tuples(st.just(("01", "07032069804988")), st.lists(_elements, max_size=4)).map(
    lambda both: "".join(f"{ai}{value}{'' if RULES[ai].length else GS}" for ai, value in [both[0], *both[1]])
)


def _of_biip(message: str) -> dict[str, str] | None:
    try:
        return {element.ai.ai: element.value for element in GS1Message.parse(message).element_strings}
    except biip.ParseError:
        return None


@given(_messages)
def test_every_disagreement_with_biip_is_listed(message: str) -> None:
    ours = parse(f"]C1{message}", scanned_on=SCANNED_ON)
    theirs = _of_biip(message)

    if ours.valid:
        assert dict(ours.elements) == theirs
    elif theirs is not None and ours.issuer is not Issuer.INVALID:
        assert ours.error in WE_REFUSE


@pytest.mark.parametrize(
    ("message", "error"),
    [
        ("0107032069804987", CodeError.BAD_CHECK_DIGIT),
        ("010703206980498810" + "A" * 20 + "21X", CodeError.TOO_LONG),
        ("01070320698049883701", CodeError.AI_COMBINATION),
        ("010703206980498810A\x1d10B", CodeError.CONFLICTING_AI),
        ("010703206980498830\x1d10A", CodeError.EMPTY_VALUE),
        ("010703206980498870032512001430", CodeError.BAD_DATE),
    ],
)
def test_biip_accepts_what_we_refuse(message: str, error: CodeError) -> None:
    assert _of_biip(message) is not None
    assert parse(f"]C1{message}", scanned_on=SCANNED_ON).error is error


def test_biip_takes_the_century_from_its_clock_and_we_from_the_scan() -> None:
    message = "010703206980498817500101"

    assert parse(message, scanned_on=date(1995, 1, 1)).expiry == date(1950, 1, 1)
    assert parse(message, scanned_on=date(2026, 1, 1)).expiry == date(2050, 1, 1)


@pytest.mark.parametrize("message", ["7032069804988", "010703206980498810A<GS>21B", "(01)07032069804988 (10)A"])
def test_what_biip_reads_otherwise_or_not_at_all(message: str) -> None:
    """A bare number is also read as AI 7032; a written-out separator becomes lot; blanks are refused."""
    ours = parse(message, scanned_on=SCANNED_ON)

    assert ours.di == "07032069804988"
    assert _of_biip(message) != dict(ours.elements)
