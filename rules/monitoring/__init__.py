"""Monitoring: rules as dated data, one module a kind; what they say of cells, and the versions and findings of it.

A new rule of a known kind is a row (`udi rules draft`); a new kind is one module beside this one and a line in `KINDS`.
"""

from models.monitoring.rule import STUDY_RULES
from rules.monitoring.kinds.rank import TopRank
from rules.monitoring.kinds.registry import KINDS, made_of, rules_of
from rules.monitoring.kinds.rule import Rule, told_by
from rules.monitoring.touched import judged_again, months_read
from rules.monitoring.versions import next_version

RULES = rules_of(STUDY_RULES)
"""The rules of a fresh installation."""

__all__ = [
    "KINDS", "RULES", "Rule", "TopRank", "judged_again", "made_of", "months_read", "next_version", "rules_of",
    "told_by",
]  # fmt: skip
