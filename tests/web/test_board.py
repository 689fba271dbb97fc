"""What people look at and decide, on a live installation."""

import html
import io
import re
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import quote
from zoneinfo import ZoneInfo

import pytest
import python_calamine
from playwright.sync_api import Browser, BrowserContext

from models.calendar import Month
from models.monitoring.finding import FindingBody, FindingKey, FindingStatus, FindingVersion
from models.web.access import LISTS, Role
from models.wording import LOCALES, texts
from sinks.postgres.monitoring.findings import finding_row
from sinks.postgres.web.board import BoardBooks
from sinks.postgres.web.lists import OTHER_FILTERS
from tests.support.builders import encounter, gtin
from tests.support.servers.live import DI, Live, now_scan
from tests.web.browsers import accessible
from tests.web.test_access import csrf_of

EVIL = '=HYPERLINK("http://x","<script>alert(1)</script>")'


@pytest.fixture(scope="module")
def held(house: Live) -> dict[str, Any]:
    """A scan that is held: its unit has been used before."""
    device = house.add_device()
    token = house.token(device)
    code = f"]d201{gtin(777)}21S{device.device_id[-6:]}"
    scans = [now_scan(device, codes=[code], department="ORTH") for _ in range(2)]
    for scan in scans:
        house.call("POST", "/v1/scans?wait=10", scan, token)
    return scans[1]


def test_a_held_scan_is_released_by_a_person_and_charged(house: Live, held: dict[str, Any]) -> None:
    person = house.signed_in(Role.SAFETY)
    assert held["scan_id"] in house.call("GET", "/list/held", headers=person).body.decode()

    form = {"csrf": csrf_of(house, person), "row": held["scan_id"], "reason": "two labels, two units"}
    answer = house.submit("/decide/release", form, person)

    assert (answer.status, answer.headers["location"]) == (303, "/list/held?done=1&left=0")
    charges = house.rows("SELECT kind FROM report.charges WHERE scan_id = $1", held["scan_id"])
    assert charges == [{"kind": "charge"}]
    page = house.call("GET", f"/scan/{held['scan_id']}", headers=person).body.decode()
    assert "two labels, two units" in page


def test_a_decision_needs_rows_and_a_reason(house: Live) -> None:
    person = house.signed_in(Role.SAFETY)
    csrf = csrf_of(house, person)
    for form in ({"row": "x"}, {"reason": "y"}, {"row": "x", "reason": "y"}):
        assert house.submit("/decide/release", {"csrf": csrf} | form, person).status == 422


def test_a_dead_letter_is_sent_again(house: Live) -> None:
    house.publish("udi.scans", [(b"H1/E1", b'{"schema": "udi.scan/1", "never": "read"}')])
    person = house.signed_in(Role.OPERATIONS)
    (row, *_) = house.until("SELECT origins[1] AS origin FROM udi.outbox_block WHERE topic = 'dead-letters' "
                            "ORDER BY written_at DESC")  # fmt: skip
    form = {"csrf": csrf_of(house, person), "row": row["origin"], "reason": "again"}

    answer = house.submit("/decide/replay", form, person)

    assert answer.headers["location"] == "/list/dead-letters?done=1&left=0"
    house.until("SELECT 1 FROM udi.outbox_block WHERE topic = 'dead-letters' AND origins[1] <> $1 "
                "HAVING count(*) >= 1", row["origin"])  # fmt: skip


@pytest.fixture(scope="module")
def attacked(house: Live) -> dict[str, Any]:
    """A scan whose every text is an attack."""
    device = house.add_device()
    scan = now_scan(device, codes=[f"]d201{DI}10=1+1"], staff=EVIL[:60], department="<b>x</b>", operation="@SUM(A1)")
    house.call("POST", "/v1/scans?wait=10", scan, house.token(device))
    return scan


