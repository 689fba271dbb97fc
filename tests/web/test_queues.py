"""Terminals that come back: fifty at once, one with a long queue, one whose gateway dies while it sends."""

import sys
import time
import urllib.request
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any, Final

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.support.servers.bedside import FILL, name_of, set_up
from tests.support.servers.live import DI, Device, Live

TERMINALS: Final = 50
QUEUED: Final = 5_000
SENT_MS_MAX: Final = 300_000


@pytest.fixture
def queued(house: Live, chromium: Browser) -> Iterator[Any]:
    context = chromium.new_context(locale="en-GB")

    def fill(count: int) -> Page:
        page = set_up(context.new_page(), house, house.add_device())
        context.set_offline(True)
        page.evaluate(FILL, [count, DI])
        context.set_offline(False)
        page.evaluate("dispatchEvent(new Event('online'))")
        return page

    yield fill
    context.close()


def told(text: str) -> None:
    """A figure for who runs the tests with `-s`; it depends on the machine, so nothing is asserted of it."""
    sys.stdout.write(f"\n{text}\n")


def recorded(house: Live, device: str) -> list[int]:
    rows = house.rows("SELECT sequence FROM udi.scan WHERE device_id = $1 AND verdict NOT IN ('duplicate', 'conflict') "
                      "ORDER BY record_offset", device)  # fmt: skip
    return [row["sequence"] for row in rows]


def all_there(house: Live, device: str, count: int) -> None:
    house.until("SELECT 1 FROM udi.scan WHERE device_id = $1 AND verdict NOT IN ('duplicate', 'conflict') "
                "HAVING count(*) = $2", device, count, seconds_max=600)  # fmt: skip
    assert recorded(house, device) == list(range(1, count + 1))


def test_a_queue_of_five_thousand_scans_goes_up_once_and_in_order(house: Live, queued: Any) -> None:
    began = time.monotonic()
    page = queued(QUEUED)
    expect(page.locator("#unsent")).to_have_attribute("data-count", "0", timeout=SENT_MS_MAX)
    told(f"{QUEUED:,} queued scans were up after {time.monotonic() - began:.1f} s")
    device = name_of(page)
    all_there(house, device, QUEUED)
    # Sent again is a batch whose answer was late, on a machine that does much else; not the queue.
    again = house.rows("SELECT 1 FROM udi.scan WHERE device_id = $1 AND verdict = 'duplicate'", device)
    assert len(again) < QUEUED / 10


def test_a_gateway_that_dies_while_a_terminal_sends_loses_nothing(house: Live, queued: Any) -> None:
    page, gateway = queued(1_500), house.services["gateway"]
    device = name_of(page)
    for share in (1, 2):
        house.until("SELECT 1 FROM udi.scan WHERE device_id = $1 HAVING count(*) >= $2", device, 300 * share,
                    seconds_max=600)  # fmt: skip
        gateway.kill()
        gateway.start()
    house.wait_ready()
    expect(page.locator("#unsent")).to_have_attribute("data-count", "0", timeout=SENT_MS_MAX)
    all_there(house, device, 1_500)


def come_back(house: Live, device: Device) -> float:
    """From nothing to an open stream of verdicts, seconds."""
    began = time.monotonic()
    address = f"{house.url}/v1/verdicts?device_id={device.device_id}"
    request = urllib.request.Request(address, headers=house.token(device))  # noqa: S310 -- an address of ours
    with urllib.request.urlopen(request, timeout=60) as stream:  # noqa: S310
        assert stream.readline()
    return time.monotonic() - began


def test_fifty_terminals_come_back_at_once(house: Live) -> None:
    devices = [house.add_device() for _ in range(TERMINALS)]
    with ThreadPoolExecutor(TERMINALS) as threads:
        seconds = sorted(threads.map(lambda each: come_back(house, each), devices))
    assert len(seconds) == TERMINALS
    told(f"{TERMINALS} terminals at once: p95 {seconds[int(TERMINALS * 0.95)]:.2f} s, slowest {seconds[-1]:.2f} s")
