"""What must come out: a small model of its own that knows what every scan is in truth.

It shares nothing with the product's rules. It is told what a scan is, never what its label says, and takes the scans
in the order they arrive.
"""

from dataclasses import dataclass, field
from typing import Final

from models.calendar import Month
from streams.simulator.account.entries import (
    ON,
    OPEN,
    OUT,
    STOCK_WAITS,
    UNSAID,
    WASTED,
    Entry,
    fen,
    ordered,
    stay_reasons,
    verdict_of,
)
from streams.simulator.account.owing import Owing
from streams.simulator.clock import MINUTE, month_at, ordinal_of
from streams.simulator.hospital.goods import Goods, Unit

RETURN_CLOCK_TOLERANCE: Final = 5 * MINUTE
"""How much earlier than its use a return may have been scanned.

References:
    docs/contract.md, "Verdicts".
"""


@dataclass(slots=True)
class Account:
    """Everything that must have come out so far."""

    month: Month
    """The first month that is not closed."""
    entries: dict[str, Entry] = field(default_factory=dict)
    """Scans by their ids."""
    stock: dict[tuple[str, str, str, str, str], int] = field(default_factory=dict)
    """By (store, owner, item, lot, serial)."""
    usage: dict[tuple[str, str, Month], list[int]] = field(default_factory=dict)
    """[units, fen] by (department, item, month)."""
    owing: Owing = field(default_factory=Owing)
    """What suppliers are owed."""
    recalled: set[tuple[str, str | None]] = field(default_factory=set)
    """(item, lot) of the notice that is in force: their uses are held."""
    waste: dict[tuple[str, str, str, Month], list[int]] = field(default_factory=dict)
    """[scans, units, fen, units without a cost] of what was opened or thrown away, by (department, item, action,
    period)."""
    claims: dict[tuple[str, str, str], Entry] = field(default_factory=dict)
    """Who holds a serial-numbered unit, by (issuer, di, serial)."""
    rivals: dict[tuple[str, str, str], list[Entry]] = field(default_factory=dict)
    """Uses held because another has their unit."""
    awaited: dict[str, list[Entry]] = field(default_factory=dict)
    """Returns by the scan id of the use they name, which has not arrived."""
    parked: list[Entry] = field(default_factory=list)
    """Scans that wait for a fact."""
    changed: dict[str, Entry] = field(default_factory=dict)
    """Uses by scan id that something became of since whoever reads this has emptied it."""
    charged: dict[str, list[Entry]] = field(default_factory=dict)
    """Uses by item code that were charged at some time."""
    identified: dict[str, Entry] = field(default_factory=dict)
    """Scans by their ids of whose goods another scan said the lot or serial."""

    def take(self, entry: Entry) -> None:
        """A scan whose label is whole arrives."""
        self.entries[entry.scan_id] = entry
        if entry.action == "return":
            self._return(entry)
            return
        if entry.action == "identify":
            self._identify(entry)
            return
        self._decide(entry)
        if entry.action == "use":
            self._use_arrived(entry)
        if entry.verdict == "parked":
            self.parked.append(entry)

    def _identify(self, entry: Entry) -> None:
        """The goods of an earlier scan go back as they were, and again under this label; verdict and charge stay."""
        unit, one = entry.unit, self.entries[entry.corrects or ""]
        assert unit is not None and one.unit is not None  # noqa: PT018, S101 -- labels of goods
        entry.quantity = entry.packages * unit.units
        entry.verdict, entry.reasons = "recorded", (("late",) if month_at(entry.at) < self.month else ())
        self.identified[one.scan_id] = one
        moved = entry.quantity if one.action == "receive" else -entry.quantity
        self.move(one, one.unit, -moved)
        self.move(one, unit, moved)
        if one.holds and one.unit.serial is not None:
            self.free(one, (unit.goods.issuer, one.unit.di, one.unit.serial))
        one.unit = unit
        if unit.serial is not None and one.action == "use":
            one.holds = True
            self.claims[unit.goods.issuer, unit.di, unit.serial] = one
        one.reasons = tuple(each for each in one.reasons if each not in UNSAID)

    def put(self, entry: Entry, verdict: str, *reasons: str) -> None:
        """A scan arrives whose fate is known without the books."""
        entry.verdict, entry.reasons = verdict, reasons
        self.entries[entry.scan_id] = entry
        if entry.action == "use":
            self.changed[entry.scan_id] = entry

    def refresh(self) -> None:
        """Facts have come: what is parked is decided again, in the order of arrival."""
        still = []
        for entry in self.parked:
            if entry.verdict != "parked":
                continue  # A return has freed its unit meanwhile, and it was decided then.
            self._decide(entry)
            if entry.verdict == "parked":
                still.append(entry)
        self.parked = still

    def rerate(self, code: str) -> None:
        """The price list of an item has changed for days that are over: what is left of its charges is charged anew."""
        for use in self.charged.get(code, []):
            unit = use.unit
            assert unit is not None  # noqa: S101 -- what was charged has a unit
            price = unit.goods.price_on(ordinal_of(use.at))
            if use.left and price is not None and price != use.price:
                self._rerate(use, unit, use.left, price)

    def tell_cost(self, code: str) -> None:
        """Somebody has entered the cost of an item: what is left of its uses is settled."""
        for use in self.owing.waiting.pop(code, []):
            if use.left:
                self.owing.told(use, max(month_at(use.at), self.month))
                use.reasons = ordered([*use.reasons, "cost-told"])
                self.changed[use.scan_id] = use

    def _rerate(self, use: Entry, unit: Unit, left: int, price: int) -> None:
        month = month_at(use.at)
        period, before = max(month, self.month), use.owed
        use.post("credit", left, before, period)
        use.price, use.amount, use.credited = price, fen(left, price), 0
        use.post("charge", left, use.amount, period)
        flags = {"late", "period-closed"} if month < self.month else set()
        use.reasons = ordered([*{*use.reasons, *flags, "re-rated"}])
        self._used(use, unit, month, 0, use.amount - before)
        self.changed[use.scan_id] = use

    def _decide(self, entry: Entry) -> None:
        if entry.action == "use":
            self._use(entry)
        else:
            self._stock_action(entry)

    def _stock_action(self, entry: Entry) -> None:
        unit = entry.unit
        assert unit is not None  # noqa: S101 -- only scans with a unit are taken
        if unit.goods.reason is not None:
            entry.verdict, entry.reasons = "parked", (unit.goods.reason,)
            return
        entry.quantity = entry.packages * unit.units
        entry.verdict, entry.reasons = (
            "recorded",
            (*entry.doubt, *(("late",) if month_at(entry.at) < self.month else ())),
        )
        if entry.action in OUT:
            self.move(entry, unit, -entry.quantity)
        if entry.action in WASTED:
            self._waste(entry, unit.goods, entry.quantity)
        if entry.action == "receive":
            self.move(entry, unit, entry.quantity, _locked_away(entry, unit))
        elif entry.action in ON:
            assert entry.to_store is not None  # noqa: S101 -- whoever moves goods on says where to
            self._moved_on(entry, entry.to_store, unit, entry.quantity)

    def _moved_on(self, entry: Entry, to_store: str, unit: Unit, units: int) -> None:
        """A transfer, or a loan: who lends scans `lend`, who gives back scans `give-back`."""
        if entry.action == "give-back":
            self.move(entry, unit, -units, f"lent/{entry.store}")
        self.move(entry, unit, units, f"lent/{to_store}" if entry.action == "lend" else to_store)

    def adjust(self, entry: Entry) -> None:
        """A posted count books a difference: `missing` or `found`."""
        unit = entry.unit
        assert unit is not None  # noqa: S101 -- a line of a count is about goods
        self.put(entry, "recorded")
        entry.quantity = entry.packages
        self.move(entry, unit, entry.packages if entry.action == "found" else -entry.packages, entry.store)

    def _waste(self, entry: Entry, goods: Goods, units: int) -> None:
        key = (entry.department or "", goods.code, entry.action, max(month_at(entry.at), self.month))
        sums = self.waste.setdefault(key, [0, 0, 0, 0])
        sums[0] += 1
        sums[1] += units
        sums[2] += fen(units, goods.cost or 0)
        sums[3] += units if goods.cost is None else 0

    def move(self, entry: Entry, unit: Unit, units: int, place: str | None = None) -> None:
        """Units come to a place, or leave it when below zero; `None`: where the goods of the scan lie."""
        key = (place or entry.lies_at, entry.owner(unit), unit.goods.code, unit.lot or "", unit.serial or "")
        self.stock[key] = self.stock.get(key, 0) + units

    def _reasons(self, entry: Entry, unit: Unit, day: int, price: int | None) -> list[str]:
        goods, found = unit.goods, [*entry.doubt, *stay_reasons(entry)]
        if goods.reason is not None:
            found.append(goods.reason)
        if unit.expiry is not None and day > unit.expiry:
            found.append("expired")
        found += ["recalled"] if (goods.code, unit.lot) in self.recalled else []
        if goods.suspended and goods.reason in {None, "package-unknown"}:
            found.append("suspended-item")
        if unit.serial is not None:
            holder = self.claims.get((goods.issuer, unit.di, unit.serial))
            if holder is not None and holder is not entry:
                found.append("serial-used")
        if goods.reason is None:
            found += _identity_reasons(entry, unit)
            if not goods.chargeable:
                found.append("not-chargeable")
            elif goods.bundled_into is not None:
                found.append("bundled")
            elif goods.price_reason is not None or price is None:
                found.append(goods.price_reason or "no-price")
        return found

    def _use(self, entry: Entry) -> None:
        unit = entry.unit
        assert unit is not None  # noqa: S101 -- only scans with a unit are taken
        self.changed[entry.scan_id] = entry
        goods, day, month = unit.goods, ordinal_of(entry.at), month_at(entry.at)
        price = goods.price_on(day)
        reasons = self._reasons(entry, unit, day, price)
        if entry.department is None and entry.stay is not None and entry.stay.known:
            entry.department = entry.stay.department.code
        self._claim(entry, unit, reasons)
        if goods.reason is None:
            entry.quantity = entry.packages * unit.units
            if not entry.moved and not STOCK_WAITS.intersection(reasons):
                entry.moved = True
                self.move(entry, unit, -entry.quantity)
                self.owing.used(entry, unit, max(month, self.month))
        entry.verdict = verdict_of(reasons) or "billed"
        if entry.verdict in OPEN:
            entry.reasons = ordered(reasons)
            for each in entry.waiting:
                each.verdict, each.reasons = entry.verdict, entry.reasons
            return
        closed = month < self.month
        if closed:
            reasons += ["late", "period-closed"] if entry.verdict == "billed" else ["late"]
        entry.reasons = ordered(reasons)
        assert entry.quantity is not None and price is not None  # noqa: PT018, S101 -- decided goods are known
        entry.price, entry.amount = price, fen(entry.quantity, price)
        if entry.verdict == "billed":
            entry.post("charge", entry.quantity, entry.amount, max(month, self.month))
            self.charged.setdefault(goods.code, []).append(entry)
        self._used(entry, unit, month, entry.quantity, entry.amount)
        for each in entry.waiting:
            self._take_back(each, entry)
        entry.waiting.clear()

    def _claim(self, entry: Entry, unit: Unit, reasons: list[str]) -> None:
        if unit.serial is None or entry.holds or "serial-quantity" in reasons:
            return
        key = (unit.goods.issuer, unit.di, unit.serial)
        if "serial-used" not in reasons:
            entry.holds = True
            self.claims[key] = entry
        elif entry not in self.rivals.setdefault(key, []):
            self.rivals[key].append(entry)

    def _used(self, entry: Entry, unit: Unit, month: Month, quantity: int, amount: int) -> None:
        sums = self.usage.setdefault((entry.department or "", unit.goods.code, month), [0, 0])
        sums[0] += quantity
        sums[1] += amount

    def _use_arrived(self, use: Entry) -> None:
        if use.stay is not None:
            use.stay.uses.append(use)
        held = self.awaited.pop(use.scan_id, [])
        if use.stay is not None and use.stay.returns:
            held += use.stay.returns
            use.stay.returns = []
        for each in held:
            self._return(each)

    def _return(self, entry: Entry) -> None:
        unit = entry.unit
        assert unit is not None  # noqa: S101 -- only scans with a unit are taken
        quantity = entry.packages * unit.units
        entry.quantity = quantity if unit.goods.reason is None else None
        use = self._found_use(entry, unit, quantity)
        if isinstance(use, str):
            entry.verdict, entry.reasons = "held", (use,)
            if entry.corrects is not None:
                self.awaited.setdefault(entry.corrects, []).append(entry)
            elif entry.stay is not None:
                entry.stay.returns.append(entry)
        elif use.verdict in OPEN:
            entry.verdict, entry.reasons = use.verdict, use.reasons
            use.waiting.append(entry)
        else:
            self._take_back(entry, use)

    def _found_use(self, entry: Entry, unit: Unit, quantity: int) -> "Entry | str":
        if entry.corrects is not None:
            named = self.entries.get(entry.corrects)
            uses = [named] if named is not None and named.action == "use" else []
        else:
            uses = entry.stay.uses if entry.stay is not None else []
        fits = [use for use in uses if use.unit and _of(use.unit, unit) and use.at <= entry.at + RETURN_CLOCK_TOLERANCE]
        if not fits:
            return "return-without-use"
        # Of the very unit before a box of which single units come back; what stands before what waits; the last.
        fits.sort(key=lambda use: (use.unit is not None and use.unit.key == unit.key, use.verdict not in OPEN, use.at))
        for use in reversed(fits):
            if use.quantity is None or use.quantity - use.returned >= quantity:
                return use
        return "over-return"

    def _take_back(self, entry: Entry, use: Entry) -> None:
        unit = use.unit
        assert unit is not None and entry.unit is not None and use.quantity is not None  # noqa: PT018, S101 -- decided
        month, flags = month_at(entry.at), ["late"]
        entry.quantity = quantity = entry.packages * entry.unit.units
        last = use.returned + quantity == use.quantity
        if use.verdict == "billed":
            rest = use.amount - use.credited
            entry.amount = rest if last else min(rest, fen(quantity, use.price))
            entry.verdict, flags = "credited", ["late", "period-closed"]
            use.credited += entry.amount
        else:
            before = fen(use.returned, use.price)
            entry.amount, entry.verdict = fen(use.returned + quantity, use.price) - before, "recorded"
        entry.reasons = (*entry.doubt, *(flags if month < self.month else ()))
        entry.department, entry.price = use.department, use.price
        if entry.verdict == "credited":
            entry.post("credit", quantity, entry.amount, max(month, self.month))
        self.changed[use.scan_id] = use
        self._used(use, unit, month_at(use.at), -quantity, -entry.amount)
        if use.moved:
            self.move(entry, unit, quantity)
        if use.settled:
            self.owing.returned(use, unit, quantity, max(month, self.month))
        use.returned += quantity
        if last and use.holds and unit.serial is not None:
            self.free(use, (unit.goods.issuer, unit.di, unit.serial))

    def free(self, use: Entry, key: tuple[str, str, str]) -> None:
        """The unit is nobody's any more: a use that waits for it takes it."""
        use.holds = False
        self.claims.pop(key, None)
        for rival in self.rivals.pop(key, []):
            self._use(rival)
            if rival.verdict == "parked" and not any(each is rival for each in self.parked):
                self.parked.append(rival)


def _of(used: Unit, back: Unit) -> bool:
    """What came back may be of what was used: the same goods, lot and serial, on whatever package level."""
    return (used.goods.code, used.lot, used.serial) == (back.goods.code, back.lot, back.serial)


def _identity_reasons(entry: Entry, unit: Unit) -> list[str]:
    """What the label says of which units these are."""
    tracking = unit.goods.tracking
    return [
        *(["serial-quantity"] if unit.serial is not None and entry.packages * unit.units > 1 else []),
        *(["serial-missing"] if tracking == "serial" and unit.serial is None else []),
        *(["lot-missing"] if tracking == "lot" and unit.lot is None and not entry.doubt else []),
    ]


def _locked_away(entry: Entry, unit: Unit) -> str | None:
    """Where goods go that had expired when they came in: nobody may use them."""
    expired = unit.expiry is not None and ordinal_of(entry.at) > unit.expiry
    return f"quarantine/{entry.store}" if expired else None
