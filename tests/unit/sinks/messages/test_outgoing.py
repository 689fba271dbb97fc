"""What leaves, to the last field: billing records, verdicts, settlement lines and dead letters."""

from dataclasses import replace
from datetime import date
from typing import Any

import orjson
import pytest
from msgspec import structs

from models.charging.books import BadRecord, Ref
from models.charging.decision import Decision
from models.charging.snapshot import Snapshot
from models.reasons import Reason
from models.wire.strict_json import Refusal
from models.wire.topics import LETTER_VALUE_BYTES_MAX
from sinks.messages.outgoing import Outgoing, letter_of, outgoing_of
from sinks.ports.batch import Batch, InputPosition, RawRecord
from sinks.postgres.charging.rows import rows_of
from streams.topics import DEAD_LETTER_BYTES_MAX
from tests.support.builders import DI, Bench, body, gs1, item, price, scan, scan_id

POSITION = InputPosition(1, "c1", "udi.scans", 3, 0, None)
UNIT = gs1(DI, expiry="271231", lot="L1", serial="S1")


def batch_of(bench: Bench, *events: dict[str, Any] | bytes, key: bytes | None = None) -> Batch:
    """A batch of the bench's decisions on the events; its first offset follows what the bench has seen."""
    results: list[Decision | BadRecord] = []
    raw = {}
    for event in events:
        value = event if isinstance(event, bytes) else body(event)
        results += bench.record(value, key)
        raw[Ref(1, bench.offset)] = RawRecord(b"H1/E1", value)
    return Batch(3, POSITION, bench.offset + 1, None, Snapshot(4, 1, 1), results, raw)


def sent(batch: Batch) -> list[tuple[str, bytes, Any]]:
    """Topic, key and JSON of everything that leaves."""
    return [(each.topic, each.key, orjson.loads(each.body)) for each in outgoing_of(batch)]


SUPPLIED = item(
    owner="supplier",
    supplier="S9",
    cost=[{"cost": "3.3333"}],
    insurance_code="C0101",
    unit="枚",
    prices=[price("12.3450")],
)


def test_a_use_of_supplied_goods_sends_a_charge_a_line_and_a_verdict() -> None:
    bench = Bench(SUPPLIED)
    batch = batch_of(bench, scan(1, quantity=2, operation="OP-9"))

    charge, line, verdict = sent(batch)

    billing_id = str(batch_decision(batch).charging.entries[0].billing_id)
    assert charge == (
        "billing",
        b"H1/E1",
        {
            "schema": "udi.billing/1", "billing_id": billing_id, "kind": "charge", "reverses": None, "hospital": "H1",
            "encounter": "E1", "department": "ORTH", "team": "T3", "store": "OR-2", "operation": "OP-9",
            "item_code": "SCREW", "insurance_code": "C0101", "item_name": "螺钉",
            "udi": {"issuer": "GS1", "di": DI, "lot": "L1", "serial": None, "expiry": "2027-12-31", "production": None},
            "quantity": 2, "unit": "枚", "unit_price": "12.345", "amount": "24.69", "currency": "CNY",
            "price_version": 1, "service_at": "2022-06-03T04:00:01+00:00", "posted_at": "2022-06-03T04:00:00+00:00",
            "period": "2022-06", "scan_id": str(scan_id(1)), "flags": [],
        },
    )  # fmt: skip
    assert line[:2] == ("settlement", b"H1/S9")
    assert {name: line[2][name] for name in ("status", "quantity", "cost", "amount", "reverses", "period")} == {
        "status": "payable", "quantity": 2, "cost": "3.3333", "amount": "6.67", "reverses": None, "period": "2022-06",
    }  # fmt: skip
    assert verdict == (
        "verdicts",
        b"H1/gun1",
        {
            "schema": "udi.verdict/1", "scan_id": str(scan_id(1)), "hospital": "H1", "device_id": "gun1",
            "verdict": "billed", "reasons": [], "billing_ids": [billing_id], "amount": "24.69", "currency": "CNY",
            "item_code": "SCREW", "item_name": "螺钉", "lot": "L1", "serial": None,
            "expiry": "2027-12-31", "stock_left": 98,
            "message": {"en": "螺钉: charged 24.69 CNY.", "zh-CN": "螺钉：已计费 24.69 元。"},
            "decided_at": "2022-06-03T04:00:00+00:00",
        },
    )  # fmt: skip


