"""The kind "rank": an item is among the first of its scope for months in a row.

References:
    docs/studies.md, "Gansu study" (table 2: top three for three consecutive months); docs/contract.md, section "Alerts"
    (ties share a rank, the whole run is counted).
"""

from bisect import bisect_right
from collections.abc import Mapping
from dataclasses import dataclass
from fractions import Fraction
from typing import ClassVar

from models.monitoring.alert import Facts, Figures, Judgement, Measure, Standing
from models.monitoring.rule import RuleRow
from rules.monitoring.kinds.rule import told_by


@dataclass(frozen=True, slots=True)
class TopRank:
    """Fires in every closed month that ends a run of at least `months` months with a rank up to `rank_max`."""

    provisional: ClassVar[bool] = False
    """Closed months only: a rank in part of a month says little."""
    row: RuleRow
    """The rule's data."""
    measure: Measure
    """What it counts."""

    @property
    def reads_back(self) -> tuple[int, ...]:
        """Earlier months come in by the standings."""
        return ()

    def standings(self, values: Mapping[str, int], before: Mapping[str, Standing]) -> dict[str, Standing]:
        """The standing of every item with use above zero.

        Args:
            values: The use of the items it judges, of one scope and month, by item code.
            before: The standings of the month before; whoever is not in it had none.
        """
        ascending = sorted(value for value in values.values() if value > 0)
        ranks = {
            item: 1 + len(ascending) - bisect_right(ascending, value) for item, value in values.items() if value > 0
        }
        return {item: Standing(rank, self._run(item, rank, before)) for item, rank in ranks.items()}

    def continued(self, tops: Mapping[str, Standing], before: Mapping[str, Standing]) -> dict[str, Standing]:
        """Standings with the same ranks whose runs follow from another month before."""
        return {item: Standing(rank, self._run(item, rank, before)) for item, (rank, _) in tops.items()}

    def _run(self, item: str, rank: int, before: Mapping[str, Standing]) -> int:
        if rank > (self.row.rank_max or 1):
            return 0
        return 1 + (before[item].months_in_a_row if item in before else 0)

    def judge(self, facts: Facts) -> Judgement:
        """See `Rule.judge`."""
        standing = facts.standings.get(told_by(self))
        value = facts.value(self.measure)
        if standing is None:
            return Judgement(False, Figures(value, rank=None, months_in_a_row=0))
        figures = Figures(value, rank=standing.rank, months_in_a_row=standing.months_in_a_row)
        return Judgement(standing.months_in_a_row >= (self.row.months or 1), figures)

    def left_fires(self, left: Fraction, judgement: Judgement) -> bool | None:  # noqa: ARG002 -- a rank has no rise
        """See `Rule.left_fires`."""
        return None
