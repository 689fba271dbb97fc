"""A nurse's shift at the bedside terminal: a real browser on a live installation."""

import io
import re
from datetime import UTC, datetime, timedelta
from typing import Final

import pytest
import zxingcpp
from PIL import Image
from playwright.sync_api import BrowserContext, Page, Route, expect

from models.charging.controls import Breaker, BreakerState, ControlScope
from sinks.postgres.monitoring.controls import ControlBooks
from tests.support.servers.bedside import (
    ENTER,
    GOODS,
    KEPT,
    SEEN_MS,
    TYPE,
    US,
    codes,
    keys,
    lines,
    name_of,
    really_type,
    set_up,
    states,
    taken,
    type_scan,
)
from tests.support.servers.live import DI, STORE, Live

MEANWHILE: Final = f"""(events) => {{
    const get = IDBObjectStore.prototype.get;
    IDBObjectStore.prototype.get = function (key) {{
        const request = get.call(this, key);
        if (key === 'encounter') {{
            IDBObjectStore.prototype.get = get;
            ({TYPE})(events);
        }}
        return request;
    }};
}}"""
"""Types while the terminal reads which case was open."""


def test_a_shift(terminal: Page) -> None:
    type_scan(terminal, GOODS)
    expect(terminal.locator("#outcome-head")).to_have_text("These are goods")

    type_scan(terminal, "E1")
    expect(terminal.locator("#case")).to_have_text("E1")
    assert terminal.input_value("#store") == STORE
    type_scan(terminal, GOODS)
    lines(terminal, "billed", 1)
    expect(terminal.locator("#outcome-head")).to_have_text("Charged: 螺钉")
    expect(terminal.locator("#total")).to_have_text("1234.00")

    terminal.check("#action-opened")
    type_scan(terminal, GOODS)
    lines(terminal, "recorded", 1)
    terminal.locator("li[data-state=billed] button").click()
    lines(terminal, "credited", 1)
    expect(terminal.locator("#total")).to_have_text("0.00")

    type_scan(terminal, GOODS)
    lines(terminal, "billed", 2)
    type_scan(terminal, "]d20107000000000000173912311099")
    expect(terminal.locator("li.look, li.refused")).to_have_count(1, timeout=SEEN_MS)


def test_a_held_charge_goes_on_with_a_badge_and_a_reason(house: Live, terminal: Page) -> None:
    breaker = Breaker(
        hospital="H1", by="wang", reason="use doubled", item_code="SCREW", scope_type=ControlScope.STORE, scope="OR-9",
        state=BreakerState.OPEN, since=datetime.now(UTC) - timedelta(hours=1), until=None,
    )  # fmt: skip
    house.asked(lambda pool: ControlBooks(pool).record([breaker]))
    type_scan(terminal, "E1")
    terminal.fill("#store", "OR-9")
    terminal.locator("#store").blur()
    type_scan(terminal, GOODS)
    lines(terminal, "held", 1)

    terminal.locator("li[data-state=held] button").click()
    type_scan(terminal, "BADGE-77")
    expect(terminal.locator("#badge")).to_have_value("BADGE-77")
    terminal.fill("#reason", "nothing else at hand")
    terminal.click("#answer-yes")

    lines(terminal, "billed", 1)
    found = house.rows("SELECT o.badge, o.reason FROM report.overrides o JOIN report.scans s USING (scan_id) "
                       "WHERE s.device_id = $1", name_of(terminal))  # fmt: skip
    assert found == [{"badge": "BADGE-77", "reason": "nothing else at hand"}]


def test_a_refusal_from_before_the_terminal_listens_is_shown(house: Live, page: Page) -> None:
    page.route("**/v1/verdicts*", lambda route: route.abort())
    set_up(page, house, house.add_device())
    type_scan(page, "E1")
    type_scan(page, f"]d201{DI}10L#1")
    house.until("SELECT 1 FROM udi.scan WHERE device_id = $1 AND verdict = 'refused'", name_of(page))
    lines(page, "accepted", 1)

    page.unroute("**/v1/verdicts*")

    lines(page, "refused", 1)


