"""The system's Chromium, driven by playwright; left out with one line where there is none."""

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final

from playwright.sync_api import Browser, sync_playwright

MISSING: Final = "Left out: pages in a real browser; expected chromium (Debian: apt-get install chromium)."
_NAMES: Final = ("chromium", "chromium-browser", "google-chrome")


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
