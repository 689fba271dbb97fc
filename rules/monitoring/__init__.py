"""Monitoring rules as data: each row says what it counts, against what, from where on it fires, and for whom.

A new rule of a known kind is a row here; a new kind is one module beside this one.
"""

from models.monitoring.alert import Measure
from models.policy import POLICY, Policy
from rules.monitoring.growth import Growth
from rules.monitoring.new_item import NewItem
from rules.monitoring.rule import Rule, told_by
from rules.monitoring.top_three import TopRank
from rules.monitoring.touched import judged_again, months_read
from rules.monitoring.versions import next_version


def rules_of(policy: Policy) -> tuple[Rule, ...]:
    """The rule table of a hospital's thresholds."""
    p = policy
    percent, fen_min, units_min = p.growth_percent, p.growth_base_fen_min, p.growth_base_units_min
    return (
        Growth("growth-month-on-month", Measure.AMOUNT, 1, percent, fen_min),
        Growth("growth-month-on-month", Measure.QUANTITY, 1, percent, units_min),
        Growth("growth-year-on-year", Measure.AMOUNT, 12, percent, fen_min),
        Growth("growth-year-on-year", Measure.QUANTITY, 12, percent, units_min),
        NewItem("new-item", Measure.AMOUNT, fen_min),
        NewItem("new-item", Measure.QUANTITY, units_min),
        TopRank("top-three-three-months", Measure.AMOUNT, p.top_rank_max, p.top_months),
        TopRank("top-three-three-months", Measure.QUANTITY, p.top_rank_max, p.top_months),
    )


RULES = rules_of(POLICY)

__all__ = ["RULES", "Rule", "TopRank", "judged_again", "months_read", "next_version", "rules_of", "told_by"]
