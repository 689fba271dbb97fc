"""A simulated hospital with the ground truth of what must come out: see docs/simulator.md."""

from streams.simulator.plan import Plan, Record, Stage
from streams.simulator.run import Hospital, simulate
from streams.simulator.truth.books import Truth

__all__ = ["Hospital", "Plan", "Record", "Stage", "Truth", "simulate"]
