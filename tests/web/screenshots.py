"""`make screenshots`: every page, in both languages and themes, over an installation that runs.

`python -m tests.web.screenshots FOLDER ADDRESS NAME PASSWORD HOSPITAL DEVICE KEY CASE CODE`: what `udi demo --keep`
prints.
"""

import sys
from pathlib import Path

from playwright.sync_api import BrowserContext

from models.web.access import LISTS
from tests.support.servers.browser import browser

PAGES = ("/", "/month", *(f"/list/{name}" for name in LISTS))


def main(  # noqa: PLR0917 -- what the demo prints
    folder: Path, address: str, name: str, password: str, hospital: str, device: str, key: str, case: str, code: str
) -> None:
    """Take them all."""
    folder.mkdir(parents=True, exist_ok=True)
    with browser() as started:
        for language, tag in (("en-GB", "en"), ("zh-CN", "zh-CN")):
            for theme in ("light", "dark"):
                context = started.new_context(
                    locale=language, color_scheme=theme, viewport={"width": 1280, "height": 900}
                )
                _board(context, folder, address, name, password, f"{tag}-{theme}")
                _terminal(context, folder, address, (hospital, device, key), (case, code), f"{tag}-{theme}")
                context.close()


def _board(  # noqa: PLR0917 -- as above
    context: BrowserContext, folder: Path, address: str, name: str, password: str, looks: str
) -> None:
    page = context.new_page()
    page.goto(f"{address}/sign-in")
    page.screenshot(path=folder / f"sign-in-{looks}.png")
    page.fill("[name=name]", name)
    page.fill("[name=password]", password)
    page.click("main button")
    for path in PAGES:
        page.goto(address + path)
        page.screenshot(path=folder / f"{path.rpartition('/')[2] or 'now'}-{looks}.png")


def _terminal(  # noqa: PLR0917 -- as above
    context: BrowserContext,
    folder: Path,
    address: str,
    device: tuple[str, str, str],
    scans: tuple[str, str],
    looks: str,
) -> None:
    page = context.new_page()
    page.set_viewport_size({"width": 500, "height": 900})
    page.goto(f"{address}/terminal")
    page.wait_for_selector("body[data-ready]")
    for field, value in zip(("hospital", "device_id", "key"), device, strict=True):
        page.locator(f"[name={field}]").fill(value)
    page.click("#register-now")
    page.wait_for_selector("#work:not([hidden])")
    for text in scans:
        page.keyboard.type(text)
        page.keyboard.press("Enter")
    page.wait_for_selector("#lines li.done, #lines li.look", timeout=20_000)
    page.screenshot(path=folder / f"terminal-{looks}.png", full_page=True)


if __name__ == "__main__":
    main(Path(sys.argv[1]), *sys.argv[2:])
