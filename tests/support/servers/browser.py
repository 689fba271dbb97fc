"""The system's Chromium, driven by playwright; left out with one line where there is none.

One context serves many tests, and between two of them it is emptied as if it were new: a new one costs more than most
tests at the bedside, for its first page starts processes of its own.
"""

import shutil
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, Final

from playwright.sync_api import Browser, BrowserContext, Page, sync_playwright

MISSING: Final = (
    "Left out: pages in a real browser; expected chromium (Debian: apt-get install chromium-headless-shell)."
)
_NAMES: Final = ("chromium-headless-shell", "chromium", "chromium-browser", "google-chrome")
"""The first that is found is taken. The first of all draws pages alone; the others make the window around each page,
too, whose address bar is pages of its own, and take half as much again of the processor."""
GONE_SECONDS_MAX: Final = 60.0
LOOKS: Final[dict[str, Any]] = {"locale": "en-GB", "viewport": {"width": 800, "height": 1000}}
"""Of a context: the screen of a terminal in English."""


def find() -> str | None:
    """Where the browser's program is."""
    return next((found for name in _NAMES if (found := shutil.which(name))), None)


@contextmanager
def browser() -> Iterator[Browser]:
    """A running browser; it draws by itself, for imitating a graphics card costs a sixth of what a page costs."""
    with sync_playwright() as playwright:
        started = playwright.chromium.launch(executable_path=find(), args=["--no-sandbox", "--disable-gpu"])
        yield started
        started.close()


@contextmanager
def new_context(chromium: Browser, milliseconds: int) -> Iterator[BrowserContext]:
    """A context that nobody has used, gone when left; nothing that is waited for takes longer than that."""
    made = chromium.new_context(**LOOKS)
    made.set_default_timeout(milliseconds)
    yield made
    made.close()


def emptied(context: BrowserContext, origin: str) -> Page:
    """The one page that is left of a context in which nothing is kept of what pages of the origin wrote anywhere.

    Not taken back are the time of `page.clock`, quotas and what a test keeps under another origin: such a test has a
    context of its own.

    Raises:
        TimeoutError: the browser still keeps something of the origin.
    """
    context.set_offline(False)
    context.unroute_all()
    page = next(iter(context.pages), None) or context.new_page()
    for other in context.pages:
        if other is not page:
            other.close()
    page.unroute_all()
    page.goto("about:blank")  # No page of the origin lives that could write once more.
    session = context.new_cdp_session(page)
    session.send("Network.clearBrowserCache")
    deadline = time.monotonic() + GONE_SECONDS_MAX
    while True:
        session.send("Storage.clearDataForOrigin", {"origin": origin, "storageTypes": "all"})
        left = session.send("Storage.getUsageAndQuota", {"origin": origin})["usageBreakdown"]
        if not any(each["usage"] for each in left):
            break
        if time.monotonic() > deadline:
            raise TimeoutError(f"Expected nothing of {origin} in the browser; it still keeps {left}.")
    session.detach()
    return page
