"""Verdicts as they come: to requests that wait for them, and as events that a device can take up where it stopped.

The id of an event says how far each lane was seen, `lane:number,…`; so any gateway can go on from it.
"""

import asyncio
from collections.abc import AsyncIterator, Iterable, Iterator, Mapping
from contextlib import contextmanager, suppress
from typing import Final
from uuid import UUID

import asyncpg
import structlog

from sinks.postgres.web.verdicts import Published, VerdictBooks
from streams.waiting import bounded

log = structlog.get_logger(__name__)

POLL_SECONDS: Final = 0.02
"""Between two looks while somebody waits; nobody looks while nobody does."""
PAUSE_SECONDS: Final = 1.0
KEEP_ALIVE_SECONDS: Final = 15.0
QUEUED_MAX: Final = 5_000
"""Verdicts one device may be behind; then its stream ends and it takes up from its last event."""
MISSED_MAX: Final = 1_000
LANES_MAX: Final = 1_000
_AWAY = (asyncpg.PostgresError, asyncpg.InterfaceError, OSError, TimeoutError)


def event_id(seen: Mapping[int, int]) -> str:
    """How far each lane was seen, as the id of an event."""
    return ",".join(f"{lane}:{seq}" for lane, seq in sorted(seen.items()))


def seen_of(text: str) -> dict[int, int]:
    """What an event's id says.

    Raises:
        ValueError: it is no id of ours.
    """
    seen = {}
    for part in text.split(",") if text else ():
        lane, colon, seq = part.partition(":")
        if not (colon and lane.isascii() and seq.isascii() and lane.isdigit() and seq.isdigit()):
            raise ValueError(f"Expected lane:number, got {part[:40]!r}.")
        if int(lane) > LANES_MAX or len(seq) > 18:
            raise ValueError(f"Expected a lane and a number of this installation, got {part[:40]!r}.")
        seen[int(lane)] = int(seq)
    return seen


class Stream:
    """One device's verdicts."""

    def __init__(self, key: bytes) -> None:
        self.key = key
        self.queue: asyncio.Queue[Published | None] = asyncio.Queue(QUEUED_MAX + 1)

    def put(self, each: Published) -> None:
        """The next one; when the device is too far behind, its end."""
        if self.queue.qsize() < QUEUED_MAX:
            self.queue.put_nowait(each)
        elif not self.queue.full():
            self.queue.put_nowait(None)


class Tail:
    """Reads what the books commit, while anybody listens, and hands it to whom it is for."""

    def __init__(self, books: VerdictBooks) -> None:
        self._books = books
        self._seen: dict[int, int] = {}
        self._streams: set[Stream] = set()
        self._waiting: dict[str, set[asyncio.Future[bytes]]] = {}
        self._task: asyncio.Task[None] | None = None
        self._beginning = asyncio.Lock()

    @property
    def listeners(self) -> int:
        """Streams and waiting scans."""
        return len(self._streams) + len(self._waiting)

    async def begin(self) -> None:
        """From now on nothing is missed, as long as somebody listens."""
        async with self._beginning:
            if self._task is None or self._task.done():
                self._seen = await self._books.ends()
                self._task = asyncio.create_task(self._run(), name="verdicts")

    async def stop(self) -> None:
        """End."""
        if self._task is not None:
            self._task.cancel()
            await asyncio.gather(self._task, return_exceptions=True)
        for each in list(self._streams):
            with suppress(asyncio.QueueFull):
                each.queue.put_nowait(None)

    @contextmanager
    def waiting(self, scan_ids: Iterable[UUID]) -> Iterator["Waiting"]:
        """Verdicts of these scans from now on."""
        waiting = Waiting({str(each): asyncio.get_running_loop().create_future() for each in scan_ids})
        for scan, future in waiting.futures.items():
            self._waiting.setdefault(scan, set()).add(future)
        try:
            yield waiting
        finally:
            for scan, future in waiting.futures.items():
                left = self._waiting[scan]
                left.discard(future)
                if not left:
                    del self._waiting[scan]

    async def events(self, key: bytes, last: Mapping[int, int] | None) -> AsyncIterator[tuple[str, bytes | None]]:
        """A device's verdicts, each with its event id; `None` now and then when there is none.

        Args:
            key: of the device's records on the topic.
            last: how far it has seen each lane; `None` begins now.
        """
        stream = Stream(key)
        self._streams.add(stream)
        try:
            await self.begin()
            until, seen = dict(self._seen), dict(self._seen if last is None else last)
            yield event_id(seen), None
            while last is not None:
                missed = await self._books.missed(seen, until, key, MISSED_MAX)
                for each in missed:
                    seen[each.lane] = each.seq
                    yield event_id(seen), each.body
                if len(missed) < MISSED_MAX:
                    break
            seen |= {lane: seq for lane, seq in until.items() if seq > seen.get(lane, 0)}
            while True:
                try:
                    next_ = await bounded(stream.queue.get(), KEEP_ALIVE_SECONDS)
                except TimeoutError:
                    yield event_id(seen), None
                    continue
                if next_ is None:
                    return
                if next_.seq > seen.get(next_.lane, 0):
                    seen[next_.lane] = next_.seq
                    yield event_id(seen), next_.body
        finally:
            self._streams.discard(stream)

    async def _run(self) -> None:
        while self.listeners:
            try:
                found = await self._books.after(self._seen)
            except _AWAY as error:
                log.warning("Waiting for the database.", error=type(error).__name__)
                await asyncio.sleep(PAUSE_SECONDS)
                continue
            for each in found:
                self._seen[each.lane] = each.seq
                self._hand_out(each)
            if not found:
                await asyncio.sleep(POLL_SECONDS)

    def _hand_out(self, each: Published) -> None:
        for stream in self._streams:
            if stream.key == each.key:
                stream.put(each)
        if self._waiting:
            scan = _scan_id(each.body)
            for future in self._waiting.get(scan, ()):
                if not future.done():
                    future.set_result(each.body)


class Waiting:
    """Verdicts that a request waits for."""

    def __init__(self, futures: dict[str, asyncio.Future[bytes]]) -> None:
        self.futures = futures

    async def verdicts(self, seconds: float) -> dict[str, bytes]:
        """What has come in time, by scan id."""
        if self.futures:
            await asyncio.wait(self.futures.values(), timeout=seconds)
        return {scan: future.result() for scan, future in self.futures.items() if future.done()}


_MARK = b'"scan_id":"'


def _scan_id(body: bytes) -> str:
    """The scan id in a verdict's body, which we have written ourselves."""
    at = body.find(_MARK) + len(_MARK)
    return body[at : at + 36].decode("ascii", "replace")
