"""What follows from decisions alone: stock, units charged, quotas used, credits, neighbours of a scan."""

from collections import Counter
from collections.abc import Iterable, Mapping
from datetime import date, timedelta
from uuid import UUID

from models.charging.books import BalanceKey, Neighbour, Ref, UnitKey
from models.charging.costs import CostKey, CostsSince
from models.charging.decision import Decision, goods_of, tell
from models.charging.effects import Charge
from models.charging.goods import Goods, GoodsKey, goods_keys
from models.charging.known_controls import QuotaKey, Used, UsedItems
from models.charging.snapshot import Catalogue, Lookup
from models.policy import POLICY
from models.reasons import TAKEN_BACK, Reason, Verdict, deciding_reason
from models.scan.event import Action
from models.stock.places import Sight
from models.stock.told import Told
from models.udi import Issuer
from sinks.memory.rows import Claims, owner, same_goods
from sinks.postgres.charging.books import NEIGHBOUR_SECONDS

_STANDS = frozenset({Verdict.BILLED, Verdict.RECORDED})
_REPEATED = frozenset({Verdict.DUPLICATE, Verdict.CONFLICT})
_NEAR = timedelta(seconds=NEIGHBOUR_SECONDS)


def stock_of(decisions: Iterable[Decision]) -> tuple[Counter[BalanceKey], Counter[tuple[str, str, str]]]:
    """Units by balance, and by (hospital, store, item)."""
    balances: Counter[BalanceKey] = Counter()
    for decision in decisions:
        move = decision.stock.move
        for store, units in ((move.from_store, -move.units), (move.to_store, move.units)) if move else ():
            if store is not None:
                balances[decision.balance_key(store)] += units
    totals: Counter[tuple[str, str, str]] = Counter()
    for key, units in balances.items():
        totals[key.hospital, key.store, key.item_code] += units
    return balances, totals


def costs_of(decisions: Iterable[Decision]) -> dict[CostKey, CostsSince]:
    """From which day on goods cost what by their delivery notes; of one day what was recorded first."""
    found: dict[CostKey, dict[date, int | None]] = {}
    for decision in sorted(decisions, key=lambda each: (each.decided_at, each.subject.ref, each.n)):
        brought = decision.stock.brought
        if brought is not None:
            found.setdefault(decision.cost_key(brought.owner), {}).setdefault(decision.subject.day, brought.cost)
    return {key: tuple(sorted(told.items())) for key, told in found.items()}


def booked_of(decisions: Iterable[Decision], wanted: Lookup) -> dict[UnitKey, int]:
    """How often the units that are received are in the house by the moves."""
    booked = dict.fromkeys(wanted.received, 0)
    for decision in decisions if booked else ():
        unit, move = decision.label.unit(decision.subject.event.hospital), decision.stock.move
        if move is not None and unit in booked:
            booked[unit] += (move.to_store is not None) - (move.from_store is not None)
    return booked


def sights_of(decisions: Iterable[Decision], wanted: Lookup) -> dict[UnitKey, Sight | None]:
    """Where the units are that stores move, by the moves in the order in which the books took them."""
    sights: dict[UnitKey, Sight | None] = dict.fromkeys(wanted.moved)
    moves = [each for each in decisions if each.stock.move is not None] if sights else []
    for decision in sorted(moves, key=lambda each: (each.decided_at, each.subject.ref, each.n)):
        unit = decision.label.unit(decision.subject.event.hospital)
        if unit in sights:
            sights[unit] = decision.seen(sights[unit])
    return sights


def goods_by_key(
    decisions: Mapping[Ref, list[Decision]], claims: Claims, wanted: Lookup
) -> dict[GoodsKey, list[Goods]]:
    """What each of the keys may mean; repeated and refused scans are left out."""
    found: dict[GoodsKey, list[Goods]] = {key: [] for key in wanted.goods}
    for ref, _ in claims.scans.values() if found else ():
        newest, event = decisions[ref][-1], decisions[ref][0].subject.event
        back = any(units for (of, _), (units, _) in claims.changes.items() if of == ref)
        stands = newest.open or owner(decisions[ref]) is not None
        stands = stands and not back and not TAKEN_BACK.intersection(newest.reasons)
        for key in goods_keys(event.hospital, event.scan_id, event.document):
            if key in found and newest.verdict is not Verdict.REFUSED:
                found[key].append(goods_of(newest, stands=stands))
    return found


def goods_for(waiting: Decision, decisions: Mapping[Ref, list[Decision]], claims: Claims) -> list[Goods]:
    """The goods of which an `identify` speaks that came before them; none while nobody could say which they are."""
    event, label = waiting.subject.event, waiting.label
    if event.action is not Action.IDENTIFY or waiting.verdict is not Verdict.HELD:
        return []
    if deciding_reason(waiting.reasons) is not Reason.NO_SUCH_GOODS or Reason.LABEL_INCOMPLETE in waiting.reasons:
        return []
    key = GoodsKey(event.hospital, event.corrects, None if event.corrects else event.document)
    every = goods_by_key(decisions, claims, Lookup(goods={key}))[key]
    found = [each for each in every if each.stands and each.label[0] != Issuer.INTERNAL]
    if event.corrects is None:
        found = [each for each in found if waiting.item and each.item_code == waiting.item.item_code]
        said = (label.issuer, label.di, label.lot, label.serial)
        others = [each for each in found if each.label != said and each.units == waiting.units]
        return found if len(found) == 1 or len(others) == 1 else []
    return found


