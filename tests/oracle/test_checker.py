"""A checker that cannot fail proves nothing: every planted bug is found, and faultless evidence passes."""

from collections.abc import Sequence
from dataclasses import replace
from functools import cache
from itertools import chain

import pytest

from tests.oracle.checker import INVARIANTS, check, figures
from tests.oracle.perfect import LANES, evidence_of
from tests.oracle.planted import BUGS, Bug, planted
from tests.oracle.planted_counts import BUGS_OF_COUNTS
from tests.oracle.values import Evidence, Figures
from tests.oracle.world.counts import shelves, told
from tests.oracle.world.generator import Plan, plan

SCANS = 1200
ALL_BUGS = (*BUGS, *BUGS_OF_COUNTS)


@cache
def run(seed: int = 3, counts: int = 2) -> tuple[Plan, Evidence]:
    made = plan(seed, SCANS, lanes=LANES)
    counted = [told(each, f"C-{each.store}") for each in shelves(seed, counts, lanes=LANES)]
    made = replace(made, scans=(*made.scans, *chain.from_iterable(counted)))
    return made, evidence_of(made.intents)


@pytest.mark.parametrize("seed", [3, 4, 5])
def test_faultless_evidence_passes(seed: int) -> None:
    made, evidence = run(seed)

    assert check(made.intents, evidence) == []


@pytest.mark.parametrize(("rule", "bug"), [each[1:] for each in ALL_BUGS], ids=[name for name, _, _ in ALL_BUGS])
def test_a_planted_bug_is_found(rule: str, bug: Bug) -> None:
    made, evidence = run()

    assert rule in {violation.rule for violation in check(made.intents, planted(evidence, bug))}


def test_a_scan_on_several_lanes_that_is_recorded_twice_is_found() -> None:
    made, evidence = run()
    verdicts = [{**row, "verdict": "billed"} if row["verdict"] == "duplicate" else row for row in rows(evidence)]
    twice = replace(evidence, tables={**evidence.tables, "verdicts": verdicts})

    assert "a_scan_on_several_lanes_is_one_scan" in {violation.rule for violation in check(made.intents, twice)}


def rows(evidence: Evidence) -> Sequence[dict[str, object]]:
    return [dict(row) for row in evidence.tables["verdicts"]]


def test_a_row_in_a_closed_period_is_found() -> None:
    made, evidence = run()
    ids = [row["billing_id"] for row in evidence.tables["charges"] if row["period"] == "2024-05"]
    intact, broken = (replace(evidence, closed={"2024-05": frozenset(known)}) for known in (ids, ids[1:]))

    assert check(made.intents, intact) == []
    assert {violation.rule for violation in check(made.intents, broken)} == {"a_closed_period_gets_no_row"}


def test_every_invariant_has_a_planted_bug() -> None:
    elsewhere = {"a_scan_on_several_lanes_is_one_scan", "a_closed_period_gets_no_row"}

    assert {rule for _, rule, _ in ALL_BUGS} | elsewhere == {invariant.__name__ for invariant in INVARIANTS}


def test_the_figures_count_what_was_absorbed() -> None:
    made, evidence = run(counts=0)
    kinds = [row["verdict"] for row in evidence.tables["verdicts"]]
    ledger = [row["kind"] for row in evidence.tables["charges"]]

    assert figures(made.intents, evidence) == Figures(
        scans=len(evidence.tables["scans"]),
        offsets=len(made.scans),
        duplicates_absorbed=kinds.count("duplicate"),
        conflicts=kinds.count("conflict"),
        refused=kinds.count("refused"),
        charges=ledger.count("charge"),
        credits=ledger.count("credit"),
        lost=0,
        double=0,
        invented=0,
        wrong=0,
    )
