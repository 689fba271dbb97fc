"""`python -m tests.oracle.forked`: services, forked from a process that has loaded what they need.

To load it takes 0.8 s of CPU, and a run of faults starts a service a dozen times. What is forked runs its module as
`python -m` would: the head of a session of its own, in an environment of its own; it ends with what it is forked from.
Each line of the input is, as JSON, the module, its arguments, the environment and the file for what it says; the answer
is the id of the process, which stays its own until the next line.
"""

import ctypes
import gc
import json
import os
import random
import runpy
import select
import signal
import subprocess
import sys
from collections.abc import Mapping, Sequence
from contextlib import suppress
from functools import cache
from importlib import import_module
from pathlib import Path
from typing import Final

POSSIBLE: Final = sys.platform == "linux"
_NEEDED: Final = {
    "worker": ("streams.app", "streams.lanes.partitions"),
    "relay": ("streams.services.relay.service", "streams.services.watching"),
    "scheduler": ("streams.services.scheduler", "streams.services.watching"),
}
"""What a service loads beside the command."""
_PR_SET_PDEATHSIG: Final = 1


class Forked:
    """A process that somebody else has forked: what of `subprocess.Popen` a service asks."""

    def __init__(self, pid: int) -> None:
        self.pid = pid
        self._handle = os.pidfd_open(pid)

    def __del__(self) -> None:
        os.close(self._handle)

    def poll(self) -> int | None:
        """Something else than `None` when it has ended; not how."""
        return 0 if self._ended(0) else None

    def wait(self, timeout: float | None = None) -> None:
        """Until it has ended.

        Raises:
            subprocess.TimeoutExpired: it has not in so many seconds.
        """
        if not self._ended(timeout):
            raise subprocess.TimeoutExpired(str(self.pid), timeout or 0.0)

    def _ended(self, seconds: float | None) -> bool:
        waiting = select.poll()
        waiting.register(self._handle, select.POLLIN)
        return bool(waiting.poll(None if seconds is None else seconds * 1000))


def fork(module: str, arguments: Sequence[str], settings: Mapping[str, str], log: Path) -> Forked:
    """The module with these arguments and this environment; what it says is added to the file."""
    source = _source()
    assert source.stdin is not None
    assert source.stdout is not None
    source.stdin.write(json.dumps([module, [*arguments], dict(settings), str(log)]).encode() + b"\n")
    source.stdin.flush()
    return Forked(int(source.stdout.readline()))


@cache
def _source() -> "subprocess.Popen[bytes]":
    """It ends with this process, for then its input does."""
    command = [sys.executable, "-m", "tests.oracle.forked"]
    root = Path(__file__).parents[2]
    return subprocess.Popen(command, cwd=root, stdin=subprocess.PIPE, stdout=subprocess.PIPE, start_new_session=True)


def _load(arguments: Sequence[str]) -> None:
    for module in ("streams.cli.main", "streams.running", *_NEEDED.get(arguments[-1], ())):
        import_module(module)
    gc.freeze()


def _become(source: int, arguments: Sequence[str], settings: Mapping[str, str], log: str) -> None:
    """What a fresh process is."""
    ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)
    if os.getppid() != source:
        os._exit(1)
    os.setsid()
    print(os.getpid(), flush=True)  # noqa: T201 -- The answer: from here on it can be killed with its group.
    said = os.open(log, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o666)
    nothing = os.open(os.devnull, os.O_RDONLY)
    for number, target in ((nothing, 0), (said, 1), (said, 2)):
        os.dup2(number, target)
    os.close(said)
    os.close(nothing)
    os.environ.clear()
    os.environ.update(settings)
    random.seed()
    sys.argv[1:] = arguments


def main() -> None:
    """Until the input ends; in what is forked, until the module does."""
    source = os.getpid()
    while line := sys.stdin.readline():
        with suppress(ChildProcessError):
            while os.waitpid(-1, os.WNOHANG)[0]:
                pass
        module, arguments, settings, log = json.loads(line)
        _load(arguments)
        if os.fork() == 0:
            _become(source, arguments, settings, log)
            runpy.run_module(module, run_name="__main__", alter_sys=True)
            return


if __name__ == "__main__":
    main()
