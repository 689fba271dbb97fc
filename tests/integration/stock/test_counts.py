"""Counts as people run them: started, scanned on several devices, looked at, posted, booked by lanes once."""

import asyncio
from collections.abc import AsyncIterator
from typing import Any

import asyncpg
import orjson
import pytest

from models.catalogue.item import Tracking
from sinks.postgres.stock.counts import count_limit
from sinks.postgres.verifying.books import verify_books
from streams.embedded.broker import EmbeddedBroker
from streams.services.corrector import Corrector
from tests.support.builders import encounter, gs1, gtin, item, scan, scan_id
from tests.support.installed import Installed, installed
from tests.support.ward import verdicts

PIN, PUMP, SHELF = gtin(901), gtin(902), "OR-9"
POST = ("--reason", "year's end", "--by", "li")


def _item(code: str, di: str, tracking: Tracking, cost: str, **changes: Any) -> dict[str, Any]:
    identifiers = [{"issuer": "GS1", "di": di, "units_per_package": 1}]
    return item(item_code=code, tracking=tracking, cost=[{"cost": cost}], identifiers=identifiers, **changes)


def at_shelf(number: int, action: str, quantity: int = 1, lot: str | None = "A", **changes: Any) -> dict[str, Any]:
    """Pins of lot A at the shelf, so many seconds after noon."""
    made: dict[str, Any] = {
        "action": action, "quantity": quantity, "store": SHELF, "encounter": None,
        "codes": [gs1(PIN, expiry="271231", lot=lot)],
    }  # fmt: skip
    return scan(number, **made | changes)


def pump(number: int, action: str, serial: str, **changes: Any) -> dict[str, Any]:
    return at_shelf(number, action, codes=[gs1(PUMP, expiry="271231", lot="P", serial=serial)], **changes)


@pytest.fixture
async def house(told: str, embedded_broker: EmbeddedBroker) -> AsyncIterator[Installed]:
    async with installed(told, embedded_broker) as made:
        await made.ward.learn(
            _item("PIN", PIN, Tracking.LOT, "10.00"), _item("PUMP", PUMP, Tracking.SERIAL, "500.00"), encounter()
        )
        await made.ward.scan(
            at_shelf(3001, "receive", 10), at_shelf(3002, "receive", 4, "B"),
            *(pump(3010 + n, "receive", f"S{n}") for n in range(4)),
        )  # fmt: skip
        yield made


async def started(house: Installed, *options: str) -> str:
    document: str = (await house.json("count", "start", SHELF, *options))["document"]
    return document


async def booked(house: Installed) -> int:
    """The scheduler publishes what is posted, and the lanes record it; gives how many scans it published."""
    before = [len(await house.records("udi.scans", lane)) for lane in (0, 1)]
    await Corrector(house.settings, house.pool).step()
    published = 0
    for lane in (0, 1):
        for _, value in (await house.records("udi.scans", lane))[before[lane] :]:
            await house.ward.scan(orjson.loads(value or b""), lane=lane)
            published += 1
    return published


async def balances(pool: asyncpg.Pool, store: str = SHELF) -> dict[str, int]:
    rows = await pool.fetch("SELECT lot, serial, quantity FROM report.stock WHERE store = $1 AND quantity <> 0", store)
    return {row["serial"] or row["lot"]: row["quantity"] for row in rows}


async def whole(house: Installed) -> None:
    """Every invariant holds."""
    async with house.pool.acquire() as connection:
        _, findings = await verify_books(connection)
    assert [(each.name, each.first) for each in findings if not each.ok] == []


