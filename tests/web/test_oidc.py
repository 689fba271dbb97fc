"""Sign-in through an identity provider: a small real one, which signs its tokens and asks for PKCE and nonce."""

import re
import urllib.request
from collections.abc import Mapping
from typing import Final
from urllib.parse import parse_qs, urlencode, urlsplit

import pytest

from models.web.access import Role
from sinks.postgres.web.accounts import AccountBooks
from tests.support.servers.live import Answer, Live, opened

PAGE: Final = "/month"


def left(house: Live) -> tuple[dict[str, str], str]:
    """Off to the provider: our cookie, and where to."""
    answer = house.call("GET", f"/sign-in/oidc?next={PAGE}")
    assert answer.status == 303, answer.body
    return cookies(answer), answer.headers["location"]


def cookies(answer: Answer) -> dict[str, str]:
    return {"Cookie": answer.headers["set-cookie"].split(";")[0]}


def proven(address: str, who: str) -> str:
    """What the provider sends somebody back to who has proven himself there."""
    request = urllib.request.Request(address, urlencode({"sub": who}).encode())  # noqa: S310 -- a provider of ours
    parts = urlsplit(opened(request).headers["location"])
    assert parts.path == "/sign-in/back"
    return f"{parts.path}?{parts.query}"


def back(house: Live, path: str, headers: Mapping[str, str]) -> Answer:
    return house.call("GET", path, headers=headers)


def test_who_the_provider_vouches_for_is_signed_in_with_the_roles_of_his_groups(house: Live) -> None:
    cookie, address = left(house)
    asked = parse_qs(urlsplit(address).query)
    assert asked["code_challenge_method"] == ["S256"]
    assert asked["nonce"]

    answer = back(house, proven(address, "wang"), cookie)

    assert (answer.status, answer.headers["location"]) == (303, PAGE)
    session = {"Cookie": re.findall(r"udi_session=[^;]+", answer.headers["set-cookie"])[0]}
    assert "wang@localhost" in house.call("GET", "/", headers=session).body.decode()
    assert house.call("GET", "/list/charges", headers=session).status == 200
    assert house.call("GET", "/list/dead-letters", headers=session).status == 403
    (account,) = house.rows("SELECT hospital, roles, subject FROM udi.account WHERE name = 'wang@localhost'")
    assert account == {"hospital": "H1", "roles": [Role.FINANCE], "subject": "wang"}


@pytest.mark.parametrize("who", ["cook", "homeless"])
def test_who_has_no_role_or_hospital_here_does_not_get_in(house: Live, who: str) -> None:
    cookie, address = left(house)
    answer = back(house, proven(address, who), cookie)
    assert answer.status == 401
    assert "has no role here" in answer.body.decode()
    assert "udi_session" not in answer.headers.get("set-cookie", "")


def test_what_comes_back_is_for_the_browser_that_left_and_once(house: Live) -> None:
    cookie, address = left(house)
    other, _ = left(house)
    path = proven(address, "wang")
    forged = {"Cookie": cookie["Cookie"][:-3] + "abc"}
    for headers in ({}, other, forged):
        assert back(house, path, headers).status == 401
    assert back(house, path.replace("code=", "code=x"), cookie).status == 401
    assert back(house, path, cookie).status == 303
    assert back(house, path, cookie).status == 401


def test_an_account_that_was_ended_here_stays_out(house: Live) -> None:
    cookie, address = left(house)
    assert back(house, proven(address, "li"), cookie).status == 303
    assert house.asked(lambda pool: AccountBooks(pool).end("li@localhost", "test"))

    cookie, address = left(house)
    answer = back(house, proven(address, "li"), cookie)

    assert answer.status == 401
    assert "was ended here" in answer.body.decode()


def test_an_account_of_the_provider_has_no_password(house: Live) -> None:
    cookie, address = left(house)
    assert back(house, proven(address, "wang"), cookie).status == 303
    assert house.submit("/sign-in", {"name": "wang@localhost", "password": ""}, {}).status == 401


def test_the_page_offers_it_and_leads_nowhere_else(house: Live) -> None:
    assert "/sign-in/oidc?next=" in house.call("GET", "/sign-in").body.decode()
    cookie, address = left(house)
    assert back(house, proven(address, "wang"), cookie).headers["location"] == PAGE
    answer = house.call("GET", "/sign-in/oidc?next=//evil.example")
    path = proven(answer.headers["location"], "wang")
    assert back(house, path, cookies(answer)).headers["location"] == "/"
