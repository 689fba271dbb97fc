"""Composition: which part stands where. The one place that knows all of them."""

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import asyncpg
import faust
import mode
import structlog

from models.charging.snapshot import Catalogue
from models.policy import POLICY
from models.scan.signatures import NO_SIGNERS, Signers
from models.wire.topics import (
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
from sinks.ports.batch import Batch, InputPosition, RawRecord
from sinks.postgres.assessment.cases import AssessedBatch, AssessedBooks
from sinks.postgres.catalogue.facts import FactBatch, FactBooks
from sinks.postgres.charging.books import PostgresBooks
from sinks.postgres.database import open_pool_patiently
from sinks.postgres.reconciling.his_lines import HisLineBooks, LineBatch
from sinks.postgres.stock.supply_facts import SupplyBatch, SupplyBooks
from sinks.postgres.web.devices import DeviceBooks
from streams.lanes.lane import Lane, Record
from streams.lanes.partitions import PartitionReader
from streams.services.watching import Watching
from streams.settings import Settings

FACT_TOPICS = (CATALOGUE, ENCOUNTERS, HIS_CHARGES, DISCHARGES, INCOME, RECALLS, STORES, DELIVERIES)
log = structlog.get_logger(__name__)
SIGNERS_SECONDS = 5.0
"""How old what is known of devices that sign may be."""
HANDOVER_SECONDS_MAX = 60.0
"""How long a batch may be with the agent; then it is not known to be recorded and the position is read again."""


class Work:
    """One batch of one lane on its way through the agent's channel."""

    def __init__(self, lane: Lane, records: Sequence[Record], next_offset: int) -> None:
        self._lane = lane
        self._records = records
        self._next_offset = next_offset
        self.done: asyncio.Future[None] = asyncio.get_running_loop().create_future()

    async def run(self) -> None:
        """Decide and record; the outcome, also a failure, goes to `done` and never into Faust."""
        try:
            await self._lane.record(self._lane.read(self._records, self._next_offset))
        except BaseException as error:
            self._end(error)
            if not isinstance(error, Exception):
                raise
        else:
            self._end(None)

    def _end(self, error: BaseException | None) -> None:
        if self.done.done():
            return
        if error is None:
            self.done.set_result(None)
        elif isinstance(error, Exception):
            self.done.set_exception(error)
        else:
            self.done.set_exception(TimeoutError("The agent was stopped while it held the batch."))


class ScanPartition:
    """A partition of `udi.scans`: hands whole batches to the agent."""

    def __init__(self, lane: Lane, channel: Any) -> None:
        self._lane = lane
        self._channel = channel

    @property
    def position(self) -> InputPosition:
        """Where the lane stands."""
        return self._lane.position

    async def record(self, records: Sequence[Record], next_offset: int) -> None:
        """Through the agent's channel and back."""
        work = Work(self._lane, records, next_offset)
        await self._channel.put(work)
        await asyncio.wait_for(work.done, HANDOVER_SECONDS_MAX)

    async def idle(self) -> None:
        """Re-decide what may be free."""
        await self._lane.sweep()


class FactPartition:
    """A partition of a topic of facts."""

    def __init__(
        self,
        position: InputPosition,
        books: FactBooks | HisLineBooks | AssessedBooks | SupplyBooks,
        batch: Callable[[], Any],
        read: Callable[[Any, RawRecord, datetime, str], None],
        watch: Watching,
    ) -> None:
        self.position = position
        self._books: Any = books
        self._batch = batch
        self._read = read
        self._watch = watch

    async def record(self, records: Sequence[Record], next_offset: int) -> None:
        """Versions and dead letters, with the position, in one transaction."""
        at = self.position.next_offset
        batch = self._batch()
        kept = [record for record in records if record.offset >= at]
        for record in kept:
            raw, origin = RawRecord(record.key, record.value), self.position.origin(record.offset)
            self._read(batch, raw, record.timestamp, origin)
        if next_offset > at:
            last_hash = kept[-1].hash if kept else None
            await self._books.record(self.position, next_offset, last_hash, batch)
            for letter in batch.letters:
                self._watch.metrics.dead_letters(str(letter.reason))
            self.position = replace(self.position, next_offset=next_offset, last_hash=last_hash)

    async def idle(self) -> None:
        """Nothing waits here."""


class Worker(mode.Service):
    """Everything one worker process runs: the books, the scan lanes, the facts."""

    def __init__(self, settings: Settings, app: faust.App, channel: Any, watch: Watching, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self._settings = settings
        self._channel = channel
        self._watch = watch
        self._catalogue = Catalogue()
        self._signers = NO_SIGNERS
        self._hot: asyncpg.Pool | None = None
        self._facts: asyncpg.Pool | None = None
        prefix = settings.topic_prefix
        self.scans = PartitionReader(
            settings,
            [settings.topic(SCANS)],
            f"{prefix}worker",
            self._take_scans,
            watch,
            loop=app.loop,
            beacon=self.beacon,
        )
        self.facts = PartitionReader(
            settings, [settings.topic(each) for each in FACT_TOPICS], f"{prefix}facts",
            self._take_facts, watch, loop=app.loop, beacon=self.beacon,
        )  # fmt: skip

    async def on_start(self) -> None:
        """Open the pools and start both readers."""
        settings = self._settings
        self._hot = await open_pool_patiently(settings.database(), settings.lanes + 1, hot=True)
        self._facts = await open_pool_patiently(settings.database(), 3)
        readers = (self.scans, self.facts)
        self._watch.contact.assigned = 0
        self._watch.held = lambda: [each for reader in readers for each in reader.held]
        self._watch.stopped = lambda: [str(reader.failed) for reader in readers if reader.failed]
        # Health first: a broker that is away at the start must be seen.
        await self.add_async_context(self._watch.running(self._facts))
        self._signers = Signers(await DeviceBooks(self._facts).signers())
        self.add_future(self._know_signers(DeviceBooks(self._facts)))
        await self.add_runtime_dependency(self.facts)
        await self.add_runtime_dependency(self.scans)

    async def on_shutdown(self) -> None:
        """Close the pools after the readers have ended."""
        for pool in (self._hot, self._facts):
            if pool is not None:
                pool.terminate()

    async def _take_scans(self, cluster: str, topic: str, partition: int) -> ScanPartition:
        assert self._hot is not None  # noqa: S101 -- opened before the readers start
        books = PostgresBooks(self._hot, self._settings.zone)
        state = await books.take_over(cluster, topic, partition)
        lane = Lane(state, books, self._catalogue, self._settings.zone, POLICY, self._recorded, lambda: self._signers)
        return ScanPartition(lane, self._channel)

    async def _know_signers(self, books: DeviceBooks) -> None:
        while True:
            await asyncio.sleep(SIGNERS_SECONDS)
            try:
                self._signers = Signers(await books.signers())
            except (asyncpg.PostgresError, asyncpg.InterfaceError, OSError, TimeoutError) as error:
                log.warning("What is known of devices that sign stays as it was.", error=type(error).__name__)

    async def _take_facts(self, cluster: str, topic: str, partition: int) -> FactPartition:
        assert self._facts is not None  # noqa: S101 -- opened before the readers start
        pool, settings = self._facts, self._settings
        if topic == settings.topic(HIS_CHARGES):
            lines = HisLineBooks(pool, settings.lanes)
            position = await lines.take_over(cluster, topic, partition)
            return FactPartition(position, lines, LineBatch, lines.read, self._watch)
        assessed = next((each for each in (DISCHARGES, INCOME) if topic == settings.topic(each)), None)
        if assessed is not None:
            cases = AssessedBooks(pool, settings.lanes)
            position = await cases.take_over(cluster, topic, partition)
            return FactPartition(position, cases, AssessedBatch, cases.reader_of(assessed), self._watch)
        supply = SupplyBooks(pool, settings.lanes)
        reads = {RECALLS: supply.read_recall, STORES: supply.read_store, DELIVERIES: supply.read_delivery}
        for name, read_record in reads.items():
            if topic == settings.topic(name):
                position = await supply.take_over(cluster, topic, partition)
                return FactPartition(position, supply, SupplyBatch, read_record, self._watch)
        facts = FactBooks(pool, settings.lanes)
        position = await facts.take_over(cluster, topic, partition)
        read = facts.read_item if topic == settings.topic(CATALOGUE) else facts.read_encounter
        return FactPartition(position, facts, FactBatch, read, self._watch)

    def _recorded(self, batch: Batch, records: Sequence[Record]) -> None:
        now = datetime.now(UTC)
        self._watch.recorded(batch, [(now - each.timestamp).total_seconds() for each in records])
