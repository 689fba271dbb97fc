"""Which units a recall notice means: certainly, possibly, or not.

A line names units by lots, serials and a serial range, any of which may apply, and narrows them by dates, all of which
must. What a label does not say can't rule it out: then the unit is possibly meant.

References:
    docs/store.md, "Recall".
"""

from dataclasses import dataclass
from datetime import date
from enum import IntEnum

from models.catalogue.item import Item
from models.charging.books import LabelFacts
from models.stock.recall import RecallLine, Recalls, plain


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
