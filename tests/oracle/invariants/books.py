"""Invariants of the books beside the ledger: stock, usage, settlement, parked charges, closed periods."""

from collections import Counter, defaultdict
from collections.abc import Iterator
from decimal import Decimal
from typing import Any, Final

from tests.oracle.case import Case
from tests.oracle.values import HOSPITAL, cents, number

OUTSIDE: Final = frozenset({"supplier", "patient", "waste", "adjustment"})


def stock_is_the_sum_of_its_moves(case: Case) -> Iterator[str]:
    summed: Counter[tuple[Any, ...]] = Counter()
    for row in case.rows("stock_moves"):
        what = (row["owner"], row["item_code"], row["lot"], row["serial"])
        for place, sign in ((row["from_place"], -1), (row["to_place"], 1)):
            if place not in OUTSIDE:
                summed[place, *what] += sign * row["quantity"]
    shown: Counter[tuple[Any, ...]] = Counter()
    for row in case.rows("stock"):
        shown[row["store"], row["owner"], row["item_code"], row["lot"], row["serial"]] += row["quantity"]
    for key in summed.keys() | shown.keys():
        if summed[key] != shown[key]:
            yield f"balance {key} is {shown[key]}, its moves sum to {summed[key]}"


def every_scan_moves_what_it_says_and_once(case: Case) -> Iterator[str]:
    found: dict[str, Counter[tuple[Any, ...]]] = defaultdict(Counter)
    for row in case.rows("stock_moves"):
        moved = (row["from_place"], row["to_place"], row["owner"], row["item_code"], row["lot"], row["serial"])
        found[row["scan_id"]][moved] += row["quantity"]
    for scan_id, account in case.accounts.items():
        move = account.move
        due: Counter[tuple[Any, ...]] = Counter()
        if move is not None:
            due[move.from_place, move.to_place, move.owner, move.item, move.lot, move.serial] = move.quantity
        if (first := account.cleared) is not None:
            due[first.from_place, first.to_place, first.owner, first.item, first.lot, first.serial] = first.quantity
        if move is not None and (really := account.really) is not None:
            due[move.to_place, move.from_place, move.owner, move.item, move.lot, move.serial] = move.quantity
            due[really.from_place, really.to_place, move.owner, move.item, really.lot, really.serial] = move.quantity
        if found[scan_id] != due:
            yield f"scan {scan_id} ({account.facts.action}) moved {dict(found[scan_id])}, expected {dict(due)}"


def usage_is_the_recount_of_the_ledger_and_the_recorded_uses(case: Case) -> Iterator[str]:
    counted = recount(case)
    shown: dict[tuple[str, str, str, str], tuple[Decimal, Decimal]] = {}
    for row in case.rows("usage_months"):
        if row["scope_type"] in ("hospital", "department"):
            key = (row["scope_type"], row["scope"], row["item_code"], row["month"])
            shown[key] = (number(row["quantity"]), number(row["amount"]))
    nothing = (Decimal(0), Decimal(0))
    for key in counted.keys() | shown.keys():
        if shown.get(key, nothing) != counted.get(key, nothing):
            yield f"usage {key} is {shown.get(key, nothing)}, the recount says {counted.get(key, nothing)}"


def recount(case: Case) -> dict[tuple[str, str, str, str], tuple[Decimal, Decimal]]:
    """Quantity and amount by kind of scope, scope, item and month of the use."""
    found: dict[tuple[str, str, str, str], tuple[Decimal, Decimal]] = {}

    def add(department: str | None, item: str, month: str, quantity: Decimal, amount: Decimal) -> None:
        scopes = [("hospital", HOSPITAL), *([("department", department)] if department else [])]
        for kind, scope in scopes:
            before = found.get((kind, scope, item, month), (Decimal(0), Decimal(0)))
            found[kind, scope, item, month] = (before[0] + quantity, before[1] + amount)

    months = {row["billing_id"]: case.accounts[row["scan_id"]].facts.scanned_at[:7]
              for row in case.rows("charges") if row["scan_id"] in case.accounts}  # fmt: skip
    for row in case.rows("charges"):
        month, sign = months.get(row["reverses"] or row["billing_id"], ""), 1 if row["kind"] == "charge" else -1
        add(row["department"], row["item_code"], month, sign * number(row["quantity"]), sign * number(row["amount"]))
    for account in case.accounts.values():
        if account.usage is not None:
            facts = account.facts
            used = case.accounts[account.credits_of].facts if account.credits_of else facts
            quantity = Decimal(-facts.quantity if account.credits_of else facts.quantity)
            add(case.hospital.department(facts), facts.item, used.scanned_at[:7], quantity, account.usage)
    return found


def settlement_is_the_use_of_the_suppliers_goods(case: Case) -> Iterator[str]:
    found: dict[str, list[Any]] = defaultdict(list)
    for row in case.rows("settlement"):
        owed = None if row["amount"] is None else cents(number(row["amount"]))
        line = (row["supplier"], row["item_code"], row["quantity"], owed, row["status"] == "reversal")
        found[row["scan_id"]].append(line)
    for scan_id, account in case.accounts.items():
        facts = account.facts
        supplied = account.payable is not None and facts.action in ("use", "return")
        owner = account.move.owner if account.move else None
        due = [(owner, facts.item, facts.quantity, account.payable, facts.action == "return")] if supplied else []
        if found[scan_id] != due:
            yield f"scan {scan_id} has settlement lines {found[scan_id]}, expected {due}"


def nothing_is_parked_whose_facts_have_come(case: Case) -> Iterator[str]:
    still = {row["scan_id"]: row["reason"] for row in case.rows("parked") if row["resolved_at"] is None}
    due = {scan_id for scan_id, account in case.accounts.items() if account.verdict == "parked"}
    yield from (f"scan {scan_id} is parked ({still[scan_id]}), its facts are there" for scan_id in still.keys() - due)
    yield from (f"scan {scan_id} must be parked and is not" for scan_id in due - still.keys())


def a_closed_period_gets_no_row(case: Case) -> Iterator[str]:
    for month, before in case.evidence.closed.items():
        after = {row["billing_id"] for row in case.rows("charges") if row["period"] == month}
        if after != before:
            yield f"period {month} was closed with {len(before)} entries and has {len(after)}"
