"""Scans in by HTTP, verdicts out: on a live installation."""

import http.client
import threading
import time
import urllib.request
from typing import Any
from uuid import uuid4

import orjson
import pytest

from models.scan.signatures import signature_of
from sinks.postgres.web.devices import DeviceBooks
from streams.web.gateway.limits import FAILURES_PER_MINUTE
from tests.support.builders import DI
from tests.support.servers.live import Device, Live, now_scan

Headers = dict[str, str]
SECONDS_MAX = 120.0
"""Much more than it takes on a quiet machine."""


def events_of(house: Live, device: Device, token: Headers, count: int, last: str | None = None) -> list[Any]:
    """The next so many verdicts of a device, each with its event id."""
    headers = token | ({"Last-Event-ID": last} if last else {})
    request = urllib.request.Request(f"{house.url}/v1/verdicts?device_id={device.device_id}", headers=headers)  # noqa: S310
    found: list[Any] = []
    id_ = ""
    with urllib.request.urlopen(request, timeout=SECONDS_MAX) as stream:  # noqa: S310
        for line in stream:
            name, _, value = line.decode().rstrip("\n").partition(": ")
            if name == "id":
                id_ = value
            elif name == "data":
                found.append(orjson.loads(value))
            elif not name and len(found) == count:
                return [*found, id_]
            elif not name and count == 0:
                return [id_]
    raise AssertionError(found)


def problem(answer: Any) -> tuple[int, str]:
    assert answer.headers["content-type"] == "application/problem+json", answer
    return answer.status, answer.json["type"].removeprefix("urn:udistream:problem:")


def test_a_scan_is_accepted_recorded_and_its_verdict_given_back(house: Live, device: Device, token: Headers) -> None:
    scan = now_scan(device)

    answer = house.call("POST", "/v1/scans?wait=10", scan, token)

    assert answer.status == 202
    assert (answer.json["scan_id"], answer.json["accepted"], answer.json["error"]) == (scan["scan_id"], True, None)
    verdict = answer.json["verdict"]
    assert (verdict["verdict"], verdict["amount"], verdict["item_name"]) == ("billed", "1234.00", "螺钉")
    state = house.call("GET", f"/v1/scans/{scan['scan_id']}", headers=token).json
    assert (state["verdict"], state["amount"], state["lot"], state["di"]) == ("billed", "1234.00", "L1", DI)


def test_a_refused_scan_can_be_asked_for(house: Live, device: Device, token: Headers) -> None:
    damaged, none = now_scan(device, codes=[f"]d201{DI}10\u202egnp"]), now_scan(device, quantity=0)
    house.call("POST", "/v1/scans?wait=10", damaged, token)
    house.publish("udi.scans", [(f"{device.hospital}/{device.device_id}".encode(), none)])

    for scan, reason, action in ((damaged, "unreadable-code", "use"), (none, "bad-event", None)):
        house.until("SELECT 1 FROM report.verdicts WHERE scan_id = $1", scan["scan_id"])
        state = house.call("GET", f"/v1/scans/{scan['scan_id']}", headers=token).json
        assert (state["verdict"], state["reasons"], state["action"]) == ("refused", [reason], action)


def test_a_batch_says_of_each_event_what_was_done_with_it(house: Live, device: Device, token: Headers) -> None:
    good, bad = now_scan(device), now_scan(device, quantity=0)
    foreign, other = now_scan(device, hospital="H2"), now_scan(device, device_id="another")

    answer = house.call("POST", "/v1/scans?wait=10", {"scans": [good, bad, foreign, other]}, token)

    assert answer.status == 202
    found = [(each["accepted"], each["error"]) for each in answer.json["scans"]]
    assert found == [(True, None), (False, "bad-event"), (False, "wrong-hospital"), (False, "wrong-device")]
    assert answer.json["scans"][0]["verdict"]["verdict"] == "billed"
    assert house.rows("SELECT 1 FROM udi.scan WHERE hospital = 'H2'") == []


def test_the_same_scan_again_is_accepted_and_the_books_tell(house: Live, device: Device, token: Headers) -> None:
    scan = now_scan(device)
    house.call("POST", "/v1/scans?wait=10", scan, token)

    again = house.call("POST", "/v1/scans?wait=10", {"scans": [scan]}, token)

    assert again.json["scans"][0]["verdict"]["verdict"] == "duplicate"
    charges = house.rows("SELECT 1 FROM report.charges WHERE scan_id = $1", scan["scan_id"])
    assert len(charges) == 1


def test_verdicts_come_as_events_and_go_on_after_the_last_one_seen(house: Live) -> None:
    device = house.add_device()
    token = house.token(device)
    (begun,) = events_of(house, device, token, 0)
    scans = [now_scan(device, encounter=name) for name in ("E1", "E2", "E1", "E2")]
    for scan in scans[:2]:
        house.call("POST", "/v1/scans?wait=10", scan, token)

    *first, last = events_of(house, device, token, 2, begun)
    house.call("POST", "/v1/scans?wait=10", {"scans": scans[2:]}, token)
    *rest, _ = events_of(house, device, token, 2, last)

    assert {each["scan_id"] for each in first} == {scan["scan_id"] for scan in scans[:2]}
    assert {each["scan_id"] for each in rest} == {scan["scan_id"] for scan in scans[2:]}


