"""Where a figure of a list opens to: the rows it is made of, and from there to their scans."""

from collections.abc import Callable, Mapping, Sequence
from functools import lru_cache, partial
from typing import Any, Final
from urllib.parse import quote_plus

Row = Mapping[str, Any]
Address = Callable[[Row], str | None]
"""Gives the address for a row; `None`: there is nothing to open."""

USED: Final = ("use", "return")
"""Actions that usage is made of."""


def address(path: str, params: Mapping[str, Any]) -> str:
    """A path with its query; what is `None` is left out, of several values each stands in it."""
    given = [
        f"{name}={quoted(str(each))}"
        for name, value in params.items() if value is not None
        for each in (value if isinstance(value, list | tuple) else (value,))
    ]  # fmt: skip
    return f"{path}?{'&'.join(given)}" if given else path


@lru_cache(maxsize=16_384)
def quoted(text: str) -> str:
    """A value as it stands in an address. A list has the same items and months in many rows."""
    return quote_plus(text)


def _to(path: str, *columns: str, **more: str | Sequence[str]) -> Address:
    """A list, narrowed to the row's own values of some columns; `more`: parameter and column, or a value after `=`."""

    def made(row: Row) -> str:
        params: dict[str, Any] = {column: row[column] for column in columns}
        for name, value in more.items():
            literal = not isinstance(value, str) or value.startswith("=")
            params[name] = value.removeprefix("=") if literal and isinstance(value, str) else (
                value if literal else row[str(value)]
            )  # fmt: skip
        return address(path, params)

    return made


def _usage_scans(row: Row) -> str | None:
    """The scans behind a sum of use."""
    scoped = {"hospital": {}, "department": {"department": row["scope"]}, "store": {"store": row["scope"]}}
    narrowing = scoped.get(row["scope_type"])
    if narrowing is None:
        return None
    return address("/list/scans", {"item_code": row["item_code"], "month": row["month"], "action": USED} | narrowing)


def _alert_usage(month: str) -> Address:
    def made(row: Row) -> str | None:
        if row[month] is None:
            return None
        named = {name: row[name] for name in ("item_code", "scope_type", "scope")}
        return address("/list/usage", named | {"month": row[month]})

    return made


def _numerator(row: Row) -> str | None:
    """What a ratio's upper figure is made of: charges of ours, or the record."""
    if row["scope_type"] == "hospital":
        return address("/list/income", {"month": row["month"]})
    if row["scope_type"] == "department":
        by_department = {"month": row["month"], "department": row["scope"]}
        ours = row["numerator_from"] == "books" and row["formula"] != "per-100-yuan"
        return address("/list/charges" if ours else "/list/income", by_department)
    return _discharges(row)


def _denominator(row: Row) -> str | None:
    if row["scope_type"] in {"hospital", "department"}:
        scope = {} if row["scope_type"] == "hospital" else {"department": row["scope"]}
        return address("/list/income", {"month": row["month"]} | scope)
    return _discharges(row)


def _discharges(row: Row) -> str | None:
    column = {"disease": "main_disease", "drg-group": "drg_group"}.get(row["scope_type"])
    return None if column is None else address("/list/discharges", {"month": row["month"], column: row["scope"]})


_USED_ACTIONS: Final = ("use", "return", "opened", "waste")
"""Actions that demand is made of."""


def _of_set(*actions: str) -> Address:
    """The moves of goods of a set by some actions, of any when none is named."""

    def made(row: Row) -> str:
        goods = {name: row[name] for name in ("item_code", "lot", "serial") if name in row}
        return address(
            "/list/moves",
            {"document": row["document"], "shelf": f"set/{row['document']}", "action": actions or None} | goods,
        )

    return made


_SET_FIGURES: Final[Mapping[str, Sequence[str]]] = {
    "brought": ("receive",), "used": ("use", "return"), "wasted": ("opened", "waste"), "returned": ("send-back",),
    "lacking": (),
}  # fmt: skip
"""Figures of a set, and the actions each is made of."""
_SET_SCANS: Final[Mapping[str, Address]] = {
    "findings": lambda row: address("/list/scans", {"document": row["document"], "item_code": row.get("item_code")}),
    "supplier": lambda row: address("/list/sets", {"supplier": row["supplier"]}),
}


def _recalled(row: Row) -> str:
    """The scan of a use or a loss; of goods that lie somewhere the balance."""
    if row["scan_id"] is not None:
        return f"/scan/{row['scan_id']}"
    return address("/list/stock", {name: row[name] for name in ("store", "item_code", "lot", "serial")})


def _usage_of_demand(row: Row) -> str:
    params = {"item_code": row["item_code"], "store": row["store"], "action": _USED_ACTIONS}
    return address("/list/scans", params)


def _goods_of_capital(row: Row) -> str:
    return address("/list/capital-goods", {"month": row["month"], "supplier": row["supplier"]})


def _moves_of_owner(row: Row) -> str:
    return address("/list/moves", {"item_code": row["item_code"], "owner": row["supplier"]})


