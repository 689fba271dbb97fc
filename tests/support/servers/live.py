"""A live installation: embedded broker and database, worker, scheduler and gateway as processes of their own."""

import asyncio
import subprocess
import threading
import time
import urllib.error
import urllib.request
import uuid
from collections.abc import Callable, Coroutine, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from functools import cache
from hashlib import sha256
from pathlib import Path
from typing import Any, TypeVar
from urllib.parse import urlencode

import asyncpg
import orjson
from aiokafka import AIOKafkaProducer
from typer.testing import CliRunner

from models.web.access import Role
from sinks.postgres.web.accounts import AccountBooks
from sinks.postgres.web.devices import Device as Stored
from sinks.postgres.web.devices import DeviceBooks
from streams.cli.main import app
from streams.embedded.broker import EmbeddedBroker
from streams.embedded.process import free_port
from streams.running import initialise
from streams.settings import Settings
from streams.web.keys import hash_key, new_key
from tests.oracle.processes import UDI, Service, environment
from tests.support.builders import BOX, DI, HOSPITAL, STORE, encounter, gtin, item, price
from tests.support.loops import run

T = TypeVar("T")


def opened(request: urllib.request.Request) -> "Answer":
    """What a server answers, and wherever it leads."""
    try:
        with _OPENER.open(request, timeout=120) as answer:
            return Answer(answer.status, _lower(answer.headers), answer.read())
    except urllib.error.HTTPError as error:
        return Answer(error.code, _lower(error.headers), error.read())


def _lower(headers: Any) -> dict[str, str]:
    """Headers by their names in lower case; of one that stands several times a line each."""
    return {name.lower(): "\n".join(headers.get_all(name)) for name in headers}


class _NoRedirect(urllib.request.HTTPRedirectHandler):
    """An answer that leads elsewhere is the answer."""

    def redirect_request(self, *_: Any) -> None:
        """Stay."""


_OPENER = urllib.request.build_opener(_NoRedirect)

READY_SECONDS_MAX = 240.0
ITEMS = (
    item(prices=[price("1234.00", None, None)], spec="3.5 mm"),
    item(
        item_code="NAIL", name="髓内钉", prices=[price("50.00", None, None)], tracking="serial",
        identifiers=[{"issuer": "GS1", "di": gtin(777), "units_per_package": 1}],
    ),
)  # fmt: skip
__all__ = ["BOX", "DI", "HOSPITAL", "STORE", "Device", "Live", "live"]


@dataclass(frozen=True, slots=True)
class Device:
    """A device that was added."""

    hospital: str
    device_id: str
    key: str


@dataclass(slots=True)
class Answer:
    """Of an HTTP request."""

    status: int
    headers: Mapping[str, str]
    body: bytes

    @property
    def json(self) -> Any:
        """The body."""
        return orjson.loads(self.body)


@dataclass(slots=True)
class Books:
    """The books as the tests ask them, over connections that stay: a new one plans and looks up everything anew.

    A statement is planned for its values each time, as over a new one.
    """

    address: str
    pool: asyncpg.Pool | None = None

    async def opened(self) -> asyncpg.Pool:
        """Connections of the loop in which it is asked, always the same one (`aside`)."""
        if self.pool is None:
            self.pool = await asyncpg.create_pool(self.address, min_size=1, max_size=2, statement_cache_size=0)
        return self.pool

    async def close(self) -> None:
        """Before the database is dropped."""
        if self.pool is not None:
            await self.pool.close()


