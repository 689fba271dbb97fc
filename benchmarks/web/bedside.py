"""The bedside terminal in a real browser: first paint, cold start, size, a scan's way to its verdict, a long queue."""

import gzip
from importlib.resources import files
from time import perf_counter
from typing import Any, Final

from playwright.sync_api import Browser, Page, expect

from benchmarks.latency import percentile
from benchmarks.table import Table
from tests.support.servers.bedside import FILL, type_scan
from tests.support.servers.browser import browser
from tests.support.servers.installation import Installation

SECTION: Final = "Bedside terminal"
THROTTLED: Final = 4
"""The browser's processor runs at a quarter."""
STARTS, SCANS, QUEUED = 5, 30, 5_000
_NONE_KEPT: Final = """async () => {
    const { count } = await import('/static/terminal/store.js');
    while (await count('kept')) await new Promise((go) => setTimeout(go, 20));
}"""
"""Left when every scan is with the gateway. (`wait_for_function` takes the promise itself for the answer.)"""


def run(table: Table, installed: Installation) -> None:
    """All of it."""
    with browser() as started:
        paints, starts = zip(*(_cold(started, installed) for _ in range(STARTS)), strict=True)
        page = _set_up(started, installed)
        verdicts = [_scan(page, installed) for _ in range(SCANS)]
        queue = _queue(page)
    for name, values, aim in (
        ("first paint", paints, 1_000), ("cold start until it can scan", starts, 3_000),
    ):  # fmt: skip
        line = table.add(SECTION, f"{name}, processor at 1/{THROTTLED}", "ms", values)
        table.aim(f"terminal: {name} on a throttled processor, ms", line.median, aim, least=False)
    line = table.add(SECTION, "scan to verdict on the screen, p95", "ms", [percentile(verdicts, 95)])
    table.aim("scan to verdict on the screen, p95, ms", line.median, 200, least=False)
    line = table.add(SECTION, f"{QUEUED:,} queued scans up", "s", [queue])
    table.aim(f"{QUEUED:,} queued scans up, s", line.median, 30, least=False)
    line = table.add(SECTION, "all script, compressed", "kB", [_size() / 1000])
    table.aim("all script of the terminal, compressed, kB", line.median, 100, least=False)


def _size() -> int:
    """Bytes of every script of the terminal after gzip, each by itself."""
    static = files("streams.web") / "static"
    scripts = [each for folder in ("terminal", "vendor") for each in (static / folder).iterdir()]
    return sum(len(gzip.compress(each.read_bytes())) for each in scripts if each.name.endswith(".js"))


def _cold(started: Browser, installed: Installation) -> tuple[float, float]:
    """First paint and readiness of a browser that has never seen the terminal, ms."""
    context = started.new_context(locale="en-GB")
    page = context.new_page()
    context.new_cdp_session(page).send("Emulation.setCPUThrottlingRate", {"rate": THROTTLED})
    page.goto(f"{installed.address}/terminal")
    page.wait_for_selector("body[data-ready]")
    paint, ready = page.evaluate(
        "() => [performance.getEntriesByName('first-contentful-paint')[0].startTime, performance.now()]"
    )
    context.close()
    return float(paint), float(ready)


def _set_up(started: Browser, installed: Installation) -> Page:
    page = started.new_context(locale="en-GB").new_page()
    page.goto(f"{installed.address}/terminal")
    page.wait_for_selector("body[data-ready]")
    for name, value in (("hospital", installed.hospital), ("device_id", installed.device), ("key", installed.key)):
        page.fill(f"[name={name}]", value)
    page.click("#register-now")
    page.wait_for_selector("#work:not([hidden])")
    type_scan(page, installed.case)
    expect(page.locator("#case")).to_have_text(installed.case)
    return page


def _scan(page: Page, installed: Installation) -> float:
    """From the scanner's Enter to the verdict's line, ms."""
    before: Any = page.evaluate("""() => {
        const done = () => document.querySelectorAll('li[data-state=billed]').length;
        const before = done();
        window.seen = new Promise((go) => {
            const observer = new MutationObserver(() => {
                if (done() > before) { observer.disconnect(); go(performance.now() - window.began); }
            });
            observer.observe(document.getElementById('lines'), { childList: true });
        });
        addEventListener('keydown', (event) => { if (event.key === 'Enter') window.began = performance.now(); }, true);
        return before;
    }""")
    assert isinstance(before, int)
    type_scan(page, installed.code)
    return float(page.evaluate("window.seen"))


def _queue(page: Page) -> float:
    """Seconds until a queue made without a network is with the gateway."""
    context = page.context
    context.set_offline(True)
    page.evaluate(FILL, [QUEUED, "06999900000019"])
    context.set_offline(False)
    began = perf_counter()
    page.evaluate("dispatchEvent(new Event('online'))")
    # The page's own count was 0 before as well: the scans were put beneath it.
    page.evaluate(_NONE_KEPT)
    return perf_counter() - began
