"""A row of a table as the record it stands for: items, encounters, charge lines (docs/commands.md, "Files")."""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Any, Final
from zoneinfo import ZoneInfo

from models.udi import UDI_ISSUERS, Issuer, parse
from models.udi.identifier import as_scanned
from models.udi.issuers.gs1.as_scanned import is_bare_gtin
from streams.cli.loading.grids import Cell
from streams.cli.loading.sheets import SheetRow

_SCIENTIFIC: Final = re.compile(r"\d(\.\d+)?E\+\d{1,3}", re.IGNORECASE)
"""How a spreadsheet writes a long number into a narrow cell: its last digits are gone."""
_THOUSANDS: Final = re.compile(r"\d{1,3}(,\d{3})+(\.\d+)?")
_ERROR_VALUES: Final = frozenset({"#N/A", "#REF!", "#VALUE!", "#NAME?", "#DIV/0!", "#NULL!", "#NUM!"})
_YES: Final = frozenset({"true", "yes", "1", "y", "是"})
_NO: Final = frozenset({"false", "no", "0", "n", "否"})
_LIST: Final = re.compile("[;；|｜]")
_CURRENCY: Final = re.compile(r"(?:[¥￥$＄]|cny|rmb)\s*(.+)|(.+?)\s*(?:元|cny|rmb)", re.IGNORECASE)
_ANY_DAY: Final = date(2000, 1, 1)
"""Only identifiers are read, whose years nobody asks for."""
DOLLARS: Final = ("$", "＄")
_WHOLE: Final = re.compile(r"[+-]?\d+")
_DAYS: Final = ("%Y-%m-%d", "%Y/%m/%d", "%Y.%m.%d", "%Y年%m月%d日")
_MONTH: Final = re.compile(r"([0-9]{4})[-/.年]?([0-9]{1,2})月?")
_COMPACT_DAY: Final = re.compile(r"[0-9]{8}")
_DAY_NUMBER: Final = re.compile(r"[1-7][0-9]{4}(\.[0-9]+)?")
"""Days since 1899-12-30, as a spreadsheet shows a date without its format: 1927 to 2118."""
_TIME_OF_DAY: Final = re.compile(r"[ T][0-9]{1,2}:[0-9]{2}(:[0-9]{2}(\.[0-9]+)?)?$")


@dataclass(frozen=True, slots=True)
class BadRow:
    """What is wrong with a row; nothing of it is loaded."""

    row: int
    """Number of the row, as a spreadsheet counts."""
    column: str
    """Empty when it is the row as a whole."""
    reason: str
    """What was expected and what came."""


Read = Callable[[Cell, ZoneInfo], Any]


def _text(cell: Cell, _: ZoneInfo) -> str:
    if isinstance(cell, str):
        return cell.strip()
    came = f"the date {cell.isoformat()}" if isinstance(cell, date) else f"the number {cell:.15g}"
    raise ValueError(f"expected text, got {came}: a spreadsheet changes what it takes for one; make the column text")


def read_code(cell: Cell, zone: ZoneInfo) -> str:
    """A code as text.

    Raises:
        ValueError: a spreadsheet has made a number of it, or a date.
    """
    text = _text(cell, zone)
    if _SCIENTIFIC.fullmatch(text):
        raise ValueError(f"expected an identifier, got {text}: a spreadsheet has cut its digits; make the column text")
    return text


def _line_number(cell: Cell, zone: ZoneInfo) -> str:
    """A text, or a whole number, which is its text as on the topic: 1 is "1"."""
    return f"{cell:.0f}" if isinstance(cell, float) and cell.is_integer() else read_code(cell, zone)


def _flag(cell: Cell, _: ZoneInfo) -> bool:
    text = f"{cell:.15g}" if isinstance(cell, float) else str(cell).strip().lower()
    if text in _YES or text in _NO:
        return text in _YES
    raise ValueError(f"expected true or false, got {text!r}")


def read_day(cell: Cell, _: ZoneInfo) -> str:
    """A day in ISO form; a `ValueError` when it is none."""
    if isinstance(cell, datetime):
        return cell.date().isoformat()
    if isinstance(cell, date):
        return cell.isoformat()
    text = str(cell).strip()
    day = _TIME_OF_DAY.sub("", text)
    if isinstance(cell, float):
        day = text.removesuffix(".0")
    # Shorter than eight digits it is a spreadsheet's count of days, or nobody knows what.
    for form in ("%Y%m%d",) if _COMPACT_DAY.fullmatch(day) else _DAYS:
        try:
            return datetime.strptime(day, form).date().isoformat()  # noqa: DTZ007 -- a day has no zone
        except ValueError:
            continue
    if _DAY_NUMBER.fullmatch(text):
        raise ValueError(
            f"expected a day like 2022-06-30, got Excel's number of a day {text}; format the cell as a date"
        )
    raise ValueError(f"expected a day like 2022-06-30, got {text!r}")


