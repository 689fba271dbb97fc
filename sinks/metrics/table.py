"""Every metric of udistream, in one table: names, labels and every value a label may have.

References:
    docs/metrics.md; docs/contract.md, section "Metrics".
"""

from dataclasses import dataclass
from enum import StrEnum

from models.reasons import REASONS, Verdict
from models.reconciling.differences import DifferenceKind
from models.scan.event import Action
from models.web.gateway import EventError
from models.wire.topics import (
    TOPICS,
)


class Kind(StrEnum):
    """How a metric behaves."""

    COUNTER = "counter"
    GAUGE = "gauge"
    AGE = "age"
    """A gauge: seconds since a remembered instant, worked out when asked; 0 when nothing waits."""
    HISTOGRAM = "histogram"


class Source(StrEnum):
    """Who knows it."""

    WORKER = "worker"
    RELAY = "relay"
    GATEWAY = "gateway"
    PROCESS = "each process"
    OBSERVATION = "observation"
    """Read from the database or the broker by each process: take `max`, never `sum`, over instances."""


@dataclass(frozen=True, slots=True)
class Label:
    """A label and every value it may have; `None` where the set is not ours to list (see docs/metrics.md)."""

    name: str
    """As Prometheus shows it."""
    values: tuple[str, ...] | None = None
    """Every value it may have."""


@dataclass(frozen=True, slots=True)
class MetricRow:
    """One metric."""

    name: str
    """With its prefix `udi_`, as Prometheus shows it."""
    kind: Kind
    """Counter, gauge or histogram."""
    source: Source
    """Who counts it: each process, or a query of the books."""
    help: str
    """One sentence, shown by `/metrics`."""
    labels: tuple[Label, ...] = ()
    """None of them holds an item, a patient, a person or a code."""


NO_ACTION = "unknown"
"""Action of what is no scan event."""
SECONDS_BUCKETS: tuple[float, ...] = (
    0.001, 0.002, 0.005, 0.01, 0.015, 0.02, 0.03, 0.04, 0.05, 0.075, 0.1, 0.15, 0.25, 0.5,
    1, 2.5, 5, 10, 30, 60, 300, 3600,
)  # fmt: skip
"""Close together around the aim (p99 to commit below 0.05 s at 1,000 scans a second), wide where a backlog is worked
off. Own choice; no outside source."""

ACTION = Label("action", (*(each.value for each in Action), NO_ACTION))
VERDICT = Label("verdict", tuple(each.value for each in Verdict))
REASON = Label("reason", tuple(row.reason.value for row in REASONS))
LETTER = Label("reason", tuple(row.reason.value for row in REASONS if row.dead_letter))
TOPIC = Label("topic", tuple(topic.name for topic in TOPICS))
OUTPUT = Label("topic", tuple(topic.name for topic in TOPICS if topic.written_by == "relay"))
PARTITION = Label("partition")
RULE = Label("rule")
RECEIVED = Label("outcome", ("accepted", *(each.value for each in EventError)))
REFUSAL = Label("why", ("not-authorised", "not-signed-in", "forbidden", "bad-form", "wrong-device", "too-many"))
WORK = Label("work", ("evaluator", "month-close", "prover", "reconciler", "commands", "sweep", "learner"))
PART = Label("part", ("broker", "database"))
SERVICE = Label("service", ("worker", "relay", "scheduler", "gateway"))
DIFFERENCE = Label("kind", tuple(kind.value for kind in DifferenceKind))

PLACES: tuple[str, ...] = (
    *(topic.name for topic in TOPICS if topic.written_by != "relay"),
    "halves", "decisions", "commands", "corrections",
    "ticks", "evaluator", "learner", "corrector", "reconciler", "prover", "recall-lister", "sealer", "purger",
    "raw-keeper", "month-runner", "forecaster", "other",
)  # fmt: skip
"""Where something may fail by its own fault: the input topics; waiting halves, decisions made again, persons' commands,
corrected scans; the jobs of the scheduler."""
ERRORS: tuple[str, ...] = (
    "TypeError", "KeyError", "IndexError", "AttributeError", "AssertionError", "RecursionError", "OverflowError",
    "ArithmeticError", "ValidationError", "UnicodeError", "ValueError", "RuntimeError",
    "DataError", "IntegrityConstraintViolationError", "ProgramLimitExceededError", "PostgresError", "other",
)  # fmt: skip
"""Classes of errors that are counted by name: an error counts as the first of its own classes that is here."""
PLACE = Label("place", PLACES)
ERROR = Label("error", ERRORS)

_C, _G, _A, _H = Kind.COUNTER, Kind.GAUGE, Kind.AGE, Kind.HISTOGRAM
_WORKER, _RELAY, _EACH, _SEEN = Source.WORKER, Source.RELAY, Source.PROCESS, Source.OBSERVATION
_GATEWAY = Source.GATEWAY

