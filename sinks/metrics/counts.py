"""Every metric of udistream, in one table, and the counts of one process.

Counting costs a dictionary entry; ages are made of instants when somebody asks. Counters whose labels are closed sets
stand at 0 from the start: the first dead letter is a rise from 0 to 1, which Prometheus sees, and not the birth of a
series, which it does not.

References:
    docs/metrics.md; docs/contract.md, section "Metrics".
"""

import time
from bisect import bisect_right
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from itertools import product

from prometheus_client import CollectorRegistry, ProcessCollector, generate_latest
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, HistogramMetricFamily, Metric
from prometheus_client.registry import Collector

from models.charging.books import BadRecord
from models.reasons import REASONS, Verdict
from models.reconciling.differences import DifferenceKind
from models.scan.event import Action
from models.web.gateway import EventError
from models.wire.topics import (
    BILLING,
    PREFIX_DEFAULT,
    TOPICS,
)
from sinks.ports.batch import Batch


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
    values: tuple[str, ...] | None = None


@dataclass(frozen=True, slots=True)
class MetricRow:
    """One metric."""

    name: str
    kind: Kind
    source: Source
    help: str
    labels: tuple[Label, ...] = ()


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
REFUSAL = Label("why", ("not-authorised", "not-signed-in", "forbidden", "foreign-hospital", "bad-form"))
WORK = Label("work", ("evaluator", "month-close", "prover", "reconciler", "commands", "sweep", "learner"))
PART = Label("part", ("broker", "database"))
SERVICE = Label("service", ("worker", "relay", "scheduler", "gateway"))
DIFFERENCE = Label("kind", tuple(kind.value for kind in DifferenceKind))

