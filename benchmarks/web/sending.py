"""How many scans a gateway takes in batches, and how fast many terminals come back at once."""

import http.client
import urllib.request
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from time import perf_counter
from typing import Final
from uuid import uuid4

import orjson

from benchmarks.latency import percentile
from benchmarks.table import Table
from tests.support.servers.installation import Installation

SECTION: Final = "Gateway"
SENDERS, BATCHES, BATCH = 4, 25, 100
TERMINALS: Final = 50


def run(table: Table, installed: Installation, repetitions: int) -> None:
    """Batches from several senders; terminals that open their streams at once."""
    token = _token(installed)
    line = table.add(SECTION, "accepted in batches of 100", "scans/s", [
        _send(installed, token) for _ in range(repetitions)])  # fmt: skip
    table.aim("gateway: scans accepted in batches, a second", line.median, 2_000, least=True)
    with ThreadPoolExecutor(TERMINALS) as threads:
        seconds = list(threads.map(lambda _: _come_back(installed), range(TERMINALS)))
    line = table.add(SECTION, f"{TERMINALS} terminals come back at once, p95", "s", [percentile(seconds, 95)])
    table.aim(f"{TERMINALS} terminals at once, p95, s", line.median, 5, least=False)


def _token(installed: Installation) -> str:
    wanted = {"hospital": installed.hospital, "device_id": installed.device, "key": installed.key}
    request = urllib.request.Request(  # noqa: S310 -- an address of ours
        f"{installed.address}/v1/devices/token", orjson.dumps(wanted), {"Content-Type": "application/json"}
    )
    with urllib.request.urlopen(request, timeout=60) as answer:  # noqa: S310
        return str(orjson.loads(answer.read())["access_token"])


def _send(installed: Installation, token: str) -> float:
    """Scans accepted a second."""
    bodies = [[_body(installed) for _ in range(BATCHES)] for _ in range(SENDERS)]

    def sender(own: list[bytes]) -> None:
        connection = http.client.HTTPConnection(installed.address.removeprefix("http://"), timeout=60)
        for body in own:
            connection.request("POST", "/v1/scans", body, {"Authorization": f"Bearer {token}"})
            answer = connection.getresponse()
            answer.read()
            assert answer.status == 202, answer.status

    began = perf_counter()
    with ThreadPoolExecutor(SENDERS) as threads:
        list(threads.map(sender, bodies))
    return SENDERS * BATCHES * BATCH / (perf_counter() - began)


def _body(installed: Installation) -> bytes:
    scan = {
        "schema": "udi.scan/1", "hospital": installed.hospital, "device_id": installed.device, "action": "use",
        "scanned_at": datetime.now(UTC).isoformat(), "codes": [installed.code], "quantity": 1, "store": "DEMO-STORE",
        "encounter": installed.case,
    }  # fmt: skip
    return orjson.dumps({"scans": [scan | {"scan_id": str(uuid4())} for _ in range(BATCH)]})


def _come_back(installed: Installation) -> float:
    """Seconds from nothing to an open stream of verdicts."""
    began = perf_counter()
    request = urllib.request.Request(  # noqa: S310
        f"{installed.address}/v1/verdicts?device_id={installed.device}",
        headers={"Authorization": f"Bearer {_token(installed)}"},
    )
    with urllib.request.urlopen(request, timeout=60) as stream:  # noqa: S310
        assert stream.readline()
    return perf_counter() - began
