"""Gateways keep nothing: several run side by side, one dies, and nothing is lost; without a broker nothing is taken."""

import time
from typing import Any

from models.web.access import Role
from streams.embedded.process import free_port
from tests.support.servers.live import Live, now_scan
from tests.web.test_gateway import SECONDS_MAX, events_of, problem
from tests.web.test_refusals import REFUSED


def test_what_one_gateway_took_another_tells(house: Live, second: Live) -> None:
    device = house.add_device()
    token = house.token(device)
    (begun,) = events_of(house, device, token, 0)
    scans = [now_scan(device) for _ in range(2)]

    assert second.call("POST", "/v1/scans?wait=10", scans[0], token).status == 202
    *first, last = events_of(house, device, token, 1, begun)
    assert house.call("POST", "/v1/scans?wait=10", scans[1], token).status == 202
    *rest, _ = events_of(second, device, token, 1, last)

    assert [each["scan_id"] for each in (*first, *rest)] == [each["scan_id"] for each in scans]
    assert second.call("GET", f"/v1/scans/{scans[1]['scan_id']}", headers=token).status == 200


def test_a_gateway_that_dies_takes_nothing_with_it(house: Live) -> None:
    device = house.add_device()
    token = house.token(device)
    scans = [now_scan(device) for _ in range(20)]
    with house.gateway() as other:
        other.wait_ready()
        assert other.call("POST", "/v1/scans", {"scans": scans}, token).status == 202
        other.services["gateway"].kill()
    query = "SELECT 1 FROM udi.scan WHERE device_id = $1 HAVING count(DISTINCT scan_id) = $2"
    house.until(query, device.device_id, len(scans), seconds_max=SECONDS_MAX)
    again = house.call("POST", "/v1/scans?wait=10", {"scans": scans}, token).json["scans"]
    assert {each["verdict"]["verdict"] for each in again if "verdict" in each} <= {"duplicate"}


def test_a_session_holds_at_every_gateway(house: Live, second: Live) -> None:
    person = house.signed_in(Role.ADMIN)
    assert [each.call("GET", "/", headers=person).status for each in (house, second)] == [200, 200]


def test_a_device_that_sends_too_much_waits_as_long_as_it_is_told_and_is_counted(house: Live, second: Live) -> None:
    device = house.add_device()
    token = house.token(device)
    body = {"scans": [now_scan(device, quantity=0)] * 100}
    answers: list[Any] = []
    deadline = time.monotonic() + SECONDS_MAX
    while not answers or answers[-1].status != 429:  # A slow machine has gone into the next ten seconds meanwhile.
        answers.append(second.call("POST", "/v1/scans", body, token))
        assert time.monotonic() < deadline
    assert {each.status for each in answers[:-1]} == {422}
    assert problem(answers[-1]) == (429, "too-many")
    assert 1 <= int(answers[-1].headers["retry-after"]) <= 10
    assert f'{REFUSED}{{why="too-many"}} 1.0' in second.call("GET", "/metrics").body.decode()
    assert house.call("POST", "/v1/scans", now_scan(device), token).status == 202


def test_without_a_broker_nothing_is_accepted_and_the_device_hears_when_to_try_again(house: Live) -> None:
    device = house.add_device()
    token = house.token(device)
    scan = now_scan(device)
    with house.gateway(UDI_BOOTSTRAP_SERVERS=f"127.0.0.1:{free_port()}") as other:
        deadline = time.monotonic() + SECONDS_MAX
        while True:
            try:
                answer = other.call("POST", "/v1/scans", scan, token)
                break
            except OSError:
                assert time.monotonic() < deadline, other.services["gateway"].log
                time.sleep(0.1)
        assert problem(answer) == (503, "unavailable")
        assert int(answer.headers["retry-after"]) >= 1
        assert "nothing was accepted" in answer.json["detail"]
        assert other.call("GET", "/readyz").status == 503
        assert other.call("GET", "/healthz").status == 200
    assert house.rows("SELECT 1 FROM udi.scan WHERE scan_id = $1", scan["scan_id"]) == []