@dataclass(slots=True)
class Live:
    """Where it is, and its processes."""

    settings: dict[str, str]
    port: int
    services: dict[str, Service]
    database: str
    folder: Path
    books: Books
    devices: dict[str, str] = field(default_factory=dict)

    @property
    def url(self) -> str:
        """Of the gateway."""
        return f"http://127.0.0.1:{self.port}"

    def udi(self, *arguments: str, status: int = 0) -> str:
        """A command as a person runs it."""
        done = subprocess.run([*UDI, *arguments], env=self.settings, capture_output=True, text=True, check=False)
        assert done.returncode == status, (arguments, done.returncode, done.stdout, done.stderr)
        return done.stdout

    def here(self, *arguments: str) -> str:
        """The same in this process, whose modules are loaded already: for what a test needs and does not look at."""
        with ThreadPoolExecutor(1) as thread:
            done = thread.submit(CliRunner().invoke, app, list(arguments), env=self.settings).result()
        assert done.exit_code == 0, (arguments, done.exit_code, done.output)
        return done.stdout

    def add_device(self, hospital: str = HOSPITAL, *, signs: bool = False, name: str | None = None) -> Device:
        """A new device, as `udi device add` makes it; or a revoked one anew."""
        key = new_key()
        made = Device(hospital, name or f"gun-{uuid.uuid4().hex[:8]}", key)
        signing = key.encode() if signs else None
        stored = Stored(hospital, made.device_id, hash_key(key), signing, STORE, None, datetime.now(UTC), None)
        assert self.asked(lambda pool: DeviceBooks(pool).add(stored, "test"))
        return made

    def signed_in(self, *roles: Role, hospital: str = HOSPITAL) -> dict[str, str]:
        """The header of somebody who is signed in with these roles."""
        name, secret = f"person-{uuid.uuid4().hex[:8]}", uuid.uuid4().hex

        async def sign_in(pool: asyncpg.Pool) -> None:
            await AccountBooks(pool).add(name, hospital, roles, "-", "test")
            await AccountBooks(pool).begin(name, sha256(secret.encode()).digest())

        self.asked(sign_in)
        return {"Cookie": f"udi_session={secret}"}

    def submit(self, path: str, form: Mapping[str, Any], headers: Mapping[str, str]) -> Answer:
        """A form as a page sends it."""
        kind = {"Content-Type": "application/x-www-form-urlencoded"}
        return self.call("POST", path, urlencode(form, doseq=True).encode(), kind | dict(headers))

    def asked(self, work: Callable[[asyncpg.Pool], Coroutine[Any, Any, T]]) -> T:
        """What comes of work with a pool of the books."""

        async def with_pool() -> T:
            return await work(await self.books.opened())

        return aside(with_pool())

    def call(
        self,
        method: str,
        path: str,
        body: Any = None,
        headers: Mapping[str, str] | None = None,
        port: int | None = None,
    ) -> Answer:
        """A request."""
        data = body if isinstance(body, bytes) or body is None else orjson.dumps(body)
        url = f"http://127.0.0.1:{port or self.port}{path}"
        request = urllib.request.Request(
            url, data, {"Content-Type": "application/json", **(headers or {})}, method=method
        )
        return opened(request)

    def token(self, device: Device) -> dict[str, str]:
        """The header with a token of the device."""
        wanted = {"hospital": device.hospital, "device_id": device.device_id, "key": device.key}
        answer = self.call("POST", "/v1/devices/token", wanted)
        assert answer.status == 200, answer.body
        return {"Authorization": f"Bearer {answer.json['access_token']}"}

    def rows(self, query: str, *arguments: Any) -> list[dict[str, Any]]:
        """Rows of the books."""

        async def ask() -> list[dict[str, Any]]:
            return [dict(row) for row in await (await self.books.opened()).fetch(query, *arguments)]

        return aside(ask())

    def until(self, query: str, *arguments: Any, seconds_max: float = 240.0) -> list[dict[str, Any]]:
        """Rows of the books, once there are any."""
        deadline = time.monotonic() + seconds_max
        while not (found := self.rows(query, *arguments)):
            assert time.monotonic() < deadline, (query, arguments, {n: s.log[-2000:] for n, s in self.services.items()})
            time.sleep(0.05)
        return found

    def publish(self, topic: str, records: Sequence[tuple[bytes, dict[str, Any] | bytes]], **headers: bytes) -> None:
        """Records onto a topic, beside the gateway."""

        async def send() -> None:
            async with AIOKafkaProducer(bootstrap_servers=self.settings["UDI_BOOTSTRAP_SERVERS"]) as producer:
                for key, value in records:
                    data = value if isinstance(value, bytes) else orjson.dumps(value)
                    await producer.send_and_wait(topic, data, key, headers=list(headers.items()))

        aside(send())

    @contextmanager
    def gateway(self, **settings: str) -> Iterator["Live"]:
        """One more gateway beside the others, with settings of its own; down when left."""
        port = free_port()
        own = self.settings | {"UDI_GATEWAY_PORT": str(port), **settings}
        service = Service(f"gateway-{port}", ["run", "gateway"], own, self.folder)
        service.start()
        try:
            yield Live(own, port, {"gateway": service}, self.database, self.folder, self.books)
        finally:
            service.kill()

    def wait_ready(self) -> None:
        """Until the gateway says it is."""
        deadline = time.monotonic() + READY_SECONDS_MAX
        while True:
            try:
                if self.call("GET", "/readyz").status == 200:
                    return
            except OSError:
                pass
            assert time.monotonic() < deadline, {name: each.log[-3000:] for name, each in self.services.items()}
            time.sleep(0.1)


