"""The ground truth of a run: what must stand in the books when every month of the plan is closed."""

from collections import Counter
from collections.abc import Iterator
from dataclasses import asdict, dataclass, field
from typing import Any

from models.calendar import Month, month_text
from streams.simulator.account.account import Account
from streams.simulator.account.entries import Entry, fen
from streams.simulator.clock import month_at
from streams.simulator.discharges.cases import Cases
from streams.simulator.his.charging import His
from streams.simulator.plan import Plan
from streams.simulator.store.cabinets import Cabinets
from streams.simulator.store.keeping import Keeper
from streams.simulator.store.sets import Sets
from streams.simulator.truth.alerts import Alert, Usage, standing
from streams.simulator.truth.differences import OpenDifference, open_differences
from streams.simulator.ward.people import departments
from streams.simulator.ward.scripted import Cast, Expected


@dataclass(slots=True)
class Truth:
    """Everything that must have come out."""

    plan: Plan
    """What hospital was simulated."""
    account: Account
    """What became of every scan."""
    his: His
    """What the HIS has on its own books."""
    cases: Cases
    """Discharged cases and what was seeded in them."""
    keeper: Keeper
    """What lies in the store in truth, what came there, and what left it without a scan."""
    sets: Sets
    """What suppliers brought for operations, and what was used of it, given back and lost."""
    cabinets: Cabinets
    """What left the cabinets in truth."""
    played: list[Cast] = field(default_factory=list)
    """Scripts with the goods that played them."""
    records: Counter[str] = field(default_factory=Counter)
    """Records on the scan topic: `scans`, `duplicate`, `conflict`, and `refused` by reason as `refused:bad-event` …"""
    monitored: set[str] = field(default_factory=set)
    """Codes of monitored items."""

    @property
    def months(self) -> list[Month]:
        """The months of the plan."""
        return [self.plan.month(index) for index in range(self.plan.months)]

    def verdicts(self) -> Counter[str]:
        """Scans by final verdict; refused ones are those whose scan id can be read."""
        return Counter(entry.verdict for entry in self.account.entries.values())

    def reasons(self) -> Counter[str]:
        """Reasons listed in final verdicts, and those of records that are no scan or repeat one."""
        found = Counter(reason for entry in self.account.entries.values() for reason in entry.reasons)
        for name, count in self.records.items():
            if name != "scans":
                found[name.removeprefix("refused:")] += count
        return found

    def usage(self) -> Usage:
        """Usage of the departments and of the hospital."""
        found: Usage = {}
        for (department, item, month), (quantity, amount) in self.account.usage.items():
            for scope in (("department", department), ("hospital", self.plan.hospital)):
                sums = found.setdefault((*scope, item, month), [0, 0])
                sums[0] += quantity
                sums[1] += amount
        return found

    def alerts(self) -> list[Alert]:
        """The alerts that stand. Ones that fired and were withdrawn later are not among them."""
        return standing(self.usage(), self.monitored, self.months)

    def differences(self) -> list[OpenDifference]:
        """What must stand open between the uses and the HIS's lines."""
        return list(open_differences(self.account, self.his))

    def anomalies(self) -> Iterator[dict[str, Any]]:
        """The scripted expectations, each with the goods that play it."""
        for each in self.played:
            for expected in each.script.expected:
                yield self._anomaly(each, expected)

    def _anomaly(self, each: Cast, expected: Expected) -> dict[str, Any]:
        department = departments(self.plan)[each.script.department].code
        return {
            "name": each.script.name, "item_code": each.goods.code,
            "month": month_text(self.plan.month(expected.month)), "rule": expected.rule, "measure": expected.measure,
            "scope_type": "department" if expected.department else "hospital",
            "scope": department if expected.department else self.plan.hospital, "fires": not expected.silent,
            "change_percent": expected.change, "rank": expected.rank, "months_in_a_row": expected.run,
        }  # fmt: skip


