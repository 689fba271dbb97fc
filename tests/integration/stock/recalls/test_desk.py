"""The recall desk: the block of a notice on every lane, its lines, how they end; as people run it."""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import orjson
import pytest

from models.charging.commands import CommandKind
from models.charging.snapshot import Catalogue
from models.stock.recall import Recall
from sinks.memory.books import MemoryBooks
from sinks.ports.batch import RawRecord
from sinks.postgres.stock.supply_facts import SupplyBatch, SupplyBooks
from streams.embedded.broker import EmbeddedBroker
from streams.services.recall_lister import RecallLister
from tests.support.builders import DI, NOON, body, encounter, gs1, item, scan, scan_id
from tests.support.installed import Installed, installed
from tests.support.recalls import accept, recall
from tests.support.ward import Between, MemoryStore, PostgresStore, Ward, postgres_store, record, records, verdicts

BAD = gs1(DI, expiry="271231", lot="BAD")
GOOD = gs1(DI, expiry="271231", lot="GOOD")


@pytest.fixture
async def store(database: str) -> AsyncIterator[PostgresStore]:
    async with postgres_store(database) as made:
        yield made


@pytest.fixture
async def ward(store: PostgresStore) -> Ward:
    return await Ward(store).open(item(), encounter(), encounter(encounter="E2"))


@pytest.fixture
async def house(told: str, embedded_broker: EmbeddedBroker) -> AsyncIterator[Installed]:
    async with installed(told, embedded_broker) as made:
        yield made


def use(number: int, **changes: Any) -> dict[str, Any]:
    return scan(number, **{"codes": [BAD]} | changes)


async def reasons(ward: Ward, number: int) -> tuple[str, tuple[str, ...]]:
    return verdicts(await ward.account())[str(scan_id(number))]


# The block --------------------------------------------------------------------------------------------------------


async def test_a_recalled_unit_is_held_on_every_lane_and_another_lot_is_billed(
    ward: Ward, store: PostgresStore
) -> None:
    await ward.scan(use(1, action="receive", encounter=None, quantity=9))
    await accept(store.pool, recall())
    await ward.scan(use(2), use(3, codes=[GOOD]))
    await ward.scan(use(4), lane=1)
    await ward.scan(use(5, action="transfer", to_store="OR-3", encounter=None))

    assert await reasons(ward, 2) == ("held", ("recalled",))
    assert await reasons(ward, 3) == ("billed", ("stock-negative",))
    assert await reasons(ward, 4) == ("held", ("recalled",))
    assert await reasons(ward, 5) == ("recorded", ("recalled",))


async def test_a_later_version_takes_the_place_of_the_earlier_one(ward: Ward, store: PostgresStore) -> None:
    await accept(store.pool, recall())
    await accept(store.pool, recall(2, lines=[{"issuer": "GS1", "di": DI, "lots": ["GOOD"]}], ended_on="2022-06-03"))
    await ward.scan(use(1), use(2, codes=[GOOD]))
    await ward.scan(use(3, codes=[GOOD], scanned_at="2022-06-04T12:00:00+08:00"))

    assert await reasons(ward, 1) == ("billed", ("stock-negative",))
    assert (await reasons(ward, 2))[0] == "held"
    assert (await reasons(ward, 3))[0] == "billed"  # Its last day was the day before.


async def test_a_version_that_is_old_or_contradicts_itself_is_a_dead_letter(store: PostgresStore) -> None:
    assert await accept(store.pool, recall(2), recall(2)) == []
    assert await accept(store.pool, recall(2), recall(2, reason="other"), recall(1), b"[]") == ["bad-event"] * 3
    assert await store.pool.fetchval("SELECT count(*) FROM udi.recall") == 1


async def test_a_notice_whose_batch_is_tried_again_is_not_taken_for_known(store: PostgresStore) -> None:
    books = SupplyBooks(store.pool, 2)
    position = await books.take_over("c1", "udi.recalls", 0)
    read = books.parse_recall(RawRecord(None, body(recall())))
    # A deadlock, or a neighbour in the batch that fails: the batch is made, and not recorded.
    books.add_recall(SupplyBatch(), read, NOON, position.origin(0))
    again = SupplyBatch()

    books.add_recall(again, read, NOON, position.origin(0))
    books.add_recall(again, read, NOON, position.origin(1))
    await books.record(position, 2, None, again)

    assert await store.pool.fetchval("SELECT count(*) FROM udi.recall") == 1
    known = SupplyBatch()
    books.add_recall(known, read, NOON, position.origin(2))
    assert known.recalls == []


