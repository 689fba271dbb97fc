"""A person who has shelves counted and posts the counts, while processes are killed; so are the person's commands.

A command that was killed has done all of its work or nothing, and is given again until it is answered.
"""

import asyncio
import json
import os
import signal
import sys
from asyncio.subprocess import PIPE, Process
from collections.abc import Mapping, Sequence
from contextlib import suppress
from itertools import count
from pathlib import Path
from random import Random
from types import TracebackType
from typing import Any, Final, Self

import asyncpg

from tests.oracle.processes import MORTAL
from tests.oracle.producer import Sender
from tests.oracle.readers import ReadingError, psql
from tests.oracle.values import Intent
from tests.oracle.world.counts import Shelf

PERSON: Final = (sys.executable, "-m", "tests.chaos.person")
KILLS: Final = 2
"""So many commands of a kind are killed at random before one may end."""
KILLED_WITHIN_SECONDS: Final = 0.3
"""A command ends in about this time."""
PATIENCE_SECONDS: Final = 240.0
POLL_SECONDS: Final = 0.1
AT_WORK: Final = """
SELECT EXISTS (SELECT FROM pg_locks WHERE relation = 'udi.count_line'::regclass AND mode = 'RowExclusiveLock'
               AND NOT granted AND database = (SELECT oid FROM pg_database WHERE datname = current_database()))
"""


class Person:
    """Gives commands; at most one at a time.

    Args:
        settings: the environment of the commands.
        folder: for what they say.
        program: what forks them.
    """

    def __init__(self, settings: Mapping[str, str], folder: Path, program: Sequence[str] = PERSON) -> None:
        self._settings, self._folder, self._program = dict(settings), folder, program
        self._numbers = count(1)
        self._process: Process | None = None
        self._said = folder

    async def __aenter__(self) -> Self:
        """Load what commands need."""
        command = [*(MORTAL if sys.platform == "linux" else ()), *self._program]
        log = (self._folder / "person.log").open("wb")
        with log:
            self._process = await asyncio.create_subprocess_exec(
                *command, env=self._settings, stdin=PIPE, stdout=PIPE, stderr=log
            )
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """End it, and a command that runs."""
        assert self._process is not None
        self._process.kill()
        await self._process.wait()

    async def begin(self, *arguments: str) -> int:
        """Give a command; gives the id of its process."""
        assert self._process is not None
        assert self._process.stdin is not None
        self._said = self._folder / f"person-{next(self._numbers)}.txt"
        self._process.stdin.write(json.dumps([arguments, str(self._said)]).encode() + b"\n")
        return await self._number()

    async def end(self) -> tuple[int, str]:
        """Exit code of the command, and what it said."""
        return await self._number(), self._said.read_text(encoding="utf-8") if self._said.exists() else ""

    async def killed(self, seconds: float, *arguments: str) -> int:
        """Give a command and SIGKILL it after so long; gives its exit code, for it may have ended before."""
        process = await self.begin(*arguments)
        await asyncio.sleep(seconds)
        _kill(process)
        return (await self.end())[0]

    async def answer(self, *arguments: str) -> dict[str, Any]:
        """What a command says as JSON; given again while what it asks is away."""
        async with asyncio.timeout(PATIENCE_SECONDS):
            while True:
                await self.begin(*arguments, "--json")
                code, said = await self.end()
                if code in (0, 1) and said.startswith("{"):
                    return dict(json.loads(said))
                await asyncio.sleep(POLL_SECONDS)

    async def _number(self) -> int:
        assert self._process is not None
        assert self._process.stdout is not None
        line = await self._process.stdout.readline()
        assert line, (self._folder / "person.log").read_text(encoding="utf-8")
        return int(line)


def _kill(process: int) -> None:
    """SIGKILL; nothing happens when it has ended, for its number is its own until the next command is given."""
    os.kill(process, signal.SIGKILL)


