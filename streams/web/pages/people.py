"""Who is signed in, and whether he may: one place for all pages.

References:
    OWASP Session Management and CSRF Prevention cheat sheets (random token, synchronizer token).
"""

import asyncio
import secrets
from dataclasses import dataclass
from functools import lru_cache
from hashlib import sha256
from hmac import compare_digest, digest
from typing import Annotated, Final
from urllib.parse import parse_qs, quote, urlsplit

from fastapi import APIRouter, Depends, FastAPI, Request, Response
from fastapi.responses import HTMLResponse, RedirectResponse

from models.web.access import ACCESS, AccessRow, Role
from sinks.postgres.web.accounts import SESSION_HOURS, AccountBooks
from streams.web.gateway.parts import Gateway, Parts, address_of, limited_body, parts_of
from streams.web.keys import hash_password, password_fits
from streams.web.pages.shown import page
from streams.web.problems import ProblemError

router = APIRouter(include_in_schema=False)

COOKIE: Final = "udi_session"
FORM_BYTES_MAX: Final = 64 * 1024
_ROWS: Final = {(row.method, row.path): row for row in ACCESS}
_NOBODY: Final = hash_password(secrets.token_urlsafe(16))
"""Tried where there is no account, so that the answer takes as long."""


@dataclass(frozen=True, slots=True)
class Person:
    """Somebody who is signed in."""

    name: str
    """The name he signed in with."""
    hospital: str
    """Id of the hospital; the first part of every record key."""
    roles: frozenset[Role]
    """What he may do."""
    csrf: str
    """What every form of his carries."""

    def may(self, method: str, path: str) -> bool:
        """Whether he may ask for it."""
        return _allowed(method, path, self.roles)


class SignInNeededError(Exception):
    """A page was asked for by somebody who is not signed in."""


@lru_cache(maxsize=4096)
def _allowed(method: str, path: str, roles: frozenset[Role]) -> bool:
    return row_of(method, path).allows(roles)


def row_of(method: str, path: str, template: str = "") -> AccessRow:
    """The row of the matrix; whatever has none is nobody's."""
    return _ROWS.get((method, path)) or _ROWS.get((method, template)) or AccessRow(method, path, frozenset())


async def person_of(request: Request) -> Person:
    """Who is signed in, if he may do what he asks for.

    Raises:
        SignInNeededError: nobody is signed in, and a page is asked for.
        ProblemError: 401, nobody is signed in; 403, he may not, or the form is not one of his.
    """
    parts = parts_of(request)
    found = await signed_in(request)
    if found is None:
        parts.metrics.refused_request("not-signed-in")
        if request.method == "GET":
            raise SignInNeededError
        raise ProblemError(401, "not-signed-in", "Expected somebody who is signed in, got nobody.")
    row = row_of(request.method, request.url.path, request.scope["route"].path)
    if not row.allows(found.roles):
        parts.metrics.refused_request("forbidden")
        raise ProblemError(403, "forbidden", f"Expected a role that may, got {', '.join(sorted(found.roles))}.")
    if request.method == "POST":
        form = await form_of(request)
        if not _same_site(request) or not compare_digest(form.get("csrf", ""), found.csrf):
            parts.metrics.refused_request("bad-form")
            raise ProblemError(403, "bad-form", "Expected a form of this page, got another one. Load it again.")
    return found


async def signed_in(request: Request) -> Person | None:
    """Who is signed in, if anybody."""
    token = request.cookies.get(COOKIE, "")
    if not token:
        return None
    account = await AccountBooks(parts_of(request).pool).of_session(_hash(token))
    if account is None:
        return None
    return Person(account.name, account.hospital, frozenset(map(Role, account.roles)), _csrf(token))


async def form_of(request: Request) -> dict[str, str]:
    """The fields of a form; of a field that stands several times all values, a line each."""
    body = await _once(request)
    fields = parse_qs(body.decode("utf-8", "replace"), keep_blank_values=True, max_num_fields=1000)
    return {name: "\n".join(values) for name, values in fields.items()}


