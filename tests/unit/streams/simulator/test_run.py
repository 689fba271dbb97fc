"""What a run publishes: stages in order, the same bytes for the same seed, records the wire models accept."""

from collections import Counter
from dataclasses import replace
from hashlib import sha256

import pytest

from models.catalogue.item import CatalogueItem, read_item
from models.charging.encounter import Encounter, read_encounter
from models.reasons import Reason
from models.scan.event import ScanEvent
from models.scan.reading import read_scan
from models.wire.strict_json import Refusal
from models.wire.topics import (
    CABINET_READS,
    CATALOGUE,
    DELIVERIES,
    DISCHARGES,
    ENCOUNTERS,
    HIS_CHARGES,
    INCOME,
    RECALLS,
    SCANS,
    STORES,
)
from streams.simulator import Plan, Stage
from tests.unit.streams.simulator.conftest import PLAN, Run, fresh_run, run_of

STAGES = ("facts", "scans", "count", "late-facts", "his-charges", "close")
SMALL = Plan(seed=3, months=2, scans=1200)
DIGEST = "e860b877e02a86594ba7a2ae09135716fee69edbdbdf38c76833a708c99a82fc"


def digest(stages: list[Stage]) -> str:
    text = sha256()
    for stage in stages:
        for record in stage.records:
            text.update(f"{stage.month} {stage.name} {record.topic} {record.timestamp.isoformat()}".encode())
            text.update(repr((record.key, record.value)).encode())
    return text.hexdigest()


def test_equal_plans_give_the_bytes_they_always_gave_and_another_seed_others() -> None:
    """On every Python version. Who changes what is simulated changes the digest, knowing that old truths are void."""
    assert digest(run_of(SMALL).stages) == DIGEST
    assert digest(fresh_run(SMALL).stages) == DIGEST
    assert digest(run_of(replace(SMALL, seed=4)).stages) != DIGEST


def test_each_month_has_its_six_stages_in_order() -> None:
    stages = [(stage.month, stage.name) for stage in run_of(SMALL).stages]
    assert stages == [(month, name) for month in (202104, 202105) for name in STAGES]


def test_each_topic_has_its_stages(run: Run) -> None:
    topics = {(stage.name, record.topic) for stage in run.stages for record in stage.records}
    facts = {(name, topic) for name in ("facts", "late-facts") for topic in (CATALOGUE, ENCOUNTERS)}
    cases = {("late-facts", topic) for topic in (DISCHARGES, INCOME)}
    store = {("facts", STORES), ("facts", DELIVERIES), ("count", SCANS), ("late-facts", RECALLS)}
    scans = {("scans", SCANS), ("scans", CABINET_READS)}
    assert topics == {("his-charges", HIS_CHARGES)} | scans | facts | cases | store


def test_the_plan_says_how_many_scan_records_there_are(run: Run) -> None:
    records = len(run.records(SCANS))
    assert PLAN.scans <= records <= PLAN.scans + 5 * PLAN.months


def test_records_of_a_stage_arrive_in_order_and_within_their_month(run: Run) -> None:
    for stage in run.stages:
        times = [record.timestamp for record in stage.records]
        assert times == sorted(times)
    ends = [max(record.timestamp for record in stage.records) for stage in run.stages if stage.records]
    assert ends == sorted(ends)


def test_facts_are_valid_by_the_wire_models(run: Run) -> None:
    items = [read_item(record.key, record.value or b"") for record in run.records(CATALOGUE)]
    stays = [read_encounter(record.key, record.value) for record in run.records(ENCOUNTERS)]
    assert {type(item[0]) for item in items if not isinstance(item, Refusal)} == {CatalogueItem}
    assert {type(stay[0]) for stay in stays if not isinstance(stay, Refusal)} == {Encounter}
    assert not [each for each in (*items, *stays) if isinstance(each, Refusal)]


def test_scans_are_valid_by_the_wire_models_and_poison_is_refused_as_told(run: Run) -> None:
    refused: Counter[str] = Counter()
    for record in run.records(SCANS):
        read = read_scan(record.key, record.value, record.timestamp)
        if isinstance(read, Refusal):
            refused[f"refused:{read.reason}"] += 1
    assert refused == Counter({name: n for name, n in run.truth.records.items() if name.startswith("refused:")})


def test_every_scan_id_is_in_the_truth(run: Run) -> None:
    found = set()
    for record in run.records(SCANS):
        read = read_scan(record.key, record.value, record.timestamp)
        if isinstance(read, tuple) and isinstance(read[0], ScanEvent):
            found.add(str(read[0].scan_id))
    booked = {id_ for id_, entry in run.truth.account.entries.items() if entry.action in {"missing", "found"}}
    assert found == set(run.truth.account.entries) - booked  # What posted counts book is published by the product.


def test_every_reason_of_the_core_occurs(run: Run) -> None:
    elsewhere = {
        Reason.BAD_SIGNATURE, Reason.OVER_LIMIT, Reason.NEEDS_APPROVAL, Reason.EXCLUDED_GROUP,
        Reason.REJECTED, Reason.CORRECTED, Reason.RELEASED, Reason.LICENCE_EXPIRED, Reason.STOCK_NEGATIVE,
        Reason.LABEL_INCOMPLETE, Reason.SAME_PLACE, Reason.INSURANCE_CODE_ENDED,
        Reason.TOO_MANY_UNITS, Reason.INTERNAL_ERROR, Reason.BREAKER_OPEN, Reason.BREAKER_TRIAL, Reason.QUOTA_EXHAUSTED,
        Reason.MIX_EXCEEDED, Reason.PRICE_CEILING, Reason.OVERRIDDEN, Reason.NOT_COUNTED,
        Reason.NO_SUCH_GOODS, Reason.OTHER_ITEM, Reason.OTHER_QUANTITY, Reason.SERIAL_ELSEWHERE,
        Reason.DOCUMENT_MISSING,
    }  # fmt: skip
    assert set(run.truth.reasons()) == {reason.value for reason in set(Reason) - elsewhere}


def test_every_verdict_occurs(run: Run) -> None:
    assert set(run.truth.verdicts()) == {"billed", "credited", "recorded", "parked", "held", "refused"}


def test_one_record_is_larger_than_the_product_takes_and_fits_into_kafka(run: Run) -> None:
    sizes = sorted(len(record.value or b"") for record in run.records(SCANS))
    assert sizes[-2] < 10_000
    assert 900_000 < sizes[-1] < 1_048_576 - 10_000


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("months", 0),
        ("scans", 10),
        ("departments", 1),
        ("items", 5),
        ("dirt", 1.5),
        ("losses", 0.6),
        ("hospital", "a/b"),
        ("start", 202113),
    ],
)
def test_a_figure_out_of_range_is_named(field: str, value: object) -> None:
    with pytest.raises(ValueError, match="Expected"):
        replace(PLAN, **{field: value})  # type: ignore[arg-type]


def test_a_plan_spreads_its_scans_over_the_months_without_losing_one() -> None:
    assert [Plan().scans_of(index) for index in (0, 12, 14)] == [12_337, 15_171, 18_810]
    assert sum(replace(PLAN, scans=10_007).scans_of(index) for index in range(PLAN.months)) == 10_007


def test_without_anomalies_there_are_no_scripted_goods() -> None:
    truth = run_of(replace(SMALL, anomalies=False)).truth
    assert list(truth.anomalies()) == []


def test_a_hospital_of_two_departments_can_be_simulated() -> None:
    truth = run_of(replace(SMALL, departments=2, items=200)).truth
    assert {department for department, _, _ in truth.account.usage} == {"ORTH", "CARD"}
