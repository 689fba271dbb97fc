"""The Faust app: `faust -A streams.app worker`, or `udi run worker`.

Faust's own per-message consumer is not used: a service reads whole batches and hands them to the agent of their topic
over a channel (docs/adr/0001). Nothing raises into Faust.
"""

from collections.abc import Awaitable, Callable, Mapping
from typing import Any, Final, cast

import faust
from faust.types import StreamT

from models.wire.topics import (
    CABINET_READS,
    CATALOGUE,
    DELIVERIES,
    DISCHARGES,
    ENCOUNTERS,
    HIS_CHARGES,
    INCOME,
    RECALLS,
    SCANS,
    STORES,
)
from streams import logs
from streams.agents.cabinet_reads import cabinet_reads
from streams.agents.catalogue import catalogue
from streams.agents.deliveries import deliveries
from streams.agents.discharges import discharges
from streams.agents.encounters import encounters
from streams.agents.his_charges import his_charges
from streams.agents.income import income
from streams.agents.recalls import recalls
from streams.agents.scans import scans
from streams.agents.stores import stores
from streams.agents.sweeps import SWEEP_SECONDS
from streams.lanes.batch_queue import HANDED_MAX
from streams.services.watching import Watching
from streams.settings import Settings, resolve
from streams.topics import app_id
from streams.wiring import Worker

AGENTS: Final[Mapping[str, Callable[[StreamT[Any]], Awaitable[None]]]] = {
    SCANS: scans,
    CATALOGUE: catalogue,
    ENCOUNTERS: encounters,
    HIS_CHARGES: his_charges,
    DISCHARGES: discharges,
    INCOME: income,
    RECALLS: recalls,
    STORES: stores,
    DELIVERIES: deliveries,
    CABINET_READS: cabinet_reads,
}
"""The agent of each input topic."""


class FaustWorker(faust.Worker):
    """Faust's own, without its web server, and without its spinner where no terminal is.

    `faust worker` turns the web server on whatever the app says, and nobody would be asked who he is there. The spinner
    ends with control characters, which would stand in the log.
    """

    def __init__(self, app: faust.App, *args: Any, **options: Any) -> None:
        app.conf.web_enabled = False
        super().__init__(app, *args, **options)
        if not self.stdout.isatty():
            self.spinner = None

    async def on_first_start(self) -> None:
        """Make the folder that Faust wants, with those above it."""
        self.app.conf.datadir.mkdir(parents=True, exist_ok=True)
        await super().on_first_start()


def make_app(settings: Settings) -> faust.App:
    """The worker as a Faust app."""
    app = faust.App(
        app_id(settings),
        broker=[f"kafka://{server}" for server in (settings.bootstrap_servers or "").split(",")],
        broker_credentials=_credentials(settings),
        broker_session_timeout=settings.session_timeout_seconds,
        broker_heartbeat_interval=1.0,
        broker_rebalance_timeout=settings.session_timeout_seconds * 2,
        table_standby_replicas=0,
        web_enabled=False,
        datadir=str(settings.data_dir / "faust"),
        autodiscover=False,
        logging_config=logs.config(),
        Worker=FaustWorker,
    )
    channels = {topic: _agent(app, work, settings) for topic, work in AGENTS.items()}
    worker = Worker(settings, app, channels, Watching(settings, "worker"))
    app.timer(SWEEP_SECONDS, name="sweeps")(worker.sweeps.look)

    # Faust takes a service itself as well as its class.
    app.service(cast("type[Worker]", worker))
    return app


def _agent(app: faust.App, work: Callable[[StreamT[Any]], Awaitable[None]], settings: Settings) -> Any:
    """Make it an agent of the app, by its own name; gives the channel it takes its batches from."""
    # Of each partition one batch is recorded while the next one is parsed.
    at_once = HANDED_MAX * settings.lanes
    channel = app.channel(maxsize=at_once)
    app.agent(channel, name=work.__name__, concurrency=at_once)(work)
    return channel


def _credentials(settings: Settings) -> Any:
    if settings.security_protocol == "PLAINTEXT":
        return None
    context = settings.ssl_context() if settings.security_protocol.endswith("SSL") else None
    if settings.security_protocol == "SSL":
        return faust.SSLCredentials(context)
    return faust.SASLCredentials(
        username=settings.sasl_username,
        password=settings.sasl_secret(),
        ssl_context=context,
        mechanism=settings.sasl_mechanism,
    )


def __getattr__(name: str) -> Any:
    """`app` is made when it is asked for, so that importing this module reads no settings."""
    if name == "app":
        logs.configure()
        return make_app(resolve(Settings()))
    raise AttributeError(name)
