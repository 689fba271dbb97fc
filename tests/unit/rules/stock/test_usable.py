"""One rule says whether goods may be used; a use asks it, and every move that brings goods to where they may be."""

from datetime import date
from typing import Any

import pytest

from models.charging.snapshot import Catalogue
from models.stock.recall import Recall
from rules.stock.usable import unusable
from tests.support.builders import DI, ENCOUNTER, HOSPITAL, Bench, body, gs1, item
from tests.support.recalls import recall

DAY = date(2022, 6, 3)
"""The day of the bench's scans."""
MOVES: dict[str, dict[str, Any]] = {
    "receive": {}, "transfer": {"to_store": "OR-3"}, "accept": {}, "lend": {"to_store": "OR-3"},
    "give-back": {"to_store": "OR-3"}, "clear": {},
}  # fmt: skip
"""What brings goods to where they may be used."""
AWAY = ("quarantine", "waste", "opened", "send-back", "count")


def bench_of(expiry: str, *, notice: bool = False, **changes: Any) -> tuple[Bench, str]:
    bench = Bench(item(**changes))
    if notice:
        line = {"issuer": "GS1", "di": DI, "lots": ["L1"]}
        bench.view.catalogue.recalls.put([Recall.model_validate_json(body(recall(lines=[line])))])
    return bench, gs1(DI, expiry=expiry, lot="L1")


@pytest.mark.parametrize("action", [*MOVES, *AWAY])
@pytest.mark.parametrize(
    ("expiry", "changes", "reason"),
    [
        ("220603", {}, None), ("220602", {}, "expired"),
        ("271231", {"licence_valid_to": "2022-06-03"}, None),
        ("271231", {"licence_valid_to": "2022-06-02"}, "licence-expired"),
        ("271231", {"suspended": True}, "suspended-item"),
        ("271231", {"notice": True}, "recalled"),
    ],
)  # fmt: skip
def test_what_brings_goods_to_where_they_may_be_used_is_recorded_and_flagged(
    action: str, expiry: str, changes: dict[str, Any], reason: str | None
) -> None:
    bench, code = bench_of(expiry, **changes)
    found = bench.scan(1, action=action, codes=[code], encounter=None, **MOVES.get(action, {}))

    named = {"expired", "recalled", "suspended-item", "licence-expired"}.intersection(found.reasons)
    assert found.verdict == "recorded"
    assert named == ({reason} if reason and action in MOVES else set())
    assert (found.move is None) == (action == "count")


@pytest.mark.parametrize(
    ("changes", "verdict"),
    [({"suspended": True}, "held"), ({"licence_valid_to": "2022-06-02"}, "billed"), ({"notice": True}, "held")],
)
def test_a_use_asks_the_same(changes: dict[str, Any], verdict: str) -> None:
    bench, code = bench_of("271231", **changes)
    moved = bench.scan(1, action="transfer", to_store="OR-3", codes=[code], encounter=None)
    used = bench.scan(2, codes=[code], encounter=ENCOUNTER)

    assert used.verdict == verdict
    assert set(moved.reasons) - {"stock-negative"} == set(used.reasons) - {"stock-negative"} != set()


@pytest.mark.parametrize(
    ("place", "asked"),
    [
        ("OR-2", True), ("OR-2/cab1", True), ("set/LS-1", True), ("in-transit/OR-3", True), ("lent/OR-3", True),
        ("patient", True), ("quarantine/OR-2", False), ("supplier", False), ("waste", False), ("adjustment", False),
    ],
)  # fmt: skip
def test_of_goods_that_are_not_there_to_be_used_nothing_is_said(place: str, asked: bool) -> None:
    bench, code = bench_of("220602")
    label = bench.decision(1, action="count", codes=[code], encounter=None).label
    catalogue: Catalogue = bench.view.catalogue

    found = unusable(HOSPITAL, label, catalogue.item(HOSPITAL, "SCREW"), place, DAY, catalogue, bench.view.told)
    assert {str(each) for each in found} == ({"expired"} if asked else set())
