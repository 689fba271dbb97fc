"""What all pages of the board have: who is signed in, where he may go, cells."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Any, Final
from urllib.parse import quote
from zoneinfo import ZoneInfo

from fastapi import Request
from fastapi.responses import HTMLResponse

from models.texts import texts
from models.web.access import LISTS
from streams.visible import visible
from streams.web.pages.people import Person
from streams.web.pages.shown import page, words

_LINKS: Final[Mapping[str, str]] = {
    "scan_id": "/scan/{}", "encounter": "/case?encounter={}", "item_code": "/list/charges?item_code={}",
}  # fmt: skip


ID_SHOWN: Final = 8


@dataclass(frozen=True, slots=True)
class Cell:
    """One cell as it is shown."""

    text: str
    number: bool = False
    link: str | None = None


def pages_of(person: Person) -> list[tuple[str, str]]:
    """(path, name) of what he may open."""
    fixed = [("/", "now"), ("/month", "month")]
    return [(path, name) for path, name in fixed if person.may("GET", path)] + [
        (f"/list/{name}", name) for name in LISTS if person.may("GET", f"/list/{name}")
    ]


def board(request: Request, person: Person, template: str, **values: Any) -> HTMLResponse:
    """A page with what all of them have."""
    return page(request, template, person=person, pages=pages_of(person), **values)


def cell_of(column: str, value: Any, zone: ZoneInfo, person: Person, locale: str) -> Cell:
    """A value as it is shown, opened to what it names where the person may go there."""
    if not value and not isinstance(value, bool | int | Decimal):
        return Cell("")
    if isinstance(value, bool):
        return Cell("✔" if value else "–")
    if isinstance(value, int | Decimal):
        return Cell(f"{value:,}", number=True)
    if isinstance(value, datetime):
        return Cell(value.astimezone(zone).strftime("%Y-%m-%d %H:%M"))
    if isinstance(value, list):
        return Cell(visible(", ".join(map(str, value))))
    text = str(value)
    pattern = _LINKS.get(column)
    path = "" if pattern is None else pattern.format("").partition("?")[0].rstrip("/")
    open_to = path if path != "/scan" else "/scan/{scan_id}"
    link = pattern.format(quote(text, safe="")) if pattern and person.may("GET", open_to) else None
    return Cell(_word(column, text, locale), link=link)


def _word(column: str, text: str, locale: str) -> str:
    """A name of ours in the person's language; an id by its beginning; anything else as it is, made visible."""
    if column in {"scan_id", "difference_id"}:
        return text[:ID_SHOWN]
    tables = {
        "reason": texts(locale)["reason"],
        "verdict": words(locale)["outcome"],
        "action": words(locale)["terminal"],
    }
    prefix = {"reason": "", "verdict": "verdict_", "action": "action_"}.get(column)
    found = None if prefix is None else tables[column].get(prefix + text)
    return found or visible(text)
