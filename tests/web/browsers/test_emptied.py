"""A browser that is handed on from test to test: nothing of one reaches the next."""

from typing import Any, Final

import pytest
from playwright.sync_api import BrowserContext, Page

from tests.support.servers import browser
from tests.support.servers.bedside import GOODS, lines, set_up, type_scan
from tests.support.servers.live import Live

KEEP: Final = """async () => {
    localStorage.setItem('kept', 'x');
    sessionStorage.setItem('kept', 'x');
    document.cookie = 'kept=x';
    await caches.open('kept').then((cache) => cache.put('/kept', new Response('x')));
    await navigator.serviceWorker.ready;
}"""
"""Beside the scans and the worker that a terminal keeps."""
KEPT: Final = """async () => ({
    local: localStorage.length > 0, session: sessionStorage.length > 0, cookies: document.cookie !== '',
    caches: (await caches.keys()).length > 0, databases: (await indexedDB.databases()).length > 0,
    workers: (await navigator.serviceWorker.getRegistrations()).length > 0,
    files: await fetch('/static/terminal/main.js', { cache: 'only-if-cached', mode: 'same-origin' })
        .then(() => true, () => false),
})"""
"""What is there, of each kind."""
AWAY: Final = "(paths) => Promise.all(paths.map((path) => fetch(path).then(() => false, () => true)))"
"""Which of these addresses are not answered."""
PATHS: Final = ["/terminal", "/static/pages.css"]


def kept(page: Page, house: Live) -> dict[str, Any]:
    """As a page of the origin sees it that keeps nothing itself."""
    page.goto(f"{house.url}/healthz")
    found: dict[str, Any] = page.evaluate(KEPT)
    return found


@pytest.mark.parametrize("left_open", [False, True])
def test_nothing_of_one_test_reaches_the_next(
    house: Live, context: BrowserContext, page: Page, left_open: bool
) -> None:
    terminal = set_up(page, house, house.add_device())
    type_scan(terminal, "E1")
    type_scan(terminal, GOODS)
    lines(terminal, "billed", 1)
    terminal.evaluate(KEEP)
    assert not [name for name, there in kept(page, house).items() if not there]
    context.route("**/terminal", lambda route: route.abort())
    page.route("**/pages.css", lambda route: route.abort())
    assert page.evaluate(AWAY, PATHS) == [True, True]
    if left_open:
        context.new_page().goto(f"{house.url}/healthz")
        context.pages[-1].evaluate("() => { navigator.locks.request('udi-sender', () => new Promise(() => {})); }")
        context.set_offline(True)

    page = browser.emptied(context, house.url)

    assert context.pages == [page]
    assert page.evaluate("[history.state, window.name, navigator.onLine]") == [None, "", True]
    assert not [name for name, there in kept(page, house).items() if there]
    assert page.evaluate(AWAY, PATHS) == [False, False]
    assert set_up(page, house, house.add_device()).locator("#lines li").count() == 0


def test_a_page_that_is_closed_is_replaced(house: Live, context: BrowserContext, page: Page) -> None:
    page.close()
    assert browser.emptied(context, house.url).url == "about:blank"
