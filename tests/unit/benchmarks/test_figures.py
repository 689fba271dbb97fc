"""Figures are medians with their span, percentiles are of what was measured, and a missed aim says so."""

import os

import pytest

from benchmarks.latency import percentile
from benchmarks.processes import children, cpu_seconds, rss_mib
from benchmarks.table import Aim, Table, medians


@pytest.mark.parametrize(("percent", "expected"), [(50, 2.0), (51, 3.0), (75, 3.0), (76, 4.0), (99, 4.0)])
def test_percentile_is_a_measured_value(percent: int, expected: float) -> None:
    assert percentile([4.0, 1.0, 3.0, 2.0], percent) == expected


def test_table_gives_median_and_span() -> None:
    table = Table("Here")
    table.add("Backlog", "worker", "scans/s", [1_234.0, 3_000.0, 2_000.4])

    assert table.markdown().splitlines()[2:5] == [
        "| Backlog | median | min | max | n |",
        "|---|---:|---:|---:|---:|",
        "| worker, scans/s | 2,000 | 1,234 | 3,000 | 3 |",
    ]


def test_medians_are_read_back_out_of_what_was_printed() -> None:
    table = Table("Here")
    table.add("Backlog, 4 lanes", "worker", "scans/s", [1_234.0, 3_000.0, 2_000.4])
    table.add("Pages", "/case?encounter=E1, p95", "ms", [0.0123])
    table.aim("p99", 50.1, 50, least=False)

    assert medians(table.markdown()) == {
        ("Backlog, 4 lanes", "worker, scans/s"): 2_000,
        ("Pages", "/case?encounter=E1, p95, ms"): 0.01,
    }


def test_aim_is_reached_at_its_edge_and_missed_beyond() -> None:
    table = Table("Here")
    table.aim("share", 0.7, 0.7, least=True)
    table.aim("share", 0.69, 0.7, least=True, digits=2)
    table.aim("p99", 50.1, 50, least=False)

    assert table.aims == [
        Aim("share", "≥ 0.7", "0.7", reached=True),
        Aim("share", "≥ 0.7", "0.69", reached=False),
        Aim("p99", "≤ 50", "50.1", reached=False),
    ]


def test_processes_are_seen_with_their_time_and_memory() -> None:
    before = cpu_seconds(os.getpid())
    sum(range(5_000_000))

    assert cpu_seconds(os.getpid()) > before
    assert rss_mib(os.getpid()) > 1
    assert os.getpid() in children(os.getppid())


def test_process_that_is_gone_has_used_nothing_more() -> None:
    assert cpu_seconds(2**30) == 0.0
