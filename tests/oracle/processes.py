"""The product's services as processes of their own, to kill, freeze and restart."""

import math
import os
import signal
import subprocess
import sys
import time
from collections.abc import Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from types import TracebackType
from typing import Final, Self

from tests.oracle import forked

UDI: Final = (sys.executable, "-m", "streams")
MORTAL: Final = (
    sys.executable,
    "-c",
    "import ctypes, os, sys; ctypes.CDLL(None).prctl(1, 9); os.execv(sys.argv[1], sys.argv[1:])",
)
"""Before a command: it ends by SIGKILL when the thread that started it ends (Linux, PR_SET_PDEATHSIG), so that a run of
the tests that is killed itself leaves no services behind."""
INIT_SECONDS_MAX: Final = 300.0
STOP_SECONDS_MAX: Final = 20.0
LOG_TAIL: Final = 3000


def environment(bootstrap_servers: str, database_url: str, folder: Path, **settings: str) -> dict[str, str]:
    """The settings of a run; names of `settings` in lower case, without `UDI_`."""
    own = {
        "UDI_BOOTSTRAP_SERVERS": bootstrap_servers,
        "UDI_DATABASE_URL": database_url,
        "UDI_DATA_DIR": str(folder),
        **{f"UDI_{name.upper()}": value for name, value in settings.items()},
    }
    return {name: value for name, value in os.environ.items() if not name.startswith("UDI_")} | own


def init(settings: Mapping[str, str], *, program: Sequence[str] = UDI) -> None:
    """`udi init`; `program` is the command, the product's by default.

    Raises:
        RuntimeError: it failed; with what it said.
    """
    result = subprocess.run(
        [*program, "init"], env=dict(settings), capture_output=True, text=True, check=False, timeout=INIT_SECONDS_MAX
    )
    if result.returncode != 0:
        raise RuntimeError(f"udi init: {result.returncode}\n{result.stdout[-LOG_TAIL:]}{result.stderr[-LOG_TAIL:]}")


class Service:
    """One service; its output goes to `folder/<name>.log`, over all its runs.

    Args:
        name: for people and the log.
        arguments: of the command, such as `run worker`.
        settings: the whole environment.
        folder: of the log.
        program: the command; the product's unless a control run replaces it.

    Attributes:
        wanted: whether it was started and not ended since: when it does not run, it has died by itself.
    """

    def __init__(
        self,
        name: str,
        arguments: Sequence[str],
        settings: Mapping[str, str],
        folder: Path,
        *,
        program: Sequence[str] = UDI,
    ) -> None:
        self.name = name
        self.wanted = False
        self._command = [*(MORTAL if sys.platform == "linux" else ()), *program, *arguments]
        module = forked.POSSIBLE and tuple(program[:2]) == UDI[:2]
        self._module = [*program[2:], *arguments] if module else []
        self._settings = dict(settings)
        self._log = folder / f"{name}.log"
        self._process: subprocess.Popen[bytes] | forked.Forked | None = None

    @property
    def running(self) -> bool:
        """Whether its process lives, frozen or not."""
        return self._process is not None and self._process.poll() is None

    @property
    def log(self) -> str:
        """What it has said so far."""
        return self._log.read_text(encoding="utf-8", errors="replace") if self._log.exists() else ""

    def start(self) -> None:
        """Start it, in a process group of its own; nothing happens when it runs.

        A module is forked from a process that has loaded the product (`forked`).
        """
        self.wanted = True
        if not self.running and self._module:
            module, *arguments = self._module
            self._process = forked.fork(module, arguments, self._settings, self._log)
        elif not self.running:
            with self._log.open("ab") as log:
                self._process = subprocess.Popen(
                    self._command, env=self._settings, stdout=log, stderr=subprocess.STDOUT, start_new_session=True
                )

    def kill(self) -> None:
        """SIGKILL it and what it started."""
        self._end()

    def freeze(self) -> None:
        """SIGSTOP it: it holds its connections and its leases and says nothing."""
        self._signal(signal.SIGSTOP)

    def thaw(self) -> None:
        """Wake it where it was."""
        self._signal(signal.SIGCONT)

    def stop(self) -> float:
        """SIGTERM it as a supervisor would; SIGKILL when it takes too long. Gives the seconds it took, or infinity."""
        self.wanted = False
        begun, seconds = time.monotonic(), math.inf
        self._signal(signal.SIGTERM)
        if self._process is not None:
            with suppress(subprocess.TimeoutExpired):
                self._process.wait(STOP_SECONDS_MAX)
                seconds = time.monotonic() - begun
        self._end()
        return seconds

    def _end(self) -> None:
        self.wanted = False
        self._signal(signal.SIGKILL)
        if self._process is not None:
            self._process.wait()

    def _signal(self, number: signal.Signals) -> None:
        if self._process is not None and self._process.poll() is None:
            with suppress(ProcessLookupError):
                os.killpg(self._process.pid, number)

    def __enter__(self) -> Self:
        """Start it."""
        self.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """End it."""
        self._end()
