"""The counts of one process, of the metrics in `sinks.metrics.table`.

Counting costs a dictionary entry; ages are made of instants when somebody asks. Counters whose labels are closed sets
stand at 0 from the start: the first dead letter is a rise from 0 to 1, which Prometheus sees, and not the birth of a
series, which it does not.
"""

import time
from bisect import bisect_right
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from datetime import datetime
from itertools import product

from prometheus_client import CollectorRegistry, ProcessCollector, generate_latest
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, HistogramMetricFamily, Metric
from prometheus_client.registry import Collector

from models.charging.books import BadRecord
from models.reasons import Verdict
from models.wire.topics import (
    BILLING,
    PREFIX_DEFAULT,
)
from sinks.metrics.table import (
    ERRORS,
    METRICS,
    NO_ACTION,
    PLACES,
    SECONDS_BUCKETS,
    WORK,
    Kind,
    MetricRow,
)
from sinks.ports.batch import Batch

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
