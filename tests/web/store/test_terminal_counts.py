"""A shelf is counted at the terminal: blind, without a case, across a cold start, and nobody is charged by mistake."""

from collections.abc import Iterator
from typing import Any, Final

import orjson
import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import BrowserContext, Page, expect

from tests.support.servers.bedside import GOODS, lines, name_of, taken, type_scan
from tests.support.servers.live import DI, Live, now_scan

SHELF: Final = "CNT-1"
OTHER: Final = f"]d201{DI}17391231102ND"


@pytest.fixture(scope="module")
def shelf(house: Live) -> str:
    """A store with seven screws of one lot."""
    device = house.add_device()
    came = now_scan(device, action="receive", store=SHELF, quantity=7, encounter=None)
    del came["encounter"]
    answer = house.call("POST", "/v1/scans?wait=10", came, house.token(device)).json
    assert answer["verdict"]["verdict"] == "recorded", answer
    return SHELF


@pytest.fixture
def count(house: Live, shelf: str) -> Iterator[str]:
    """A count of its shelf; ended without booking."""
    document = orjson.loads(house.here("count", "start", shelf, "--hospital", "H1", "--json"))["document"]
    yield document
    house.here("count", "cancel", document, "--hospital", "H1", "--reason", "a test", "--by", "li")


def count_now(terminal: Page) -> None:
    """Chosen, and the page has said so: what it says of a scan comes after that."""
    terminal.check("#action-count")
    expect(terminal.locator("#outcome-head")).to_have_text("Scan what lies on the shelf")


def begin(terminal: Page, shelf: str, document: str) -> None:
    """As a person does: the place, the action, the number."""
    terminal.fill("#store", shelf)
    terminal.locator("#store").blur()
    count_now(terminal)
    type_scan(terminal, document)
    expect(terminal.locator("#document")).to_have_value(document)
    expect(terminal.locator("#outcome-head")).to_contain_text(document)


def scans_of(house: Live, terminal: Page) -> list[dict[str, Any]]:
    return taken(house, name_of(terminal), "action::text AS action, document, place, quantity, encounter")


def test_a_count_is_blind_and_goes_on_offline_and_after_a_cold_start(
    house: Live, context: BrowserContext, terminal: Page, shelf: str, count: str
) -> None:
    begin(terminal, shelf, count)
    terminal.fill("#quantity", "5")
    type_scan(terminal, GOODS)
    lines(terminal, "recorded", 1)
    assert "left in stock" not in terminal.inner_text("body")
    assert "× 5" in terminal.inner_text("#lines")
    assert Axe().run(terminal).response["violations"] == []
    expect(terminal.locator("#quantity")).to_have_value("1")

    terminal.evaluate("navigator.serviceWorker.ready.then(() => true)")
    terminal.reload()
    terminal.wait_for_selector("body[data-ready]")
    context.set_offline(True)
    terminal.reload()
    terminal.wait_for_selector("body[data-ready]")
    expect(terminal.locator("#document")).to_have_value(count)
    expect(terminal.locator("#action-count")).to_be_checked()
    lines(terminal, "recorded", 1)
    type_scan(terminal, OTHER)
    lines(terminal, "kept", 1)
    context.set_offline(False)
    lines(terminal, "recorded", 2)

    of_count = {"action": "count", "document": count, "place": None, "encounter": None}
    assert scans_of(house, terminal) == [of_count | {"quantity": 5}, of_count | {"quantity": 1}]
    shown = orjson.loads(house.udi("count", "show", count, "--hospital", "H1", "--json"))
    assert {line["lot"]: line["counted"] for line in shown["lines"]} == {"L1": 5, "2ND": 1}


def test_a_wristband_is_not_counted_and_nothing_is_used_after_a_count(
    house: Live, terminal: Page, shelf: str, count: str
) -> None:
    type_scan(terminal, "E1")
    begin(terminal, shelf, count)
    type_scan(terminal, "E1")
    expect(terminal.locator("#outcome-head")).to_have_text("These are no goods")

    terminal.check("#action-use")
    expect(terminal.locator("#document")).to_be_hidden()
    type_scan(terminal, GOODS)
    expect(terminal.locator("#outcome-head")).to_have_text("These are goods")
    assert scans_of(house, terminal) == []


def test_a_count_is_entered_again_with_what_was_scanned_of_it(
    house: Live, terminal: Page, shelf: str, count: str
) -> None:
    begin(terminal, shelf, count)
    terminal.fill("#room", "cab1")
    terminal.locator("#room").blur()
    type_scan(terminal, GOODS)
    lines(terminal, "recorded", 1)
    terminal.check("#action-use")
    expect(terminal.locator("#lines li")).to_have_count(0)

    terminal.check("#action-count")
    lines(terminal, "recorded", 1)
    terminal.fill("#document", "C-OTHER-1")
    terminal.locator("#document").blur()
    expect(terminal.locator("#lines li")).to_have_count(0)
    expect(terminal.locator("#room")).to_have_value("")
    terminal.fill("#document", count)
    terminal.locator("#document").blur()
    lines(terminal, "recorded", 1)
    assert [(row["document"], row["place"]) for row in scans_of(house, terminal)] == [(count, "cab1")]


def test_a_quantity_that_is_none_keeps_nothing(house: Live, terminal: Page, shelf: str, count: str) -> None:
    begin(terminal, shelf, count)
    for wrong in ("0", "1.5", "x", ""):
        terminal.fill("#quantity", wrong)
        type_scan(terminal, GOODS)
        expect(terminal.locator("#outcome-head")).to_have_text("How many?")
    expect(terminal.locator("#lines li")).to_have_count(0)
    terminal.fill("#quantity", "2")
    terminal.locator("#quantity").blur()
    type_scan(terminal, GOODS)
    lines(terminal, "recorded", 1)
    assert [row["quantity"] for row in scans_of(house, terminal)] == [2]


def test_goods_before_the_number_of_the_count_keep_nothing(house: Live, terminal: Page, shelf: str) -> None:
    terminal.fill("#store", shelf)
    terminal.locator("#store").blur()
    count_now(terminal)
    type_scan(terminal, GOODS)
    expect(terminal.locator("#outcome-head")).to_have_text("Which count?")
    assert scans_of(house, terminal) == []


def test_other_actions_leave_the_case_open(terminal: Page) -> None:
    type_scan(terminal, "E1")
    terminal.check("#action-opened")
    terminal.check("#action-use")
    expect(terminal.locator("#case")).to_have_text("E1")
    type_scan(terminal, GOODS)
    lines(terminal, "billed", 1)
