"""What people are told of a case, in every locale."""

from string import Formatter

import pytest

from models.closing.case import CaseVerdict, Gap, GapKind, Trigger
from models.reasons import Reason
from models.texts import LOCALES, gap_text, offers_text, texts


def blanks(text: str) -> set[str]:
    return {name for _, name, _, _ in Formatter().parse(text) if name}


@pytest.mark.parametrize("locale", LOCALES)
def test_every_outcome_and_every_gap_has_a_text_with_the_same_blanks(locale: str) -> None:
    tables, english = texts(locale), texts("en")
    assert list(tables["case"]) == [str(CaseVerdict.CLOSED), *map(str, Trigger)]
    assert list(tables["gap"]) == list(map(str, GapKind))
    for table in ("case", "gap"):
        assert {name: blanks(text) for name, text in tables[table].items()} == {
            name: blanks(text) for name, text in english[table].items()
        }


def test_a_scan_that_waits_is_told_with_its_reason_and_what_to_do() -> None:
    gap = Gap(GapKind.HELD, Reason.RECALLED, "SCREW", "L1", None, 1, None, ())
    assert {locale: gap_text(locale, gap) for locale in LOCALES} == {
        "en": "not charged, the device is recalled: a person releases, rejects or corrects it",
        "zh-CN": f"未计费，{texts('zh-CN')['reason']['recalled']}：由人工放行、拒绝或更正",
    }


def test_what_a_store_has_instead_is_told_and_of_nothing_nothing() -> None:
    assert {locale: offers_text(locale, (("NAIL", 2), ("PIN", 1))) for locale in LOCALES} == {
        locale: texts(locale)["offers"]["same_type"].replace(
            "{items}", texts(locale)["offers"]["between"].join(("NAIL (2)", "PIN (1)"))
        )
        for locale in LOCALES
    }
    assert {offers_text(locale, ()) for locale in LOCALES} == {""}
