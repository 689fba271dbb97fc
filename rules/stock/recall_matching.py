"""Which units a recall notice means: certainly, possibly, or not.

A line names units by lots, serials and a serial range, any of which may apply, and narrows them by dates, all of which
must. What a label does not say can't rule it out: then the unit is possibly meant. What other labels say of its serial,
else of its lot, holds for it; where they differ each may be true of it.

References:
    docs/store.md, "Recall".
"""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date
from enum import IntEnum

from models.catalogue.item import Item
from models.charging.books import LabelFacts
from models.stock.exposure import Holding, ItemScan
from models.stock.recall import Recall, RecallLine, Recalls, plain
from models.stock.told import LabelKey, Saying, Told


class Match(IntEnum):
    """How sure it is that a unit is meant; a larger value is surer."""

    NO = 0
    POSSIBLE = 1
    CERTAIN = 2


@dataclass(frozen=True, slots=True)
class UnitFacts:
    """What may be true of a unit beside its identifier; of each any one, and none where nothing is known."""

    lots: Collection[str]
    """Lot numbers as `plain` has them."""
    serial: str | None
    """Serial number as `plain` has it; `None` when it is not known."""
    expiries: Collection[date]
    """Last usable days."""
    productions: Collection[date]
    """Days of production."""


def unit_of(hospital: str, identifiers: Collection[tuple[str, str]], label: Saying, told: Told) -> UnitFacts:
    """What may be true of a unit: what its own label says, else what labels of its serial do, else those of its lot.

    Args:
        hospital: Whose books are asked.
        identifiers: (issuer, di) of all packages of its item, and the label's own.
        label: What its label says.
        told: What other labels say.
    """
    serial = plain(label.serial) if label.serial is not None else None
    of_unit = told.of_unit(hospital, identifiers, serial) if serial is not None else None
    own_lots = of_unit.lots if of_unit is not None else set[str]()
    lots = {plain(label.lot)} if label.lot is not None else own_lots
    of_lots = told.of_lots(hospital, identifiers, lots)
    expiries, productions = of_lots.expiries, of_lots.productions
    if of_unit is not None:
        expiries, productions = of_unit.expiries or expiries, of_unit.productions or productions
    return UnitFacts(
        lots, serial,
        expiries if label.expiry is None else {label.expiry},
        productions if label.production is None else {label.production},
    )  # fmt: skip


class Meant:
    """Which units a notice means, with what is known of their lot elsewhere.

    Args:
        notice: The version that holds.
        identifiers: Of each item that a line names by its code or by an identifier: all identifiers it has.
        scans: Of units with one of them.
    """

    def __init__(
        self, notice: Recall, identifiers: Mapping[str, frozenset[tuple[str, str]]], scans: Sequence[ItemScan]
    ) -> None:
        self._notice = notice
        self._identifiers = identifiers
        self._told = Told()
        for scan in scans:
            if scan.di is not None:
                said = Saying(scan.lot, scan.serial, scan.expiry, scan.production)
                self._told.take(notice.hospital, scan.issuer, scan.di, said)

    def scan(self, scan: ItemScan) -> Match:
        """Whether the scan's unit is meant."""
        identifier = (scan.issuer, scan.di) if scan.di is not None else None
        known = self._known(scan.item_code, identifier)
        said = Saying(scan.lot, scan.serial, scan.expiry, scan.production)
        return self._match(scan.item_code, known, unit_of(self._notice.hospital, known, said, self._told))

    def holding(self, holding: Holding) -> Match:
        """Whether the units that lie there are meant.

        They came with labels of several days, of which their balance keeps one: what is said of their serial or lot
        is asked first.
        """
        known = self._known(holding.item_code, (holding.issuer, holding.di))
        said = Saying(holding.lot, holding.serial, None, None)
        unit = unit_of(self._notice.hospital, known, said, self._told)
        if holding.expiry is not None and not unit.expiries:
            unit = replace(unit, expiries={holding.expiry})
        return self._match(holding.item_code, known, unit)

    def _known(self, item_code: str | None, identifier: tuple[str, str] | None) -> frozenset[tuple[str, str]]:
        known = self._identifiers.get(item_code, frozenset()) if item_code is not None else frozenset()
        return known if identifier is None else known | {identifier}

    def _match(self, item_code: str | None, known: frozenset[tuple[str, str]], unit: UnitFacts) -> Match:
        return max(
            (
                match(line, unit)
                for line in self._notice.lines
                if (line.item_code is not None and line.item_code == item_code)
                or (line.issuer is not None and (str(line.issuer), line.di) in known)
            ),
            default=Match.NO,
        )


