"""What must have become of every scan in the end, when all facts are known and everybody is alive again.

It takes the records lane by lane, one at a time, with the final catalogue and the final encounters: whatever was
parked on the way must end as if the facts had been there from the start. Only what two lanes contend for depends on
the order between them; such uses are marked and the checker asks that exactly one of them won.
"""

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any

from tests.oracle.values import Facts, Intent, cents, number

Unit = tuple[str, str]
RETURN_CLOCK_TOLERANCE = timedelta(minutes=5)
"""The contract's; written here again, so that a changed constant of the product is noticed."""


@dataclass(frozen=True, slots=True)
class Move:
    """A stock move; what identifies it beside its scan."""

    from_place: str
    to_place: str
    owner: str
    item: str
    lot: str | None
    serial: str | None
    quantity: int


@dataclass(frozen=True, slots=True)
class Account:
    """What must have become of one scan."""

    facts: Facts
    verdict: str
    reason: str = ""
    """The deciding reason; empty when there need not be one."""
    amount: Decimal | None = None
    """Of the charge or credit; `None`: there is none."""
    credits_of: str | None = None
    """For a return that found its use: the scan id of the use."""
    move: Move | None = None
    cleared: Move | None = None
    """Of goods that were sent back and lay partly in quarantine: the way out of it, before the way to the supplier."""
    really: Move | None = None
    """Of goods that another scan identified: how they went when they moved again."""
    payable: Decimal | None = None
    """Amount of the settlement line; `None`: there is none."""
    usage: Decimal | None = None
    """Amount a recorded use (or its return, negative) adds to the month's usage, for nothing in the ledger does."""
    contest: Unit | None = None
    """The unit that uses on several lanes contend for: one of them wins as written here, the others are held."""
    billed_with: str | None = None
    """For half a label: the scan id of the half that is charged."""

    @property
    def units(self) -> int | None:
        """Units of use in the books; `None` while nobody knows: of a difference that no count has posted."""
        return None if self.reason == "not-counted" else self.facts.quantity


@dataclass(slots=True)
class _Lane:
    """The fold's state."""

    uses: dict[str, Account] = field(default_factory=dict)
    left: dict[str, int] = field(default_factory=dict)
    left_amount: dict[str, Decimal] = field(default_factory=dict)
    holders: dict[Unit, str] = field(default_factory=dict)
    done: dict[str, Account] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Hospital:
    """The final catalogue and the final encounters, from what was sent."""

    items: Mapping[str, Mapping[str, Any]]
    stays: Mapping[str, Mapping[str, Any]]
    confirming: frozenset[str] = frozenset()
    """Stores that accept by scan what is sent to them."""

    @classmethod
    def of(cls, intents: Iterable[Intent]) -> "Hospital":
        """The last row of each item and encounter; of a store the one there is."""
        items, stays, confirming = {}, {}, set[str]()
        for intent in intents:
            if intent.facts.kind == "item":
                items[intent.facts.item] = json.loads(intent.value)
            elif intent.facts.kind == "encounter":
                stays[intent.facts.encounter or ""] = json.loads(intent.value)
            elif intent.facts.kind == "store" and json.loads(intent.value)["confirms_transfers"]:
                confirming.add(intent.facts.store)
        return cls(items, stays, frozenset(confirming))

    def department(self, facts: Facts) -> str | None:
        """Of the scan, else of its encounter."""
        return facts.department or self.stays.get(facts.encounter or "", {}).get("department")

    def price(self, item: str) -> Decimal | None:
        """The one price there is."""
        prices = self.items[item]["prices"]
        return number(prices[0]["price"]) if prices else None

    def owner(self, item: str) -> str:
        """As balances name it."""
        row = self.items[item]
        return str(row["supplier"]) if row["owner"] == "supplier" else "hospital"

    def cost(self, facts: Facts) -> Decimal | None:
        """What is owed for the quantity; `None` when the hospital owns the goods."""
        row = self.items[facts.item]
        return cents(number(row["cost"][0]["cost"]) * facts.quantity) if row["owner"] == "supplier" else None


def accounts(lanes: Mapping[int, Sequence[Facts]], hospital: Hospital) -> dict[str, Account]:
    """The account of each scan, by scan id.

    Args:
        lanes: by partition: the scans that are neither poison nor repeated, in order of offset.
        hospital: the final facts.
    """
    contested = _contested(lanes)
    found: dict[str, Account] = {}
    for lane in lanes.values():
        state = _Lane()
        for facts in lane:
            _fold(state, facts, hospital, contested)
        found |= state.done
    return found


