"""The books as a batch sees them: what was gathered, and on top of it what the batch has decided so far."""

from bisect import bisect_left, bisect_right, insort
from collections.abc import Iterator
from dataclasses import replace
from datetime import date, datetime, timedelta
from uuid import UUID

from models.calendar import Month, shift
from models.catalogue.item import Item
from models.charging.books import BalanceKey, RecordedScan, Ref, UnitKey, Waiting
from models.charging.costs import CostKey, noted_on
from models.charging.decision import Decision, UseAccount, goods_of, tell
from models.charging.effects import Brought
from models.charging.goods import Goods, GoodsKey, goods_keys
from models.charging.known_controls import QuotaKey, Used, UsedItems
from models.charging.snapshot import Catalogue, EncounterFacts, Snapshot
from models.policy import POLICY
from models.reasons import TAKEN_BACK
from models.scan.event import Action, ScanEvent
from models.stock.count import Adjustment
from models.stock.delivery import Delivery
from models.stock.places import Sight
from models.stock.told import Told
from rules.halves import Halves

UseKey = tuple[str, str | None, str, str | None, str | None, str | None]


class View:
    """Mutable for the length of one batch: `apply` makes a later scan see the earlier ones."""

    def __init__(self, gathered: Snapshot, catalogue: Catalogue) -> None:
        self.gathered = gathered
        self.catalogue = catalogue
        self.waiting: dict[Ref, Waiting] = {}
        """Half labels that wait, by where they stand."""
        self._halves = Halves()
        self._scanned: dict[tuple[str, str], list[datetime]] = {}
        """When each device has scanned, in order."""
        self._undigested: list[Decision] = []
        self._uses: dict[Ref, UseAccount] = {}
        self._uses_by_unit: dict[UseKey, list[Ref]] = {}
        self._uses_by_scan: dict[tuple[str, UUID], Ref] = {}
        for use in gathered.uses:
            self._know_use(use)

    # What rules ask -----------------------------------------------------------------------------------------

    def open_month(self, hospital: str, month: Month) -> Month:
        """The month itself if it is open, else the first open month after it."""
        closed = self.gathered.closed.get(hospital, 0)
        return month if month > closed else shift(Month(closed), 1)

    def return_clock_tolerance(self, hospital: str, scanned_at: datetime) -> timedelta:
        """How much earlier than its use a return may have been scanned there that was scanned at that instant.

        What holds is what was set last of all that reaches back to the instant, whenever the return is decided: the
        figure speaks of the devices' clocks, and books made anew must decide as the first did.

        References:
            docs/semantics/returns.md, "Tolerance of clocks".
        """
        clocks = reversed(self.gathered.return_clocks.get(hospital, ()))
        return next((clock.tolerance for clock in clocks if clock.since <= scanned_at), POLICY.return_clock_tolerance)

    def encounter(self, hospital: str, encounter: str) -> EncounterFacts | None:
        """The newest version of the encounter."""
        return self.gathered.encounters.get((hospital, encounter))

    def fingerprint(self, subject: RecordedScan) -> bytes | None:
        """The body recorded under the subject's scan id, if any."""
        return self.gathered.fingerprints.get((subject.event.hospital, subject.event.scan_id))

    def holder(self, unit: UnitKey) -> Ref | None:
        """The use that holds the unit."""
        return self.gathered.holders.get(unit)

    def booked(self, unit: UnitKey) -> int:
        """How often the books have the unit in the house. Known only of units that are received."""
        return self.gathered.booked.get(unit, 0)

    def sight(self, unit: UnitKey) -> Sight | None:
        """Where the books have the unit. Known only of units that a store moves."""
        return self.gathered.sights.get(unit)

    @property
    def told(self) -> Told:
        """What labels say of lots and units, where a recall notice asks for more than the label of a scan."""
        return self.gathered.told

    def balance(self, key: BalanceKey) -> int:
        """Units on the shelf, over all lanes, as seen."""
        return self.gathered.balances.get(key, 0)

    def note(self, event: ScanEvent) -> Delivery | None:
        """The delivery note that a receipt names; `None` when it names none, or nobody has sent it."""
        return self.gathered.notes.get((event.hospital, event.document)) if event.document is not None else None

    def noted_cost(self, key: CostKey, day: date) -> tuple[bool, int | None]:
        """Whether a delivery note ever said what such goods cost, and what it says of the day.

        In 1/10,000 yuan a unit; `None` when the catalogue's cost holds. Known only of goods that move.
        """
        told = self.gathered.costs.get(key, ())
        return bool(told), noted_on(told, day)

    def left(self, hospital: str, store: str, item: Item) -> int:
        """Units of the item in the store, over all lanes, as seen."""
        return self.gathered.store_items.get((hospital, store, item.item_code), 0)

    def adjustment(self, event: ScanEvent) -> Adjustment | None:
        """What a posted count says is booked by the scan; `None` when none says anything."""
        return self.gathered.adjustments.get((event.hospital, event.scan_id))

    def replaced(self, event: ScanEvent) -> BalanceKey | None:
        """The balance from which the use that the event replaces took its goods; `None` when there is none."""
        return self.gathered.replaced.get((event.hospital, event.corrects)) if event.corrects is not None else None

    def goods(self, key: GoodsKey) -> list[Goods]:
        """What an `identify` may mean."""
        return self.gathered.goods.get(key, [])

    def charged_units(self, hospital: str, encounter: str, item_code: str) -> int:
        """Units of the item charged to the encounter, less credits. Known only of items with a limit."""
        return self.gathered.stays.get((hospital, encounter, item_code), 0)

    def quota_used(self, key: QuotaKey, department: str) -> UsedItems:
        """What a department has used of a controlled category in a month, as seen, by item."""
        return self.gathered.quotas.get(key, {}).get(department, {})

    def use_of_scan(self, hospital: str, scan_id: UUID) -> UseAccount | None:
        """The use recorded under the scan id."""
        self._digest()
        ref = self._uses_by_scan.get((hospital, scan_id))
        return self._uses[ref] if ref else None

    def uses_of_unit(self, key: UseKey) -> list[UseAccount]:
        """The uses of that unit in that encounter, oldest first."""
        self._digest()
        found = [self._uses[ref] for ref in self._uses_by_unit.get(key, ())]
        return sorted(found, key=lambda use: (use.scanned_at, use.ref))

    # What the batch decided ---------------------------------------------------------------------------------

    def wait(self, half: Waiting) -> None:
        """A half label begins to wait."""
        self.waiting[half.subject.ref] = half
        self._halves.add(half.subject)

    def stop_waiting(self, half: Waiting) -> None:
        """It was joined or released."""
        del self.waiting[half.subject.ref]
        self._halves.remove(half.subject)

    def near(self, subject: RecordedScan) -> Iterator[Waiting]:
        """Halves that wait and may complete this one; what stands between them is not looked at yet."""
        return (self.waiting[each.ref] for each in self._halves.near(subject))

    def waiting_before(self, hospital: str, device_id: str, instant: datetime) -> list[Waiting]:
        """Halves of a device that wait and were scanned before the instant, oldest first."""
        return [self.waiting[each.ref] for each in self._halves.before(hospital, device_id, instant)]

    def passed_by(self, subject: RecordedScan) -> None:
        """The device has scanned this; it may lie between two halves."""
        insort(self._times(subject.event.hospital, subject.event.device_id), subject.event.scanned_at)

    def scanned_between(self, hospital: str, device_id: str, first: datetime, last: datetime) -> bool:
        """Whether the device has scanned anything after the first and before the last instant."""
        times = self._times(hospital, device_id)
        return bisect_right(times, first) < bisect_left(times, last)

    def _times(self, hospital: str, device_id: str) -> list[datetime]:
        key = (hospital, device_id)
        if key not in self._scanned:
            self._scanned[key] = sorted(each.scanned_at for each in self.gathered.neighbours.get(key, ()))
        return self._scanned[key]

    def apply(self, decision: Decision) -> None:
        """From now on the batch sees what the decision did."""
        subject, event = decision.subject, decision.subject.event
        hospital = event.hospital
        if decision.n == 0 and decision.claims:
            self.gathered.fingerprints[hospital, event.scan_id] = subject.fingerprint
        self._move(decision)
        self._use_quotas(decision)
        for charge in decision.charging.entries if self.gathered.stays else ():
            stay = (hospital, charge.encounter, charge.item.item_code)
            if stay in self.gathered.stays:
                self.gathered.stays[stay] += -charge.quantity if charge.reverses else charge.quantity
        stock = decision.stock
        unit = decision.label.unit(hospital) if stock.takes_unit or stock.frees_unit else None
        if unit is not None and stock.takes_unit:
            self.gathered.holders[unit] = subject.ref
        elif unit is not None:
            self.gathered.holders.pop(unit, None)
        if self.gathered.goods:
            self._know_goods(decision)
        if len(self.catalogue.recalls) and decision.speaks:
            tell(self.gathered.told, decision)
        if decision.account is not None:
            self._change(decision, decision.account)
        elif event.action is Action.USE and decision.claims:
            self._undigested.append(decision)

    def _know_goods(self, decision: Decision) -> None:
        event, stock = decision.subject.event, decision.stock
        for key in goods_keys(event.hospital, event.scan_id, event.document):
            known = self.gathered.goods.get(key)
            if known is not None:
                before = [each for each in known if each.ref == decision.subject.ref]
                moved = any(each.stands for each in before) if stock.move is None else not stock.takes_back
                stands = (decision.open or moved) and not TAKEN_BACK.intersection(decision.reasons)
                others = [each for each in known if each.ref != decision.subject.ref]
                self.gathered.goods[key] = [*others, goods_of(decision, stands=stands)]

    def _use_quotas(self, decision: Decision) -> None:
        for usage in decision.charging.usage if self.gathered.quotas else ():
            item = self.catalogue.item(usage.hospital, usage.item_code)
            category = item.controlled_category if item is not None else None
            if category is not None and usage.department is not None:
                used = self.gathered.quotas.get(QuotaKey(usage.hospital, category, usage.month))
                if used is not None:
                    items = used.setdefault(usage.department, {})
                    before = items.get(usage.item_code, Used())
                    items[usage.item_code] = Used(before.units + usage.quantity, before.fen + usage.amount_fen)

    def _digest(self) -> None:
        """Make accounts of the batch's uses; only a return asks for them."""
        for decision in self._undigested:
            self._know_use(_account(decision))
        self._undigested.clear()

    def _move(self, decision: Decision) -> None:
        move, hospital = decision.stock.move, decision.subject.event.hospital
        if move is None:
            return
        booked, sights = self.gathered.booked, self.gathered.sights
        unit = decision.label.unit(hospital) if booked or sights else None
        if unit in booked:
            booked[unit] += (move.to_store is not None) - (move.from_store is not None)
        if unit in sights:
            sights[unit] = decision.seen(sights[unit])
        if decision.stock.brought is not None:
            self._bring(decision, decision.stock.brought)
        if move.from_store is not None:
            self._shift(decision.balance_key(move.from_store), hospital, -move.units)
        if move.to_store is not None:
            self._shift(decision.balance_key(move.to_store), hospital, move.units)

    def _bring(self, decision: Decision, brought: Brought) -> None:
        key, day = decision.cost_key(brought.owner), decision.subject.day
        self.catalogue.bring([(key[0], key[1], brought.owner)])
        told = self.gathered.costs.get(key, ())
        if all(since != day for since, _ in told):
            self.gathered.costs[key] = tuple(sorted((*told, (day, brought.cost)), key=lambda each: each[0]))

    def _shift(self, key: BalanceKey, hospital: str, units: int) -> None:
        balances, totals = self.gathered.balances, self.gathered.store_items
        balances[key] = balances.get(key, 0) + units
        total = (hospital, key.store, key.item_code)
        totals[total] = totals.get(total, 0) + units

    def _change(self, decision: Decision, use: UseAccount) -> None:
        returned = 0 if decision.subject.ref == use.ref else decision.units or 0
        use = replace(
            use,
            returned_units=use.returned_units + returned,
            changes=use.changes + 1,
            holds_unit=use.holds_unit and decision.stock.frees_unit is None,
        )
        move, lines = decision.stock.move, [each for each in decision.settlement if each.reverses is None]
        if decision.subject.ref == use.ref and move is not None and not decision.stock.takes_back:
            use = replace(use, owner=move.owner, source=move.from_store)
        if decision.subject.ref == use.ref and lines:
            use = replace(use, settlement=lines[-1])
        for each in decision.charging.entries:
            if each.reverses is None:
                use = replace(use, charge=each, credited_units=0, credited_fen=0, credits=0)
            else:
                use = replace(
                    use,
                    credited_units=use.credited_units + each.quantity,
                    credited_fen=use.credited_fen + each.amount_fen,
                    credits=use.credits + 1,
                )
        self._uses[use.ref] = use

    def _know_use(self, use: UseAccount) -> None:
        known = self._uses.get(use.ref)
        if known is not None:
            use = replace(
                use,
                owner=use.owner or known.owner,
                holds_unit=use.holds_unit or known.holds_unit,
                settlement=use.settlement or known.settlement,
                source=use.source or known.source,
                returned_units=known.returned_units,
                changes=known.changes,
                credited_units=known.credited_units,
                credited_fen=known.credited_fen,
                credits=known.credits,
            )
            if known.unit != use.unit:  # A partner completed its label.
                self._uses_by_unit[_unit_key(known)].remove(use.ref)
        self._uses[use.ref] = use
        if known is None or known.unit != use.unit:
            self._uses_by_scan[use.hospital, use.scan_id] = use.ref
            self._uses_by_unit.setdefault(_unit_key(use), []).append(use.ref)


def _unit_key(use: UseAccount) -> UseKey:
    return (use.hospital, use.encounter, *use.unit)


def _account(decision: Decision) -> UseAccount:
    subject, event, label = decision.subject, decision.subject.event, decision.label
    move, entries = decision.stock.move, decision.charging.entries
    return UseAccount(
        ref=subject.ref,
        hospital=event.hospital,
        scan_id=event.scan_id,
        scanned_at=event.scanned_at,
        day=subject.day,
        month=subject.month,
        encounter=event.encounter,
        unit=(label.issuer, label.di, label.lot, label.serial),
        verdict=decision.verdict,
        reasons=decision.reasons,
        department=decision.department,
        item=decision.item,
        units=decision.units,
        owner=move.owner if move else None,
        holds_unit=decision.stock.takes_unit,
        charge=entries[0] if entries else None,
        settlement=decision.settlement[0] if decision.settlement else None,
        source=move.from_store if move else None,
    )
