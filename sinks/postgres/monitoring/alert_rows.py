"""Alerts as rows of the books and as records of the topic of alerts.

References:
    docs/contract.md, sections "Alert" and "Shapes" (partition by Kafka's default hash).
"""

from collections import defaultdict
from collections.abc import Collection, Iterable
from decimal import Decimal
from typing import Any

import orjson
from aiokafka.partitioner import murmur2

from models.calendar import month_text
from models.money import FEN_SCALE, fen_text
from models.monitoring.alert import (
    AlertKey,
    AlertVersion,
    Cell,
    Figures,
    Measure,
    RuleMeasure,
    Scope,
    ScopeMonth,
    ScopeType,
    StandingKey,
    Status,
    Tops,
)
from models.monitoring.cause import CausePart, Factor
from models.wire.topics import ALERTS
from sinks.messages.outgoing import Outgoing
from sinks.postgres.charging.rows import outbox_row
from sinks.postgres.charging.tables import Row

ALERT_SCHEMA = "udi.alert/1"
BLOCK_RECORDS_MAX = 500
"""Records in a block of the outbox: what the relay publishes at once stays small, however much a close has to say."""


def outbox_rows(versions: Iterable[AlertVersion], partitions: int) -> list[Row]:
    """Blocks for each partition of the topic that has any, in order; `udi.record_alerts` gives the sequence numbers."""
    blocks: dict[int, list[AlertVersion]] = defaultdict(list)
    for version in versions:
        blocks[partition_of(alert_key(version.key.cell.scope), partitions)].append(version)
    return [
        outbox_row(ALERTS, partition, 1, list(map(outgoing_alert, block)), min(each.fired_at for each in block))
        for partition, every in sorted(blocks.items())
        for block in (every[at : at + BLOCK_RECORDS_MAX] for at in range(0, len(every), BLOCK_RECORDS_MAX))
    ]


def alert_key(scope: Scope) -> bytes:
    """The key of the scope's alerts."""
    return f"{scope.hospital}/{scope.id}".encode()


def partition_of(key: bytes, partitions: int) -> int:
    """Where Kafka's default partitioner puts a key.

    References:
        Apache Kafka, `BuiltInPartitioner.partitionForKey`: murmur2, made positive by clearing the sign bit.
    """
    return int(murmur2(key) & 0x7FFFFFFF) % partitions


def outgoing_alert(version: AlertVersion) -> Outgoing:
    """The record of a version on the topic of alerts."""
    (scope, item_code, month), rule = version.key.cell, version.key.rule
    figures, measure = version.figures, rule.measure
    base = None
    if figures.base_month is not None and figures.base_value is not None:
        base = {"month": month_text(figures.base_month), "value": _shown(measure, figures.base_value)}
    body = {
        "schema": ALERT_SCHEMA,
        "alert_id": version.key.alert_id,
        "version": version.version,
        "supersedes": version.supersedes,
        "hospital": scope.hospital,
        "scope": {"type": scope.type, "id": scope.id},
        "rule": rule.rule,
        "item_code": item_code,
        "month": month_text(month),
        "provisional": version.provisional,
        "measure": measure,
        "value": _shown(measure, figures.value),
        "base": base,
        "change_percent": None if figures.change_percent is None else f"{figures.change_percent:.2f}",
        "rank": figures.rank,
        "months_in_a_row": figures.months_in_a_row,
        "cause": cause_shown(measure, figures.cause),
        "status": version.status,
        "fired_at": version.fired_at,
    }
    return Outgoing(ALERTS, version.id, alert_key(scope), orjson.dumps(body))


def _shown(measure: Measure, value: int) -> str | int:
    return fen_text(value) if measure is Measure.AMOUNT else value


def cause_shown(measure: Measure, cause: Iterable[CausePart]) -> list[dict[str, str | int]]:
    """A cause as it is written: yuan as text, units as numbers."""
    return [{"factor": part.factor, "amount": _shown(measure, part.amount)} for part in cause]


def alert_row(version: AlertVersion) -> Row:
    """A version in the column order of udi.alert."""
    (scope, item_code, month), rule = version.key.cell, version.key.rule
    figures = version.figures
    return (
        version.key.alert_id, version.version, *scope, rule.rule, item_code, month, rule.measure, version.provisional,
        figures.value, figures.base_month, figures.base_value, figures.change_percent, figures.rank,
        figures.months_in_a_row, orjson.dumps(cause_shown(rule.measure, figures.cause)).decode(), version.status,
        version.fired_at,
    )  # fmt: skip


def version_of(row: Any) -> AlertVersion:
    """The version in a row of udi.alert."""
    measure = Measure(row["measure"])
    figures = Figures(
        value=row["value"],
        base_month=row["base_month"],
        base_value=row["base_value"],
        change_percent=row["change_percent"],
        rank=row["rank"],
        months_in_a_row=row["months_in_a_row"],
        cause=cause_read(measure, row["cause"]),
    )
    key = AlertKey(cell_of(row), RuleMeasure(row["rule"], measure))
    return AlertVersion(key, row["version"], Status(row["status"]), row["provisional"], figures, row["fired_at"])


def cause_read(measure: Measure, text: str) -> tuple[CausePart, ...]:
    """A cause as it was written."""
    return tuple(_part(measure, part) for part in orjson.loads(text))


def _part(measure: Measure, part: dict[str, Any]) -> CausePart:
    amount = part["amount"]
    return CausePart(Factor(part["factor"]), int(Decimal(amount) * FEN_SCALE) if measure is Measure.AMOUNT else amount)


def cell_of(row: Any) -> Cell:
    """The cell that a row with its columns names."""
    item_code = row["item_code"]
    return Cell(Scope(row["hospital"], ScopeType(row["scope_type"]), row["scope"]), item_code, row["month"])


def cell_columns(cells: Collection[Cell]) -> list[list[Any]]:
    """Cells as five arrays: hospital, scope type, scope, item, month."""
    rows = [(*scope, item_code, month) for scope, item_code, month in cells]
    return [[row[place] for row in rows] for place in range(5)]


def place_columns(places: Collection[ScopeMonth]) -> list[list[Any]]:
    """Scopes and months as four arrays."""
    rows = [(*scope, month) for scope, month in places]
    return [[row[place] for row in rows] for place in range(4)]


def standing_rows(key: StandingKey, tops: Tops) -> list[Row]:
    """Tops in the column order of udi.standing."""
    (scope, month), (rule, measure) = key
    return [(*scope, month, rule, measure, item, *standing) for item, standing in tops.items()]
