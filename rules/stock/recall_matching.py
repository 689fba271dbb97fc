"""Which units a recall notice means: certainly, possibly, or not.

A line names units by lots, serials and a serial range, any of which may apply, and narrows them by dates, all of which
must. What a label does not say can't rule it out: then the unit is possibly meant.

References:
    docs/store.md, "Recall".
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date
from enum import IntEnum

from models.catalogue.item import Item
from models.charging.books import LabelFacts
from models.stock.exposure import Holding, ItemScan
from models.stock.recall import Recall, RecallLine, Recalls, plain


class Match(IntEnum):
    """How sure it is that a unit is meant; a larger value is surer."""

    NO = 0
    POSSIBLE = 1
    CERTAIN = 2


@dataclass(frozen=True, slots=True)
class UnitFacts:
    """What is known of a unit beside its identifier; `None` is not known."""

    lot: str | None
    """As the label gave it."""
    serial: str | None
    """As the label gave it."""
    expiry: date | None
    """Last usable day."""
    production: date | None
    """Day of production."""


class Meant:
    """Which units a notice means, with what is known of their lot elsewhere.

    Args:
        notice: The version that holds.
        identifiers: Of each item that a line names by its code or by an identifier: all identifiers it has.
        scans: Of units with one of them, oldest first.
    """

    def __init__(
        self, notice: Recall, identifiers: Mapping[str, frozenset[tuple[str, str]]], scans: Sequence[ItemScan]
    ) -> None:
        self._notice = notice
        self._identifiers = identifiers
        self._expiries: dict[tuple[str | None, str], date] = {}
        self._productions: dict[tuple[str | None, str], date] = {}
        self._lots: dict[tuple[str | None, str], str] = {}
        for scan in scans:
            if scan.lot is not None:
                if scan.expiry is not None:
                    self._expiries.setdefault((scan.item_code, scan.lot), scan.expiry)
                if scan.production is not None:
                    self._productions.setdefault((scan.item_code, scan.lot), scan.production)
                if scan.serial is not None:
                    self._lots.setdefault((scan.item_code, scan.serial), scan.lot)

    def scan(self, scan: ItemScan) -> Match:
        """Whether the scan's unit is meant."""
        identifier = (scan.issuer, scan.di) if scan.di is not None else None
        return self._unit(scan.item_code, identifier, UnitFacts(scan.lot, scan.serial, scan.expiry, scan.production))

    def holding(self, holding: Holding) -> Match:
        """Whether the units that lie there are meant."""
        return self._unit(
            holding.item_code,
            (holding.issuer, holding.di),
            UnitFacts(holding.lot, holding.serial, holding.expiry, None),
        )

    def _unit(self, item_code: str | None, identifier: tuple[str, str] | None, unit: UnitFacts) -> Match:
        if unit.lot is None and unit.serial is not None:
            unit = replace(unit, lot=self._lots.get((item_code, unit.serial)))
        if unit.lot is not None:
            of_lot = (item_code, unit.lot)
            unit = replace(
                unit,
                expiry=unit.expiry or self._expiries.get(of_lot),
                production=unit.production or self._productions.get(of_lot),
            )
        known = self._identifiers.get(item_code, frozenset()) if item_code is not None else frozenset()
        return max(
            (
                match(line, unit)
                for line in self._notice.lines
                if (line.item_code is not None and line.item_code == item_code)
                or (
                    line.issuer is not None
                    and line.di is not None
                    and self._has(line.issuer, line.di, identifier, known)
                )
            ),
            default=Match.NO,
        )

    @staticmethod
    def _has(issuer: str, di: str, identifier: tuple[str, str] | None, known: frozenset[tuple[str, str]]) -> bool:
        return (str(issuer), di) == identifier or (str(issuer), di) in known


def match(line: RecallLine, unit: UnitFacts) -> Match:
    """Whether a unit of the line's identifier is meant."""
    found = _named(line, unit)
    for value, first, last in (
        (unit.production, line.produced_from, line.produced_to), (unit.expiry, line.expiry_from, line.expiry_to),
    ):  # fmt: skip
        found = min(found, _within(value, first, last))
    return found


def _named(line: RecallLine, unit: UnitFacts) -> Match:
    by_range = line.serial_from is not None or line.serial_to is not None
    if not line.lots and not line.serials and not by_range:
        return Match.CERTAIN
    found = Match.NO
    if line.lots:
        found = max(found, _among(unit.lot, line.lots))
    if line.serials:
        found = max(found, _among(unit.serial, line.serials))
    if by_range:
        found = max(found, _in_range(unit.serial, line.serial_from, line.serial_to))
    return found


def _among(value: str | None, codes: list[str]) -> Match:
    if value is None:
        return Match.POSSIBLE
    wanted = plain(value)
    return Match.CERTAIN if value in codes or any(plain(each) == wanted for each in codes) else Match.NO


def _in_range(serial: str | None, first: str | None, last: str | None) -> Match:
    if serial is None:
        return Match.POSSIBLE
    for bound in (first, last):
        if bound is not None and len(bound) != len(serial):
            return Match.NO
    inside = (first is None or first <= serial) and (last is None or serial <= last)
    return Match.CERTAIN if inside else Match.NO


def _within(value: date | None, first: date | None, last: date | None) -> Match:
    if first is None and last is None:
        return Match.CERTAIN
    if value is None:
        return Match.POSSIBLE
    return Match.CERTAIN if (first is None or first <= value) and (last is None or value <= last) else Match.NO


def recalled(hospital: str, label: LabelFacts, item: Item | None, day: date, recalls: Recalls) -> bool:
    """A notice in force on the day certainly means this unit."""
    if not len(recalls):
        return False
    own = ((label.issuer, label.di),) if label.di is not None else ()
    others = tuple((issuer, di) for issuer, di, _ in item.identifiers if (issuer, di) not in own) if item else ()
    unit = UnitFacts(label.lot, label.serial, label.expiry, label.production)
    return any(
        named.notice.blocks(day) and match(named.line, unit) is Match.CERTAIN
        for named in recalls.naming(
            hospital, item.item_code if item else None, (*own, *others), label.lot, label.serial
        )
    )
