"""What goes wrong at the bedside: each says what happened and what to do, and nothing is lost."""

from datetime import UTC, datetime, timedelta

import pytest
from playwright.sync_api import Browser, BrowserContext, Page, Route, expect

from sinks.postgres.web.devices import DeviceBooks
from streams.web.gateway.credentials import Tokens
from tests.support.servers.bedside import GOODS, lines, name_of, set_up, states, taken, type_scan
from tests.support.servers.live import DI, Live


def says(page: Page, head: str, more: str = "") -> None:
    expect(page.locator("#outcome-head")).to_have_text(head)
    if more:
        expect(page.locator("#outcome-more")).to_contain_text(more)


def test_goods_while_another_case_is_asked_about_are_recorded_for_neither(terminal: Page) -> None:
    type_scan(terminal, "E1")
    type_scan(terminal, "E2")
    expect(terminal.locator("#question-text")).to_contain_text("E2")

    type_scan(terminal, GOODS)

    says(terminal, "Which case?", "scan the wristband of E2 once more")
    assert states(terminal) == []
    type_scan(terminal, "E2")
    expect(terminal.locator("#case")).to_have_text("E2")
    expect(terminal.locator("#question")).to_be_hidden()


def test_the_place_is_scanned_where_it_is_missing(house: Live, terminal: Page) -> None:
    type_scan(terminal, "E1")
    terminal.fill("#store", "")
    type_scan(terminal, GOODS)
    says(terminal, "Which place?", "Scan or type the place")
    assert states(terminal) == []

    type_scan(terminal, "WARD-7")

    expect(terminal.locator("#store")).to_have_value("WARD-7")
    says(terminal, "Place: WARD-7", "Scan goods")
    type_scan(terminal, GOODS)
    lines(terminal, "billed", 1)
    assert taken(house, name_of(terminal), "store") == [{"store": "WARD-7"}]


@pytest.mark.parametrize(("field", "text"), [("store", "OR-NORTH-9"), ("staff", "S01234")])
def test_a_field_that_waits_for_a_text_takes_the_scan(terminal: Page, field: str, text: str) -> None:
    type_scan(terminal, "E1")
    terminal.focus(f"#{field}")
    type_scan(terminal, text)
    expect(terminal.locator(f"#{field}")).to_have_value(text)
    expect(terminal.locator("#scan")).to_be_focused()
    assert states(terminal) == []


@pytest.mark.parametrize("text", ["]C18018123456789012345675", "(8018)123456789012345675"])
def test_a_wristband_of_gs1_is_no_goods(terminal: Page, text: str) -> None:
    type_scan(terminal, text)
    expect(terminal.locator("#case")).to_have_text(text.removeprefix("]C1"))


@pytest.mark.parametrize("ahead", [timedelta(days=1, hours=2), timedelta(hours=-26), timedelta(days=-20_000)], ids=str)
def test_a_clock_that_is_wrong_says_so_and_scans_carry_the_right_time(
    house: Live, own_context: BrowserContext, ahead: timedelta
) -> None:
    page = set_up(own_context.new_page(), house, house.add_device())
    page.evaluate("navigator.serviceWorker.ready.then(() => true)")
    page.reload()
    page.wait_for_selector("body[data-ready]")
    type_scan(page, "E1")
    own_context.set_offline(True)
    page.clock.install(time=datetime.now(UTC) + ahead)
    page.reload()
    page.wait_for_selector("body[data-ready]")
    type_scan(page, GOODS)
    lines(page, "kept", 1)

    own_context.set_offline(False)

    lines(page, "billed", 1)
    expect(page.locator("#clock")).to_contain_text("The clock of this device is wrong by")
    (row,) = taken(house, name_of(page), "scanned_at")
    assert abs(datetime.now(UTC) - row["scanned_at"]) < timedelta(hours=1)


def test_a_terminal_that_is_open_twice_says_so(house: Live, context: BrowserContext, terminal: Page) -> None:
    expect(terminal.locator("#twice")).to_be_hidden()
    other = context.new_page()
    other.goto(f"{house.url}/terminal")
    expect(other.locator("#twice")).to_contain_text("open twice")
    terminal.close()
    expect(other.locator("#twice")).to_be_hidden()


def test_a_token_that_ends_in_the_middle_of_a_queue_is_renewed(house: Live, terminal: Page) -> None:
    secret = house.asked(lambda pool: DeviceBooks(pool).secret())
    ended = Tokens(secret, -10).sign({"sub": name_of(terminal), "hos": "H1", "scope": "device"}, -10)
    answered: list[int] = []

    def with_an_ended_token(route: Route) -> None:
        headers = route.request.headers
        if not answered:
            headers |= {"authorization": f"Bearer {ended}"}
        answer = route.fetch(headers=headers)
        answered.append(answer.status)
        route.fulfill(response=answer)

    type_scan(terminal, "E1")
    terminal.route("**/v1/scans", with_an_ended_token)
    for _ in range(3):
        type_scan(terminal, GOODS)
    lines(terminal, "billed", 3)
    assert answered[:2] == [401, 202]
    assert len(taken(house, name_of(terminal), "scan_id")) == 3


