"""The lists people work off: shown, narrowed, exported, decided on."""

from collections.abc import Mapping, Sequence
from typing import Annotated, Any, Final
from urllib.parse import urlencode

from fastapi import APIRouter, Query, Request, Response
from fastapi.responses import HTMLResponse

from models.web.access import DECISIONS, LISTS
from sinks.postgres.web.board import FILTERS, BoardBooks
from streams.web.gateway.parts import Gateway
from streams.web.pages.exports import as_csv, as_xlsx
from streams.web.pages.frame import board, cell_of
from streams.web.pages.people import Person, SignedIn
from streams.web.pages.shown import locale_of
from streams.web.problems import ProblemError

router = APIRouter(include_in_schema=False)

SHOWN_MAX: Final = 200
EXPORTED_MAX: Final = 100_000
_BY_LIST: Final[Mapping[str, tuple[str, ...]]] = {
    "held": ("release", "reject"), "differences": ("ask", "accept"), "dead-letters": ("replay",),
}  # fmt: skip
"""What is decided on a list."""
KEYS: Final[Mapping[str, str]] = {"held": "scan_id", "differences": "difference_id", "dead-letters": "origin"}
"""Which column names a row for a decision."""
_MEDIA: Final = {
    "csv": "text/csv; charset=utf-8",
    "xlsx": "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
}


@router.get("/list/{name}")
async def show_list(request: Request, name: str, parts: Gateway, person: SignedIn) -> HTMLResponse:
    """A list, narrowed by its own columns; with what the person may decide on it."""
    filters = _filters(request)
    wanted = request.query_params.get("q", "")[:64]
    if name == "items" and wanted:
        columns, rows = await _found_items(parts, person, wanted)
    else:
        columns, rows = await _rows(parts, name, person, filters, SHOWN_MAX)
    zone, locale = parts.settings.zone, locale_of(request)
    decisions = [each for each in _BY_LIST.get(name, ()) if person.may("POST", f"/decide/{each}")]
    query = f"&{urlencode(filters)}" if filters else ""
    return board(
        request, person, "list.html", name=name, columns=columns, filters=filters, decisions=decisions,
        keys=[str(row[columns.index(KEYS[name])]) for row in rows] if decisions else [],
        exports=[(kind, f"/export/{name}?format={kind}{query}") for kind in _MEDIA],
        rows=[
            [cell_of(column, value, zone, person, locale) for column, value in zip(columns, row, strict=True)]
            for row in rows
        ],
        full=len(rows) == SHOWN_MAX, done=request.query_params.get("done"), left=request.query_params.get("left"),
    )  # fmt: skip


@router.get("/export/{name}")
async def export(
    request: Request, name: str, parts: Gateway, person: SignedIn,
    format: Annotated[str, Query(pattern="^(csv|xlsx)$")] = "csv",  # noqa: A002 -- its name in the address
) -> Response:  # fmt: skip
    """The same rows as a file."""
    columns, rows = await _rows(parts, name, person, _filters(request), EXPORTED_MAX)
    zone = parts.settings.zone
    body = as_csv(columns, rows, zone) if format == "csv" else as_xlsx(name, columns, rows, zone)
    headers = {"Content-Disposition": f'attachment; filename="{name}.{format}"', "Cache-Control": "no-store"}
    return Response(body, media_type=_MEDIA[format], headers=headers)


async def _rows(
    parts: Gateway, name: str, person: Person, filters: Mapping[str, str], limit: int
) -> tuple[Sequence[str], list[Sequence[Any]]]:
    if name not in LISTS:
        raise ProblemError(404, "not-found", "Expected the name of a list, got another one.")
    books = BoardBooks(parts.pool)
    known, _ = await books.rows(name, person.hospital, {}, 1)
    return await books.rows(name, person.hospital, {k: v for k, v in filters.items() if k in known}, limit)


async def _found_items(parts: Gateway, person: Person, wanted: str) -> tuple[Sequence[str], list[Sequence[Any]]]:
    """Items by code, name or pinyin initials, the best first."""
    found = await parts.search.find(person.hospital, wanted, SHOWN_MAX)
    rows: list[Sequence[Any]] = [
        (each.item_code, each.name, *(each.fields.get(field) for field in ("spec", "maker")),
         bool(each.fields.get("chargeable", True)), bool(each.fields.get("monitored", False)))
        for each in found
    ]  # fmt: skip
    return ("item_code", "item_name", "spec", "maker", "chargeable", "monitored"), rows


def _filters(request: Request) -> dict[str, str]:
    return {
        name: value
        for name, value in request.query_params.items()
        if name in FILTERS and value and len(value) <= 200 and "\x00" not in value
    }


assert set(DECISIONS) == {each for several in _BY_LIST.values() for each in several}  # noqa: S101 -- one table, two views
