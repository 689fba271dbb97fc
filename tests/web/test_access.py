"""Who may see and do what: every page and endpoint, with every role."""

import re
import uuid
from collections.abc import Iterator
from typing import Any, Final

import pytest

from models.web.access import ACCESS, AccessRow, Role, Who
from sinks.postgres.web.accounts import FAILURES_MAX, AccountBooks
from streams.web.app import make_app
from streams.web.keys import hash_password
from tests.support.servers.live import Device, Live, now_scan

PASSWORD: Final = "correct horse battery"  # noqa: S105 -- of accounts that live for a test
FILLED: Final = {
    "{scan_id}": str(uuid.UUID(int=0)), "{finding}": str(uuid.UUID(int=0)),
     "{encounter}": "E1", "{name}": "scan", "{path:path}": "pages.css",
}  # fmt: skip
FILES: Final = {
    "/static/texts/{name}": "/static/texts/en.json",
    "/terminal/symbols/{name}": "/terminal/symbols/gs1.svg",
}
QUERIES: Final = {"/case": "?encounter=E1", "/v1/items": "?q=a", "/v1/verdicts": "?device_id=a"}


def routes(app: Any) -> Iterator[tuple[str, str]]:
    for route in app.routes:
        inner = getattr(route, "original_router", None)
        if inner is not None:
            yield from routes(inner)
        elif hasattr(route, "path"):
            yield from ((method, route.path) for method in route.methods - {"HEAD"})


def address(row: AccessRow) -> str:
    path = row.path
    if path in FILES:
        return FILES[path]
    for name, value in FILLED.items():
        path = path.replace(name, value)
    return path + QUERIES.get(row.path, "")


def kind(answer: Any) -> str:
    return str(answer.json["type"]).rpartition(":")[2] if "problem" in answer.headers.get("content-type", "") else ""


def test_every_route_has_its_row_and_every_row_its_route() -> None:
    found = set(routes(make_app(None)))
    rows = {(row.method, row.path) for row in ACCESS}
    for name in ("list", "export", "decide"):
        found = {(m, p) for m, p in found if p != f"/{name}/{{name}}"}
        rows = {(m, p) for m, p in rows if not p.startswith(f"/{name}/")}
    assert found == rows


@pytest.mark.parametrize("role", Role)
def test_a_role_opens_what_its_rows_allow_and_nothing_else(house: Live, role: Role) -> None:
    person = house.signed_in(role)
    for row in ACCESS:
        if row.path == "/sign-out" or row.allowed is Who.ANYONE:
            continue
        if row.allowed is Who.DEVICE and role is not Role.ADMIN:
            continue  # Once is enough: too many who fail at one address have to wait.
        answer = house.call(row.method, address(row), headers=person)
        if row.allowed is Who.DEVICE:
            assert answer.status == 401, row
        elif not row.allows(frozenset({role})):
            assert (answer.status, kind(answer)) == (403, "forbidden"), row
        elif row.method == "POST":
            assert (answer.status, kind(answer)) == (403, "bad-form"), row
        else:
            assert answer.status in {200, 404}, (row, answer.body[:500])
            assert answer.status == 200 or "{scan_id}" in row.path or "{finding}" in row.path


def test_nobody_opens_what_needs_somebody(house: Live) -> None:
    for row in ACCESS:
        answer = house.call(row.method, address(row))
        if row.allowed is Who.ANYONE:
            assert answer.status in {200, 303, 401, 422, 503}, (row, answer.status)
        elif row.allowed is Who.DEVICE or row.method == "POST":
            assert answer.status == 401, row
        else:
            assert (answer.status, answer.headers["location"].split("?")[0]) == (303, "/sign-in"), row


def test_a_person_sees_his_hospital_only(house: Live, device: Device, token: dict[str, str]) -> None:
    scan = now_scan(device)
    assert house.call("POST", "/v1/scans?wait=10", scan, token).status == 202
    own, other = house.signed_in(Role.AUDITOR), house.signed_in(Role.AUDITOR, hospital="H2")

    assert scan["scan_id"] in house.call("GET", "/list/scans", headers=own).body.decode()
    assert scan["scan_id"] not in house.call("GET", "/list/scans", headers=other).body.decode()
    assert house.call("GET", f"/scan/{scan['scan_id']}", headers=own).status == 200
    assert house.call("GET", f"/scan/{scan['scan_id']}", headers=other).status == 404
    assert house.call("GET", "/case?encounter=E1", headers=other).status == 404


