"""Composition: which part stands where. The one place that knows all of them."""

import asyncio
from collections.abc import Callable, Mapping, Sequence
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
from sinks.ports.batch import Batch, RawRecord
from sinks.postgres.assessment.cases import AssessedBatch, AssessedBooks
from sinks.postgres.bell import Bell
from sinks.postgres.catalogue.facts import FactBatch, FactBooks
from sinks.postgres.charging.books import PostgresBooks
from sinks.postgres.database import check_books, open_pool_patiently
from sinks.postgres.operating.interventions import Interventions, Word
from sinks.postgres.reconciling.his_lines import HisLineBooks, LineBatch
from sinks.postgres.stock.cabinets import CabinetBatch, CabinetBooks
from sinks.postgres.stock.supply_facts import SupplyBatch, SupplyBooks
from sinks.postgres.web.devices import DeviceBooks
from streams.agents.sweeps import Sweeps
from streams.lanes.facts import FactLane, Facts
from streams.lanes.lane import Lane
from streams.lanes.partitions import PartitionReader
from streams.lanes.reader import Taken
from streams.lanes.told import Record, Told
from streams.services.watching import Watching
from streams.settings import Settings

log = structlog.get_logger(__name__)

FACT_TOPICS = (CATALOGUE, ENCOUNTERS, HIS_CHARGES, DISCHARGES, INCOME, RECALLS, STORES, DELIVERIES, CABINET_READS)
"""What is read beside scans."""
_Steps = dict[str, tuple[Callable[[RawRecord], Any], Callable[..., None]]]
"""By topic: what parses a record, and what adds it to a batch."""

SIGNERS_SECONDS = 5.0
"""How old what is known of devices that sign may be."""
Channels = Mapping[str, Any]
"""Where the readers put batches: the channel of the agent of each input topic, by the topic's name without prefix."""


class _Watched(Told):
    """What lanes do, told to who watches this process and to Faust's monitor."""

    def __init__(self, watch: Watching, app: faust.App) -> None:
        self._watch = watch
        self._app = app
        self.bell: Bell | None = None
        """Of the outbox; `None` before the books are open."""

    def recorded(self, batch: Batch, records: Sequence[Record]) -> None:
        """The relay is told; counts, and the ages of the records."""
        if self.bell is not None:
            self.bell.ring()
        now = datetime.now(UTC)
        self._watch.recorded(batch, [(now - each.timestamp).total_seconds() for each in records])
        self.count("scans", len(records))

    def failed(self, place: str, error: Exception) -> None:
        """Something was set aside."""
        self._watch.metrics.internal_error(place, error)

    def count(self, agent: str, records: int) -> None:
        """So many records of an agent are recorded: Faust's monitor adds them up under `recorded.<agent>`."""
        self._app.monitor.count(f"recorded.{agent}", records)


