"""`udi replay`: dead letters go back only when told, and recorded offsets are decided again without a trace."""

from collections.abc import AsyncIterator
from datetime import timedelta
from typing import Any

import orjson
import pytest

from models.charging.decision import Decision
from models.policy import ReturnClock
from rules.charging.fold import fold
from sinks.postgres.charging.policies import set_return_clock
from streams.cli.operating import shadow
from streams.embedded.broker import EmbeddedBroker
from tests.support.builders import DI, NOON, at, gs1, item, price, scan, scan_id
from tests.support.installed import Installed, installed
from tests.support.recalls import accept, recall
from tests.support.ward import Ward, verdicts


@pytest.fixture
async def house(told: str, embedded_broker: EmbeddedBroker) -> AsyncIterator[Installed]:
    async with installed(told, embedded_broker) as made:
        yield made


async def test_dead_letters_are_listed_with_origin_reason_and_detail(house: Installed) -> None:
    found = await house.json("replay", "--dead-letters")

    assert [(row["origin"], row["reason"]) for row in found["dead_letters"]] == [
        ("udi.scans/0/18", "conflict"),
        ("udi.scans/0/19", "bad-check-digit"),
        ("udi.scans/0/22", "not-json"),
        ("udi.scans/0/23", "bad-event"),
        ("udi.his-charges/0/7", "bad-event"),
    ]
    assert found["dead_letters"][2]["detail"].startswith("Expected JSON in UTF-8")
    assert found["published"] == 0


async def test_the_raw_bytes_of_one_are_shown(house: Installed) -> None:
    shown = await house.udi("replay", "--dead-letters", "--origin", "udi.scans/0/22", "--show")

    assert (shown.exit_code, shown.stdout_bytes) == (0, b"not json")


async def test_dead_letters_go_back_to_their_partition_as_they_came_only_when_told(house: Installed) -> None:
    before = await house.records("udi.scans")
    await house.udi("replay", "--dead-letters", "--reason", "conflict")
    assert await house.records("udi.scans") == before

    shown = await house.udi("replay", "--dead-letters", "--reason", "conflict", "--publish")

    assert shown.exit_code == 0
    assert await house.records("udi.scans") == [*before, before[18]]
    assert before[18][0] == b"H1/E1"


async def test_of_an_origin_that_two_clusters_had_one_is_chosen(house: Installed) -> None:
    for cluster, refused in (("c2", b"nope"), ("c3", b"nonsense")):
        await (await Ward(house.ward.store, cluster).open()).scan(refused)
    before, asked = await house.records("udi.scans"), ("replay", "--dead-letters", "--origin", "udi.scans/0/0")

    listed = await house.json(*asked)
    refused_to = [await house.udi(*asked, each) for each in ("--show", "--publish")]
    shown = await house.udi(*asked, "--cluster", "c3", "--show")
    untouched = await house.records("udi.scans")
    await house.udi(*asked, "--cluster", "c2", "--publish")

    assert [(each["cluster"], each["bytes"]) for each in listed["dead_letters"]] == [("c2", 4), ("c3", 8)]
    line = "udi: Expected --cluster: c2, c3 have a dead letter of udi.scans/0/0.\n"
    assert [(each.exit_code, each.stdout, each.stderr) for each in refused_to] == [(2, "", line)] * 2
    assert (shown.exit_code, shown.stdout_bytes) == (0, b"nonsense")
    assert untouched == before
    assert await house.records("udi.scans") == [*before, (None, b"nope")]


async def test_a_refused_fact_is_sent_again_to_its_topic(house: Installed) -> None:
    bad: dict[str, Any] = item(prices=[price("-1")])
    await house.ward.learn(bad)

    found = await house.json("replay", "--dead-letters", "--origin", "udi.catalogue/0/6", "--publish")

    assert found["dead_letters"][0]["detail"].startswith("prices.0.price: Expected 0 to")
    assert await house.records("udi.catalogue") == [(None, orjson.dumps(bad))]


@pytest.mark.parametrize(
    ("arguments", "line"),
    [
        ((), "Expected either --dead-letters or --offsets."),
        (("--dead-letters", "--publish"), "Expected --reason, --origin or --all with --publish."),
        (("--dead-letters", "--show"), "Expected --origin with --show: the bytes of one record are shown."),
        (
            ("--offsets", "udi.scans/0/1"),
            "Expected --dry-run with --offsets: what is recorded is never recorded again.",
        ),
        (
            ("--offsets", "7", "--dry-run"),
            "--offsets: expected topic/partition/first..last like udi.scans/0/100..200, got '7'.",
        ),
        (("--offsets", "udi.scans/9/1", "--dry-run"), "--offsets: Expected a recorded partition, got udi.scans/9."),
        (
            ("--offsets", "udi.scans/0/5..1", "--dry-run"),
            "--offsets: expected a last offset from 5 on, got 1.",
        ),
        (
            ("--offsets", "udi.scans/0/900..901", "--dry-run"),
            "--offsets: Expected recorded offsets of the newest cluster, got udi.scans/0/900..901.",
        ),
        (
            ("--offsets", "udi.billing/0/1", "--dry-run"),
            "--offsets: expected a partition of udi.scans, got udi.billing.",
        ),
    ],
)
async def test_bad_use_is_one_line_and_status_2(house: Installed, arguments: tuple[str, ...], line: str) -> None:
    shown = await house.udi("replay", *arguments)

    assert (shown.exit_code, shown.stdout, shown.stderr) == (2, "", f"udi: {line}\n")


