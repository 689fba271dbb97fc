"""Scans that say too little, and those that say later of which lot or serial the goods were."""

from collections import Counter

import orjson

from models.wire.topics import SCANS
from streams.simulator.truth.books import identified_rows
from tests.unit.streams.simulator.conftest import Run


def test_a_scan_that_names_another_says_what_its_goods_are_and_is_recorded(run: Run) -> None:
    entries = run.truth.account.entries
    named = [entry for entry in entries.values() if entry.action == "identify"]
    assert {entry.verdict for entry in named} == {"recorded"}
    assert {entries[entry.corrects or ""].action for entry in named} == {"use", "receive"}
    for entry in named:
        one = entries[entry.corrects or ""]
        assert entry.unit is not None
        assert one.unit is not None
        assert one.unit.key == entry.unit.key
        assert entry.at > one.at
        assert not {"lot-missing", "serial-missing", "lot-uncertain"} & {*one.reasons}


def test_it_comes_after_the_scan_it_names_under_its_key_or_in_the_next_month(run: Run) -> None:
    seen: dict[str, tuple[int, int, bytes | None]] = {}
    later = Counter[bool]()
    for month, stage in enumerate(stage for stage in run.stages if stage.name == "scans"):
        for place, record in enumerate(each for each in stage.records if each.topic == SCANS):
            if record.value is None or b'"identify"' not in record.value:
                try:
                    seen.setdefault(orjson.loads(record.value or b"")["scan_id"], (month, place, record.key))
                except (orjson.JSONDecodeError, KeyError, TypeError):
                    continue
            else:
                named = seen[orjson.loads(record.value)["corrects"]]
                later[named[0] < month] += 1
                assert named[0] < month or named[2] == record.key
    assert min(later[True], later[False]) > 10


def test_identified_goods_are_told_with_what_was_charged_and_is_owed(run: Run) -> None:
    rows = list(identified_rows(run.truth.account))
    assert len(rows) == len({entry.corrects for entry in run.truth.account.entries.values()
                             if entry.action == "identify"})  # fmt: skip
    assert all(row["lot"] or row["serial"] for row in rows)
    assert {row["owed_fen"] is None for row in rows} == {True, False}
    assert {row["charged"] == row["quantity"] for row in rows} == {True, False}
