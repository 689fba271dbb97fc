"""GS1 element strings with true separators: walking them, and what the elements mean. Linear in the text.

References:
    GS1 General Specifications, sections 3 (elements), 4.14 (combinations), 7.8 (processing of element strings).
"""

from collections.abc import Iterable
from datetime import date
from typing import Final, NamedTuple

from models.udi.being_read import Reading
from models.udi.dates import yymmdd
from models.udi.issuers.gs1.application_identifiers import CSET82, GS, RULES, Inner, Rule, rule_at
from models.udi.values import CodeError, Flag, Issuer, Precision

_EXCLUDED_TOGETHER: Final = (("01", "02"), ("01", "03"), ("01", "37"), ("02", "03"))
"""Identifiers that may not stand in one message. References: GS1 syntax dictionary, attribute `ex`."""
_DEVICE: Final = ("01", "03")
_PRODUCTION_IDENTIFIERS: Final = frozenset({"10", "11", "17", "21", "7003", "8008", "8012", "235"})
_DAYS: Final = frozenset({Inner.DAY, Inner.STRICT_DAY})
_NO_DEVICE: Final = frozenset(
    {"00", "02", "253", "255", "401", "402", "8003", "8004", "8010", "8013", "8017", "8018"}
) | {str(location) for location in range(410, 418)}
"""Keys of other things: logistic units, documents, consignments, assets, people, models, places.

References:
    GS1 General Specifications, section 1.1: the other GS1 identification keys.
"""
_YEAR_OF_ALL_CENTURIES: Final = 2000


class Walk(NamedTuple):
    """A message cut into elements, as far as it could be read."""

    elements: list[tuple[str, str]]
    """(identifier, value) in the order read."""
    separators: int
    """Separators that ended a variable-length value: proof that this scanner sends them."""
    redundant: list[int]
    """Offsets of separators that ended nothing: doubled, trailing, or after a predefined length."""
    error: CodeError | None
    """First error met; `None` when all was read."""
    at: int
    """Offset of the error."""


def diagnose(rule: Rule, value: str) -> CodeError:
    """Why `value` is no value of `rule`; asked only after it did not match."""
    value = value.partition(GS)[0]
    if not value:
        return CodeError.EMPTY_VALUE
    if len(value) > rule.length_max:
        return CodeError.TOO_LONG
    if rule.numeric and not (value.isascii() and value.isdigit()):
        return CodeError.NOT_NUMERIC
    if len(value) < rule.length_min:
        return CodeError.TOO_SHORT
    if rule.inner in _DAYS:
        return CodeError.BAD_DATE
    return CodeError.BAD_CHARACTER


def value_error(rule: Rule, value: str) -> CodeError | None:
    """What is wrong with the value of one element; `None` when nothing is."""
    if rule.matches(value) is None:
        return diagnose(rule, value)
    return None if rule.inner is None else _inner_error(rule, value)


def _inner_error(rule: Rule, value: str) -> CodeError | None:
    """What is wrong inside a value of the right shape: its check digit or its day."""
    if rule.inner is Inner.CHECK:
        return None if rule.check(value) else CodeError.BAD_CHECK_DIGIT
    if rule.inner is Inner.DAY:
        return None if yymmdd(value, _YEAR_OF_ALL_CENTURIES) is not None else CodeError.BAD_DATE
    return None if _strict_day_exists(rule, value) else CodeError.BAD_DATE


def _strict_day_exists(rule: Rule, value: str) -> bool:
    days = (value[:6], value[6:12]) if rule.ai == "7007" else (value[:6],)
    if any(day[4:] == "00" or yymmdd(day, _YEAR_OF_ALL_CENTURIES) is None for day in days if day):
        return False
    hours, minutes = value[6:8], value[8:10]
    if rule.ai in {"7003", "7011"} and hours:
        return hours < "24" and minutes < "60"
    return True