async def _once(request: Request) -> bytes:
    if not hasattr(request.state, "form_body"):
        request.state.form_body = await limited_body(request, FORM_BYTES_MAX)
    return bytes(request.state.form_body)


@router.get("/sign-in")
async def ask(request: Request) -> HTMLResponse:
    """The form."""
    return form(request, request.query_params.get("next", "/"))


def form(request: Request, wanted: str, failed: str = "", status: int = 401) -> HTMLResponse:
    """The form to sign in, for who wants to go there; with the text `failed` when he could not be let in."""
    elsewhere = parts_of(request).oidc is not None
    return page(
        request, "sign-in.html", status if failed else 200, failed=failed, next=inside(wanted), elsewhere=elsewhere
    )


@router.post("/sign-in")
async def sign_in(request: Request, parts: Gateway) -> Response:
    """Sign in; whatever is wrong, the answer is the same."""
    address = address_of(request)
    parts.limits.check(address)
    given = await form_of(request)
    name, password = given.get("name", "")[:200], given.get("password", "")[:1000]
    books = AccountBooks(parts.pool)
    account = await books.find(name) if name.isprintable() else None
    right = await asyncio.to_thread(password_fits, account.password_hash if account else _NOBODY, password)
    if account is None or account.locked or not right or not _same_site(request):
        if account is not None and not account.locked:
            await books.failed(account.name)
        parts.limits.failed(address)
        parts.metrics.refused_request("not-signed-in")
        return form(request, given.get("next", "/"), "sign_in_failed")
    return await begin_session(request, parts, account.name, given.get("next", "/"))


async def begin_session(request: Request, parts: Parts, name: str, wanted: str) -> Response:
    """Somebody has proven who he is: he is signed in, and led to where he wanted to go."""
    token = secrets.token_urlsafe(32)
    await AccountBooks(parts.pool).begin(name, _hash(token))
    answer = RedirectResponse(inside(wanted), 303)
    answer.set_cookie(COOKIE, token, SESSION_HOURS * 3600, httponly=True, samesite="lax", secure=is_https(request))
    return answer


def is_https(request: Request) -> bool:
    """Whether the person's browser speaks TLS, to us or to what stands before us."""
    return request.url.scheme == "https" or request.headers.get("x-forwarded-proto") == "https"


SignedIn = Annotated[Person, Depends(person_of)]


@router.post("/sign-out")
async def sign_out(request: Request, parts: Gateway, _: SignedIn) -> Response:
    """End the session here."""
    await AccountBooks(parts.pool).leave(_hash(request.cookies.get(COOKIE, "")))
    answer = RedirectResponse("/sign-in", 303)
    answer.delete_cookie(COOKIE)
    return answer


def send_to_sign_in(app: FastAPI) -> None:
    """Who is not signed in is sent to sign in, and then where he wanted to go."""

    @app.exception_handler(SignInNeededError)
    async def needed(request: Request, _: Exception) -> Response:
        wanted = request.url.path + (f"?{request.url.query}" if request.url.query else "")
        return RedirectResponse(f"/sign-in?next={quote(wanted)}", 303)


def inside(path: str) -> str:
    """A path of ours, never somebody else's site."""
    safe = path.startswith("/") and not path.startswith("//") and "\\" not in path and path.isprintable()
    return path if safe else "/"


def _same_site(request: Request) -> bool:
    """Whether a form was sent by a page of ours, as far as the browser says."""
    origin = request.headers.get("origin")
    if origin is not None and origin != "null":
        return urlsplit(origin).netloc == request.headers.get("host", "")
    return request.headers.get("sec-fetch-site", "same-origin") in {"same-origin", "none"}


def _hash(token: str) -> bytes:
    return sha256(token.encode()).digest()


def _csrf(token: str) -> str:
    return digest(token.encode(), b"form", "sha256").hex()
