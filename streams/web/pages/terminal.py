"""The bedside terminal's page and files. Nothing in them is of a patient: that comes with the device's token."""

import re
from functools import cache
from importlib.resources import files
from typing import Final

import orjson
from fastapi import APIRouter, Request, Response
from fastapi.responses import HTMLResponse

from models.wording import LOCALES
from streams.web.gateway.parts import Gateway
from streams.web.pages.shown import CSP_OF_DECODER, page, words
from streams.web.problems import ProblemError

router = APIRouter(include_in_schema=False)

KINDS: Final = {
    ".js": "text/javascript",
    ".css": "text/css",
    ".svg": "image/svg+xml",
    ".json": "application/json",
    ".wasm": "application/wasm",
}
_NAME: Final = re.compile(r"(?:[a-z]+/)?[a-z0-9-]+\.(?:js|css|svg|wasm)")


@router.get("/terminal")
async def terminal(request: Request, parts: Gateway) -> HTMLResponse:
    """The page; it works without a network once it was opened."""
    decoder = parts.settings.terminal_decoder
    answer = page(request, "terminal.html", decoder=decoder)
    if decoder == "terminal":
        answer.headers["Content-Security-Policy"] = CSP_OF_DECODER
    return answer


@router.get("/terminal/worker.js")
async def worker() -> Response:
    """The service worker, beside the page whose requests it may answer."""
    return _file("terminal/worker.js", {"Service-Worker-Allowed": "/terminal"})


@router.get("/static/texts/{name}")
async def words_of(name: str) -> Response:
    """The terminal's words in one language."""
    locale = name.removesuffix(".json")
    if locale not in LOCALES:
        raise ProblemError(404, "not-found", f"Expected one of {', '.join(LOCALES)}, got another language.")
    table = words(locale)
    return Response(orjson.dumps(table["terminal"] | table["outcome"]), media_type=KINDS[".json"])


@router.get("/static/{path:path}")
async def static(path: str) -> Response:
    """A file of ours."""
    if not _NAME.fullmatch(path):
        raise ProblemError(404, "not-found", "Expected the name of a file of ours, got another one.")
    return _file(path)


def _file(path: str, headers: dict[str, str] | None = None) -> Response:
    found = _read(path)
    if found is None:
        raise ProblemError(404, "not-found", "Expected the name of a file of ours, got another one.")
    kind = KINDS["." + path.rpartition(".")[2]]
    return Response(found, media_type=kind, headers={"Cache-Control": "no-cache"} | (headers or {}))


@cache
def _read(path: str) -> bytes | None:
    file = files("streams.web") / "static" / path
    return file.read_bytes() if file.is_file() else None