async def test_a_use_decided_before_the_notice_is_decided_again_when_it_is_recorded_after(
    ward: Ward, store: PostgresStore
) -> None:
    between = Between(store.books)
    lane = await ward.lane(0, between.port)

    async def happens() -> None:
        await accept(store.pool, recall())

    between.then(happens)
    await record(lane, records([use(1)], 0))

    assert [each.__name__ for each in between.failures] == ["StaleError"]
    assert await reasons(ward, 1) == ("held", ("recalled", "stock-negative"))


async def test_the_twin_holds_the_same_line() -> None:
    memory = MemoryBooks()
    ward = await Ward(MemoryStore(memory)).open(item(), encounter())
    between = Between(memory)
    lane = await ward.lane(0, between.port)

    async def happens() -> None:
        memory.accept_recall(Recall.model_validate_json(body(recall())), NOON)

    between.then(happens)
    await record(lane, records([use(1)], 0))

    assert [each.__name__ for each in between.failures] == ["StaleError"]
    assert await reasons(ward, 1) == ("held", ("recalled", "stock-negative"))


async def test_lanes_that_race_the_notice_never_bill_after_it(ward: Ward, store: PostgresStore) -> None:
    """Two lanes record use after use while the notice comes: all that is recorded after its acceptance is held."""

    accepted = asyncio.Event()
    sent: list[int] = []

    async def scans(lane: int) -> None:
        after = 0
        while after < 20:
            after += accepted.is_set()
            sent.append(10_000 * (lane + 1) + len(sent))
            await ward.scan(use(sent[-1], quantity=1), lane=lane)

    async def comes() -> None:
        await asyncio.sleep(0.3)
        await accept(store.pool, recall())
        accepted.set()

    await asyncio.gather(scans(0), scans(1), comes())

    wrong = await store.pool.fetch(
        """SELECT s.scan_id FROM udi.scan s JOIN udi.ledger l USING (position_id, record_offset), udi.recall r
           WHERE s.verdict = 'billed' AND l.recorded_at > r.accepted_at"""
    )
    counted = await store.pool.fetchrow(
        "SELECT count(*) FILTER (WHERE verdict = 'held') AS held, "
        "count(*) FILTER (WHERE verdict = 'billed') AS billed FROM udi.scan"
    )
    assert counted is not None
    assert (wrong, counted["held"] + counted["billed"]) == ([], len(sent))
    assert counted["held"] > 0
    assert counted["billed"] > 0


async def test_a_worker_that_starts_later_knows_the_notice(ward: Ward, store: PostgresStore) -> None:
    await accept(store.pool, recall())
    lane = await ward.restart()
    await record(lane, records([use(1)], 0))

    assert (await reasons(ward, 1))[0] == "held"
    assert Catalogue().version == 0


# The desk ---------------------------------------------------------------------------------------------------------


async def test_the_desk_lists_who_was_exposed_and_where_the_rest_lies(house: Installed) -> None:
    ward = house.ward
    await ward.learn(encounter(encounter="E2"))
    await ward.scan(
        use(100, action="receive", encounter=None, quantity=10), use(101), use(102, encounter="E2", quantity=2),
        use(103, encounter="E2"), use(104, action="return", encounter="E2", corrects=str(scan_id(103))),
        use(105, action="waste", encounter=None), scan(106, codes=[gs1(DI)], device_id="gun9"),
    )  # fmt: skip
    await accept(house.pool, recall())
    await ward.scan(use(107))

    found = await house.json("recall", "R1")

    assert {(each["encounter"], each["quantity"]) for each in found["certain"]} == {("E1", 1), ("E2", 2)}
    assert [str(scan_id(number)) in {each["scan_id"] for each in found["certain"]} for number in (101, 102, 107)] == [
        True
    ] * 3
    assert {each["scan_id"]: each["chance"] for each in found["possible"]}[str(scan_id(103))] == "0.0000"
    assert [(each["store"], each["quantity"]) for each in found["shelf"]] == [("OR-2", 5)]
    assert [(each["kind"], each["status"]) for each in found["elsewhere"]] == [("waste", "ended")]
    assert (found["due_on"], found["level"], found["version"], found["names_goods"]) == ("2022-06-02", "A", 1, True)
    assert found["open"] == found["counts"]["certain"]["lines"] + found["counts"]["possible"]["lines"] + 1
    assert found["proof"] is None
    view = await house.pool.fetch("SELECT kind, count(*) FROM report.recall_lines WHERE recall = 'R1' GROUP BY kind")
    assert {row["kind"]: row["count"] for row in view} == {
        kind: each["lines"] for kind, each in found["counts"].items()
    }


