"""Simulated discharges: valid records, one case a known stay, incomes that add up, and what was seeded stands out."""

from collections import defaultdict
from dataclasses import replace
from statistics import mean

import orjson

from models.assessment.discharge import Discharge, Income, read_discharge, read_income
from models.money import parse_fen
from models.wire.topics import DISCHARGES, INCOME
from streams.simulator import Plan
from tests.unit.streams.simulator.conftest import Run, run_of

PLAN = Plan(seed=5, months=4, scans=6000, departments=8)


def test_records_are_valid_by_the_wire_models(run: Run) -> None:
    cases = [read_discharge(record.key, record.value) for record in run.records(DISCHARGES)]
    incomes = [read_income(record.key, record.value) for record in run.records(INCOME)]

    assert {type(each[0]) for each in cases if isinstance(each, tuple)} == {Discharge}
    assert {type(each[0]) for each in incomes if isinstance(each, tuple)} == {Income}
    assert all(isinstance(each, tuple) for each in (*cases, *incomes))


def test_newest_records_are_the_cases_of_the_truth() -> None:
    run = run_of(PLAN)
    newest = {orjson.loads(record.value or b"")["encounter"]: record for record in run.records(DISCHARGES)}

    assert newest.keys() == run.truth.cases.cases.keys()
    assert run.truth.cases.regrouped
    assert len(run.records(DISCHARGES)) == len(newest) + len(run.truth.cases.regrouped)
    rows = {row["encounter"]: row for row in run.truth.cases.rows()}
    for code, record in newest.items():
        value = orjson.loads(record.value or b"")
        assert value["drg_group"] == rows[code]["drg_group"]
        assert round(float(value["drg_weight"]) * 10_000) == rows[code]["weight"]


def test_income_holds_the_cases_and_its_parts(run: Run) -> None:
    for record in run.records(INCOME):
        value = orjson.loads(record.value or b"")
        parts = parse_fen(value["drug_income"]) + parse_fen(value["consumable_income"] or "0.00")
        assert parts <= parse_fen(value["medical_income"])


def test_what_was_seeded_can_be_seen() -> None:
    cases = run_of(PLAN).truth.cases
    by_kind = {each.kind: each for each in cases.seeded}
    ratios, weights = defaultdict[bool, list[float]](list), set[int]()
    for case in cases.cases.values():
        code, month = case.stay.department.code, case.month
        misuse, coding = by_kind["misuse"], by_kind["coding"]
        if code == misuse.department and case.stay.team == misuse.team:
            ratios[month >= misuse.since].append(case.consumables / case.weight)
        if code == coding.department and month >= coding.since and case.version == "1.1":
            weights.add(case.weight * 100 // 115 - case.group.weight)

    assert mean(ratios[True]) > 1.4 * mean(ratios[False])
    assert weights <= {0, -1}


def test_a_department_that_was_seeded_with_events_has_more_of_them() -> None:
    events = defaultdict[bool, list[int]](list)
    for seed in (7, 8, 9):  # A month of one department is some ten cases, eight in a hundred of them with an event.
        cases = run_of(replace(PLAN, seed=seed)).truth.cases
        safety = next(each for each in cases.seeded if each.kind == "safety")
        for case in cases.cases.values():
            if case.stay.department.code == safety.department:
                events[case.month >= safety.since].append(case.device)

    assert mean(events[True]) > mean(events[False])
