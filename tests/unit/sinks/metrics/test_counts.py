from collections.abc import Iterable
from datetime import UTC, date, datetime
from uuid import UUID

from prometheus_client.parser import text_string_to_metric_families

from models.calendar import Month
from models.charging.books import BadRecord, LabelFacts, RecordedScan, Ref
from models.charging.decision import Decision
from models.charging.snapshot import Snapshot
from models.reasons import Reason, Verdict
from models.scan.event import Action, ScanEvent
from sinks.metrics.counts import Metrics
from sinks.metrics.table import METRICS, SECONDS_BUCKETS
from sinks.ports.batch import Batch, InputPosition

AT = datetime(2022, 6, 3, tzinfo=UTC)
LABEL = LabelFacts("GS1", "06901234567892", "L1", None, None, None)


class Clock:
    def __init__(self) -> None:
        self.now = AT.timestamp()

    def __call__(self) -> float:
        return self.now


def make_decision(action: Action, verdict: Verdict, reasons: tuple[Reason, ...] = (), n: int = 0) -> Decision:
    event = ScanEvent(
        schema="udi.scan/1", scan_id=UUID(int=1), hospital="H1", device_id="gun1", scanned_at=AT, action=action,
        quantity=1, store="OR-2", item_code="I1",
    )  # fmt: skip
    subject = RecordedScan(Ref(1, 0), 0, event, LABEL, b"", AT, date(2022, 6, 3), Month(202206))
    return Decision(subject, n, AT, verdict, reasons, LABEL)


def make_batch(results: Iterable[Decision | BadRecord]) -> Batch:
    position = InputPosition(1, "cluster", "udi.scans", 3, 0, None)
    return Batch(3, position, 9, None, Snapshot(1, 0, 0), list(results))


def not_zero(metrics: Metrics) -> dict[str, float]:
    families = text_string_to_metric_families(metrics.text().decode())
    samples = [sample for family in families for sample in family.samples if sample.name.startswith("udi_")]
    return {
        ",".join((sample.name, *sample.labels.values())): sample.value
        for sample in samples
        if sample.value and not sample.name.endswith(("_bucket", "_sum"))
    }


def test_a_batch_counts_scans_reasons_duplicates_dead_letters_and_time() -> None:
    metrics = Metrics()
    bad = BadRecord(Ref(1, 4), 3, AT, Reason.NOT_JSON, "", "unknown", None, None)
    metrics.recorded(
        make_batch(
            [
                make_decision(Action.USE, Verdict.BILLED),
                make_decision(Action.USE, Verdict.BILLED, (Reason.STOCK_NEGATIVE,)),
                make_decision(Action.RETURN, Verdict.DUPLICATE, (Reason.DUPLICATE,)),
                make_decision(Action.USE, Verdict.CONFLICT, (Reason.CONFLICT,)),
                bad,
                make_decision(Action.USE, Verdict.BILLED, (), 1),
            ]
        ),
        [0.003, 0.02, 0.2, 0.2, 7.0],
    )
    assert not_zero(metrics) == {
        "udi_scans_total,use,billed": 2.0,
        "udi_scans_total,return,duplicate": 1.0,
        "udi_scans_total,use,conflict": 1.0,
        "udi_scans_total,unknown,refused": 1.0,
        "udi_scan_reasons_total,stock-negative": 1.0,
        "udi_scan_reasons_total,duplicate": 1.0,
        "udi_scan_reasons_total,conflict": 1.0,
        "udi_scan_reasons_total,not-json": 1.0,
        "udi_decided_again_total,billed": 1.0,
        "udi_duplicates_total": 1.0,
        "udi_dead_letters_total,conflict": 1.0,
        "udi_dead_letters_total,not-json": 1.0,
        "udi_scan_to_commit_seconds_count": 5.0,
    }


def test_a_bucket_counts_the_times_up_to_its_bound_and_a_clock_behind_the_broker_counts_as_zero() -> None:
    metrics = Metrics()
    metrics.recorded(make_batch([]), [-1.0, 0.05, 0.0501])
    buckets = {
        sample.labels["le"]: sample.value
        for family in text_string_to_metric_families(metrics.text().decode())
        for sample in family.samples
        if sample.name == "udi_scan_to_commit_seconds_bucket"
    }
    assert [buckets[le] for le in ("0.001", "0.04", "0.05", "0.075", "+Inf")] == [1, 1, 2, 3, 3]
    assert len(buckets) == len(SECONDS_BUCKETS) + 1


