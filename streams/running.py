"""The long-running services: worker, relay, scheduler, gateway; alone, or all together over embedded parts.

Each loads what it is made of when it starts: no other needs it, nor does who makes tables or minds the services.
"""

import asyncio
import gc
import json
import os
import signal
import sys
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, Final

import asyncpg
import structlog

from sinks.postgres.database import check_books, migrate, open_pool_patiently
from sinks.postgres.outbox import Outbox
from streams.embedded.broker import EmbeddedBroker
from streams.embedded.database import EmbeddedDatabase
from streams.embedded.folder import EMBEDDED_FILE, Purpose, occupied
from streams.embedded.process import ending_with_us
from streams.ready import until_ready
from streams.settings import Settings, SettingsError, addresses, resolve
from streams.topics import cluster_id, create_topics
from streams.waiting import bounded

if TYPE_CHECKING:
    from streams.services.watching import Watching

log = structlog.get_logger(__name__)

SERVICES = ("worker", "relay", "scheduler", "gateway")
RESTART_SECONDS = 1.0
YOUNG: Final = MappingProxyType({"autovacuum_naptime": "5s"})
"""Of the embedded database: books that grow from nothing within a minute get the statistics that plans are made by."""
END_SECONDS_MAX = 10.0
"""How long a service has to end in order before it is killed."""


async def initialise(settings: Settings) -> list[str]:
    """Migrate the database and make the topics. Idempotent; gives the names of topics made."""
    await migrate(settings.database(), settings.topic_prefix, settings.lanes, settings.zone)
    return await create_topics(settings)


def run_worker(settings: Settings) -> None:
    """The worker, an ordinary Faust worker, until a signal ends it."""
    from streams.app import FaustWorker, make_app  # noqa: PLC0415 -- see above
    from streams.lanes.partitions import patiently  # noqa: PLC0415 -- see above

    # What was imported lives for ever, and a batch makes no cycles: collecting less often is worth a third of the CPU.
    gc.freeze()
    gc.set_threshold(100_000, 50, 100)
    # Faust's own producer gives up when the broker is away at the start; so nothing of it starts before.
    asyncio.run(patiently("broker", lambda: cluster_id(settings)))
    asyncio.run(check_world(settings))
    app = make_app(settings)
    worker = FaustWorker(app, loglevel="WARNING", quiet=True, redirect_stdouts=False, override_logging=False)
    worker.execute_from_commandline()


async def check_world(settings: Settings) -> None:
    """See that the books are those of these settings; waits for a database that is away.

    Raises:
        WrongBooksError: They are not.
    """
    pool = await open_pool_patiently(settings.database(), 1)
    try:
        await check_books(pool, settings.topic_prefix, settings.lanes, settings.zone)
    finally:
        pool.terminate()


async def run_relay_service(settings: Settings) -> None:
    """The relay until it is cancelled."""
    from streams.services.relay.service import run_relay  # noqa: PLC0415 -- see above

    await _watched("relay", settings, 7, lambda pool, watching: run_relay(settings, Outbox(pool), watching))


async def run_scheduler_service(settings: Settings) -> None:
    """The scheduler until it is cancelled."""
    from streams.services.scheduler import run_scheduler  # noqa: PLC0415 -- see above

    await _watched(
        "scheduler", settings, 4,
        lambda pool, watching: run_scheduler(settings, pool, watching.metrics.internal_error, environment(settings)),
    )  # fmt: skip


async def _watched(
    name: str, settings: Settings, connections: int, service: Callable[[asyncpg.Pool, "Watching"], Awaitable[None]]
) -> None:
    from streams.services.watching import Watching  # noqa: PLC0415 -- see above

    pool = await open_pool_patiently(settings.database(), connections)
    watching = Watching(settings, name)
    try:
        await check_books(pool, settings.topic_prefix, settings.lanes, settings.zone)
        async with watching.running(pool):
            await service(pool, watching)
    finally:
        pool.terminate()


def until_signal(service: Callable[[], Awaitable[Any]]) -> None:
    """Run a service until SIGINT or SIGTERM."""

    async def main() -> None:
        task = asyncio.ensure_future(service())
        loop = asyncio.get_running_loop()
        for number in (signal.SIGINT, signal.SIGTERM):
            loop.add_signal_handler(number, task.cancel)
        try:
            await task
        except asyncio.CancelledError:
            log.info("Stopped.")

    asyncio.run(main())


@asynccontextmanager
async def embedded_parts(settings: Settings, purpose: Purpose = Purpose.RUN) -> AsyncIterator[Settings]:
    """Broker and database in the data folder, ready to use, and the settings that point to them.

    Raises:
        FolderError: the folder can't be used for it, or somebody runs in it.
    """
    folder = settings.data_dir
    async with AsyncExitStack() as stack:
        stack.enter_context(occupied(folder, purpose))
        database = await stack.enter_async_context(EmbeddedDatabase(folder / "postgres", settings=YOUNG))
        broker = await stack.enter_async_context(EmbeddedBroker(folder / "broker"))
        found = {"bootstrap_servers": broker.bootstrap_servers, "database_url": database.url}
        resolved = settings.model_copy(update=addresses(found))
        await initialise(resolved)
        file = folder / EMBEDDED_FILE
        file.touch(mode=0o600)
        file.write_text(json.dumps(found), encoding="utf-8")
        try:
            yield resolved
        finally:
            file.unlink(missing_ok=True)


