"""Pages of sets, cabinets, working capital, expiry and the forecast: each figure opens to its rows and scans."""

import html
import re
import time
from collections.abc import Sequence
from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import Any, Final
from urllib.parse import quote

import pytest
from playwright.sync_api import BrowserContext

from models.calendar import ZONE_DEFAULT
from models.web.access import Role
from sinks.postgres.web.board import BoardBooks
from streams.web.pages.charts import Range, columns, ranges
from tests.support.builders import encounter, gs1, gtin, item, price
from tests.support.servers.live import DI, Live
from tests.web.browsers import accessible

HOUSE: Final = "H7"
"""A hospital of its own: nothing of it was kept before."""
NOON: Final = (datetime.now(ZONE_DEFAULT) - timedelta(days=1)).replace(hour=12, minute=0, second=0, microsecond=0)
"""Of yesterday: all of it is of one day and one month, whenever the test runs."""
SERIAL_DI: Final = gtin(4711)
SCREW: Final = item(
    hospital=HOUSE, prices=[price("1234.00", None, None)], cost=[{"cost": "10.00"}], supplier="S9", owner="supplier"
)
STENT: Final = item(
    hospital=HOUSE, item_code="STENT", name="支架", prices=[price("5000.00", None, None)], tracking="serial",
    cost=[{"cost": "900.00"}], supplier="S8", identifiers=[{"issuer": "GS1", "di": SERIAL_DI, "units_per_package": 1}],
)  # fmt: skip


def code(lot: str, expiry: str = "391231") -> str:
    return gs1(DI, expiry=expiry, lot=lot)


def unit(number: int) -> str:
    return gs1(SERIAL_DI, expiry="391231", lot="C1", serial=f"C{number}")


def scan(number: int, minutes_ago: float, action: str, text: str, quantity: int = 1, **more: Any) -> dict[str, Any]:
    at = NOON - timedelta(minutes=minutes_ago)
    return {
        "schema": "udi.scan/1", "scan_id": f"00000000-0000-4000-8000-{number:012d}", "hospital": HOUSE,
        "device_id": "gun7", "scanned_at": at.isoformat(), "action": action, "codes": [text], "quantity": quantity,
        "store": "OR-7",
    } | more  # fmt: skip


def read(minutes_ago: float, *tags: str) -> dict[str, Any]:
    at = NOON - timedelta(minutes=minutes_ago)
    return {
        "schema": "udi.cabinet-read/1", "hospital": HOUSE, "store": "OR-7", "place": "cab1", "tags": list(tags),
        "read_at": at.isoformat(), "session": f"D{minutes_ago}", "staff": f"B{minutes_ago}",
    }  # fmt: skip


SET: Final[dict[str, Any]] = {"place": "set", "document": "LS-7"}
USED: Final[dict[str, Any]] = {"encounter": "E7"}
SCANS: Final = (
    scan(1, 90, "receive", code("L1"), 5, **SET), scan(2, 80, "use", code("L1"), 2, **SET, **USED),
    scan(3, 70, "send-back", code("L1"), 1, **SET), scan(4, 85, "receive", code("L2"), 1, **SET),
    scan(5, 60, "send-back", code("L2"), 1, **SET),
    scan(6, 90, "receive", code("L3"), 8), scan(7, 50, "use", code("L3"), 3, **USED),
    scan(8, 90, "receive", code("L4", "200101"), 4),
    *(scan(10 + number, 90, "receive", unit(number), place="cab1") for number in range(3)),
    scan(20, 31, "use", unit(1), place="cab1", **USED),
)  # fmt: skip
READS: Final = (read(60, unit(0), unit(1), unit(2)), read(30, unit(2)), read(10, unit(2), unit(9), "not a label"))


