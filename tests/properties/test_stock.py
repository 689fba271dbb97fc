"""Stock against a plain dictionary: whatever stores do, in any order, on any lane."""

import asyncio
from collections import Counter
from typing import Any

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule

from models.stock.count import Adjustment
from models.stock.store import StoreRecord
from sinks.memory.books import MemoryBooks
from tests.support.builders import DI, encounter, gs1, item, scan, scan_id
from tests.support.ward import MemoryStore, Ward

STORES = ("OR-1", "OR-2", "OR-3")
PLACES = (None, "cab1", "set")
LOTS = ("A", "B")
ACTIONS = (
    "use", "receive", "waste", "opened", "transfer", "accept", "lend", "give-back", "quarantine", "clear", "send-back",
    "count",
)  # fmt: skip


class Stock(RuleBasedStateMachine):
    """Every store moves goods; the dictionary is told the same in three lines a rule."""

    def __init__(self) -> None:
        super().__init__()
        self.expected: Counter[tuple[str, str]] = Counter()
        self.number = 0
        self.done: list[tuple[int, int, list[tuple[str, int]], str, tuple[str, str | None] | None]] = []
        """Of each scan that moved goods: its number, its quantity, what it changed where, the lot, and of a use the two
        places it may have taken them from."""
        self.loop = asyncio.new_event_loop()
        self.books = MemoryBooks()

    @initialize()
    def opens(self) -> None:
        self.ward = self.loop.run_until_complete(Ward(MemoryStore(self.books)).open(item(), encounter()))
        confirms = {"schema": "udi.store/1", "hospital": "H1", "store": "OR-3", "confirms_transfers": True}
        self.books.open_store(StoreRecord.model_validate(confirms))

    @rule(
        action=st.sampled_from(ACTIONS), store=st.sampled_from(STORES), other=st.sampled_from(STORES),
        place=st.sampled_from(PLACES), lot=st.sampled_from(LOTS), quantity=st.integers(1, 9), lane=st.integers(0, 1),
    )  # fmt: skip
    def moves(  # noqa: PLR0917 -- what is drawn
        self, action: str, store: str, other: str, place: str | None, lot: str, quantity: int, lane: int
    ) -> None:
        if action in {"lend", "give-back"} and store == other:
            return
        self.number += 1
        changes: dict[str, Any] = {
            "action": action, "store": store, "place": place, "quantity": quantity,
            "codes": [gs1(DI, expiry="271231", lot=lot)], "encounter": "E1" if action == "use" else None,
            "to_store": other if action in {"transfer", "lend", "give-back"} else None,
            "document": "LS-1" if place == "set" else None,
        }  # fmt: skip
        self.loop.run_until_complete(self.ward.scan(scan(self.number, **changes), lane=lane))
        of_set = place == "set" and action != "count"
        here = "set/LS-1" if of_set else f"{store}/{place}" if place else store
        locked = f"quarantine/{store}"
        sent = f"in-transit/{other}" if other == "OR-3" else other
        out, into = {
            "use": (here, None), "waste": (here, None), "opened": (here, None), "receive": (None, here),
            "transfer": (here, sent), "accept": (f"in-transit/{store}", here), "lend": (here, f"lent/{other}"),
            "give-back": (f"lent/{store}", other), "quarantine": (here, f"quarantine/{store}"),
            "clear": (f"quarantine/{store}", here), "count": (None, None),
            "send-back": (here, None),
        }[action]  # fmt: skip
        if action == "transfer" and here == other:  # Nothing is booked until a person has looked at it.
            out, into = None, None
        second = {"use": f"lent/{store}", "waste": f"lent/{store}", "opened": f"lent/{store}", "give-back": here}
        other_place = second.get(action) if not of_set else None
        usual = out
        out = out and self.taken(out, other_place, lot, quantity)
        changed = [(where, units) for where, units in ((out, -quantity), (into, quantity)) if where is not None]
        if action == "send-back" and not of_set:  # What is locked away goes first, as far as it goes.
            first = min(max(self.expected[locked, lot], 0), quantity)
            changed = [(where, -units) for where, units in ((locked, first), (here, quantity - first)) if units]
        for where, units in changed:
            self.expected[where, lot] += units
        if changed:
            uses = (usual, other_place) if action == "use" and usual is not None else None
            self.done.append((self.number, quantity, changed, lot, uses))

    @rule(which=st.integers(0, 99), lot=st.sampled_from(LOTS), lane=st.integers(0, 1), times=st.integers(1, 2))
    def identifies(self, which: int, lot: str, lane: int, times: int) -> None:
        """Goods of some scan were of this lot: what it changed, it changed there; said again, nothing changes."""
        if not self.done:
            return
        number, quantity, changed, before, uses = self.done[which % len(self.done)]
        said: dict[str, Any] = {
            "action": "identify", "quantity": quantity, "codes": [gs1(DI, expiry="271231", lot=lot)],
            "encounter": None, "corrects": str(scan_id(number)),
        }  # fmt: skip
        for _ in range(times):
            self.number += 1
            self.loop.run_until_complete(self.ward.scan(scan(self.number, **said), lane=lane))
            self.loop.run_until_complete(self.ward.sweep())
        again = changed
        if uses is not None and lot != before:
            again = [(self.taken(*uses, lot, quantity), -quantity)]
        for where, units in changed:
            self.expected[where, before] -= units
        for where, units in again:
            self.expected[where, lot] += units
        self.done[which % len(self.done)] = (number, quantity, again, lot, uses)

    @rule(
        store=st.sampled_from(STORES), place=st.sampled_from(PLACES), lot=st.sampled_from(LOTS),
        counted=st.integers(0, 9), lane=st.integers(0, 1), times=st.integers(1, 2),
    )  # fmt: skip
    def counts(  # noqa: PLR0917 -- what is drawn
        self, store: str, place: str | None, lot: str, counted: int, lane: int, times: int
    ) -> None:
        """A count of a shelf is posted: what is counted of the lot lies there, however often it is published."""
        # A room that is called so is counted like any other; a supplier's set is not.
        here = f"{store}/{place}" if place else store
        difference = counted - self.expected[here, lot]
        if not difference:
            return
        self.number += 1
        action = "found" if difference > 0 else "missing"
        units, number = abs(difference), self.number
        line = Adjustment(action, store, place, "SCREW", "hospital", "GS1", DI, lot, None, None, units, None)
        self.books.adjustments["H1", scan_id(number)] = line
        said: dict[str, Any] = {
            "action": action, "store": store, "place": place, "quantity": units, "item_code": "SCREW",
            "encounter": None, "document": "C-1", "entry": "manual", "reason": "a count",
        }  # fmt: skip
        for _ in range(times):
            self.loop.run_until_complete(self.ward.scan(scan(number, **said), lane=lane))
        self.expected[here, lot] = counted

    def taken(self, first: str, second: str | None, lot: str, quantity: int) -> str:
        """A store uses what it has borrowed when its shelf has not enough, and gives back its own for those."""
        lying = self.expected[first, lot]
        more = second is not None and self.expected[second, lot] > max(lying, 0)
        return second if second is not None and lying < quantity and more else first

    @invariant()
    def balances_are_those_of_the_dictionary(self) -> None:
        balances, totals = self.books.stock()
        found = Counter({(key.store, key.lot): units for key, units in balances.items() if units})
        assert found == Counter({key: units for key, units in self.expected.items() if units})
        by_place: Counter[str] = Counter()
        for (where, _), units in self.expected.items():
            by_place[where] += units
        assert {key[1]: units for key, units in totals.items() if units} == {k: v for k, v in by_place.items() if v}

    def teardown(self) -> None:
        self.loop.close()


TestStock = Stock.TestCase
TestStock.settings = settings(max_examples=25, stateful_step_count=40)