PLACES: tuple[str, ...] = (
    *(topic.name for topic in TOPICS if topic.written_by != "relay"),
    "halves", "decisions", "commands", "corrections",
    "ticks", "evaluator", "learner", "corrector", "reconciler", "prover", "recall-lister", "sealer", "purger",
    "month-runner", "other",
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
    MetricRow("udi_gateway_refused_total", _C, _GATEWAY, "Requests of somebody who may not.", (REFUSAL,)),
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

_ROW = {row.name: row for row in METRICS}
Values = dict[tuple[str, ...], float]


class _Histogram:
    """Cumulative counts of one histogram."""

    def __init__(self) -> None:
        self.cumulative = [0] * len(SECONDS_BUCKETS)
        self.count = 0
        self.total = 0.0

    def observe(self, seconds: Sequence[float], times: int = 1) -> None:
        """Count them all, `times` times; a clock that runs behind the broker's gives no negative time."""
        ordered = sorted(max(0.0, each) for each in seconds)
        for place, bound in enumerate(SECONDS_BUCKETS):
            self.cumulative[place] += bisect_right(ordered, bound) * times
        self.count += len(ordered) * times
        self.total += sum(ordered) * times

    def buckets(self) -> list[tuple[str, float]]:
        """As the exposition format wants them."""
        bounds = [str(float(bound)) for bound in SECONDS_BUCKETS]
        return [*zip(bounds, map(float, self.cumulative), strict=True), ("+Inf", float(self.count))]


class Metrics(Collector):
    """The metrics of one process. Every method is called after its effect, from the event loop's thread.

    Args:
        topic_prefix: taken off topic names, so that labels are the names of `models.wire.topics`.
        clock: seconds since the epoch, now.
    """

    def __init__(self, topic_prefix: str = PREFIX_DEFAULT, clock: Callable[[], float] = time.time) -> None:
        self._prefix = topic_prefix
        self._clock = clock
        self._values: dict[str, Values] = {row.name: _at_start(row) for row in METRICS}
        self._histograms: dict[str, _Histogram] = defaultdict(_Histogram)
        self._offsets: dict[tuple[str, str], int] = {}
        self._heads: dict[tuple[str, str], tuple[str, float]] = {}
        self.registry = CollectorRegistry()
        self.registry.register(self)
        ProcessCollector(registry=self.registry)

    # What a worker tells ---------------------------------------------------------------------------------------------

    def recorded(self, batch: Batch, seconds: Sequence[float]) -> None:
        """A batch was committed; the seconds from the broker's timestamps of its records until now."""
        counts = Counter(
            (NO_ACTION, Verdict.REFUSED, (each.reason,), 0)
            if isinstance(each, BadRecord)
            else (each.subject.event.action, each.verdict, each.reasons, each.n)
            for each in batch.results
        )
        for (action, verdict, reasons, decision), count in counts.items():
            if decision:
                self._add("udi_decided_again_total", count, str(verdict))
                continue
            self._add("udi_scans_total", count, str(action), str(verdict))
            for reason in reasons:
                self._add("udi_scan_reasons_total", count, str(reason))
            if verdict is Verdict.DUPLICATE:
                self._add("udi_duplicates_total", count)
            if verdict in _LETTERED:
                self.dead_letters(str(reasons[0]), count)
        self._histograms["udi_scan_to_commit_seconds"].observe(seconds)
        self._worked_off(batch.position.topic, batch.position.partition, len(seconds))

    def dead_letters(self, reason: str, count: int = 1) -> None:
        """So many records were kept as dead letters. `recorded` has counted those of scans."""
        self._add("udi_dead_letters_total", count, reason)

    def lag(self, topic: str, partition: int, records: int, oldest_at: datetime) -> None:
        """So many records were read and are not recorded; the oldest one has that timestamp."""
        where = (self._topic(topic), str(partition))
        self._values["udi_lag_records"][where] = records
        self._values["udi_lag_seconds"][where] = oldest_at.timestamp() if records else _NEVER

    def moved(self, topic: str, partition: int) -> None:  # noqa: ARG002 -- told where; counted as one
        """Compare-and-set stopped this process in a partition."""
        self._add("udi_zombies_stopped_total", 1)

    def unknown(self, topic: str, partition: int) -> None:  # noqa: ARG002 -- told where; counted as one
        """The answer to a COMMIT was lost, or the database was away."""
        self._add("udi_commits_unknown_total", 1)

    def assigned(self, topic: str, partitions: Iterable[int]) -> None:
        """All the partitions of the topic that are in this process's hands now; what it said of others is forgotten."""
        name, held = self._topic(topic), {str(each) for each in partitions}
        self._values["udi_partitions_assigned"][(name,)] = len(held)
        ages = self._values["udi_lag_seconds"]
        for where in [where for where in ages if where[0] == name and where[1] not in held]:
            del ages[where]

    def _worked_off(self, topic: str, partition: int, records: int) -> None:
        where = (self._topic(topic), str(partition))
        left = max(0.0, self._values["udi_lag_records"].get(where, 0) - records)
        self._lag_is(where, left)

    def _lag_is(self, where: tuple[str, str], records: float) -> None:
        self._values["udi_lag_records"][where] = records
        if not records and where in self._values["udi_lag_seconds"]:
            self._values["udi_lag_seconds"][where] = _NEVER

    # What a relay tells ----------------------------------------------------------------------------------------------

    def published(self, topic: str, records: int, seconds: float | None = None) -> None:
        """So many records are on the topic; the oldest of them came in so many seconds ago, if that is known."""
        name = self._topic(topic)
        self._add("udi_published_total", records, name)
        if name == BILLING and seconds is not None:
            self._histograms["udi_scan_to_billing_seconds"].observe([seconds], records)

    # What a gateway tells --------------------------------------------------------------------------------------------

    def received_scan(self, outcome: str) -> None:
        """A scan event came: `accepted`, or why it was not."""
        self._add("udi_gateway_scans_total", 1, outcome)

    def accepted_seconds(self, seconds: float) -> None:
        """A request of scans was answered after so many seconds."""
        self._histograms["udi_gateway_accept_seconds"].observe([seconds])

    def refused_request(self, why: str) -> None:
        """A request came of somebody who may not."""
        self._add("udi_gateway_refused_total", 1, why)

    # What any process tells ------------------------------------------------------------------------------------------

    def stopped(self, partitions: int) -> None:
        """So many partitions stand still in this process until a person has looked."""
        self._values["udi_lanes_stopped"][()] = partitions

    def internal_error(self, place: str, error: Exception) -> None:
        """Something failed by its own fault and was set aside. `place` is one of `PLACES`, or counts as `other`."""
        name = next((each.__name__ for each in type(error).__mro__ if each.__name__ in ERRORS), "other")
        self._add("udi_internal_errors_total", 1, place if place in PLACES else "other", name)

    def ready(self, ready: bool) -> None:
        """What `/readyz` says."""
        self._values["udi_ready"][()] = ready

    # What observation tells ------------------------------------------------------------------------------------------

    def position(self, topic: str, partition: int, next_offset: int, end_offset: int | None = None) -> None:
        """The books stand at `next_offset`; the broker's log ends at `end_offset`, `None` when it was not asked."""
        where = (self._topic(topic), str(partition))
        if self._offsets.get(where) != next_offset:
            self._offsets[where] = next_offset
            self._values["udi_position_age_seconds"][where] = self._clock()
        if end_offset is not None:
            self._lag_is(where, max(0, end_offset - next_offset))

    def backlog(self, heads: Mapping[tuple[str, str], str]) -> None:
        """What waits in the books, the first of each: by work and lane (or `''`), as text that changes when it goes on.

        Work that no longer waits is forgotten. Of several lanes of one work the one that stands longest counts.
        """
        now = self._clock()
        self._heads = {
            key: (head, self._heads[key][1] if self._heads.get(key, ("", 0))[0] == head else now)
            for key, head in heads.items()
        }
        ages: Values = dict.fromkeys(((work,) for work in WORK.values or ()), _NEVER)
        for (work, _), (_, since) in self._heads.items():
            ages[work,] = min(ages[work,], since)
        self._values["udi_backlog_age_seconds"] = ages

    def gauge(self, name: str, value: float) -> None:
        """Set a gauge without labels."""
        self._values[name][()] = value

    def gauges(self, name: str, values: Mapping[tuple[str, ...], float]) -> None:
        """Set a gauge with labels as a whole: what is not among the values is gone."""
        self._values[name] = dict(values)

    def oldest(self, name: str, since: Mapping[tuple[str, ...], datetime | None]) -> None:
        """Set an age as a whole: the instant it counts from, `None` when nothing waits."""
        self._values[name] = {where: _NEVER if at is None else at.timestamp() for where, at in since.items()}

    def observed(self) -> None:
        """The database was observed just now."""
        self._values["udi_observation_age_seconds"][()] = self._clock()

    # What is asked ---------------------------------------------------------------------------------------------------

    def value(self, name: str, *labels: str) -> float | None:
        """The value now: of a histogram its count; `None` when there is no sample."""
        if _ROW[name].kind is Kind.HISTOGRAM:
            return self._histograms[name].count
        found = self._values[name].get(labels)
        return found if found is None else self._shown(_ROW[name], found)

    def text(self) -> bytes:
        """All of them in Prometheus' text format."""
        return generate_latest(self.registry)

    def collect(self) -> Iterator[Metric]:
        """All of them, in the order of the table."""
        for row in METRICS:
            if row.kind is Kind.HISTOGRAM:
                histogram = self._histograms[row.name]
                yield HistogramMetricFamily(row.name, row.help, buckets=histogram.buckets(), sum_value=histogram.total)
                continue
            family = (CounterMetricFamily if row.kind is Kind.COUNTER else GaugeMetricFamily)(
                row.name, row.help, labels=[label.name for label in row.labels]
            )
            for where, value in sorted(self._values[row.name].items()):
                family.add_metric(list(where), self._shown(row, value))
            yield family

    def _shown(self, row: MetricRow, value: float) -> float:
        if row.kind is not Kind.AGE:
            return value
        return 0.0 if value == _NEVER else max(0.0, self._clock() - value)

    def _add(self, name: str, count: int, *labels: str) -> None:
        values = self._values[name]
        values[labels] = values.get(labels, 0) + count

    def _topic(self, topic: str) -> str:
        return topic.removeprefix(self._prefix)


_NEVER = float("inf")
"""The instant of an age when nothing waits."""
_LETTERED = frozenset({Verdict.REFUSED, Verdict.CONFLICT})
"""First verdicts whose records become dead letters (docs/contract.md, "Reasons")."""


def _at_start(row: MetricRow) -> Values:
    """Zero for everything that can be counted; a gauge has no value before somebody knows it."""
    if row.kind is not Kind.COUNTER:
        return {}
    return dict.fromkeys(product(*(label.values or () for label in row.labels)), 0.0)
