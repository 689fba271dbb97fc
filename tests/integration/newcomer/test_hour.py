"""A newcomer's hour: the README word by word at 80 columns, by whoever runs the tests and by one who is not root."""

import re
import shutil
import signal
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Final

import pytest

from tests.support.terminal import COLUMNS, ROOT, Terminal, can_be_nobody, shape

PAGES: Final = {"en": ROOT / "README.md", "zh-CN": ROOT / "docs" / "zh-CN" / "README.md"}
SECTIONS: Final = {"en": "From clone to a scan you published yourself", "zh-CN": "从克隆代码到亲手发布一次扫码"}
READY: Final = {"en": "udi is ready", "zh-CN": "就绪"}
START_SECONDS: Final = 240
NEEDS: Final = "needs root, setpriv and a tree that others may enter"
AS: Final = [
    pytest.param(False, id="oneself"),
    pytest.param(
        True,
        id="nobody",
        marks=pytest.mark.skipif(not can_be_nobody(), reason=NEEDS),
    ),
]

pytestmark = pytest.mark.timeout(900)


def section(language: str) -> str:
    text = PAGES[language].read_text(encoding="utf-8")
    return text.partition(f"## {SECTIONS[language]}")[2].partition("\n## ")[0]


def fences(text: str) -> list[tuple[str, str]]:
    """(kind, content) of each block."""
    return re.findall(r"```(\w+)\n(.*?)```", text, re.DOTALL)


def commands(block: str) -> list[str]:
    """The lines of a shell block, without their remarks; a line that ends in a backslash goes on."""
    lines = re.sub(r"\\\n\s*", "", block).splitlines()
    return [re.sub(r"\s{2,}#.*", "", line) for line in lines if line.strip()]


@pytest.fixture
def home() -> Iterator[Path]:
    # Not below pytest's own folder, which only its owner may enter.
    with tempfile.TemporaryDirectory(prefix="udistream-newcomer-") as name:
        yield Path(name)


# Each language and each person once: what differs between the two is not more when both do.
@pytest.mark.parametrize(("language", "nobody"), [("en", False), ("zh-CN", can_be_nobody())])
def test_the_readme_leads_from_nothing_to_a_billed_scan(language: str, nobody: bool, home: Path) -> None:
    text = section(language)
    terminal = Terminal(home, language, nobody=nobody)
    (_, first), *blocks = fences(text)
    setup, services = commands(first)
    assert setup == "make setup", "which has made the environment these tests run in"
    assert READY[language] in text, "what a newcomer waits for"

    running = terminal.start(services)
    try:
        running.wait_for(READY[language], START_SECONDS)
        done = [(command, printed) for command, printed in _in_turn(blocks) if _is_there(command)]
        for command, printed in done:
            status, shown = terminal.run(command)
            assert status == 0, shown
            # "After a second run" the README looks at the books: they hold both.
            if "psql" not in command:
                terminal.run(command)
            # A scan that is read before its item is parked first, as the README says.
            lines = [line for line in shape(shown) if not line.startswith("verdict parked")]
            assert printed is None or lines == shape(printed)
        assert any("publish_scan" in command for command, _ in done)
    finally:
        running.interrupt()
        status = running.end(START_SECONDS)

    assert "Traceback" not in running.text
    # A shell calls 130 what the system calls ended by the signal of Ctrl-C.
    assert status in {0, 130, -signal.SIGINT}


def _in_turn(blocks: list[tuple[str, str]]) -> Iterator[tuple[str, str | None]]:
    """Each command with the output that the README shows below it; `None` where it shows none."""
    for place, (kind, content) in enumerate(blocks):
        if kind == "sh":
            below = blocks[place + 1][1] if place + 1 < len(blocks) and blocks[place + 1][0] == "text" else None
            lines = commands(content)
            yield from ((line, below if line is lines[-1] else None) for line in lines)


def _is_there(command: str) -> bool:
    return not command.startswith("psql") or shutil.which("psql") is not None


@pytest.mark.parametrize("language", PAGES)
def test_help_fits_the_terminal(language: str, home: Path) -> None:
    status, shown = Terminal(home, language).run(".venv/bin/udi --help")

    assert status == 0
    assert max(map(len, shown.splitlines())) <= COLUMNS


@pytest.mark.parametrize("nobody", AS)
def test_before_anything_runs_a_look_is_one_line_that_says_what_to_do(nobody: bool, home: Path) -> None:
    for language, said in (("en", "`udi run` is not running in"), ("zh-CN", "`udi run` 没有在")):
        status, shown = Terminal(home, language, nobody=nobody).run(".venv/bin/udi held")

        assert status == 2
        assert said in shown
