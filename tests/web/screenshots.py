"""`make screenshots`: every page, in both languages and themes, over a demo of its own or an installation that runs.

`python -m tests.web.screenshots FOLDER [ADDRESS NAME PASSWORD HOSPITAL DEVICE KEY CASE CODE]`: what `udi demo --keep`
prints.
"""

import asyncio
import sys
import tempfile
from pathlib import Path

from playwright.sync_api import BrowserContext, Page

from models.web.access import LISTS
from tests.support.servers.bedside import type_scan
from tests.support.servers.browser import browser
from tests.support.servers.installation import installation
from tests.web.store import pictured

PAGES = ("/", "/month", *(f"/list/{name}" for name in LISTS))
OPENED = {
    "case": ("/list/differences", "/case"),
    "scan": ("/list/held", "/scan/"),
    "finding": ("/list/findings", "/finding/"),
    "forecast": ("/list/demand", "/list/demand?store="),
}
"""Pages of one thing, by the list whose first link leads there."""
SCANS, MONTHS = 20_000, 15
"""Of the hospital that is made for the pictures: enough for each list to have rows."""
SIZES = {"": (1280, 900), "-phone": (360, 800), "-wall": (2560, 1440)}


def main(  # noqa: PLR0917 -- what the demo prints
    folder: Path, address: str, name: str, password: str, hospital: str, device: str, key: str, case: str, code: str
) -> None:
    """Take them all."""
    folder.mkdir(parents=True, exist_ok=True)
    with browser() as started:
        for language, tag in (("en-GB", "en"), ("zh-CN", "zh-CN")):
            for theme in ("light", "dark"):
                context = started.new_context(locale=language, color_scheme=theme)
                _board(context, folder, address, name, password, f"{tag}-{theme}")
                _terminal(context, folder, address, (hospital, device, key), (case, code), f"{tag}-{theme}")
                context.close()


def _take(page: Page, folder: Path, name: str, looks: str) -> None:
    """The page as a desk, a phone and a wall show it."""
    for size, (width, height) in SIZES.items():
        page.set_viewport_size({"width": width, "height": height})
        page.screenshot(path=folder / f"{name}-{looks}{size}.png")


def _board(  # noqa: PLR0917 -- as above
    context: BrowserContext, folder: Path, address: str, name: str, password: str, looks: str
) -> None:
    page = context.new_page()
    page.goto(f"{address}/sign-in")
    _take(page, folder, "sign-in", looks)
    page.fill("[name=name]", name)
    page.fill("[name=password]", password)
    page.click("main button")
    for path in PAGES:
        page.goto(address + path)
        _take(page, folder, path.rpartition("/")[2] or "now", looks)
    for one, (path, start) in OPENED.items():
        page.goto(address + path)
        page.goto(address + str(page.locator(f"main a[href^='{start}']").first.get_attribute("href")))
        _take(page, folder, one, looks)


def _terminal(  # noqa: PLR0917 -- as above
    context: BrowserContext,
    folder: Path,
    address: str,
    device: tuple[str, str, str],
    scans: tuple[str, str],
    looks: str,
) -> None:
    page = context.new_page()
    page.goto(f"{address}/terminal")
    page.wait_for_selector("body[data-ready]")
    for field, value in zip(("hospital", "device_id", "key"), device, strict=True):
        page.locator(f"[name={field}]").fill(value)
    page.click("#register-now")
    page.wait_for_selector("#work:not([hidden])")
    for text in scans:
        type_scan(page, text)
    page.wait_for_selector("#lines li.done, #lines li.look", timeout=20_000)
    _take(page, folder, "terminal", looks)
    page.goto(f"{address}/terminal/scanner")
    page.wait_for_selector("body[data-ready]")
    _take(page, folder, "scanner", looks)


def of_a_demo(folder: Path) -> None:
    """Take them of a small hospital that is made for it and goes again."""
    with tempfile.TemporaryDirectory() as data, installation(Path(data), SCANS, MONTHS) as made:
        asyncio.run(pictured.add(Path(data)))
        main(folder, made.address, "demo", made.password, made.hospital, made.device, made.key, made.case, made.code)


if __name__ == "__main__":
    if len(sys.argv) == 2:
        of_a_demo(Path(sys.argv[1]))
    else:
        main(Path(sys.argv[1]), *sys.argv[2:])
