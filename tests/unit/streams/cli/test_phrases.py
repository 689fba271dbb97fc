"""Nothing a command says is left in English: every phrase, help and heading has its Chinese, and finds it again."""

import re
from pathlib import Path
from typing import Any, Final

import pytest
import typer
from rich.cells import cell_len
from rich.table import Table
from typer.testing import CliRunner

from models.charging.effects import SettlementStatus
from models.monitoring.alert import Status
from models.monitoring.finding import FindingStatus
from models.reasons import Reason, Verdict
from models.reconciling.differences import Aspect, DifferenceKind, DifferenceStatus
from models.stock.exposure import RecallLineStatus
from models.stock.statement import LineStatus
from models.wording import LOCALES
from sinks.postgres.verifying.books import checks
from sinks.postgres.verifying.chain import OUTSIDE, PUBLISHED, ROOTS, chain_checks
from streams import language
from streams.cli.main import app
from streams.cli.phrases import phrases_of, told, told_cell
from streams.cli.shown import Console, in_language, print_table
from streams.cli.verifying.differences import COMPARED
from streams.cli.verifying.topics import TOPIC_CHECKS
from tests.support.source.phrases import ROOT, spoken

MODULES: Final = (
    "streams/cli", "streams/proofs", "streams/embedded", "streams/settings.py", "streams/simulator/command.py",
    "streams/services/month_close.py", "streams/services/gateway.py", "streams/counting.py",
    "sinks/postgres/database.py",
)  # fmt: skip
"""Where commands say something, or raise what `streams.cli.faults` says for them."""
NOT_SAID: Final = re.compile(
    r"SELECT|INSERT|^body\{|^bold |entity-name|^extra ==|\[\]\(\)"
    # Of the log, of files for both languages, of code.
    r"|^A service ended|^Pages: terminal|^Embedded parts are up|^Waiting for the database|^The gateway answers"
    r"|^udistream worker$|^python examples/|^Agents at work|^Address already in use|^udi-id$|^udi demo$"
    r"|^(名次|总权重|元/权重|元|结论|事项|措施|评价|耗占比|排名|权重|扫码率|占比|资金|说明) "
    r"|^<|手工|无法识读$|无厂家标识$|^flat 持平"
    r"|^udi correct \{\}|^# |^Fill in below|^持平|^Kafka |^\(\?<="
)
BOOK: Final = dict(phrases_of("zh-CN"))
NAMES: Final = (
    Verdict, Reason, DifferenceKind, DifferenceStatus, Status, FindingStatus,
    LineStatus, RecallLineStatus, SettlementStatus, Aspect,
)  # fmt: skip
"""Whose values stand in the cells of lists."""


@pytest.fixture
def chinese() -> None:
    language.choose("zh-CN")


def worth_saying(text: str) -> bool:
    """Whether it has a word that only English has."""
    return len(re.sub(r"[^A-Za-z]", "", text.replace("{}", ""))) >= 3 and NOT_SAID.search(text) is None


def lines_of(module: Path) -> set[str]:
    found = {line.strip() for text in spoken(module) if worth_saying(text) for line in text.split("\n")}
    return {line.removeprefix(">").removeprefix("udi: ") for line in found if worth_saying(line)}


def files() -> list[Path]:
    roots = [ROOT / each for each in MODULES]
    return [path for root in roots for path in ([root] if root.suffix else sorted(root.rglob("*.py")))]


@pytest.mark.parametrize("module", files(), ids=lambda path: str(path.relative_to(ROOT)))
def test_every_phrase_of_the_commands_is_in_the_book(module: Path) -> None:
    # A short one between values would fit every sentence that has its word.
    missing = {line for line in lines_of(module) if not found(line)}
    assert missing == set(), "lines for models/locales/phrases.zh-CN.toml"


def found(line: str) -> bool:
    return line in BOOK or ("{}" in line and len(re.sub(r"[^A-Za-z]", "", line.replace("{}", ""))) < 7)


def helps(command: Any) -> list[str]:
    """Every text of a command's help page, of its options and of its subcommands."""
    own = [each.help for each in (command, *command.params) if getattr(each, "help", None)]
    below = [text for each in getattr(command, "commands", {}).values() for text in helps(each)]
    return [" ".join(text.split()) for text in own] + below


def test_every_help_is_in_the_book() -> None:
    root: Any = typer.main.get_command(app)
    texts = {text for name in root.commands for text in helps(root.commands[name])}
    assert {text for text in texts if text not in BOOK} == set()


def test_a_phrase_and_its_translation_have_the_same_values() -> None:
    for phrase, to in BOOK.items():
        places = re.findall(r"\{(\d?)\}", to)
        assert len(places) == phrase.count("{}"), phrase
        assert all(places) or not any(places[1:]), phrase


@pytest.mark.usefixtures("chinese")
def test_a_phrase_with_values_is_found_again_and_keeps_them() -> None:
    lost = []
    for phrase, to in BOOK.items():
        if "{}{}" in phrase:
            # Where two values touch, only their writer knows where one ends.
            continue
        values = iter([f"V{at}" for at in range(phrase.count("{}"))])
        filled = re.sub(r"\{\}", lambda _: next(values), phrase)  # noqa: B023 -- used at once
        places = iter(range(phrase.count("{}")))
        expected = re.sub(r"\{(\d?)\}", lambda each: f"V{each[1] or next(places)}", to)  # noqa: B023 -- as above
        if told(filled) != expected:
            lost.append((filled, told(filled)))
    assert lost == []


