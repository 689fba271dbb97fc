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
    """Without the prefix."""
    written_by: str
    """Who publishes on it."""
    compacted: bool = False
    """Kafka keeps the newest record of each key for ever."""
    lanes: bool = False
    """Has as many partitions as `scans`: what a scan causes goes out on the partition it came in on."""
    large: bool = False
    """Takes records larger than the inputs' limit: a dead letter carries the whole refused record."""
    kept_days: int = 30
    """How long records stay; `UDI_OUTAGE_DAYS_MAX` when that is longer. Not where compacted. Own choice: a month
    for what is read at once, a quarter for what is money or a person's, a year for recalls."""


SCANS = "scans"
CATALOGUE = "catalogue"
ENCOUNTERS = "encounters"
RECALLS = "recalls"
STORES = "stores"
DELIVERIES = "deliveries"
CABINET_READS = "cabinet-reads"
HIS_CHARGES = "his-charges"
DISCHARGES = "discharges"
INCOME = "income"
BILLING = "billing"
VERDICTS = "verdicts"
ALERTS = "alerts"
CASES = "cases"
SEALS = "seals"
STATEMENTS = "statements"
ORDERS = "orders"
SETTLEMENT = "settlement"
DEAD_LETTERS = "dead-letters"

TOPICS: tuple[Topic, ...] = (
    Topic(SCANS, "terminals", lanes=True),
    Topic(CATALOGUE, "HIS", compacted=True),
    Topic(ENCOUNTERS, "HIS", compacted=True),
    Topic(HIS_CHARGES, "HIS"),
    Topic(DISCHARGES, "HIS", compacted=True),
    Topic(INCOME, "HIS", compacted=True),
    Topic(RECALLS, "patient safety", kept_days=365),
    Topic(STORES, "HIS", compacted=True),
    Topic(DELIVERIES, "supplier platform", kept_days=90),
    Topic(CABINET_READS, "cabinets"),
    Topic(BILLING, "relay", lanes=True, kept_days=90),
    Topic(VERDICTS, "relay", lanes=True),
    Topic(ALERTS, "relay", kept_days=90),
    Topic(CASES, "relay", kept_days=90),
    Topic(SEALS, "relay", kept_days=365),
    Topic(STATEMENTS, "relay", kept_days=365),
    Topic(ORDERS, "relay", kept_days=365),
    Topic(SETTLEMENT, "relay", lanes=True, kept_days=90),
    Topic(DEAD_LETTERS, "relay", lanes=True, large=True, kept_days=90),
)

LANE_OUTPUTS: tuple[str, ...] = (BILLING, VERDICTS, SETTLEMENT, DEAD_LETTERS)
"""Topics with one counter per lane, in the order of the outbox counters."""
COUNTED_OUTPUTS: tuple[str, ...] = (ALERTS, CASES, SEALS, STATEMENTS, ORDERS)
"""Topics of the relay that are no lane's: each partition has a counter in `udi.topic_counter`."""

SEQ_HEADER = "udi-seq"
ID_HEADER = "udi-id"
REASON_HEADER = "udi-reason"
ORIGIN_HEADER = "udi-origin"
RECORD_BYTES_MAX = 900_000
"""A larger input record is refused `too-large`. Kafka's own default limit is 1 MiB; the rest is room for headers."""
LETTER_VALUE_BYTES_MAX = 3_000_000
"""Of a value in its dead letter: more only comes compressed, where it is many times smaller. With a key of
`RECORD_BYTES_MAX` it fits what the topic of dead letters takes; a letter that does not would stop its lane for ever."""