FILLED_UP = """async () => {
    const { setFact } = await import('/static/terminal/store.js');
    const noise = (length) => Array.from({ length }, () => Math.random().toString(36)[2]).join('');
    for (let size = 20000, place = 0; size > 20; place++)
        await setFact(`noise${place}`, noise(size)).catch(() => (size = Math.floor(size / 2)));
}"""
"""Writes until nothing goes any more."""


def test_a_full_disk_is_told_and_what_was_kept_goes_up(house: Live, own_context: BrowserContext) -> None:
    page = own_context.new_page()
    page.goto(f"{house.url}/healthz")
    session = own_context.new_cdp_session(page)
    session.send("Storage.overrideQuotaForOrigin", {"origin": house.url, "quotaSize": 400_000})
    set_up(page, house, house.add_device())
    type_scan(page, "E1")
    type_scan(page, GOODS)
    lines(page, "billed", 1)
    page.evaluate(FILLED_UP)

    type_scan(page, GOODS)

    says(page, "The disk of this device is full", "could NOT be kept")
    session.send("Storage.overrideQuotaForOrigin", {"origin": house.url, "quotaSize": 40_000_000})
    type_scan(page, GOODS)
    lines(page, "billed", 2)


def test_a_terminal_that_was_revoked_keeps_its_scans_until_it_has_a_new_key(house: Live, terminal: Page) -> None:
    name = name_of(terminal)
    type_scan(terminal, "E1")
    house.asked(lambda pool: DeviceBooks(pool).revoke("H1", name, "test"))
    terminal.reload()
    terminal.wait_for_selector("body[data-ready]")
    type_scan(terminal, GOODS)
    expect(terminal.locator("#connection")).to_contain_text("was revoked")
    lines(terminal, "kept", 1)

    terminal.fill("[name=key]", house.add_device(name=name).key)
    terminal.click("#register-now")

    lines(terminal, "billed", 1)


def test_what_the_gateway_refuses_stays_and_can_be_sent_again(terminal: Page) -> None:
    type_scan(terminal, "E1")
    terminal.evaluate("""async (code) => {
        const { keep, fact } = await import('/static/terminal/store.js');
        const { uuid7 } = await import('/static/terminal/codes.js');
        const device = await fact('device');
        await keep({schema: 'udi.scan/1', scan_id: uuid7(), hospital: device.hospital, device_id: 'another-device',
                    scanned_at: new Date().toISOString(), action: 'use', quantity: 1, store: device.store,
                    encounter: 'E1', codes: [code]});
        dispatchEvent(new Event('online'));
    }""", GOODS)  # fmt: skip
    lines(terminal, "refused", 1)
    expect(terminal.locator("#refused-count")).to_contain_text("1 not accepted")

    terminal.locator("li[data-state=refused] button").click()

    lines(terminal, "billed", 1)
    lines(terminal, "refused", 1)


def test_closing_a_case_names_what_is_not_sent_yet(context: BrowserContext, terminal: Page) -> None:
    type_scan(terminal, "E1")
    context.set_offline(True)
    type_scan(terminal, GOODS)
    lines(terminal, "kept", 1)
    terminal.click("#close-case")
    says(terminal, "1 scans of this case are not sent yet", GOODS)


def test_a_line_says_which_unit_it_was(terminal: Page) -> None:
    type_scan(terminal, "E1")
    type_scan(terminal, f"]d201{DI}1739123110L7")
    lines(terminal, "billed", 1)
    expect(terminal.locator("li .sentence")).to_contain_text("Lot L7 · Use by 2039-12-31")


def test_half_a_label_is_guided_to_its_other_half(terminal: Page) -> None:
    type_scan(terminal, "E1")
    type_scan(terminal, f"]C101{DI}")
    says(terminal, "Half a label", "Scan the other barcode of the same label.")
    lines(terminal, "waiting", 1)

    type_scan(terminal, "]C11739123110L9")

    expect(terminal.locator("li[data-state=billed] .sentence")).to_contain_text("Lot L9")
    lines(terminal, "waiting", 0)


def test_in_chinese_it_is_said_in_chinese(house: Live, chromium: Browser) -> None:
    context = chromium.new_context(locale="zh-CN")
    page = set_up(context.new_page(), house, house.add_device())
    type_scan(page, GOODS)
    says(page, "这是耗材")
    context.close()
