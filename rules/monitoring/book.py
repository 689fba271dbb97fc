"""The rules that hold, by hospital and month."""

from collections.abc import Sequence
from typing import Final

from models.calendar import Month
from models.monitoring.alert import ScopeType
from models.monitoring.rule import EVERY_HOSPITAL, STUDY_RULES, HeldRule, held_in
from rules.monitoring.kinds.quota import QuotaUsed
from rules.monitoring.kinds.rank import TopRank
from rules.monitoring.kinds.registry import rules_of
from rules.monitoring.kinds.rule import Rule
from rules.monitoring.kinds.share import Share

PLACES: Final = frozenset({ScopeType.STORE, ScopeType.TEAM})
"""Scopes whose use is counted where a rule asks for it."""


class RuleBook:
    """Rules by hospital and month, made once for each."""

    def __init__(self, held: Sequence[HeldRule]) -> None:
        self.held = tuple(held)
        self.every = rules_of(each.row for each in held)
        """All rules that hold at some time."""
        self._known: dict[tuple[str, Month], tuple[Rule, ...]] = {}

    def at(self, hospital: str, month: Month) -> tuple[Rule, ...]:
        """The rules of a hospital in a month."""
        key = (hospital, month)
        if key not in self._known:
            self._known[key] = rules_of(held_in(self.held, hospital, month))
        return self._known[key]

    def ranks(self, hospital: str, month: Month) -> list[TopRank]:
        """Those of the kind rank."""
        return [rule for rule in self.at(hospital, month) if isinstance(rule, TopRank)]

    @property
    def asks_categories(self) -> bool:
        """Some rule asks for the use of whole categories."""
        return any(isinstance(rule, Share) for rule in self.every)

    def asks_places(self, hospital: str) -> bool:
        """Some rule of the hospital is for stores or medical teams."""
        return any(
            PLACES.intersection(each.row.scopes) for each in self.held if each.hospital in {hospital, EVERY_HOSPITAL}
        )

    @property
    def asks_quotas(self) -> bool:
        """Some rule asks for quotas."""
        return any(isinstance(rule, QuotaUsed) for rule in self.every)


STUDY_BOOK = RuleBook([HeldRule(EVERY_HOSPITAL, 1, row, None, None) for row in STUDY_RULES])
"""The rules of a fresh installation."""
