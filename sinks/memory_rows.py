"""What the twin of the books keeps beside its decisions: lanes, claims, and the order in which facts came."""

from dataclasses import dataclass, field
from datetime import date, datetime
from uuid import UUID

from models.books import Decision, Ref, UnitKey
from sinks.batch import ClaimTakenError


@dataclass(slots=True)
class LaneRow:
    """What guards a lane."""

    version: int = 0
    facts_seen: int = 0


@dataclass(frozen=True, slots=True)
class Change:
    """A fact that came, and which identifiers it touches."""

    version: int
    kind: str
    hospital: str
    code: str
    identifiers: frozenset[tuple[str, str | None]]
    recorded_at: datetime
    repriced: tuple[date, date] | None = None
    """The days on which an item has other prices than before: from the first up to before the second."""


@dataclass(slots=True)
class Claims:
    """What only one may have."""

    scans: dict[tuple[str, UUID], tuple[Ref, bytes]] = field(default_factory=dict)
    """(hospital, scan id) → who has it, and the fingerprint of its body."""
    units: dict[UnitKey, Ref] = field(default_factory=dict)
    changes: dict[tuple[Ref, int], tuple[int, Ref]] = field(default_factory=dict)
    """(use, number of the change) → (units returned, the scan that changed it)."""

    def take(self, decision: Decision) -> None:
        """Take what the decision claims, and give up what it frees.

        Raises:
            ClaimTakenError: another has it.
        """
        ref, event = decision.subject.ref, decision.subject.event
        scan, unit, use = (event.hospital, event.scan_id), decision.label.unit(event.hospital), decision.account
        if decision.n == 0 and decision.claims:
            if scan in self.scans:
                raise ClaimTakenError("A scan id was recorded meanwhile.")
            self.scans[scan] = (ref, decision.subject.fingerprint)
        if unit is not None and decision.frees_unit is not None and self.units.pop(unit, None) != decision.frees_unit:
            raise ClaimTakenError("A unit was freed meanwhile.")
        if unit is not None and decision.takes_unit and self.units.setdefault(unit, ref) != ref:
            raise ClaimTakenError("A unit was used meanwhile.")
        if use is not None:
            if (use.ref, use.changes + 1) in self.changes:
                raise ClaimTakenError("A use was changed meanwhile.")
            units = 0 if ref == use.ref else decision.units or 0
            self.changes[use.ref, use.changes + 1] = (units, ref)
