"""What README and docs name exists: commands, settings, make targets, files, links, views, topics, reasons."""

import re
from pathlib import Path
from typing import Any, Final

import asyncpg
import pytest
import typer

from models.reasons import REASONS
from models.wire.topics import PREFIX_DEFAULT, TOPICS
from streams.cli.main import app
from streams.running import SERVICES
from streams.settings import Settings
from tests.support.databases.books import prepare

ROOT: Final = Path(__file__).parents[2]
PAGES: Final = {
    str(path.relative_to(ROOT)): path.read_text(encoding="utf-8")
    for path in sorted([*ROOT.glob("*.md"), *ROOT.glob("docs/**/*.md")])
}
CONTRACT: Final = PAGES["docs/contract.md"]
SETTINGS: Final = PAGES["docs/settings.md"]
COMMANDS: Final[dict[str, Any]] = typer.main.get_command(app).commands  # type: ignore[attr-defined]
FOLDERS: Final = ("models", "rules", "sinks", "streams", "tests", "docs", "deploy", "benchmarks", "examples", r"\.ci")
LINE_MAX: Final = 160
README_PAGES: Final = ("README.md", "docs/zh-CN/README.md")
TEST_SETTINGS: Final = frozenset(
    {"UDI_CHAOS_AWAY_SECONDS", "UDI_CHAOS_SECONDS", "UDI_CHAOS_SEED", "UDI_CONFIG", "UDI_LANG", "UDI_POISON_RECORDS"}
)


def fences(text: str) -> str:
    return "\n".join(re.findall(r"```(?:sh|text)\n(.*?)```", text, re.DOTALL))


def slug(heading: str) -> str:
    kept = re.sub(r"[^\w\- ]", "", re.sub(r"\[([^]]*)\]\([^)]*\)", r"\1", heading.lower().strip()))
    return kept.replace(" ", "-")


def section(text: str, title: str) -> str:
    found = re.search(rf"^## {re.escape(title)}\n(.*?)(?=^## |\Z)", text, re.DOTALL | re.MULTILINE)
    assert found, title
    return found[1]


@pytest.mark.parametrize("page", PAGES)
def test_commands_that_are_named_exist(page: str) -> None:
    text = PAGES[page]
    named = re.findall(r"`udi ([a-z][a-z-]+)((?: [a-z]+)*)", text) + re.findall(
        r"\.venv/bin/udi ([a-z][a-z-]+)((?: [a-z]+)*)", text
    )
    assert {command for command, _ in named} <= set(COMMANDS)
    services = {name for command, rest in named if command == "run" for name in rest.split()}
    assert services <= set(SERVICES)


def test_every_command_is_documented() -> None:
    documented = CONTRACT + PAGES.get("docs/commands.md", "")
    assert [name for name in COMMANDS if f"`udi {name}" not in documented] == []


@pytest.mark.parametrize("page", PAGES)
def test_make_targets_that_are_named_exist(page: str) -> None:
    targets = set(re.findall(r"^([a-z]+):", (ROOT / "Makefile").read_text(encoding="utf-8"), re.MULTILINE))
    named = re.findall(r"`make ([a-z]+)", PAGES[page]) + re.findall(r"^make ([a-z]+)", PAGES[page], re.MULTILINE)
    assert set(named) <= targets


@pytest.mark.parametrize("page", PAGES)
def test_settings_that_are_named_exist(page: str) -> None:
    named = set(re.findall(r"UDI_[A-Z_]*[A-Z]", PAGES[page]))
    assert named <= {f"UDI_{field.upper()}" for field in Settings.model_fields} | TEST_SETTINGS


@pytest.mark.parametrize("page", PAGES)
def test_files_that_are_named_exist(page: str) -> None:
    named = set(re.findall(rf"`((?:{'|'.join(FOLDERS)})/[\w./-]*\w)`", PAGES[page]))
    named |= set(re.findall(rf"((?:{'|'.join(FOLDERS)})/[\w./-]+\.\w+)", fences(PAGES[page])))
    assert [name for name in sorted(named) if not (ROOT / name).exists()] == []


@pytest.mark.parametrize("page", PAGES)
def test_links_resolve(page: str) -> None:
    broken = []
    for target in re.findall(r"\]\(([^)\s]+)\)", re.sub(r"```.*?```", "", PAGES[page], flags=re.DOTALL)):
        if "://" in target:
            continue
        name, _, anchor = target.partition("#")
        path = (ROOT / page).parent / name if name else ROOT / page
        if not path.exists():
            broken.append(target)
        elif anchor and path.suffix == ".md":
            headings = re.findall(r"^#+ (.+)$", path.read_text(encoding="utf-8"), re.MULTILINE)
            broken += [] if anchor in map(slug, headings) else [target]
    assert broken == []


