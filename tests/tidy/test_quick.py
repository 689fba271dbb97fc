"""The quick tests are what the Makefile runs, and what is none of them is seen."""

import re
import socket
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Final

import pytest

from tests.support.session import quick

ROOT: Final = Path(__file__).parents[2]


def listen() -> None:
    with socket.socket() as open_socket:
        open_socket.bind(("127.0.0.1", 0))


def start() -> None:
    subprocess.run([sys.executable, "-c", ""], check=True)


def test_the_makefile_runs_the_folders_without_what_is_marked() -> None:
    makefile = (ROOT / "Makefile").read_text("utf-8")
    lines = re.findall(r"pytest .*-m \"(.+?)\" .*?((?: tests/\w+)+)$", makefile, re.MULTILINE)
    assert lines == [(f"not {quick.MARK}", "".join(f" {folder.rstrip('/')}" for folder in quick.FOLDERS))]


@pytest.mark.parametrize(("starting", "named"), [(listen, "socket.bind"), (start, "subprocess.Popen")])
def test_what_a_quick_test_starts_fails_it(
    starting: Callable[[], None], named: str, request: pytest.FixtureRequest
) -> None:
    starting()
    with pytest.raises(pytest.fail.Exception, match=rf"^Expected a quick test to start nothing, got {named} "):
        quick.check(request.node)
    quick.begin()
    quick.check(request.node)


@pytest.mark.starts
def test_what_a_marked_test_starts_does_not(request: pytest.FixtureRequest) -> None:
    listen()
    quick.check(request.node)


def test_who_asks_for_a_server_is_marked(request: pytest.FixtureRequest) -> None:
    assert request.node.get_closest_marker(quick.MARK) is None
    request.node.fixturenames.append("database_server")
    quick.mark(request.node)
    assert request.node.get_closest_marker(quick.MARK) is not None