@cache
def _loop() -> asyncio.AbstractEventLoop:
    """A loop that runs in a thread of its own until the process ends."""
    loop = asyncio.new_event_loop()
    threading.Thread(target=loop.run_forever, name="aside", daemon=True).start()
    return loop


def aside(coroutine: Coroutine[Any, Any, T]) -> T:
    """What the coroutine returns, run in another thread: playwright keeps a loop in this one."""
    return asyncio.run_coroutine_threadsafe(coroutine, _loop()).result()


def now_scan(device: Device, **changes: Any) -> dict[str, Any]:
    """A scan that a device makes now."""
    return {
        "schema": "udi.scan/1",
        "scan_id": str(uuid.uuid4()),
        "hospital": device.hospital,
        "device_id": device.device_id,
        "scanned_at": datetime.now(UTC).isoformat(),
        "action": "use",
        "codes": [f"]d201{DI}1739123110L1"],
        "quantity": 1,
        "store": STORE,
        "encounter": "E1",
    } | changes


def settings_of(own: Mapping[str, str]) -> Settings:
    """The settings that an environment holds."""
    fields = {f"UDI_{name.upper()}": name for name in Settings.model_fields}
    named = {fields[name]: value for name, value in own.items() if name in fields}
    groups = orjson.loads(named.get("oidc_roles", "{}"))
    return Settings(**{**named, "oidc_roles": groups})


@contextmanager
def live(database: str, folder: Path, **settings: str) -> Iterator[Live]:
    """Everything up, with two items and two encounters; down when left."""
    broker = EmbeddedBroker(folder / "broker")
    run(broker.start())
    port = free_port()
    own = environment(
        broker.bootstrap_servers, database, folder, embedded_broker="true", log_append_time="false", lanes="2",
        gateway_port=str(port), **settings,
    )  # fmt: skip
    run(initialise(settings_of(own)))
    services = {name: Service(name, ["run", name], own, folder) for name in ("worker", "scheduler", "gateway")}
    found = Live(own, port, services, database, folder, Books(database))
    admitted = (datetime.now(UTC) - timedelta(days=2)).isoformat()
    encounters = [encounter(encounter=name, admitted_at=admitted) for name in ("E1", "E2")]
    try:
        for each in services.values():
            each.start()
        found.publish("udi.catalogue", [(f"{HOSPITAL}/{each['item_code']}".encode(), each) for each in ITEMS])
        found.publish("udi.encounters", [(f"{HOSPITAL}/{each['encounter']}".encode(), each) for each in encounters])
        found.wait_ready()
        found.until("SELECT 1 FROM (SELECT count(*) n FROM udi.encounter) e, (SELECT count(*) n FROM udi.catalogue) c "
                    "WHERE e.n >= 2 AND c.n >= 2")  # fmt: skip
        yield found
    finally:
        for each in services.values():
            each.kill()
        aside(found.books.close())
        run(broker.stop())
