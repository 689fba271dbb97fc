"""Requests that are wrong, replayed, tampered with, too old or another hospital's: refused, named and counted."""

import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Final

import orjson
import pytest

from models.scan.signatures import signature_of
from models.web.access import Role
from sinks.postgres.web.devices import DeviceBooks
from streams.web.gateway.credentials import Tokens
from tests.support.servers.live import Device, Live, now_scan
from tests.web.test_gateway import problem

REFUSED: Final = "udi_gateway_refused_total"
SCANS: Final = "udi_gateway_scans_total"
Headers = dict[str, str]


def counts(house: Live, port: int | None = None) -> dict[str, float]:
    """Every counter of the gateway by its name and label."""
    text = house.call("GET", "/metrics", port=port).body.decode()
    found = re.findall(r"^(udi_gateway_\w+_total\{[^}]*\}) (\S+)$", text, re.MULTILINE)
    return {name: float(value) for name, value in found}


@contextmanager
def one_more(house: Live, counter: str, port: int | None = None) -> Iterator[None]:
    """The counter is one higher afterwards."""
    before = counts(house, port).get(counter, 0.0)
    yield
    assert counts(house, port)[counter] == before + 1


def token_of(house: Live, device: Device, seconds: int, **claims: str) -> Headers:
    """A token made with the installation's own secret, for so many seconds from now."""
    secret = house.asked(lambda pool: DeviceBooks(pool).secret())
    body = {"sub": device.device_id, "hos": device.hospital, "scope": "device", **claims}
    return {"Authorization": f"Bearer {Tokens(secret, seconds).sign(body, seconds)}"}


def tampered(headers: Headers) -> Headers:
    head, body, signature = headers["Authorization"].split(".")
    return {"Authorization": f"{head}.{body[:-2]}{'AA' if body[-2:] != 'AA' else 'BB'}.{signature}"}


BAD_TOKENS: Final[dict[str, Callable[[Live, Device], Headers]]] = {
    "none": lambda *_: {},
    "wrong": lambda *_: {"Authorization": "Bearer a.b.c"},
    "expired": lambda house, device: token_of(house, device, -1),
    "tampered": lambda house, device: tampered(house.token(device)),
    "of another secret": lambda _, device: {
        "Authorization": f"Bearer {Tokens(b'x' * 32, 60).sign({'sub': device.device_id, 'hos': 'H1'}, 60)}"},
    "of a device that is none": lambda house, device: token_of(house, device, 60, sub="nobody"),
    "of the device's name elsewhere": lambda house, device: token_of(house, device, 60, hos="H2"),
}  # fmt: skip


@pytest.mark.parametrize("name", BAD_TOKENS)
def test_a_token_that_is_not_good_is_refused_and_counted(house: Live, device: Device, name: str) -> None:
    scan = now_scan(device)
    headers = BAD_TOKENS[name](house, device)
    with one_more(house, f'{REFUSED}{{why="not-authorised"}}'):
        answer = house.call("POST", "/v1/scans", scan, headers)
    assert problem(answer) == (401, "not-authorised")
    assert answer.headers["www-authenticate"] == 'Bearer realm="udistream"'
    assert answer.json["detail"]


@pytest.mark.parametrize(
    ("change", "error"), [({"hospital": "H2"}, "wrong-hospital"), ({"device_id": "another"}, "wrong-device")]
)
def test_a_scan_of_another_hospital_or_device_is_refused_and_counted(
    house: Live, device: Device, token: Headers, change: dict[str, str], error: str
) -> None:
    scan = now_scan(device, **change)
    with one_more(house, f'{SCANS}{{outcome="{error}"}}'):
        assert problem(house.call("POST", "/v1/scans", scan, token)) == (403, error)
    assert house.rows("SELECT 1 FROM udi.scan WHERE scan_id = $1", scan["scan_id"]) == []


def test_verdicts_of_another_device_are_refused_and_counted(house: Live, token: Headers) -> None:
    with one_more(house, f'{REFUSED}{{why="wrong-device"}}'):
        assert problem(house.call("GET", "/v1/verdicts?device_id=another", headers=token)) == (403, "wrong-device")


def test_a_replayed_signed_scan_charges_once_and_the_books_tell(house: Live) -> None:
    device = house.add_device(signs=True)
    body = orjson.dumps(now_scan(device))
    signed = {"udi-signature": signature_of(body, device.key.encode())}
    answers = [house.call("POST", "/v1/scans?wait=10", body, signed) for _ in range(3)]

    assert [each.status for each in answers] == [202, 202, 202]
    scan_id = answers[0].json["scan_id"]
    house.until("SELECT 1 FROM report.verdicts WHERE scan_id = $1 AND verdict = 'duplicate' HAVING count(*) = 2",
                scan_id, seconds_max=240)  # fmt: skip
    assert len(house.rows("SELECT 1 FROM report.charges WHERE scan_id = $1", scan_id)) == 1


def test_a_signature_of_another_body_is_refused_and_counted(house: Live) -> None:
    device = house.add_device(signs=True)
    one, other = orjson.dumps(now_scan(device)), orjson.dumps(now_scan(device))
    signed = {"udi-signature": signature_of(one, device.key.encode())}
    with one_more(house, f'{REFUSED}{{why="not-authorised"}}'):
        assert problem(house.call("POST", "/v1/scans", other, signed)) == (401, "not-authorised")


def test_a_form_without_its_token_and_a_page_without_a_role_are_counted(house: Live) -> None:
    nurse = house.signed_in(Role.NURSE)
    with one_more(house, f'{REFUSED}{{why="forbidden"}}'):
        assert house.call("GET", "/list/charges", headers=nurse).status == 403
    with one_more(house, f'{REFUSED}{{why="bad-form"}}'):
        assert house.submit("/sign-out", {}, nurse).status == 403
    with one_more(house, f'{REFUSED}{{why="not-signed-in"}}'):
        assert house.call("GET", "/").status == 303
