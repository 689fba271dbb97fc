"""What a gateway is made of, put together once."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Annotated

import asyncpg
from authlib.integrations.starlette_client import OAuth, StarletteOAuth2App
from fastapi import Depends, Request

from sinks.metrics.counts import Metrics
from sinks.postgres.web.devices import Device, DeviceBooks
from sinks.postgres.web.items import ItemBooks
from sinks.postgres.web.scans import ScanBooks
from sinks.postgres.web.verdicts import VerdictBooks
from streams.settings import Settings
from streams.web.gateway.credentials import Devices, Tokens, refused
from streams.web.gateway.limits import Limits
from streams.web.gateway.publisher import Publisher
from streams.web.gateway.search import Search
from streams.web.gateway.verdicts import Tail
from streams.web.health import Contact
from streams.web.kept import Kept
from streams.web.problems import ProblemError

BEARER = "bearer "


@dataclass(frozen=True, slots=True)
class Parts:
    """The parts that requests are answered with."""

    settings: Settings
    """Of the process."""
    pool: asyncpg.Pool
    """Connections to the books."""
    metrics: Metrics
    """Counts of the process."""
    contact: Contact
    """Whether broker and database answer."""
    publisher: Publisher
    """Puts events onto the broker."""
    tail: Tail
    """Verdicts as the books commit them."""
    devices: Devices
    """Who may send, and with which key."""
    tokens: Tokens
    """Makes and reads device tokens."""
    scans: ScanBooks
    """Scans as the books have them."""
    search: Search
    """The catalogue, to be searched."""
    limits: Limits
    """How much a device may send."""
    kept: Kept
    """Figures of the board that take long."""
    oidc: StarletteOAuth2App | None
    """The hospital's identity provider, where there is one."""

    async def device_of_token(self, request: Request) -> Device:
        """The device whose token the request carries.

        Raises:
            ProblemError: 401 without a good one, 429 where too many were bad.
        """
        header = request.headers.get("authorization", "")
        with self.proving(request):
            if not header.lower().startswith(BEARER):
                raise refused("Expected Authorization: Bearer and a token of /v1/devices/token.")
            return await self.devices.by_token(self.tokens, header[len(BEARER) :].strip())

    @contextmanager
    def proving(self, request: Request) -> Iterator[None]:
        """A device proves itself: who can goes through, whatever others behind the same address did.

        Raises:
            ProblemError: 429 instead of 401 where too many have failed.
        """
        try:
            yield
        except ProblemError as problem:
            if problem.status == 401:
                self.metrics.refused_request("not-authorised")
                self.limits.failed(address_of(request))
            raise

    def limit(self, device: Device, count: int) -> None:
        """So many events of a device come.

        Raises:
            ProblemError: 429, more than it may send.
        """
        try:
            self.limits.events(device.hospital, device.device_id, count)
        except ProblemError:
            self.metrics.refused_request("too-many")
            raise


async def make_parts(settings: Settings, pool: asyncpg.Pool, metrics: Metrics, contact: Contact) -> Parts:
    """Put a gateway together over the books."""
    books = DeviceBooks(pool)
    return Parts(
        settings,
        pool,
        metrics,
        contact,
        Publisher(settings),
        Tail(VerdictBooks(pool)),
        Devices(books),
        Tokens(await books.secret(), settings.gateway_token_seconds),
        ScanBooks(pool),
        Search(ItemBooks(pool)),
        Limits(settings.gateway_events_per_second),
        Kept(),
        client_of(settings),
    )


def client_of(settings: Settings) -> StarletteOAuth2App | None:
    """The provider's client; `None` when there is no provider. Nothing is asked of it yet."""
    if settings.oidc_issuer is None:
        return None
    made: StarletteOAuth2App = OAuth().register(
        "provider", client_id=settings.oidc_client_id, client_secret=settings.oidc_secret(),
        server_metadata_url=settings.oidc_issuer.rstrip("/") + "/.well-known/openid-configuration",
        client_kwargs={"scope": "openid profile", "code_challenge_method": "S256", "timeout": 10},
    )  # fmt: skip
    return made


def address_of(request: Request) -> str:
    """Where a request comes from, as far as this process sees it."""
    return request.client.host if request.client else "unknown"


async def limited_body(request: Request, bytes_max: int) -> bytes:
    """The body, never more of it than is allowed.

    Raises:
        ProblemError: 413, it is larger.
    """
    body = bytearray()
    async for part in request.stream():
        body += part
        if len(body) > bytes_max:
            raise ProblemError(413, "too-large", f"Expected at most {bytes_max} bytes, got more.")
    return bytes(body)


def parts_of(request: Request) -> Parts:
    """The parts of the gateway that answers."""
    parts: Parts = request.app.state.parts
    return parts


async def device_of(request: Request) -> Device:
    """The device whose token the request carries."""
    return await parts_of(request).device_of_token(request)


Gateway = Annotated[Parts, Depends(parts_of)]
TokenDevice = Annotated[Device, Depends(device_of)]
