"""How long the gateway takes for each page of the board."""

import http.client
from time import perf_counter
from typing import Final

from benchmarks.latency import percentile
from benchmarks.table import Table
from models.web.access import LISTS
from tests.support.servers.installation import Installation

SECTION: Final = "Pages of the board, p95"
PAGES: Final = ("/", "/month", *(f"/list/{name}" for name in LISTS))
TIMES: Final = 30
AIM_MS: Final = 100


def run(table: Table, installed: Installation, scans: int) -> None:
    """Each page so many times, one after the other, over one connection. What is kept is worked out before."""
    connection = http.client.HTTPConnection(installed.address.removeprefix("http://"), timeout=300)
    headers = {"Cookie": installed.session()}

    def seconds(path: str) -> float:
        began = perf_counter()
        connection.request("GET", path, headers=headers)
        answer = connection.getresponse()
        answer.read()
        assert answer.status == 200, (path, answer.status)
        return perf_counter() - began

    p95 = {}
    for path in (*PAGES, f"/case?encounter={installed.case}"):
        seconds(path)
        p95[path] = percentile([1000 * seconds(path) for _ in range(TIMES)], 95)
        table.add(SECTION, path, "ms", [p95[path]])
    slowest = max(p95, key=lambda path: p95[path])
    table.aim(f"p95 of the slowest page ({slowest}) at {scans:,} scans, ms", p95[slowest], AIM_MS, least=False)