def test_text_of_a_barcode_is_harmless_in_pages_and_exports(house: Live, attacked: dict[str, Any]) -> None:
    person = house.signed_in(Role.AUDITOR)
    page = house.call("GET", "/list/scans", headers=person).body.decode()
    assert "&lt;b&gt;x&lt;/b&gt;" in page
    assert "<b>x</b>" not in page
    query = f"?scan_id={attacked['scan_id']}"
    csv = house.call("GET", f"/export/scans{query}&format=csv", headers=person).body.decode("utf-8-sig")
    assert '"\'=1+1"' in csv
    book = house.call("GET", f"/export/scans{query}&format=xlsx", headers=person).body
    (_, row) = python_calamine.CalamineWorkbook.from_filelike(io.BytesIO(book)).get_sheet_by_index(0).to_python()
    assert "'=1+1" in row
    assert "'<b>x</b>" not in row
    metrics = house.call("GET", "/metrics").body.decode()
    assert "=1+1" not in metrics
    assert not re.search(r"[\x00-\x08\x1b]", house.services["gateway"].log)


def test_a_list_is_narrowed_by_its_columns_and_by_nothing_else(house: Live, held: dict[str, Any]) -> None:
    person = house.signed_in(Role.AUDITOR)
    narrowed = house.call("GET", f"/list/scans?scan_id={held['scan_id']}&nonsense=1", headers=person).body.decode()
    assert narrowed.count("<tr>") == 2
    assert house.call("GET", "/list/nonsense", headers=person).status in {403, 404}


LINK = re.compile(r'<a href="(/(?:list|scan|case|finding)[^"]*)"')


def links(page: str) -> list[str]:
    return [html.unescape(each) for each in LINK.findall(page.partition("<main")[2])]


@pytest.mark.parametrize("name", LISTS)
def test_a_list_has_words_for_its_columns_and_every_figure_opens(house: Live, held: dict[str, Any], name: str) -> None:
    assert held
    person = house.signed_in(Role.ADMIN)
    page = house.call("GET", f"/list/{name}", headers=person)
    assert page.status == 200
    columns = house.asked(lambda pool: BoardBooks(pool).columns(name))
    for locale in LOCALES:
        assert not {f"column_{each}" for each in (*columns, *OTHER_FILTERS)} - set(texts(f"board.{locale}")["board"])
    for to in dict.fromkeys(links(page.body.decode())[:40]):
        assert house.call("GET", to, headers=person).status == 200, to
    for kind in ("csv", "xlsx"):
        assert house.call("GET", f"/export/{name}?format={kind}", headers=person).status == 200


def test_a_sum_of_use_opens_to_the_scans_it_is_made_of(house: Live, held: dict[str, Any]) -> None:
    assert held
    person = house.signed_in(Role.ADMIN)
    house.until("SELECT 1 FROM report.usage_months WHERE item_code = 'NAIL'")
    page = house.call("GET", "/list/usage?item_code=NAIL&scope_type=hospital", headers=person).body.decode()
    (to, *_) = [each for each in links(page) if each.startswith("/list/scans")]
    scans = house.call("GET", to, headers=person).body.decode()
    assert held["scan_id"] in scans
    ours = house.rows("SELECT scan_id FROM report.scans WHERE item_code = 'NAIL' AND action IN ('use', 'return')")
    assert {str(row["scan_id"]) for row in ours} == set(re.findall(r"/scan/([0-9a-f-]{36})", scans))


def test_a_month_has_the_scans_and_charges_that_were_made_in_it(house: Live) -> None:
    device = house.add_device()
    began = datetime.now(ZoneInfo("Asia/Shanghai")).replace(day=1, hour=0, minute=0, second=0, microsecond=0)
    admitted = encounter(encounter="E9", admitted_at=(began - timedelta(days=9)).isoformat(), department="NEUR")
    house.publish("udi.encounters", [(b"H1/E9", admitted)])
    house.until("SELECT 1 FROM udi.encounter WHERE encounter = 'E9'")
    before, at = (
        now_scan(device, encounter="E9", scanned_at=(began + timedelta(seconds=late)).isoformat()) for late in (-1, 0)
    )
    back = now_scan(
        device, encounter="E9", scanned_at=(began + timedelta(minutes=1)).isoformat(), action="return",
        corrects=before["scan_id"],
    )  # fmt: skip
    for each in (before, at, back):
        answer = house.call("POST", "/v1/scans?wait=10", each, house.token(device)).json
        assert answer["verdict"]["verdict"] in {"billed", "credited"}, answer

    def listed(name: str, **filters: str) -> list[Any]:
        month = {"month": [f"{began - timedelta(seconds=1):%Y-%m}"]} | {key: [each] for key, each in filters.items()}
        columns, rows = house.asked(lambda pool: BoardBooks(pool).rows(name, "H1", month, 50))
        place, kind = columns.index("scan_id"), columns.index("kind" if name == "charges" else "action")
        ours = {each["scan_id"]: number for number, each in enumerate((before, at, back))}
        return [(ours[str(row[place])], row[kind]) for row in rows if str(row[place]) in ours]

    for more in ({}, {"department": "NEUR"}, {"item_code": "SCREW"}):
        assert listed("scans", **more) == [(0, "use")], more
        assert sorted(listed("charges", **more)) == [(0, "charge"), (2, "credit")], more
    assert listed("scans", department="ORTH") == []
    assert listed("charges", department="ORTH") == []