def walk(text: str, at: int = 0) -> Walk:
    """Cuts `text` from `at` into elements. Stops at the first error; what was read before it stays in `elements`."""
    elements: list[tuple[str, str]] = []
    redundant: list[int] = []
    separators = 0
    end = len(text)
    while at < end:
        rule = RULES.get(text[at : at + 2]) or rule_at(text, at)
        if rule is None:
            if text[at] == GS:
                stop = end - len(text[at:].lstrip(GS))
                redundant.extend(range(at, stop))
                at = stop
                continue
            error = CodeError.UNKNOWN_AI if text[at] in CSET82 else CodeError.BAD_CHARACTER
            return Walk(elements, separators, redundant, error, at)
        at += rule.size
        stop = at + rule.length if rule.length else text.find(GS, at)
        if stop < 0:
            stop = end
        value = text[at:stop]
        if rule.matches(value) is None:
            return Walk(elements, separators, redundant, diagnose(rule, value), at)
        if rule.inner is not None:
            wrong = _inner_error(rule, value)
            if wrong is not None:
                return Walk(elements, separators, redundant, wrong, at)
        elements.append((rule.ai, value))
        at = stop
        if stop < end and not rule.length:
            separators += 1
            at += 1
            if at == end:
                redundant.append(stop)
    return Walk(elements, separators, redundant, None, end)


def element_string(elements: Iterable[tuple[str, str]]) -> str:
    """Elements as one message: a separator after each value of variable length that is not the last."""
    parts: list[str] = []
    pending = ""
    for ai, value in elements:
        parts.append(f"{pending}{ai}{value}")
        pending = "" if RULES[ai].length else GS
    return "".join(parts)


def interpret(elements: list[tuple[str, str]], scanned_on: date, *flags: Flag) -> Reading:
    """What the elements say together: identifiers, dates, the rules of combination.

    Args:
        elements: Elements, each valid by itself, in the order read.
        scanned_on: The local day of the scan; gives two-digit years their century.
        flags: Flags already noticed.
    """
    reading = Reading(Issuer.GS1, None, None, *flags)
    values: dict[str, str] = {}
    for ai, value in elements:
        if values.setdefault(ai, value) != value:
            reading.error = CodeError.CONFLICTING_AI
            return reading
    for one, other in _EXCLUDED_TOGETHER:
        if one in values and other in values:
            reading.error = CodeError.AI_COMBINATION
            return reading
    reading.elements = list(values.items())
    reading.canonical = element_string(values.items())
    fill(reading, values, scanned_on.year)
    _identify(reading, values)
    return reading


def fill(reading: Reading, values: dict[str, str], year: int) -> None:
    """Production identifiers, dates and the count."""
    reading.lot = values.get("10")
    reading.serial = values.get("21")
    use_by = values.get("17") or values.get("7003")
    if use_by is not None:
        reading.expiry = yymmdd(use_by[:6], year)
        reading.expiry_precision = Precision.DAY if use_by[4:6] != "00" else Precision.MONTH
    if "11" in values:
        reading.production = yymmdd(values["11"], year)
    if "15" in values:
        reading.best_before = yymmdd(values["15"], year)
    if "30" in values:
        reading.quantity = int(values["30"])


def _identify(reading: Reading, values: dict[str, str]) -> None:
    for ai in _DEVICE:
        if ai in values:
            reading.di = values[ai]
            accept_gtin(reading)
            return
    of_something_else = values.keys() & _NO_DEVICE and not values.keys() & _PRODUCTION_IDENTIFIERS
    reading.note(Flag.NOT_UDI if of_something_else else Flag.PI_ONLY)
    if "02" in values:
        reading.note(Flag.LOGISTIC)


def accept_gtin(reading: Reading) -> None:
    """Refuses the all-zero placeholder and flags restricted circulation of a bare number.

    In an element string a number of restricted circulation is as its owner meant it.

    References:
        GS1 General Specifications, section 1.4.3: GTIN-13 prefixes 02, 04 and 2, GTIN-8 prefixes 0 and 2.
    """
    gtin = reading.di
    if gtin == "00000000000000":
        reading.issuer, reading.error = Issuer.INVALID, CodeError.NOT_UDI
    elif gtin is not None and Flag.BARE_GTIN in reading.flags and is_restricted(gtin):
        reading.note(Flag.RESTRICTED_CIRCULATION)


def is_restricted(gtin: str) -> bool:
    """Whether a GTIN-14 is of restricted circulation, that is made by a shop or a hospital for itself."""
    if gtin.startswith("000000"):
        return gtin[6] in "02"
    return gtin[1] == "2" or gtin[1:3] in {"02", "04"}
