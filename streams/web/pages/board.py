"""The board: now, month, a case, a scan. Every figure opens to its rows."""

from collections.abc import Mapping, Sequence
from datetime import UTC, date, datetime, timedelta
from typing import Annotated, Any, Final
from uuid import UUID

from fastapi import APIRouter, Path, Query, Request
from fastapi.responses import HTMLResponse

from models.calendar import Month, month_of, month_text, parse_month
from models.closing.case import CaseKey
from models.money import fen_text
from models.texts import gap_text, texts
from rules.catalogue.joining import price_on
from rules.closing.proving import prove
from sinks.postgres.charging.waiting import history_of
from sinks.postgres.closing.cases import CaseBooks
from sinks.postgres.web.board import BoardBooks
from streams.visible import visible
from streams.web.gateway.parts import Gateway
from streams.web.pages.charts import bars
from streams.web.pages.frame import Cell, board, cell_of
from streams.web.pages.people import SignedIn
from streams.web.pages.shown import locale_of, words
from streams.web.problems import ProblemError

router = APIRouter(include_in_schema=False)

DAY: Final = timedelta(hours=24)


@router.get("/")
async def now(request: Request, parts: Gateway, person: SignedIn) -> HTMLResponse:
    """What goes on and what waits."""
    books = BoardBooks(parts.pool)
    stand = await books.now(person.hospital)
    newest = stand["newest"]
    # Of the newest scan: a replayed year has no other today.
    since = (newest or datetime.now(UTC)) - DAY
    verdicts = await books.verdicts(person.hospital, since)
    by_department: dict[str, int] = {}
    for department, _, scans in verdicts:
        by_department[department] = by_department.get(department, 0) + scans
    w = words(locale_of(request))
    zone = parts.settings.zone
    tiles = [
        (name, stand[name], path, stand.get(f"{name}_since"))
        for name, path in (
            ("held", "/list/held"), ("parked", "/list/parked"), ("differences", "/list/differences"),
            ("alerts", "/list/alerts"), ("negative", "/list/stock"),
        )
        if person.may("GET", path)
    ]  # fmt: skip
    return board(
        request, person, "now.html",
        tiles=[(name, count, path, _age(since_, w)) for name, count, path, since_ in tiles],
        lag=parts.contact.lag_records, ready=parts.contact.readiness(),
        newest=None if newest is None else newest.astimezone(zone).strftime("%Y-%m-%d %H:%M:%S"),
        verdicts=_counted(verdicts), locale_verdicts=w["outcome"],
        chart=bars(w["board"]["by_department"], sorted(((name or "–", count) for name, count in by_department.items()),
                                                       key=lambda each: -each[1])[:12]),
    )  # fmt: skip


def _counted(verdicts: Sequence[tuple[str, str, int]]) -> list[tuple[str, int]]:
    counts: dict[str, int] = {}
    for _, verdict, scans in verdicts:
        counts[verdict] = counts.get(verdict, 0) + scans
    return sorted(counts.items(), key=lambda each: -each[1])


@router.get("/month")
async def month(
    request: Request, parts: Gateway, person: SignedIn, month: Annotated[str | None, Query(max_length=7)] = None
) -> HTMLResponse:
    """Use of a month: what it came to, the dearest items, what grew."""
    books = BoardBooks(parts.pool)
    totals = await books.totals(person.hospital)
    chosen = _month(month, totals)
    top = await books.top(person.hospital, chosen, _month_before(chosen))
    w = words(locale_of(request))["board"]
    return board(
        request, person, "month.html", month=month_text(chosen), months=[row["month"] for row in totals],
        top=[
            ["{:d}".format(row["rank"]), row["item_code"], row["item_name"] or "", f"{row['quantity']:,}",
             f"{row['amount']:,}", "" if row["before"] is None else f"{row['before']:,}",
             "" if row["change_percent"] is None else f"{row['change_percent']:+,.2f} %"]
            for row in top
        ],
        total=next((row for row in totals if row["month"] == month_text(chosen)), None),
        over_time=bars(w["over_time"], [(row["month"], row["amount"]) for row in reversed(totals)]),
        dearest=bars(w["dearest"], [(row["item_name"] or row["item_code"], row["amount"]) for row in top[:10]]),
    )  # fmt: skip


