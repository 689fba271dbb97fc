"""The topics: names, who is keyed by what, which are compacted.

References:
    docs/contract.md, section "Topics".
"""

from dataclasses import dataclass

PREFIX_DEFAULT = "udi."


@dataclass(frozen=True, slots=True)
class Topic:
    """One topic; its full name is the prefix (a setting) and `name`."""

    name: str
    written_by: str
    compacted: bool = False
    lanes: bool = False
    """Has as many partitions as `scans`: what a scan causes goes out on the partition it came in on."""
    large: bool = False
    """Takes records larger than the inputs' limit: a dead letter carries the whole refused record."""


SCANS = "scans"
CATALOGUE = "catalogue"
ENCOUNTERS = "encounters"
RECALLS = "recalls"
STORES = "stores"
DELIVERIES = "deliveries"
HIS_CHARGES = "his-charges"
DISCHARGES = "discharges"
INCOME = "income"
BILLING = "billing"
VERDICTS = "verdicts"
ALERTS = "alerts"
CASES = "cases"
SETTLEMENT = "settlement"
DEAD_LETTERS = "dead-letters"

TOPICS: tuple[Topic, ...] = (
    Topic(SCANS, "terminals", lanes=True),
    Topic(CATALOGUE, "HIS", compacted=True),
    Topic(ENCOUNTERS, "HIS", compacted=True),
    Topic(HIS_CHARGES, "HIS"),
    Topic(DISCHARGES, "HIS", compacted=True),
    Topic(INCOME, "HIS", compacted=True),
    Topic(RECALLS, "patient safety"),
    Topic(STORES, "HIS", compacted=True),
    Topic(DELIVERIES, "supplier platform"),
    Topic(BILLING, "relay", lanes=True),
    Topic(VERDICTS, "relay", lanes=True),
    Topic(ALERTS, "relay"),
    Topic(CASES, "relay"),
    Topic(SETTLEMENT, "relay", lanes=True),
    Topic(DEAD_LETTERS, "relay", lanes=True, large=True),
)

LANE_OUTPUTS: tuple[str, ...] = (BILLING, VERDICTS, SETTLEMENT, DEAD_LETTERS)
"""Topics with one counter per lane, in the order of the outbox counters."""
COUNTED_OUTPUTS: tuple[str, ...] = (ALERTS, CASES)
"""Topics of the relay that are no lane's: each partition has a counter in `udi.topic_counter`."""

SEQ_HEADER = "udi-seq"
ID_HEADER = "udi-id"
REASON_HEADER = "udi-reason"
ORIGIN_HEADER = "udi-origin"
RECORD_BYTES_MAX = 900_000
"""A larger input record is refused `too-large`. Kafka's own default limit is 1 MiB; the rest is room for headers."""