def _contested(lanes: Mapping[int, Sequence[Facts]]) -> set[Unit]:
    seen: dict[Unit, set[int]] = {}
    for lane, scans in lanes.items():
        for facts in scans:
            if facts.action == "use" and facts.serial:
                seen.setdefault((facts.di, facts.serial), set()).add(lane)
    return {unit for unit, where in seen.items() if len(where) > 1}


def _fold(state: _Lane, facts: Facts, hospital: Hospital, contested: set[Unit]) -> None:
    if facts.half_of:
        half = Account(facts, "recorded", "half-label", billed_with=facts.half_of)
        state.done[facts.scan_id] = half
    elif facts.action == "use":
        _use(state, facts, hospital, contested)
        _try_waiting_returns(state, hospital, contested)
    elif facts.action == "return":
        _give_back(state, facts, hospital, contested)
    elif facts.action == "identify":
        _identify(state, facts)
    elif facts.action in ("missing", "found") and not facts.document:
        state.done[facts.scan_id] = Account(facts, "held", "not-counted")
    else:
        state.done[facts.scan_id] = Account(
            facts, "recorded", move=move_of(facts, hospital), cleared=_cleared(facts, hospital)
        )


def _identify(state: _Lane, facts: Facts) -> None:
    """The goods of the scan it names go back, and again under its own lot."""
    meant = state.done.get(facts.corrects or "")
    if meant is None or meant.move is None:
        state.done[facts.scan_id] = Account(facts, "held", "no-such-goods")
        return
    state.done[facts.scan_id] = Account(facts, "recorded")
    found = replace(meant, really=replace(meant.move, lot=facts.lot, serial=facts.serial))
    state.done[found.facts.scan_id] = found
    if found.facts.scan_id in state.uses:
        state.uses[found.facts.scan_id] = found


def _use(state: _Lane, facts: Facts, hospital: Hospital, contested: set[Unit]) -> None:
    unit = (facts.di, facts.serial or "")
    account = _decided_use(facts, hospital, held=bool(facts.serial) and unit in state.holders and unit not in contested)
    if unit in contested:
        account = replace(account, contest=unit)
    elif facts.serial and account.reason != "serial-used":
        state.holders[unit] = facts.scan_id
    state.uses[facts.scan_id] = state.done[facts.scan_id] = account
    state.left[facts.scan_id] = facts.quantity
    state.left_amount[facts.scan_id] = account.amount or Decimal(0)


def _decided_use(facts: Facts, hospital: Hospital, *, held: bool) -> Account:
    """By the contract's table, from the top."""
    row, stay = hospital.items[facts.item], hospital.stays.get(facts.encounter or "")
    price = hospital.price(facts.item)
    move, payable = move_of(facts, hospital), hospital.cost(facts)
    outside = _outside(facts, stay)
    if stay is None:
        verdict, reason = "parked", "encounter-unknown" if facts.encounter else "encounter-missing"
    elif outside or facts.expired:
        verdict, reason = "held", outside or "expired"
    elif held:
        verdict, reason = "held", "serial-used"
    elif row["chargeable"] and not row["bundled_into"]:
        verdict, reason = ("billed", "") if price is not None else ("parked", "no-price")
    else:
        verdict, reason = "recorded", "bundled" if row["chargeable"] else "not-chargeable"
    if held:
        move, payable = None, None
    amount = cents((price or Decimal(0)) * facts.quantity)
    return Account(
        facts, verdict, reason, move=move, payable=payable, amount=amount if verdict == "billed" else None,
        usage=amount if verdict == "recorded" else None,
    )  # fmt: skip


def _outside(facts: Facts, stay: Mapping[str, Any] | None) -> str:
    """Why the encounter's dates forbid the charge; empty when they do not."""
    if stay is None:
        return ""
    at = datetime.fromisoformat(facts.scanned_at)
    if at < datetime.fromisoformat(stay["admitted_at"]):
        return "before-admission"
    return "after-settlement" if stay["settled_at"] and at >= datetime.fromisoformat(stay["settled_at"]) else ""