def test_a_verdict_reaches_a_stream_that_is_open(house: Live) -> None:
    device = house.add_device()
    token = house.token(device)
    (begun,) = events_of(house, device, token, 0)
    found: list[Any] = []
    listening = threading.Thread(target=lambda: found.extend(events_of(house, device, token, 1, begun)))
    listening.start()
    scan = now_scan(device)
    house.call("POST", "/v1/scans", scan, token)
    listening.join(SECONDS_MAX)

    assert found[0]["scan_id"] == scan["scan_id"]


@pytest.mark.parametrize("wrong", ["not-base64,", "0:x", "9999999:1", ":", "0:" + "9" * 30])
def test_an_event_id_that_is_none_of_ours_is_refused(house: Live, device: Device, token: Headers, wrong: str) -> None:
    answer = house.call("GET", f"/v1/verdicts?device_id={device.device_id}", headers=token | {"Last-Event-ID": wrong})
    assert problem(answer) == (400, "bad-event-id")


@pytest.mark.parametrize("wanted", ["screw", "SCR", "螺", "ld", "LD"])
def test_items_are_found_by_code_name_and_initials(house: Live, token: Headers, wanted: str) -> None:
    found = house.call("GET", f"/v1/items?q={urllib.request.quote(wanted)}", headers=token).json["items"]  # type: ignore[attr-defined]
    assert [(each["item_code"], each["initials"]) for each in found] == [("SCREW", "ld")]


def test_items_of_another_hospital_are_not_found(house: Live) -> None:
    token = house.token(house.add_device("H2"))
    assert house.call("GET", "/v1/items?q=screw", headers=token).json == {"items": []}


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        (b"{", (400, "not-json")),
        (b"[]", (400, "bad-event")),
        (b'{"a": 1, "a": 2}', (400, "bad-event")),
        (b'{"scans": []}', (422, "too-many-events")),
        (b'{"a":' * 9 + b"1" + b"}" * 9, (400, "too-deep")),
        (b'{"a":' * 5000 + b"1" + b"}" * 5000, (400, "bad-event")),
        (b'{"a": "' + b"x" * 1024 * 1024 + b'"}', (413, "too-large")),
        (b'{"a": "' + b"x" * 950_000 + b'"}', (422, "too-large")),
        (b"{}", (422, "bad-event")),
        (b'{"schema": "udi.tick/1", "at": "2022-06-03T04:00:00Z"}', (422, "bad-event")),
    ],
)  # fmt: skip
def test_a_body_that_is_no_scan_is_refused_by_name(
    house: Live, token: Headers, body: bytes, expected: tuple[int, str]
) -> None:
    assert problem(house.call("POST", "/v1/scans", body, token)) == expected


def test_a_depth_of_eight_is_allowed(house: Live, device: Device, token: Headers) -> None:
    inner: Any = 1
    for _ in range(7):
        inner = {"a": inner}
    assert house.call("POST", "/v1/scans", now_scan(device, more=inner), token).status == 202


def test_a_hundred_events_are_taken_and_one_more_is_not(house: Live, device: Device, token: Headers) -> None:
    scans = [now_scan(device) for _ in range(101)]

    answer = house.call("POST", "/v1/scans", {"scans": scans[:100]}, token)

    assert (answer.status, {each["accepted"] for each in answer.json["scans"]}) == (202, {True})
    assert problem(house.call("POST", "/v1/scans", {"scans": scans}, token)) == (422, "too-many-events")


@pytest.mark.parametrize("scheme", ["", "Bearer ", "Bearer x", "Bearer a.b.c", "Basic eDp5"])
def test_who_does_not_prove_himself_is_refused_and_counted(house: Live, device: Device, scheme: str) -> None:
    before = counted(house)
    answer = house.call("POST", "/v1/scans", now_scan(device), {"Authorization": scheme})

    assert problem(answer) == (401, "not-authorised")
    assert counted(house) == before + 1


def counted(house: Live) -> float:
    lines = house.call("GET", "/metrics").body.decode().splitlines()
    (line,) = [each for each in lines if each.startswith('udi_gateway_refused_total{why="not-authorised"}')]
    return float(line.split()[1])


def test_a_wrong_key_gets_no_token(house: Live, device: Device) -> None:
    wanted = {"hospital": device.hospital, "device_id": device.device_id, "key": device.key[:-1] + "_"}
    assert problem(house.call("POST", "/v1/devices/token", wanted)) == (401, "not-authorised")
    assert problem(house.call("POST", "/v1/devices/token", wanted | {"hospital": "H9"})) == (401, "not-authorised")


