"""Every code that a list may show has its Chinese word, by what it says of something; and a person's words stay his."""

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Final

import pytest

from models.charging.commands import CommandKind
from models.charging.effects import SettlementStatus
from models.closing.case import CaseVerdict, Trigger
from models.closing.figures import EntryCause
from models.monitoring.alert import Measure, ScopeType, Status
from models.monitoring.finding import FindingStatus
from models.monitoring.review import ReviewState, Step, Voice, Vote
from models.monitoring.rule import Population, RuleBase, RuleKind
from models.reasons import REASONS, Reason, Verdict
from models.reconciling.differences import Aspect, DifferenceKind, DifferenceStatus
from models.scan.event import Action, Entry
from models.stock.count import LineFinding, ScanFinding
from models.stock.exposure import LineKind, RecallLineStatus
from models.stock.order import OrderStatus
from models.stock.places import INSIDE, OUTSIDE
from models.stock.statement import LineStatus
from models.texts import decided_text, reasons_text
from models.web.access import Role
from models.wording import LOCALES, words_of
from streams import language
from streams.cli.phrases import CODED, as_written, told, told_cell, word
from streams.cli.shown import print_table
from tests.support.source.phrases import ROOT

CHINESE: Final = LOCALES[1]
MIGRATIONS: Final = ROOT / "sinks" / "postgres" / "migrations" / "sql"
CHECKS: Final = ROOT / "rules" / "catalogue" / "checks.py"
NAMES: Final = re.compile("RFID|DRG|JSON|HIS")
"""Names that Chinese writes in Latin letters, too."""
OF_TRACES: Final = (
    "taken-back", "moved-again", "charge", "credit", "payable", "reversal", "cabinet-read",
)  # fmt: skip
"""What happened to goods that nobody scanned (`sinks.postgres.stock.trace`)."""
VALUES: Final = (
    SettlementStatus, CaseVerdict, Trigger, EntryCause, Measure, ScopeType, Status, FindingStatus, ReviewState, Step,
    Voice, Vote, Population, RuleBase, RuleKind, Aspect, DifferenceKind, DifferenceStatus, Entry, LineKind,
    RecallLineStatus, OrderStatus, LineStatus,
)  # fmt: skip


def findings_of_views() -> set[str]:
    """What the views of the store call that which does not fit: `THEN 'short' END` of an array named findings."""
    found: set[str] = set()
    for file in MIGRATIONS.glob("*.sql"):
        text = file.read_text(encoding="utf-8")
        for block in re.findall(r"ARRAY\[((?:(?!ARRAY\[).)*)\], NULL\) AS findings", text, re.DOTALL):
            found |= set(re.findall(r"THEN '([a-z]+(?:-[a-z]+)*)'", block))
    assert len(found) > 15
    return found


def codes() -> Iterator[tuple[str, str]]:
    """(kind, code) of everything that a column of codes may hold."""
    yield from (("value", str(code)) for names in VALUES for code in names)
    yield from (
        ("value", code)
        for code in (
            "posted",
            "cancelled",
            "suspected",
            "scanned",
            "came-back",
            "seen-elsewhere",
            "settled",
            "unknown-item",
        )
    )
    yield from (("finding", code) for code in (*LineFinding, *ScanFinding, *findings_of_views()))
    yield from (("action", code) for code in Action)
    yield from (("action", code) for code in OF_TRACES)
    yield from (("verdict", code) for code in Verdict)
    yield from (("reason", code) for code in Reason)
    yield from (("freed", code) for row in REASONS for code in row.freed_by)
    yield from (("role", code) for code in Role)
    yield from (("command", code) for code in CommandKind)
    yield from (("place", code) for code in (*OUTSIDE, *(f"{each}1" for each in INSIDE)))
    yield ("owner", "hospital")
    yield from (("check", code) for code in re.findall(r'yield "([a-z-]+)"', CHECKS.read_text(encoding="utf-8")))


