"""Metrics, their table, their page and the alert rules say the same."""

import re
from pathlib import Path
from typing import Final

import pytest
import yaml

from sinks.metrics.table import METRICS, SECONDS_BUCKETS, Kind, MetricRow
from sinks.postgres.observation import OBSERVE_SECONDS, OBSERVE_STOCK_SECONDS

ROOT: Final = Path(__file__).parents[2]
PAGE: Final = (ROOT / "docs" / "metrics.md").read_text(encoding="utf-8")
OF_PROMETHEUS: Final = {
    "up", "process_start_time_seconds", "vector", "node_filesystem_avail_bytes", "node_filesystem_size_bytes",
}  # fmt: skip
FORBIDDEN_LABELS: Final = {
    "item",
    "item_code",
    "encounter",
    "patient",
    "staff",
    "device",
    "device_id",
    "di",
    "code",
    "lot",
    "serial",
}
CONTRACT: Final = {
    "udi_scans_total",
    "udi_scan_reasons_total",
    "udi_scan_to_commit_seconds",
    "udi_scan_to_billing_seconds",
    "udi_lag_records",
    "udi_lag_seconds",
    "udi_position_age_seconds",
    "udi_outbox_pending",
    "udi_outbox_age_seconds",
    "udi_parked_open",
    "udi_parked_age_seconds",
    "udi_held_open",
    "udi_alerts_open",
    "udi_dead_letters_total",
    "udi_duplicates_total",
    "udi_commits_unknown_total",
    "udi_zombies_stopped_total",
    "udi_differences_open",
    "udi_stock_negative",
}


def documented(row: MetricRow) -> str:
    kind = "gauge" if row.kind is Kind.AGE else row.kind.value
    labels = ", ".join(f"`{label.name}`" for label in row.labels) or "–"
    return f"| `{row.name}` | {kind} | {labels} | {row.source} | {row.help} |"


def rule_expressions() -> dict[str, str]:
    files = sorted((ROOT / "rules" / "alerts").glob("*.yml"))
    groups = [group for file in files for group in yaml.safe_load(file.read_text(encoding="utf-8"))["groups"]]
    return {rule["alert"]: rule["expr"] for group in groups for rule in group["rules"]}


def test_the_page_has_a_line_for_each_metric_in_the_order_of_the_table() -> None:
    lines = [line for line in PAGE.splitlines() if line.startswith("| `udi_")]
    assert lines == [documented(row) for row in METRICS]


def test_every_metric_of_the_contract_exists() -> None:
    assert {row.name for row in METRICS} >= CONTRACT


def test_the_page_names_the_buckets_and_the_pace_of_observation() -> None:
    assert ", ".join(f"{bound:g}" for bound in SECONDS_BUCKETS) in PAGE
    assert f"every {OBSERVE_SECONDS:g} s" in PAGE
    assert f"every {OBSERVE_STOCK_SECONDS:g} s" in PAGE


@pytest.mark.parametrize(("alert", "expression"), rule_expressions().items())
def test_an_alert_names_only_metrics_that_exist(alert: str, expression: str) -> None:
    series = {row.name + suffix for row in METRICS for suffix in suffixes(row)} | OF_PROMETHEUS
    named = set(re.findall(r"\b(?:udi_|process_|node_)\w+|\bup\b|^vector\b", expression))
    assert named, alert
    assert named <= series


def suffixes(row: MetricRow) -> tuple[str, ...]:
    return ("_bucket", "_sum", "_count") if row.kind is Kind.HISTOGRAM else ("",)


def test_an_alert_asks_only_for_label_values_that_exist() -> None:
    known = {"job": {"udistream", "disks"}, "mountpoint": {"/volumes/.*"}}
    for label in (label for row in METRICS for label in row.labels):
        known.setdefault(label.name, set()).update(label.values or ())
    found = [
        (alert, label, value)
        for alert, expression in rule_expressions().items()
        for label, _, values in re.findall(r'(\w+)(=~?)"([^"]+)"', expression)
        for value in values.split("|")
    ]
    assert found
    assert [each for each in found if each[2] not in known[each[1]]] == []


def test_no_label_holds_an_item_a_patient_a_person_or_a_code() -> None:
    assert {label.name for row in METRICS for label in row.labels} & FORBIDDEN_LABELS == set()


def test_counters_end_in_total_and_times_in_seconds() -> None:
    assert [row.name for row in METRICS if row.name.endswith("_total") != (row.kind is Kind.COUNTER)] == []
    timed = {Kind.AGE, Kind.HISTOGRAM}
    assert [row.name for row in METRICS if row.name.endswith("_seconds") != (row.kind in timed)] == []