async def test_a_count_is_blind_resumed_on_two_devices_posted_and_booked_once(house: Installed) -> None:
    document = await started(house, "--by", "wang")
    await house.ward.scan(
        at_shelf(3101, "count", 3, document=document), at_shelf(3102, "count", 5, document=document, device_id="gun2"),
        pump(3103, "count", "S0", document=document), pump(3104, "count", "S0", document=document, device_id="gun2"),
    )  # fmt: skip

    shown = await house.json("count", "show", document)
    assert {(line["serial"] or line["lot"]): line["counted"] for line in shown["lines"]} == {"A": 8, "S0": 1}
    assert [line["findings"] for line in shown["lines"]] == [[], ["counted-twice"]]
    assert not {"expected", "difference", "value", "accuracy_percent"} & {*shown, *shown["lines"][0]}

    # A use between, then another worker, another device, another day at the shelf.
    await house.ward.restart()
    await house.ward.scan(
        at_shelf(3110, "use", 1, encounter="E1"), at_shelf(3111, "count", 4, "B", document=document),
        pump(3112, "count", "S1", document=document), pump(3113, "count", "S2", document=document),
    )  # fmt: skip
    review = await house.json("count", "show", document, "--expected")
    figures = {line["serial"] or line["lot"]: (line["expected"], line["counted"]) for line in review["lines"]}
    assert figures == {"A": (10, 8), "B": (4, 4), "S0": (1, 1), "S1": (1, 1), "S2": (1, 1), "S3": (1, 0)}
    assert (review["without_difference"], review["lines_in_all"], review["accuracy_percent"]) == (4, 6, "66.67")
    assert await balances(house.pool) == {"A": 9, "B": 4, "S0": 1, "S1": 1, "S2": 1, "S3": 1}

    posted = await house.udi("count", "post", document, *POST, "--timeout", "0")
    assert posted.exit_code == 0, posted.output
    assert "Accuracy: 66.67 % (4 of 6 lines without a difference)." in posted.stdout
    assert await booked(house) == 2
    assert await balances(house.pool) == {"A": 7, "B": 4, "S0": 1, "S1": 1, "S2": 1}

    again = await house.udi("count", "post", document, *POST)
    assert again.exit_code == 1
    assert again.stdout == f"Expected an open count, {document} was posted by li.\n"
    assert await booked(house) == 0
    rows = await house.pool.fetch("SELECT * FROM report.counts WHERE difference <> 0 ORDER BY item_code")
    assert [
        (
            row["lot"],
            row["serial"],
            row["expected"],
            row["counted"],
            row["difference"],
            str(row["value"]),
            row["reason"],
        )
        for row in rows
    ] == [("A", None, 10, 8, -2, "-20.00", "year's end"), ("P", "S3", 1, 0, -1, "-500.00", "year's end")]
    moves = await house.pool.fetch("SELECT * FROM report.stock_moves WHERE to_place = 'adjustment' ORDER BY item_code")
    assert [row["move_id"] for row in rows] == [row["move_id"] for row in moves]
    assert [
        (row["from_place"], row["owner"], row["quantity"], str(row["cost"]), row["cause"], row["document"])
        for row in moves
    ] == [
        (SHELF, "hospital", 2, "10.0000", "missing", document),
        (SHELF, "hospital", 1, "500.0000", "missing", document),
    ]
    await whole(house)


async def test_what_is_found_is_booked_and_trace_epcis_and_stock_know_it(house: Installed) -> None:
    document = await started(house)
    await house.ward.scan(
        at_shelf(3101, "count", 12, document=document), at_shelf(3102, "count", 4, "B", document=document),
        *(pump(3110 + n, "count", f"S{n}", document=document) for n in (0, 1, 2, 3, 9)),
    )  # fmt: skip
    assert (await house.udi("count", "post", document, *POST, "--timeout", "0")).exit_code == 0
    await booked(house)

    assert await balances(house.pool) == {"A": 12, "B": 4, "S0": 1, "S1": 1, "S2": 1, "S3": 1, "S9": 1}
    traced = await house.json("trace", "--item", "PUMP", "--serial", "S9")
    assert [(each["kind"], each["from_place"], each["to_place"], each["by"]) for each in traced["events"]] == [
        ("count", None, None, None), ("found", "adjustment", SHELF, "li"),
    ]  # fmt: skip
    shown = await house.json("stock", "--store", SHELF)
    assert sum(row["quantity"] for row in shown) == 21
    events = orjson.loads((await house.udi("epcis", "--from", "2022-06-01", "--to", "2022-07-01")).stdout)
    of_count = [each for each in events["epcisBody"]["eventList"] if each["bizStep"] == "stock_taking"]
    assert {each["disposition"] for each in of_count} == {"available"}
    assert {each["bizTransactionList"][0]["bizTransaction"].rpartition(":")[2] for each in of_count} == {document}
    await whole(house)


