"""Which tests one process of xdist runs one after the other: those that share a server that is dear to start.

The marks of xdist itself say nothing to pytest 9.2: it keeps a test's id elsewhere than xdist 3.8 writes the group.
"""

from collections.abc import Callable
from typing import Any, Final

import pytest

Belongs = Callable[[str], bool]


def _below(*folders: str) -> Belongs:
    return lambda nodeid: nodeid.startswith(folders)


KAFKA: Final = _below(
    "tests/chaos/", "tests/integration/relay/", "tests/poison/test_producers.py", "tests/oracle/test_readers.py"
)
GROUPS: Final[dict[str, Belongs]] = {
    "real Kafka": lambda nodeid: KAFKA(nodeid) or ("kafka" in nodeid and not nodeid.startswith("tests/unit/")),
    "one installation": _below("tests/web/"),
    "simulated hospital": _below("tests/unit/streams/simulator/"),
}
"""By name, in the order in which they begin: the longest first, so that nobody waits for one at the end."""
EARLY: Final = _below("tests/integration/newcomer/", "tests/integration/benchmarks/")
"""Long ones that share nothing."""
QUICK: Final = _below("tests/unit/", "tests/tidy/", "tests/properties/")
"""Thousands, and short: handed out by the file, for who hands them out counts all that he has, each time."""


def group_of(nodeid: str) -> str:
    """The group of a test; the file of a quick one, and its own id for another that may run anywhere."""
    alone = nodeid.partition("::")[0] if QUICK(nodeid) else nodeid
    return next((name for name, belongs in GROUPS.items() if belongs(nodeid)), alone)


def place_of(nodeid: str) -> int:
    """Before whom a test begins, the lowest first."""
    places = {name: place for place, name in enumerate(GROUPS)}
    return places.get(group_of(nodeid), len(places) + (not EARLY(nodeid)))


def scheduler(config: pytest.Config, log: Any) -> Any:
    """Groups as they are above, in the order in which the tests were collected."""
    from xdist.scheduler import LoadScopeScheduling

    config.option.loadscopereorder = False
    made: Any = LoadScopeScheduling(config, log)
    made._split_scope = group_of
    return made