def batch_decision(batch: Batch) -> Decision:
    decided = batch.results[-1]
    assert isinstance(decided, Decision)
    return decided


def test_a_credit_names_its_charge_and_keeps_its_price() -> None:
    bench = Bench()
    charge = bench.decision(1, quantity=3).charging.entries[0]

    credit = sent(batch_of(bench, scan(2, action="return", corrects=str(scan_id(1)))))[0][2]

    assert [credit[name] for name in ("kind", "reverses", "quantity", "unit_price", "amount")] == [
        "credit", str(charge.billing_id), 1, "1234.00", "1234.00",
    ]  # fmt: skip


def test_what_cannot_be_read_leaves_as_it_came_with_reason_and_origin() -> None:
    bench = Bench()
    batch = batch_of(bench, b"\xff{")

    assert [each[:1] + each[2:] for each in outgoing_of(batch)] == [
        ("dead-letters", b"H1/E1", b"\xff{", "not-json", f"udi.scans/3/{bench.offset}")
    ]


@pytest.mark.parametrize(
    ("changes", "english", "chinese"),
    [
        ({"quantity": 0}, " quantity: Expected at least 1, got 0.", "数量: 应不小于 1，得到 0。"),
        ({"action": "transfer"}, " Expected to_store in a transfer.", "transfer 需要 to_store。"),
        ({"encounter": "E2"}, " Expected the key H1/E2, got b'H1/E1'.", "需要键 H1/E2，得到 b'H1/E1'。"),
    ],
)  # fmt: skip
def test_who_made_a_record_that_is_none_is_told_what_was_expected_and_what_came(
    changes: dict[str, Any], english: str, chinese: str
) -> None:
    verdict, letter = outgoing_of(batch_of(Bench(), scan(1) | changes, key=b"H1/E1"))

    said = orjson.loads(verdict.body)
    assert said["message"]["en"].endswith(f"Scan again.{english}")
    assert said["message"]["zh-CN"].endswith(f"请重新扫描。{chinese}")
    assert letter.reason == said["reasons"][0]


def test_a_key_as_long_as_its_record_is_not_said_whole() -> None:
    key = '"' + "x: " * 30_000 + '"'
    record = body(scan(1))[:-1] + f",{key}:1,{key}:2}}".encode()
    verdict, _ = outgoing_of(batch_of(Bench(), record))

    message = orjson.loads(verdict.body)["message"]
    assert "Expected every key once, got 'x: x: " in message["en"]
    assert "每个键只应出现一次，'x: x: " in message["zh-CN"]
    assert max(map(len, message.values())) < 250


def test_a_refused_label_gets_a_verdict_and_a_dead_letter() -> None:
    bench = Bench()
    event = scan(1, codes=["HOUSE-7"])

    verdict, letter = outgoing_of(batch_of(bench, event))

    assert (verdict.topic, orjson.loads(verdict.body)["reasons"]) == ("verdicts", ["not-a-udi"])
    assert (letter.topic, letter.body, letter.reason) == ("dead-letters", body(event), "not-a-udi")


def test_a_conflict_is_a_dead_letter_and_a_duplicate_is_none() -> None:
    bench = Bench()
    bench.scan(1)
    batch = batch_of(bench, scan(1), scan(1, quantity=2))

    assert [(each.topic, each.reason) for each in outgoing_of(batch)] == [
        ("verdicts", None),
        ("verdicts", None),
        ("dead-letters", "conflict"),
    ]


def ids(batch: Batch) -> list[tuple[str, Any]]:
    return [(each.topic, each.id) for each in outgoing_of(batch)]


