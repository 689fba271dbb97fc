"""A server process: started with its output in a file, watched, stopped, and never left behind."""

import asyncio
import os
import secrets
import signal
import socket
import subprocess
import sys
import time
from abc import ABC, abstractmethod
from collections.abc import Awaitable, Callable, Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from types import TracebackType
from typing import ClassVar, Final, Self

from streams.embedded import launch

LOOPBACK: Final = "127.0.0.1"
PORT_FIRST: Final = 20_000
PORT_LAST: Final = 31_999
"""Below 32768, where Linux begins to give out ports to clients: a probe there can connect to itself.

References:
    ip(7), `ip_local_port_range`; the range below it is our own choice.
"""
POLL_SECONDS: Final = 0.01
TAIL_LINES: Final = 20


class EmbeddedPartError(RuntimeError):
    """An embedded server could not be started, or ended on its own; the message carries the tail of its log."""


def free_port() -> int:
    """A port of 127.0.0.1 that nothing listened on a moment ago, between 20000 and 31999.

    Another process may take it before the caller does: try again with another one.

    Raises:
        EmbeddedPartError: a hundred ports tried at random were all taken.
    """
    for _ in range(100):
        port = PORT_FIRST + secrets.randbelow(PORT_LAST - PORT_FIRST + 1)
        with socket.socket() as probe, suppress(OSError):
            probe.bind((LOOPBACK, port))
            return port
    raise EmbeddedPartError(f"Expected a free port between {PORT_FIRST} and {PORT_LAST}, tried 100.")


async def until(condition: Callable[[], bool], seconds_max: float) -> bool:
    """Wait until `condition` holds, at most `seconds_max`; whether it does."""
    deadline = time.monotonic() + seconds_max
    while not condition():
        if time.monotonic() > deadline:
            return False
        await asyncio.sleep(POLL_SECONDS)
    return True


def ending_with_us(command: Sequence[str], death_signal: signal.Signals, user: str | None = None) -> list[str]:
    """The command of a program that receives `death_signal` when this process dies (Linux); as `user` where asked."""
    wish = [str(os.getpid()), str(int(death_signal)), user or launch.NO_USER]
    return [sys.executable, "-I", "-S", launch.__file__, *wish, *command]


class ServerProcess:
    """One run of a server program; tied to no event loop, so it may be started in one and stopped in another.

    The program gets its own session, so Ctrl-C in the terminal reaches only us. On Linux it receives `death_signal`
    when the thread that started it ends, however that happens.

    Args:
        command: absolute path of the program and its arguments.
        log: file that standard output and error are appended to; created with mode 0600.
        folder: working directory.
        environment: the whole environment of the program; nothing is inherited.
        user: name of the user to run as; only root may name one. `None`: this user.
        death_signal: what the program receives when its parent dies.
        standard_input: file the program reads; `None`: an empty one.

    Raises:
        OSError: the log or the folder cannot be opened, or this interpreter cannot be started.
    """

    def __init__(
        self,
        command: Sequence[str],
        *,
        log: Path,
        folder: Path,
        environment: Mapping[str, str],
        user: str | None = None,
        death_signal: signal.Signals = signal.SIGKILL,
        standard_input: Path | None = None,
    ) -> None:
        self.name = Path(command[0]).name
        self.log = log
        descriptor = os.open(log, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600)
        self._log_start = os.fstat(descriptor).st_size
        with os.fdopen(descriptor, "ab") as output, Path(standard_input or os.devnull).open("rb") as given:
            self._process = subprocess.Popen(  # noqa: S603  # The command is ours and no shell takes part.
                ending_with_us(command, death_signal, user),
                stdin=given,
                stdout=output,
                stderr=output,
                cwd=folder,
                env=dict(environment),
                start_new_session=True,
            )

    @property
    def pid(self) -> int:
        """Process id."""
        return self._process.pid

    @property
    def running(self) -> bool:
        """Whether the program has not ended."""
        return self._process.poll() is None

    @property
    def return_code(self) -> int | None:
        """Exit status, minus the signal's number when a signal ended it, `None` while it runs."""
        return self._process.poll()

    @property
    def output(self) -> str:
        """The last lines of what this run has written."""
        with self.log.open("rb") as written:
            written.seek(self._log_start)
            text = written.read().decode("utf-8", errors="replace")
        return "\n".join(text.splitlines()[-TAIL_LINES:])

    async def answers(self, probe: Callable[[], Awaitable[bool]], seconds_max: float) -> bool:
        """Ask `probe` until it says yes; `False` when the program ended first.

        Raises:
            EmbeddedPartError: it still runs but has not answered within `seconds_max`.
        """

        async def ask() -> None:
            while not await probe():  # Another process cannot set our events.
                await asyncio.sleep(POLL_SECONDS)

        asking = asyncio.create_task(ask())
        try:
            settled = await until(lambda: asking.done() or not self.running, seconds_max)
        finally:
            asking.cancel()
            await asyncio.wait([asking])
        if not settled:
            raise EmbeddedPartError(f"{self.name}: no answer within {seconds_max:g} s. {self.failure()}")
        if not asking.cancelled():
            asking.result()  # Raises what the probe did not expect.
        return self.running

    async def stop(self, steps: Sequence[tuple[signal.Signals, float]]) -> None:
        """Send each signal in turn, waiting its seconds for the end, and SIGKILL at last; also when cancelled."""
        try:
            for number, seconds_max in steps:
                if self.running:
                    self._process.send_signal(number)
                    await until(lambda: not self.running, seconds_max)
        finally:
            if self.running:
                self._process.kill()
                self._process.wait()

    def failure(self) -> str:
        """A sentence about how this run stands, with the last lines of its log."""
        state = "It runs" if self.running else f"It ended with status {self.return_code}"
        return f"{state}; the end of {self.log}:\n{self.output}"


async def accepts(port: int) -> bool:
    """Whether something listens on this port of 127.0.0.1."""
    try:
        _, writer = await asyncio.open_connection(LOOPBACK, port)
    except OSError:
        return False
    writer.close()
    with suppress(OSError):
        await writer.wait_closed()
    return True


class Server(ABC):
    """A server that runs for as long as its context lasts; `start` and `stop` do nothing the second time."""

    stop_steps: ClassVar[Sequence[tuple[signal.Signals, float]]]
    """Signals that end it in order, each with the seconds it is given."""

    def __init__(self) -> None:
        self._process: ServerProcess | None = None

    @property
    def running(self) -> bool:
        """Whether its process lives."""
        return self._process is not None and self._process.running

    @abstractmethod
    async def start(self) -> None:
        """Start it and wait until it answers."""

    async def stop(self) -> None:
        """End it in order."""
        if self._process is not None:
            await self._process.stop(self.stop_steps)

    async def kill(self) -> None:
        """End its main process with SIGKILL, as a crash would."""
        if self._process is not None:
            await self._process.stop(())

    async def __aenter__(self) -> Self:
        """Start it."""
        await self.start()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Stop it."""
        await self.stop()
