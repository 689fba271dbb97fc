"""`udi differences` and `udi load his-charges`, run as people run them."""

from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import orjson
import pytest

from models.calendar import ZONE_DEFAULT
from streams.embedded.broker import EmbeddedBroker
from streams.services.reconciler import Reconciler
from tests.support.builders import item, price, scan, scan_id
from tests.support.his import line, post
from tests.support.installed import Installed, installed
from tests.support.ward import record, records


@pytest.fixture
async def house(told: str, embedded_broker: EmbeddedBroker) -> AsyncIterator[Installed]:
    async with installed(told, embedded_broker) as made:
        yield made


async def listed(house: Installed, *options: str) -> list[dict[str, Any]]:
    shown = await house.udi("differences", "--json", *options)
    rows: list[dict[str, Any]] = orjson.loads(shown.stdout)
    assert shown.exit_code == int(any(row["status"] == "open" for row in rows))
    return rows


def of(row: dict[str, Any], *columns: str) -> tuple[Any, ...]:
    return tuple(row[name] for name in columns)


async def test_what_is_open_or_asked_is_listed_the_dearest_first(house: Installed) -> None:
    rows = await listed(house, "--encounter", "E1")

    assert {of(row, "kind", "cause") for row in rows} == {
        ("missed", "not-posted"),
        ("missed", "not-charged-yet"),
        ("wrong", "other-patient"),
    }
    amounts = [abs(float(row["amount"])) for row in rows]
    assert amounts == sorted(amounts, reverse=True)
    assert {row["status"] for row in rows} == {"open", "asked"}


async def test_what_is_chosen_is_shown_alone(house: Installed) -> None:
    assert {row["kind"] for row in await listed(house, "--kind", "wrong")} == {"wrong"}
    assert {row["status"] for row in await listed(house, "--status", "accepted")} == {"accepted"}
    assert [of(row, "status", "cause") for row in await listed(house, "--status", "mended")] == [
        ("mended", "other-price")
    ]
    assert await listed(house, "--encounter", "E404") == []
    assert {row["department"] for row in await listed(house, "--department", "ORTH")} == {"ORTH"}
    assert {row["hospital"] for row in await listed(house, "--hospital", "H1")} == {"H1"}


async def test_a_person_reads_causes_fixes_and_sums(house: Installed) -> None:
    shown = await house.udi("differences", "--status", "open", "--status", "asked", "--status", "accepted")

    assert shown.exit_code == 1
    for text in ("not posted; post it", "waits here; free", "never scanned", "(accepted)", "(asked)"):
        assert text in " ".join(shown.stdout.split())
    assert "extra: 1; 0.00 yuan too little, 3.50 too much." in shown.stdout


async def test_several_are_asked_by_the_first_characters_of_their_ids(house: Installed) -> None:
    rows = [row for row in await listed(house, "--kind", "missed") if row["cause"] == "not-posted"][:2]
    ids = [row["difference_id"][:8] for row in rows]

    shown = await house.udi("differences", "ask", *ids, "--reason", "post them", "--by", "li")

    assert (shown.exit_code, shown.stdout) == (0, "2 asked of the HIS.\n")
    asked = await listed(house, "--status", "asked", "--kind", "missed")
    assert {row["difference_id"] for row in asked} == {row["difference_id"] for row in rows}
    assert {of(row, "by", "reason") for row in asked} == {("li", "post them")}
    sent = await house.pool.fetch("SELECT body FROM report.outbox WHERE topic = 'udi.cases' ORDER BY seq DESC LIMIT 2")
    assert {of(orjson.loads(row["body"]), "schema", "fix", "by") for row in sent} == {
        ("udi.correction/1", "post", "li")
    }


async def test_what_waits_here_is_not_asked_of_the_his(house: Installed) -> None:
    waits = [row for row in await listed(house) if row["fix"] == "free-scan"]

    shown = await house.udi("differences", "ask", waits[0]["difference_id"], "--reason", "post it")

    assert (shown.exit_code, shown.stdout) == (1, "0 asked of the HIS.\n")
    assert shown.stderr == "1 left out: their scans wait here, see udi parked and udi held.\n"


async def test_all_that_fit_are_accepted_and_the_rest_stays(house: Installed) -> None:
    before = await listed(house, "--status", "open")

    shown = await house.udi("differences", "accept", "--kind", "missed", "--encounter", "E1", "--reason", "let be")

    fit = [row for row in before if of(row, "kind", "encounter") == ("missed", "E1")]
    assert (shown.exit_code, shown.stdout) == (0, f"{len(fit)} accepted.\n")
    assert len(await listed(house, "--status", "open")) == len(before) - len(fit)


