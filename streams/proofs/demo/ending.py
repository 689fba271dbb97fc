"""Ctrl-C ends the demo within three seconds, whatever it is doing: in order if it can, else by force."""

import os
import shutil
import signal
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from types import FrameType
from typing import Final

IN_ORDER_SECONDS_MAX: Final = 1.0
"""How long the demo has to end in order; killing and clearing up take the rest of the three seconds."""
KILL_SECONDS_MAX: Final = 0.5
SWITCH_SECONDS: Final = 0.000_01
"""How soon a busy main thread must let the one go on that ends it."""
INTERRUPTED: Final = 130
"""Exit status after SIGINT, as shells have it."""
SHOW_CURSOR: Final = "\x1b[?25h"


class Ending:
    """What a signal does: asks the demo to end, and after `IN_ORDER_SECONDS_MAX` ends it. A second one does so at once.

    The handler runs in the main thread between two steps of whatever runs there, so a busy loop can't ignore it.
    """

    def __init__(self) -> None:
        self.ask: Callable[[], None] = _interrupt
        """Asks the demo to end in order; called from the signal's handler."""
        self.folder: Path | None = None
        """What must not be left behind: a folder that the demo has made for itself."""
        self._asked = False
        self._timer: threading.Timer | None = None
        self._ends = threading.Lock()

    def __call__(self, _number: int, _frame: FrameType | None) -> None:
        """The handler."""
        if self._asked:
            self.by_force()
        self._asked = True
        self._timer = threading.Timer(IN_ORDER_SECONDS_MAX, self.by_force)
        self._timer.daemon = True
        self._timer.start()
        self.ask()

    def in_order(self) -> None:
        """It has ended in order: nothing is ended by force any more. Does not come back when that is under way."""
        if self._timer is not None:
            self._timer.cancel()
        self._ends.acquire()

    def by_force(self) -> None:
        """Kill what was started, remove the folder, and leave; nothing when it ends already."""
        if not self._ends.acquire(blocking=False):
            return
        # Each look into /proc gives the interpreter away; a busy main thread would keep it for 5 ms each time.
        sys.setswitchinterval(SWITCH_SECONDS)
        for child in _children():
            # The database must end its own processes and give back its memory: it does at SIGQUIT, at once.
            with suppress(ProcessLookupError, PermissionError):
                os.kill(child, signal.SIGQUIT if _name(child) == "postgres" else signal.SIGKILL)
        deadline = time.monotonic() + KILL_SECONDS_MAX
        while any(_lives(child) for child in _children()) and time.monotonic() < deadline:
            time.sleep(0.01)
        if self.folder is not None:
            shutil.rmtree(self.folder, ignore_errors=True)
        # Past every buffer and its lock: the main thread may hold them for ever.
        with suppress(OSError):
            os.write(1, f"{SHOW_CURSOR if os.isatty(1) else ''}\n{stopped(self.folder is None)}\n".encode())
        os._exit(INTERRUPTED)


def stopped(kept: bool) -> str:
    """What is said at the end."""
    return "Stopped." if kept else "Stopped; nothing is left behind."


@contextmanager
def ending() -> Iterator[Ending]:
    """Have SIGINT and SIGTERM end the demo for as long as the context lasts."""
    handler = Ending()
    before = {number: signal.signal(number, handler) for number in (signal.SIGINT, signal.SIGTERM)}
    try:
        yield handler
    finally:
        for number, earlier in before.items():
            signal.signal(number, earlier)


def _interrupt() -> None:
    raise KeyboardInterrupt


def _children() -> list[int]:
    """Processes that this one has started and that have not been waited for; none where there is no `/proc`."""
    found = []
    for entry in Path("/proc").glob("[0-9]*/stat"):
        with suppress(OSError, ValueError, IndexError):
            if int(entry.read_text(encoding="ascii", errors="replace").rpartition(")")[2].split()[1]) == os.getpid():
                found.append(int(entry.parent.name))
    return found


def _name(process: int) -> str:
    with suppress(OSError):
        return Path(f"/proc/{process}/comm").read_text(encoding="utf-8", errors="replace").strip()
    return ""


def _lives(process: int) -> bool:
    with suppress(OSError, IndexError):
        text = Path(f"/proc/{process}/stat").read_text(encoding="ascii", errors="replace")
        return text.rpartition(")")[2].split()[0] != "Z"
    return False
