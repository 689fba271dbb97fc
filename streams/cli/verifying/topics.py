"""The topics against the books: output records once, in order, byte by byte; input records with their verdict.

What is compared shares no code with what writes.
"""

import time
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, Final

import asyncpg
import orjson
from aiokafka import ConsumerRecord, TopicPartition

from models.scan.event import TICK_SCHEMA
from models.wire.topics import ID_HEADER, ORIGIN_HEADER, REASON_HEADER, SCANS, SEQ_HEADER
from sinks.postgres.operating.interventions import Interventions, Word
from sinks.postgres.verifying.books import ROWS_SHOWN, Check, Finding
from sinks.postgres.verifying.topics import (
    DueRecord,
    RecordedInput,
    begun_after,
    due_records,
    newest_seqs,
    positions_of,
    recorded_between,
)
from streams.cli.operating.topic_reader import TopicReader
from streams.settings import Settings
from streams.topics import cluster_id

ONCE: Final = Check("published-once", "each record of the outbox lies on its topic once, in order, byte by byte")
ALL: Final = Check("all-published", "everything in the outbox is published")
INPUT: Final = Check(
    "one-verdict-of-a-record", "every record of the scan topic has one verdict, of the bytes that lie there"
)
TOPIC_CHECKS: Final = (ONCE, ALL, INPUT)
_ROWS: Final = 2000


@dataclass(slots=True)
class _Found:
    """What is wrong: the first rows and the number of all."""

    failures: int = 0
    first: list[dict[str, Any]] = field(default_factory=list)

    def add(self, tp: TopicPartition, **row: Any) -> None:
        self.failures += 1
        if len(self.first) < ROWS_SHOWN:
            self.first.append({"topic": tp.topic, "partition": tp.partition, **row})


class _Output:
    """One output partition, read beside its outbox."""

    def __init__(self, pool: asyncpg.Pool, tp: TopicPartition, topic: str, begun: int) -> None:
        self._pool = pool
        self._tp = tp
        self._topic = topic
        self._begun = begun
        self._due: deque[DueRecord] = deque()
        self._seen = 0
        self.first_seq: int | None = None
        """Of the oldest record that retention has left."""

    @property
    def last_seq(self) -> int:
        """Of the newest record read."""
        return self._seen

    async def take(self, record: ConsumerRecord, wrong: _Found) -> None:
        """Compare the next record of the topic."""
        headers = {name: value.decode() for name, value in record.headers}
        text = headers.get(SEQ_HEADER, "")
        if not text.isascii() or not text.isdigit():
            wrong.add(self._tp, offset=record.offset, what=f"expected a sequence number, got {text!r}")
            return
        seq = int(text)
        if self.first_seq is None:
            # What retention has removed can't be compared; a log that begins at offset 0 begins with 1, or where a
            # person let it begin.
            self.first_seq = seq
            self._seen = self._begun if record.offset == 0 else seq - 1
        if seq != self._seen + 1:
            wrong.add(self._tp, offset=record.offset, what=f"expected record {self._seen + 1}, got {seq}")
            if seq <= self._seen:
                return
        self._seen = seq
        due = await self._expected(seq)
        shown = (
            headers.get(ID_HEADER), record.key or b"", record.value or b"",
            headers.get(REASON_HEADER), headers.get(ORIGIN_HEADER),
        )  # fmt: skip
        if due is None:
            wrong.add(self._tp, offset=record.offset, what=f"record {seq} is not in the outbox")
        elif shown != due[1:]:
            names = ("id", "key", "body", "reason", "origin")
            pairs = zip(names, shown, due[1:], strict=True)
            other = [name for name, one, two in pairs if one != two and not (name == "body" and two is None)]
            if not other:
                return
            wrong.add(self._tp, offset=record.offset, what=f"record {seq} differs in {', '.join(other)}")

    async def _expected(self, seq: int) -> DueRecord | None:
        while self._due and self._due[0].seq < seq:
            self._due.popleft()
        if not self._due:
            self._due.extend(await due_records(self._pool, self._topic, self._tp.partition, seq))
        return self._due.popleft() if self._due and self._due[0].seq == seq else None


async def verify_topics(
    settings: Settings,
    pool: asyncpg.Pool,
    wait_seconds: float,
    told: Callable[[Finding], None] = lambda _: None,
    chosen: Callable[[str], bool] = lambda _: True,
) -> list[Finding]:
    """The findings of the chosen checks of the topics. Waits so long for a relay that is behind.

    Raises:
        TimeoutError: the broker did not answer.
    """
    findings = []
    if chosen(ONCE.name) or chosen(ALL.name):
        findings += [each for each in await _outputs(settings, pool, wait_seconds) if chosen(each.name)]
    for finding in findings:
        told(finding)
    if chosen(INPUT.name):
        findings.append(await _input(settings, pool))
        told(findings[-1])
    return findings


