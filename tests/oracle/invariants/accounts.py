"""Invariants of the account of each scan: lost, double, invented, wrong."""

from collections import Counter
from collections.abc import Iterator
from decimal import Decimal

from tests.oracle.case import Case, grouped
from tests.oracle.model import Account
from tests.oracle.values import HOSPITAL, number


def every_accepted_scan_has_one_account(case: Case) -> Iterator[str]:
    for scan_id in case.accounts:
        if len(rows := case.scans.get(scan_id, [])) != 1:
            yield f"scan {scan_id} has {len(rows)} rows in report.scans"


def every_charge_and_credit_that_is_due_is_in_the_ledger(case: Case) -> Iterator[str]:
    for scan_id, account in case.accounts.items():
        if account.verdict == "billed" and not case.charges.get(scan_id):
            yield f"scan {scan_id} has no charge"
        if account.verdict == "credited" and not case.credits.get(scan_id):
            yield f"scan {scan_id} has no credit"


def no_scan_is_charged_or_credited_twice(case: Case) -> Iterator[str]:
    for kind, entries in (("charges", case.charges), ("credits", case.credits)):
        for scan_id, rows in entries.items():
            if len(rows) > 1:
                yield f"scan {scan_id} has {len(rows)} {kind}"


def nothing_is_in_the_books_that_nobody_scanned(case: Case) -> Iterator[str]:
    for view in ("scans", "charges", "stock_moves", "settlement", "parked"):
        for row in case.rows(view):
            if row["scan_id"] not in case.accounts:
                yield f"report.{view} names scan {row['scan_id']}, which nobody sent"
    for scan_id, account in case.accounts.items():
        if account.verdict != "billed" and case.charges.get(scan_id):
            yield f"scan {scan_id} must be {account.verdict} {account.reason} and has a charge"
        if account.verdict != "credited" and case.credits.get(scan_id):
            yield f"scan {scan_id} must be {account.verdict} {account.reason} and has a credit"


def every_verdict_is_the_models(case: Case) -> Iterator[str]:
    for scan_id, account in case.accounts.items():
        for row in case.scans.get(scan_id, []):
            reasons = row["reasons"] or []
            if row["verdict"] != account.verdict or (account.reason and account.reason not in reasons[:1]):
                expected = f"{account.verdict} {account.reason}".strip()
                yield f"scan {scan_id} ({account.facts.action}) must be {expected}, is {row['verdict']} {reasons}"
            if row["quantity"] != account.units and not account.facts.half_of:
                yield f"scan {scan_id} has quantity {row['quantity']}, expected {account.units}"


def every_amount_is_exact(case: Case) -> Iterator[str]:
    for scan_id, account in case.accounts.items():
        for row in (*case.charges.get(scan_id, []), *case.credits.get(scan_id, [])):
            yield from _entry_differs(case, account, row)


def _entry_differs(case: Case, account: Account, row: object) -> Iterator[str]:
    assert isinstance(row, dict)
    facts, price = account.facts, case.hospital.price(account.facts.item)
    expected = {"item_code": facts.item, "quantity": facts.quantity, "unit_price": price, "amount": account.amount}
    expected |= {"encounter": facts.encounter, "department": case.hospital.department(facts), "serial": facts.serial}
    expected |= {"period": facts.scanned_at[:7], "lot": account.really.lot if account.really else facts.lot}
    for column, value in expected.items():
        found = number(row[column]) if isinstance(value, Decimal) else row[column]
        if found != value:
            yield f"{row['kind']} of scan {facts.scan_id} has {column} {found}, expected {value}"


def credits_name_their_charge_and_never_exceed_it(case: Case) -> Iterator[str]:
    charges = {row["billing_id"]: row for rows in case.charges.values() for row in rows}
    reversals = grouped((row for rows in case.credits.values() for row in rows), "reverses")
    for billing_id, rows in reversals.items():
        charge = charges.get(billing_id)
        if charge is None:
            yield f"credits {[row['billing_id'] for row in rows]} name charge {billing_id}, which is not there"
            continue
        for measure in ("quantity", "amount"):
            parts = [number(row[measure]) for row in rows]
            if min(parts) < 0 or sum(parts) > number(charge[measure]):
                yield f"charge {billing_id} has {measure} {charge[measure]} and credits of {parts}"
    for scan_id, account in case.accounts.items():
        for row in case.credits.get(scan_id, []):
            used = charges.get(row["reverses"], {"scan_id": None})["scan_id"]
            if used != account.credits_of:
                yield f"credit of scan {scan_id} reverses the charge of {used}, expected {account.credits_of}"


def a_serial_numbered_unit_is_billed_to_one_at_a_time(case: Case) -> Iterator[str]:
    net: Counter[tuple[str, str]] = Counter()
    for row in case.rows("charges"):
        if row["serial"]:
            net[row["di"], row["serial"]] += 1 if row["kind"] == "charge" else -1
    yield from (
        f"unit {unit} is billed {count} times after credits" for unit, count in net.items() if count not in (0, 1)
    )


def billing_ids_are_unique(case: Case) -> Iterator[str]:
    counts = Counter(row["billing_id"] for row in case.rows("charges"))
    yield from (f"billing id {billing_id} stands {count} times" for billing_id, count in counts.items() if count > 1)


def no_row_belongs_to_another_hospital(case: Case) -> Iterator[str]:
    for view in ("scans", "charges", "stock", "stock_moves", "parked", "usage_months", "settlement"):
        for row in case.rows(view):
            if row["hospital"] != HOSPITAL:
                yield f"report.{view} has a row of hospital {row['hospital']}"
