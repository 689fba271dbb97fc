"""One run for all tests that only look at it: thirteen months, so that a year can be compared."""

from dataclasses import dataclass
from functools import cache

import pytest

from streams.simulator import Hospital, Plan, Record, Stage, Truth

PLAN = Plan(seed=7, months=13, scans=26_000)


@dataclass(frozen=True)
class Run:
    """A run that has ended."""

    stages: list[Stage]
    truth: Truth

    def records(self, topic: str) -> list[Record]:
        return [record for stage in self.stages for record in stage.records if record.topic == topic]


@cache
def run_of(plan: Plan) -> Run:
    """The run of a plan, for all that only look at it."""
    return fresh_run(plan)


def fresh_run(plan: Plan) -> Run:
    """A run of its own."""
    hospital = Hospital(plan)
    return Run(list(hospital.stages()), hospital.truth)


@pytest.fixture(scope="session")
def run() -> Run:
    return run_of(PLAN)
