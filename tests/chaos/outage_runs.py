"""Outages, a bad network, a full disk, upgrades: what lasts longer than a kill; then everything is accounted for."""

import os
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import urlsplit

import pytest

from streams.embedded.database import EmbeddedDatabase
from tests.chaos.outages import broker_away, disk_full, network_faults, restart_all_in_turn, small_disk
from tests.chaos.rig import LAG_SECONDS_MAX, Rig
from tests.chaos.test_kills import SECONDS, outcome
from tests.oracle.processes import STOP_SECONDS_MAX
from tests.support.loops import run
from tests.support.servers.kafka import RealKafka
from tests.support.servers.postgres import create_database
from tests.support.servers.proxy import FaultProxy

DISK_MEGABYTES = 220

pytestmark = pytest.mark.timeout(600 + 4 * SECONDS)


async def test_nothing_is_lost_or_doubled_when_the_broker_stays_away(
    real_kafka: RealKafka, database_server: EmbeddedDatabase, database: str, tmp_path: Path
) -> None:
    found = await outcome(Rig(real_kafka, database_server, database, tmp_path), [broker_away], once=True)

    assert found.violations == [], str(found)
    assert max(found.recoveries) < LAG_SECONDS_MAX


async def test_nothing_is_lost_or_doubled_by_an_upgrade_and_every_service_ends_in_time(
    real_kafka: RealKafka, database_server: EmbeddedDatabase, database: str, tmp_path: Path
) -> None:
    rig = Rig(real_kafka, database_server, database, tmp_path)

    found = await outcome(rig, [restart_all_in_turn] * 2, once=True)

    assert found.violations == [], str(found)
    assert set(found.stops) == {service.name for service in rig.services}
    assert max(found.stops.values()) < STOP_SECONDS_MAX, str(found)


async def test_nothing_is_lost_or_doubled_when_the_network_to_the_database_cuts_delays_and_loses(
    real_kafka: RealKafka, database_server: EmbeddedDatabase, database: str, tmp_path: Path
) -> None:
    parts = urlsplit(database)
    assert parts.port is not None
    async with FaultProxy(parts.port) as proxy:
        through = parts._replace(netloc=f"{parts.username}:{parts.password}@127.0.0.1:{proxy.port}").geturl()
        rig = Rig(real_kafka, database_server, database, tmp_path, through=through)
        found = await outcome(rig, network_faults(proxy))

    assert found.violations == [], str(found)
    assert proxy.lost_bytes > 0


@pytest.fixture
def full_disk(tmp_path: Path) -> Iterator[tuple[Path, EmbeddedDatabase]]:
    """A database server on a small disk of its own."""
    place = tmp_path / "disk"
    place.mkdir()
    with small_disk(place, DISK_MEGABYTES) as disk:
        server = EmbeddedDatabase(disk / "database")
        run(server.start())
        yield disk, server
        run(server.kill())


@pytest.mark.skipif(os.geteuid() != 0, reason="only root may make a small disk")
async def test_nothing_is_lost_or_doubled_when_the_database_s_disk_is_full(
    real_kafka: RealKafka, full_disk: tuple[Path, EmbeddedDatabase], tmp_path: Path
) -> None:
    disk, server = full_disk
    url = await create_database(server.url)
    folder = tmp_path / "services"
    folder.mkdir()

    found = await outcome(Rig(real_kafka, server, url, folder), [disk_full(disk)] * 2, once=True)

    assert found.violations == [], str(found)
    assert max(found.recoveries) < LAG_SECONDS_MAX