async def test_offsets_are_decided_the_same_by_the_same_rules_and_facts(house: Installed) -> None:
    found = await house.json("replay", "--offsets", "udi.scans/0/0..25", "--dry-run")

    assert found == {"same": 24, "left_out": {"joined halves": 2}, "differences": []}


async def test_a_replay_decides_by_what_the_hospital_has_set_for_the_time_of_the_scan(house: Installed) -> None:
    unit = {"codes": [gs1(DI, expiry="271231", lot="L1")], "encounter": "E1"}
    await house.ward.scan(scan(71, scanned_at=at(200), **unit))
    await house.ward.scan(scan(72, action="return", corrects=str(scan_id(71)), scanned_at=at(0), **unit))
    nightly = ReturnClock(NOON + timedelta(seconds=300), timedelta(seconds=60))
    assert await set_return_clock(house.pool, "H1", nightly, "wang", "clocks are set every night") is None
    await house.ward.scan(scan(73, scanned_at=at(500), **unit))
    await house.ward.scan(scan(74, action="return", corrects=str(scan_id(73)), scanned_at=at(300), **unit))
    stands = verdicts(await house.ward.account())
    offsets = await house.pool.fetch("SELECT record_offset FROM udi.scan WHERE scan_id = $1", scan_id(71))

    found = await house.json("replay", "--offsets", f"udi.scans/0/{offsets[0][0]}..{offsets[0][0] + 3}", "--dry-run")

    assert (stands[str(scan_id(72))][0], stands[str(scan_id(74))]) == ("credited", ("held", ("return-without-use",)))
    assert found == {"same": 4, "left_out": {}, "differences": []}


async def test_shadow_takes_goods_from_a_loan_as_the_lane_did(
    house: Installed, monkeypatch: pytest.MonkeyPatch
) -> None:
    lent = scan(7031, action="lend", store="CENTRAL", to_store="OR-7", encounter=None, quantity=2)
    await house.ward.scan(lent, scan(7032, store="OR-7"))
    way = "SELECT DISTINCT from_place FROM report.stock_moves WHERE scan_id = $1"
    assert await house.pool.fetchval(way, scan_id(7032)) == "lent/OR-7"
    newest = await house.pool.fetchval("SELECT max(record_offset) FROM udi.scan WHERE scan_id = $1", scan_id(7032))
    decided: list[Decision] = []

    def hear(*given: Any) -> Any:
        results = fold(*given)
        decided.extend(each for each in results if isinstance(each, Decision))
        return results

    monkeypatch.setattr(shadow, "fold", hear)
    found = await house.json("replay", "--offsets", f"udi.scans/0/{newest}..{newest}", "--dry-run")
    assert found == {"same": 1, "left_out": {}, "differences": []}
    assert [each.stock.move and each.stock.move.from_store for each in decided] == ["lent/OR-7"]


async def test_shadow_says_what_newer_facts_would_change_and_writes_nothing(house: Installed) -> None:
    await house.ward.learn(item(suspended=True, monitored=True))
    before = await house.ward.account()

    shown = await house.udi("replay", "--offsets", "udi.scans/0/0..4", "--dry-run")
    found = await house.json("replay", "--offsets", "udi.scans/0/0..4", "--dry-run")

    assert shown.exit_code == 1
    assert [
        (each["offset"], each["verdict"], each["verdict_today"], each["reasons_today"]) for each in found["differences"]
    ] == [
        (0, "recorded", "recorded", ["suspended-item"]),
        (1, "billed", "held", ["suspended-item"]),
        (2, "billed", "held", ["suspended-item"]),
        (3, "billed", "held", ["suspended-item"]),
        (4, "billed", "held", ["suspended-item"]),
    ]
    assert await house.ward.account() == before


async def test_in_shadow_goods_are_where_they_lie_now_and_notices_hold_that_came_later(house: Installed) -> None:
    unit = [gs1(DI, expiry="271231", lot="L77", serial="S77")]
    await house.ward.scan(scan(81, action="receive", encounter=None, codes=unit), scan(82, codes=unit))
    newest = await house.pool.fetchval("SELECT max(record_offset) FROM udi.scan WHERE scan_id = $1", scan_id(82))
    asked = ("replay", "--offsets", f"udi.scans/0/{newest - 1}..{newest}", "--dry-run")

    moved_since = await house.json(*asked)
    await accept(house.pool, recall(lines=[{"issuer": "GS1", "di": DI, "lot": "L77"}]))
    recalled_since = await house.json(*asked)
    shown = await house.udi(*asked)

    def otherwise(found: dict[str, Any]) -> list[tuple[str, str, list[str]]]:
        return [(each["verdict"], each["verdict_today"], each["reasons_today"]) for each in found["differences"]]

    assert otherwise(moved_since) == [("recorded", "held", ["serial-used"])]
    assert otherwise(recalled_since) == [
        ("recorded", "held", ["recalled", "serial-used"]), ("billed", "held", ["recalled"]),
    ]  # fmt: skip
    assert "0 would be decided the same, 2 otherwise." in shown.stdout
    assert [line.split() for line in shown.stdout.splitlines()[3:5]] == [["recalled"], ["serial-used"]]
