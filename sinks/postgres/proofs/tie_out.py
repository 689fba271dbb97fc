"""What the books hold, row by row, to be compared with a truth. Amounts are fen, unit prices 1/10,000 yuan."""

from decimal import Decimal
from typing import Final, NamedTuple
from uuid import UUID

from models.calendar import Month
from sinks.postgres.named import Asked, fetch

_SCANS: Final = "SELECT scan_id, verdict FROM report.scans"
_CHARGES: Final = """
SELECT billing_id, scan_id, kind, item_code, encounter, quantity, (unit_price * 10000)::bigint AS price,
       (amount * 100)::bigint AS fen, period
FROM report.charges
"""
_STOCK: Final = "SELECT store, owner, item_code, lot, serial, quantity FROM report.stock WHERE quantity <> 0"
_USAGE: Final = """
SELECT scope_type, scope, item_code, month, quantity, (amount * 100)::bigint AS fen FROM report.usage_months
"""
_SETTLEMENT: Final = """
SELECT supplier, item_code, period, status, sum(quantity)::bigint AS quantity,
       CASE WHEN status <> 'cost-missing' THEN coalesce(sum((amount * 100)::bigint), 0)::bigint END AS fen
FROM report.settlement GROUP BY supplier, item_code, period, status
"""
_ALERTS: Final = """
SELECT rule, measure, scope_type, scope, item_code, month, value, base_month, base_value, change_percent, rank,
       months_in_a_row
FROM (SELECT DISTINCT ON (alert_id) * FROM udi.alert ORDER BY alert_id, version DESC) newest
WHERE status IN ('fired', 'explained')
"""
_REFUSED: Final = """
SELECT reasons[1] AS name, count(*) AS many FROM report.verdicts
WHERE verdict IN ('refused', 'duplicate', 'conflict') GROUP BY 1
"""
_WASTE: Final = """
SELECT coalesce(department, '') AS department, item_code, action, period, count(*) AS scans,
       sum(quantity)::bigint AS quantity, coalesce(sum((amount * 100)::bigint), 0)::bigint AS fen,
       coalesce(sum(quantity) FILTER (WHERE amount IS NULL), 0)::bigint AS without_cost
FROM report.waste GROUP BY 1, 2, 3, 4
"""
_LETTERS: Final = """
SELECT one.reason AS name, count(*) AS many FROM udi.outbox_block b
CROSS JOIN LATERAL unnest(b.reasons, b.origins) one (reason, origin)
WHERE split_part(one.origin, '/', 1) LIKE '%his-charges' GROUP BY 1
"""
_LINES: Final = "SELECT count(*) FROM udi.his_line"
_DIFFERENCES: Final = """
SELECT kind, aspects, cause, encounter, item_code, (expected * 100)::bigint AS expected_fen,
       (found * 100)::bigint AS found_fen
FROM report.differences WHERE status IN ('open', 'asked', 'accepted')
"""

_RECEIPTS: Final = """
SELECT note, line, item_code, lot, coalesce(expected, 0) AS expected, arrived, accepted, quarantined, findings
FROM report.deliveries
"""

_FINDINGS: Final = "SELECT item_code, month FROM report.findings WHERE status <> 'withdrawn'"


class ScanRow(NamedTuple):
    """A scan and its verdict."""

    scan_id: UUID
    """Its id."""
    verdict: str
    """As it stands."""


class ChargeRow(NamedTuple):
    """A charge or a credit."""

    billing_id: UUID
    """Its id."""
    scan_id: UUID
    """The scan it is of."""
    kind: str
    """`charge` or `credit`."""
    item_code: str
    """Code of the item in the HIS catalogue."""
    encounter: str
    """Opaque id of the patient's stay that pays."""
    quantity: int
    """Units."""
    price: int
    """In 1/10,000 yuan."""
    fen: int
    """The amount."""
    period: str
    """The month it is booked in."""


class StockRow(NamedTuple):
    """A balance that is not zero."""

    store: str
    """Where."""
    owner: str
    """Whose."""
    item_code: str
    """Code of the item in the HIS catalogue."""
    lot: str | None
    """Its lot."""
    serial: str | None
    """Its serial number."""
    quantity: int
    """Units, negative where more went than came."""


class UsageRow(NamedTuple):
    """What a scope used of an item in a month."""

    scope_type: str
    """`hospital` or `department`."""
    scope: str
    """Its id."""
    item_code: str
    """Code of the item in the HIS catalogue."""
    month: str
    """As 2022-06."""
    quantity: int
    """Units."""
    fen: int
    """The amount."""


class SettlementRow(NamedTuple):
    """What is settled with a supplier."""

    supplier: str
    """Who."""
    item_code: str
    """Code of the item in the HIS catalogue."""
    period: str
    """The month."""
    status: str
    """As `report.settlement` has it."""
    quantity: int
    """Units."""
    fen: int | None
    """The amount; `None` where the cost is missing."""


