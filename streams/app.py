"""The Faust app: `faust -A streams.app worker`, or `udi run worker`.

Faust's own per-message consumer is not used: a service reads whole batches and hands them to an agent on a channel
(docs/adr/0001). Nothing raises into Faust.
"""

from typing import Any, cast

import faust
from faust.types import StreamT

from streams.services.watching import Watching
from streams.settings import Settings, resolve
from streams.wiring import Work, Worker


def make_app(settings: Settings) -> faust.App:
    """The worker as a Faust app."""
    app = faust.App(
        f"{settings.topic_prefix}app",
        broker=[f"kafka://{server}" for server in (settings.bootstrap_servers or "").split(",")],
        broker_credentials=_credentials(settings),
        broker_session_timeout=settings.session_timeout_seconds,
        broker_heartbeat_interval=1.0,
        broker_rebalance_timeout=settings.session_timeout_seconds * 2,
        table_standby_replicas=0,
        web_enabled=False,
        datadir=str(settings.data_dir / "faust"),
        autodiscover=False,
    )
    channel = app.channel(maxsize=settings.lanes * 2)

    @app.agent(channel, concurrency=settings.lanes, name="record")
    async def record(batches: StreamT[Work]) -> None:
        async for work in batches:
            await work.run()

    worker = Worker(settings, app, channel, Watching(settings, "worker"))

    # Faust takes a service itself as well as its class.
    app.service(cast("type[Worker]", worker))
    return app


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
        return make_app(resolve(Settings()))
    raise AttributeError(name)