def _month(cell: Cell, _: ZoneInfo) -> str:
    """A month; a spreadsheet makes its first day of it."""
    if isinstance(cell, date):
        return f"{cell.year:04d}-{cell.month:02d}"
    text = f"{cell:.15g}" if isinstance(cell, float) else str(cell).strip()
    found = _MONTH.fullmatch(text)
    if found is None:
        raise ValueError(f"expected a month like 2022-06, got {text!r}")
    return f"{found[1]}-{int(found[2]):02d}"


def _instant(cell: Cell, zone: ZoneInfo) -> str:
    """An instant; one without offset is the hospital's local time."""
    if isinstance(cell, datetime):
        at = cell
    elif isinstance(cell, date):
        at = datetime(cell.year, cell.month, cell.day)  # noqa: DTZ001 -- the zone comes below
    else:
        text = str(cell).strip()
        if _DAY_NUMBER.fullmatch(text):
            raise ValueError(f"expected an instant, got Excel's number of a day {text}; format the cell as a date")
        try:
            at = datetime.fromisoformat(text.replace("/", "-"))
        except ValueError:
            raise ValueError(f"expected an instant like 2022-06-03T08:15:30+08:00, got {text!r}") from None
    return (at if at.tzinfo is not None else at.replace(tzinfo=zone)).isoformat()


def _number(cell: Cell, _: ZoneInfo) -> str:
    text = repr(cell).removesuffix(".0") if isinstance(cell, float) else str(cell).strip().replace("，", ",")
    return text.replace(",", "") if _THOUSANDS.fullmatch(text) else text


def _money(cell: Cell, zone: ZoneInfo) -> str:
    """Yuan, with or without the sign; the sign of dollars is often only a spreadsheet's format (`dollar_columns`)."""
    text = _number(cell, zone)
    found = _CURRENCY.fullmatch(text)
    return _number((found[1] or found[2]).strip(), zone) if found else text


def _count(cell: Cell, zone: ZoneInfo) -> int:
    text = _number(cell, zone)
    # Python's own reading takes 1_000, too: nobody knows whether that was meant.
    if not _WHOLE.fullmatch(text):
        raise ValueError(f"expected a whole number, got {text!r}")
    return int(text)


def _identifiers(cell: Cell, zone: ZoneInfo) -> list[dict[str, Any]]:
    return [_one_identifier(part.strip(), zone) for part in _LIST.split(_text(cell, zone)) if part.strip()]


def _codes(cell: Cell, zone: ZoneInfo) -> list[str]:
    return [read_code(part, zone) for part in _LIST.split(_text(cell, zone)) if part.strip()]


def _di(part: str, zone: ZoneInfo) -> tuple[str, str]:
    """Issuer and identifier of a code as it stands on a package or in a list."""
    text = read_code(part, zone)
    issuer, colon, rest = text.partition(":")
    if colon and issuer in set(Issuer):
        return issuer, as_scanned(Issuer(issuer), rest.strip())
    if is_bare_gtin(text):
        return Issuer.GS1, as_scanned(Issuer.GS1, text)
    if text.upper().startswith("MA."):
        return Issuer.MA, as_scanned(Issuer.MA, text)
    code = parse(text, scanned_on=_ANY_DAY)
    if code.di is None or code.error is not None or code.issuer not in UDI_ISSUERS:
        raise ValueError(f"expected a GTIN, an MA or HIBC code, or issuer:identifier, got {text!r}")
    return code.issuer, code.di


def _dis(cell: Cell, zone: ZoneInfo) -> list[tuple[str, str]]:
    return [_di(part.strip(), zone) for part in _LIST.split(_text(cell, zone)) if part.strip()]


def _counts(cell: Cell, zone: ZoneInfo) -> list[int]:
    return [_count(part.strip(), zone) for part in _LIST.split(_number(cell, zone)) if part.strip()]


def _one_identifier(part: str, zone: ZoneInfo) -> dict[str, Any]:
    issuer, colon, rest = part.partition(":")
    di, second, units = rest.rpartition(":")
    if not second:
        di, units = rest, ""
    if not colon or not di or (units and not units.strip().isdecimal()):
        raise ValueError(f"expected issuer:identifier:units like GS1:06901234567892:1, got {part!r}")
    issuer, di = issuer.strip(), read_code(di, zone)
    return {
        "issuer": issuer,
        "di": as_scanned(Issuer(issuer), di) if issuer in set(Issuer) else di,
        "units_per_package": int(units) if units else None,
    }


