"""What a posted count must book: what was scanned beside what the account has there."""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence

from models.stock.count import adjusting_scan_id
from streams.simulator.account.account import Account
from streams.simulator.account.entries import Entry
from streams.simulator.hospital.goods import Goods, Unit
from streams.simulator.ward.scanned import Scan

Line = tuple[str, str, str, str]
"""Item, lot and serial (empty when there is none), owner: in this order a count numbers its lines."""


def adjustments(
    account: Account, hospital: str, document: str, scans: Sequence[Scan], goods: Mapping[str, Goods]
) -> Iterator[Entry]:
    """The differences of a count whose scans are all of its room; `goods` by item code."""
    store, at = scans[0].store, max(scan.at for scan in scans)
    counted: Counter[Line] = Counter()
    for scan in scans:
        unit = scan.unit
        assert unit is not None  # noqa: S101 -- a count scans goods
        counted[unit.goods.code, unit.lot or "", unit.serial or "", unit.owner] += scan.quantity
    expected: Counter[Line] = Counter({
        (item, lot, serial, owner): units
        for (place, owner, item, lot, serial), units in account.stock.items() if place == store and units
    })  # fmt: skip
    for n, line in enumerate(sorted({*counted, *expected}), 1):
        difference = counted[line] - expected[line]
        if difference:
            code, lot, serial, owner = line
            unit = Unit(goods[code], 0, lot or None, serial or None)
            if owner != unit.owner:
                unit.brought_by = owner
            yield Entry(
                str(adjusting_scan_id(hospital, document, n)), "found" if difference > 0 else "missing", at,
                unit, abs(difference), store, None, None, None, None,
            )  # fmt: skip
