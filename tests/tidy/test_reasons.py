"""Reasons and verdicts: one table in the code, and what the locales and the page say of each."""

import re
from pathlib import Path

import pytest

from models.charging.refusals import CommandRefusal, Refused
from models.monitoring.finding import Filed
from models.monitoring.review import ReviewRefusal
from models.reasons import REASONS, Reason, ReasonRow, Verdict
from models.texts import LOCALES, texts
from streams import language
from streams.cli.phrases import told

PAGE = (Path(__file__).parents[2] / "docs" / "contract.md").read_text(encoding="utf-8")
FILES = {path.stem for path in (Path(__file__).parents[2] / "models" / "locales").glob("*.toml")}


def row_of(row: ReasonRow) -> str:
    """A reason's row of the page."""
    cells = (
        f"`{row.reason}`",
        str(row.verdict or "flag only"),
        str(row.charge),
        str(row.stock),
        "yes" if row.dead_letter else "no",
        ", ".join(row.freed_by) or "–",
    )
    return f"| {' | '.join(cells)} |"


def test_every_reason_has_one_row_and_the_enum_has_their_order() -> None:
    assert [row.reason for row in REASONS] == list(Reason)


def test_the_page_has_a_row_for_every_reason_in_order_of_precedence() -> None:
    section = PAGE.split("\n## Reasons\n")[1].split("\n## ")[0]

    assert [line for line in section.splitlines() if line.startswith("| `")] == [row_of(row) for row in REASONS]


@pytest.mark.parametrize("locale", LOCALES)
def test_every_locale_has_a_text_for_every_verdict_and_reason(locale: str) -> None:
    tables = texts(locale)

    assert list(tables["reason"]) == [str(reason) for reason in Reason]
    assert list(tables["verdict"]) == [str(verdict) for verdict in Verdict]
    assert all(text.strip() for table in tables.values() for text in table.values())


def test_every_locale_is_found_and_named() -> None:
    assert set(LOCALES) <= FILES


@pytest.mark.parametrize("locale", LOCALES)
@pytest.mark.parametrize("verdict", Verdict)
def test_a_verdict_has_the_same_blanks_in_every_locale(locale: str, verdict: Verdict) -> None:
    def blanks(text: str) -> set[str]:
        return {name for name in ("{item}", "{amount}", "{reason}", "{left}") if name in text}

    assert blanks(texts(locale)["verdict"][verdict]) == blanks(texts("en")["verdict"][verdict])


def test_what_refuses_is_kept_as_a_dead_letter_and_charges_and_moves_nothing() -> None:
    refusing = [row for row in REASONS if row.verdict is Verdict.REFUSED]

    assert {(row.charge, row.stock, row.dead_letter) for row in refusing} == {("never", "never", True)}


def test_what_parks_is_charged_later_and_a_flag_stands_in_nobodys_way() -> None:
    assert {row.charge for row in REASONS if row.verdict is Verdict.PARKED} == {"later"}
    assert {(row.charge, row.stock) for row in REASONS if row.verdict is None} == {("now", "now")}


@pytest.mark.parametrize("locale", LOCALES)
def test_every_locale_says_why_a_finding_is_filed(locale: str) -> None:
    assert list(texts(locale)["filed"]) == [str(each) for each in Filed]


def test_the_database_knows_which_reasons_are_flags() -> None:
    """`udi.deciding_reason` passes them over."""
    chain = sorted((Path(__file__).parents[2] / "sinks" / "postgres" / "migrations" / "sql").glob("*.sql"))
    texts_of_chain = [path.read_text(encoding="utf-8") for path in chain]
    listed = [re.search(r"FUNCTION udi.flag_reasons.*?ARRAY\[(.*?)\]", text, re.DOTALL) for text in texts_of_chain]
    newest = [found for found in listed if found is not None][-1]

    assert re.findall(r"'([a-z-]+)'", newest[1]) == [str(row.reason) for row in REASONS if row.verdict is None]


@pytest.mark.parametrize("locale", LOCALES)
def test_every_locale_says_why_a_step_of_a_review_is_refused(locale: str) -> None:
    assert list(texts(locale)["review"]) == [str(each) for each in ReviewRefusal]


@pytest.mark.parametrize("locale", LOCALES)
def test_every_locale_says_why_a_command_is_refused_with_the_same_values(locale: str) -> None:
    def values(text: str) -> set[str]:
        return set(re.findall(r"\{(\w+)\}", text))

    table = texts(locale)["refusal"]

    assert list(table) == [str(each) for each in CommandRefusal]
    assert {name: values(text) for name, text in table.items()} == {
        name: values(text) for name, text in texts("en")["refusal"].items()
    }


def test_a_refusal_is_said_in_the_language_of_whoever_asks() -> None:
    refused = Refused(CommandRefusal.PARTLY_RETURNED, {"units": 1})

    assert refused.text == "Expected a use of which nothing was returned, got 1 returned."
    language.choose("zh-CN")
    try:
        assert told(refused.text) == "需要没有退回的使用，已退回 1。"
    finally:
        language.choose("en")