@pytest.fixture
def chinese() -> Iterator[None]:
    language.choose(CHINESE)
    yield
    language.choose(LOCALES[0])


@pytest.mark.usefixtures("chinese")
@pytest.mark.parametrize(("kind", "code"), sorted(set(codes())))
def test_every_code_of_a_list_has_its_word(kind: str, code: str) -> None:
    assert not re.search("[A-Za-z]", NAMES.sub("", word(code, kind))), word(code, kind)


def test_english_lists_have_the_codes_of_json() -> None:
    assert [word(code, kind) for kind, code in codes()] == [code for _, code in codes()]


@pytest.mark.usefixtures("chinese")
def test_a_code_is_told_by_its_column() -> None:
    assert word("expired", "finding") != word("expired", "reason")
    assert (word("parked", "finding"), word("parked", "verdict")) == ("待目录资料", "已记录，稍后计费")
    assert (word("quarantine/OR-2", "shelf"), word("quarantine", "shelf")) == ("隔离区/OR-2", "quarantine")


@pytest.mark.usefixtures("chinese")
def test_what_a_person_wrote_stands_in_a_table_as_it_is(capsys: pytest.CaptureFixture[str]) -> None:
    columns = ("status", "reason", "by", "item", "findings")

    print_table("Counts", columns, [("open", "no longer used", "nobody", "closed", ["short", "other-lot"])])

    shown = capsys.readouterr().out
    assert shown.split("\n")[0] == "盘点"
    assert "待处理" in shown
    for written in ("no longer used", "nobody", "closed"):
        assert written in shown, "looked up although it is nobody's code"
    assert "短少" in shown
    assert "批号不符" in shown


@pytest.mark.usefixtures("chinese")
def test_what_a_person_wrote_stands_in_a_sentence_as_it_is() -> None:
    assert told(f"…0001 A1 – looked after by {as_written('nobody')}.").endswith("由 nobody 处理。")
    assert told("…0001 A1 – looked after by nobody.").endswith("由 无人 处理。")
    assert told_cell(f"use of {as_written('closed / lot')}") == "使用 closed / lot"


@pytest.mark.usefixtures("chinese")
def test_what_was_asked_for_is_named_as_it_was_typed() -> None:
    expected = "udi: 需要订单，没有名为 open 的。"
    assert told(f"udi: Expected an order, found none named {as_written('open')}.") == expected


def test_marks_around_a_persons_words_are_never_shown() -> None:
    for tag in LOCALES:
        language.choose(tag)
        assert told(as_written("open")) == told_cell(as_written("open")) == "open"
    language.choose(LOCALES[0])


def test_the_history_of_a_scan_is_told_by_what_it_is() -> None:
    told_so = [
        decided_text(CHINESE, each)
        for each in ("held", "release", "release (waits)", "reject (not done)", "given to nobody", "given to x (waits)")
    ]
    assert told_so == [
        "已记录，待人工处理", "放行", "放行（等待执行）", "否决（未执行）", "交给 nobody", "交给 x (waits)",
    ]  # fmt: skip
    assert reasons_text(CHINESE, "held", "expired, stock-negative") == "器械已过有效期、二级库库存为负"
    assert reasons_text(CHINESE, "release", "expired") == "expired"


def test_every_kind_of_a_column_has_words_in_both_languages() -> None:
    kinds = {*CODED.values()} - {"shelf"} | {"freed", "role", "command", "job", "reason", "filed", "cause", "fix"}
    for kind in kinds:
        first, second = (words_of(kind, tag) for tag in LOCALES)
        assert set(first) == set(second), kind


def test_a_phrase_stands_once_in_the_book() -> None:
    text = (Path(ROOT) / "models" / "locales" / "phrases.zh-CN.toml").read_text(encoding="utf-8")
    keys = re.findall(r'^(?:"((?:[^"\\]|\\.)*)"|(\w+)) = "', text, re.MULTILINE)
    names = [first or second for first, second in keys]
    assert sorted({name for name in names if names.count(name) > 1}) == []