def test_everything_has_the_same_id_after_a_replay_and_no_two_share_one() -> None:
    events = (scan(1), scan(1), scan(2, action="return"), b"{", scan(3, codes=["HOUSE-7"]))

    one, two = ids(batch_of(Bench(), *events)), ids(batch_of(Bench(), *events))

    assert one == two
    assert len(set(one)) == len(one)


def test_the_same_place_of_another_cluster_is_another_dead_letter() -> None:
    batch = batch_of(Bench(), b"{", scan(1, codes=["HOUSE-7"]))
    other = replace(batch, position=replace(POSITION, cluster_id="c2"))

    letters = [each.id for one in (batch, other) for each in outgoing_of(one) if each.topic == "dead-letters"]
    assert len(set(letters)) == 4


def test_a_later_decision_has_a_verdict_of_its_own() -> None:
    bench = Bench(encounters={})
    first = batch_of(bench, scan(1))
    decided = batch_decision(first)
    later = structs.replace(decided, n=1)
    second = Batch(3, POSITION, 9, None, Snapshot(5, 1, 1), [later])

    assert (ids(first)[-1][0], ids(second)[-1][0]) == ("verdicts", "verdicts")
    assert ids(first)[-1] != ids(second)[-1]


# Rows -------------------------------------------------------------------------------------------------------------


def test_rows_of_one_key_are_summed() -> None:
    bench = Bench()
    rows = rows_of(batch_of(bench, scan(1, quantity=2), scan(2), scan(3, action="receive", quantity=10)))

    assert rows.balances == [("H1", "OR-2", "SCREW", "hospital", "L1", "", 3, "GS1", DI, date(2027, 12, 31), 7)]
    assert rows.store_items == [("H1", "OR-2", "SCREW", 3, 7)]
    assert [row[:8] for row in rows.usage] == [(3, 5, ["H1"], ["ORTH"], ["SCREW"], [202206], [3], [370200])]


def test_a_unit_that_was_used_returned_and_used_again_is_taken_once() -> None:
    bench = Bench()
    again = {"action": "return", "codes": [UNIT]}
    rows = rows_of(batch_of(bench, scan(1, codes=[UNIT]), scan(2, **again), scan(3, codes=[UNIT])))

    assert (rows.units, rows.freed) == ([("H1", "GS1", DI, "S1", 1, bench.offset)], [])


def test_a_unit_taken_before_the_batch_is_freed_and_taken_anew() -> None:
    bench = Bench()
    first = bench.decision(1, codes=[UNIT]).subject.ref
    rows = rows_of(batch_of(bench, scan(2, action="return", codes=[UNIT]), scan(3, codes=[UNIT])))

    assert (rows.units, rows.freed) == (
        [("H1", "GS1", DI, "S1", 1, bench.offset)],
        [("H1", "GS1", DI, "S1", *first)],
    )


def test_outbox_blocks_hold_one_topic_each_in_the_order_of_the_decisions() -> None:
    bench = Bench()
    batch = batch_of(bench, scan(1), b"{", scan(2))
    rows = rows_of(batch)

    by_topic: dict[str, list[Outgoing]] = {}
    for each in outgoing_of(batch):
        by_topic.setdefault(each.topic, []).append(each)
    assert [(row[0], row[4], row[6]) for row in rows.outbox] == [
        (topic, [each.id for each in by_topic[topic]], [each.body for each in by_topic[topic]])
        for topic in ("billing", "verdicts", "dead-letters")
    ]


def test_a_dead_letter_is_never_larger_than_its_topic_takes() -> None:
    value = b"x" * 30_000_000
    letter = letter_of(RawRecord(value, value), Refusal(Reason.TOO_LARGE, "Too large."), "udi.scans/0/1")

    assert letter.body == value[:LETTER_VALUE_BYTES_MAX]
    assert len(letter.key) + len(letter.body) + 1000 < DEAD_LETTER_BYTES_MAX
