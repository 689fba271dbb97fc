"""What a process says of itself over HTTP: alive, ready, counted.

`/healthz` answers as long as the event loop turns. `/readyz` says whether the process does its work, with reasons.
`/metrics` is for Prometheus. Nothing here needs a login: no answer holds an item, a patient, a person or a code.

References:
    docs/contract.md, section "HTTP"; docs/operations.md.
"""

from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass

from aiohttp import web
from prometheus_client.exposition import CONTENT_TYPE_PLAIN_0_0_4

from sinks.metrics.counts import Metrics


@dataclass(frozen=True, slots=True)
class Readiness:
    """Whether a process does its work; ready when there is no reason why not."""

    reasons: tuple[str, ...] = ()
    """Why it is not ready, one sentence each."""

    @property
    def ready(self) -> bool:
        """Nothing stands in the way."""
        return not self.reasons


@dataclass(slots=True)
class Contact:
    """What a process last heard of what it needs, and what it holds. The shell writes it, `readiness` judges it."""

    broker: bool = False
    """The broker answered when last asked."""
    database: bool = False
    """The database answered when last asked."""
    assigned: int | None = None
    """Input partitions in this process's hands; `None` for a process that reads none."""
    lag_records: int = 0
    """Records that wait in any input partition, in whose hands ever."""
    stopped: str | None = None
    """Why a partition stands still until a person has looked."""

    def readiness(self) -> Readiness:
        """Ready when broker and database answer, nothing is stopped, and what waits has somebody who works on it."""
        reasons = []
        if not self.broker:
            reasons.append("The broker does not answer.")
        if not self.database:
            reasons.append("The database does not answer.")
        if self.assigned == 0 and self.lag_records > 0:
            reasons.append(f"No partition is assigned, and {self.lag_records} records wait.")
        if self.stopped is not None:
            reasons.append(f"Stopped: a person must look. {self.stopped}")
        return Readiness(tuple(reasons))


def health_app(metrics: Metrics, readiness: Callable[[], Readiness]) -> web.Application:
    """`/healthz`, `/readyz`, `/metrics`.

    Args:
        metrics: of this process; `udi_ready` is set when they are asked for.
        readiness: judged at every request; must not block.
    """

    async def healthz(_: web.Request) -> web.Response:
        return web.json_response({"alive": True})

    async def readyz(_: web.Request) -> web.Response:
        now = readiness()
        body = {"ready": now.ready, "reasons": list(now.reasons)}
        return web.json_response(body, status=200 if now.ready else 503)

    async def exposition(_: web.Request) -> web.Response:
        metrics.ready(readiness().ready)
        return web.Response(body=metrics.text(), headers={"Content-Type": CONTENT_TYPE_PLAIN_0_0_4})

    app = web.Application()
    app.router.add_get("/healthz", healthz)
    app.router.add_get("/readyz", readyz)
    app.router.add_get("/metrics", exposition)
    return app


@asynccontextmanager
async def serve(app: web.Application, host: str, port: int) -> AsyncIterator[int]:
    """Answer on `host` and `port` (0: any free one) until left; gives the port.

    Raises:
        OSError: the port is taken.
    """
    runner = web.AppRunner(app, access_log=None, shutdown_timeout=1.0)
    await runner.setup()
    try:
        site = web.TCPSite(runner, host, port)
        await site.start()
        yield int(runner.addresses[0][1])
    finally:
        await runner.cleanup()
