"""The quick tests: no server, no browser, no process of their own. `make quick` runs these alone.

They are all below `FOLDERS` but those that ask for a fixture of `SERVERS` or are marked `starts`. That this is true is
seen in every run, by what Python itself tells of each process and each port (PEP 578).
"""

import sys
from typing import Any, Final

import pytest

FOLDERS: Final = ("tests/unit/", "tests/tidy/", "tests/fuzz/")
"""Where quick tests are. Those of properties are short of parts, too, and long of examples."""
SERVERS: Final = {"database_server", "real_kafka_server", "embedded_broker", "promtool_path", "chromium"}
"""Fixtures that start something, some of them for a whole session."""
MARK: Final = "starts"
"""What a test is marked with that starts a process or listens on a port by itself."""
EVENTS: Final = {"subprocess.Popen", "os.fork", "os.forkpty", "os.posix_spawn", "os.system", "os.exec", "socket.bind"}
"""The audit events of a process that begins and of a port that is taken."""

_started: Final[list[str]] = []


def _note(event: str, told: tuple[Any, ...]) -> None:
    if event in EVENTS:
        _started.append(f"{event} {told[1] if len(told) > 1 else told}")


def watch() -> None:
    """Note from now on what is started; a process can't stop doing so."""
    sys.addaudithook(_note)


def mark(item: pytest.Item) -> None:
    """Mark a test that asks for a server, so that `-m "not starts"` leaves it out."""
    if SERVERS & set(getattr(item, "fixturenames", ())):
        item.add_marker(MARK)


def begin() -> None:
    """Forget what was started before the test."""
    _started.clear()


def check(item: pytest.Item) -> None:
    """Fail a test that is quick by its folder and marks and has started something.

    Raises:
        pytest.fail.Exception: It names what was started first.
    """
    if _started and item.nodeid.startswith(FOLDERS) and item.get_closest_marker(MARK) is None:
        pytest.fail(f"Expected a quick test to start nothing, got {_started[0]}. Mark it {MARK}.", pytrace=False)
