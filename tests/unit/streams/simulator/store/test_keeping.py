"""The store of the simulated hospital: what lies there in truth, what is scanned of it, and what a count books."""

from collections import Counter
from dataclasses import replace

import orjson
import pytest

from models.scan.reading import read_scan
from models.stock.delivery import Delivery, read_delivery
from models.stock.recall import Recall, read_recall
from models.stock.store import StoreRecord, read_store
from models.wire.topics import DELIVERIES, RECALLS, SCANS, STORES
from streams.simulator.store.keeping import COUNTED_EVERY
from streams.simulator.truth.store import certainly_exposed, lost, lost_rows, receipt_rows, statement_rows
from tests.unit.streams.simulator.conftest import PLAN, Run, run_of


def test_what_is_published_of_the_store_is_valid_by_the_wire_models(run: Run) -> None:
    stores = [read_store(record.key, record.value) for record in run.records(STORES)]
    notes = [read_delivery(record.key, record.value) for record in run.records(DELIVERIES)]
    notices = [read_recall(record.key, record.value) for record in run.records(RECALLS)]
    told = [each[0] for each in stores if isinstance(each, tuple)]
    assert {type(each) for each in told} == {StoreRecord}
    assert sum(each.department is not None for each in told) == 2
    assert len(told) == len(stores) == len({each.store for each in told})
    # Nobody sends goods to a store that the house has not told.
    read = [read_scan(each.key, each.value, each.timestamp) for each in run.records(SCANS)]
    scans = [each[0] for each in read if isinstance(each, tuple)]
    named = {store for each in scans for store in (each.store, each.to_store) if store is not None}
    assert named <= {each.store for each in told}
    assert {type(each[0]) for each in notes if isinstance(each, tuple)} == {Delivery}
    assert [type(each[0]) for each in notices if isinstance(each, tuple)] == [Recall]
    assert all(isinstance(each, tuple) for each in notes)


def test_what_was_not_counted_out_by_a_scan_is_what_the_last_count_misses(run: Run) -> None:
    """After the last count the books of a room are what lies there, to the unit."""
    books = {
        (store, item, lot, serial): units
        for (store, _, item, lot, serial), units in run.truth.account.stock.items() if units
    }  # fmt: skip
    for room in run.truth.keeper.rooms:
        lies = Counter({
            (room.name, each.unit.goods.code, each.unit.lot or "", each.unit.serial or ""): each.left
            for each in room.batches()
        })  # fmt: skip
        assert lies == {key: units for key, units in books.items() if key[0] == room.name}


def test_what_left_without_a_scan_is_missed_by_a_count_and_a_use_that_came_late_is_found_again(run: Run) -> None:
    booked: Counter[tuple[str, str, str | None, str | None]] = Counter()
    found = 0
    for entry in run.truth.account.entries.values():
        if entry.action in {"missing", "found"} and entry.unit is not None:
            unit, sign = entry.unit, 1 if entry.action == "missing" else -1
            booked[entry.store, unit.goods.code, unit.lot, unit.serial] += sign * entry.packages
            found += entry.action == "found"
    left = Counter((each.store, each.item_code, each.lot, each.serial) for each in lost(run.truth))
    assert {key: units for key, units in booked.items() if units} == dict(left)
    assert sum(left.values()) > 20
    assert found > 0


@pytest.mark.parametrize(("share", "low", "high"), [(0.0, 0, 0), (0.15, 8, 22)])
def test_the_plan_says_which_share_of_uses_nobody_scans(share: float, low: int, high: int) -> None:
    truth = run_of(replace(PLAN, months=3, scans=9_000, losses=share)).truth
    rooms = {room.name for room in truth.keeper.rooms}
    used = sum(entry.action == "use" and entry.store in rooms for entry in truth.account.entries.values())
    assert low <= 100 * len(truth.keeper.exposures) / (used + len(truth.keeper.exposures)) <= high


def test_the_rooms_are_counted_every_quarter_and_at_the_end(run: Run) -> None:
    counted = [place for place, stage in enumerate(s for s in run.stages if s.name == "count") if stage.counts]
    assert counted == [*range(COUNTED_EVERY - 1, PLAN.months, COUNTED_EVERY), PLAN.months - 1]
    stages = [stage for stage in run.stages if stage.counts]
    documents = [document for stage in stages for _, document in stage.counts]
    assert [int(document.rpartition("-")[2]) for document in documents] == list(range(1, len(documents) + 1))
    for stage in stages:
        named = {orjson.loads(record.value or b"")["document"] for record in stage.records}
        assert {record.topic for record in stage.records} == {SCANS}
        assert named == {document for _, document in stage.counts}


def test_each_error_of_deliveries_occurs_and_receipts_add_up(run: Run) -> None:
    rows = list(receipt_rows(run.truth.keeper))
    findings = {name for row in rows for name in row["findings"]}
    errors = {"more", "short", "other-lot", "expired", "serial-present", "unknown-item", "parked"}
    assert findings == errors
    assert all(row["arrived"] >= row["accepted"] + row["quarantined"] for row in rows)
    assert len({(row["note"], row["line"], row["item_code"], row["lot"]) for row in rows}) == len(rows)


def test_what_another_supplier_brought_is_his_and_owed_to_him() -> None:
    run = run_of(replace(PLAN, months=3, scans=9_000, other_suppliers=0.3))
    lines = [(note, line) for note in run.truth.keeper.notes for line in note.lines]
    assert all(("other-supplier" in line.findings) == (note.supplier != line.goods.supplier) for note, line in lines)
    brought = [e for e in run.truth.account.entries.values() if e.unit is not None and e.unit.brought_by is not None]
    owed = {e.unit.supplier for e in brought if e.unit is not None and e.settled}
    assert owed
    assert owed <= {supplier for supplier, *_ in run.truth.account.owing.lines}
    assert {e.unit.owner for e in brought if e.unit is not None and not e.unit.goods.owned} == {"hospital"}


def test_the_notice_names_bad_lots_alone_and_their_later_uses_are_held(run: Run) -> None:
    truth = run.truth
    named = {(code, lot) for code, lots in truth.keeper.recalled.items() for lot in lots}
    assert truth.account.recalled == named
    exposed = certainly_exposed(truth.account)
    held = [id_ for id_ in exposed if "recalled" in truth.account.entries[id_].reasons]
    assert 0 < len(held) < len(exposed) / 4
    assert {truth.account.entries[id_].verdict for id_ in held} == {"held"}
    kept = {goods.code for goods in truth.keeper.goods()}
    assert {item for _, item, _, _, _ in exposed.values()} <= kept


def test_the_lost_are_told_in_order_with_whether_they_are_recalled(run: Run) -> None:
    rows = list(lost_rows(run.truth))
    assert [row["at"] for row in rows] == sorted(row["at"] for row in rows)
    assert {row["recalled"] for row in rows} == {True, False}


def test_statements_and_settlement_of_the_truth_come_to_the_same(run: Run) -> None:
    stated: Counter[tuple[str, str]] = Counter()
    for row in statement_rows(run.truth.account):
        stated[row["supplier"], row["period"]] += row["amount_fen"] or 0
    settled: Counter[tuple[str, str]] = Counter()
    for (supplier, _, month, status), (_, amount) in run.truth.account.owing.lines.items():
        period = f"{month // 100}-{month % 100:02d}"
        settled[supplier, period] += {"payable": amount, "reversal": -amount}.get(status, 0)
    assert {key: fen for key, fen in stated.items() if fen} == {key: fen for key, fen in settled.items() if fen}
    assert any(row["corrected"] < 0 for row in statement_rows(run.truth.account))