class Worker(mode.Service):
    """Everything one worker process runs: the books, the scan lanes, the facts."""

    def __init__(self, settings: Settings, app: faust.App, channels: Channels, watch: Watching, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self._settings = settings
        self._channels = channels
        self._watch = watch
        self._told = _Watched(watch, app)
        self._app = app
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
            said=self._said,
            loop=app.loop,
            beacon=self.beacon,
        )
        self.sweeps = Sweeps(lambda: self.scans.readers)
        self.facts = PartitionReader(
            settings, [settings.topic(each) for each in FACT_TOPICS], f"{prefix}facts",
            self._take_facts, watch, said=self._said, loop=app.loop, beacon=self.beacon,
        )  # fmt: skip

    async def on_start(self) -> None:
        """Open the pools and start both readers."""
        settings = self._settings
        self._hot = await open_pool_patiently(settings.database(), settings.lanes + 1, hot=True)
        self._facts = await open_pool_patiently(settings.database(), 4)
        self._told.bell = Bell(self._facts)
        # `faust worker` comes here without the look that `udi run` takes first.
        await check_books(self._facts, settings.topic_prefix, settings.lanes, settings.zone)
        readers = (self.scans, self.facts)
        self._watch.contact.assigned = 0
        self._watch.held = lambda: [each for reader in readers for each in reader.held]
        self._watch.stopped = lambda: [each for reader in readers for each in reader.stopped]
        log.info("Agents at work.", agents=sorted(self._app.agents))
        # Health first: a broker that is away at the start must be seen.
        await self.add_async_context(self._watch.running(self._facts))
        self._signers = Signers(await DeviceBooks(self._facts).signers())
        self.add_future(self._know_signers(DeviceBooks(self._facts)))
        await self.add_runtime_dependency(self.facts)
        await self.add_runtime_dependency(self.scans)

    async def on_stop(self) -> None:
        """End the sweeps; the readers end with what they have in hand."""
        await self.sweeps.stop()

    async def on_shutdown(self) -> None:
        """Close the pools after the readers have ended."""
        for pool in (self._hot, self._facts):
            if pool is not None:
                pool.terminate()

    async def _take_scans(self, cluster: str, topic: str, partition: int) -> Taken:
        assert self._hot is not None  # noqa: S101 -- opened before the readers start
        books = PostgresBooks(self._hot, self._settings.zone)
        state = await books.take_over(cluster, topic, partition)
        signers = lambda: self._signers  # noqa: E731 -- as they are known when a record is read
        lane = Lane(state, books, self._catalogue, self._settings.zone, POLICY, self._told, signers)
        return Taken(lane, self._channels[SCANS])

    async def _said(self, topic: str, partition: int, cluster: str) -> Word:
        assert self._facts is not None  # noqa: S101 -- opened before the readers start
        name = topic.removeprefix(self._settings.topic_prefix)
        return await Interventions(self._facts).word(name, partition, cluster)

    async def _know_signers(self, books: DeviceBooks) -> None:
        while True:
            await asyncio.sleep(SIGNERS_SECONDS)
            try:
                self._signers = Signers(await books.signers())
            except Exception as error:  # noqa: BLE001 -- nothing may end the worker for it
                log.warning("What is known of devices that sign stays as it was.", error=type(error).__name__)

    async def _take_facts(self, cluster: str, topic: str, partition: int) -> Taken:
        assert self._facts is not None  # noqa: S101 -- opened before the readers start
        pool, lanes = self._facts, self._settings.lanes
        name = next(each for each in FACT_TOPICS if topic == self._settings.topic(each))
        if name == HIS_CHARGES:
            lines = HisLineBooks(pool, lanes)
            facts = Facts(lines.parse, lines.add, lines.record, LineBatch)
            position = await lines.take_over(cluster, topic, partition)
        elif name in {DISCHARGES, INCOME}:
            cases = AssessedBooks(pool, lanes)
            steps: _Steps = {
                DISCHARGES: (cases.parse_discharge, cases.add_discharge),
                INCOME: (cases.parse_income, cases.add_income),
            }
            facts = Facts(*steps[name], cases.record, AssessedBatch)
            position = await cases.take_over(cluster, topic, partition)
        elif name in {RECALLS, STORES, DELIVERIES}:
            supply = SupplyBooks(pool, lanes)
            steps = {
                RECALLS: (supply.parse_recall, supply.add_recall),
                STORES: (supply.parse_store, supply.add_store),
                DELIVERIES: (supply.parse_delivery, supply.add_delivery),
            }
            facts = Facts(*steps[name], supply.record, SupplyBatch)
            position = await supply.take_over(cluster, topic, partition)
        elif name == CABINET_READS:
            reads = CabinetBooks(pool, lanes)
            facts = Facts(reads.parse, reads.add, reads.record, CabinetBatch)
            position = await reads.take_over(cluster, topic, partition)
        else:
            books = FactBooks(pool, lanes)
            parse = books.parse_item if name == CATALOGUE else books.parse_encounter
            facts = Facts(parse, books.add, books.record, FactBatch, books.gather)
            position = await books.take_over(cluster, topic, partition)

        def recorded(records: int, letters: Sequence[str]) -> None:
            self._told.count(name, records)
            for reason in letters:
                self._watch.metrics.dead_letters(reason)

        return Taken(FactLane(name, position, facts, self._told, recorded), self._channels[name])
