"""The control runs still fit the product: what they switch off is there. The runs themselves: `control_runs`."""

from pathlib import Path

from sinks.postgres.stock import counts
from streams.embedded.broker import EmbeddedBroker
from streams.embedded.database import EmbeddedDatabase
from tests.chaos.controls import CONTROLS, sabotage
from tests.chaos.rig import Rig
from tests.chaos.sabotaged import PATCHES
from tests.oracle.checker import INVARIANTS
from tests.oracle.processes import init
from tests.oracle.world.stories import STORIES


def test_every_protection_can_still_be_switched_off(
    embedded_broker: EmbeddedBroker, database_server: EmbeddedDatabase, database: str, tmp_path: Path
) -> None:
    init(Rig(embedded_broker, database_server, database, tmp_path).settings)

    for control in CONTROLS:
        sabotage(database, control)


def test_controls_name_what_there_is() -> None:
    invariants = {invariant.__name__ for invariant in INVARIANTS}
    stories = {story.__name__ for story, _ in STORIES}

    assert frozenset().union(*(control.broken for control in CONTROLS)) <= invariants
    assert {name for control in CONTROLS for name in control.stories} <= stories
    assert {control.patch for control in CONTROLS} - {""} <= PATCHES.keys()
    assert "count_desk" in vars(counts), "What `person` replaces has moved."