def match(line: RecallLine, unit: UnitFacts) -> Match:
    """Whether a unit of the line's identifier is meant."""
    found = _named(line, unit)
    for days, first, last in (
        (unit.productions, line.produced_from, line.produced_to), (unit.expiries, line.expiry_from, line.expiry_to),
    ):  # fmt: skip
        found = min(found, _within(days, first, last))
    return found


def _named(line: RecallLine, unit: UnitFacts) -> Match:
    by_range = line.serial_from is not None or line.serial_to is not None
    if not line.lots and not line.serials and not by_range:
        return Match.CERTAIN
    serials = () if unit.serial is None else (unit.serial,)
    found = Match.NO
    if line.lots:
        found = max(found, _among(unit.lots, line.lots))
    if line.serials:
        found = max(found, _among(serials, line.serials))
    if by_range:
        found = max(found, _in_range(unit.serial, line.serial_from, line.serial_to))
    return found


def _each(found: Iterable[bool]) -> Match:
    """Of what may be true of a unit, each by itself: certain when all is meant; possible when nothing is known."""
    known = set(found)
    if known == {True}:
        return Match.CERTAIN
    return Match.NO if known == {False} else Match.POSSIBLE


def _among(values: Iterable[str], codes: list[str]) -> Match:
    return _each(value in codes or any(plain(each) == value for each in codes) for value in values)


def _in_range(serial: str | None, first: str | None, last: str | None) -> Match:
    """By the texts without blanks and in capitals, of one length: `A9` is not between `A001` and `A010`."""
    if serial is None:
        return Match.POSSIBLE
    first, last = (None if bound is None else plain(bound) for bound in (first, last))
    if any(bound is not None and len(bound) != len(serial) for bound in (first, last)):
        return Match.NO
    inside = (first is None or first <= serial) and (last is None or serial <= last)
    return Match.CERTAIN if inside else Match.NO


def _within(days: Iterable[date], first: date | None, last: date | None) -> Match:
    if first is None and last is None:
        return Match.CERTAIN
    return _each((first is None or first <= day) and (last is None or day <= last) for day in days)


def recalled(hospital: str, label: LabelFacts, item: Item | None, day: date, recalls: Recalls, told: Told) -> bool:  # noqa: PLR0917
    """A notice in force on the day certainly means this unit, by its label and what others say of its serial or lot."""
    if not len(recalls):
        return False
    known = _identifiers(label, item)
    unit = unit_of(hospital, known, _saying(label), told)
    return any(
        named.notice.blocks(day) and match(named.line, unit) is Match.CERTAIN
        for named in recalls.naming(hospital, item.item_code if item else None, known, unit.lots, unit.serial)
    )


def asked_of(hospital: str, label: LabelFacts, item: Item | None, day: date, recalls: Recalls) -> list[LabelKey]:
    """Which other labels say whether a notice in force means the unit; none when its own says it, as nearly always."""
    if not len(recalls) or (label.lot is None and label.serial is None):
        return []
    known, code, own = _identifiers(label, item), item.item_code if item else None, _saying(label)
    unit = unit_of(hospital, known, own, Told())
    lacks = any(
        named.notice.blocks(day) and match(named.line, unit) is Match.POSSIBLE and _lacks_day(named.line, label)
        for named in recalls.naming(hospital, code, known, unit.lots, unit.serial)
    ) or (label.lot is None and recalls.names_lots(hospital, code, known))
    if not lacks:
        return []
    lots, serials = unit.lots, () if unit.serial is None else (unit.serial,)
    keys = [LabelKey(hospital, *each, lot, None) for each in known for lot in lots]
    return keys + [LabelKey(hospital, *each, None, serial) for each in known for serial in serials]


def _lacks_day(line: RecallLine, label: LabelFacts) -> bool:
    """The line asks for a day that the label does not say."""
    made = line.produced_from is not None or line.produced_to is not None
    ends = line.expiry_from is not None or line.expiry_to is not None
    return (made and label.production is None) or (ends and label.expiry is None)


def _identifiers(label: LabelFacts, item: Item | None) -> tuple[tuple[str, str], ...]:
    own = ((label.issuer, label.di),) if label.di is not None else ()
    if item is None:
        return own
    return (*own, *((str(issuer), di) for issuer, di, _ in item.identifiers if (issuer, di) not in own))


def _saying(label: LabelFacts) -> Saying:
    return Saying(label.lot, label.serial, label.expiry, label.production)