METRICS: tuple[MetricRow, ...] = (
    MetricRow("udi_scans_total", _C, _WORKER, "Recorded scans by action and first verdict.", (ACTION, VERDICT)),
    MetricRow("udi_scan_reasons_total", _C, _WORKER, "Reasons listed in first verdicts.", (REASON,)),
    MetricRow(
        "udi_decided_again_total", _C, _WORKER, "Later decisions of recorded scans by their verdict.", (VERDICT,)
    ),
    MetricRow("udi_scan_to_commit_seconds", _H, _WORKER, "From the broker's timestamp of a scan to its COMMIT."),
    MetricRow("udi_scan_to_billing_seconds", _H, _RELAY, "From the broker's timestamp to the billing topic."),
    MetricRow("udi_published_total", _C, _RELAY, "Records published from the outbox.", (OUTPUT,)),
    MetricRow("udi_duplicates_total", _C, _WORKER, "Scans that came again with the same body, and were absorbed."),
    MetricRow("udi_dead_letters_total", _C, _WORKER, "Records kept as dead letters.", (LETTER,)),
    MetricRow(
        "udi_internal_errors_total", _C, _EACH, "What failed by its own fault and was set aside.", (PLACE, ERROR)
    ),
    MetricRow("udi_commits_unknown_total", _C, _WORKER, "Batches whose COMMIT got no answer; the position decided."),
    MetricRow("udi_zombies_stopped_total", _C, _WORKER, "Batches stopped because another worker owned the lane."),
    MetricRow("udi_gateway_scans_total", _C, _GATEWAY, "Scan events received by what became of them.", (RECEIVED,)),
    MetricRow("udi_gateway_refused_total", _C, _GATEWAY, "Requests of who may not, or not so often.", (REFUSAL,)),
    MetricRow("udi_gateway_accept_seconds", _H, _GATEWAY, "From a request of scans to its answer."),
    MetricRow("udi_lanes_stopped", _G, _EACH, "Partitions this process has stopped for a person to look."),
    MetricRow("udi_partitions_assigned", _G, _WORKER, "Input partitions in this process's hands.", (TOPIC,)),
    MetricRow("udi_service", _G, _EACH, "1: a process of this service is there.", (SERVICE,)),
    MetricRow("udi_reached", _G, _EACH, "1 when broker or database answered at the last look.", (PART,)),
    MetricRow("udi_ready", _G, _EACH, "1 when /readyz says yes."),
    MetricRow("udi_lag_records", _G, _SEEN, "Records published and not yet recorded.", (TOPIC, PARTITION)),
    MetricRow("udi_lag_seconds", _A, _WORKER, "Age of the record fetched last, while any waits.", (TOPIC, PARTITION)),
    MetricRow("udi_position_age_seconds", _A, _SEEN, "Since the position was last seen to move.", (TOPIC, PARTITION)),
    MetricRow("udi_lanes", _G, _SEEN, "Lanes of the installation."),
    MetricRow("udi_outbox_pending", _G, _SEEN, "Records not known to be published.", (OUTPUT, PARTITION)),
    MetricRow("udi_outbox_age_seconds", _A, _SEEN, "Age of the oldest of them.", (OUTPUT, PARTITION)),
    MetricRow(
        "udi_backlog_age_seconds", _A, _SEEN, "Since work that waits in the books was last seen to go on.", (WORK,)
    ),
    MetricRow("udi_facts_behind", _G, _SEEN, "Facts the lane has not yet decided its waiting scans by.", (PARTITION,)),
    MetricRow(
        "udi_month_run_age_seconds",
        _A,
        _SEEN,
        "Since the month was over that follows the newest one run; 0 when none is over.",
    ),
    MetricRow("udi_verify_age_seconds", _A, _SEEN, "Since `udi verify` last looked at books and topics."),
    MetricRow("udi_verify_failed", _G, _SEEN, "Invariants that did not hold then."),
    MetricRow("udi_raw_months_ahead", _G, _SEEN, "Months to come in which raw bytes can be stored already."),
    MetricRow("udi_waiting_open", _G, _SEEN, "Half labels that wait for the other half."),
    MetricRow("udi_waiting_age_seconds", _A, _SEEN, "Age of the oldest of them."),
    MetricRow("udi_parked_open", _G, _SEEN, "Scans whose charge waits for a fact."),
    MetricRow("udi_parked_age_seconds", _A, _SEEN, "Age of the oldest of them."),
    MetricRow("udi_parked_old", _G, _SEEN, "Those that have waited for more than a day."),
    MetricRow("udi_held_open", _G, _SEEN, "Scans that wait for a person."),
    MetricRow("udi_held_age_seconds", _A, _SEEN, "Age of the oldest of them."),
    MetricRow("udi_held_old", _G, _SEEN, "Those that have waited for more than a day."),
    MetricRow("udi_alerts_open", _G, _SEEN, "Alerts, newest version fired or provisional.", (RULE,)),
    MetricRow("udi_stock_negative", _G, _SEEN, "Balances below zero, all lanes summed."),
    MetricRow("udi_scanner_faults", _G, _SEEN, "Scanners of which many labels lost separators within 7 days."),
    MetricRow("udi_cases_open", _G, _SEEN, "Closed cases whose newest proof has gaps."),
    MetricRow(
        "udi_differences_open",
        _G,
        _SEEN,
        "Charge errors found and not settled; uses of the last 24 hours without a line are left out.",
        (DIFFERENCE,),
    ),
    MetricRow("udi_observation_age_seconds", _A, _EACH, "Since the database was last observed."),
)
"""No label holds an item, a patient, a staff member or a code."""
