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
from streams.exports import as_csv, as_xlsx
from streams.web.gateway.parts import Gateway
from streams.web.kept import WAIT_SECONDS
from streams.web.pages.drills import address, opened
from streams.web.pages.figures import count_of, narrowed, ratios_of
from streams.web.pages.frame import Cell, board, cell_of, word_of
from streams.web.pages.people import Person, SignedIn
from streams.web.pages.shown import locale_of
from streams.web.problems import ProblemError, unavailable

router = APIRouter(include_in_schema=False)

SHOWN_MAX: Final = 200
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
    "scan_id": UUID, "alert_id": UUID, "finding": UUID, "difference_id": UUID, "month": _month, "after": _instant,
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
    columns, rows, total = await _rows(parts, name, person, asked.filters, SHOWN_MAX)
    known = rows is not None
    rows = rows or []
    if name == "items" and asked.wanted:
        best = asked.filters["item_code"]
        rows.sort(key=lambda row: best.index(row[0]))
    zone, locale = parts.settings.zone, locale_of(request)
    decisions = [each for each in _BY_LIST.get(name, ()) if person.may("POST", f"/decide/{each}")]
    query = {**asked.shown, **({"q": asked.wanted} if asked.wanted else {})}
    return board(
        request, person, "list.html", name=name, columns=columns, filters=asked.shown, wanted=asked.wanted,
        told={column: [word_of(column, each, locale) for each in values] for column, values in asked.shown.items()},
        decisions=decisions, searched="item_code" in columns,
        keys=[str(row[columns.index(KEYS[name])]) for row in rows] if decisions else [],
        exports=[(kind, address(f"/export/{name}", {"format": kind} | query)) for kind in _MEDIA],
        rows=[_cells(name, dict(zip(columns, row, strict=True)), zone, person, locale) for row in rows],
        shown_max=SHOWN_MAX,
        total=total, known=known,
        done=request.query_params.get("done"), left=request.query_params.get("left"),
    )  # fmt: skip


def _cells(name: str, row: Mapping[str, Any], zone: ZoneInfo, person: Person, locale: str) -> list[Cell]:
    return [cell_of(column, value, zone, person, locale, to=opened(name, column, row)) for column, value in row.items()]


@router.get("/export/{name}")
async def export(
    request: Request, name: str, parts: Gateway, person: SignedIn,
    format: Annotated[str, Query(pattern="^(csv|xlsx)$")] = "csv",  # noqa: A002 -- its name in the address
) -> Response:  # fmt: skip
    """The same rows as a file."""
    asked = await _asked(request, parts, name, person)
    columns, rows, _ = await _rows(parts, name, person, asked.filters, EXPORTED_MAX, wait=WORKED_OUT_SECONDS_MAX)
    if rows is None:
        raise unavailable("database")
    zone = parts.settings.zone
    body = as_csv(columns, rows, zone) if format == "csv" else as_xlsx(name, columns, rows, zone)
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


async def _rows(
    parts: Gateway, name: str, person: Person, filters: Filters, limit: int, *, wait: float = WAIT_SECONDS
) -> tuple[Sequence[str], list[Sequence[Any]] | None, int | None]:
    """Columns, rows and how many there are in all, `None` when nobody has counted them.

    Each item's code has its name beside it. Rows are `None` while they are worked out for the first time.
    """
    books, hospital = BoardBooks(parts.pool), person.hospital
    if name == "ratios":
        columns = await books.columns(name)
        figures = await ratios_of(parts, hospital, await books.month_of(name, hospital, filters), wait)
        found = None if figures is None else narrowed(columns, figures.value, filters)
        return columns, None if found is None else found[:limit], len(found or [])
    columns, rows = await books.rows(name, hospital, filters, limit)
    total = len(rows) if len(rows) < limit else await count_of(parts, name, hospital, filters)
    if "item_code" not in columns:
        return columns, rows, total
    names, place = await parts.search.names(hospital), columns.index("item_code") + 1
    return (
        [*columns[:place], "item_name", *columns[place:]],
        [(*row[:place], names.get(row[place - 1]), *row[place:]) for row in rows],
        total,
    )


assert set(DECISIONS) == {each for several in _BY_LIST.values() for each in several} | set(ON_PAGES)  # noqa: S101 -- one table, two views