_UNIT: Final[Mapping[str, Address]] = {
    "serial": lambda row: row["item_code"] and address(
        "/list/moves", {"item_code": row["item_code"], "serial": row["serial"]}
    ),
}  # fmt: skip
"""A unit opens to where it went."""
_SHELF: Final = _to("/list/moves", "item_code", "lot", "serial", shelf="store")
_DEPARTMENT_CHARGES: Final = _to("/list/charges", "department", "month")
DRILLS: Final[Mapping[str, Mapping[str, Address]]] = {
    "usage": {"quantity": _usage_scans, "amount": _usage_scans},
    "alerts": {"value": _alert_usage("month"), "base_value": _alert_usage("base_month"),
               "rank": _to("/list/usage", "scope_type", "scope", "month")},
    "findings": {"finding": lambda row: f"/finding/{row['finding']}",
                 "alerts": _to("/list/alerts", "item_code", "month"),
                 "amount": _to("/list/usage", "item_code", "month"),
                 "certain_amount": lambda row: f"/finding/{row['finding']}"},
    "ratios": {"numerator": _numerator, "denominator": _denominator, "ratio_percent": _numerator},
    "income": {"consumable_income": _DEPARTMENT_CHARGES, "consumable_cost": _DEPARTMENT_CHARGES},
    "discharges": {each: lambda row: address("/case", {"encounter": row["encounter"]})
                   for each in ("consumable_income", "consumable_cost")},
    "stock": {"quantity": _SHELF},
    "expiring": {"quantity": _SHELF, "value": _SHELF},
    "slow-movers": {"quantity": _to("/list/stock", "store", "item_code", "owner"),
                    "value": _to("/list/stock", "store", "item_code", "owner"),
                    "months_of_stock": _to("/list/demand", "store", "item_code")},
    "demand": {each: _to("/list/demand", "store", "item_code") for each in ("low", "forecast", "high")}
              | dict.fromkeys(("weekly", "weeks_used"), _usage_of_demand),
    "sets": {**_SET_SCANS, **dict.fromkeys(("document", *_SET_FIGURES), _to("/list/set-goods", "document"))},
    "set-goods": {**_SET_SCANS, **{name: _of_set(*actions) for name, actions in _SET_FIGURES.items()},
                  "document": _to("/list/moves", "document")},
    "recalls": {"recall": _to("/list/recalls", "recall"), "quantity": _recalled, "chance_percent": _recalled},
    "suspected-uses": _UNIT,
    "cabinet-tags": _UNIT,
    "capital": dict.fromkeys(("supplier", "value", "units", "units_without_cost", "days_lying"), _goods_of_capital)
               | {"used": _to("/list/settlement", "supplier", period="month")},
    "capital-goods": dict.fromkeys(("value", "units", "units_without_cost"), _moves_of_owner),
    "settlement": {each: lambda row: f"/scan/{row['scan_id']}" for each in ("quantity", "cost", "amount")},
    "stores": {"lines": _to("/list/stock", "store"), "units": _to("/list/stock", "store"),
               "negative": _to("/list/stock", "store", negative="=yes")},
    "in-transit": {"quantity": _to("/list/moves", "document", "item_code", "lot", "serial")},
    "deliveries": {each: _to("/list/scans", "item_code", document="note", action="=receive")
                   for each in ("arrived", "accepted", "quarantined", "rejected")}
                  | {"returned": _to("/list/moves", "item_code", document="note")},
    "scanners": {each: _to("/list/scans", "device_id") for each in ("labels", "suspect", "restored")},
    "differences": {each: lambda row: address("/case", {"encounter": row["encounter"]})
                    for each in ("expected", "found", "amount", "quantity")},
    "charges": {each: lambda row: f"/scan/{row['scan_id']}" for each in ("quantity", "amount")},
    "scans": {"units": lambda row: row["scan_id"] and f"/scan/{row['scan_id']}",
              "document": _to("/list/scans", "document")},
    "moves": {"units": lambda row: f"/scan/{row['scan_id']}"},
    "overrides": {"quantity": lambda row: f"/scan/{row['scan_id']}"},
}  # fmt: skip
"""By list and column."""
LINKS: Final[Mapping[str, str]] = {
    "scan_id": "/scan/{}", "encounter": "/case?encounter={}", "item_code": "/list/usage?item_code={}",
    "device_id": "/list/scans?device_id={}", "store": "/list/stock?store={}", "alert_id": "/list/alerts?alert_id={}",
}  # fmt: skip
"""What a value opens to in any list that has no way of its own for it."""


def opens(name: str, column: str) -> Address | None:
    """What gives the address that a column's cells of a list open to; `None`: they open to nothing."""
    own = DRILLS.get(name, {}).get(column)
    pattern = LINKS.get(column)
    if own is None and pattern is not None:
        own = partial(_linked, pattern, column)
    return own


def _linked(pattern: str, column: str, row: Row) -> str:
    return pattern.format(quoted(str(row[column])))


def opened(name: str, column: str, row: Row) -> str | None:
    """Where a cell of a list opens to."""
    to = opens(name, column)
    return to(row) if to is not None and filled(row[column]) else None


def filled(value: Any) -> bool:
    """Whether there is something to open."""
    return value is not None and value != ""
