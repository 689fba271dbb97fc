"""Sign-in through the hospital's own identity provider: authorization code with PKCE, state and nonce.

What lies between the two requests stands in a signed cookie, so any gateway may answer the second one.

References:
    OpenID Connect Core 1.0, section 3.1; RFC 7636 (PKCE); RFC 9700, section 2.1.1.
"""

import time
from collections.abc import Mapping
from typing import Any, Final
from urllib.parse import urlsplit

import httpx2
import structlog
from authlib.integrations.starlette_client import OAuthError, StarletteOAuth2App
from fastapi import APIRouter, Request, Response
from fastapi.responses import RedirectResponse
from joserfc.errors import JoseError

from models.web.access import Role
from sinks.postgres.web.accounts import AccountBooks
from streams.web.gateway.parts import Gateway, Parts
from streams.web.pages.people import begin_session, form, inside, is_https
from streams.web.problems import ProblemError

log = structlog.get_logger(__name__)
router = APIRouter(include_in_schema=False)

COOKIE: Final = "udi_oidc"
SECONDS_MAX: Final = 600
"""For the person to prove himself to the provider."""
BACK: Final = "/sign-in/back"
NAME_CHARACTERS_MAX: Final = 120


class Vouched(Exception):  # noqa: N818 -- no error of ours: whom the provider knows has no business here
    """The provider knows the person, and he may not sign in: the name of the text that says why."""


@router.get("/sign-in/oidc")
async def leave(request: Request, parts: Gateway) -> Response:
    """To the provider, and remember what it must bring back."""
    client, back = _client(parts), _back(request)
    try:
        made = await client.create_authorization_url(back)
    except (httpx2.HTTPError, RuntimeError, ValueError) as error:
        return _away(request, error)
    claims = {"oidc": {name: made[name] for name in ("state", "nonce", "code_verifier")},
              "next": inside(request.query_params.get("next", "/"))}  # fmt: skip
    answer = RedirectResponse(made["url"], 303)
    kept = parts.tokens.sign(claims, SECONDS_MAX)
    answer.set_cookie(
        COOKIE, kept, SECONDS_MAX, path="/sign-in", httponly=True, samesite="lax", secure=is_https(request)
    )
    return answer


@router.get(BACK)
async def come_back(request: Request, parts: Gateway) -> Response:
    """From the provider: who it vouches for is signed in, with the roles that his groups stand for."""
    client, kept = _client(parts), _kept(request, parts)
    if kept is None or request.query_params.get("state") != kept["oidc"]["state"]:
        return _refused(request, parts, "sign_in_again")
    try:
        token = await client.fetch_access_token(
            _back(request), code=request.query_params.get("code", ""), code_verifier=kept["oidc"]["code_verifier"]
        )
        claims = await client.parse_id_token(token, nonce=kept["oidc"]["nonce"])
        name = await _account(parts, await client.load_server_metadata(), claims or {})
    except (OAuthError, JoseError) as error:
        log.warning("The identity provider does not vouch for somebody.", error=type(error).__name__)
        return _refused(request, parts, "sign_in_again")
    except (httpx2.HTTPError, RuntimeError, ValueError) as error:
        return _away(request, error)
    except Vouched as why:
        return _refused(request, parts, str(why))
    answer = await begin_session(request, parts, name, kept["next"])
    answer.delete_cookie(COOKIE, path="/sign-in")
    return answer


async def _account(parts: Parts, metadata: Mapping[str, Any], claims: Mapping[str, Any]) -> str:
    """The name of the account that stands for whom the provider vouches for.

    Raises:
        Vouched: he has no role or hospital here, or somebody has ended his account.
    """
    settings, subject = parts.settings, str(claims.get("sub", ""))
    issuer = str(metadata.get("issuer", ""))
    if issuer.rstrip("/") != str(settings.oidc_issuer).rstrip("/") or not subject:
        raise Vouched("sign_in_again")
    hospital = settings.oidc_hospital or claims.get(settings.oidc_hospital_claim)
    roles = roles_of(claims.get(settings.oidc_roles_claim), settings.oidc_roles)
    if not roles or not isinstance(hospital, str) or not hospital.isprintable() or not hospital:
        raise Vouched("sign_in_no_role")
    called = str(claims.get("preferred_username") or claims.get("name") or subject)[:NAME_CHARACTERS_MAX]
    shown = "".join(each for each in called if each.isprintable())
    name = f"{shown}@{urlsplit(issuer).hostname}"
    found = await AccountBooks(parts.pool).vouch(issuer, subject, name, hospital, sorted(roles))
    if found is None:
        raise Vouched("sign_in_ended")
    return found


def roles_of(groups: Any, named: Mapping[str, str]) -> frozenset[Role]:
    """The roles that groups stand for: by the table, or, where it is silent, by their own names.

    >>> sorted(roles_of(["udi-money", "nurse", "cooks"], {"udi-money": "finance"}))
    [<Role.FINANCE: 'finance'>, <Role.NURSE: 'nurse'>]
    """
    several = groups if isinstance(groups, list) else [groups]
    known = {role.value for role in Role}
    return frozenset(Role(role) for each in several if (role := named.get(str(each), str(each))) in known)


def _client(parts: Parts) -> StarletteOAuth2App:
    if parts.oidc is None:
        raise ProblemError(404, "not-found", "Expected an identity provider (UDI_OIDC_ISSUER), there is none.")
    return parts.oidc


def _back(request: Request) -> str:
    """Where the provider sends the person back to, as he sees us."""
    scheme = "https" if is_https(request) else "http"
    return f"{scheme}://{request.headers.get('host', '')}{BACK}"


def _kept(request: Request, parts: Parts) -> dict[str, Any] | None:
    claims = parts.tokens.claims(request.cookies.get(COOKIE, "")) or {}
    return claims if "oidc" in claims and claims["exp"] > time.time() else None


def _refused(request: Request, parts: Parts, why: str) -> Response:
    parts.metrics.refused_request("not-signed-in")
    return form(request, "/", why)


def _away(request: Request, error: Exception) -> Response:
    log.warning("The identity provider does not answer.", error=type(error).__name__)
    return form(request, "/", "sign_in_away", 503)
