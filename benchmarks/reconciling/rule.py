"""The rules of the reconciliation alone: what comparing a use costs, also in an encounter of very many equal ones."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import timedelta
from time import perf_counter

from benchmarks.table import Table
from models.money import line_amount_fen
from models.reconciling.differences import Line, Use
from rules.reconciling import reconcile
from tests.properties.seeded import seeded

SECTION = "Reconciling: the rules alone"
MONTH = 20_000
"""Uses of a month, with as many lines and errors among them."""
CROWD = 500
CROWDS = 10
"""How much larger the larger crowd is."""


@dataclass(frozen=True, slots=True)
class Reconciled:
    """One run."""

    months: Sequence[float]
    """Seconds of each month of `MONTH` uses, on the wrong patient included."""
    renumbered: float
    """Seconds of a month whose lines all have encounter numbers of which the books know nothing."""
    crowd_small: float
    """Microseconds per use in an encounter of `CROWD` equal uses."""
    crowd_large: float
    """In one of `CROWDS` times as many."""


def run(months: int) -> Reconciled:
    """Compare so many months, one after the other."""
    return Reconciled([_month(seed) for seed in range(months)], _renumbered(), _crowd(CROWD), _crowd(CROWD * CROWDS))


def _month(seed: int) -> float:
    book = seeded(MONTH, seed)
    started = perf_counter()
    found = book.compare()
    seconds = perf_counter() - started
    assert found
    return seconds


def _renumbered() -> float:
    """No line stands with its use, none names a charge: every one is to be looked for among all patients."""
    book = seeded(MONTH, 1)
    book.lines = {
        f"X{encounter}": [replace(line, encounter=f"X{encounter}", billing_id=None) for line in lines]
        for encounter, lines in book.lines.items()
    }
    started = perf_counter()
    found = book.compare()
    seconds = perf_counter() - started
    assert found
    return seconds


def _crowd(count: int) -> float:
    """All of one item; for every third there is no line, and the price of every second line is another."""
    first = next(iter(seeded(4, 1).uses.values()))[0]
    uses = [replace(first, scan_id=each.scan_id, scanned_at=each.scanned_at) for each in _of(count)]
    assert first.unit_price is not None
    prices = (first.unit_price, first.unit_price + 10_000)
    lines = [
        _line(use, number, prices[number % 2]) for number, use in enumerate(uses) if number % 3
    ]  # fmt: skip
    best = float("inf")
    for _ in range(3):
        started = perf_counter()
        found = reconcile("H1", first.encounter, uses, lines)
        best = min(best, perf_counter() - started)
    assert found
    return best / count * 1e6


def _of(count: int) -> list[Use]:
    return [use for uses in seeded(count, 1).uses.values() for use in uses]


def _line(use: Use, number: int, unit_price: int) -> Line:
    assert use.item_code is not None
    assert use.quantity is not None
    return Line(
        f"H{number}", use.encounter, use.item_code, use.insurance_code, use.quantity, unit_price,
        line_amount_fen(use.quantity, unit_price), use.scanned_at + timedelta(seconds=number % 900),
    )  # fmt: skip


def show(table: Table, found: Reconciled) -> None:
    """The lines and aims of a run."""
    uses = MONTH * len(found.months)
    table.add(SECTION, f"a month of {MONTH:,} uses and as many lines", "s", list(found.months))
    table.add(SECTION, "one use", "µs", [seconds / MONTH * 1e6 for seconds in found.months])
    table.add(SECTION, "a month whose lines all have other encounter numbers", "s", [found.renumbered])
    table.add(SECTION, f"one use among {CROWD:,} equal ones of an encounter", "µs", [found.crowd_small])
    table.add(SECTION, f"one use among {CROWD * CROWDS:,}", "µs", [found.crowd_large])
    a_million = sum(found.months) / uses * 1e6
    table.aim("1,000,000 uses and lines compared, s", a_million, 60, least=False)
    ratio = found.crowd_large / found.crowd_small
    table.aim(f"one use among {CROWDS} times as many equal ones, times as much", ratio, 2, least=False, digits=2)