def _month(text: str | None, totals: Sequence[Mapping[str, Any]]) -> Month:
    try:
        if text:
            return parse_month(text)
    except ValueError as error:
        raise ProblemError(422, "bad-parameter", f"month: {error}") from None
    return parse_month(totals[0]["month"]) if totals else month_of(datetime.now(UTC).date())


def _month_before(month: Month) -> Month:
    year, number = divmod(int(month), 100)
    return month_of(date(year, number, 1) - timedelta(days=1))


@router.get("/case")
async def case(
    request: Request, parts: Gateway, person: SignedIn,
    encounter: Annotated[str, Query(min_length=1, max_length=64, pattern=r"^[^\x00-\x1f\x7f]+$")],
) -> HTMLResponse:  # fmt: skip
    """A case on one page: uses, ledgers, gaps with what to do, and its proof."""
    books, key = CaseBooks(parts.pool, price_on), CaseKey(person.hospital, encounter, "")
    if not await books.knows(person.hospital, encounter):
        raise ProblemError(404, "not-recorded", "Expected an encounter of this hospital, found none of that name.")
    found = await books.snapshot(key)
    proven, locale = prove(key, found.scans), locale_of(request)
    zone = parts.settings.zone
    numbers = proven.numbers
    return board(
        request, person, "case.html", encounter=encounter, verdict=proven.verdict.value, hash=proven.hash.hex(),
        closed=found.closing.closed, differences=found.differences_open,
        uses=[
            [Cell(line.scan.scanned_at.astimezone(zone).strftime("%m-%d %H:%M"), link=f"/scan/{line.scan.scan_id}"),
             Cell(found.names.get(line.scan.item_code or "", line.scan.item_code or "?")),
             Cell(visible(line.scan.lot or "")), Cell(visible(line.scan.serial or "")),
             Cell(str(line.used), number=True), Cell(fen_text(line.charged_fen), number=True),
             Cell(words(locale)["outcome"][f"verdict_{line.scan.verdict}"])]
            for line in proven.uses
        ],
        ledgers=[(name, sums.units, fen_text(sums.amount_fen)) for name, sums in (
            ("used", numbers.scans), ("stock_out", numbers.stock_out), ("charged", numbers.charges),
            ("owed", numbers.settlement))],
        gaps=[
            (found.names.get(gap.item_code or "", gap.item_code or "?"), gap_text(locale, gap)) for gap in proven.gaps
        ],
    )  # fmt: skip


@router.get("/scan/{scan_id}")
async def scan(request: Request, scan_id: Annotated[UUID, Path()], parts: Gateway, person: SignedIn) -> HTMLResponse:
    """A scan as it stands, and all that was decided of it."""
    found = await parts.scans.find(person.hospital, scan_id)
    if found is None:
        raise ProblemError(404, "not-recorded", "Expected a recorded scan of this hospital, found none of that id.")
    locale, zone = locale_of(request), parts.settings.zone
    reasons = texts(locale)["reason"]
    fields = found | {"reasons": ", ".join(reasons[each] for each in found["reasons"])}
    amount = fields.pop("amount_fen")
    fields |= {"amount": None if amount is None else fen_text(amount)}
    history = await history_of(parts.pool, person.hospital, scan_id)
    return board(
        request, person, "scan.html", scan_id=str(scan_id),
        fields=[
            (name, cell_of(name, value, zone, person, locale)) for name, value in fields.items() if name != "scan_id"
        ],
        history=[
            (each.at.astimezone(zone).strftime("%Y-%m-%d %H:%M:%S"), each.by or "", each.what, visible(each.detail))
            for each in history
        ],
    )  # fmt: skip


def _age(since: datetime | None, w: Mapping[str, Mapping[str, str]]) -> str:
    if since is None:
        return ""
    seconds = max((datetime.now(UTC) - since).total_seconds(), 0)
    for unit, length in (("days", 86_400), ("hours", 3_600), ("minutes", 60)):
        if seconds >= length:
            return w["board"][unit].replace("{n}", f"{int(seconds // length):,}")
    return w["board"]["just_now"]