@pytest.mark.parametrize(
    ("arguments", "line_said"),
    [
        (("ask", "--reason", "x"), "either ids of differences, or --kind, --encounter, --department or --hospital."),
        (("ask", "12345678", "--kind", "missed", "--reason", "x"), "either ids of differences, or --kind"),
        (("accept", "1234567", "--reason", "x"), "at least 8 characters of it, got '1234567'."),
        (("accept", "nonsense", "--reason", "x"), "Expected the id of a difference"),
        (("accept", "12345678", "--reason", " "), "Expected some words for --reason, got only blanks."),
    ],
    ids=["nothing", "both", "short", "no id", "no reason"],
)
async def test_bad_use_is_said_in_one_line(house: Installed, arguments: tuple[str, ...], line_said: str) -> None:
    shown = await house.udi("differences", *arguments)

    assert shown.exit_code == 2
    assert line_said in shown.stderr
    assert shown.stderr.count("\n") == 1


async def test_an_id_that_does_not_stand_is_named(house: Installed) -> None:
    shown = await house.udi("differences", "accept", "00000000", "--reason", "x")

    assert (shown.exit_code, shown.stdout) == (1, "0 accepted.\n")
    assert shown.stderr == "udi: Expected a difference that stands, found none with id 00000000.\n"


async def test_lines_are_loaded_from_a_file_and_encounters_nobody_knows_are_named(
    house: Installed, tmp_path: Path
) -> None:
    file = tmp_path / "june.csv"
    heading = "hospital,line_id,encounter,item_code,quantity,unit_price,amount,service_at"
    rows = ("H1,F1,E1,SCREW,1,1234.00,1234.00,2022-06-03 12:00", "H1,F2,E404,SCREW,1,1.00,1.00,2022-06-03 12:00")
    file.write_text("\n".join((heading, *rows, rows[1].replace("F2,", "F3,").replace(",1,1.00", ",-1,1.00"))))

    shown = await house.udi("load", "his-charges", str(file))

    assert shown.exit_code == 1
    assert "2 charge lines loaded, 1 bad rows.\n" in shown.stdout
    assert shown.stderr == "1 encounters of the lines are not in the books: H1/E404.\n"
    found = await house.records("udi.his-charges", 0)
    assert [(key, orjson.loads(value or b"")["line_id"]) for key, value in found] == [
        (b"H1/E1", "F1"),
        (b"H1/E404", "F2"),
    ]


async def test_the_dead_letter_of_a_line_says_what_was_expected(house: Installed) -> None:
    found = await house.json("replay", "--dead-letters", "--origin", "udi.his-charges/0/7")

    assert [of(row, "reason", "detail") for row in found["dead_letters"]] == [
        ("bad-event", "quantity: Expected at least 1, got -1.")
    ]


async def test_what_mends_itself_is_no_longer_listed(house: Installed) -> None:
    missed = next(row for row in await listed(house, "--kind", "missed") if row["scan_id"] == str(scan_id(40)))
    await post(house.pool, line("late", 40, quantity=2))
    await Reconciler(house.pool, house.settings.zone).until_idle()

    assert missed["difference_id"] not in {row["difference_id"] for row in await listed(house)}
    gone = [row for row in await listed(house, "--status", "vanished") if row["scan_id"] == missed["scan_id"]]
    assert [of(row, "kind", "version") for row in gone] == [("missed", 2)]


async def test_a_use_whose_line_may_still_come_is_counted_and_not_asked_for(house: Installed) -> None:
    now = datetime.now(UTC)
    await house.ward.learn(item(monitored=True, prices=[price("1234.00", None, None)]))
    await house.ward.sweep()
    await Reconciler(house.pool, ZONE_DEFAULT).until_idle()
    before = await listed(house)
    young = scan(950, scanned_at=(now - timedelta(hours=1)).isoformat())
    lane = house.ward.lanes[0]
    await record(lane, records([young], lane.position.next_offset, stamp=now))
    await Reconciler(house.pool, ZONE_DEFAULT).until_idle()

    assert await listed(house) == before
    added = [row for row in await listed(house, "--young") if row not in before]
    assert [of(row, "scan_id", "cause") for row in added] == [(young["scan_id"], "not-posted")]
    shown = await house.udi("differences")
    assert shown.stdout.splitlines()[-1] == "1 uses of the last day have no line yet; --young shows them."
    await house.udi("differences", "ask", "--encounter", "E1", "--reason", "all of them")
    assert added[0]["difference_id"] in {
        row["difference_id"] for row in await listed(house, "--young", "--status", "open")
    }