class AlertFigures(NamedTuple):
    """An alert that stands, also one that the caseload explains."""

    rule: str
    """Id of the rule that stands."""
    measure: str
    """`amount` or `quantity`."""
    scope_type: str
    """`hospital` or `department`."""
    scope: str
    """Its id."""
    item_code: str
    """Code of the item in the HIS catalogue."""
    month: Month
    """As 202206."""
    value: int
    """Fen or units."""
    base_month: Month | None
    """As 202206."""
    base_value: int | None
    """Fen or units."""
    change_percent: Decimal | None
    """Growth on the base; `None` without one."""
    rank: int | None
    """The rank, where the rule ranks."""
    months_in_a_row: int | None
    """For how many months."""


class Count(NamedTuple):
    """How many there are of a name."""

    name: str
    """What was counted."""
    many: int
    """How many."""


class WasteRow(NamedTuple):
    """What was opened and not used, or thrown away."""

    department: str
    """Where; empty where the scan did not say."""
    item_code: str
    """Code of the item in the HIS catalogue."""
    action: str
    """How."""
    period: str
    """The month."""
    scans: int
    """Scans of it."""
    quantity: int
    """Units."""
    fen: int
    """What those cost whose cost is known."""
    without_cost: int
    """Units of the others."""


class ReceiptRow(NamedTuple):
    """A line of a delivery note, or goods that came under its number and stand on no line. Units of use."""

    note: str
    """Number of the note."""
    line: str | None
    """Its line; `None`: on none."""
    item_code: str | None
    """Code of the item in the HIS catalogue; `None`: no item of the house."""
    lot: str | None
    """Lot announced, or of the goods on no line."""
    expected: int
    """Announced."""
    arrived: int
    """Scanned in."""
    accepted: int
    """Of those, on a shelf."""
    quarantined: int
    """Of those, locked away."""
    findings: list[str]
    """What does not fit."""


class FindingRow(NamedTuple):
    """A finding that stands."""

    item_code: str
    """Code of the item in the HIS catalogue."""
    month: str
    """As 2022-06."""


class DifferenceRow(NamedTuple):
    """A difference with the HIS that stands."""

    kind: str
    """`missed`, `wrong` or `extra`."""
    aspects: list[str]
    """In what."""
    cause: str | None
    """Why, where it is known."""
    encounter: str
    """Whose."""
    item_code: str
    """Of what."""
    expected_fen: int
    """What is due."""
    found_fen: int
    """What the HIS charged."""


async def scan_rows(asked: Asked) -> list[ScanRow]:
    """Every scan."""
    return await fetch(asked, ScanRow, _SCANS)


async def charge_rows(asked: Asked) -> list[ChargeRow]:
    """Every charge and credit."""
    return await fetch(asked, ChargeRow, _CHARGES)


async def stock_rows(asked: Asked) -> list[StockRow]:
    """Every balance that is not zero."""
    return await fetch(asked, StockRow, _STOCK)


async def usage_rows(asked: Asked) -> list[UsageRow]:
    """Usage by item, scope and month."""
    return await fetch(asked, UsageRow, _USAGE)


async def settlement_rows(asked: Asked) -> list[SettlementRow]:
    """Settlement by supplier, item, month and status."""
    return await fetch(asked, SettlementRow, _SETTLEMENT)


async def alert_rows(asked: Asked) -> list[AlertFigures]:
    """Alerts that stand, and those that are filed because the caseload explains them."""
    return await fetch(asked, AlertFigures, _ALERTS)


async def refused_by_reason(asked: Asked) -> list[Count]:
    """Repeats and dead letters of scans by their first reason."""
    return await fetch(asked, Count, _REFUSED)


async def waste_rows(asked: Asked) -> list[WasteRow]:
    """Waste by department, item, action and month."""
    return await fetch(asked, WasteRow, _WASTE)


async def his_letters_by_reason(asked: Asked) -> list[Count]:
    """Dead letters of the HIS's lines by reason."""
    return await fetch(asked, Count, _LETTERS)


async def his_lines(asked: Asked) -> int:
    """How many versions of lines of the HIS are recorded."""
    return int(await asked.fetchval(_LINES))


async def difference_rows(asked: Asked) -> list[DifferenceRow]:
    """Differences that stand."""
    return await fetch(asked, DifferenceRow, _DIFFERENCES)


async def receipt_rows(asked: Asked) -> list[ReceiptRow]:
    """What came under each delivery note."""
    return await fetch(asked, ReceiptRow, _RECEIPTS)


async def finding_rows(asked: Asked) -> list[FindingRow]:
    """Findings that stand."""
    return await fetch(asked, FindingRow, _FINDINGS)
