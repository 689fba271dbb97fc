"""One real Apache Kafka node for tests, from Maven artefacts; and the few topic commands tests need."""

import asyncio
import base64
import fcntl
import os
import shutil
import signal
import subprocess
import tempfile
import uuid
import xml.etree.ElementTree as ET
import zlib
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Final, Protocol

from aiokafka.admin import AIOKafkaAdminClient, NewTopic
from aiokafka.errors import KafkaError, for_code

from streams.embedded.process import LOOPBACK, EmbeddedPartError, Server, ServerProcess, accepts, free_port
from tests.support.servers.tls import Authority

POM: Final = Path(__file__).parents[3] / "deploy" / "kafka" / "pom.xml"
MISSING: Final = "real Kafka was left out: it needs java (17 or newer) and mvn on PATH"
START_SECONDS_MAX: Final = 240.0
GONE_SECONDS_MAX: Final = 120.0
JAVA_OPTIONS: Final = (
    "-Xmx512m",
    "-XX:+UseSerialGC",
    "-XX:TieredStopAtLevel=1",  # Tests live shorter than the second compiler needs to pay off.
    "-Djava.awt.headless=true",
    "-Dorg.slf4j.simpleLogger.defaultLogLevel=warn",
    "-Dorg.slf4j.simpleLogger.showDateTime=true",
)
SETTINGS: Final = {
    "process.roles": "broker,controller",
    "controller.listener.names": "CONTROLLER",
    "inter.broker.listener.name": "PLAINTEXT",
    "listener.security.protocol.map": "CONTROLLER:PLAINTEXT,PLAINTEXT:PLAINTEXT,FAULT:PLAINTEXT",
    "offsets.topic.replication.factor": "1",
    "offsets.topic.num.partitions": "4",
    "transaction.state.log.replication.factor": "1",
    "transaction.state.log.min.isr": "1",
    "transaction.state.log.num.partitions": "4",
    "default.replication.factor": "1",
    "min.insync.replicas": "1",
    "auto.create.topics.enable": "false",
    "group.initial.rebalance.delay.ms": "0",
    "group.min.session.timeout.ms": "1000",
    "num.network.threads": "2",
    "num.io.threads": "4",
    "log.cleaner.dedupe.buffer.size": "16777216",
    # A restart after kill -9 waits until the old registration has expired: 5 s instead of 13 s.
    "broker.session.timeout.ms": "3000",
    "broker.heartbeat.interval.ms": "500",
}


class Broker(Protocol):
    """What a test may ask of a broker, embedded or real."""

    bootstrap_servers: str
    cluster_id: str

    async def start(self) -> None:
        """Start it and wait until it answers; nothing happens when it runs."""

    async def stop(self) -> None:
        """Stop it in order."""

    async def kill(self) -> None:
        """End it with SIGKILL."""


def available() -> bool:
    """Whether this machine can run a real Kafka."""
    return shutil.which("java") is not None and (shutil.which("mvn") is not None or _library().exists())


def version() -> str:
    """Kafka's version, from the one place that names it."""
    found = ET.parse(POM).getroot().find(".//{*}kafka.version")  # noqa: S314  # Our own file.
    assert found is not None
    return str(found.text)


def _program() -> str:
    java = shutil.which("java")
    assert java is not None, MISSING
    return java


def _library() -> Path:
    cache = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache")
    return cache / "udistream" / f"kafka-{version()}"


