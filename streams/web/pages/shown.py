"""How a page is shown: language, theme, template, headers. Every text is escaped where it is put out.

References:
    Content Security Policy Level 3: nothing inline, nothing from elsewhere.
"""

from collections.abc import Mapping
from functools import cache
from importlib.resources import files
from typing import Any, Final

from fastapi import FastAPI, Request
from fastapi.responses import HTMLResponse
from jinja2 import Environment, FunctionLoader, StrictUndefined
from starlette.datastructures import MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from models.wording import LOCALES, texts
from streams.visible import plain

CSP: Final = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' blob:; connect-src 'self'; "
    "form-action 'self'; base-uri 'none'; frame-ancestors 'none'; manifest-src 'self'; worker-src 'self'"
)
CSP_OF_DECODER: Final = CSP.replace("script-src 'self'", "script-src 'self' 'wasm-unsafe-eval'")
"""Of a terminal that reads pictures itself: WebAssembly of ours may run, and still no text as a script."""
HEADERS: Final[Mapping[str, str]] = {
    "Content-Security-Policy": CSP,
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Permissions-Policy": "camera=(self), microphone=(), geolocation=()",
}
THEMES: Final = ("light", "dark")
COOKIE_SECONDS: Final = 365 * 86_400


class SafeHeaders:
    """Every answer carries them, whatever it is."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer."""

        async def with_headers(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = MutableHeaders(scope=message)
                for name, value in HEADERS.items():
                    headers.setdefault(name, value)
            await send(message)

        await self._app(scope, receive, with_headers if scope["type"] == "http" else send)


def locale_of(request: Request) -> str:
    """The language of a page: as chosen, else the first that the browser asks for and we have."""
    chosen = request.query_params.get("lang") or request.cookies.get("udi_lang")
    if chosen in LOCALES:
        return str(chosen)
    for part in request.headers.get("accept-language", "").split(","):
        tag = part.partition(";")[0].strip().lower()
        if tag.startswith("zh"):
            return "zh-CN"
        if tag.startswith("en"):
            return "en"
    return LOCALES[0]


def theme_of(request: Request) -> str:
    """The theme that was chosen; empty: what the person's system says."""
    chosen = request.query_params.get("theme") or request.cookies.get("udi_theme") or ""
    return chosen if chosen in THEMES else ""


def words(locale: str) -> dict[str, dict[str, str]]:
    """The words of the pages."""
    return texts(f"web.{locale}") | texts(f"board.{locale}")


@cache
def _templates() -> Environment:
    def load(name: str) -> str:
        return (files("streams.web") / "templates" / name).read_text(encoding="utf-8")

    return Environment(
        loader=FunctionLoader(load),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        finalize=_harmless,
    )


def _harmless(value: Any) -> Any:
    """A text that is put out, with what could steer its reader made visible; markup of ours stays what it is."""
    return plain(value) if type(value) is str and not value.isprintable() else value


def page(request: Request, template: str, status: int = 200, **values: Any) -> HTMLResponse:
    """A page in the person's language and theme."""
    locale, theme = locale_of(request), theme_of(request)
    body = _templates().get_template(template).render(
        locale=locale, theme=theme, words=words(locale), path=request.url.path, query=request.query_params, **values
    )  # fmt: skip
    answer = HTMLResponse(body, status, headers={"Cache-Control": "no-store", "Vary": "Cookie, Accept-Language"})
    for name, value in (("lang", locale), ("theme", theme)):
        if name in request.query_params and value:
            answer.set_cookie(f"udi_{name}", value, COOKIE_SECONDS, samesite="lax", httponly=True)
    return answer


def add_headers(app: FastAPI) -> None:
    """Every answer of the application gets them."""
    app.add_middleware(SafeHeaders)
