"""A service that is forked is killed, frozen and ended as one that is started, and has nothing of where it is from."""

import os
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Final

import pytest

from tests.oracle import forked
from tests.oracle.processes import Service

TIMEIT: Final = (sys.executable, "-m", "timeit")
"""A module that runs a line."""
SECONDS_MAX: Final = 60.0
ABOUT: Final = "print(sorted(os.environ), os.environ['MINE'], os.getsid(0) - os.getpid(), os.read(0, 1))"
SLEEP: Final = "print(os.getpid(), flush=True); time.sleep(1000)"

pytestmark = pytest.mark.skipif(not forked.POSSIBLE, reason="services are forked on Linux")


def service(folder: Path, line: str) -> Service:
    return Service(
        "said", ["-n", "1", "-r", "1", "-s", "import os, time", line], {"MINE": "yes"}, folder, program=TIMEIT
    )


def until(happened: Callable[[], bool]) -> None:
    """Raises: AssertionError: it did not happen in time."""
    ends = time.monotonic() + SECONDS_MAX
    while not happened():
        assert time.monotonic() < ends
        time.sleep(0.01)


def state(pid: str) -> str:
    """As the kernel names it: T for one that is frozen; nothing for one that is gone."""
    try:
        return Path(f"/proc/{pid}/stat").read_text(encoding="ascii").rpartition(") ")[2][0]
    except OSError:
        return ""


def test_it_has_an_environment_a_session_and_an_input_of_its_own(tmp_path: Path) -> None:
    with service(tmp_path, ABOUT) as said:
        until(lambda: not said.running)

        assert said.log.startswith("['MINE'] yes 0 b''\n")


def test_it_is_frozen_and_killed_and_may_be_started_again(tmp_path: Path) -> None:
    with service(tmp_path, SLEEP) as said:
        until(lambda: said.log.endswith("\n"))
        pid = said.log.strip()
        said.freeze()
        until(lambda: state(pid) == "T")
        said.thaw()
        until(lambda: state(pid) == "S")
        said.kill()
        assert state(pid) in {"", "Z"}
        said.start()
        until(lambda: said.log.count("\n") == 2 and state(said.log.split()[1]) == "S")
        assert said.log.split()[1] != pid


def test_a_signal_to_end_is_for_it_to_follow(tmp_path: Path) -> None:
    with service(tmp_path, SLEEP) as said:
        until(lambda: said.log.endswith("\n"))

        assert said.stop() < SECONDS_MAX
        assert not said.running


def test_it_ends_with_the_run_that_wanted_it(tmp_path: Path) -> None:
    program = (
        "import os, signal, sys; from pathlib import Path; from tests.chaos.test_forked import SLEEP, service, until\n"
        "said = service(Path(sys.argv[1]), SLEEP); said.start(); until(lambda: said.log.endswith('\\n'))\n"
        "os.kill(os.getpid(), signal.SIGKILL)"
    )

    subprocess.run([sys.executable, "-c", program, str(tmp_path)], check=False)

    pid = (tmp_path / "said.log").read_text(encoding="ascii").strip()
    until(lambda: state(pid) in {"", "Z"})
    assert os.getpid() != int(pid)