@pytest.mark.parametrize(
    ("query", "status"),
    [("month=2022-13", 422), ("month=0000-01", 422), ("scan_id=x", 422), ("after=x", 422), ("lot=%00", 200),
     ("verdict=%27%3B%20DROP%20TABLE%20udi.scan", 200), ("after=2026-W01-1", 200)],
)  # fmt: skip
def test_a_filter_is_a_value_and_nothing_else(house: Live, query: str, status: int) -> None:
    assert house.call("GET", f"/list/scans?{query}", headers=house.signed_in(Role.AUDITOR)).status == status


def test_a_scan_is_corrected_on_its_page(house: Live) -> None:
    device = house.add_device()
    scan = now_scan(device)
    house.call("POST", "/v1/scans?wait=10", scan, house.token(device))
    person = house.signed_in(Role.SAFETY)
    assert 'action="/decide/correct"' in house.call("GET", f"/scan/{scan['scan_id']}", headers=person).body.decode()

    form = {"csrf": csrf_of(house, person), "row": scan["scan_id"], "reason": "two, not one", "quantity": "2"}
    answer = house.submit("/decide/correct", form, person)

    assert (answer.status, answer.headers["location"]) == (303, f"/scan/{scan['scan_id']}?done=1&left=0")
    (row,) = house.until("SELECT quantity, entry FROM udi.scan WHERE corrects = $1", scan["scan_id"])
    assert row == {"quantity": 2, "entry": "manual"}
    for wrong in ({}, {"quantity": "0"}, {"quantity": "x"}):
        form = {"csrf": csrf_of(house, person), "row": scan["scan_id"], "reason": "y"} | wrong
        assert house.submit("/decide/correct", form, person).status == 422


@pytest.fixture(scope="module")
def finding(house: Live) -> str:
    """A finding without alerts, as the evaluator would file it."""
    key = FindingKey("H1", "SCREW", Month(202206))
    body = FindingBody(FindingStatus.OPEN, None, False, 123400, 123400, (), None, (), ())
    row = finding_row(FindingVersion(key, 1, body, datetime.now(UTC)))
    house.asked(lambda pool: pool.execute("INSERT INTO udi.watch_finding SELECT * FROM unnest($1::udi.watch_finding[])",
                                          [row]))  # fmt: skip
    return str(key.finding_id)


def test_a_finding_is_reviewed_step_by_step(house: Live, finding: str) -> None:
    person = house.signed_in(Role.SAFETY)
    assert finding in house.call("GET", "/list/findings?status=open", headers=person).body.decode()

    def step(**form: str) -> Any:
        base = {"csrf": csrf_of(house, person), "row": finding, "reason": "seen"}
        return house.submit("/decide/review", base | form, person)

    assert step(step="talk").headers["location"].endswith("done=0&left=1")
    assert step(step="assign").status == 422
    assert step(step="assign", owner="li", due="2022-07-15").headers["location"] == f"/finding/{finding}?done=1&left=0"
    assert step(step="opinion", voice="quality", vote="doubtful").headers["location"].endswith("done=1&left=0")
    assert step(step="break").status == 422
    assert step(step="talk").headers["location"].endswith("done=1&left=0")
    page = house.call("GET", f"/finding/{finding}", headers=person).body.decode()
    assert "Talk (约谈)" in page
    other = house.signed_in(Role.SAFETY, hospital="H2")
    assert house.call("GET", f"/finding/{finding}", headers=other).status == 404