@pytest.fixture(scope="module")
def store(house: Live) -> dict[str, str]:
    """A store of a hospital of its own, and who is signed in there."""
    admitted = encounter(hospital=HOUSE, encounter="E7", admitted_at=(NOON - timedelta(days=2)).isoformat())
    house.publish("udi.catalogue", [(f"{HOUSE}/{each['item_code']}".encode(), each) for each in (SCREW, STENT)])
    house.publish("udi.encounters", [(b"H7/E7", admitted)])
    house.until("SELECT 1 FROM udi.catalogue c WHERE hospital = 'H7' HAVING count(*) = 2")
    house.until("SELECT 1 FROM udi.encounter WHERE hospital = 'H7'")
    house.publish("udi.scans", [(f"{HOUSE}/{each.get('encounter', 'OR-7')}".encode(), each) for each in SCANS])
    house.publish("udi.cabinet-reads", [(b"H7/OR-7", each) for each in READS])
    house.until("SELECT 1 FROM report.scans WHERE hospital = 'H7' AND verdict IN ('billed', 'recorded') "
                "HAVING count(*) = $1", len(SCANS))  # fmt: skip
    house.until("SELECT 1 FROM udi.cabinet_read WHERE hospital = 'H7' HAVING count(*) = $1", len(READS))
    # Pages of a month open on the newest of use, which the scheduler keeps.
    house.until("SELECT 1 FROM udi.usage_month WHERE hospital = 'H7'")
    return house.signed_in(Role.STORE_KEEPER, hospital=HOUSE)


def page(house: Live, person: dict[str, str], path: str) -> str:
    """What it shows once its figures are worked out."""
    for _ in range(600):
        answer = house.call("GET", path, headers=person | {"Accept-Language": "en"})
        assert answer.status == 200, (path, answer.body)
        text = answer.body.decode()
        if "This is being worked out" not in text:
            return text
        time.sleep(0.1)
    raise AssertionError(path)


def rows(text: str) -> list[list[str]]:
    """The texts of the cells of the list, row by row."""
    body = text.partition("<tbody>")[2].partition("</tbody>")[0]
    return [
        [html.unescape(re.sub(r"<[^>]+>", "", cell)) for cell in re.findall(r"<td[^>]*>(.*?)</td>", row)]
        for row in re.findall(r"<tr>(.*?)</tr>", body, re.DOTALL)
    ]


def headed(text: str) -> list[dict[str, str]]:
    """The rows by their headings."""
    names = [html.unescape(each) for each in re.findall(r"<th[^>]*>([^<]*)</th>", text.partition("<tbody>")[0])]
    return [dict(zip(names, row, strict=True)) for row in rows(text)]


def link(text: str, figure: str, start: str) -> str:
    """Where a figure of a list leads."""
    found = re.search(rf'<a href="({re.escape(start)}[^"]*)">{re.escape(figure)}</a>', text)
    assert found, (figure, start)
    return html.unescape(found[1])


def scans_of(text: str) -> set[str]:
    return {each[-2:] for each in re.findall(r"/scan/([0-9a-f-]{36})", text)}


def test_a_set_opens_to_its_goods_and_these_to_the_scans_they_are_made_of(house: Live, store: dict[str, str]) -> None:
    text = page(house, store, "/list/sets")
    [row] = headed(text)
    named = {name: row[name] for name in ("Document", "Status", "Findings", "Supplier", "Case", "Brought", "Used")}
    assert named == {
        "Document": "LS-7", "Status": "lacking", "Findings": "not sent back", "Supplier": "S9", "Case": "E7",
        "Brought": "6", "Used": "2",
    }  # fmt: skip
    assert (row["Returned"], row["Lacking"]) == ("2", "2")

    goods = page(house, store, link(text, "6", "/list/set-goods"))
    assert [(each["Lot"], each["Brought"], each["Lacking"], each["Status"]) for each in headed(goods)] == [
        ("L1", "5", "2", "lacking"), ("L2", "1", "0", "settled"),
    ]  # fmt: skip
    for figure, made_of in (("5", {"01"}), ("2", {"02"})):
        assert scans_of(page(house, store, link(goods, figure, "/list/moves"))) == made_of
    assert scans_of(page(house, store, link(goods, "not sent back", "/list/scans"))) == {f"0{n}" for n in range(1, 6)}


