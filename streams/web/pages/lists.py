"""The lists people work off: shown, narrowed, exported, decided on."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Annotated, Any, Final
from uuid import UUID
from zoneinfo import ZoneInfo

from fastapi import APIRouter, Query, Request, Response
from fastapi.responses import HTMLResponse

from models.calendar import month_text, parse_month
from models.web.access import DECISIONS, LISTS
from sinks.postgres.web.board import BoardBooks, Filters
from sinks.postgres.web.lists import COLUMN_FILTERS, OTHER_FILTERS
from sinks.postgres.web.lists import LISTS as BOARD_LISTS
from streams.exports import as_csv, as_xlsx
from streams.web.gateway.parts import Gateway, Parts
from streams.web.kept import WAIT_SECONDS
from streams.web.pages.drills import address, filled, opens
from streams.web.pages.figures import count_of, first_of, narrowed, of_sums, whole_of
from streams.web.pages.frame import board, cell_of, word_of
from streams.web.pages.people import Person, SignedIn
from streams.web.pages.shown import Cell, locale_of
from streams.web.pages.supply import drawn, tiles_of
from streams.web.problems import ProblemError, unavailable

router = APIRouter(include_in_schema=False)

SHOWN_MAX: Final = 100
EXPORTED_MAX: Final = 100_000
FOUND_MAX: Final = 200
"""Items that a search may narrow a list to."""
VALUE_CHARACTERS_MAX: Final = 200
WORKED_OUT_SECONDS_MAX: Final = 120.0
"""So long an export waits for figures that are worked out."""


def _instant(value: str) -> str:
    return datetime.fromisoformat(value).isoformat()


def _month(value: str) -> str:
    if parse_month(value) < MONTH_MIN:
        raise ValueError
    return month_text(parse_month(value))


MONTH_MIN: Final = 190_001
_FORMS: Final[Mapping[str, Callable[[str], Any]]] = {
    "scan_id": UUID, "alert_id": UUID, "finding": UUID, "difference_id": UUID, "month": _month, "period": _month,
    "after": _instant, "moved_from": _instant, "moved_before": _instant,
}  # fmt: skip
"""Filters whose values have a form, which they are brought to."""
_BY_LIST: Final[Mapping[str, tuple[str, ...]]] = {
    "held": ("release", "reject"), "differences": ("ask", "accept"), "dead-letters": ("replay",),
}  # fmt: skip
"""What is decided on a list."""
ON_PAGES: Final = ("correct", "identify", "review")
"""What is decided on the page of one thing."""
KEYS: Final[Mapping[str, str]] = {"held": "scan_id", "differences": "difference_id", "dead-letters": "origin"}
"""Which column names a row for a decision."""
_MEDIA: Final = {
    "csv": "text/csv; charset=utf-8",
    "xlsx": "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
}


@router.get("/list/{name}")
async def show_list(request: Request, name: str, parts: Gateway, person: SignedIn) -> HTMLResponse:
    """A list, narrowed by its own columns; with what the person may decide on it."""
    asked = await _asked(request, parts, name, person)
    months, month = await _months(parts, name, person, asked.filters)
    found = await _rows(parts, name, person, asked.filters, SHOWN_MAX)
    columns, rows = found.columns, found.rows or []
    if name == "items" and asked.wanted:
        best = asked.filters["item_code"]
        rows.sort(key=lambda row: best.index(row[0]))
    zone, locale = parts.settings.zone, locale_of(request)
    decisions = [each for each in _BY_LIST.get(name, ()) if person.may("POST", f"/decide/{each}")]
    cells = _cells(name, columns, rows, zone, person, locale)
    by_name = [dict(zip(columns, row, strict=True)) for row in rows]
    query = {**asked.shown, **({"q": asked.wanted} if asked.wanted else {})}
    return board(
        request, person, "list.html", name=name, months=months, month=month, columns=columns, filters=asked.shown,
        wanted=asked.wanted,
        told={column: [word_of(column, each, locale) for each in values] for column, values in asked.shown.items()},
        decisions=decisions, searched="item_code" in columns,
        keys=[str(row[columns.index(KEYS[name])]) for row in rows] if decisions else [],
        exports=[(kind, address(f"/export/{name}", {"format": kind} | query)) for kind in _MEDIA],
        rows=cells, figures=[any(row[place].number for row in cells) for place in range(len(columns))],
        shown_max=SHOWN_MAX,
        total=found.total, known=found.rows is not None, at=found.at and f"{found.at.astimezone(zone):%H:%M:%S}",
        done=request.query_params.get("done"), left=request.query_params.get("left"),
        tiles=await tiles_of(parts, name, person.hospital, found.all, month, locale),
        charts=await drawn(parts, name, person.hospital, asked.filters, by_name, locale),
    )  # fmt: skip


async def _months(parts: Parts, name: str, person: Person, filters: Filters) -> tuple[Sequence[str], str]:
    """Months that a list of one month can be asked for, the newest first, and the one that is asked for."""
    if not BOARD_LISTS[name].of_a_month:
        return (), ""
    books = BoardBooks(parts.pool)
    totals = await books.totals(person.hospital)
    return [row["month"] for row in totals], await books.month_of(name, person.hospital, filters)


def _cells(  # noqa: PLR0917 -- what a cell needs
    name: str, columns: Sequence[str], rows: Sequence[Sequence[Any]], zone: ZoneInfo, person: Person, locale: str
) -> list[list[Cell]]:
    ways = [(place, column, opens(name, column)) for place, column in enumerate(columns)]
    made = []
    for values in rows:
        row = dict(zip(columns, values, strict=True))
        made.append([
            cell_of(column, values[place], zone, person, locale, to=way(row) if way and filled(values[place]) else None)
            for place, column, way in ways
        ])  # fmt: skip
    return made


@router.get("/export/{name}")
async def export(
    request: Request, name: str, parts: Gateway, person: SignedIn,
    format: Annotated[str, Query(pattern="^(csv|xlsx)$")] = "csv",  # noqa: A002 -- its name in the address
) -> Response:  # fmt: skip
    """The same rows as a file."""
    asked = await _asked(request, parts, name, person)
    found = await _rows(parts, name, person, asked.filters, EXPORTED_MAX, wait=WORKED_OUT_SECONDS_MAX)
    if found.rows is None:
        raise unavailable("database")
    zone, columns = parts.settings.zone, found.columns
    body = as_csv(columns, found.rows, zone) if format == "csv" else as_xlsx(name, columns, found.rows, zone)
    headers = {"Content-Disposition": f'attachment; filename="{name}.{format}"', "Cache-Control": "no-store"}
    return Response(body, media_type=_MEDIA[format], headers=headers)


@dataclass(frozen=True, slots=True)
class _Asked:
    """What rows of a list are wanted."""

    filters: Filters
    shown: Filters
    """As they stand in the address, without what a search has found."""
    wanted: str
    """What is searched among the items of the rows: code, name or initials of the name's pinyin."""