async def test_lines_are_closed_by_persons_or_gone_by_themselves_and_that_is_proven(house: Installed) -> None:
    ward = house.ward
    await ward.scan(use(100, action="receive", encounter=None, quantity=1), use(101))
    await accept(house.pool, recall(name="R2"))
    lines = (await house.json("recall", "R2"))["certain"]

    half = await house.udi("recall", "R2", "--close", lines[0]["line_id"], "--reason", "told", "--by", "wang")
    nothing = await house.udi("recall", "R2", "--close", str(scan_id(1)), "--reason", "told")
    found = await house.json("recall", "R2")

    assert (half.exit_code, nothing.exit_code) == (0, 1)
    assert "Expected a line that stands." in nothing.stderr
    assert (found["open"], found["proof"]["closed_by_persons"], len(found["proof"]["hash"])) == (0, 1, 64)
    assert "Closed: 1 of 1 lines have ended" in half.stdout
    await ward.store.command(CommandKind.REJECT, 101)
    await ward.sweep()
    later = await house.json("recall", "R2")
    assert [each["status"] for each in later["certain"]] == ["gone"]
    assert [each["status"] for each in later["shelf"]] == ["open"]


async def test_units_of_an_item_nobody_knows_are_listed_where_their_scans_brought_them(house: Installed) -> None:
    unknown = "07032069804995"
    codes = [gs1(unknown, expiry="271231", lot="BAD")]
    await house.ward.scan(
        use(100, action="receive", encounter=None, quantity=6, codes=codes),
        use(101, action="transfer", encounter=None, to_store="OR-3", quantity=3, codes=codes),
        use(102, action="send-back", encounter=None, quantity=2, codes=codes), use(103, store="OR-3", codes=codes),
    )  # fmt: skip
    await accept(house.pool, recall(name="R6", lines=[{"issuer": "GS1", "di": unknown, "lots": ["BAD"]}]))

    found = await house.json("recall", "R6")

    assert [await reasons(house.ward, number) for number in (100, 101, 102, 103)] == [
        ("parked", ("unknown-identifier",))
    ] * 4
    assert [(each["store"], each["quantity"]) for each in found["shelf"]] == [("OR-2", 1), ("OR-3", 2)]
    assert [each["encounter"] for each in found["certain"]] == ["E1"]


async def test_a_notice_that_names_nothing_of_the_house_says_so(house: Installed) -> None:
    await accept(house.pool, recall(name="R3", lines=[{"issuer": "GS1", "di": "09999999999994"}]))

    shown = await house.udi("recall", "R3")
    every = await house.json("recall")

    assert "names no item of the house" in shown.stdout
    assert [(each["recall"], each["lines"]) for each in every] == [("R3", 0)]
    assert (await house.udi("recall", "R9")).exit_code == 2


async def test_a_notice_of_lots_the_house_never_had_says_what_was_looked_at(house: Installed) -> None:
    await house.ward.scan(use(100, action="receive", encounter=None, quantity=4, codes=[GOOD]), use(101, codes=[GOOD]))
    await accept(house.pool, recall(name="R4", lines=[{"issuer": "GS1", "di": DI, "lots": ["NEVER"]}]))

    shown = " ".join((await house.udi("recall", "R4")).stdout.split())
    chinese = " ".join((await house.udi("--lang", "zh-CN", "recall", "R4")).stdout.split())
    found = await house.json("recall", "R4")

    scans = found["looked"]["scans"]
    assert "names no goods of the house" in shown
    balances = found["looked"]["balances"]
    assert f"Looked at: 1 items, {scans} scans, {balances} balances; scans from 2022-05-20 to 2022-06-03." in shown
    assert "Closed:" not in shown
    assert f"已核查：项目 1 个，扫码 {scans} 次" in chinese
    assert (found["names_goods"], found["looked"]["items"], scans >= 2) == (True, 1, True)