def test_what_left_a_cabinet_unscanned_stands_first_and_is_a_figure_of_now(house: Live, store: dict[str, str]) -> None:
    text = page(house, store, "/list/suspected-uses")
    assert [(each["Status"], each["Serial"], each["Session"], each["Badge"]) for each in headed(text)] == [
        ("suspected", "C0", "D30", "B30"), ("scanned", "C1", "D30", "B30"),
    ]  # fmt: skip
    assert scans_of(page(house, store, link(text, "C0", "/list/moves"))) == {"10"}
    assert scans_of(text) == {"20"}
    assert len(rows(page(house, store, "/list/suspected-uses?status=suspected"))) == 1
    now = page(house, store, "/")
    assert '<a href="/list/suspected-uses?status=suspected"><strong>1</strong>left a cabinet unscanned' in now
    tags = headed(page(house, store, "/list/cabinet-tags"))
    assert [(each["Findings"], each["Serial"], each["Tag"]) for each in tags] == [
        ("not received", "C9", ""), ("not read", "", "not a label"),
    ]  # fmt: skip


def test_findings_are_said_in_the_language_of_the_page(house: Live, store: dict[str, str]) -> None:
    answer = house.call("GET", "/list/sets?lang=zh-CN", headers=store)
    assert "未带回" in answer.body.decode()
    assert "not-returned" not in answer.body.decode()


def test_working_capital_shows_its_formula_and_opens_to_goods_and_to_what_was_used(
    house: Live, store: dict[str, str]
) -> None:
    month = house.rows("SELECT month FROM report.usage_months WHERE hospital = 'H7'")[0]["month"]
    text = page(house, store, "/list/capital")
    assert "Value = Σ over the days of the month Σ over units at the end of the day × cost of that day" in text
    [row] = headed(text)
    [known] = house.rows("SELECT * FROM report.working_capital WHERE hospital = 'H7' AND month = $1", month)
    assert (row["Month"], row["Supplier"]) == (month, "S9")
    assert (row["Value"], row["Used"]) == (f"{known['value']:,}", f"{known['used']:,}")
    assert Decimal(row["Value"].replace(",", "")) > 0
    assert row["Used"] == "50.00"

    goods = page(house, store, link(text, row["Value"], "/list/capital-goods"))
    assert [(each["Item"], each["Value"]) for each in headed(goods)] == [("SCREW", row["Value"])]
    assert scans_of(page(house, store, link(goods, row["Value"], "/list/moves"))) == {f"0{n}" for n in range(1, 9)}
    used = page(house, store, link(text, "50.00", "/list/settlement"))
    assert sorted(each["Amount"] for each in headed(used)) == ["20.00", "30.00"]
    assert scans_of(used) == {"02", "07"}
    assert len(headed(page(house, store, "/list/settlement?scan_id=00000000-0000-4000-8000-000000000002"))) == 1
    csv = house.call("GET", "/export/capital?format=csv", headers=store).body.decode("utf-8-sig")
    assert csv.splitlines()[1].startswith(f'"{month}","S9",{known["value"]},')


def test_what_expires_is_summed_up_and_each_sum_opens_to_its_rows(house: Live, store: dict[str, str]) -> None:
    text = page(house, store, "/list/expiring")
    sums = dict(re.findall(r'<li><a href="/list/expiring\?due=(\w+)"><strong>([^<]+)</strong>', text))
    assert sums == {"expired": "40.00", "later": "1,870.00"}
    for due, units in (("expired", 4), ("later", 9)):
        found = headed(page(house, store, f"/list/expiring?due={due}"))
        assert sum(int(each["Quantity"]) for each in found) == units, found
    assert [each["Value"] for each in headed(page(house, store, "/list/expiring?due=expired"))] == ["40.00"]


@pytest.fixture(scope="module")
def forecast(house: Live, store: dict[str, str]) -> date:
    """A forecast that is kept of the screw, made of the day after tomorrow, so that today's use lies before it."""
    assert store
    (row,) = house.rows("SELECT udi.day_of_books_2('H7') AS day")
    day: date = row["day"] + timedelta(days=2)
    house.asked(lambda pool: pool.execute(
        "INSERT INTO udi.demand (hospital, store, item_code, as_of, first_came_on, last_used_on, weeks, weeks_used, "
        "weekly, days, forecast, low, high) VALUES ('H7', 'OR-7', 'SCREW', $1, $2, $2, 10, 1, 0.5, 14, 4.2, 1, 9) "
        "ON CONFLICT (hospital, store, item_code) DO UPDATE SET as_of = excluded.as_of, weeks = 10, days = 14, "
        "forecast = excluded.forecast, low = excluded.low, high = excluded.high",
        day, row["day"],
    ))  # fmt: skip
    return day


