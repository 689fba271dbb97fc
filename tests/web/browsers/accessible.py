"""Whether the rules of accessibility hold on a page as a phone shows it, in the light and in the dark."""

from collections.abc import Mapping
from typing import Any, Final

from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, BrowserContext, Page

PHONE: Final[Any] = {"width": 360, "height": 800}
BROKEN: Final = """(options) => axe.run({ resultTypes: ['violations'], ...options }).then(({ violations }) =>
    violations.map(({ id, nodes }) => `${id}: ${nodes[0].html.slice(0, 200)}`))"""
"""The rules that do not hold, each with the first place; nothing of the many places where all is well."""
OVERHANG: Final = "document.documentElement.scrollWidth - document.documentElement.clientWidth"
TURN: Final = """async (theme) => {
    document.documentElement.dataset.theme = theme;
    for (const link of document.querySelectorAll("a[href*='theme=']"))
        if (new URL(link.href).searchParams.get('theme') === theme) link.setAttribute('aria-current', 'true');
        else link.removeAttribute('aria-current');
    await Promise.all(document.getAnimations().map((each) => each.finished));
}"""
"""All that the theme changes in a page (`templates/page.html`, `choices.html`), until its colours have changed."""

COLOURS: Final[Any] = {"runOnly": {"type": "tag", "values": ["cat.color"]}}
SHAPES: Final[Any] = {"rules": {"color-contrast": {"enabled": False}}}
"""All rules but the one that needs nine tenths of the time: it draws every text of a page for itself."""
ONE_OF_A_KIND: Final = """() => {
    const told = /^(class|style|type|lang|data-.*|aria-current)$/;
    const own = ({ name, value }) => (told.test(name) ? `${name}=${value}` : name);
    const said = (node) => [...node.childNodes].some((each) => each.nodeType === Node.TEXT_NODE && each.data.trim());
    const kind = (node) =>
        `${node.tagName}[${[...node.attributes].map(own)}]${said(node)}(${[...node.children].map(kind)})`;
    for (const body of document.querySelectorAll('tbody')) {
        const kinds = new Set();
        for (const row of [...body.children].slice(0, -1))
            if (kinds.size === kinds.add(kind(row)).size) row.remove();
    }
}"""
"""Of the rows of a list one of each kind stays, and the last. Of one kind are those with equal elements, attributes
and places of text, so that no selector of the stylesheet tells them apart."""


def new_context(chromium: Browser) -> BrowserContext:
    """A context whose pages have axe from their beginning: it is read once, and not sent to each page anew."""
    made = chromium.new_context(viewport=PHONE)
    made.add_init_script(Axe().axe_script)
    return made


def signed_in(context: BrowserContext, url: str, cookie: Mapping[str, str], theme: str) -> Page:
    """A page of somebody who is signed in and has chosen a theme."""
    name, _, secret = cookie["Cookie"].partition("=")
    context.add_cookies(
        [{"name": name, "value": secret, "url": url}, {"name": "udi_theme", "value": theme, "url": url}]
    )
    return context.new_page()


def broken(page: Page, **options: Any) -> list[str]:
    """The rules that do not hold on the page as it is."""
    found: list[str] = page.evaluate(BROKEN, options)
    return found


def broken_colours(page: Page) -> list[str]:
    """The rules of colours that do not hold on a page whose lists have one row of each kind."""
    page.evaluate(ONE_OF_A_KIND)
    return broken(page, **COLOURS)


def overhang(page: Page) -> int:
    """By how many CSS pixels it is wider than the screen."""
    found: int = page.evaluate(OVERHANG)
    return found


def turn(page: Page, theme: str) -> None:
    """Show it in another theme, as the server would send it."""
    assert page.evaluate("document.documentElement.dataset.theme") != theme
    page.evaluate(TURN, theme)
