"""What went wrong, as a problem document.

References:
    RFC 9457 (problem details for HTTP APIs), section 3.
"""

from collections.abc import Mapping
from http import HTTPStatus
from typing import Any

import asyncpg
import orjson
import structlog
from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from starlette.exceptions import HTTPException
from starlette.responses import Response

from models.web.gateway import ProblemBody
from models.wire.complaints import expectation

log = structlog.get_logger(__name__)

MEDIA_TYPE = "application/problem+json"
TYPE = "urn:udistream:problem:"
RETRY_SECONDS = 2
"""After which a device may try again when broker or database is away."""


class ProblemError(Exception):
    """A request that is not done, and why.

    Args:
        status: of HTTP.
        name: ends the problem's type; never renamed.
        detail: one line: what was expected and what came.
        headers: of the answer.
        more: further members of the document.
    """

    def __init__(
        self, status: int, name: str, detail: str, headers: Mapping[str, str] | None = None, **more: Any
    ) -> None:
        super().__init__(detail)
        self.status = status
        self.name = name
        self.detail = detail
        self.headers = dict(headers or {})
        self.more = more

    def response(self) -> Response:
        """The document."""
        body = {
            "type": TYPE + self.name,
            "title": HTTPStatus(self.status).phrase,
            "status": self.status,
            "detail": self.detail,
        } | self.more
        return Response(orjson.dumps(body), self.status, self.headers, MEDIA_TYPE)


def unavailable(what: str) -> ProblemError:
    """Broker or database is away; nothing was accepted."""
    return ProblemError(
        503, "unavailable", f"The {what} does not answer; nothing was accepted. Send it again.",
        {"Retry-After": str(RETRY_SECONDS)},
    )  # fmt: skip


DOCUMENTED: dict[int | str, dict[str, Any]] = {
    "default": {
        "description": "A problem document: what was expected and what came.",
        "model": ProblemBody,
        "content": {MEDIA_TYPE: {"schema": {"$ref": "#/components/schemas/ProblemBody"}}},
    }
}


def answer_problems(app: FastAPI) -> None:
    """Every answer that is no success is a problem document."""

    @app.exception_handler(ProblemError)
    async def problem(_: Request, error: ProblemError) -> Response:
        return error.response()

    @app.exception_handler(HTTPException)
    async def of_http(_: Request, error: HTTPException) -> Response:
        name = HTTPStatus(error.status_code).phrase.lower().replace(" ", "-")
        return ProblemError(error.status_code, name, f"{error.detail}.", error.headers).response()

    @app.exception_handler(RequestValidationError)
    async def of_parameters(_: Request, error: RequestValidationError) -> Response:
        first = error.errors()[0]
        place = ".".join(str(part) for part in first["loc"])
        return ProblemError(422, "bad-parameter", f"{place}: {expectation(first).removesuffix('.')}.").response()

    @app.exception_handler(Exception)
    async def of_us(_: Request, error: Exception) -> Response:
        log.error("A request failed.", error=type(error).__name__, exc_info=error)
        return ProblemError(500, "internal-error", "Something of ours failed; it is in the log.").response()

    async def of_database(_: Request, error: Exception) -> Response:
        log.warning("The database does not answer.", error=type(error).__name__)
        return unavailable("database").response()

    for kind in (asyncpg.PostgresError, asyncpg.InterfaceError, OSError, TimeoutError):
        app.add_exception_handler(kind, of_database)
