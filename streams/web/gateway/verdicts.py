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
TOLD_MAX: Final = 500
"""Events of a stream that are sent in one go; a verdict has some hundred bytes."""
HANDED_MAX: Final = 200
"""Verdicts handed out before others have their turn."""
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


Told = tuple[str, bytes | None]
"""An event's id, and the verdict's body; `None`: it says only how far the stream is."""


class Stream:
    """One device's verdicts."""

    def __init__(self) -> None:
        self.queue: asyncio.Queue[Published | None] = asyncio.Queue(QUEUED_MAX + 1)

    def put(self, each: Published) -> None:
        """The next one; when the device is too far behind, its end."""
        if self.queue.qsize() < QUEUED_MAX:
            self.queue.put_nowait(each)
        elif not self.queue.full():
            self.queue.put_nowait(None)

    async def next(self) -> list[Published | None]:
        """What has come, as soon as anything has; `None` is the end.

        Raises:
            TimeoutError: nothing has come for a while.
        """
        found = [await bounded(self.queue.get(), KEEP_ALIVE_SECONDS)]
        while not self.queue.empty() and len(found) < TOLD_MAX:
            found.append(self.queue.get_nowait())
        return found


class Tail:
    """Reads what the books commit, while anybody listens, and hands it to whom it is for."""

    def __init__(self, books: VerdictBooks) -> None:
        self._books = books
        self._seen: dict[int, int] = {}
        self._streams: dict[bytes, set[Stream]] = {}
        self._waiting: dict[str, set[asyncio.Future[bytes]]] = {}
        self._task: asyncio.Task[None] | None = None
        self._beginning = asyncio.Lock()

    @property
    def listeners(self) -> int:
        """Streams and waiting scans."""
        return sum(map(len, self._streams.values())) + len(self._waiting)

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
        for each in [stream for streams in self._streams.values() for stream in streams]:
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

    @contextmanager
    def _listening(self, key: bytes) -> Iterator[Stream]:
        stream = Stream()
        self._streams.setdefault(key, set()).add(stream)
        try:
            yield stream
        finally:
            left = self._streams[key]
            left.discard(stream)
            if not left:
                del self._streams[key]

    async def events(self, key: bytes, last: Mapping[int, int] | None) -> AsyncIterator[list[Told]]:
        """A device's verdicts, those that have come together; now and then none.

        Args:
            key: of the device's records on the topic.
            last: how far it has seen each lane; `None` begins now.
        """
        with self._listening(key) as stream:
            await self.begin()
            until, seen = dict(self._seen), dict(self._seen if last is None else last)
            yield [(event_id(seen), None)]
            while last is not None:
                missed = await self._books.missed(seen, until, key, MISSED_MAX)
                yield _told(missed, seen)
                if len(missed) < MISSED_MAX:
                    break
            seen |= {lane: seq for lane, seq in until.items() if seq > seen.get(lane, 0)}
            while True:
                try:
                    found = await stream.next()
                except TimeoutError:
                    yield [(event_id(seen), None)]
                    continue
                yield _told((each for each in found if each is not None), seen)
                if None in found:
                    return

    async def _run(self) -> None:
        while self.listeners:
            try:
                found = await self._books.after(self._seen)
            except _AWAY as error:
                log.warning("Waiting for the database.", error=type(error).__name__)
                await asyncio.sleep(PAUSE_SECONDS)
                continue
            for place, each in enumerate(found, 1):
                self._seen[each.lane] = each.seq
                self._hand_out(each)
                if place % HANDED_MAX == 0:
                    await asyncio.sleep(0)
            if not found:
                await asyncio.sleep(POLL_SECONDS)

    def _hand_out(self, each: Published) -> None:
        for stream in self._streams.get(each.key, ()):
            stream.put(each)
        if self._waiting:
            scan = _scan_id(each.body)
            for future in self._waiting.get(scan, ()):
                if not future.done():
                    future.set_result(each.body)


def _told(found: Iterable[Published], seen: dict[int, int]) -> list[Told]:
    """What a stream has not seen yet; from then on it has."""
    told: list[Told] = []
    for each in found:
        if each.seq > seen.get(each.lane, 0):
            seen[each.lane] = each.seq
            told.append((event_id(seen), each.body))
    return told


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