def test_counters_of_closed_sets_stand_at_zero_from_the_start() -> None:
    metrics = Metrics()
    assert metrics.value("udi_dead_letters_total", "not-json") == 0.0
    assert metrics.value("udi_scans_total", "use", "held") == 0.0
    assert metrics.value("udi_zombies_stopped_total") == 0.0
    assert metrics.value("udi_dead_letters_total", "duplicate") is None


def test_lag_falls_as_records_are_recorded_and_its_age_ends_with_it() -> None:
    clock = Clock()
    metrics = Metrics(clock=clock)
    metrics.assigned("udi.scans", [3])
    metrics.lag("udi.scans", 3, 2, AT)
    clock.now += 7
    metrics.recorded(make_batch([]), [7.0])
    assert metrics.value("udi_lag_records", "scans", "3") == 1.0
    assert metrics.value("udi_lag_seconds", "scans", "3") == 7.0
    metrics.recorded(make_batch([]), [7.0])
    assert metrics.value("udi_lag_records", "scans", "3") == 0.0
    assert metrics.value("udi_lag_seconds", "scans", "3") == 0.0


def test_what_a_worker_said_of_a_partition_it_gave_back_is_forgotten() -> None:
    metrics = Metrics()
    metrics.lag("udi.scans", 3, 2, AT)
    metrics.assigned("udi.scans", [1, 2])
    assert metrics.value("udi_partitions_assigned", "scans") == 2.0
    assert metrics.value("udi_lag_seconds", "scans", "3") is None


def test_a_position_ages_while_it_stands_and_is_new_when_it_moves() -> None:
    clock = Clock()
    metrics = Metrics(clock=clock)
    metrics.position("udi.scans", 0, 10, 15)
    clock.now += 60
    metrics.position("udi.scans", 0, 10, 16)
    assert metrics.value("udi_position_age_seconds", "scans", "0") == 60.0
    assert metrics.value("udi_lag_records", "scans", "0") == 6.0
    metrics.position("udi.scans", 0, 11, 11)
    assert metrics.value("udi_position_age_seconds", "scans", "0") == 0.0
    assert metrics.value("udi_lag_records", "scans", "0") == 0.0


def test_an_end_that_the_broker_reports_too_low_is_no_negative_lag() -> None:
    metrics = Metrics()
    metrics.position("udi.scans", 0, 10, 8)
    assert metrics.value("udi_lag_records", "scans", "0") == 0.0


def test_only_billing_records_count_as_time_to_billing() -> None:
    metrics = Metrics()
    metrics.published("billing", 3, 0.02)
    metrics.published("verdicts", 4, 0.02)
    metrics.published("settlement", 1)
    assert not_zero(metrics) == {
        "udi_published_total,billing": 3.0,
        "udi_published_total,verdicts": 4.0,
        "udi_published_total,settlement": 1.0,
        "udi_scan_to_billing_seconds_count": 3.0,
    }


def test_a_gauge_that_is_set_as_a_whole_forgets_what_is_gone() -> None:
    clock = Clock()
    metrics = Metrics(clock=clock)
    metrics.gauges("udi_alerts_open", {("growth-month-on-month",): 2, ("new-item",): 1})
    metrics.gauges("udi_alerts_open", {("new-item",): 4})
    metrics.oldest("udi_outbox_age_seconds", {("billing", "0"): AT, ("billing", "1"): None})
    clock.now += 5
    assert metrics.value("udi_alerts_open", "growth-month-on-month") is None
    assert metrics.value("udi_alerts_open", "new-item") == 4
    assert metrics.value("udi_outbox_age_seconds", "billing", "0") == 5.0
    assert metrics.value("udi_outbox_age_seconds", "billing", "1") == 0.0


def test_every_metric_of_the_table_is_exposed_with_its_type() -> None:
    text = Metrics().text().decode()
    types = {Metrics.__name__: "", **dict(line.split()[2:4] for line in text.splitlines() if line.startswith("# TYPE"))}
    shown = {"age": "gauge"}
    assert {row.name: types[row.name] for row in METRICS} == {
        row.name: shown.get(row.kind, row.kind) for row in METRICS
    }


def test_two_processes_in_one_share_nothing() -> None:
    one, other = Metrics(), Metrics()
    one.moved("udi.scans", 0)
    one.unknown("udi.scans", 0)
    assert (one.value("udi_zombies_stopped_total"), one.value("udi_commits_unknown_total")) == (1.0, 1.0)
    assert (other.value("udi_zombies_stopped_total"), other.value("udi_commits_unknown_total")) == (0.0, 0.0)
