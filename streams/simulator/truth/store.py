"""What must stand in the books of the store: receipts under notes, statements, who was exposed, what left unscanned."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from models.calendar import month_text
from streams.simulator.account.account import Account
from streams.simulator.clock import stamp
from streams.simulator.store.keeping import Keeper
from streams.simulator.truth.books import Truth


@dataclass(frozen=True, slots=True)
class Lost:
    """A unit that a patient got and nobody scanned."""

    store: str
    """Store it was taken from."""
    encounter: str
    """Opaque id of the stay."""
    item_code: str
    """The item's code in the HIS catalogue."""
    lot: str | None
    """As printed."""
    serial: str | None
    """As printed; `None` of goods kept by lot."""
    at: str
    """When, as scans say it."""
    recalled: bool
    """The notice names its lot."""


def lost(truth: Truth) -> list[Lost]:
    """All of them, in no order."""
    return [
        Lost(
            each.store, each.stay.code, each.unit.goods.code, each.unit.lot, each.unit.serial, stamp(each.at),
            (each.unit.goods.code, each.unit.lot) in truth.account.recalled,
        )
        for each in truth.keeper.exposures
    ]  # fmt: skip


def lost_rows(truth: Truth) -> Iterator[dict[str, Any]]:
    """The same as JSON."""
    for each in sorted(lost(truth), key=lambda row: (row.at, row.store, row.item_code)):
        yield {name: getattr(each, name) for name in Lost.__slots__}


def certainly_exposed(account: Account) -> dict[str, tuple[str, str, str | None, str | None, int]]:
    """(encounter, item, lot, serial, units that stayed) by the scan of each use of a recalled lot, held ones too."""
    found = {}
    for entry in account.entries.values():
        unit = entry.unit
        if entry.action == "use" and unit is not None and (unit.goods.code, unit.lot) in account.recalled:
            assert entry.stay is not None  # noqa: S101 -- the store gives to patients only
            if entry.left:
                found[entry.scan_id] = (entry.stay.code, unit.goods.code, unit.lot, unit.serial, entry.left)
    return found


def receipt_rows(keeper: Keeper) -> Iterator[dict[str, Any]]:
    """What came under each note, by its line or, where `line` is null, beside its lines; findings in their alphabet."""
    for note in keeper.notes:
        for line in note.lines:
            yield {
                "note": note.number, "line": line.number, "item_code": line.goods.code, "lot": line.lot,
                "expected": line.packages, "arrived": line.arrived, "accepted": line.accepted,
                "quarantined": line.quarantined, "findings": sorted(line.findings),
            }  # fmt: skip
        for stray in note.strays:
            known = stray.goods.listed
            yield {
                "note": note.number, "line": None, "item_code": stray.goods.code if known else None, "lot": stray.lot,
                "expected": 0, "arrived": stray.arrived, "accepted": stray.accepted, "quarantined": 0,
                "findings": [stray.finding] if known else ["parked", stray.finding],
            }  # fmt: skip


def statement_rows(account: Account) -> Iterator[dict[str, Any]]:
    """The lines of suppliers' statements, by item, month and cost (1/10,000 yuan; null where nobody entered one)."""
    for (supplier, item, period, cost), sums in sorted(
        account.owing.statements.items(), key=lambda line: (*line[0][:3], line[0][3] or -1)
    ):
        used, returned, corrected, amount = sums
        yield {
            "supplier": supplier, "item_code": item, "period": month_text(period), "cost": cost, "used": used,
            "returned": returned, "corrected": corrected, "amount_fen": amount if cost is not None else None,
        }  # fmt: skip
