"""The naive Faust app: Faust's own consumer, an agent that takes one event at a time."""

from datetime import UTC, datetime
from typing import Any

import faust

from benchmarks.naive.books import NaiveBooks
from benchmarks.parts import let_all_write_balances
from models.charging.snapshot import Catalogue
from models.policy import POLICY
from models.wire.topics import SCANS
from sinks.postgres.database import open_pool
from streams.agents.scans import record_scans
from streams.lanes.lane import Lane
from streams.lanes.told import Record
from streams.settings import Settings
from streams.topics import cluster_id


class _Lanes:
    """The lanes this process has met."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._catalogue = Catalogue()
        self._lanes: dict[int, Lane] = {}
        self._books: NaiveBooks | None = None

    async def of(self, topic: str, partition: int) -> Lane:
        """The lane of a partition."""
        lane = self._lanes.get(partition)
        if lane is None:
            settings = self._settings
            if self._books is None:
                pool = await open_pool(settings.database(), 2)
                await let_all_write_balances(pool)
                self._books = NaiveBooks(pool, settings.zone)
            state = await self._books.take_over(await cluster_id(settings), topic, partition)
            lane = self._lanes[partition] = Lane(state, self._books, self._catalogue, settings.zone, POLICY)
        return lane


def make_app(settings: Settings) -> faust.App:
    """The app; it starts at the first record of every partition."""
    app = faust.App(
        f"{settings.topic_prefix}naive",
        broker=f"kafka://{settings.bootstrap_servers}",
        broker_session_timeout=settings.session_timeout_seconds,
        broker_heartbeat_interval=1.0,
        broker_rebalance_timeout=settings.session_timeout_seconds * 2,
        web_enabled=False,
        datadir=str(settings.data_dir / "naive"),
        autodiscover=False,
    )
    topic = app.topic(
        settings.topic(SCANS), key_type=bytes, value_type=bytes, key_serializer="raw", value_serializer="raw"
    )
    lanes = _Lanes(settings)

    @app.agent(topic, name="record")
    async def record(stream: Any) -> None:
        async for event in stream.events():
            message = event.message
            lane = await lanes.of(message.topic, message.partition)
            at = datetime.fromtimestamp(message.timestamp, UTC)
            read = Record(message.offset, at, message.key, message.value)
            await record_scans(lane, lane.read([read], message.offset + 1))

    return app