def test_who_fails_too_often_waits_and_a_good_device_behind_the_same_address_does_not(
    house: Live, token: dict[str, str]
) -> None:
    def answer(headers: dict[str, str]) -> http.client.HTTPResponse:
        connection = http.client.HTTPConnection(house.url.removeprefix("http://"), source_address=("127.0.0.3", 0))
        connection.request("GET", "/v1/items?q=x", headers=headers)
        return connection.getresponse()

    for _ in range(FAILURES_PER_MINUTE + 1):
        refused = answer({"Authorization": "Bearer x"})

    assert refused.status == 429
    assert 1 <= int(refused.headers["Retry-After"]) <= 60
    assert answer(token).status == 200


def test_a_token_of_a_revoked_device_ends_within_seconds(house: Live) -> None:
    device = house.add_device()
    token = house.token(device)
    assert house.call("GET", "/v1/items?q=x", headers=token).status == 200

    assert house.asked(lambda pool: DeviceBooks(pool).revoke(device.hospital, device.device_id, "test"))
    answer = house.call("GET", "/v1/items?q=x", headers=token)
    until = time.monotonic() + SECONDS_MAX
    while answer.status == 200 and time.monotonic() < until:
        time.sleep(0.1)
        answer = house.call("GET", "/v1/items?q=x", headers=token)

    assert problem(answer) == (401, "not-authorised")
    wanted = {"hospital": device.hospital, "device_id": device.device_id, "key": device.key}
    assert problem(house.call("POST", "/v1/devices/token", wanted)) == (401, "not-authorised")


def test_a_token_tells_no_verdicts_of_another_device(house: Live, token: Headers) -> None:
    assert problem(house.call("GET", "/v1/verdicts?device_id=another", headers=token)) == (403, "wrong-device")


def test_a_signed_scan_is_accepted_here_and_by_the_worker(house: Live) -> None:
    device = house.add_device(signs=True)
    body = orjson.dumps(now_scan(device))

    answer = house.call("POST", "/v1/scans?wait=10", body, {"udi-signature": signature_of(body, device.key.encode())})

    assert (answer.status, answer.json["verdict"]["verdict"]) == (202, "billed")


def test_a_tampered_or_unsigned_scan_of_a_device_that_signs_is_refused(house: Live) -> None:
    device = house.add_device(signs=True)
    body = orjson.dumps(now_scan(device))
    signed = {"udi-signature": signature_of(body, device.key.encode())}

    tampered = house.call("POST", "/v1/scans", body.replace(b'"quantity":1', b'"quantity":9'), signed)

    assert problem(tampered) == (401, "not-authorised")
    assert problem(house.call("POST", "/v1/scans", body, {"udi-signature": "v1=é"})) == (401, "not-authorised")


def test_a_batch_of_a_device_that_signs_is_signed_event_by_event_for_the_worker(house: Live) -> None:
    device = house.add_device(signs=True)
    body = orjson.dumps({"scans": [now_scan(device), now_scan(device)]})

    answer = house.call("POST", "/v1/scans?wait=10", body, {"udi-signature": signature_of(body, device.key.encode())})

    assert [each["verdict"]["verdict"] for each in answer.json["scans"]] == ["billed", "billed"]


def test_the_worker_refuses_a_record_of_a_device_that_signs_when_its_signature_is_wrong(house: Live) -> None:
    device = house.add_device(signs=True)
    while True:  # The worker looks at devices every five seconds.
        unsigned = now_scan(device)
        house.publish("udi.scans", [(b"H1/E1", unsigned)])
        query = "SELECT verdict FROM report.verdicts WHERE scan_id = $1"
        if house.until(query, unsigned["scan_id"])[0]["verdict"] == "refused":
            break
    key = device.key.encode()
    right, wrong, without = (now_scan(device) for _ in range(3))
    for scan, headers in (
        (right, {"udi-signature": signature_of(orjson.dumps(right), key).encode()}),
        (wrong, {"udi-signature": signature_of(b"other", key).encode()}),
        (without, {}),
    ):
        house.publish("udi.scans", [(b"H1/E1", scan)], **headers)

    found = {
        each["scan_id"]: house.until(
            "SELECT verdict, reasons[1] AS reason FROM report.verdicts WHERE scan_id = $1", each["scan_id"]
        )[0]
        for each in (right, wrong, without)
    }
    assert found[right["scan_id"]]["verdict"] == "billed"
    for each in (wrong, without):
        assert found[each["scan_id"]] == {"verdict": "refused", "reason": "bad-signature"}


def test_a_scan_that_is_not_recorded_is_not_found(house: Live, token: Headers) -> None:
    assert problem(house.call("GET", f"/v1/scans/{uuid4()}", headers=token)) == (404, "not-recorded")


def test_what_is_not_there_is_a_problem_document(house: Live) -> None:
    assert problem(house.call("GET", "/v1/nothing")) == (404, "not-found")
    assert problem(house.call("DELETE", "/v1/scans")) == (405, "method-not-allowed")