def test_a_scan_made_while_the_terminal_asks_whether_it_is_online_is_sent_at_once(
    house: Live, own_context: BrowserContext
) -> None:
    page = own_context.new_page()
    page.clock.install()
    asked: list[Route] = []
    page.route("**/healthz", lambda route: asked.append(route))  # noqa: PLW0108 -- playwright marks what it is given
    set_up(page, house, house.add_device())
    type_scan(page, "E1")
    expect(page.locator("#case")).to_have_text("E1")
    while not asked:
        page.wait_for_timeout(20)
    type_scan(page, GOODS)
    lines(page, "kept", 1)
    page.clock.pause_at(datetime.now(UTC) + timedelta(minutes=1))

    asked[0].continue_()

    expect(page.locator("#unsent")).to_have_text("All sent")  # While its clock stands still no pause of it ends.


def test_a_wristband_scanned_while_the_terminal_reads_which_case_was_open_opens_its_own(
    house: Live, page: Page
) -> None:
    device = house.add_device()
    page.goto(f"{house.url}/terminal")
    page.wait_for_selector("body[data-ready]")
    for name in ("hospital", "device_id", "key"):
        page.locator(f"[name={name}]").fill(str(getattr(device, name)))
    page.evaluate(MEANWHILE, [*keys("E1", US), ENTER])
    page.click("#register-now")

    expect(page.locator("#persisted")).not_to_be_empty()
    expect(page.locator("#case")).to_have_text("E1")
    type_scan(page, GOODS)
    lines(page, "billed", 1)


def test_a_wristband_scanned_as_goods_is_asked_about(terminal: Page) -> None:
    type_scan(terminal, "E1")
    type_scan(terminal, "E2")
    expect(terminal.locator("#question-text")).to_contain_text("E2")
    terminal.click("#answer-yes")
    expect(terminal.locator("#case")).to_have_text("E2")
    assert states(terminal) == []


def test_the_proof_of_a_case_is_shown_when_it_is_closed(terminal: Page) -> None:
    type_scan(terminal, "E2")
    type_scan(terminal, GOODS)
    lines(terminal, "billed", 1)
    terminal.click("#close-case")
    expect(terminal.locator("#proof .hash")).to_have_text(re.compile("[0-9a-f]{32}"), timeout=SEEN_MS)


def test_offline_and_back_from_a_cold_start(house: Live, context: BrowserContext, terminal: Page) -> None:
    type_scan(terminal, "E1")
    terminal.evaluate("navigator.serviceWorker.ready.then(() => true)")
    terminal.reload()
    terminal.wait_for_selector("body[data-ready]")
    context.set_offline(True)
    terminal.reload()
    terminal.wait_for_selector("body[data-ready]")
    for number in range(3):
        type_scan(terminal, f"{GOODS}{number}")
    lines(terminal, "kept", 3)
    expect(terminal.locator("#unsent")).to_have_text("3 not sent yet")

    context.set_offline(False)

    lines(terminal, "billed", 3)
    expect(terminal.locator("#unsent")).to_have_text("All sent")
    assert [row["lot"] for row in taken(house, name_of(terminal), "lot")] == ["L10", "L11", "L12"]


def test_a_page_closed_in_the_middle_loses_nothing(house: Live, context: BrowserContext, terminal: Page) -> None:
    type_scan(terminal, "E1")
    context.set_offline(True)
    for _ in range(3):
        type_scan(terminal, GOODS)
    lines(terminal, "kept", 3)
    name = name_of(terminal)
    terminal.close()
    context.set_offline(False)

    again = context.new_page()
    again.goto(f"{house.url}/terminal")

    lines(again, "billed", 3)
    assert len(taken(house, name, "scan_id")) == 3


def test_two_tabs_send_each_scan_once(house: Live, context: BrowserContext, terminal: Page) -> None:
    type_scan(terminal, "E1")
    other = context.new_page()
    other.goto(f"{house.url}/terminal")
    other.wait_for_selector("body[data-ready]")
    for page in (terminal, other, terminal, other):
        page.bring_to_front()
        type_scan(page, GOODS)

    for page in (terminal, other):
        page.bring_to_front()
        lines(page, "billed", 4)
    assert len(taken(house, name_of(terminal), "scan_id")) == 4
    assert [row["sequence"] for row in taken(house, name_of(terminal), "sequence")] == [1, 2, 3, 4]