def environment(settings: Settings) -> dict[str, str]:
    """What a service's process needs to run with these settings: addresses of embedded parts by the environment."""
    assert settings.database_url is not None  # noqa: S101 -- resolved settings
    return os.environ | {
        "UDI_BOOTSTRAP_SERVERS": str(settings.bootstrap_servers),
        "UDI_DATABASE_URL": settings.database_url.get_secret_value(),
        "UDI_EMBEDDED_BROKER": str(settings.embedded_broker).lower(),
        "UDI_LOG_APPEND_TIME": str(settings.log_append_time).lower(),
        "UDI_DATA_DIR": str(settings.data_dir),
        "UDI_LANES": str(settings.lanes),
        "UDI_TOPIC_PREFIX": settings.topic_prefix,
        "UDI_GATEWAY_PORT": str(settings.gateway_port),
    }


class Supervisor:
    """Services as child processes: started, restarted when they end, ended together."""

    def __init__(
        self,
        settings: Settings,
        services: Sequence[str],
        log_folder: Path | None = None,
        *,
        end_seconds_max: float = END_SECONDS_MAX,
    ) -> None:
        self._end_seconds_max = end_seconds_max
        self._settings = settings
        self._services = services
        self._log_folder = log_folder
        self._tasks: list[asyncio.Task[None]] = []
        self._processes: list[asyncio.subprocess.Process] = []

    async def __aenter__(self) -> "Supervisor":
        self._tasks = [asyncio.create_task(self._keep(service)) for service in self._services]
        return self

    async def __aexit__(self, *_: object) -> None:
        for task in self._tasks:
            task.cancel()
        for process in self._processes:
            if process.returncode is None:
                process.terminate()
        for process in self._processes:
            try:
                await bounded(process.wait(), self._end_seconds_max)
            except TimeoutError:
                process.kill()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    async def wait(self) -> None:
        """Until one of them can't be kept running."""
        await asyncio.gather(*self._tasks)

    async def _keep(self, service: str) -> None:
        while True:
            file = (self._log_folder / f"{service}.log").open("ab") if self._log_folder else None
            process = await asyncio.create_subprocess_exec(
                *_service_command(service), env=environment(self._settings), start_new_session=True,
                stdin=asyncio.subprocess.DEVNULL, stdout=file, stderr=file,
            )  # fmt: skip
            self._processes.append(process)
            code = await process.wait()
            self._processes.remove(process)
            if file:
                file.close()
            log.warning("A service ended; starting it anew.", service=service, code=code)
            await asyncio.sleep(RESTART_SECONDS)


def _service_command(service: str) -> list[str]:
    """A service that ends with this process; a terminal's Ctrl-C reaches only the parent, which ends them in order."""
    return ending_with_us([sys.executable, "-m", "streams", "run", service], signal.SIGTERM)


def run_one(service: str, settings: Settings) -> None:
    """One service in this process until a signal ends it."""
    if service == "worker":
        run_worker(settings)
    elif service == "relay":
        until_signal(lambda: run_relay_service(settings))
    elif service == "gateway":
        from streams.services.gateway import run_gateway  # noqa: PLC0415 -- see above

        until_signal(lambda: run_gateway(settings))
    else:
        until_signal(lambda: run_scheduler_service(settings))


def run_together(settings: Settings, names: Sequence[str], ready: Callable[[Settings], None] = lambda _: None) -> None:
    """Services as child processes of this one; over embedded parts when no addresses are set.

    Args:
        settings: Without addresses the parts are embedded.
        names: Of the services.
        ready: Told, with the addresses, when all of them are at work.
    """
    if settings.health_port and len(names) > 1:
        raise SettingsError(
            "Expected UDI_HEALTH_PORT unset or 0 for several services at once: each needs its own port."
        )

    async def keep(resolved: Settings) -> None:
        async def tell() -> None:
            await until_ready(resolved, names)
            ready(resolved)

        async with Supervisor(resolved, names) as supervisor, asyncio.TaskGroup() as group:
            group.create_task(tell(), name="ready")
            group.create_task(supervisor.wait(), name="services")

    async def with_embedded_parts() -> None:
        async with embedded_parts(settings) as resolved:
            log.info(
                "Embedded parts are up.", bootstrap_servers=resolved.bootstrap_servers, data_dir=str(settings.data_dir)
            )
            await keep(resolved)

    until_signal(with_embedded_parts if settings.embedded else lambda: keep(resolve(settings)))
