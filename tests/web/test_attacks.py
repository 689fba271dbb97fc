"""Text of a barcode as an attack: harmless in page, CSV, XLSX, log, metric, terminal and API."""

import csv
import io
import re
import subprocess
from typing import Any, Final

import orjson
import pytest
import python_calamine

from models.web.access import Role
from tests.oracle.processes import UDI
from tests.support.servers.live import DI, Live, now_scan

ESC, CSI, RLO = "\x1b", "\x9b", "\u202e"
ATTACKS: Final[dict[str, str]] = {
    "HTML": "<b>x</b>",
    "script": "<script>alert(1)</script>",
    "attribute": '" onmouseover="alert(1)',
    "template": "{{7*7}}${7*7}",
    "formula": "=1+1",
    "formula with a plus": "+1+cmd|' /C calc'!A0",
    "formula with an at": "@SUM(A1)",
    "formula behind a tab": "\t=1+1",
    "terminal escape": f"{ESC}[2J{ESC}]0;owned\x07",
    "C1 control": f"{CSI}31mred",
    "forged log line": 'x\n{"event": "forged", "level": "critical"}',
    "forged log line of Windows": "x\r\nCRITICAL forged",
    "direction": f"{RLO}gnp.exe",
    "SQL": "'; DROP TABLE udi.scan; --",
    "metric": 'x"} 1\nudi_forged_total{a="b',
}
STEERS: Final = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069]")
"""What could steer a terminal or a reader; line feed and tab are looked at apart."""


@pytest.fixture(scope="module")
def attacked(house: Live) -> dict[str, dict[str, Any]]:
    """A scan for each attack, in every text a scan has; what the gateway would not take goes onto the topic."""
    device = house.add_device()
    token = house.token(device)
    scans = {}
    for name, text in ATTACKS.items():
        scan = now_scan(
            device, codes=[f"]d201{DI}10{text}"], staff=text[:60], department=text[:60], operation=text[:60],
            entry="manual", reason=text,
        )  # fmt: skip
        scans[name] = scan
        if house.call("POST", "/v1/scans", scan, token).status != 202:
            house.publish("udi.scans", [(b"H1/E1", scan)])
    for scan in scans.values():
        house.until("SELECT 1 FROM report.verdicts WHERE scan_id = $1", scan["scan_id"])
    return scans


@pytest.fixture(scope="module")
def person(house: Live) -> dict[str, str]:
    return house.signed_in(Role.ADMIN)


def pages(house: Live, person: dict[str, str], scan: dict[str, Any]) -> dict[str, str]:
    """Every page that tells of the scan."""
    paths = (f"/list/scans?scan_id={scan['scan_id']}", f"/scan/{scan['scan_id']}", "/list/dead-letters", "/list/held",
             "/list/parked", "/case?encounter=E1", "/")  # fmt: skip
    answers = {path: house.call("GET", path, headers=person) for path in paths}
    return {path: answer.body.decode() for path, answer in answers.items() if answer.status != 404}


@pytest.mark.parametrize("name", ATTACKS)
def test_it_is_text_in_every_page(
    house: Live, attacked: dict[str, dict[str, Any]], person: dict[str, str], name: str
) -> None:
    found = pages(house, person, attacked[name])
    assert len(found) >= 5
    for path, page in found.items():
        assert "<script" not in page, path
        assert "<b>x</b>" not in page, path
        assert 'onmouseover="' not in page, path
        assert "{{" not in page or "{{7*7}}" in page, path
        assert not STEERS.search(page), (path, STEERS.search(page))


@pytest.mark.parametrize("name", ATTACKS)
def test_it_is_no_formula_in_an_export(
    house: Live, attacked: dict[str, dict[str, Any]], person: dict[str, str], name: str
) -> None:
    for kind in ("scans", "dead-letters", "held", "parked"):
        query = f"?scan_id={attacked[name]['scan_id']}" if kind == "scans" else "?"
        text = house.call("GET", f"/export/{kind}{query}&format=csv", headers=person).body.decode("utf-8-sig")
        sheet = house.call("GET", f"/export/{kind}{query}&format=xlsx", headers=person).body
        book = python_calamine.CalamineWorkbook.from_filelike(io.BytesIO(sheet))
        rows = [*csv.reader(io.StringIO(text, newline="")), *book.get_sheet_by_index(0).to_python()]
        for cell in (str(cell) for row in rows for cell in row):
            assert not re.match(r"\s*[=+@|%]|\s*-[^\d]", cell), (kind, cell)
            assert not STEERS.search(cell), (kind, cell)
            assert "\n" not in cell, (kind, cell)


def test_it_forges_no_line_of_a_log_and_steers_no_terminal(house: Live, attacked: dict[str, Any]) -> None:
    assert attacked
    for service in house.services.values():
        for line in service.log.splitlines():
            assert not STEERS.search(line), (service.name, line)
            assert not line.startswith(('{"event": "forged"', "CRITICAL forged")), (service.name, line)
            if line.startswith("{"):
                assert orjson.loads(line)["event"] != "forged"


def test_it_is_in_no_metric(house: Live, attacked: dict[str, Any]) -> None:
    assert attacked
    text = house.call("GET", "/metrics").body.decode()
    for name, attack in ATTACKS.items():
        assert attack not in text, name
    assert "udi_forged_total" not in text
    assert not STEERS.search(text)


@pytest.mark.parametrize("command", [["scan"], ["parked"], ["held"], ["replay", "--dead-letters"]], ids=" ".join)
def test_it_steers_no_terminal(house: Live, attacked: dict[str, dict[str, Any]], command: list[str]) -> None:
    steering = [attacked[name] for name in ("terminal escape", "C1 control", "forged log line", "direction")]
    for scan in steering if command == ["scan"] else [None]:
        told = [*UDI, *command, *([scan["scan_id"]] if scan else [])]
        done = subprocess.run(told, env=house.settings, capture_output=True, text=True, check=False)
        assert done.returncode in {0, 1, 2}, (told, done.stderr)
        shown = done.stdout + done.stderr
        assert not STEERS.search(shown), (told, STEERS.search(shown))
        assert not [line for line in shown.splitlines() if line.startswith(("CRITICAL forged", '{"event": "forged"'))]


@pytest.mark.parametrize("name", ATTACKS)
def test_the_gateway_answers_json_that_holds_it_as_text(
    house: Live, token: dict[str, str], attacked: dict[str, dict[str, Any]], name: str
) -> None:
    answer = house.call("GET", f"/v1/scans/{attacked[name]['scan_id']}", headers=token)
    assert answer.status in {200, 404}
    assert answer.headers["content-type"] in {"application/json", "application/problem+json"}
    assert answer.headers["x-content-type-options"] == "nosniff"
    assert isinstance(answer.json, dict)
