"""A TCP proxy that misbehaves on demand: cuts, delays, and loses replies that the server has given."""

import asyncio
from contextlib import suppress
from types import TracebackType
from typing import Final, Self

from streams.embedded.process import LOOPBACK, free_port

CHUNK: Final = 65_536


class FaultProxy:
    """A proxy on 127.0.0.1 in the test's own event loop, faithful until told otherwise.

    Args:
        target_port: port of the server on 127.0.0.1.
        port: port to listen on; `None`: a free one.

    Attributes:
        port: where clients connect.
        delay_seconds: how long every chunk waits, in each direction.
        replies_lost: while true, what the server says is read and thrown away.
        refusing: while true, new connections are closed at once.
        connections: number of connections accepted so far.
        lost_bytes: number of bytes of the server that were thrown away so far.
    """

    def __init__(self, target_port: int, *, port: int | None = None) -> None:
        self.port = port or free_port()
        self.delay_seconds = 0.0
        self.replies_lost = False
        self.refusing = False
        self.connections = 0
        self.lost_bytes = 0
        self._target_port = target_port
        self._marker: bytes | None = None
        self._doomed: set[asyncio.StreamWriter] = set()
        self._writers: set[asyncio.StreamWriter] = set()
        self._tasks: set[asyncio.Task[None]] = set()
        self._server: asyncio.Server | None = None

    def cut(self) -> None:
        """Reset every connection now, both ways; new ones are served unless `refusing`."""
        for writer in list(self._writers):
            writer.transport.abort()

    def lose_reply_to(self, marker: bytes) -> None:
        """Once: let the next request with these bytes through, throw its reply away, then cut that connection.

        The server has done what was asked and the client cannot know: `b"COMMIT"` makes a commit's outcome unknown.
        """
        self._marker = marker

    async def __aenter__(self) -> Self:
        """Listen."""
        self._server = await asyncio.start_server(self._serve, LOOPBACK, self.port)
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Cut everything and listen no more."""
        assert self._server is not None
        self._server.close()
        self.cut()
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        await self._server.wait_closed()

    async def _serve(self, client_reader: asyncio.StreamReader, client: asyncio.StreamWriter) -> None:
        self.connections += 1
        if self.refusing:
            client.transport.abort()
            return
        try:
            server_reader, server = await asyncio.open_connection(LOOPBACK, self._target_port)
        except OSError:
            client.transport.abort()
            return
        self._writers |= {client, server}
        both = {
            asyncio.create_task(self._requests(client_reader, server, client)),
            asyncio.create_task(self._replies(server_reader, client)),
        }
        self._tasks |= both
        try:
            await asyncio.wait(both, return_when=asyncio.FIRST_COMPLETED)
        finally:
            for task in both:
                task.cancel()
            self._tasks -= both
            self._writers -= {client, server}
            self._end(client, server)

    def _end(self, client: asyncio.StreamWriter, server: asyncio.StreamWriter) -> None:
        """Close both sides after what is under way has been sent; a doomed client is reset."""
        server.close()
        if client in self._doomed:
            self._doomed.remove(client)
            client.transport.abort()
        else:
            client.close()

    async def _requests(
        self, reader: asyncio.StreamReader, server: asyncio.StreamWriter, client: asyncio.StreamWriter
    ) -> None:
        seen = b""
        with suppress(OSError):
            while chunk := await reader.read(CHUNK):
                await asyncio.sleep(self.delay_seconds)
                if self._marker is None:
                    seen = b""
                elif self._marker in seen + chunk:
                    self._marker = None
                    self._doomed.add(client)
                else:
                    seen = (seen + chunk)[-len(self._marker) :]  # It may be split between two chunks.
                server.write(chunk)
                await server.drain()

    async def _replies(self, reader: asyncio.StreamReader, client: asyncio.StreamWriter) -> None:
        with suppress(OSError):
            while chunk := await reader.read(CHUNK):
                await asyncio.sleep(self.delay_seconds)
                if client in self._doomed:
                    self.lost_bytes += len(chunk)
                    return
                if self.replies_lost:
                    self.lost_bytes += len(chunk)
                    continue
                client.write(chunk)
                await client.drain()
