"""The simulated hospital's cabinets: what their reads say, what is suspected by that, and what a scan explains."""

import itertools
from dataclasses import replace
from datetime import datetime
from typing import Any

import orjson

from models.stock.cabinet import CabinetRead, read_cabinet
from models.wire.topics import CABINET_READS
from streams.simulator.truth.cabinets import gone_rows, tag_rows
from tests.unit.streams.simulator.conftest import PLAN, Run, run_of


def reads_of(run: Run) -> dict[str, list[dict[str, Any]]]:
    """By store, in order of the reads; one that came twice once."""
    found: dict[str, dict[str, dict[str, Any]]] = {}
    for record in run.records(CABINET_READS):
        value = orjson.loads(record.value or b"")
        found.setdefault(value["store"], {})[value["read_at"]] = value
    return {store: [reads[at] for at in sorted(reads)] for store, reads in found.items()}


def test_reads_are_valid_by_the_wire_model_and_some_come_late_or_twice(run: Run) -> None:
    records = run.records(CABINET_READS)
    read = [read_cabinet(record.key, record.value) for record in records]
    assert {type(each[0]) if isinstance(each, tuple) else type(each) for each in read} == {CabinetRead}
    assert len({record.value for record in records}) < len(records)
    came = [datetime.fromisoformat(orjson.loads(record.value or b"")["read_at"]) for record in records]
    assert came != sorted(came)


def test_what_left_is_what_a_read_lacks_of_the_one_before_it(run: Run) -> None:
    lacked = set()
    for store, reads in reads_of(run).items():
        for before, after in itertools.pairwise(reads):
            for tag in {*before["tags"]} - {*after["tags"]}:
                if tag.startswith("]d2"):
                    serial = tag.partition("\x1d")[2] or tag
                    lacked.add((store, before["read_at"], after["read_at"], after["session"], after["staff"], serial))
    rows = list(gone_rows(run.truth.cabinets))
    assert len(rows) == len(lacked)
    assert {(store, seen, missed, session, staff) for store, seen, missed, session, staff, _ in lacked} == {
        (row["store"], row["seen_at"], row["missed_at"], row["session"], row["staff"]) for row in rows
    }


def test_what_was_scanned_is_explained_and_the_rest_is_suspected_by_session_and_badge(run: Run) -> None:
    rows = list(gone_rows(run.truth.cabinets))
    by_status = {status: [row for row in rows if row["status"] == status] for status in ("suspected", "scanned")}
    assert {row["status"] for row in rows} <= {"suspected", "scanned", "came-back", "unknown-item"}
    assert {row["item_code"] is None for row in rows if row["status"] in {"suspected", "unknown-item"}} == {False, True}
    assert {row["item_code"] for row in rows if row["status"] == "unknown-item"} <= {None}
    assert None not in {row["item_code"] for row in rows if row["status"] == "suspected"}
    assert 0 < len(by_status["suspected"]) < len(by_status["scanned"]) / 5
    assert all((row["scan_id"] is None) == (row["status"] != "scanned") for row in rows)
    entries = run.truth.account.entries
    for row in by_status["scanned"]:
        entry = entries[row["scan_id"]]
        assert entry.unit is not None
        assert (entry.unit.goods.code, entry.unit.serial) == (row["item_code"], row["serial"])
        assert (entry.store, entry.place) == (row["store"], row["place"])
    known = {(e.unit.goods.code, e.unit.serial) for e in entries.values() if e.unit and e.action in {"use", "opened"}}
    assert not {(row["item_code"], row["serial"]) for row in by_status["suspected"]} & known


def test_the_plan_says_which_share_of_uses_nobody_scans() -> None:
    plan = replace(PLAN, months=3, scans=9_000, losses=0.0)
    rows = list(gone_rows(run_of(plan).truth.cabinets))
    assert not [row for row in rows if row["status"] == "suspected" and row["item_code"] is not None]


def test_tags_that_nobody_scanned_in_are_named(run: Run) -> None:
    found = list(tag_rows(run.truth.cabinets))
    assert {row["finding"] for row in found} <= {"unread", "unknown-item", "not-received"}
    newest = {store: reads[-1]["tags"] for store, reads in reads_of(run).items()}
    for row in found:
        assert any((row["tag"] or row["serial"]) in tag for tag in newest[row["store"]])