KEYS: Final[dict[str, str]] = {
    # Each types SN1 with a separator before it, in the ways scanners really do.
    "ctrl": "key({key: ']', code: 'BracketRight', ctrlKey: true});",
    "german": "key({key: '+', code: 'BracketRight', ctrlKey: true});",
    "alt-029": """key({key: 'Alt', code: 'AltLeft', altKey: true});
        for (const digit of '029') key({key: digit, code: 'Numpad' + digit, altKey: true});
        document.activeElement.dispatchEvent(new KeyboardEvent('keyup', {key: 'Alt', bubbles: true}));""",
    "f8": "key({key: 'F8', code: 'F8'});",
}


@pytest.mark.parametrize("way", KEYS)
def test_the_separator_arrives_however_it_is_typed(terminal: Page, way: str) -> None:
    type_scan(terminal, "E1")
    start, rest = f"]d201{DI}10L9", "21SN1"
    terminal.evaluate(f"""() => {{
        const always = {{bubbles: true, cancelable: true}};
        const at = document.activeElement;
        const key = (init) => at.dispatchEvent(new KeyboardEvent('keydown', {{...always, ...init}}));
        const alt = {"true" if way == "f8" else "false"};
        const type = (text) => {{ for (const each of text) key({{key: each, altKey: alt}}); }};
        type("{start}"); {KEYS[way]} type("{rest}"); key({{key: 'Enter'}});
    }}""")  # fmt: skip
    assert codes(terminal) == [[f"{start}\x1d{rest}"]]


def test_a_scan_through_an_android_input_method_arrives(terminal: Page) -> None:
    type_scan(terminal, "E1")
    terminal.evaluate(f"""() => {{
        const field = document.getElementById('scan');
        for (const part of ["{GOODS[:10]}", "{GOODS[10:]}", "\\n"]) {{
            field.dispatchEvent(new KeyboardEvent('keydown', {{key: 'Unidentified', keyCode: 229, bubbles: true}}));
            if (part === "\\n") field.dispatchEvent(new KeyboardEvent('keydown', {{key: 'Enter', bubbles: true}}));
            else {{ field.value += part; field.dispatchEvent(new InputEvent('input', {{bubbles: true}})); }}
        }}
    }}""")
    assert codes(terminal) == [[GOODS]]


def test_a_scan_in_two_bursts_is_one(terminal: Page) -> None:
    type_scan(terminal, "E1")
    terminal.evaluate(f"""() => {{
        const type = (text) => {{ for (const key of text) document.activeElement.dispatchEvent(
            new KeyboardEvent('keydown', {{key, bubbles: true, cancelable: true}})); }};
        type("{GOODS[:12]}");
        setTimeout(() => {{
            type("{GOODS[12:]}");
            document.activeElement.dispatchEvent(new KeyboardEvent('keydown', {{key: 'Enter', bubbles: true}}));
        }}, 150);
    }}""")  # fmt: skip
    assert codes(terminal) == [[GOODS]]


def test_a_scan_into_another_field_is_a_scan_and_leaves_the_field_alone(terminal: Page) -> None:
    type_scan(terminal, "E1")
    terminal.focus("#staff")
    terminal.fill("#staff", "S7")
    really_type(terminal, GOODS)
    assert codes(terminal) == [[GOODS]]
    assert terminal.input_value("#staff") == "S7"


def test_a_typed_code_needs_a_reason(house: Live, terminal: Page) -> None:
    type_scan(terminal, "E1")
    terminal.keyboard.type(GOODS, delay=100)
    terminal.keyboard.press("Enter")
    expect(terminal.locator("#question-text")).to_contain_text("typed")
    terminal.fill("#reason", "label torn")
    terminal.click("#answer-yes")
    lines(terminal, "billed", 1)
    found = taken(house, name_of(terminal), "entry, explanation")
    assert found == [{"entry": "manual", "explanation": "label torn"}]


