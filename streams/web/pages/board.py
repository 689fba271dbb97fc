"""The board: now and month. Every figure opens to its rows."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, date, datetime, timedelta
from typing import Annotated, Any, Final, TypeVar

from fastapi import APIRouter, Query, Request
from fastapi.responses import HTMLResponse

from models.calendar import Month, month_of, month_text, parse_month
from sinks.postgres.web.board import BoardBooks
from streams.visible import visible
from streams.web.gateway.parts import Gateway, Parts
from streams.web.pages.charts import bars
from streams.web.pages.drills import USED, address
from streams.web.pages.figures import ratios_of, stock_of, suspected_of
from streams.web.pages.frame import board
from streams.web.pages.people import Person, SignedIn
from streams.web.pages.shown import Cell, locale_of, words
from streams.web.problems import ProblemError

router = APIRouter(include_in_schema=False)

T = TypeVar("T")
DAY: Final = timedelta(hours=24)
BARS_MAX: Final = 12


@router.get("/")
async def now(request: Request, parts: Gateway, person: SignedIn) -> HTMLResponse:
    """What goes on and what waits."""
    books = BoardBooks(parts.pool)
    stand = await books.now(person.hospital)
    stock = await stock_of(parts, person.hospital)
    stand["negative"] = None if stock is None else stock["negative"]
    stand["suspected"] = await suspected_of(parts, person.hospital)
    newest = stand["newest"]
    # Of the newest scan: a replayed year has no other today.
    since = (newest or datetime.now(UTC)) - DAY
    verdicts = await books.verdicts(person.hospital, since)
    seconds, late = await books.delay(person.hospital, since)
    w = words(locale_of(request))
    after, opens = {"after": since.isoformat()}, person.may("GET", "/list/scans")
    return board(
        request, person, "now.html",
        tiles=[
            (name, stand[name], to, _age(stand.get(f"{name}_since"), w))
            for name, to in _TILES if person.may("GET", to.partition("?")[0]) and stand[name] is not None
        ],
        lag=parts.contact.lag_records, ready=parts.contact.readiness(),
        newest=None if newest is None else newest.astimezone(parts.settings.zone).strftime("%Y-%m-%d %H:%M:%S"),
        delay="" if seconds is None else _span(seconds, w), late=late,
        scans=(sum(scans for *_, scans in verdicts), address("/list/scans", after)) if opens else None,
        verdicts=[
            (verdict, scans, address("/list/scans", {"verdict": verdict} | after))
            for verdict, scans in _counted((verdict, scans) for _, verdict, scans in verdicts) if opens
        ],
        chart=bars(w["board"]["by_department"], [
            (name or "–", scans, address("/list/scans", _of(name) | after) if opens else None)
            for name, scans in _counted((department, scans) for department, _, scans in verdicts)[:BARS_MAX]
        ]),
        departments=_by_department(verdicts, after) if opens else None,
    )  # fmt: skip


def _by_department(
    counts: Sequence[tuple[str | None, str, int]], after: dict[str, str]
) -> tuple[list[str], list[tuple[str, list[Cell]]]]:
    """Verdicts, the most frequent first, and of each department how many scans have each."""
    names = [verdict for verdict, _ in _counted((verdict, scans) for _, verdict, scans in counts)]
    found = {(department, verdict): scans for department, verdict, scans in counts}

    def cell(department: str | None, verdict: str) -> Cell:
        scans = found.get((department, verdict))
        link = address("/list/scans", {"verdict": verdict} | _of(department) | after)
        return Cell(f"{scans:,}" if scans else "", number=True, link=link)

    return names, [
        (visible(department or "–"), [cell(department, verdict) for verdict in names])
        for department, _ in _counted((department, scans) for department, _, scans in counts)
    ]


def _of(department: str | None) -> dict[str, str]:
    """The filter for a department's scans, or for those of none."""
    return {"department": department} if department else {"without": "department"}


_TILES: Final = (
    ("held", "/list/held"), ("parked", "/list/parked"), ("differences", "/list/differences"),
    ("findings", "/list/findings?status=open"), ("alerts", "/list/alerts?status=fired&status=provisional"),
    ("negative", "/list/stock?negative=yes"), ("suspected", "/list/suspected-uses?status=suspected"),
)  # fmt: skip