class Counting:
    """Counts of shelves, one after the other.

    Attributes:
        intents: what was sent for them.
        killed: commands that were killed before their end, by what they were.
    """

    def __init__(self, person: Person, sender: Sender, url: str, chance: Random) -> None:
        self.intents: list[Intent] = []
        self.killed: dict[str, int] = {"start killed": 0, "post killed": 0, "post killed amid its lines": 0}
        self._person, self._sender, self._url, self._chance = person, sender, url, chance

    async def run(self, shelves: Sequence[Shelf]) -> None:
        """Deliver, start, scan, post; then post once more."""
        for shelf in shelves:
            await self._sent(shelf.delivered)
            document = await self._started(shelf)
            await self._sent(shelf.of(document))
            await self._posted(shelf, document)

    async def _sent(self, intents: Sequence[Intent]) -> None:
        """Send and wait until all of it is recorded."""
        self.intents += intents
        await self._sender.send(intents)
        ids = {intent.facts.scan_id for intent in intents}
        named = ", ".join(f"'{each}'" for each in ids)
        await self._until(f"SELECT count(*) FROM udi.scan_claim WHERE scan_id IN ({named})", str(len(ids)))

    async def _started(self, shelf: Shelf) -> str:
        await self._killed_by_chance("start killed", "count", "start", shelf.store, "--by", "wang")
        while not (found := await self._open(shelf)):
            await self._person.begin("count", "start", shelf.store, "--by", "wang")
            await self._person.end()
        assert len(found) == 1, found
        return found[0]

    async def _open(self, shelf: Shelf) -> list[str]:
        shown = await self._person.answer("count", "show")
        return [each["document"] for each in shown["counts"] if each["store"] == shelf.store]

    async def _posted(self, shelf: Shelf, document: str) -> None:
        post = ["count", "post", document, "--reason", "year's end", "--by", "li", "--timeout", "0"]
        refused = (await self._person.answer(*post))["refused"]
        assert (refused or "").startswith("Expected --approved-by: "), refused
        post += ["--approved-by", "chen"]
        self.intents += shelf.later
        moving = asyncio.create_task(self._sender.send(shelf.later))
        await self._killed_amid_its_lines(*post)
        await self._killed_by_chance("post killed", *post)
        refused = (await self._person.answer(*post))["refused"]
        ended = f"Expected an open count, {document} was posted by li."
        assert refused in (None, ended), refused
        assert (await self._person.answer(*post))["refused"] == ended
        await moving

    async def _killed_by_chance(self, name: str, *arguments: str) -> None:
        for _ in range(KILLS):
            code = await self._person.killed(self._chance.uniform(0.0, KILLED_WITHIN_SECONDS), *arguments)
            self.killed[name] += code == -signal.SIGKILL

    async def _killed_amid_its_lines(self, *post: str) -> None:
        """Kill the post when it has ended the count and before it has written a line: nothing of it may stand."""
        async with asyncio.timeout(PATIENCE_SECONDS):
            while not await self._blocked_and_killed(*post):
                await asyncio.sleep(POLL_SECONDS)
        self.killed["post killed amid its lines"] += 1

    async def _blocked_and_killed(self, *post: str) -> bool:
        """Whether it went so; it does not when the database dies meanwhile."""
        with suppress(OSError, asyncpg.PostgresError, asyncpg.InterfaceError):
            connection = await asyncpg.connect(self._url)
            try:
                async with connection.transaction():
                    await connection.execute("LOCK TABLE udi.count_line IN SHARE MODE")
                    return await self._killed_at_work(connection, *post)
            finally:
                connection.terminate()
        return False

    async def _killed_at_work(self, connection: asyncpg.Connection, *post: str) -> bool:
        process = await self._person.begin(*post)
        ending = asyncio.create_task(self._person.end())
        amid = False
        try:
            while not amid and not ending.done():
                await asyncio.sleep(POLL_SECONDS / 10)
                amid = await connection.fetchval(AT_WORK)
        finally:
            _kill(process)
            code, _ = await ending
        return amid and code == -signal.SIGKILL

    async def _until(self, question: str, answer: str) -> None:
        async with asyncio.timeout(PATIENCE_SECONDS):
            while True:
                with suppress(ReadingError):
                    if (await asyncio.to_thread(psql, self._url, question)).strip() == answer:
                        return
                await asyncio.sleep(POLL_SECONDS)
