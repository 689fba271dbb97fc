"""The table of application identifiers is biip's; what we add to it is held against the standard here."""

from importlib import import_module
from typing import Any

from biip.gs1_application_identifiers import GS1ApplicationIdentifier

from models.udi.issuers.gs1.application_identifiers import RULES, rule_at

# GS1 General Specifications, figure 7.8.5-2: first two digits and the length of what follows them.
_PREDEFINED = {
    "00": 18, "01": 14, "02": 14, "03": 14, "04": 16, "11": 6, "12": 6, "13": 6, "14": 6, "15": 6, "16": 6, "17": 6,
    "18": 6, "19": 6, "20": 2, "31": 8, "32": 8, "33": 8, "34": 8, "35": 8, "36": 8, "41": 14,
}  # fmt: skip


def test_private_table_says_what_the_public_name_says() -> None:
    public = {ai: GS1ApplicationIdentifier.extract(ai) for ai in RULES}

    assert {ai: (each.ai, each.separator_required) for ai, each in public.items()} == {
        ai: (ai, rule.length == 0) for ai, rule in RULES.items()
    }
    assert len(RULES) > 500


def test_predefined_lengths_are_those_of_the_standard() -> None:
    ours = {ai: rule.length + rule.size - 2 for ai, rule in RULES.items() if rule.length}

    assert ours == {ai: _PREDEFINED[ai[:2]] for ai in ours}
    assert {ai[:2] for ai in RULES if ai[:2] in _PREDEFINED} == {ai[:2] for ai in ours}


def test_first_two_digits_say_how_long_an_identifier_is() -> None:
    assert {ai: rule_at(ai + "1", 0) for ai in RULES} == RULES


def test_no_element_accepts_an_empty_value() -> None:
    assert [ai for ai, rule in RULES.items() if rule.matches("") is not None] == []


def test_digits_are_ascii_digits() -> None:
    assert [ai for ai, rule in RULES.items() if rule.matches("٣" * max(rule.length_min, 1)) is not None] == []


def test_no_pattern_repeats_a_choice() -> None:
    """Nested repetition with a choice inside is what makes matching exponential."""
    parse = import_module("re._parser").parse
    patterns = {ai: rule.matches.__self__.pattern for ai, rule in RULES.items()}  # type: ignore[attr-defined]

    assert [ai for ai, pattern in patterns.items() if _repeats_a_choice(parse(pattern))] == []


def _repeats_a_choice(parsed: Any, *, repeated: bool = False) -> bool:
    for operation, argument in parsed:
        name = str(operation)
        if name == "BRANCH" and repeated:
            return True
        if name in {"MAX_REPEAT", "MIN_REPEAT"}:
            inner = argument[2]
            varies = argument[0] != argument[1]
            if repeated and varies:
                return True
            if _repeats_a_choice(inner, repeated=argument[1] > 1):
                return True
        elif name == "SUBPATTERN" and _repeats_a_choice(argument[3], repeated=repeated):
            return True
    return False
