"""Each protection off in turn: the checker must notice. `make chaos` runs these; they are named in `controls`.

`pytest tests/chaos/control_runs.py`
"""

import sys
from dataclasses import replace
from pathlib import Path
from random import Random

import pytest

from streams.embedded.broker import EmbeddedBroker
from streams.embedded.database import EmbeddedDatabase
from tests.chaos.controls import CONTROLS, Control, sabotage, with_protection
from tests.chaos.counting import PERSON
from tests.chaos.rig import LANES, Outcome, Rig
from tests.oracle.processes import UDI
from tests.oracle.world.counts import shelves
from tests.oracle.world.generator import plan
from tests.support.servers.kafka import RealKafka

SEED = 1
SCANS = 1500
SETTLE_SECONDS = 12.0


async def outcome(
    control: Control, real_kafka: RealKafka, database_server: EmbeddedDatabase, database: str, folder: Path
) -> Outcome:
    sabotaged = (sys.executable, "-m", "tests.chaos.sabotaged", control.patch)
    program = sabotaged if control.patch else UDI
    chance = Random(SEED)  # noqa: S311  # Chance that repeats is wanted here.
    made = plan(SEED, SCANS, lanes=LANES, only=control.stories)
    made = made.with_facts_amid() if control.facts_amid else made
    rig = Rig(real_kafka, database_server, database, folder, program=program, settings=control.settings)
    async with rig:
        sabotage(database, control)
        return await rig.run(made, control.faults, chance, per_second=control.per_second, settle_seconds=SETTLE_SECONDS)


@pytest.mark.parametrize("control", CONTROLS, ids=[control.name for control in CONTROLS])
async def test_the_checker_notices_that_a_protection_is_off(
    control: Control, real_kafka: RealKafka, database_server: EmbeddedDatabase, database: str, tmp_path: Path
) -> None:
    found = await outcome(control, real_kafka, database_server, database, tmp_path)

    print(f"\n{control.name}\n{found}")  # noqa: T201  # What broke, for the documents.
    said = [violation.what for violation in found.violations if violation.rule in control.broken]
    assert said, str(found)
    assert all(any(name in what for what in said) for name in control.named), str(found)


@pytest.mark.parametrize("control", CONTROLS, ids=[control.name for control in CONTROLS])
async def test_with_the_protection_the_same_run_breaks_nothing(
    control: Control, real_kafka: RealKafka, database_server: EmbeddedDatabase, database: str, tmp_path: Path
) -> None:
    found = await outcome(with_protection(control), real_kafka, database_server, database, tmp_path)

    assert found.violations == [], str(found)


async def test_without_compare_and_set_the_keys_of_the_offsets_hold(
    real_kafka: RealKafka, database_server: EmbeddedDatabase, database: str, tmp_path: Path
) -> None:
    control = next(control for control in CONTROLS if control.name == "compare-and-set")

    found = await outcome(replace(control, statements=()), real_kafka, database_server, database, tmp_path)

    assert found.violations == [], str(found)


async def test_the_fence_alone_keeps_two_relays_apart(
    real_kafka: RealKafka, database_server: EmbeddedDatabase, database: str, tmp_path: Path
) -> None:
    control = Control("lease", "one relay at a time has the lease", frozenset(), patch="lease", per_second=150)

    found = await outcome(control, real_kafka, database_server, database, tmp_path)

    print(f"\n{control.name}\n{found}")  # noqa: T201  # As above.
    assert {violation.rule for violation in found.violations} & {
        "every_topic_counts_from_one_without_gaps", "every_credit_follows_its_charge",
    } == set(), str(found)  # fmt: skip


async def test_the_checker_notices_that_a_post_of_a_count_is_not_one_transaction(
    embedded_broker: EmbeddedBroker, database_server: EmbeddedDatabase, database: str, tmp_path: Path
) -> None:
    chance, made = Random(SEED), plan(SEED, 1, lanes=LANES)  # noqa: S311  # Chance that repeats is wanted here.
    torn = (*PERSON, "torn")
    rig = Rig(embedded_broker, database_server, database, tmp_path, workers=1, relays=1, person=torn)
    counted = shelves(SEED, 1, lanes=LANES)

    async with rig:
        found = await rig.run(made, [], chance, per_second=0, settle_seconds=SETTLE_SECONDS, shelves=counted)

    assert {violation.rule for violation in found.violations} == {
        "a_posted_count_says_what_was_counted",
        "every_difference_of_a_count_is_booked",
        "a_counted_shelf_holds_what_was_counted_and_moved_since",
    }, str(found)