def _dated(name: str) -> Read:
    def read(cell: Cell, zone: ZoneInfo) -> list[dict[str, Any]]:
        return [one(part.strip(), zone) for part in _LIST.split(_money(cell, zone)) if part.strip()]

    def one(part: str, zone: ZoneInfo) -> dict[str, Any]:
        amount, at, days = part.partition("@")
        start, dots, end = days.partition("..")
        if at and not dots:
            raise ValueError(f"expected {name}@from..to like 1234.00@2022-01-01..2023-01-01, got {part!r}")
        return {
            name: _money(amount, zone),
            "from": read_day(start, zone) if start.strip() else None,
            "to": read_day(end, zone) if end.strip() else None,
        }

    return read


_LIMITS: Final = {
    "limit_per_stay": "per_stay",
    "needs_approval": "needs_approval",
    "excluded_drg_groups": "excluded_drg_groups",
}


@dataclass(frozen=True, slots=True)
class Form:
    """The flat form of a kind of record: its schema, and how each column is read."""

    schema: str
    """Schema of the record, like `udi.item/1`."""
    columns: Mapping[str, Read]
    """How each column is read, by its name."""
    required: tuple[str, ...]
    """Columns that must be there and filled."""
    name: str
    """The column that tells rows of a hospital apart."""
    key: str
    """The column that is the second part of the record's key."""
    instead: Mapping[str, str] = field(default_factory=dict)
    """Plain columns by the needed ones they may stand for."""


ITEM: Final = Form(
    "udi.item/1",
    {
        "hospital": read_code, "item_code": read_code, "name": _text, "spec": _text, "maker": _text,
        "supplier": read_code, "category": _text, "class": _text, "insurance_code": read_code, "unit": _text,
        "identifiers": _identifiers, "udi_di": _dis, "units": _counts,
        "chargeable": _flag, "bundled_into": read_code, "owner": _text,
        "monitored": _flag, "tracking": _text, "suspended": _flag, "auxiliary": _flag, "controlled_category": _text,
        "national_kind": _text,
        "volume_based_purchase": _flag, "licence_valid_to": read_day, "prices": _dated("price"), "price": _money,
        "cost": _dated("cost"),
        "limit_per_stay": _count, "needs_approval": _flag, "excluded_drg_groups": _codes,
    },
    ("hospital", "item_code", "name", "identifiers"), "item_code", "item_code", {"identifiers": "udi_di"},
)  # fmt: skip
ENCOUNTER: Final = Form(
    "udi.encounter/1",
    {
        "hospital": read_code, "encounter": read_code, "department": read_code, "team": read_code,
        "ward": read_code, "admitted_at": _instant, "discharged_at": _instant, "settled_at": _instant,
        "drg_group": read_code, "drg_weight": _number, "main_disease": read_code,
    },
    ("hospital", "encounter", "admitted_at"), "encounter", "encounter",
)  # fmt: skip
HIS_CHARGE: Final = Form(
    "udi.his-charge/1",
    {
        "hospital": read_code, "line_id": read_code, "encounter": read_code, "department": read_code,
        "item_code": read_code, "insurance_code": read_code, "quantity": _count, "unit_price": _money,
        "amount": _money, "currency": _text, "service_at": _instant, "cancelled": _flag, "billing_id": _text,
        "lot": _text, "serial": _text,
    },
    ("hospital", "line_id", "encounter", "item_code", "quantity", "unit_price", "amount", "service_at"),
    "line_id", "encounter",
)  # fmt: skip

DISCHARGE: Final = Form(
    "udi.discharge/1",
    {
        "hospital": read_code, "encounter": read_code, "department": read_code, "team": read_code,
        "discharged_at": _instant, "stay_days": _number, "drg_group": read_code, "drg_weight": _number,
        "grouper": read_code, "grouper_version": read_code, "code_system": read_code, "region": read_code,
        "main_disease": read_code, "level4_surgery": _flag, "consumable_cost": _money, "stay_cost": _money,
        "medical_income": _money, "drug_income": _money, "consumable_income": _money, "adverse_events": _count,
        "device_events": _count,
    },
    ("hospital", "encounter", "department", "discharged_at"), "encounter", "encounter",
)  # fmt: skip
INCOME: Final = Form(
    "udi.income/1",
    {
        "hospital": read_code, "department": read_code, "month": _month, "medical_income": _money,
        "drug_income": _money, "consumable_income": _money, "consumable_cost": _money,
    },
    ("hospital", "department", "month", "medical_income", "drug_income"), "key", "key",
)  # fmt: skip