@pytest.mark.parametrize("name", ["stock", "charges", "moves", "scans"])
@pytest.mark.parametrize("wanted", ["ld", "螺钉", "scre"])
def test_a_list_is_searched_by_code_name_and_initials(
    house: Live, held: dict[str, Any], name: str, wanted: str
) -> None:
    assert held
    person = house.signed_in(Role.ADMIN)
    page = house.call("GET", f"/list/{name}?q={quote(wanted)}", headers=person).body.decode().partition("<main")[2]
    assert "NAIL" not in page


@pytest.mark.parametrize("wanted", ["ld", "%E8%9E%BA", "screw"])
def test_items_are_found_by_pinyin_initials(house: Live, wanted: str) -> None:
    person = house.signed_in(Role.NURSE)
    assert "SCREW" in house.call("GET", f"/list/items?q={wanted}", headers=person).body.decode()


def test_every_figure_of_now_opens_to_its_rows(house: Live, held: dict[str, Any]) -> None:
    assert held
    person = house.signed_in(Role.ADMIN)
    for path in ("/", "/month"):
        page = house.call("GET", path, headers=person).body.decode()
        tiles = re.findall(r'<li><a href="([^"]+)"><strong>', page)
        assert tiles
        for tile in tiles:
            assert house.call("GET", tile.replace("&amp;", "&"), headers=person).status == 200, tile


def test_pages_of_a_month_open_on_the_newest_closed_month_with_use(house: Live) -> None:
    """One scan of today, years after the others, must not hide them."""

    def record(*statements: str) -> None:
        house.asked(lambda pool: pool.execute(";".join(statements)))

    person = house.signed_in(Role.ADMIN, hospital="H8")
    record(
        "INSERT INTO udi.usage_month (hospital, scope_type, scope, item_code, month, quantity, amount_fen) VALUES "
        "('H8', 'hospital', 'H8', 'SCREW', 202206, 5, 500), ('H8', 'hospital', 'H8', 'SCREW', 202611, 1, 100)"
    )
    assert house.asked(lambda pool: BoardBooks(pool).opening("H8")) == ("2026-11", None)
    record("INSERT INTO udi.period (hospital, closed_through) VALUES ('H8', 202207)")
    assert house.asked(lambda pool: BoardBooks(pool).opening("H8")) == ("2022-06", "2022-07")

    page = house.call("GET", "/month", headers=person).body.decode()
    assert "<h1>Month 2022-06</h1>" in page
    assert "not closed" not in page
    assert 'href="/month?month=2026-11"' in page
    assert "not closed" in house.call("GET", "/month?month=2026-11", headers=person).body.decode()
    ratios = house.call("GET", "/list/ratios", headers=person).body.decode()
    assert 'href="/list/ratios?month=2022-06" aria-current="page"' in ratios
    assert 'href="/list/ratios?month=2026-11">' in ratios


def test_scans_that_wait_are_all_listed_by_their_verdict(house: Live) -> None:
    def listed(filters: dict[str, list[str]]) -> set[object]:
        columns, rows = house.asked(lambda pool: BoardBooks(pool).rows("scans", "H1", filters, 500))
        return {row[columns.index("scan_id")] for row in rows}

    device = house.add_device()
    code = f"]d201{gtin(777)}21W{device.device_id[-6:]}"
    for _ in range(2):
        house.call("POST", "/v1/scans?wait=10", now_scan(device, codes=[code]), house.token(device))
    waiting = {row["scan_id"] for row in house.rows("SELECT scan_id FROM report.scans WHERE hospital = 'H1' "
                                                    "AND verdict IN ('held', 'parked')")}  # fmt: skip
    assert waiting
    for more in ({}, {"month": [f"{datetime.now(ZoneInfo('Asia/Shanghai')):%Y-%m}"]}):
        filters = {"verdict": ["held", "parked"]} | more
        assert listed(filters) == waiting


