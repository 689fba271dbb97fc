"""`python -m tests.poison.faulty run worker`: the product's command, in which records that say so fail by themselves.

The faults stand for bugs nobody knows of: where they are does not matter, only that no rule expects them.
"""

from collections.abc import Callable
from types import ModuleType
from typing import Any

from asyncpg import UndefinedColumnError

from rules.charging import fold
from sinks.postgres.assessment import cases
from sinks.postgres.catalogue import facts
from sinks.postgres.charging import rows
from sinks.postgres.reconciling import his_lines
from sinks.postgres.stock import cabinets, supply_facts
from streams.cli import main as cli
from streams.lanes import lane

PLANTED = "planted"
IN_READ, IN_DECIDE, IN_ROWS, AGAIN, STUCK = (
    f"{PLANTED} {where}" for where in ("read", "decide", "rows", "again", "stuck")
)


def failing(work: Callable[..., Any], says: Callable[..., object], error: type[Exception], word: str) -> Any:
    """The work, and before it an error when its argument says the word."""

    def fails(*arguments: Any, **named: Any) -> Any:
        if word in str(says(*arguments, **named)):
            raise error(f"{word} for {arguments!r}")
        return work(*arguments, **named)

    return fails


def plant() -> None:
    """Put the faults in place."""
    wrap(lane, "read_arrival", lambda *parts: parts[3], ZeroDivisionError, IN_READ)
    wrap(fold, "decide", lambda subject, *_, **__: subject.event.reason, RuntimeError, IN_DECIDE)
    wrap(fold, "decide", lambda subject, _, __, prior=None, **___: prior and subject.event.reason, RuntimeError, AGAIN)
    # As an error of the infrastructure, which is waited for: here for ever.
    wrap(fold, "decide", lambda subject, *_, **__: subject.event.reason, UndefinedColumnError, STUCK)
    wrap(rows, "scan_row", lambda decision, _: decision.subject.event.reason, KeyError, IN_ROWS)
    wrap(facts, "prices_of", lambda item: item.name, IndexError, PLANTED)
    wrap(facts, "encounter_row", lambda encounter, *_: encounter.ward, TypeError, PLANTED)
    wrap(his_lines, "_row", lambda line, *_: line.lot, RecursionError, PLANTED)
    wrap(cases, "_discharge_row", lambda case, *_: case.main_disease, OverflowError, PLANTED)
    wrap(cases, "_income_row", lambda income, *_: income.department, ArithmeticError, PLANTED)
    wrap(supply_facts.SupplyBatch, "add_recall", lambda _, recall, *__: recall.reason, AttributeError, PLANTED)
    wrap(supply_facts, "read_store", lambda _, value: value, UnicodeError, PLANTED)
    wrap(cabinets, "_row", lambda read, *_: read.session, EOFError, PLANTED)
    wrap(supply_facts.SupplyBatch, "add_delivery", lambda _, __, note, *___: note, StopIteration, PLANTED)


def wrap(where: ModuleType | type, name: str, says: Callable[..., object], error: type[Exception], word: str) -> None:
    """Replace a function of a module or a class by one that fails for the word."""
    setattr(where, name, failing(getattr(where, name), says, error, word))


if __name__ == "__main__":
    plant()
    cli.main()
