"""How a page is shown: language, theme, template, headers. Every text is escaped where it is put out.

References:
    Content Security Policy Level 3: nothing inline, nothing from elsewhere.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from typing import Any, Final
from urllib.parse import urlencode

from fastapi import FastAPI, Request
from fastapi.responses import HTMLResponse
from jinja2 import Environment, FunctionLoader, StrictUndefined
from markupsafe import Markup, escape
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
PASSING: Final = frozenset({"done", "left"})
"""What an address says of a decision that was made just now."""


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


@cache
def words(locale: str) -> dict[str, dict[str, str]]:
    """The words of the pages."""
    return texts(f"web.{locale}") | texts(f"board.{locale}")


@cache
def _templates() -> Environment:
    def load(name: str) -> str:
        return (files("streams.web") / "templates" / name).read_text(encoding="utf-8")

    environment = Environment(
        loader=FunctionLoader(load),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        finalize=_harmless,
    )
    environment.globals["cells"] = cells
    return environment


def _harmless(value: Any) -> Any:
    """A text that is put out, with what could steer its reader made visible; markup of ours stays what it is."""
    return plain(value) if type(value) is str and not value.isprintable() else value


@dataclass(frozen=True, slots=True)
class Cell:
    """One cell as it is shown."""

    text: str
    """As it is shown."""
    number: bool = False
    """A figure: set to the right."""
    whole: bool = False
    """In one line, however narrow the column."""
    link: str | None = None
    """Where it leads; `None`: nowhere."""


SENTENCE_CHARACTERS: Final = 24
"""A text longer than that gets a column with room for some words."""


def cells(row: Iterable[Cell]) -> Markup:
    """The cells of a row, every text escaped. Not by a template: a list has thousands, and a page 100 ms."""
    return Markup("".join(map(_td, row)))  # noqa: S704 -- every text in it is escaped


def _td(cell: Cell) -> str:
    text = escape(_harmless(cell.text))
    kind = "number" if cell.number else "whole" if cell.whole else "sentence" if len(text) > SENTENCE_CHARACTERS else ""
    inside = f'<a href="{escape(cell.link)}">{text}</a>' if cell.link and text else text
    return f'<td class="{kind}">{inside}</td>' if kind else f"<td>{inside}</td>"


def page(request: Request, template: str, status: int = 200, **values: Any) -> HTMLResponse:
    """A page in the person's language and theme."""
    locale, theme = locale_of(request), theme_of(request)
    given = [pair for pair in request.query_params.multi_items() if pair[0] not in PASSING]

    def turned(name: str, value: str) -> str:
        """The same page in another language or theme."""
        return "?" + urlencode([*(pair for pair in given if pair[0] != name), (name, value)])

    body = _templates().get_template(template).render(
        locale=locale, theme=theme, words=words(locale), path=request.url.path, turned=turned, **values
    )  # fmt: skip
    answer = HTMLResponse(body, status, headers={"Cache-Control": "no-store", "Vary": "Cookie, Accept-Language"})
    for name, value in (("lang", locale), ("theme", theme)):
        if name in request.query_params and value:
            answer.set_cookie(f"udi_{name}", value, COOKIE_SECONDS, samesite="lax", httponly=True)
    return answer


def add_headers(app: FastAPI) -> None:
    """Every answer of the application gets them."""
    app.add_middleware(SafeHeaders)