RECALL: Final = Form(
    "udi.recall/1",
    {
        "hospital": read_code, "recall": read_code, "version": _count, "issued_on": read_day, "class": _number,
        "reason": _text, "ended_on": read_day, "issuer": read_code, "di": read_code, "item_code": read_code,
        "lots": _codes, "serials": _codes, "serial_from": read_code, "serial_to": read_code, "produced_from": read_day,
        "produced_to": read_day, "expiry_from": read_day, "expiry_to": read_day,
    },
    ("hospital", "recall", "version", "issued_on", "class"), "recall", "recall",
)  # fmt: skip

STORE: Final = Form(
    "udi.store/1",
    {
        "hospital": read_code, "store": read_code, "name": _text, "department": read_code, "kind": _text,
        "parent": read_code, "confirms_transfers": _flag, "item_code": read_code, "minimum": _count,
        "maximum": _count, "days": _count, "lead_days": _count,
    },
    ("hospital", "store"), "store", "store",
)  # fmt: skip
DELIVERY: Final = Form(
    "udi.delivery/1",
    {
        "hospital": read_code, "note": read_code, "supplier": read_code, "store": read_code, "expected_on": read_day,
        "ended": _flag, "line": _line_number, "item_code": read_code, "issuer": read_code, "di": read_code,
        "lot": read_code, "serial": read_code, "expiry": read_day, "packages": _count, "cost": _money,
    },
    ("hospital", "note", "supplier", "store", "line", "packages"), "note", "note",
)  # fmt: skip

INVOICE: Final = Form(
    "udi.invoice/1",
    {
        "hospital": read_code, "supplier": read_code, "period": _text, "invoice": read_code, "item_code": read_code,
        "quantity": _count, "cost": _money, "amount": _money,
    },
    ("hospital", "supplier", "period", "invoice", "item_code", "quantity", "cost", "amount"), "invoice", "invoice",
)  # fmt: skip


def cell_of(row: SheetRow, column: str) -> Cell:
    """What a cell holds; `None` when it is empty or there is none.

    Raises:
        ValueError: a formula or a spreadsheet's error is in it.
    """
    cell = row.cells.get(column)
    if column in row.formulas:
        raise ValueError("expected a value, got a formula; paste values only")
    if isinstance(cell, str) and cell.strip() in _ERROR_VALUES:
        raise ValueError(f"expected a value, got the spreadsheet's error {cell.strip()}")
    return None if isinstance(cell, str) and not cell.strip() else cell


def record_of(row: SheetRow, form: Form, zone: ZoneInfo) -> dict[str, Any] | BadRow:
    """The record of a row, its empty cells left out; or the first thing that is wrong with it."""
    if row.problem is not None:
        return BadRow(row.number, "", row.problem)
    record: dict[str, Any] = {"schema": form.schema}
    for column, read in form.columns.items():
        try:
            cell = cell_of(row, column)
            if cell is not None:
                record[column] = read(cell, zone)
        except ValueError as error:
            return BadRow(row.number, column, str(error))
    if form is ITEM:
        try:
            _take_plain_columns(record)
        except ValueError as error:
            column, _, reason = str(error).partition(": ")
            return BadRow(row.number, column, reason)
        limits = {limit: record.pop(column) for column, limit in _LIMITS.items() if column in record}
        if limits:
            record["limits"] = limits
    return record


def dollar_columns(row: SheetRow, form: Form) -> list[str]:
    """Columns of amounts in which the sign of dollars was read as yuan: somebody should look."""
    money = (name for name, read in form.columns.items() if read is _money or name in {"prices", "cost"})
    return [name for name in money if any(sign in str(row.cells.get(name, "")) for sign in DOLLARS)]


def _take_plain_columns(record: dict[str, Any]) -> None:
    """Put `udi_di` and `units` among the identifiers, `price` among the prices.

    Raises:
        ValueError: `column: reason`, when they contradict the columns they stand for.
    """
    dis, units, price = record.pop("udi_di", []), record.pop("units", None), record.pop("price", None)
    if units is not None and len(units) != len(dis):
        raise ValueError(f"units: expected one for each identifier in udi_di, got {len(units)} for {len(dis)}")
    named = zip(dis, units or [None] * len(dis), strict=True)
    plain = [{"issuer": issuer, "di": di, "units_per_package": size} for (issuer, di), size in named]
    record["identifiers"] = record.get("identifiers", []) + plain
    if price is None:
        return
    if "prices" in record:
        raise ValueError("price: expected price or prices, got both")
    record["prices"] = [{"price": price, "from": None, "to": None}]