def test_pages_that_code_refers_to_exist_with_their_sections() -> None:
    files = [path for each in ("models", "rules", "sinks", "streams") for path in (ROOT / each).rglob("*.py")]
    broken: list[tuple[str, ...]] = []
    for file in files:
        text = re.sub(r"\s+", " ", file.read_text(encoding="utf-8"))
        for number in re.findall(r"docs/adr/(\d{4})", text):
            broken += [] if list(ROOT.glob(f"docs/adr/{number}-*.md")) else [(file.name, number)]
        for page, titles in re.findall(r'(docs/[\w/-]+\.md),? (?:sections? )?("[^"]+"(?:(?:,| and) "[^"]+")*)', text):
            headings = re.findall(r"^(?:#+ |\*\*)([^*\n]+)", PAGES.get(page, ""), re.MULTILINE)
            broken += [(file.name, page, title) for title in re.findall(r'"([^"]+)"', titles) if title not in headings]
    assert broken == []


def test_every_document_is_in_the_index() -> None:
    indexes = {
        "docs": "docs/README.md", "docs/adr": "docs/adr/README.md", "docs/semantics": "docs/semantics.md",
        "docs/zh-CN": "docs/zh-CN/README.md",
    }  # fmt: skip
    pages = [Path(page) for page in PAGES if page.startswith("docs/") and not page.endswith("README.md")]
    missing = []
    for page in pages:
        index = indexes[str(page.parent)]
        if f"({page.relative_to(Path(index).parent)})" not in PAGES[index]:
            missing.append(str(page))
    assert missing == []


@pytest.mark.parametrize("page", PAGES)
def test_no_line_is_longer_than_160_characters(page: str) -> None:
    long = [number for number, line in enumerate(PAGES[page].splitlines(), 1) if len(line) > LINE_MAX]
    assert long == []


@pytest.mark.parametrize("page", [page for page in PAGES if re.match(r"docs/adr/\d", page)])
def test_every_decision_has_its_date_and_status(page: str) -> None:
    head = PAGES[page].split("\n## ")[0]
    assert re.search(r"^Status: (?:accepted|superseded by \d{4}), \d{4}-\d\d-\d\d\.$", head, re.MULTILINE)


def test_every_setting_stands_in_its_table_with_its_default() -> None:
    rows = re.findall(r"^\| `UDI_([A-Z_]+)` \| (.+?) \| (.+) \|$", SETTINGS, re.MULTILINE)
    assert [name.lower() for name, _, _ in rows] == list(Settings.model_fields)
    for name, default, text in rows:
        field = Settings.model_fields[name.lower()]
        value = str(field.default).lower() if isinstance(field.default, bool) else str(field.default)
        assert default == ("–" if field.default is None else f"`{value}`")
        assert field.description is None or text == field.description


def test_the_reasons_of_the_contract_are_those_of_the_code() -> None:
    rows = re.findall(r"^\| `([\w-]+)` \| (.+?) \| (.+?) \| (.+?) \| (.+?) \| (.+?) \|$", CONTRACT, re.MULTILINE)
    expected = [
        (
            str(row.reason), str(row.verdict or "flag only"), str(row.charge), str(row.stock),
            "yes" if row.dead_letter else "no", ", ".join(row.freed_by) or "–",
        )
        for row in REASONS
    ]  # fmt: skip
    assert [row for row in rows if row[0] in {each[0] for each in expected}] == expected


def test_the_topics_of_the_contract_are_those_of_the_code() -> None:
    rows = re.findall(r"^\| `(udi\.[\w-]+)`( \(compacted\))? \|", section(CONTRACT, "Topics"), re.MULTILINE)
    assert {(name, bool(compacted)) for name, compacted in rows} == {
        (PREFIX_DEFAULT + topic.name, topic.compacted) for topic in TOPICS
    }


async def test_the_views_of_the_contract_are_those_of_the_books(database: str) -> None:
    await prepare(database, 1)
    connection = await asyncpg.connect(database)
    try:
        rows = await connection.fetch(
            "SELECT table_name, array_agg(column_name::text) AS columns FROM information_schema.columns "
            "WHERE table_schema = 'report' GROUP BY table_name"
        )
    finally:
        await connection.close()
    listed = re.findall(r"^- `report\.(\w+)`: [^\n]+(?:\n  [^-][^\n]+)*\n  - `([\w\s]+)`$", CONTRACT, re.MULTILINE)
    assert len(listed) == len(re.findall(r"^- `report\.", CONTRACT, re.MULTILINE))
    documented = {view: set(columns.split()) for view, columns in listed}
    assert documented == {row["table_name"]: set(row["columns"]) for row in rows}


@pytest.mark.parametrize("page", README_PAGES)
def test_the_example_of_the_readme_is_the_one_that_is_there(page: str) -> None:
    codes = set(re.findall(r'"codes": \[("[^"]+")\]', PAGES[page]))
    assert codes
    example = (ROOT / "examples" / "publish_scan.py").read_text(encoding="utf-8")
    assert [code for code in codes if code not in example] == []
