"""What all pages of the board have: who is signed in, where he may go, cells."""

from collections.abc import Mapping, Sequence
from datetime import date, datetime
from decimal import Decimal
from functools import cache
from typing import Any, Final
from zoneinfo import ZoneInfo

from fastapi import Request
from fastapi.responses import HTMLResponse

from models.wording import place_words, words_of
from streams.visible import visible
from streams.web.pages.people import Person
from streams.web.pages.shown import Cell, page, words

ID_SHOWN: Final = 8
_NAMED: Final = frozenset({
    "status", "kind", "scope_type", "formula", "state", "measure", "numerator_from", "consumable_income_from",
    "consumable_cost_from", "rule", "without", "due",
})  # fmt: skip
"""Columns whose values are names of ours, with words in every language."""
_WHOLE: Final = frozenset({"month", "period", "base_month"})
"""Columns whose values stay in one line."""
_FIXED: Final[Mapping[str, str]] = {"now": "/", "month": "/month"}
GROUPS: Final[Mapping[str, Sequence[str]]] = {
    "overview": ("now", "month"),
    "work": ("held", "parked", "differences", "findings", "recalls", "suspected-uses", "overrides", "dead-letters"),
    "figures": ("scans", "charges", "usage", "alerts", "ratios", "income", "discharges"),
    "store": ("stores", "stock", "moves", "expiring", "slow-movers", "demand", "in-transit", "cabinet-tags"),
    "supply": ("deliveries", "sets", "set-goods", "capital", "capital-goods", "settlement"),
    "house": ("items", "scanners", "devices"),
}
"""Pages by what one comes for; every list stands in one group."""


def pages_of(person: Person) -> list[tuple[str, list[tuple[str, str]]]]:
    """(group, [(path, name)]) of what he may open."""
    groups = []
    for group, names in GROUPS.items():
        paths = [(_FIXED.get(name, f"/list/{name}"), name) for name in names]
        allowed = [(path, name) for path, name in paths if person.may("GET", path)]
        if allowed:
            groups.append((group, allowed))
    return groups


def board(request: Request, person: Person, template: str, **values: Any) -> HTMLResponse:
    """A page with what all of them have."""
    return page(request, template, person=person, pages=pages_of(person), **values)


def cell_of(column: str, value: Any, zone: ZoneInfo, person: Person, locale: str, *, to: str | None = None) -> Cell:
    """A value as it is shown, opened where the person may go there."""
    if not value and not isinstance(value, bool | int | Decimal):
        return Cell("")
    link = to if to is not None and person.may("GET", _row_path(to)) else None
    if isinstance(value, bool):
        return Cell("✔" if value else "–")
    if isinstance(value, int | Decimal):
        return Cell(f"{value:,}", number=True, link=link)
    if isinstance(value, date):
        text = value.astimezone(zone).strftime("%Y-%m-%d %H:%M") if isinstance(value, datetime) else value.isoformat()
        return Cell(text, link=link, whole=True)
    if isinstance(value, list):
        return Cell(", ".join(word_of(column, str(each), locale) for each in value), link=link)
    return Cell(word_of(column, str(value), locale), link=link, whole=column in _WHOLE)


def _row_path(to: str) -> str:
    """The path of an address as the matrix of access has it."""
    path = to.partition("?")[0]
    for prefix, row in (("/scan/", "/scan/{scan_id}"), ("/finding/", "/finding/{finding}")):
        if path.startswith(prefix):
            return row
    return path


def word_of(column: str, text: str, locale: str) -> str:
    """A name of ours in the person's language; an id by its end or beginning; anything else as it is, made visible."""
    if column == "scan_id":
        # Ids that devices make within a minute begin alike.
        return f"…{text[-ID_SHOWN:]}"
    if column in _IDS:
        return text[:ID_SHOWN]
    if column in _PLACES or (column in _STORES and "/" in text):
        return visible(place_words(text, locale))
    return _words(locale).get(column, _NO_WORDS).get(text) or visible(text)


_IDS: Final = frozenset({"difference_id", "alert_id", "finding"})
_PLACES: Final = frozenset({"from_place", "to_place", "is_at"})
_STORES: Final = frozenset({"store", "from_store", "to_store"})
"""Columns that hold a store, or goods of one that are locked away or on the way."""
"""Columns that hold a store, the outside, or the way between (`models.stock.places`)."""
_NO_WORDS: Final[Mapping[str, str]] = {}


@cache
def _words(locale: str) -> Mapping[str, Mapping[str, str]]:
    """By column: the words of its values."""
    own = {name: words_of(name, locale) for name in _OF_KIND}
    named = dict.fromkeys(_NAMED, words_of("value", locale))
    yes_no = words(locale)["terminal"]
    faults = dict.fromkeys(("likely_fault", "setting"), words_of("fault", locale))
    return (
        own | named | faults | {"findings": own["finding"], "negative": {each: yes_no[each] for each in ("yes", "no")}}
    )


_OF_KIND: Final = ("reason", "verdict", "action", "filed", "finding", "owner", "cause", "fix", "reopened")
"""Columns named as the kind of their codes (`models.wording`)."""