def jars() -> Path:
    """The folder of the broker's jars; downloaded once per user, whoever else asks at the same time."""
    library = _library()
    library.parent.mkdir(parents=True, exist_ok=True)
    with library.with_suffix(".lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not library.exists():
            with tempfile.TemporaryDirectory(dir=library.parent) as unfinished:
                command = ["mvn", "-q", "-B", "-f", str(POM), "dependency:copy-dependencies", "-DincludeScope=runtime"]
                target = Path(unfinished) / "jars"
                result = subprocess.run(
                    [*command, f"-DoutputDirectory={target}"], capture_output=True, text=True, check=False
                )
                if result.returncode != 0:
                    raise EmbeddedPartError(f"Kafka's jars were not downloaded:\n{result.stdout[-4000:]}")
                target.rename(library)
    return library


def _archive() -> Path:
    java = Path(_program()).resolve()
    known = zlib.crc32(f"{java} {java.stat().st_mtime_ns} {JAVA_OPTIONS}".encode())
    library = _library()
    library.parent.mkdir(parents=True, exist_ok=True)
    return library.parent / f"kafka-{version()}-{known:08x}.jsa"


async def archive() -> Path:
    """The classes that a node loads, as the JVM archives them: 1.8 instead of 3.2 s of CPU to start and stop one.

    Made once per user by a node that lives for it, whoever else asks at the same time; another Java makes another.
    """
    path = _archive()
    with path.with_suffix(".lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not path.exists():
            with tempfile.TemporaryDirectory(dir=path.parent) as unfinished:
                made = Path(unfinished) / "classes.jsa"
                node = RealKafka(Path(unfinished), classes=f"-XX:ArchiveClassesAtExit={made}")
                await node.start()
                await node.stop()
                if made.exists():  # A machine so busy that it was killed before: without one it starts all the same.
                    made.rename(path)
    return path


SASL_USER: Final = "udi"
SASL_PASSWORD: Final = "a password of tests"  # noqa: S105 -- of a broker that lives for one test


def sasl_ssl(known: Authority, *, super_users: str = f"User:{SASL_USER};User:ANONYMOUS") -> dict[str, str]:
    """Settings of a broker that also has the listener SECURE: TLS, a password, and nothing for strangers.

    The plain listeners stay, for tests that look from outside; who comes there is ANONYMOUS.
    """
    return {
        "listener.security.protocol.map": SETTINGS["listener.security.protocol.map"] + ",SECURE:SASL_SSL",
        "sasl.enabled.mechanisms": "SCRAM-SHA-512",
        "listener.name.secure.scram-sha-512.sasl.jaas.config":
            "org.apache.kafka.common.security.scram.ScramLoginModule required;",
        "ssl.keystore.type": "PEM",
        "ssl.keystore.location": str(known.server),
        "ssl.truststore.type": "PEM",
        "ssl.truststore.location": str(known.ca),
        "authorizer.class.name": "org.apache.kafka.metadata.authorizer.StandardAuthorizer",
        "super.users": super_users,
        "allow.everyone.if.no.acl.found": "false",
    }  # fmt: skip


class RealKafka(Server):
    """A Kafka node on 127.0.0.1 whose data stay in `data_dir` over a restart of this object.

    Args:
        data_dir: folder of settings, logs and data; made when absent.
        settings: further broker settings, as in `server.properties`.
        security: those of `sasl_ssl`, for a listener that takes TLS and a password.
        users: who may come there, with `SASL_PASSWORD`.
        node_id: of this node among those of its cluster.
        classes: what the JVM is told of an archive of classes; `None`: `archive`.

    Attributes:
        bootstrap_servers: `127.0.0.1:port`.
        cluster_id: of this data folder; the same for all nodes of a cluster.
        voter: this node as a controller, `id@host:port`.
        voters: the controllers of the cluster; this node alone, unless said otherwise before the first start.
        fault_port: a second listener, which tells clients to come to `proxy_port`: a `FaultProxy` from there to
            here stays between a client and the broker for all connections.
        proxy_port: where the proxy has to listen.
        secure_servers: `localhost:port` of the listener with TLS, when there is one.
    """

    stop_steps = ((signal.SIGTERM, 30.0),)

    def __init__(
        self,
        data_dir: Path,
        *,
        settings: Mapping[str, str] | None = None,
        security: Mapping[str, str] | None = None,
        users: Sequence[str] = (SASL_USER,),
        node_id: int = 1,
        classes: str | None = None,
    ) -> None:
        super().__init__()
        self._data_dir = data_dir
        self._settings = dict(settings or {}) | dict(security or {})
        self._users = users if security else ()
        ports = sorted({free_port() for _ in range(9)})[:5]
        self._port, self._controller_port, self.fault_port, self.proxy_port, secure_port = ports
        self._secure = f"SECURE://{LOOPBACK}:{secure_port}" if security else None
        self.bootstrap_servers = f"{LOOPBACK}:{self._port}"
        self.secure_servers = f"localhost:{secure_port}"
        self._node_id, self._classes = node_id, classes
        self.voter = f"{node_id}@{LOOPBACK}:{self._controller_port}"
        self.voters = [self.voter]
        # A leading "-" would be read as an option by the formatter.
        self.cluster_id = "u" + base64.urlsafe_b64encode(uuid.uuid4().bytes).decode().rstrip("=")[1:]

    @property
    def pid(self) -> int:
        """Process id of the run that began last, to freeze it with SIGSTOP or to read its CPU time."""
        assert self._process is not None
        return self._process.pid

    async def start(self) -> None:
        """Start the node, with the data it had, and wait until it answers; nothing happens when it runs."""
        if self.running:
            return
        self._classes = self._classes or f"-XX:SharedArchiveFile={await archive()}"
        properties = self._write_properties()
        if not (self._data_dir / "data" / "meta.properties").exists():
            await self._format(properties)
        self._process = self._java("kafka.Kafka", str(properties))
        try:
            answered = await self._process.answers(self._answers, START_SECONDS_MAX)
        except BaseException:
            await self.kill()
            raise
        if not answered:
            raise EmbeddedPartError(f"Kafka did not start. {self._process.failure()}")

    async def _answers(self) -> bool:
        if not await accepts(self._port):
            return False
        admin = AIOKafkaAdminClient(bootstrap_servers=self.bootstrap_servers)
        try:
            await admin.start()
            return bool((await admin.describe_cluster())["brokers"])
        except (KafkaError, OSError):
            return False
        finally:
            await admin.close()

    async def _format(self, properties: Path) -> None:
        scram = [f"SCRAM-SHA-512=[name={name},password={SASL_PASSWORD}]" for name in self._users]
        users = [part for each in scram for part in ("--add-scram", each)]
        process = self._java("kafka.tools.StorageTool", "format", "-t", self.cluster_id, "-c", str(properties), *users)

        async def never() -> bool:
            return False

        await process.answers(never, START_SECONDS_MAX)
        if process.return_code != 0:
            raise EmbeddedPartError(f"Kafka's data folder was not made. {process.failure()}")

    def _java(self, *arguments: str) -> ServerProcess:
        return ServerProcess(
            [_program(), *JAVA_OPTIONS, str(self._classes), "-cp", f"{jars()}/*", *arguments],
            log=self._data_dir / "kafka.log",
            folder=self._data_dir,
            environment={"PATH": os.environ["PATH"], "LC_ALL": "C.UTF-8", "TZ": "UTC"},
        )

    def _write_properties(self) -> Path:
        self._data_dir.mkdir(parents=True, exist_ok=True)
        public, fault = f"PLAINTEXT://{self.bootstrap_servers}", f"FAULT://{LOOPBACK}"
        secure = f",{self._secure}" if self._secure else ""
        known_as = secure.replace(LOOPBACK, "localhost")
        settings = {
            **SETTINGS,
            "node.id": str(self._node_id),
            "controller.quorum.voters": ",".join(self.voters),
            "listeners": f"{public},{fault}:{self.fault_port},CONTROLLER://{LOOPBACK}:{self._controller_port}{secure}",
            "advertised.listeners": f"{public},{fault}:{self.proxy_port}{known_as}",
            "log.dirs": str(self._data_dir / "data"),
            **self._settings,
        }
        path = self._data_dir / "server.properties"
        path.write_text("".join(f"{name}={value}\n" for name, value in settings.items()), encoding="utf-8")
        return path


async def create_topics(
    bootstrap_servers: str, partitions: Mapping[str, int], *, log_append_time: bool = False
) -> None:
    """Create topics, by name with their number of partitions.

    Args:
        bootstrap_servers: of the broker.
        partitions: number of partitions by name of topic.
        log_append_time: the broker's clock stamps the records, not the producer's. Tansu ignores it.

    Raises:
        KafkaError: a topic exists or was refused.
    """
    configs = {"message.timestamp.type": "LogAppendTime"} if log_append_time else {}
    topics = [
        NewTopic(name, num_partitions=count, replication_factor=1, topic_configs=configs)
        for name, count in partitions.items()
    ]
    async with _Admin(bootstrap_servers) as admin:
        response = await admin.create_topics(topics)
    for name, code, *_ in response.topic_errors:
        if code:
            raise for_code(code)(name)


async def delete_all_topics(bootstrap_servers: str) -> None:
    """Delete every topic that is not the broker's own, and with them what groups have committed for them.

    They are gone when this returns, and may be made anew.
    """
    async with _Admin(bootstrap_servers) as admin, asyncio.timeout(GONE_SECONDS_MAX):
        while names := [name for name in await admin.list_topics() if not name.startswith("__")]:
            await admin.delete_topics(names)
            await asyncio.sleep(0.05)


class _Admin:
    """An admin client as a context."""

    def __init__(self, bootstrap_servers: str) -> None:
        self._client = AIOKafkaAdminClient(bootstrap_servers=bootstrap_servers)

    async def __aenter__(self) -> Any:
        await self._client.start()
        return self._client

    async def __aexit__(self, *_: object) -> None:
        await self._client.close()
