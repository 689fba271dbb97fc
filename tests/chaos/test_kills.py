"""Whatever dies, every scan is accounted for exactly once and everything is published once and in order.

`UDI_CHAOS_SECONDS` makes the runs longer, `UDI_CHAOS_SEED` makes them others; the figures stand in the output.
"""

import os
from collections.abc import Sequence
from pathlib import Path
from random import Random

import pytest

from streams.embedded.broker import EmbeddedBroker
from streams.embedded.database import EmbeddedDatabase
from tests.chaos.rig import (
    LAG_SECONDS_MAX,
    LANES,
    Fault,
    Outcome,
    Rig,
    freeze_a_relay,
    freeze_a_worker,
    kill_a_relay,
    kill_a_worker,
    kill_everybody,
    kill_the_broker,
    kill_the_database,
    kill_the_scheduler,
)
from tests.oracle.world.counts import shelves
from tests.oracle.world.generator import plan
from tests.support.servers.kafka import RealKafka

SECONDS = float(os.environ.get("UDI_CHAOS_SECONDS", "12"))
SEED = int(os.environ.get("UDI_CHAOS_SEED", "1"))
PER_SECOND = 150
COUNTS = max(1, int(SECONDS / 12))
"""Shelves that are counted and posted meanwhile."""
DIGEST_SECONDS = 2.0
"""What a fault takes on average, to fill the time with them."""

pytestmark = pytest.mark.timeout(900 + 4 * SECONDS)


def shuffled(faults: Sequence[Fault], chance: Random) -> list[Fault]:
    """Each at least once, and as many as fill the time."""
    more = max(0, int(SECONDS / DIGEST_SECONDS) - len(faults))
    chosen = [*faults, *chance.choices(faults, k=more)]
    chance.shuffle(chosen)
    return chosen


async def outcome(
    rig: Rig, faults: Sequence[Fault], *, facts_amid: bool = False, once: bool = False, counts: int = 0
) -> Outcome:
    chance = Random(SEED)  # noqa: S311  # Chance that repeats is wanted here.
    made = plan(SEED, int(SECONDS * PER_SECOND), lanes=LANES)
    made = made.with_facts_amid() if facts_amid else made
    async with rig:
        found = await rig.run(
            made, faults if once else shuffled(faults, chance), chance, per_second=PER_SECOND,
            shelves=shelves(SEED, counts, lanes=LANES),
        )  # fmt: skip
    print(f"\nseed {SEED}\n{found}")  # noqa: T201  # The figures are what a long run is for.
    assert found.leaked == []
    return found


async def test_nothing_is_lost_or_doubled_when_workers_and_relays_are_killed_and_frozen(
    real_kafka: RealKafka, database_server: EmbeddedDatabase, database: str, tmp_path: Path
) -> None:
    rig = Rig(real_kafka, database_server, database, tmp_path)

    found = await outcome(
        rig,
        [kill_a_worker, kill_a_worker, kill_a_relay, kill_a_relay, freeze_a_worker, freeze_a_relay, kill_everybody],
        counts=COUNTS,
    )

    assert found.violations == [], str(found)
    assert max(found.recoveries) < LAG_SECONDS_MAX


async def test_nothing_is_lost_or_doubled_when_the_broker_and_the_database_are_killed(
    real_kafka: RealKafka, database_server: EmbeddedDatabase, database: str, tmp_path: Path
) -> None:
    rig = Rig(real_kafka, database_server, database, tmp_path)

    found = await outcome(rig, [kill_the_broker, kill_the_database, kill_a_worker], facts_amid=True, counts=COUNTS)

    assert found.violations == [], str(found)
    assert max(found.recoveries) < LAG_SECONDS_MAX


async def test_nothing_is_lost_or_doubled_by_kills_on_the_embedded_broker(
    embedded_broker: EmbeddedBroker, database_server: EmbeddedDatabase, database: str, tmp_path: Path
) -> None:
    rig = Rig(embedded_broker, database_server, database, tmp_path, workers=1, relays=1)

    found = await outcome(rig, [kill_a_worker, kill_a_relay, kill_the_database, kill_the_scheduler], counts=COUNTS)

    assert found.violations == [], str(found)
    assert max(found.recoveries) < LAG_SECONDS_MAX
