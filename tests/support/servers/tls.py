"""A certificate authority for a test, and a front that speaks TLS before a PostgreSQL that was built without it."""

import asyncio
import shutil
import ssl
import subprocess
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Final
from urllib.parse import urlsplit

MISSING: Final = "TLS was left out: it needs openssl on PATH"
_SSL_REQUEST: Final = bytes.fromhex("0000000804d2162f")
"""What a client of PostgreSQL sends before it begins TLS (protocol 3.0, "SSLRequest")."""


def available() -> bool:
    """Whether this machine can make certificates."""
    return shutil.which("openssl") is not None


@dataclass(frozen=True, slots=True)
class Authority:
    """Files of an authority that nobody knows, and of a server it vouches for."""

    ca: Path
    """PEM of the authority."""
    server: Path
    """PEM with the server's key and certificate in one, as Kafka and `ssl` read it; for `localhost` and 127.0.0.1."""

    @property
    def context(self) -> ssl.SSLContext:
        """Of the server."""
        made = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
        made.load_cert_chain(str(self.server))
        return made


def authority(folder: Path) -> Authority:
    """Make one; its names are valid for a month."""
    folder.mkdir(parents=True, exist_ok=True)
    extension = folder / "names"
    extension.write_text("subjectAltName=DNS:localhost,IP:127.0.0.1\n", encoding="utf-8")

    def openssl(*arguments: str) -> None:
        subprocess.run(["openssl", *arguments], cwd=folder, check=True, capture_output=True)

    key = ("-newkey", "rsa:2048", "-nodes")
    openssl("req", "-x509", *key, "-days", "30", "-subj", "/CN=test-ca", "-keyout", "ca.key", "-out", "ca.crt")
    openssl("req", *key, "-subj", "/CN=localhost", "-keyout", "server.key", "-out", "server.csr")
    signing = ("-CA", "ca.crt", "-CAkey", "ca.key", "-CAcreateserial", "-days", "30", "-extfile", "names")
    openssl("x509", "-req", "-in", "server.csr", *signing, "-out", "server.crt")
    pem = folder / "server.pem"
    pem.write_bytes((folder / "server.key").read_bytes() + (folder / "server.crt").read_bytes())
    pem.chmod(0o600)
    return Authority(folder / "ca.crt", pem)


@asynccontextmanager
async def postgres_behind_tls(url: str, known: Authority) -> AsyncIterator[int]:
    """A port that takes only TLS and passes on what a PostgreSQL at `url` says."""
    target = urlsplit(url)

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        if await reader.readexactly(8) != _SSL_REQUEST:
            writer.close()
            return
        writer.write(b"S")
        await writer.drain()
        with suppress(OSError, asyncio.IncompleteReadError):
            await writer.start_tls(known.context)
            back_reader, back_writer = await asyncio.open_connection(target.hostname, target.port)
            await asyncio.gather(_pump(reader, back_writer), _pump(back_reader, writer))

    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    try:
        yield server.sockets[0].getsockname()[1]
    finally:
        server.close()


async def _pump(source: asyncio.StreamReader, sink: asyncio.StreamWriter) -> None:
    with suppress(OSError):
        while data := await source.read(65_536):
            sink.write(data)
            await sink.drain()
    with suppress(OSError):
        sink.close()
