"""What the twin of the books keeps beside its decisions: lanes, claims, and the order in which facts came."""

from dataclasses import dataclass, field, replace
from datetime import date, datetime
from uuid import UUID

from msgspec import structs

from models.catalogue.item import Item
from models.charging.books import LabelFacts, RecordedScan, Ref, UnitKey
from models.charging.commands import Moved
from models.charging.decision import Decision
from models.charging.effects import Charge
from models.reasons import Reason, Verdict, deciding_reason
from sinks.ports.batch import ClaimTakenError


@dataclass(slots=True)
class LaneRow:
    """What guards a lane."""

    version: int = 0
    """Counts the transactions that changed the lane."""
    facts_seen: int = 0
    """Up to which fact the lane has decided what waits on it."""


@dataclass(frozen=True, slots=True)
class Change:
    """A fact that came, and which identifiers it touches."""

    version: int
    """Number of the fact, gapless over all hospitals."""
    kind: str
    """What it is about: an item, an encounter or another fact."""
    hospital: str
    """Id of the hospital; the first part of every record key."""
    code: str
    """Item code, encounter or other name of what changed."""
    identifiers: frozenset[tuple[str, str | None]]
    """(issuer, di) that scans may wait for."""
    recorded_at: datetime
    """The broker's timestamp of its record."""
    repriced: tuple[date, date] | None = None
    """The days on which an item has other prices than before: from the first up to before the second."""


@dataclass(slots=True)
class Claims:
    """What only one may have."""

    scans: dict[tuple[str, UUID], tuple[Ref, bytes]] = field(default_factory=dict)
    """(hospital, scan id) → who has it, and the fingerprint of its body."""
    units: dict[UnitKey, Ref] = field(default_factory=dict)
    """Which use holds a serial-numbered unit."""
    changes: dict[tuple[Ref, int], tuple[int, Ref]] = field(default_factory=dict)
    """(use, number of the change) → (units returned, the scan that changed it)."""

    def copied(self) -> "Claims":
        """The same claims, to be tried on: what is in the three is never changed itself."""
        return Claims(dict(self.scans), dict(self.units), dict(self.changes))

    def take(self, decision: Decision) -> None:
        """Take what the decision claims, and give up what it frees.

        Raises:
            ClaimTakenError: another has it.
        """
        ref, event = decision.subject.ref, decision.subject.event
        scan, unit, use = (event.hospital, event.scan_id), decision.label.unit(event.hospital), decision.account
        frees, takes = decision.stock.frees_unit, decision.stock.takes_unit
        if decision.n == 0 and decision.claims:
            if scan in self.scans:
                raise ClaimTakenError("A scan id was recorded meanwhile.")
            self.scans[scan] = (ref, decision.subject.fingerprint)
        if unit is not None and frees is not None and self.units.pop(unit, None) != frees:
            raise ClaimTakenError("A unit was freed meanwhile.")
        if unit is not None and takes and self.units.setdefault(unit, ref) != ref:
            raise ClaimTakenError("A unit was used meanwhile.")
        if use is not None:
            if (use.ref, use.changes + 1) in self.changes:
                raise ClaimTakenError("A use was changed meanwhile.")
            units = 0 if ref == use.ref else decision.units or 0
            self.changes[use.ref, use.changes + 1] = (units, ref)


def owner(decisions: list[Decision]) -> str | None:
    """Whose goods the scan has moved; `None` when none, or when they went back."""
    effects = [each.stock for each in decisions]
    moves = [(each.move.owner, -1 if each.takes_back else 1) for each in effects if each.move]
    owners = [name for name, times in moves if times > 0]
    return owners[-1] if sum(times for _, times in moves) > 0 else None


def way_of(decisions: list[Decision]) -> Moved | None:
    """How the goods of the scan went the last time; `None` when none moved."""
    went = [(each.stock.move, each.stock.cost) for each in decisions if each.stock.move and not each.stock.takes_back]
    if not went:
        return None
    (last, cost), before = went[-1], went[-2][0] if len(went) > 1 else None
    cleared = before is not None and last.to_store is None and before.to_store == last.from_store is not None
    return Moved(last.from_store, last.to_store, cost, before.units if before and cleared else 0)


def recorded(label: LabelFacts) -> LabelFacts:
    """What the books keep of a label."""
    return structs.replace(label, link=None, error=None, text=None, possible=())


def as_it_stands(newest: Decision) -> RecordedScan:
    """The scan as its newest decision left it, with what the books keep of its label."""
    return structs.replace(newest.subject, label=recorded(newest.label))


def as_kept(charge: Charge, item: Item) -> Charge:
    """The charge with what is now known of its item, and its own price version and insurance code."""
    return structs.replace(
        charge, item=replace(item, insurance_code=charge.item.insurance_code, version=charge.item.version)
    )


def same_goods(use: Decision, back: Decision) -> bool:
    """Both are of one unit or lot or of the same goods on two package levels, or may be: one has no certain lot."""
    one, other = use.label, back.label
    item = use.item is not None and back.item is not None and use.item.item_code == back.item.item_code
    same = item or (one.issuer, one.di) == (other.issuer, other.di)
    without = Reason.LOT_UNCERTAIN in use.reasons and one.lot is None and one.serial is None
    readings = {(str(each.issuer), each.di, each.lot, each.serial) for each in other.possible}
    may_be = without or (one.issuer, one.di, one.lot, one.serial) in readings
    return same and (may_be or (one.lot, one.serial) == (other.lot, other.serial))


def touches(change: Change, waiting: Decision) -> bool:
    """The change may free the scan: parked, held as half a label or an ambiguous one, or its lot is not certain."""
    event, label = waiting.subject.event, waiting.label
    why = (waiting.verdict, deciding_reason(waiting.reasons))
    if change.kind == "shape":
        doubtful = why == _HELD_AMBIGUOUS or Reason.LOT_UNCERTAIN in waiting.reasons
        return doubtful and (str(label.issuer), label.di) in change.identifiers
    if not waiting.open or change.kind == "recall" or change.hospital != event.hospital:
        return False
    if change.kind == "encounter":
        return (why == _HELD_HALF or waiting.verdict is Verdict.PARKED) and change.code == event.encounter
    if waiting.verdict is not Verdict.PARKED and why not in {_HELD_HALF, _HELD_AMBIGUOUS}:
        return False
    return (str(label.issuer), label.di) in change.identifiers


_HELD_HALF = (Verdict.HELD, Reason.HALF_LABEL)
_HELD_AMBIGUOUS = (Verdict.HELD, Reason.AMBIGUOUS_CODE)