async def _outputs(settings: Settings, pool: asyncpg.Pool, wait_seconds: float) -> list[Finding]:
    before = time.monotonic()
    newest = await newest_seqs(pool)
    begun = await begun_after(pool, await cluster_id(settings))
    outputs = {
        (tp := TopicPartition(settings.topic(topic), partition)): _Output(
            pool, tp, topic, begun.get((topic, partition), 0)
        )
        for topic, partition in newest
    }
    due = {TopicPartition(settings.topic(topic), partition): seq for (topic, partition), seq in newest.items()}
    wrong, waiting = _Found(), _Found()
    async with TopicReader(settings, outputs) as reader:
        deadline = time.monotonic() + wait_seconds
        while True:
            await reader.read(lambda tp, record: outputs[tp].take(record, wrong))
            behind = [tp for tp, output in outputs.items() if output.last_seq < due[tp]]
            if not behind or time.monotonic() > deadline:
                break
    for tp in behind:
        waiting.add(tp, published=outputs[tp].last_seq, outbox=due[tp])
    records = sum(output.last_seq - (output.first_seq or 1) + 1 for output in outputs.values() if output.last_seq)
    gone = sum((output.first_seq or 1) - 1 for output in outputs.values())
    note = f"{records:,} records on {len(outputs)} partitions" + (
        f"; {gone:,} older ones are gone by retention" if gone else ""
    )
    seconds = time.monotonic() - before
    return [
        ONCE.found(wrong.failures, wrong.first, seconds, note),
        ALL.found(waiting.failures, waiting.first, 0.0, f"{sum(due.values()):,} records"),
    ]


async def _input(settings: Settings, pool: asyncpg.Pool) -> Finding:
    """The scan topic, up to where each position stood when it was read."""
    before = time.monotonic()
    topic = settings.topic(SCANS)
    cluster, said = await cluster_id(settings), Interventions(pool)
    inputs = {
        TopicPartition(topic, each.partition): _Input(
            pool, each.position_id, each.next_offset, await said.word(SCANS, each.partition, cluster)
        )
        for each in await positions_of(pool, cluster, topic)
    }
    wrong = _Found()
    async with TopicReader(settings, inputs) as reader:
        await reader.read(lambda tp, record: inputs[tp].take(tp, record, wrong))
    for tp, each in inputs.items():
        await each.missing(tp, each.end_offset, wrong)
    records, gone = sum(each.records for each in inputs.values()), sum(each.gone for each in inputs.values())
    ranges = ", ".join(f"{tp.partition}: {each.gone}..{each.end_offset}" for tp, each in inputs.items())
    note = f"{records:,} records, offsets {ranges}" if inputs else "no position of this cluster"
    return INPUT.found(
        wrong.failures, wrong.first, time.monotonic() - before, note + ("; older ones are gone" if gone else "")
    )


class _Input:
    """One partition of the scan topic, read beside the recorded scans."""

    def __init__(self, pool: asyncpg.Pool, position: int, end_offset: int, word: Word) -> None:
        self._pool = pool
        self._position = position
        self._word = word
        self.end_offset = end_offset
        self._recorded: deque[RecordedInput] = deque()
        self._read_to = 0
        self.records = 0
        self.gone = 0
        """Offsets before the oldest record that retention has left."""

    async def take(self, tp: TopicPartition, record: ConsumerRecord, wrong: _Found) -> None:
        """Look for the verdict of the next record."""
        if record.offset >= self.end_offset:
            return
        if not self.records:
            self.gone = self._read_to = record.offset
        self.records += 1
        await self.missing(tp, record.offset, wrong)
        if self._recorded and self._recorded[0][0] == record.offset:
            recorded = self._recorded.popleft()
            value = record.value if recorded.let_go else recorded.raw
            if (recorded.record_key, value) != (record.key, record.value):
                wrong.add(tp, offset=record.offset, what="recorded with other bytes")
        elif not _is_tick(record.value) and self._word.after(record.offset) == record.offset:
            wrong.add(tp, offset=record.offset, what="no verdict")

    async def missing(self, tp: TopicPartition, upto: int, wrong: _Found) -> None:
        """Verdicts of offsets below `upto` at which no record lies; reads on as far as needed."""
        while self._read_to <= min(upto, self.end_offset - 1):
            end = min(self._read_to + _ROWS, self.end_offset)
            self._recorded.extend(await recorded_between(self._pool, self._position, self._read_to, end))
            self._read_to += _ROWS
        while self._recorded and self._recorded[0][0] < upto:
            wrong.add(tp, offset=self._recorded.popleft()[0], what="a verdict, and no record")


def _is_tick(value: bytes | None) -> bool:
    if value is None or len(value) > 1000 or TICK_SCHEMA.encode() not in value:
        return False
    try:
        return bool(orjson.loads(value).get("schema") == TICK_SCHEMA)
    except (orjson.JSONDecodeError, AttributeError):
        return False