async def _asked(request: Request, parts: Gateway, name: str, person: Person) -> _Asked:
    """What the address says.

    Raises:
        ProblemError: 404, no list of that name; 422, a value that its filter can't have.
    """
    if name not in LISTS:
        raise ProblemError(404, "not-found", "Expected the name of a list, got another one.")
    known = {*await BoardBooks(parts.pool).columns(name), *OTHER_FILTERS} & (COLUMN_FILTERS | OTHER_FILTERS)
    shown: dict[str, list[str]] = {}
    for column, value in request.query_params.multi_items():
        if column in known and value and len(value) <= VALUE_CHARACTERS_MAX and "\x00" not in value:
            shown.setdefault(column, []).append(_formed(column, value))
    wanted = request.query_params.get("q", "").strip()[:64]
    if not wanted:
        return _Asked(shown, shown, "")
    found = await parts.search.find(person.hospital, wanted, FOUND_MAX)
    return _Asked(shown | {"item_code": [each.item_code for each in found]}, shown, wanted)


def _formed(column: str, value: str) -> str:
    try:
        return str(_FORMS.get(column, str)(value))
    except ValueError:
        raise ProblemError(422, "bad-parameter", f"{column}: expected another value, got {value[:40]!r}.") from None


@dataclass(frozen=True, slots=True)
class _Found:
    """Rows of a list."""

    columns: Sequence[str]
    """Each item's code has its name beside it."""
    rows: list[Sequence[Any]] | None
    """`None` while they are worked out for the first time."""
    total: int | None
    """How many there are in all; `None` when nobody has counted them."""
    at: datetime | None = None
    """When they were read, of rows that are kept."""
    all: Mapping[str, Sequence[Any]] | None = None
    """Of a list that is read whole all its rows, also those that do not fit the filters, column by column."""


async def _rows(
    parts: Parts, name: str, person: Person, filters: Filters, limit: int, *, wait: float = WAIT_SECONDS
) -> _Found:
    books, hospital = BoardBooks(parts.pool), person.hospital
    columns = await books.columns(name)
    names = await parts.search.names(hospital)
    if BOARD_LISTS[name].whole:
        month = await books.month_of(name, hospital, filters) if BOARD_LISTS[name].of_a_month else None
        figures = await whole_of(parts, name, hospital, month, wait)
        if figures is None:
            return _Found(_named(columns, [], {})[0], None, None)
        fit = narrowed(columns, figures.value, filters)
        every = {column: [row[place] for row in figures.value] for place, column in enumerate(columns)}
        return _Found(*_named(columns, fit[:limit], names), len(fit), figures.at, every)
    at = None
    if BOARD_LISTS[name].kept and of_sums(name, filters) and limit == SHOWN_MAX:
        figures = await first_of(parts, name, hospital, filters, limit, wait)
        if figures is None:
            return _Found(_named(columns, [], {})[0], None, None)
        rows, at = figures.value, figures.at
    else:
        _, rows = await books.rows(name, hospital, filters, limit)
    total = len(rows) if len(rows) < limit else await count_of(parts, name, hospital, filters)
    return _Found(*_named(columns, rows, names), total, at)


def _named(
    columns: Sequence[str], rows: list[Sequence[Any]], names: Mapping[str, str]
) -> tuple[Sequence[str], list[Sequence[Any]]]:
    """Columns and rows with each item's name beside its code."""
    if "item_code" not in columns:
        return columns, rows
    place = columns.index("item_code") + 1
    return (
        [*columns[:place], "item_name", *columns[place:]],
        [(*row[:place], names.get(row[place - 1]), *row[place:]) for row in rows],
    )


assert set(DECISIONS) == {each for several in _BY_LIST.values() for each in several} | set(ON_PAGES)  # noqa: S101 -- one table, two views