def entry_row(entry: Entry) -> dict[str, Any]:
    """A scan of the account as JSON. Amounts in fen, quantities in units of use; see docs/simulator.md."""
    unit = entry.unit
    posts = entry.verdict in {"billed", "credited"}
    month = month_at(entry.at)
    return {
        "scan_id": entry.scan_id, "action": entry.action, "verdict": entry.verdict, "reasons": list(entry.reasons),
        "item_code": unit.goods.code if unit is not None and entry.quantity is not None else None,
        "encounter": entry.stay.code if entry.stay is not None else None, "department": entry.department,
        "store": entry.store, "service_month": month_text(month),
        "period": month_text(entry.period) if posts and entry.period is not None else None, "quantity": entry.quantity,
        "amount_fen": entry.amount if posts else None,
        "net_quantity": (entry.quantity or 0) - entry.returned if entry.verdict == "billed" else None,
        "net_amount_fen": entry.amount - entry.credited if entry.verdict == "billed" else None,
        "credited_fen": entry.credited if entry.verdict == "billed" else None,
        "corrects": entry.corrects,
        "postings": [asdict(each) | {"period": month_text(each.period)} for each in entry.postings],
    }  # fmt: skip


def identified_rows(account: Account) -> Iterator[dict[str, Any]]:
    """Scans of whose goods another scan said the lot or serial, with what they are since; `owed_fen` to a supplier."""
    for entry in account.identified.values():
        unit, quantity = entry.unit, entry.quantity or 0
        assert unit is not None  # noqa: S101 -- labels of goods
        yield {
            "scan_id": entry.scan_id, "lot": unit.lot, "serial": unit.serial, "item_code": unit.goods.code,
            "quantity": quantity, "charged": quantity if entry.verdict == "billed" else 0,
            "owed_fen": fen(quantity - entry.returned_before, entry.payable)
            if entry.settled and entry.payable is not None else None,
        }  # fmt: skip


def alert_row(alert: Alert) -> dict[str, Any]:
    """An alert as JSON."""
    row = asdict(alert)
    row["month"] = month_text(alert.month)
    row["base_month"] = None if alert.base_month is None else month_text(alert.base_month)
    return row


def stock_rows(account: Account) -> Iterator[dict[str, Any]]:
    """Balances that are not zero; lot and serial `null` where the label gave none."""
    for (store, owner, item, lot, serial), quantity in sorted(account.stock.items()):
        if quantity:
            yield {"store": store, "owner": owner, "item_code": item, "lot": lot or None, "serial": serial or None,
                   "quantity": quantity}  # fmt: skip


def usage_rows(usage: Usage) -> Iterator[dict[str, Any]]:
    """Usage by scope, item and month; sums of zero are left out."""
    for (scope_type, scope, item, month), (quantity, amount) in sorted(usage.items()):
        if quantity or amount:
            yield {"scope_type": scope_type, "scope": scope, "item_code": item, "month": month_text(month),
                   "quantity": quantity, "amount_fen": amount}  # fmt: skip


def settlement_rows(account: Account) -> Iterator[dict[str, Any]]:
    """Payable lines and their reversals, summed."""
    for (supplier, item, period, status), (quantity, amount) in sorted(account.owing.lines.items()):
        yield {"supplier": supplier, "item_code": item, "period": month_text(period), "status": status,
               "quantity": quantity, "amount_fen": None if status == "cost-missing" else amount}  # fmt: skip


def waste_rows(account: Account) -> Iterator[dict[str, Any]]:
    """What was opened and not used, or thrown away, summed; `amount_fen` of what has a cost."""
    for (department, item, action, period), sums in sorted(account.waste.items()):
        yield {"department": department, "item_code": item, "action": action, "period": month_text(period),
               "scans": sums[0], "quantity": sums[1], "amount_fen": sums[2], "without_cost": sums[3]}  # fmt: skip
