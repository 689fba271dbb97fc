"""A run as files: what was published, and the truth."""

import base64
from collections.abc import Callable, Iterable, Iterator
from dataclasses import asdict
from pathlib import Path
from typing import IO, Any

import orjson

from models.calendar import month_text
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
from streams.simulator.plan import Plan, Record, Stage
from streams.simulator.run import Hospital
from streams.simulator.truth.books import (
    Truth,
    alert_row,
    entry_row,
    identified_rows,
    settlement_rows,
    stock_rows,
    usage_rows,
    waste_rows,
)
from streams.simulator.truth.cabinets import gone_rows, tag_rows
from streams.simulator.truth.sets import owed_rows, set_rows
from streams.simulator.truth.store import lost_rows, receipt_rows, statement_rows

TRUTH_FILE = "truth.json"
STAGES_FILE = "stages.jsonl"
FILES = {
    SCANS: "scans.jsonl",
    CATALOGUE: "catalogue.jsonl",
    ENCOUNTERS: "encounters.jsonl",
    HIS_CHARGES: "his-charges.jsonl",
    DISCHARGES: "discharges.jsonl",
    INCOME: "income.jsonl",
    STORES: "stores.jsonl",
    DELIVERIES: "deliveries.jsonl",
    RECALLS: "recalls.jsonl",
    CABINET_READS: "cabinet-reads.jsonl",
}


def write(plan: Plan, folder: Path, progress: Callable[[Stage], None] = lambda _: None) -> Truth:
    """Writes the run of a plan into a folder, which is made; `progress` hears of each stage written.

    Every file but `scans.jsonl` holds the published values line by line, so later lines supersede earlier ones.
    `scans.jsonl` holds objects with `key`, `timestamp` and `value` (text) or `value_base64` (bytes that are no text),
    or neither for a record without value. `stages.jsonl` says how many lines of each file make up each stage.
    """
    folder.mkdir(parents=True, exist_ok=True)
    hospital = Hospital(plan)
    opened = {topic: (folder / name).open("wb") for topic, name in FILES.items()}
    try:
        with (folder / STAGES_FILE).open("wb") as stages:
            for stage in hospital.stages():
                counts = dict.fromkeys(FILES, 0)
                for record in stage.records:
                    counts[record.topic] += 1
                    opened[record.topic].write(
                        (_scan_line(record) if record.topic == SCANS else record.value or b"") + b"\n"
                    )
                line = {"month": month_text(stage.month), "stage": stage.name, "lines": counts}
                stages.write(orjson.dumps(line) + b"\n")
                progress(stage)
    finally:
        for file in opened.values():
            file.close()
    with (folder / TRUTH_FILE).open("wb") as file:
        write_truth(hospital.truth, file)
    return hospital.truth


def _scan_line(record: Record) -> bytes:
    line: dict[str, Any] = {
        "key": None if record.key is None else record.key.decode(),
        "timestamp": record.timestamp.isoformat(),
    }
    if record.value is not None:
        try:
            line["value"] = record.value.decode()
        except UnicodeDecodeError:
            line["value_base64"] = base64.b64encode(record.value).decode()
    return orjson.dumps(line)


def write_truth(truth: Truth, file: IO[bytes]) -> None:
    """The truth as one JSON object, a row a line. Its parts: docs/simulator.md, "The truth"."""
    plan = asdict(truth.plan) | {"start": month_text(truth.plan.start)}
    head = {"plan": plan, "records": truth.records, "his_records": truth.his.records, "verdicts": truth.verdicts(),
            "reasons": truth.reasons()}  # fmt: skip
    file.write(b'{"schema":"udi.truth/1",' + orjson.dumps(head, option=orjson.OPT_SORT_KEYS)[1:-1])
    usage = truth.usage()
    lists: tuple[tuple[str, Iterable[dict[str, Any]]], ...] = (
        ("anomalies", truth.anomalies()),
        ("alerts", (alert_row(alert) for alert in truth.alerts())),
        ("usage_months", usage_rows(usage)),
        ("settlement", settlement_rows(truth.account)),
        ("stock", stock_rows(truth.account)),
        ("statements", statement_rows(truth.account)),
        ("receipts", receipt_rows(truth.keeper)),
        ("lost", lost_rows(truth)),
        ("sets", set_rows(truth.sets)),
        ("owed_for_sets", owed_rows(truth.sets)),
        ("left_cabinets", gone_rows(truth.cabinets)),
        ("cabinet_tags", tag_rows(truth.cabinets)),
        ("identified", identified_rows(truth.account)),
        ("waste", waste_rows(truth.account)),
        ("differences", (asdict(each) for each in truth.differences())),
        ("seeded_in_cases", (asdict(each) | {"since": month_text(each.since)} for each in truth.cases.seeded)),
        ("cases", truth.cases.rows()),
        ("scans", (entry_row(entry) for entry in truth.account.entries.values())),
    )
    for name, rows in lists:
        file.write(b',\n"' + name.encode() + b'":[\n')
        file.writelines(_joined(rows))
        file.write(b"]")
    file.write(b"}\n")


def _joined(rows: Iterable[dict[str, Any]]) -> Iterator[bytes]:
    separator = b""
    for row in rows:
        yield separator + orjson.dumps(row)
        separator = b",\n"