def replaced_of(
    decisions: Mapping[Ref, list[Decision]], claims: Claims, wanted: Lookup
) -> dict[tuple[str, UUID], BalanceKey]:
    """The balance each of the uses that are replaced took its goods from; one that moved none is missing."""
    found: dict[tuple[str, UUID], BalanceKey] = {}
    for scan in wanted.replaced & claims.scans.keys():
        for decision in decisions[claims.scans[scan][0]]:
            move = decision.stock.move
            if move is not None and not decision.stock.takes_back and move.from_store is not None:
                found[scan] = decision.balance_key(move.from_store)
    return found


def told_of(decisions: Mapping[Ref, list[Decision]], wanted: Lookup) -> Told:
    """What the newest labels say, of whatever lot, when any is asked for."""
    told = Told()
    for each in decisions.values() if wanted.labels else ():
        if each[-1].speaks:
            tell(told, each[-1])
    return told


def charged_units(decisions: Iterable[Decision], hospital: str, encounter: str, item_code: str) -> int:
    """Units of an item charged to an encounter, less those credited."""
    return sum(
        -charge.quantity if charge.reverses else charge.quantity
        for decision in decisions
        for charge in decision.charging.entries
        if (decision.subject.event.hospital, charge.encounter, charge.item.item_code)
        == (hospital, encounter, item_code)
    )


def quota_used(decisions: Iterable[Decision], key: QuotaKey, catalogue: Catalogue) -> dict[str, UsedItems]:
    """What was used of a controlled category in a month, by department and item."""
    codes, used = set(catalogue.controlled(key.hospital, key.category)), dict[str, UsedItems]()
    for usage in (usage for decision in decisions for usage in decision.charging.usage):
        if (usage.hospital, usage.month) == key[::2] and usage.item_code in codes and usage.department:
            items = used.setdefault(usage.department, {})
            before = items.get(usage.item_code, Used())
            items[usage.item_code] = Used(before.units + usage.quantity, before.fen + usage.amount_fen)
    return used


def credits_of(decisions: Iterable[Decision], charge: Charge | None) -> list[Charge]:
    """What was credited of a charge; nothing of none."""
    every = (each for decision in decisions for each in decision.charging.entries)
    return [
        each for each in every if charge and each.reverses is not None and each.reverses.billing_id == charge.billing_id
    ]


def neighbours_of(firsts: Iterable[Decision], wanted: Lookup) -> dict[tuple[str, str], list[Neighbour]]:
    """Scans of the devices wanted that were made near them, by (hospital, device); `firsts`: first decisions."""
    found: dict[tuple[str, str], list[Neighbour]] = {}
    for first in firsts:
        event = first.subject.event
        near = any(
            (event.hospital, event.device_id) == (hospital, device) and abs(event.scanned_at - at) <= _NEAR
            for hospital, device, at in wanted.devices
        )
        if near and first.verdict not in _REPEATED:
            neighbour = Neighbour(first.subject.ref, event.scanned_at)
            found.setdefault((event.hospital, event.device_id), []).append(neighbour)
    return found


def uses_for(waiting: Decision, decisions: Mapping[Ref, list[Decision]], claims: Claims) -> list[Decision]:
    """Standing uses with enough left for a return that waits."""
    event, wanted = waiting.subject.event, waiting.units or 1
    named = claims.scans.get((event.hospital, event.corrects)) if event.corrects else None
    return [
        use
        for use in (each[-1] for each in decisions.values())
        if (use.subject.event.hospital, use.subject.event.action) == (event.hospital, Action.USE)
        and use.verdict in _STANDS
        and not TAKEN_BACK.intersection(use.reasons)
        and (
            named and use.subject.ref == named[0] if event.corrects else use.subject.event.encounter == event.encounter
        )
        and same_goods(use, waiting)
        and use.subject.event.scanned_at <= event.scanned_at + POLICY.return_clock_tolerance
        and (use.units or 0) - _returned(use, claims) >= wanted
    ]


def uses_wanted(decisions: Mapping[Ref, list[Decision]], claims: Claims, wanted: Lookup) -> list[Ref]:
    """The scans of the uses of which an account is wanted, in their order."""
    found = {claims.scans[scan][0] for scan in wanted.uses_of_scans if scan in claims.scans}
    for ref, _ in claims.scans.values():
        newest = decisions[ref][-1]
        event, label = newest.subject.event, newest.label
        unit = (event.hospital, event.encounter or "", label.issuer, label.di or "", label.lot, label.serial)
        if unit in wanted.uses_of_units:
            found.add(ref)
    return sorted(ref for ref in found if decisions[ref][0].subject.event.action is Action.USE)


def _returned(use: Decision, claims: Claims) -> int:
    return sum(units for (of, _), (units, _) in claims.changes.items() if of == use.subject.ref)
