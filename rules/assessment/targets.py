"""Targets of cost per weight: attainment, who is above, and what is deducted.

Attainment is target ÷ actual in per cent: 100 or more is met. The list above target counts the money: (actual
- target) × total
weight. A pool is deducted by each department's share of that money.

References:
    docs/contract.md, "Assessment".
    docs/studies.md, "Wuhan study" (Chinese Health Quality Management 2025, 32(3): 54-58):
    the target is the base year's value less 5 or 10 per cent.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import ROUND_HALF_UP, Decimal
from typing import Final

CENT: Final = Decimal("0.01")


@dataclass(frozen=True, slots=True)
class Actual:
    """What a department came to in a window."""

    department: str
    """Id of the clinical department."""
    weight: Decimal
    """Total DRG weight, above zero."""
    consumables: Decimal
    """Yuan."""

    @property
    def cost_per_weight(self) -> Decimal:
        """Yuan per weight, unrounded."""
        return self.consumables / self.weight


@dataclass(frozen=True, slots=True)
class Attained:
    """A department against its target."""

    department: str
    """Id of the clinical department."""
    target: Decimal | None
    """Yuan per weight; `None`: none was set."""
    cost_per_weight: Decimal
    """Yuan per weight, two digits."""
    attainment_percent: Decimal | None
    """Two digits; `None` without target or with nothing used."""
    above: bool
    """Its cost per weight is above the target."""
    excess: Decimal
    """Yuan above target over all its weight; 0 when the target is met."""
    share_percent: Decimal
    """Of the excess of all departments."""


def attained(actuals: Sequence[Actual], targets: Mapping[str, Decimal]) -> tuple[Attained, ...]:
    """Every department against its target, the greatest excess first.

    By hand: 10,000 yuan over a weight of 10 against a target of 800: attainment 80 %, 2,000 yuan above.
    Exactly the target is met.

    >>> from decimal import Decimal as D
    >>> rows = attained([Actual("A", D(10), D(10_000)), Actual("B", D(5), D(4_000))], {"A": D(800), "B": D(800)})
    >>> [(each.department, str(each.attainment_percent), each.above, str(each.excess)) for each in rows]
    [('A', '80.00', True, '2000.00'), ('B', '100.00', False, '0.00')]
    """
    excess = {
        each.department: max(Decimal(0), each.consumables - targets[each.department] * each.weight)
        for each in actuals
        if each.department in targets
    }
    total = sum(excess.values(), Decimal(0))
    rows = [
        Attained(
            each.department, targets.get(each.department), rounded(each.cost_per_weight),
            _attainment(targets.get(each.department), each), excess.get(each.department, Decimal(0)) > 0,
            rounded(excess.get(each.department, Decimal(0))),
            rounded(excess.get(each.department, Decimal(0)) * 100 / total) if total else Decimal("0.00"),
        )
        for each in actuals
    ]  # fmt: skip
    return tuple(sorted(rows, key=lambda row: (-row.excess, row.department)))


def _attainment(target: Decimal | None, actual: Actual) -> Decimal | None:
    if target is None or actual.consumables == 0:
        return None
    return rounded(target * 100 / actual.cost_per_weight)


def rounded(value: Decimal) -> Decimal:
    """Two digits, halves up."""
    return value.quantize(CENT, rounding=ROUND_HALF_UP)
