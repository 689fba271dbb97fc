"""The set-up page: what a scanner sends of two test symbols says how it is set up; and keyboards of other countries."""

import io
from typing import Any, Final

import orjson
import pytest
import zxingcpp
from PIL import Image, ImageOps
from playwright.sync_api import Page, expect

from streams.web.pages.scanner import GS1_TEXT, KEYS_TEXT
from tests.support.servers.bedside import SEEN_MS, US, lines, name_of, scan
from tests.support.servers.live import DI, Live

FR: Final = US | {
    "KeyQ": "aA", "KeyA": "qQ", "KeyW": "zZ", "KeyZ": "wW", "Semicolon": "mM", "KeyM": ",?", "Comma": ";.",
    "Period": ":/", "Slash": "!§", "Digit1": "&1", "Digit2": "é2", "Digit3": '"3', "Digit4": "'4", "Digit5": "(5",
    "Digit6": "-6", "Digit7": "è7", "Digit8": "_8", "Digit9": "ç9", "Digit0": "à0", "Minus": ")°", "Quote": "ù%",
    "BracketRight": "$£", "Backslash": "*µ", "BracketLeft": "\0\0",
}  # fmt: skip
DE: Final = US | {
    "KeyY": "zZ", "KeyZ": "yY", "Minus": "ß?", "Equal": "\0\0", "BracketLeft": "üÜ", "BracketRight": "+*",
    "Semicolon": "öÖ", "Quote": "äÄ", "Backslash": "#'", "Slash": "-_", "Comma": ",;", "Period": ".:",
    "Digit2": '2"', "Digit3": "3§", "Digit6": "6&", "Digit7": "7/", "Digit8": "8(", "Digit9": "9)", "Digit0": "0=",
}  # fmt: skip
LAYOUTS: Final[dict[str, dict[str, str] | None]] = {"US": US, "FR": FR, "DE": DE, "ZH": None}
"""What each key gives; a NUL is a dead key. `None`: an input method swallows what is typed."""


@pytest.fixture
def ready(house: Live, terminal: Page) -> tuple[Page, str]:
    name = name_of(terminal)
    terminal.goto(f"{house.url}/terminal/scanner")
    terminal.wait_for_selector("body[data-ready]")
    return terminal, name


def profile(house: Live, device: str) -> Any:
    (row,) = house.until("SELECT profile FROM report.scanners WHERE device_id = $1", device)
    return orjson.loads(row["profile"])


@pytest.mark.parametrize("name", LAYOUTS)
def test_a_keyboard_of_another_country_is_found_and_read_through(
    house: Live, ready: tuple[Page, str], name: str
) -> None:
    page, device = ready
    layout = LAYOUTS[name]
    scan(page, KEYS_TEXT, layout)
    expect(page.locator("#gs1")).to_be_visible(timeout=SEEN_MS)
    scan(page, f"]d2{GS1_TEXT}", layout)
    expect(page.locator("#outcome")).to_have_class("outcome done", timeout=SEEN_MS)
    expect(page.locator("#set_up_identifier")).to_have_text("]d2", timeout=SEEN_MS)
    expect(page.locator("#set_up_separator")).to_have_text("GS")
    assert profile(house, device)["sends_separators"] is True

    page.goto(f"{house.url}/terminal")
    page.wait_for_selector("body[data-ready]")
    scan(page, "E1", layout)
    expect(page.locator("#case")).to_have_text("E1", timeout=SEEN_MS)
    scan(page, f"]d201{DI}10AZQM-1\x1d21W{name}/2", layout)
    lines(page, "billed", 1)
    found = house.rows("SELECT di, lot, serial FROM udi.scan WHERE device_id = $1 AND verdict = 'billed'", device)
    assert found == [{"di": DI, "lot": "AZQM-1", "serial": f"W{name}/2"}]


@pytest.mark.parametrize(
    ("separator", "expected"),
    [("", {"drops_separators": True, "separators": []}), ("|", {"sends_separators": True, "separators": ["|"]})],
)
def test_what_it_sends_for_the_separator_is_found_and_stored(
    house: Live, ready: tuple[Page, str], separator: str, expected: dict[str, Any]
) -> None:
    page, device = ready
    scan(page, KEYS_TEXT, US)
    scan(page, f"PRE{GS1_TEXT}!!", US, separator)
    expect(page.locator("#set_up_prefix")).to_have_text("PRE", timeout=SEEN_MS)
    expect(page.locator("#set_up_suffix")).to_have_text("!!")
    expect(page.locator("#set_up_identifier")).to_have_text("none")
    stored = profile(house, device)
    assert {**stored, **expected} == stored
    assert (stored["prefix"], stored["suffix"]) == ("PRE", "!!")


def test_another_symbol_than_the_test_symbols_is_told_from_them(ready: tuple[Page, str]) -> None:
    page, _ = ready
    scan(page, "6901234567892", US)
    expect(page.locator("#outcome-head")).to_have_text("This keyboard layout loses characters", timeout=SEEN_MS)
    scan(page, KEYS_TEXT, US)
    scan(page, "6901234567892", US)
    expect(page.locator("#outcome-head")).to_have_text("That was not the test symbol", timeout=SEEN_MS)


@pytest.mark.parametrize(("name", "text"), [("gs1", "]d2" + GS1_TEXT), ("keys", "]d1" + KEYS_TEXT)])
def test_the_symbols_say_what_is_expected_of_them(house: Live, ready: tuple[Page, str], name: str, text: str) -> None:
    page, _ = ready
    page.goto(f"{house.url}/terminal/symbols/{name}.svg")
    picture = Image.open(io.BytesIO(page.locator("svg").screenshot())).convert("L")
    (found,) = zxingcpp.read_barcodes(ImageOps.expand(picture, 40, 255))
    assert found.symbology_identifier + found.bytes.decode() == text
