"""The house stays readable: small folders, modules read in one go, functions that fit a screen."""

import ast
import subprocess
from collections import Counter
from pathlib import Path
from typing import Final

import pytest

from tests.support.source.parsing import parsed

ROOT: Final = Path(__file__).parents[2]
LAYERS: Final = ("models", "rules", "sinks", "streams")
CHAIN: Final = "sinks/postgres/migrations/"
"""The chain of migrations is read by its numbers and never shrinks: its two folders are not counted."""

pytestmark = pytest.mark.starts  # git


def _code(*folders: str) -> list[Path]:
    """Modules and queries under `folders` that git knows."""
    listed = subprocess.run(["git", "ls-files", *folders], cwd=ROOT, capture_output=True, text=True, check=True).stdout
    return [Path(path) for path in listed.splitlines() if path.endswith((".py", ".sql")) and (ROOT / path).exists()]


def _lines(path: Path) -> int:
    return (ROOT / path).read_text(encoding="utf-8").count("\n")


def _lengths_of_functions(path: Path) -> list[int]:
    tree = parsed(ROOT / path)
    return [
        (node.end_lineno or node.lineno) - node.lineno + 1
        for node in ast.walk(tree)
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
    ]


def test_no_folder_of_code_has_more_than_fifteen_files() -> None:
    files = Counter(path.parent.as_posix() for path in _code() if path.name != "__init__.py")
    full = {folder: many for folder, many in files.items() if many > 15 and not folder.startswith(CHAIN)}
    assert full == {}


def test_modules_are_read_in_one_go() -> None:
    lines = {path.as_posix(): _lines(path) for path in _code() if path.suffix == ".py"}
    assert {path: many for path, many in lines.items() if many > 400} == {}
    assert sum(many < 250 for many in lines.values()) >= 0.9 * len(lines)


def test_functions_fit_a_screen() -> None:
    lengths = [length for path in _code(*LAYERS) if path.suffix == ".py" for length in _lengths_of_functions(path)]
    assert sum(length < 25 for length in lengths) >= 0.9 * len(lengths)
