"""What stands above a list of the store: its sums, each of which opens to its rows, and the forecast as a chart."""

from collections.abc import Mapping, Sequence
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from typing import Any, Final, NamedTuple
from zoneinfo import ZoneInfo

from sinks.postgres.web.board import BoardBooks, Filters
from sinks.postgres.web.lists import LISTS
from streams.visible import visible
from streams.web.gateway.parts import Parts
from streams.web.kept import WAIT_SECONDS
from streams.web.pages.charts import Chart, Columns, Range, bars, columns, ranges
from streams.web.pages.drills import address
from streams.web.pages.figures import sums_of
from streams.web.pages.frame import word_of
from streams.web.pages.shown import words

DRAWN_MAX: Final = 12
"""So many bars or spans are drawn below each other."""
WINDOWS_MAX: Final = 26
_UNITS: Final = ("units", "quantity", "lacking")
"""Columns that hold units, the first that a list has."""


class Tile(NamedTuple):
    """One sum above a list."""

    figure: str
    """Yuan where the list has values, else rows."""
    label: str
    """Of what."""
    hint: str
    """Units, and what is in no sum; or empty."""
    to: str
    """The rows it is made of."""


async def tiles_of(  # noqa: PLR0917 -- what a list is asked by
    parts: Parts, name: str, hospital: str, found: Mapping[str, Sequence[Any]] | None, month: str, locale: str
) -> list[Tile]:
    """The sums of a list of a month (2022-06; empty: of none), over its columns `found` when it is read whole."""
    by = LISTS[name].summed
    if not by:
        return []
    sums = _summed(found, by) if LISTS[name].whole else await sums_of(parts, name, hospital)
    if not sums or by != "supplier":
        return [_tile(each, by, name, locale) for each in sums or []]
    units, value = (sum(each[one] for each in sums) for one in ("units", "value"))
    hint, all_goods = _units(units, locale), address("/list/capital-goods", {"month": month})
    return [Tile(f"{value:,}", words(locale)["board"]["in_all"], hint, all_goods)]


def _summed(found: Mapping[str, Sequence[Any]] | None, by: str) -> list[dict[str, Any]]:
    """Rows, units and value by the values of a column, in the order they come."""
    if found is None:
        return []
    units = next((each for each in _UNITS if each in found), None)
    sums: dict[str, dict[str, Any]] = {}
    for place, key in enumerate(found[by]):
        none = Decimal() if "value" in found else None
        one = sums.setdefault(key, {by: key, "rows": 0, "units": 0, "value": none, "unpriced": 0})
        one["rows"] += 1
        one["units"] = None if units is None else one["units"] + max(found[units][place], 0)
        if "value" in found:
            one["value"] += found["value"][place] or 0
    return list(sums.values())


def _tile(one: Mapping[str, Any], by: str, name: str, locale: str) -> Tile:
    figure = one["rows"] if one["value"] is None else one["value"]
    label = word_of(by, one[by], locale)
    if one["value"] is not None:
        label = f"{label}, {words(locale)['board']['amount_yuan']}"
    hint = _units(one["units"], locale)
    if one["unpriced"]:
        hint += f" · {words(locale)['board']['unpriced'].replace('{n}', format(one['unpriced'], ','))}"
    return Tile(f"{figure:,}", label, hint, address(f"/list/{name}", {by: one[by]}))


def _units(units: Decimal | int | None, locale: str) -> str:
    return f"{words(locale)['board']['units']}: {units:,}" if units else ""


class Drawn(NamedTuple):
    """Charts above a list; `None`: there is nothing to draw."""

    below: Chart | None = None
    """Bars, or spans of forecasts, one below the other."""
    columns: Columns | None = None
    """One forecast beside what was used before."""


async def drawn(  # noqa: PLR0917 -- what a chart needs
    parts: Parts, name: str, hospital: str, filters: Filters, found: Sequence[Mapping[str, Any]], locale: str
) -> Drawn:  # fmt: skip
    """Working capital by supplier; forecasts; of one item in one store beside its use in as many days before."""
    if name == "capital":
        return Drawn(_of_suppliers(found, locale))
    if name != "demand":
        return Drawn()
    made = [each for each in found if each["high"]][:DRAWN_MAX]
    if made and len(found) == 1 and {"store", "item_code"} <= set(filters):
        return Drawn(columns=await _beside_past(parts, hospital, made[0], locale))
    title = words(locale)["board"]["forecast_chart"]
    return Drawn(ranges(title, [
        Range(f"{each['item_name'] or each['item_code']} · {each['store']}", each["low"], each["forecast"],
              each["high"], address("/list/demand", {"store": each["store"], "item_code": each["item_code"]}))
        for each in made
    ]) if made else None)  # fmt: skip


def _of_suppliers(found: Sequence[Mapping[str, Any]], locale: str) -> Chart | None:
    if not found:
        return None
    return bars(words(locale)["board"]["capital_chart"], [
        (visible(each["supplier"]), each["value"],
         address("/list/capital-goods", {"month": each["month"], "supplier": each["supplier"]}))
        for each in found[:DRAWN_MAX]
    ])  # fmt: skip


async def _beside_past(parts: Parts, hospital: str, one: Mapping[str, Any], locale: str) -> Columns | None:
    days, day, zone = one["days"], one["as_of"], parts.settings.zone
    windows = min(one["weeks"] * 7 // days, WINDOWS_MAX)
    key = ("past-use", hospital, one["store"], one["item_code"], day, days)

    async def work() -> list[int]:
        books = BoardBooks(parts.pool)
        return await books.past_use(hospital, one["store"], one["item_code"], day, days, windows)

    used = await parts.kept.get(key, work, WAIT_SECONDS)
    if used is None:
        return None
    past = [
        (began, units, _moves_between(one, began, days, zone))
        for began, units in zip(
            (day - timedelta(days=days * back) for back in range(windows, 0, -1)), used.value, strict=True
        )
    ]
    title = words(locale)["board"]["past_chart"].replace("{n}", f"{days}")
    return columns(title, past, (one["low"], one["forecast"], one["high"]), day)


def _moves_between(one: Mapping[str, Any], began: date, days: int, zone: ZoneInfo) -> str:
    """The moves that use in some days is made of."""
    ends = (began, began + timedelta(days=days))
    moved_from, moved_before = (datetime.combine(each, time(), zone).isoformat() for each in ends)
    return address("/list/moves", {
        "item_code": one["item_code"], "of_store": one["store"], "shelf": ["patient", "waste"],
        "moved_from": moved_from, "moved_before": moved_before,
    })  # fmt: skip