def test_a_forecast_is_drawn_with_its_bounds_beside_what_was_used_before(
    house: Live, store: dict[str, str], forecast: date
) -> None:
    text = page(house, store, "/list/demand")
    assert '<rect class="span"' in text
    assert "1 – 4.2 – 9" in text
    one = page(house, store, link(text, "4.2", "/list/demand"))
    [bar] = re.findall(r'<a href="([^"]+)" aria-label="([^"]+)"><title>', one)
    began = forecast - timedelta(days=14)
    assert bar[1] == f"{began.isoformat()}: 3"
    assert f"{forecast.isoformat()}: 1 – 4.2 – 9" in one
    moves = page(house, store, html.unescape(bar[0]))
    assert (scans_of(moves), [each["Units"] for each in headed(moves)]) == ({"07"}, ["3"])
    usage = house.asked(lambda pool: BoardBooks(pool).past_use(HOUSE, "OR-7", "SCREW", forecast, 14, 3))
    assert usage == [0, 0, 3]


@pytest.mark.parametrize("name", ["moves", "settlement"])
def test_a_filter_that_is_no_instant_or_month_is_refused(house: Live, store: dict[str, str], name: str) -> None:
    wrong = {"moves": "moved_from=x", "settlement": "period=2022-13&supplier=S9"}[name]
    assert house.call("GET", f"/list/{name}?{wrong}", headers=store).status == 422


def test_nobody_sees_another_hospitals_store(house: Live, store: dict[str, str]) -> None:
    assert store
    other = house.signed_in(Role.STORE_KEEPER, hospital="H6")
    for name in ("sets", "set-goods", "suspected-uses", "cabinet-tags", "settlement", "demand", "capital-goods"):
        assert rows(page(house, other, f"/list/{name}")) == [], name
    assert rows(page(house, other, f"/list/settlement?supplier={quote('S9')}")) == []


def drawn(*figures: int) -> Sequence[tuple[date, int, str]]:
    return [(date(2026, 1, 1) + timedelta(days=place), each, f"/{place}") for place, each in enumerate(figures)]


def test_columns_are_as_high_as_their_figures_and_a_span_reaches_from_bound_to_bound() -> None:
    chart = columns("x", drawn(0, 5, 10, -2), (5, Decimal("7.5"), 20), date(2026, 1, 5))
    assert [each.height for each in chart.past] == [0.0, 50.0, 100.0, 0.0]
    assert (chart.ahead.y, chart.ahead.height, chart.expected) == (12.0, 150.0, 137.0)
    assert [text for _, text in chart.lines] == ["0", "10", "20"]
    [bar] = ranges("x", [Range("a", 5, Decimal(10), 20, "/")]).bars
    assert (bar.x, bar.width, bar.mark) == (92.5, 277.5, 185.0)


def test_charts_of_nothing_are_drawn_without_a_fault() -> None:
    assert ranges("x", []).bars == []
    assert columns("x", [], (0, Decimal(0), 0), date(2026, 1, 5)).past == []


def test_pages_with_sums_and_charts_break_no_rule_of_accessibility(
    house: Live, phone: BrowserContext, store: dict[str, str], forecast: date
) -> None:
    assert forecast
    opened = accessible.signed_in(phone, house.url, store, "light")
    found: dict[str, Any] = {}
    for path in ("demand", "demand?store=OR-7&item_code=SCREW", "capital", "sets", "suspected-uses", "expiring"):
        opened.goto(f"{house.url}/list/{path}")
        assert opened.locator(".tiles, svg.chart").count(), path
        found[f"{path}, light"] = accessible.broken(opened)
        found[f"{path}, wider than a phone"] = max(0, accessible.overhang(opened))
        accessible.turn(opened, "dark")
        found[f"{path}, dark"] = accessible.broken(opened)
    assert not any(found.values()), found
