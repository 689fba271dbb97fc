"""Which tests one process of xdist runs one after the other: those that share a server that is dear to start.

The marks of xdist itself say nothing to pytest 9.2: it keeps a test's id elsewhere than xdist 3.8 writes the group.
"""

import time
from collections.abc import Callable, Iterable
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
EARLY: Final = _below("tests/integration/newcomer/", "tests/integration/benchmarks/", "tests/poison/")
"""Long ones that share nothing."""
QUICK: Final = _below("tests/unit/", "tests/tidy/", "tests/properties/")
"""Thousands, and short: handed out by the file, for who hands them out counts all that he has, each time."""


def group_of(nodeid: str) -> str:
    """The group of a test; the file of a quick one, and its own id for another that may run anywhere."""
    alone = _file_of(nodeid) if QUICK(nodeid) else nodeid
    return next((name for name, belongs in GROUPS.items() if belongs(nodeid)), alone)


def place_of(nodeid: str) -> int:
    """Before whom a test begins, the lowest first."""
    places = {name: place for place, name in enumerate(GROUPS)}
    return places.get(group_of(nodeid), len(places) + (not EARLY(nodeid)))


def mixed(nodeids: Iterable[str]) -> dict[str, float]:
    """How late each file begins among those that have no place of their own, from 0 to 1.

    Quick ones need the processor, and most others wait for servers: one kind after the other leaves a third of two
    cores idle first, and then wants half as much again as there is. The tests of a file stay together, for some share
    what they have set up.
    """
    files = dict.fromkeys(map(_file_of, nodeids))
    kinds = [[file for file in files if QUICK(file) == kind] for kind in (True, False)]
    return {file: (at + 0.5) / len(kind) for kind in kinds for at, file in enumerate(kind)}


def _file_of(nodeid: str) -> str:
    return nodeid.partition("::")[0]


def scheduler(config: pytest.Config, log: Any) -> Any:
    """Groups as they are above, in the order in which the tests were collected."""
    from xdist.scheduler import LoadScopeScheduling

    config.option.loadscopereorder = False
    made: Any = LoadScopeScheduling(config, log)
    made._split_scope = group_of
    return made


class Ends:
    """When each process was done, for who looks whether one waits for the other."""

    def __init__(self) -> None:
        self._began = time.monotonic()
        self._ended: dict[str, float] = {}

    def note(self, process: str) -> None:
        """It has nothing left to do."""
        self._ended[process] = time.monotonic() - self._began

    def line(self) -> str | None:
        """How long each was at work, in whole seconds; `None` when there was one alone."""
        if len(self._ended) < 2:
            return None
        return "at work: " + ", ".join(f"{process} {seconds:.0f} s" for process, seconds in sorted(self._ended.items()))