def test_first_rows_that_read_every_balance_are_kept_and_say_as_of_when(house: Live, held: dict[str, Any]) -> None:
    assert held
    person = house.signed_in(Role.ADMIN)
    for name in ("stores", "expiring"):
        assert "As of" in house.call("GET", f"/list/{name}?lang=en", headers=person).body.decode()
        assert "As of" not in house.call("GET", f"/list/{name}?lang=en&store=OR-2", headers=person).body.decode()


def test_another_language_is_the_same_page(house: Live) -> None:
    person = house.signed_in(Role.ADMIN)
    page = house.call("GET", "/list/scans?verdict=held&verdict=parked&done=1&lang=en", headers=person).body.decode()
    assert '<a href="?verdict=held&amp;verdict=parked&amp;lang=zh-CN" lang="zh-CN">' in page
    assert '<a href="?verdict=held&amp;verdict=parked&amp;lang=en" lang="en" aria-current="true">' in page


def test_places_are_said_in_the_language_of_the_page(house: Live, held: dict[str, Any]) -> None:
    assert held
    person = house.signed_in(Role.ADMIN)
    assert "<td>patient</td>" in house.call("GET", "/list/moves?lang=en", headers=person).body.decode()
    chinese = house.call("GET", "/list/moves?lang=zh-CN", headers=person).body.decode()
    assert "<td>患者</td>" in chinese
    assert "patient" not in chinese


def test_no_page_breaks_a_rule_of_accessibility(
    house: Live, phone: BrowserContext, held: dict[str, Any], finding: str
) -> None:
    person = house.signed_in(Role.ADMIN)
    page = accessible.signed_in(phone, house.url, person, "light")
    found: dict[str, Any] = {}
    paths = ("/", "/month", "/case?encounter=E1", f"/scan/{held['scan_id']}", f"/finding/{finding}", "/sign-in",
             "/terminal")  # fmt: skip
    for path in (*paths, *(f"/list/{each}" for each in LISTS)):
        page.goto(house.url + path)
        found[path] = accessible.broken(page, **accessible.SHAPES)
        found[f"{path}, wider than a phone"] = max(0, accessible.overhang(page))
        found[f"{path}, light"] = accessible.broken_colours(page)
        accessible.turn(page, "dark")
        found[f"{path}, dark"] = accessible.broken_colours(page)
    assert {path: wrong for path, wrong in found.items() if wrong} == {}


def test_a_theme_changes_what_turning_a_page_changes_and_nothing_else(house: Live, phone: BrowserContext) -> None:
    """So that one page, turned, says of both themes what a page of each would."""
    page = accessible.signed_in(phone, house.url, house.signed_in(Role.AUDITOR, hospital="H6"), "light")

    def sent(path: str, theme: str) -> str:
        phone.add_cookies([{"name": "udi_theme", "value": theme, "url": house.url}])
        page.goto(house.url + path)
        page.wait_for_selector("body[data-ready]" if path == "/terminal" else "body")
        if theme == "light":
            accessible.turn(page, "dark")
        return re.sub(r"[\d.]+", "#", page.content())  # Of one moment each.

    for path in ("/", "/sign-in", "/terminal"):
        dark, turned = sent(path, "dark"), sent(path, "light")
        assert 'data-theme="dark"' in dark
        assert dark == turned


@pytest.mark.parametrize("width", [360, 1280, 2560])
def test_a_tile_is_as_wide_as_its_number(house: Live, chromium: Browser, finding: str, width: int) -> None:
    name, _, secret = house.signed_in(Role.ADMIN)["Cookie"].partition("=")
    context = chromium.new_context(viewport={"width": width, "height": 900})
    context.add_cookies([{"name": name, "value": secret, "url": house.url}])
    page = context.new_page()
    cut = {}
    for path in ("/", "/month", f"/finding/{finding}"):
        page.goto(house.url + path)
        cut[path] = page.locator(".tiles strong").evaluate_all(
            "all => all.map(each => (each.textContent = '199,999,999.99', each.scrollWidth > each.clientWidth))"
        )
    context.close()
    assert all(cut.values())
    assert not any(any(each) for each in cut.values()), cut
