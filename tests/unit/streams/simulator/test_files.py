"""A run as files is the run."""

import base64
import json
from pathlib import Path

from rich.console import Console

from models.wire.topics import CATALOGUE, DISCHARGES, ENCOUNTERS, HIS_CHARGES, INCOME, SCANS
from streams.simulator import Plan
from streams.simulator.command import simulate_command
from tests.unit.streams.simulator.conftest import run_of

PLAN = Plan(seed=2, months=2, scans=1500)


def lines(path: Path) -> list[bytes]:
    return path.read_bytes().splitlines()


def test_the_files_hold_every_record_in_order_and_the_truth(tmp_path: Path) -> None:
    truth = simulate_command(Console(stderr=True), PLAN, tmp_path / "out")
    run = run_of(PLAN)
    for topic, name in (
        (CATALOGUE, "catalogue.jsonl"),
        (ENCOUNTERS, "encounters.jsonl"),
        (HIS_CHARGES, "his-charges.jsonl"),
        (DISCHARGES, "discharges.jsonl"),
        (INCOME, "income.jsonl"),
    ):
        assert lines(tmp_path / "out" / name) == [record.value for record in run.records(topic)]
    scans = [json.loads(line) for line in lines(tmp_path / "out" / "scans.jsonl")]
    values = [
        base64.b64decode(line["value_base64"])
        if "value_base64" in line
        else line["value"].encode()
        if "value" in line
        else None
        for line in scans
    ]
    assert values == [record.value for record in run.records(SCANS)]
    keys = [None if line["key"] is None else line["key"].encode() for line in scans]
    assert keys == [record.key for record in run.records(SCANS)]
    written = json.loads((tmp_path / "out" / "truth.json").read_bytes())
    assert written["verdicts"] == dict(truth.verdicts())
    assert len(written["scans"]) == sum(truth.verdicts().values())
    assert written["alerts"]
    assert written["plan"]["start"] == "2021-04"


def test_the_stages_file_counts_the_lines_of_the_others(tmp_path: Path) -> None:
    simulate_command(Console(stderr=True), PLAN, tmp_path)
    stages = [json.loads(line) for line in lines(tmp_path / "stages.jsonl")]
    for topic in (SCANS, CATALOGUE, ENCOUNTERS, HIS_CHARGES, DISCHARGES, INCOME):
        assert sum(stage["lines"][topic] for stage in stages) == len(lines(tmp_path / f"{topic}.jsonl"))
