"""The gateway as an ASGI application."""

import asyncio
import socket
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from typing import Any

import asyncpg
import orjson
import uvicorn
from fastapi import FastAPI
from prometheus_client.exposition import CONTENT_TYPE_PLAIN_0_0_4
from starlette.responses import JSONResponse, Response

from sinks.metrics.counts import Metrics
from streams.settings import Settings
from streams.web.gateway import bedside, documents, overrides, profiles, reading, scans
from streams.web.gateway.parts import Gateway, Parts, make_parts
from streams.web.health import Contact
from streams.web.pages import board, cases, decisions, findings, lists, oidc, people, scanner, terminal
from streams.web.pages.shown import add_headers
from streams.web.problems import ProblemError, answer_problems

STOP_SECONDS = 3


def make_app(parts: Parts | None) -> FastAPI:
    """The application over its parts; without them it can only be described."""
    app = FastAPI(docs_url=None, redoc_url=None, openapi_url=None, title="udistream gateway")
    app.state.parts = parts
    answer_problems(app)
    app.include_router(scans.router)
    app.include_router(overrides.router)
    app.include_router(profiles.router)
    app.include_router(reading.router)
    app.include_router(bedside.router)
    for pages in (terminal, scanner, people, oidc, board, cases, findings, lists, decisions):
        app.include_router(pages.router)
    people.send_to_sign_in(app)
    add_headers(app)
    _add_health(app)
    _add_documents(app)
    return app


def _add_health(app: FastAPI) -> None:
    @app.get("/healthz", summary="Alive")
    async def healthz() -> dict[str, bool]:
        """The event loop turns."""
        return {"alive": True}

    @app.get("/readyz", summary="Broker and database answer", responses={503: {"description": "Not ready, and why."}})
    async def readyz(parts: Gateway) -> Response:
        """Whether scans can be taken."""
        now = parts.contact.readiness()
        body = {"ready": now.ready, "reasons": list(now.reasons), "lag_records": parts.contact.lag_records}
        return JSONResponse(body, 200 if now.ready else 503)

    @app.get("/metrics", include_in_schema=False)
    async def metrics(parts: Gateway) -> Response:
        parts.metrics.ready(parts.contact.readiness().ready)
        return Response(parts.metrics.text(), headers={"Content-Type": CONTENT_TYPE_PLAIN_0_0_4})


def _add_documents(app: FastAPI) -> None:
    made: dict[str, Any] = {}

    @app.get("/v1/openapi.json", include_in_schema=False)
    async def openapi() -> Response:
        if "openapi" not in made:
            made["openapi"] = orjson.dumps(documents.openapi(app))
        return Response(made["openapi"], media_type="application/json")

    @app.get("/v1/asyncapi.json", include_in_schema=False)
    async def asyncapi(parts: Gateway) -> Response:
        return JSONResponse(documents.asyncapi(parts.settings.topic_prefix))

    @app.get("/v1/schemas/{name}", include_in_schema=False)
    async def schema(name: str) -> Response:
        try:
            return JSONResponse(documents.schema(name.removesuffix(".json")), media_type="application/schema+json")
        except KeyError:
            expected = ", ".join(documents.SCHEMAS)
            raise ProblemError(404, "not-found", f"Expected one of {expected}; got another name.") from None


@asynccontextmanager
async def gateway(settings: Settings, pool: asyncpg.Pool, metrics: Metrics, contact: Contact) -> AsyncIterator[FastAPI]:
    """The application with all it needs, until left."""
    parts = await make_parts(settings, pool, metrics, contact)
    try:
        yield make_app(parts)
    finally:
        await parts.kept.stop()
        await parts.tail.stop()
        await parts.publisher.stop()


def listen(host: str, port: int) -> socket.socket:
    """A socket whose connections send at once.

    Head and body of an answer are two writes; a client that confirms the first only after 40 ms would wait so long for
    the second.

    Raises:
        OSError: the port is taken.

    References:
        RFC 9293, section 3.7.4 (Nagle); RFC 1122, section 4.2.3.2 (delayed acknowledgements).
    """
    listening = socket.create_server((host, port), backlog=1024)
    listening.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    return listening


class _Server(uvicorn.Server):
    """Leaves signals to whoever runs us."""

    @contextmanager
    def capture_signals(self) -> Iterator[None]:
        yield


@asynccontextmanager
async def serving(app: FastAPI, host: str, port: int) -> AsyncIterator[int]:
    """Answer on `host` and `port` (0: any free one) until left; gives the port. What is under way is ended first.

    Raises:
        OSError: the port is taken.
    """
    listening = listen(host, port)
    config = uvicorn.Config(
        app, log_config=None, access_log=False, server_header=False, timeout_graceful_shutdown=STOP_SECONDS,
        timeout_keep_alive=75, lifespan="off",
    )  # fmt: skip
    server = _Server(config)
    task = asyncio.create_task(server.serve(sockets=[listening]))
    try:
        yield int(listening.getsockname()[1])
    finally:
        server.should_exit = True
        await app.state.parts.tail.stop()
        await asyncio.wait([task], timeout=2 * STOP_SECONDS)
        listening.close()