@pytest.mark.parametrize(
    ("said", "expected"),
    [
        ("udi: Expected a reason, got an empty one.\n", "udi: 需要原因，得到空内容。\n"),
        ("3 items loaded, 0 bad rows.\n", "项目 3 个已载入，0 行有误。\n"),
        ("2 scanner profiles would be loaded, 1 bad rows.", "扫码枪配置 2 份可载入，1 行有误。"),
        ("udi: x.csv: Row 1: the column hospital is missing; --hospital CODE gives it to every row.",
         "udi: x.csv: 第 1 行：缺少 hospital（医院）列；可用 --hospital 代码 为每行给出。"),
        ("Corrected: A1 / 批号 L1, E1: 已计费.", "已更正：A1 / 批号 L1, E1: 已计费。"),
        ("…0000001f: Not rejected: Expected a recorded scan.", "…0000001f: 未否决：需要已记录的扫码。"),
        ("part 1, price: Expected a decimal number of yuan, got 'x'.",
         "第 1 部分，单价：需要以元计的十进制数，得到 'x'。"),
        ("udi: x.csv: Row 1: no column is called 'pricee' (meant 'price'?); expected columns out of name, price.",
         "udi: x.csv: Row 1: 没有名为 'pricee' 的列（是否指 'price'？）；可用的列：name, price。"),
        ("0 devices are unbound, 0 contradict the catalogue, 1 rows are bad.",
         "器械 0 件未归属，0 件与目录矛盾，1 行有误。"),
        ("udi: Expected a file that can be read, got x.csv: No such file or directory.",
         "udi: 需要可读取的文件，得到 x.csv：没有这个文件或文件夹。"),
        ("quantity: Expected at least 1, got -1.", "数量: 应不小于 1，得到 -1。"),
        ('lines.0.cost: Expected a cost above zero, or none, got "0".',
         'lines.0.cost: 成本须大于零，或不填，得到 "0"。'),
        ("IT-PLATE-8", "IT-PLATE-8"),
        ('{"reason": "no identifier"}', '{"reason": "no identifier"}'),
        ("  Nothing is held.", "  没有待人工处理的扫码。"),
        ("  raw bytes: from 2026-01 on; let go: 2025-11–2025-12, 12 records, last by lin at 2026-11-29 03:00 UTC",
         "  原始字节：自 2026-01 起；已清除：2025-11–2025-12，12 条记录，最近由 lin 于 2026-11-29 03:00 UTC 清除"),
    ],
)  # fmt: skip
@pytest.mark.usefixtures("chinese")
def test_what_is_said_comes_out_in_the_language(said: str, expected: str) -> None:
    assert told(said) == expected


def test_every_promise_of_verify_is_in_the_book() -> None:
    promised = [*checks(), *chain_checks(), ROOTS, PUBLISHED, OUTSIDE, COMPARED, *TOPIC_CHECKS]
    assert [check.promise for check in promised if check.promise not in BOOK] == []


def test_english_is_said_as_it_was_written() -> None:
    assert told("Nothing is held.") == "Nothing is held."
    assert told_cell("no identifier") == "no identifier"


@pytest.mark.usefixtures("chinese")
def test_tables_are_told_before_they_are_laid_out(capsys: pytest.CaptureFixture[str]) -> None:
    table = Table("item", "reason", title="Held: a person decides")
    table.add_row("IT-1", "no identifier")

    Console().print(in_language(table))

    shown = "".join(capsys.readouterr().out.split())
    assert [word for word in ("待人工处理：由人决定", "项目", "原因", "IT-1", "没有标识") if word not in shown] == []


@pytest.mark.usefixtures("chinese")
@pytest.mark.parametrize("name", sorted({name for names in NAMES for name in names}))
def test_a_cell_that_is_a_name_of_ours_is_told_as_pages_tell_it(name: str) -> None:
    assert told_cell(name) != name


@pytest.mark.usefixtures("chinese")
def test_a_word_is_told_by_where_it_stands(capsys: pytest.CaptureFixture[str]) -> None:
    print_table("", ("used", ">used", "status", "rule"), [("08:00", 3, "open", "growth-month-on-month")])

    assert capsys.readouterr().out.split() == [
        "使用时间", "已用", "状态", "规则", "08:00", "3", "待处理", "growth-month-on-month",
    ]  # fmt: skip


COLUMNS: Final = 80
ENGLISH: Final = re.compile(r"(?:^|[^`\w./{<\[-])[a-z]{2,}(?: [a-z]{2,}){2,}")
"""Three small words in a row: a sentence that was left."""


def pages(command: Any, path: tuple[str, ...]) -> list[tuple[str, ...]]:
    below = [page for name, each in getattr(command, "commands", {}).items() for page in pages(each, (*path, name))]
    return [path, *below]


def test_no_help_page_has_an_english_sentence() -> None:
    root: Any = typer.main.get_command(app)
    every = [page for name in root.commands for page in pages(root.commands[name], (name,))]
    left = []
    for page in [(), *every]:
        shown = CliRunner().invoke(app, ["--lang", "zh-CN", *page, "--help"], env={"COLUMNS": "80"})
        assert shown.exit_code == 0
        lines = [line for line in shown.stdout.splitlines() if not line.startswith("用法")]
        left += [(page, line) for line in lines if ENGLISH.search(line) or "[default" in line]
    assert left == []


@pytest.mark.parametrize("locale", LOCALES)
def test_every_help_page_fits_80_columns_and_cuts_nothing(locale: str) -> None:
    root: Any = typer.main.get_command(app)
    faults = []
    for page in [(), *(page for name in root.commands for page in pages(root.commands[name], (name,)))]:
        shown = CliRunner().invoke(app, ["--lang", locale, *page, "--help"], env={"COLUMNS": "80"}).stdout
        faults += [(page, line) for line in shown.splitlines() if cell_len(line) > COLUMNS or line.endswith("...")]
    assert [(page, line) for page, line in faults if "Usage" not in line and "用法" not in line] == []