def _counted(counts: Iterable[tuple[T, int]]) -> list[tuple[T, int]]:
    """Sums by name, the largest first."""
    sums: dict[T, int] = {}
    for name, count in counts:
        sums[name] = sums.get(name, 0) + count
    return sorted(sums.items(), key=lambda each: -each[1])


@router.get("/month")
async def month(
    request: Request, parts: Gateway, person: SignedIn, month: Annotated[str | None, Query(max_length=7)] = None
) -> HTMLResponse:
    """Use of a month: what it came to, the dearest monitored items, what grew, ratios, findings; and what stands."""
    books, hospital = BoardBooks(parts.pool), person.hospital
    totals = await books.totals(hospital)
    opening, closed = await books.opening(hospital)
    chosen = _month(month or opening)
    name, monitored = month_text(chosen), await parts.search.monitored(hospital)
    before = _month_before(chosen)
    top = await books.top(hospital, chosen, before, monitored or None)
    names, w = await parts.search.names(hospital), words(locale_of(request))["board"]
    return board(
        request, person, "month.html", month=name, running=closed is None or name > closed,
        months=[row["month"] for row in totals],
        top=[_top_row(row, names, name, month_text(before), person) for row in top], monitored=bool(monitored),
        total=next((row for row in totals if row["month"] == name), None), ratios=await _ratios(parts, hospital, name),
        findings=await books.findings(hospital, name),
        differences=await books.differences(hospital), stock=await stock_of(parts, hospital),
        over_time=bars(w["over_time"], [
            (row["month"], row["amount"], address("/month", {"month": row["month"]})) for row in reversed(totals)
        ]),
        dearest=bars(w["dearest"], [
            (names.get(row["item_code"], row["item_code"]), row["amount"], _used(row["item_code"], name))
            for row in top[:10]
        ]),
    )  # fmt: skip


async def _ratios(parts: Parts, hospital: str, month: str) -> list[dict[str, Any]] | None:
    """Ratios of the whole hospital; `None` while they are worked out."""
    figures = await ratios_of(parts, hospital, month)
    if figures is None:
        return None
    columns = await BoardBooks(parts.pool).columns("ratios")
    rows = (dict(zip(columns, row, strict=True)) for row in figures.value)
    return [row for row in rows if row["scope_type"] == "hospital"]


def _top_row(row: Mapping[str, Any], names: Mapping[str, str], month: str, before: str, person: Person) -> list[Cell]:
    code, scans = row["item_code"], person.may("GET", "/list/scans")
    change = row["change_percent"]

    def figure(text: str, of: str) -> Cell:
        return Cell(text, number=True, link=_used(code, of) if scans and text else None)

    return [
        Cell(f"{row['rank']}", number=True),
        Cell(visible(code), link=address("/list/usage", {"item_code": code})), Cell(visible(names.get(code, ""))),
        figure(f"{row['quantity']:,}", month), figure(f"{row['amount']:,}", month),
        figure("" if row["before"] is None else f"{row['before']:,}", before),
        Cell("" if change is None else f"{change:+,.2f} %", number=True,
             link=address("/list/alerts", {"item_code": code, "month": month})),
    ]  # fmt: skip


def _used(item_code: str, month: str) -> str:
    return address("/list/scans", {"item_code": item_code, "month": month, "action": USED})


def _month(text: str | None) -> Month:
    try:
        return parse_month(text) if text else month_of(datetime.now(UTC).date())
    except ValueError as error:
        raise ProblemError(422, "bad-parameter", f"month: {error}") from None


def _month_before(month: Month) -> Month:
    year, number = divmod(int(month), 100)
    return month_of(date(year, number, 1) - timedelta(days=1))


def _age(since: datetime | None, w: Mapping[str, Mapping[str, str]]) -> str:
    if since is None:
        return ""
    return _span((datetime.now(UTC) - since).total_seconds(), w)


def _span(seconds: float, w: Mapping[str, Mapping[str, str]]) -> str:
    for unit, length in (("days", 86_400), ("hours", 3_600), ("minutes", 60)):
        if seconds >= length:
            return w["board"][unit].replace("{n}", f"{int(seconds // length):,}")
    return w["board"]["seconds"].replace("{n}", f"{max(seconds, 0):.0f}")