async def test_what_does_not_fit_is_named_and_not_booked(house: Installed) -> None:
    await house.ward.scan(
        pump(3050, "transfer", "S1", to_store="OR-8"), pump(3051, "use", "S2", encounter="E1"),
    )  # fmt: skip
    document = await started(house)
    unknown = gs1(gtin(999), lot="Z")
    await house.ward.scan(
        at_shelf(3101, "count", 10, "a", document=document), pump(3102, "count", "S1", document=document),
        pump(3103, "count", "S2", document=document), at_shelf(3104, "count", 3, document=None),
        at_shelf(3105, "count", 3, document="C-0"), at_shelf(3106, "count", document=document, store="OR-8"),
        at_shelf(3107, "count", document=document, codes=[unknown]), at_shelf(3108, "count", 4, "B", document=document),
    )  # fmt: skip

    shown = await house.udi("count", "show", document)
    assert shown.exit_code == 1
    seen = await house.json("count", "show", document)
    assert {(line["serial"] or line["lot"]): (line["findings"], line["elsewhere"]) for line in seen["lines"]} == {
        "A": (["spelled-otherwise"], None), "B": ([], None), "S1": (["elsewhere"], "OR-8"),
        "S2": (["elsewhere"], "patient"),
    }  # fmt: skip
    assert [(each["scan_id"], each["finding"]) for each in seen["findings"]] == [
        (str(scan_id(3106)), "other-place"), (str(scan_id(3107)), "waits"),
    ]  # fmt: skip
    strays = (await house.json("count", "show"))["findings"]
    assert {(each["scan_id"], each["finding"]) for each in strays} == {
        (str(scan_id(3104)), "no-document"), (str(scan_id(3105)), "unknown-document"),
    }  # fmt: skip

    assert (await house.udi("count", "post", document, *POST, "--timeout", "0")).exit_code == 0
    assert await booked(house) == 2  # S0 and S3, which nobody scanned.
    assert await balances(house.pool) == {"A": 10, "B": 4}
    assert await balances(house.pool, "OR-8") == {"S1": 1}
    await house.ward.learn(_item("NEW", gtin(999), Tracking.LOT, "1.00"))
    await house.ward.sweep()
    await house.ward.scan(at_shelf(3120, "count", 2, "B", document=document))
    after = (await house.json("count", "show", document))["findings"]
    assert {(each["scan_id"], each["finding"]) for each in after} >= {
        (str(scan_id(3107)), "after-post"), (str(scan_id(3120)), "after-post"),
    }  # fmt: skip
    assert await booked(house) == 0
    await whole(house)


async def test_a_scan_that_waits_for_a_person_holds_up_the_post_until_it_is_rejected(house: Installed) -> None:
    document = await started(house)
    await house.ward.scan(
        at_shelf(3101, "count", 10, document=document),
        at_shelf(3102, "count", document=document, codes=["00376104250021234569"]),
    )  # fmt: skip
    refused = await house.udi("count", "post", document, *POST)
    assert (refused.exit_code, refused.stdout) == (
        1, "Expected scans that are decided, 1 of the count wait: udi held, udi parked.\n",
    )  # fmt: skip

    await house.udi("held", "reject", str(scan_id(3102)), "--reason", "a pallet", "--timeout", "0")
    await house.ward.sweep()
    assert (await house.udi("count", "post", document, *POST, "--approved-by", "zhao", "--timeout", "0")).exit_code == 0


async def test_a_count_scan_with_a_wrong_quantity_is_taken_back(house: Installed) -> None:
    document = await started(house)
    await house.ward.scan(
        at_shelf(3101, "count", 100, document=document), at_shelf(3102, "count", 10, document=document)
    )
    await house.udi("held", "reject", str(scan_id(3101)), "--reason", "typing error", "--timeout", "0")
    await house.ward.sweep()

    shown = await house.json("count", "show", document)
    assert [(line["lot"], line["counted"]) for line in shown["lines"]] == [("A", 10)]
    assert shown["findings"] == []


async def test_differences_above_the_limit_need_another_person(house: Installed) -> None:
    document = await started(house)
    await house.ward.scan(
        at_shelf(3101, "count", 10, document=document), at_shelf(3102, "count", 4, "B", document=document)
    )
    set_ = await house.udi("policy", "H1", "--count-value", "1999.99", "--reason", "new rule", "--by", "wang")
    assert set_.exit_code == 0, set_.output

    refused = await house.udi("count", "post", document, *POST)
    assert refused.exit_code == 1
    assert refused.stdout.strip() == (
        "Expected --approved-by: 4 of 6 lines differ by 2000.00 yuan, the limit is 10 % of the lines and 1999.99 yuan."
    )
    alone = await house.udi("count", "post", document, *POST, "--approved-by", "Li")
    assert (alone.exit_code, alone.stderr) == (2, "udi: Expected another person in --approved-by, got Li.\n")
    assert await booked(house) == 0
    await house.udi("policy", "H1", "--count-value", "2000", "--reason", "old rule", "--by", "wang")
    limit = await count_limit(house.pool, "H1")
    assert (limit.value_fen, limit.lines_percent) == (200_000, 10)
    assert (await house.udi("count", "post", document, *POST, "--timeout", "0")).exit_code == 0


