"""Which unit tests reach which function of `models` and `rules`: a plugin of pytest that listens to calls.

What is called while a file is imported or a fixture made counts for all tests of the file.
"""

import ast
import json
import sys
from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path
from types import CodeType, FrameType
from typing import Final

import pytest

REACHED: Final = Path("reached.json")
"""Module, first line of a function, the tests that call it. Made in the copy, before anything is changed in it."""

_LAYERS: Final = tuple(f"{Path.cwd()}/{layer}/" for layer in ("models", "rules"))
_called: defaultdict[CodeType, set[str]] = defaultdict(set)
_now: list[str] = []


def _listen(frame: FrameType, *_: object) -> None:
    if _now and frame.f_code.co_filename.startswith(_LAYERS):
        _called[frame.f_code].add(_now[-1])


@pytest.hookimpl(wrapper=True)
def pytest_make_collect_report(collector: pytest.Collector) -> Iterator[None]:
    """Importing a file of tests."""
    _now.append(collector.nodeid)
    sys.settrace(_listen)
    try:
        return (yield)
    finally:
        _now.pop()


@pytest.hookimpl(wrapper=True)
def pytest_runtest_setup(item: pytest.Item) -> Iterator[None]:
    """Making fixtures, which other tests of the file may share."""
    _now[:] = [item.nodeid.split("::")[0]]
    sys.settrace(_listen)
    return (yield)


@pytest.hookimpl(wrapper=True)
def pytest_runtest_call(item: pytest.Item) -> Iterator[None]:
    """The test itself; with all its parameters, so that there is one name to give to pytest."""
    _now[:] = [item.nodeid.split("[")[0]]
    sys.settrace(_listen)
    return (yield)


def pytest_sessionfinish() -> None:
    """Write down what was heard."""
    sys.settrace(None)
    found: defaultdict[str, dict[int, list[str]]] = defaultdict(dict)
    for code, tests in _called.items():
        module = str(Path(code.co_filename).relative_to(Path.cwd()))
        before = found[module].get(code.co_firstlineno, ())
        found[module][code.co_firstlineno] = sorted(tests.union(before))
    REACHED.write_text(json.dumps(found))


def reaching(module: Path, line: int) -> list[str]:
    """The tests that call the function in which a line stands.

    For a line outside any, or one of a function that remembers its answers or that no test was heard to call: all
    that call one of the module.
    """
    heard: dict[str, list[str]] = json.loads(REACHED.read_text()).get(str(module), {})
    functions = {int(first): tests for first, tests in heard.items()}
    around = [
        each
        for each in ast.walk(ast.parse(module.read_text()))
        if isinstance(each, ast.FunctionDef | ast.AsyncFunctionDef)
        and each.lineno <= line <= (each.end_lineno or each.lineno)
    ]
    if around:
        nearest = max(around, key=lambda each: each.lineno)
        first = min([nearest.lineno, *(each.lineno for each in nearest.decorator_list)])
        cached = any("cache" in ast.unparse(each) for each in nearest.decorator_list)
        if first in functions and not cached:
            return functions[first]
    return sorted({test for tests in functions.values() for test in tests})
