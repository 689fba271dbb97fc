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


def group_of(nodeid: str) -> str:
    """The group of a test; its own id for one that may run anywhere."""
    return next((name for name, belongs in GROUPS.items() if belongs(nodeid)), nodeid)


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