@pytest.mark.parametrize(
    "attack", ["<img src=x onerror=document.title='hit'>", "';alert(1)//", "\u202egnp", "=cmd|'/c'!A1"]
)
def test_barcode_text_is_text(terminal: Page, attack: str) -> None:
    type_scan(terminal, "E1")
    terminal.evaluate(
        "(text) => { const field = document.getElementById('scan'); field.value = text + '\\n'; "
        "field.dispatchEvent(new InputEvent('input', {bubbles: true})); }",
        f"]d201{DI}10{attack}",
    )
    expect(terminal.locator("#lines li")).to_have_count(1, timeout=SEEN_MS)
    expect(terminal.locator("#unsent")).to_have_text("All sent", timeout=SEEN_MS)
    assert terminal.title() == "Bedside terminal"
    assert terminal.locator("#lines img").count() == 0


def _photograph(page: Page) -> None:
    """A picture of goods, as the camera gives it."""
    symbol = zxingcpp.create_barcode(f"(01){DI}(17)391231(10)L1", zxingcpp.BarcodeFormat.DataMatrix, gs1=True)
    picture = io.BytesIO()
    Image.fromarray(symbol.to_image(scale=6)).convert("RGB").save(picture, "PNG")
    page.set_input_files("#photo", {"name": "frame.png", "mimeType": "image/png", "buffer": picture.getvalue()})


def test_a_camera_frame_is_read_by_the_gateway(house: Live, terminal: Page) -> None:
    type_scan(terminal, "E1")
    _photograph(terminal)
    lines(terminal, "billed", 1)
    found = taken(house, name_of(terminal), "entry, di, lot")
    assert found == [{"entry": "camera", "di": DI, "lot": "L1"}]


def test_a_served_decoder_reads_the_frame_on_the_terminal_without_a_network(
    house: Live, second: Live, own_context: BrowserContext
) -> None:
    page = set_up(own_context.new_page(), second, second.add_device())
    frames: list[str] = []
    page.on("request", lambda request: frames.append(request.url) if "/v1/frames" in request.url else None)
    page.evaluate("navigator.serviceWorker.ready.then(() => true)")
    page.reload()
    page.wait_for_selector("body[data-ready]")
    type_scan(page, "E1")
    page.wait_for_function("async () => await caches.match('/static/vendor/zxing-reader.wasm') !== undefined")
    own_context.set_offline(True)
    page.reload()
    page.wait_for_selector("body[data-ready]")

    _photograph(page)
    lines(page, "kept", 1)
    own_context.set_offline(False)

    lines(page, "billed", 1)
    found = taken(house, name_of(page), "entry, di, lot")
    assert found == [{"entry": "camera", "di": DI, "lot": "L1"}]
    assert not frames


def test_only_a_terminal_that_decodes_may_run_webassembly(house: Live, second: Live) -> None:
    policies = [
        each.call("GET", path).headers["content-security-policy"]
        for each, path in ((house, "/terminal"), (second, "/sign-in"), (second, "/terminal"))
    ]
    assert ["'wasm-unsafe-eval'" in each for each in policies] == [False, False, True]
    assert not any("'unsafe" in each for each in policies)


@pytest.mark.parametrize(("lead", "burst"), [(0, 1), (0, 3), (0, 8), (0, 32), (8, 1), (20, 3)])
def test_two_scanners_at_once_bill_nothing_and_keep_every_character(
    house: Live, terminal: Page, lead: int, burst: int
) -> None:
    type_scan(terminal, "E1")
    first, second = ([*keys(f"{GOODS}{name}", US), ENTER] for name in "AB")
    mixed = first[:lead]
    for at in range(0, len(second), burst):
        mixed += first[lead + at : lead + at + burst] + second[at : at + burst]
    terminal.evaluate(TYPE, mixed)

    expect(terminal.locator("li.refused").last).to_contain_text("Two scanners at once?", timeout=SEEN_MS)
    expect(terminal.locator("#unsent")).to_have_text("All sent", timeout=SEEN_MS)
    assert set(states(terminal)) == {"refused"}
    kept = terminal.evaluate(KEPT)
    asked = terminal.inner_text("#question-text").partition(": ")[2]
    assert sorted("".join(code for (code,) in kept) + asked) == sorted(f"{GOODS}A{GOODS}B")
    verdicts = house.rows("SELECT DISTINCT verdict FROM udi.scan WHERE device_id = $1", name_of(terminal))
    assert verdicts == [{"verdict": "refused"}]