async def test_one_shelf_is_counted_once_at_a_time_and_a_cancelled_count_books_nothing(house: Installed) -> None:
    document = await started(house)
    twice = await house.udi("count", "start", SHELF)
    assert (twice.exit_code, twice.stderr) == (2, f"udi: Expected a shelf that nobody counts, {document} is open.\n")
    in_cabinet = await started(house, "--place", "cab1")
    await house.ward.scan(
        at_shelf(3101, "count", 1, document=document), at_shelf(3102, "count", 2, document=in_cabinet)
    )

    assert (await house.udi("count", "cancel", document, "--reason", "fire alarm")).exit_code == 0
    assert (await house.udi("count", "post", document, *POST)).exit_code == 1
    assert (await house.udi("count", "post", in_cabinet, *POST)).stdout == (
        "Expected something counted, no scan counts in it.\n"
    )
    assert await booked(house) == 0
    assert await started(house) != document
    missing = await house.udi("count", "start", "NOWHERE")
    assert missing.stderr == "udi: STORE: expected one of OR-2, OR-3, OR-9, got 'NOWHERE'.\n"
    assert (await house.udi("count", "show", "C-0")).exit_code == 2


async def test_a_second_count_expects_what_the_first_has_booked(house: Installed) -> None:
    first = await started(house)
    await house.ward.scan(at_shelf(3101, "count", 9, document=first), at_shelf(3102, "count", 4, "B", document=first))
    assert (await house.udi("count", "post", first, *POST, "--timeout", "0")).exit_code == 0
    second = await started(house)
    # By a clock that is behind: it was scanned before the first count, and posted after it.
    await house.ward.scan(at_shelf(3090, "count", 9, document=second), at_shelf(3091, "count", 4, "B", document=second))
    waits = await house.udi("count", "post", second, *POST)
    assert (waits.exit_code, "still on their way" in waits.stdout) == (1, True)

    assert await booked(house) == 5
    review = await house.json("count", "show", second, "--expected")
    assert [line["difference"] for line in review["lines"]] == [0, 0]


async def test_an_adjustment_that_no_count_has_posted_is_held_and_moves_nothing(house: Installed) -> None:
    forged = at_shelf(3101, "missing", 5, document="C-0", item_code="PIN", reason="looks legitimate", entry="manual")
    await house.ward.scan(forged)

    assert verdicts(await house.ward.account())[str(scan_id(3101))] == ("held", ("not-counted",))
    assert (await balances(house.pool))["A"] == 10
    await whole(house)


async def test_a_post_that_fails_in_the_middle_books_nothing_and_can_be_made_again(house: Installed) -> None:
    document = await started(house)
    await house.ward.scan(
        at_shelf(3101, "count", 9, document=document), at_shelf(3102, "count", 4, "B", document=document)
    )
    await house.pool.execute(
        "CREATE FUNCTION pg_temp_fail() RETURNS trigger LANGUAGE plpgsql AS "
        "$$ BEGIN IF NEW.line = 3 THEN RAISE EXCEPTION 'the third line fails'; END IF; RETURN NEW; END $$"
    )
    await house.pool.execute(
        "CREATE TRIGGER fails BEFORE INSERT ON udi.count_line FOR EACH ROW EXECUTE FUNCTION pg_temp_fail()"
    )
    assert (await house.udi("count", "post", document, *POST)).exit_code != 0
    assert await booked(house) == 0
    await house.pool.execute("DROP TRIGGER fails ON udi.count_line")

    posts = await asyncio.gather(*(house.udi("count", "post", document, *POST, "--timeout", "0") for _ in range(2)))
    assert sorted(each.exit_code for each in posts) == [0, 1]
    assert await booked(house) == 5
    assert await balances(house.pool) == {"A": 9, "B": 4}
    await whole(house)


async def test_a_difference_is_published_until_it_is_recorded_and_counts_once(house: Installed) -> None:
    document = await started(house)
    await house.ward.scan(
        at_shelf(3101, "count", 9, document=document), at_shelf(3102, "count", 4, "B", document=document),
        *(pump(3110 + n, "count", f"S{n}", document=document) for n in range(4)),
    )  # fmt: skip
    assert (await house.udi("count", "post", document, *POST, "--timeout", "0")).exit_code == 0
    before = [len(await house.records("udi.scans", lane)) for lane in (0, 1)]
    killed = Corrector(house.settings, house.pool, again_seconds=0.0)
    assert [await killed.step(), await Corrector(house.settings, house.pool).step()] == [1, 1]
    for lane in (0, 1):
        for _, value in (await house.records("udi.scans", lane))[before[lane] :]:
            await house.ward.scan(orjson.loads(value or b""), lane=lane)

    assert (await balances(house.pool))["A"] == 9
    assert await killed.step() == 0
    assert await house.pool.fetchval("SELECT count(*) FROM udi.count_booked") == 1
    assert (await house.udi("count", "show", document)).exit_code == 0
