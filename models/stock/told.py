"""What labels in the books say of a lot or a unit: what one label says of it holds for labels that do not say it.

References:
    docs/store.md, "Recall".
"""

from collections.abc import Collection, Iterable
from dataclasses import dataclass, field
from datetime import date
from typing import NamedTuple

from models.stock.recall import plain


class LabelKey(NamedTuple):
    """Labels that are asked for: of a lot, or of a unit; either `lot` or `serial` is `None`."""

    hospital: str
    """Id of the hospital; the first part of every record key."""
    issuer: str
    """Issuing agency of the identifier (`models.udi.Issuer`)."""
    di: str
    """Device identifier (UDI-DI) in its canonical form."""
    lot: str | None
    """Lot number as `plain` has it."""
    serial: str | None
    """Serial number as `plain` has it."""


class Saying(NamedTuple):
    """What one label says beside its identifier; `None` is not said."""

    lot: str | None
    """Lot number as printed."""
    serial: str | None
    """Serial number as printed."""
    expiry: date | None
    """Last usable day."""
    production: date | None
    """Day of production."""


@dataclass(slots=True)
class Said:
    """What labels say of a lot or a unit: several where they differ, none where none says it."""

    lots: set[str] = field(default_factory=set)
    """Lot numbers as `plain` has them."""
    expiries: set[date] = field(default_factory=set)
    """Last usable days."""
    productions: set[date] = field(default_factory=set)
    """Days of production."""

    def take(self, lot: str | None, expiry: date | None, production: date | None) -> None:
        """One label more."""
        if lot is not None:
            self.lots.add(plain(lot))
        if expiry is not None:
            self.expiries.add(expiry)
        if production is not None:
            self.productions.add(production)

    def join(self, other: "Said") -> None:
        """What is said under another identifier of the same goods."""
        self.lots |= other.lots
        self.expiries |= other.expiries
        self.productions |= other.productions


@dataclass(slots=True)
class Told:
    """What labels say, by identifier and lot, and by identifier and serial."""

    _by_key: dict[LabelKey, Said] = field(default_factory=dict)

    def take(self, hospital: str, issuer: str, di: str, label: Saying) -> None:
        """One label more; one without lot and serial says nothing of others."""
        if label.lot is not None:
            self._at(LabelKey(hospital, issuer, di, plain(label.lot), None)).take(None, *label[2:])
        if label.serial is not None:
            self._at(LabelKey(hospital, issuer, di, None, plain(label.serial))).take(label.lot, *label[2:])

    def _at(self, key: LabelKey) -> Said:
        return self._by_key.setdefault(key, Said())

    def of_lots(self, hospital: str, identifiers: Collection[tuple[str, str]], lots: Iterable[str]) -> Said:
        """What is said of lots, given as `plain` has them, under any of the identifiers."""
        return self._joined(LabelKey(hospital, *each, lot, None) for lot in lots for each in identifiers)

    def of_unit(self, hospital: str, identifiers: Iterable[tuple[str, str]], serial: str) -> Said:
        """What is said of a unit, its serial given as `plain` has it, under any of the identifiers."""
        return self._joined(LabelKey(hospital, *each, None, serial) for each in identifiers)

    def _joined(self, keys: Iterable[LabelKey]) -> Said:
        found = Said()
        for key in keys:
            said = self._by_key.get(key)
            if said is not None:
                found.join(said)
        return found
