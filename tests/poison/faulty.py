"""`python -m tests.poison.faulty run worker`: the product's command, in which records that say so fail by themselves.

The faults stand for bugs nobody knows of: where they are does not matter, only that no rule expects them.
"""

from collections.abc import Callable
from types import ModuleType
from typing import Any

from rules.charging import fold
from sinks.postgres.catalogue import facts
from sinks.postgres.charging import rows
from sinks.postgres.reconciling import his_lines
from streams.cli import main as cli
from streams.lanes import lane

PLANTED = "planted"
IN_READ, IN_DECIDE, IN_ROWS, AGAIN = (f"{PLANTED} {where}" for where in ("read", "decide", "rows", "again"))


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
    wrap(rows, "_scan_row", lambda decision, _: decision.subject.event.reason, KeyError, IN_ROWS)
    wrap(facts, "prices_of", lambda item: item.name, IndexError, PLANTED)
    wrap(facts, "encounter_row", lambda encounter, *_: encounter.ward, TypeError, PLANTED)
    wrap(his_lines, "_row", lambda line, *_: line.lot, RecursionError, PLANTED)


def wrap(module: ModuleType, name: str, says: Callable[..., object], error: type[Exception], word: str) -> None:
    """Replace a function of a module by one that fails for the word."""
    vars(module)[name] = failing(vars(module)[name], says, error, word)


if __name__ == "__main__":
    plant()
    cli.main()