def test_sign_in_leads_where_one_wanted_to_go_and_never_elsewhere(house: Live) -> None:
    name = account(house)
    for wanted, led in (("/month", "/month"), ("//evil.example", "/"), ("https://evil.example", "/"), ("/\\evil", "/")):
        answer = house.submit("/sign-in", {"name": name, "password": PASSWORD, "next": wanted}, {})
        assert (answer.status, answer.headers["location"]) == (303, led)
        cookie = answer.headers["set-cookie"].lower()
        assert "httponly" in cookie
        assert "samesite=lax" in cookie


def account(house: Live, *roles: Role) -> str:
    name = f"li-{uuid.uuid4().hex[:8]}"
    hashed = hash_password(PASSWORD)
    assert house.asked(lambda pool: AccountBooks(pool).add(name, "H1", roles or (Role.ADMIN,), hashed, "test"))
    return name


def test_an_account_locks_after_wrong_passwords_and_says_no_more_than_before(house: Live) -> None:
    name = account(house)
    answers = [
        house.submit("/sign-in", {"name": name, "password": f"wrong {number}"}, {}) for number in range(FAILURES_MAX)
    ]
    right = house.submit("/sign-in", {"name": name, "password": PASSWORD}, {})
    unknown = house.submit("/sign-in", {"name": "nobody", "password": PASSWORD}, {})

    assert {each.status for each in (*answers, right, unknown)} == {401}
    assert right.body == unknown.body


def test_a_form_of_another_site_signs_nobody_in(house: Live) -> None:
    name = account(house)
    answer = house.submit("/sign-in", {"name": name, "password": PASSWORD}, {"Origin": "https://evil.example"})
    assert answer.status == 401


def test_an_account_that_has_ended_is_out_at_once(house: Live) -> None:
    name = account(house)
    cookie = house.submit("/sign-in", {"name": name, "password": PASSWORD}, {}).headers["set-cookie"].split(";")[0]
    assert house.call("GET", "/", headers={"Cookie": cookie}).status == 200

    assert house.asked(lambda pool: AccountBooks(pool).end(name, "test"))

    assert house.call("GET", "/", headers={"Cookie": cookie}).status == 303


def test_sign_out_ends_the_session_for_every_gateway(house: Live) -> None:
    person = house.signed_in(Role.ADMIN)
    csrf = csrf_of(house, person)
    assert house.submit("/sign-out", {"csrf": csrf}, person).status == 303
    assert house.call("GET", "/", headers=person).status == 303


def csrf_of(house: Live, person: dict[str, str]) -> str:
    found = re.search(r'name="csrf" value="(\w+)"', house.call("GET", "/", headers=person).body.decode())
    assert found
    return found[1]


def test_a_form_with_the_token_of_somebody_else_is_refused(house: Live) -> None:
    one, other = house.signed_in(Role.ADMIN), house.signed_in(Role.ADMIN)
    answer = house.submit("/decide/release", {"csrf": csrf_of(house, other), "row": "x", "reason": "y"}, one)
    assert (answer.status, kind(answer)) == (403, "bad-form")
    crossed = {"Origin": "https://evil.example"}
    answer = house.submit("/decide/release", {"csrf": csrf_of(house, one), "row": "x", "reason": "y"}, one | crossed)
    assert (answer.status, kind(answer)) == (403, "bad-form")


@pytest.mark.parametrize("path", ["/", "/terminal", "/sign-in", "/static/pages.css", "/nothing", "/v1/items"])
def test_every_answer_carries_a_strict_policy(house: Live, path: str) -> None:
    headers = house.call("GET", path).headers
    assert "unsafe" not in headers["content-security-policy"]
    assert headers["content-security-policy"].startswith("default-src 'none'")
    assert headers["x-content-type-options"] == "nosniff"


@pytest.mark.parametrize("path", ["/static/../app.py", "/static/%2e%2e/app.py", "/static/templates/page.html"])
def test_only_files_of_ours_are_served(house: Live, path: str) -> None:
    assert house.call("GET", path).status == 404
