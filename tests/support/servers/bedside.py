"""The bedside terminal in a real browser, as a person and a scanner use it."""

from typing import Any, Final

from playwright.sync_api import ConsoleMessage, Page, expect

from tests.support.servers.live import DI, Device, Live

GOODS: Final = f"]d201{DI}1739123110L1"
SEEN_MS: Final = 60_000
"""Longest that anything may take to be seen, on a machine that does much else."""
US: Final = {
    "Backquote": "`~", "Minus": "-_", "Equal": "=+", "BracketLeft": "[{", "BracketRight": "]}", "Backslash": "\\|",
    "Semicolon": ";:", "Quote": "'\"", "Comma": ",<", "Period": ".>", "Slash": "/?", "Space": "  ",
    **{f"Digit{digit}": f"{digit}{shifted}" for digit, shifted in zip("1234567890", "!@#$%^&*()", strict=True)},
    **{f"Key{letter}": letter.lower() + letter for letter in "ABCDEFGHIJKLMNOPQRSTUVWXYZ"},
}  # fmt: skip
"""The keys of a keyboard of the United States, plain and shifted."""
ENTER: Final = {"key": "Enter", "code": "Enter"}
TYPE: Final = """(events) => {
    for (const init of events)
        document.activeElement.dispatchEvent(new KeyboardEvent('keydown', {...init, bubbles: true, cancelable: true}));
}"""
"""Events of keys, one right after the other."""
KEPT: Final = """async () => {
    const { ofCase } = await import('/static/terminal/store.js');
    return (await ofCase('E1')).map((row) => row.event.codes);
}"""
"""What each scan of case E1 holds."""
FILL: Final = """async ([count, di]) => {
    const { openDB } = await import('/static/vendor/idb.js');
    const database = await openDB('udi-terminal', 1);
    const device = await database.get('facts', 'device');
    const { uuid7 } = await import('/static/terminal/codes.js');
    const transaction = database.transaction(['scans', 'facts'], 'readwrite');
    for (let sequence = 1; sequence <= count; sequence++) {
        const scan_id = uuid7();
        const event = {
            schema: 'udi.scan/1', scan_id, hospital: device.hospital, device_id: device.device_id, boot: 'b', sequence,
            scanned_at: new Date().toISOString(), action: 'use', quantity: 1, store: device.store, encounter: 'E1',
            codes: [`]d201${di}1739123110L${sequence}`],
        };
        transaction.objectStore('scans').add({ scan_id, state: 'kept', event, verdict: null, error: null });
    }
    await transaction.objectStore('facts').put(count, 'sequence');
    await transaction.done;
}"""
"""What so many scans without a network leave on the device, in one go."""


def set_up(page: Page, house: Live, device: Device) -> Page:
    """A terminal that is set up for the device; it fails on any error of the page."""
    faults: list[str] = []

    def failed(error: object) -> None:
        faults.append(str(error))

    def said(message: ConsoleMessage) -> None:
        if "Content Security Policy" in message.text:
            faults.append(message.text)

    page.on("pageerror", failed)
    page.on("console", said)
    page.goto(f"{house.url}/terminal")
    page.wait_for_selector("body[data-ready]")
    for name in ("hospital", "device_id", "key"):
        page.locator(f"[name={name}]").fill(str(getattr(device, name)))
    page.click("#register-now")
    page.wait_for_selector("#work:not([hidden])")
    assert faults == []
    page.remove_listener("pageerror", failed)
    page.remove_listener("console", said)
    return page


def keys(text: str, layout: dict[str, str] | None, separator: str = "ctrl") -> list[dict[str, Any]]:
    """The key events of a scanner that types as in the United States, on a computer with another layout."""
    codes = {pair[shift]: (code, bool(shift)) for code, pair in US.items() for shift in (1, 0)}
    events = []
    for each in text:
        if each == "\x1d":
            if separator == "ctrl":
                key = "Process" if layout is None else layout["BracketRight"][0]
                events.append({"key": key, "code": "BracketRight", "ctrlKey": True})
            elif separator:
                events += keys(separator, layout)
            continue
        code, shift = codes[each]
        typed = None if layout is None else layout[code][shift]
        key = "Process" if typed is None else "Dead" if typed == "\0" else typed
        events.append({"key": key, "code": code, "shiftKey": shift})
    return events


def scan(page: Page, text: str, layout: dict[str, str] | None, separator: str = "ctrl") -> None:
    """What a scanner types, as fast as it is, on a computer with that layout (`None`: an input method hides it)."""
    page.evaluate(TYPE, [*keys(text, layout, separator), ENTER])


def type_scan(page: Page, text: str) -> None:
    """As a scanner that fits the computer's keyboard types: Ctrl+] for the separator and Enter at the end."""
    scan(page, text, US)


def really_type(page: Page, text: str) -> None:
    """The same through the browser's own keyboard, so that it writes into whatever has the focus."""
    session = page.context.new_cdp_session(page)
    for place, each in enumerate([*text, "Enter"]):
        key = {"key": each, "text": "\r" if each == "Enter" else each, "timestamp": 1_000 + place / 200}
        session.send("Input.dispatchKeyEvent", {"type": "keyDown", **key})
        session.send("Input.dispatchKeyEvent", {"type": "keyUp", **key})


def lines(page: Page, state: str, count: int) -> None:
    """So many lines of the list come to be in a state."""
    expect(page.locator(f"li[data-state={state}]")).to_have_count(count, timeout=SEEN_MS)


def states(page: Page) -> list[str]:
    """Of all lines, the newest first."""
    return [str(each.get_attribute("data-state")) for each in page.locator("#lines li").all()]


def name_of(page: Page) -> str:
    """Of the terminal's device."""
    return page.inner_text("#device").split(" · ")[1]


def codes(page: Page) -> Any:
    """What the only scan of case E1 holds."""
    expect(page.locator("#lines li")).to_have_count(1, timeout=SEEN_MS)
    return page.evaluate(KEPT)


def taken(house: Live, name: str, columns: str) -> list[dict[str, Any]]:
    """Of the scans of a device as they were taken: one that was sent again, its answer not seen, is a duplicate."""
    query = f"SELECT {columns} FROM udi.scan WHERE device_id = $1 AND verdict <> 'duplicate' ORDER BY record_offset"
    return house.rows(query, name)