async def test_a_refused_version_says_which_is_known_and_which_came(house: Installed) -> None:
    await accept(house.pool, recall(3, name="R5"))
    await accept(house.pool, recall(2, name="R5"), recall(3, name="R5", reason="other"))

    letters = (await house.json("replay", "--dead-letters", "--reason", "bad-event"))["dead_letters"]
    chinese = await house.udi("--lang", "zh-CN", "replay", "--dead-letters", "--reason", "bad-event")

    assert [each["detail"] for each in letters if "/udi.recalls/" in f"/{each['origin']}"] == [
        "Expected version 4 or later of R5: the books know version 3, got version 2.",
        "Expected version 4 or later of R5: the books know version 3, got version 3 with another body.",
    ]
    assert "账上已有第 3 版" in "".join(chinese.stdout.split()).replace("账上已有第3版", "账上已有第 3 版")


async def test_a_refused_notice_is_pointed_at_where_its_name_is_asked_for(house: Installed) -> None:
    bounds = {"issuer": "GS1", "di": DI, "serial_from": "A1", "serial_to": "A 010"}
    await accept(house.pool, recall(name="R10", lines=[bounds]), recall(name="R11", lines=[bounds]), b"{}")

    shown = await house.udi("recall", "R10")
    chinese = await house.udi("--lang", "zh-CN", "recall", "R10")
    nothing = await house.udi("recall", "R12")

    assert (shown.exit_code, chinese.exit_code, nothing.exit_code) == (2, 2, 2)
    said = " ".join(shown.stderr.split())
    origin = said.partition("Dead letter ")[2].split()[0]
    assert f"Dead letter {origin} names it (udi replay --dead-letters --origin {origin}): " in said
    assert "Expected serial_from and serial_to of one length" in said
    assert "found none named R10." in said
    assert "serial_from 与 serial_to 长度须相同" in chinese.stderr
    assert "Dead letter" not in nothing.stderr
    letters = (await house.json("replay", "--dead-letters", "--origin", origin))["dead_letters"]
    assert [each["origin"] for each in letters] == [origin]


async def test_the_scheduler_lists_a_new_notice_by_itself(ward: Ward, store: PostgresStore) -> None:
    await ward.scan(use(1), use(2, action="receive", encounter=None, quantity=4))
    await accept(store.pool, recall())

    await RecallLister(store.pool).look()

    rows = await store.pool.fetch("SELECT kind, quantity, status FROM report.recall_lines ORDER BY kind")
    assert [tuple(row) for row in rows] == [("certain", 1, "open"), ("shelf", 3, "open")]


# Files ------------------------------------------------------------------------------------------------------------


async def test_a_table_of_notices_is_published_line_by_line(house: Installed, tmp_path: Path) -> None:
    file = tmp_path / "recalls.csv"
    file.write_text(
        "hospital,recall,version,issued_on,class,issuer,di,lots,serial_from,serial_to\n"
        f"H1,R7,1,2022-06-01,2,GS1,{DI},BAD;WORSE,,\n"
        f"H1,R7,1,2022-06-01,2,GS1,{DI},,100,199\n"
        f"H1,R8,1,2022-06-01,9,GS1,{DI},,,\n"
        f"H1,R9,1,2022-06-01,1,GS1,{DI},,20,10\n",
        encoding="utf-8",
    )

    shown = await house.udi("load", "recalls", str(file))

    assert shown.exit_code == 1
    assert "1 recall notices loaded, 2 bad rows." in shown.stdout
    published = await house.records("udi.recalls")
    assert [key for key, _ in published] == [b"H1/R7"]
    lines = orjson.loads(published[0][1] or b"")["lines"]
    assert [each.get("lots", each.get("serial_from")) for each in lines] == [["BAD", "WORSE"], "100"]