def _give_back(state: _Lane, facts: Facts, hospital: Hospital, contested: set[Unit]) -> None:
    used = _named_use(state, facts) if facts.corrects else _last_use(state, facts)
    if used is None or state.left[used.facts.scan_id] < facts.quantity:
        reason = "return-without-use" if used is None else "over-return"
        state.done[facts.scan_id] = Account(facts, "held", reason)
        return
    use_id = used.facts.scan_id
    if used.verdict in ("parked", "held"):
        state.done[facts.scan_id] = Account(facts, used.verdict, used.reason, credits_of=use_id)
        return
    state.done[facts.scan_id] = _credited(state, facts, used, hospital)
    state.left[use_id] -= facts.quantity
    unit = (facts.di, facts.serial or "")
    if facts.serial and state.holders.get(unit) == use_id:
        del state.holders[unit]
        _free(state, unit, hospital, contested)


def _credited(state: _Lane, facts: Facts, used: Account, hospital: Hospital) -> Account:
    price, use_id = hospital.price(facts.item) or Decimal(0), used.facts.scan_id
    amount = cents(price * facts.quantity)
    if used.verdict == "billed":
        if facts.quantity == state.left[use_id]:
            amount = state.left_amount[use_id]  # The last of several takes the rest.
        state.left_amount[use_id] -= amount
    billed = used.verdict == "billed"
    return Account(
        facts, "credited" if billed else "recorded", amount=amount if billed else None, credits_of=use_id,
        usage=None if billed else -amount, move=move_of(facts, hospital), payable=hospital.cost(facts),
    )  # fmt: skip


def _before(used: Account, facts: Facts) -> bool:
    """Whether a return may take it back: nothing can come back before it was used, by the clocks of two devices."""
    latest = datetime.fromisoformat(facts.scanned_at) + RETURN_CLOCK_TOLERANCE
    return datetime.fromisoformat(used.facts.scanned_at) <= latest


def _named_use(state: _Lane, facts: Facts) -> Account | None:
    used = state.uses.get(facts.corrects or "")
    return used if used and _before(used, facts) else None


def _last_use(state: _Lane, facts: Facts) -> Account | None:
    unit = (facts.encounter, facts.di, facts.lot, facts.serial)
    same = [
        used for used in state.uses.values()
        if (used.facts.encounter, used.facts.di, used.facts.lot, used.facts.serial) == unit and _before(used, facts)
    ]  # fmt: skip
    enough = [used for used in same if state.left[used.facts.scan_id] >= facts.quantity]
    ordered = sorted(enough or same, key=lambda used: datetime.fromisoformat(used.facts.scanned_at))
    return ordered[-1] if ordered else None


def _free(state: _Lane, unit: Unit, hospital: Hospital, contested: set[Unit]) -> None:
    """The earliest use that was held for the unit takes it."""
    for account in state.uses.values():
        if account.reason == "serial-used" and (account.facts.di, account.facts.serial) == unit:
            _use(state, account.facts, hospital, contested)
            return


def _try_waiting_returns(state: _Lane, hospital: Hospital, contested: set[Unit]) -> None:
    waiting = [account.facts for account in state.done.values() if account.reason == "return-without-use"]
    for facts in waiting:
        _give_back(state, facts, hospital, contested)


def _cleared(facts: Facts, hospital: Hospital) -> Move | None:
    if not facts.cleared:
        return None
    way = (f"quarantine/{facts.store}", facts.store)
    return Move(*way, hospital.owner(facts.item), facts.item, facts.lot, facts.serial, facts.cleared)


def move_of(facts: Facts, hospital: Hospital) -> Move | None:
    """Where the goods go by the scan alone; `None`: nowhere."""
    here, there = f"set/{facts.set_of}" if facts.set_of else facts.store, facts.to_store or ""
    here = f"lent/{here}" if facts.borrowed else here
    locked, sent = f"quarantine/{facts.store}", f"in-transit/{there}" if there in hospital.confirming else there
    places = {
        "use": (here, "patient"), "return": ("patient", here), "opened": (here, "waste"), "waste": (here, "waste"),
        "receive": ("supplier", locked if facts.expired else here), "transfer": (here, sent),
        "lend": (here, f"lent/{there}"),
        "give-back": (f"lent/{facts.store}", there), "accept": (f"in-transit/{facts.store}", here),
        "quarantine": (here, locked), "clear": (locked, here),
        "send-back": (locked if facts.locked else here, "supplier"), "missing": (here, "adjustment"),
        "found": ("adjustment", here),
    }.get(facts.action)  # fmt: skip
    if places is None:
        return None
    owner = hospital.owner(facts.item)
    return Move(*places, owner, facts.item, facts.lot, facts.serial, facts.quantity)
