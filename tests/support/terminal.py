"""A person at a terminal of 80 columns: lines of a shell, what they print, Ctrl-C; as somebody who is not root, too."""

import fcntl
import os
import pty
import re
import select
import shutil
import stat
import struct
import subprocess
import sys
import termios
import time
from collections.abc import Sequence
from pathlib import Path

ROOT = Path(__file__).parents[2]
COLUMNS = 80
NOBODY = 65534
_CONTROL = re.compile(r"\x1b\[[0-9;?]*[A-Za-z]|\x1b[=>()][A-Z0-9]?|\r")
_AS_NOBODY = (
    "setpriv", f"--reuid={NOBODY}", f"--regid={NOBODY}", "--clear-groups",
    # The interpreter may lie in root's home; nothing else of root is kept.
    "--inh-caps=-all,+dac_read_search", "--ambient-caps=-all,+dac_read_search",
)  # fmt: skip


def can_be_nobody() -> bool:
    """Whether the tests run as root, can run something as somebody else, and he may enter the tree."""
    entered = all(folder.stat().st_mode & stat.S_IXOTH for folder in (ROOT, *ROOT.parents))
    return os.geteuid() == 0 and shutil.which("setpriv") is not None and entered


class Line:
    """A line of the shell while it runs."""

    def __init__(self, command: str, environment: dict[str, str], before: Sequence[str]) -> None:
        self._master, slave = pty.openpty()
        fcntl.ioctl(slave, termios.TIOCSWINSZ, struct.pack("HHHH", 24, COLUMNS, 0, 0))
        self._raw = b""
        self.process = subprocess.Popen(
            # Ctrl-C reaches only whom the terminal belongs to.
            ["setsid", "--ctty", *before, "sh", "-c", command],
            cwd=ROOT, env=environment, stdin=slave, stdout=slave, stderr=slave,
        )  # fmt: skip
        os.close(slave)

    @property
    def text(self) -> str:
        """What has been printed, without control sequences."""
        return _CONTROL.sub("", self._raw.decode(errors="replace"))

    def wait_for(self, text: str, seconds: float) -> None:
        """Until the text is printed.

        Raises:
            AssertionError: the line ended, or the time was over, before.
        """
        ends = time.monotonic() + seconds
        while text not in self.text:
            alive = self._read()
            assert alive, f"ended before it said {text!r}:\n{self.text}"
            assert time.monotonic() < ends, f"did not say {text!r}:\n{self.text}"

    def end(self, seconds: float) -> int:
        """Until it has ended; gives its exit status."""
        ends = time.monotonic() + seconds
        while self._read():
            if time.monotonic() > ends:
                self.process.kill()
                raise AssertionError(f"did not end:\n{self.text}")
        os.close(self._master)
        return self.process.wait(10)

    def interrupt(self) -> None:
        """Press Ctrl-C."""
        os.write(self._master, b"\x03")

    def _read(self) -> bool:
        """Read what is there; gives whether more may come."""
        if not select.select([self._master], [], [], 0.2)[0]:
            return self.process.poll() is None
        try:
            read = os.read(self._master, 65_536)
        except OSError:
            return False
        self._raw += read
        return bool(read)


class Terminal:
    """Where a person types; programs of the environment under test stand where the README has `.venv/bin`."""

    def __init__(self, home: Path, language: str = "en", *, nobody: bool = False) -> None:
        self.home = home
        self._before = _AS_NOBODY if nobody else ()
        self._environment = {
            "HOME": str(home), "PATH": os.environ["PATH"], "TERM": "xterm", "LANG": "C.UTF-8", "UDI_LANG": language,
            "PYTHONDONTWRITEBYTECODE": "1", "UDI_GATEWAY_PORT": "0",
        }  # fmt: skip
        if nobody:
            os.chown(home, NOBODY, NOBODY)

    def start(self, command: str) -> Line:
        """Start a line of the README."""
        return Line(command.replace(".venv/bin/", f"{Path(sys.executable).parent}/"), self._environment, self._before)

    def run(self, command: str, seconds: float = 120) -> tuple[int, str]:
        """Run it to its end: exit status and what was printed."""
        line = self.start(command)
        return line.end(seconds), line.text


def shape(text: str) -> list[str]:
    """Lines without what differs from run to run: ids, figures, and blanks that follow from their width."""
    text = re.sub(r"\b[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}\b", "ID", text)
    lines = (re.sub(r"\d+", "N", re.sub(r"\s+", " ", line)).strip() for line in text.splitlines())
    return [re.sub(r"N([.,:-]N)+", "N", line) for line in lines if line]
