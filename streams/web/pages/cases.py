"""A case and a scan on a page each, with what a person may correct."""

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Path, Query, Request
from fastapi.responses import HTMLResponse

from models.closing.case import CaseKey
from models.money import fen_text
from models.texts import decided_text, gap_text, reasons_text, texts
from rules.catalogue.joining import price_on
from rules.closing.proving import prove
from sinks.postgres.charging.parked_and_held import history_of, readings_of
from sinks.postgres.closing.cases import CaseBooks
from streams.visible import visible
from streams.web.gateway.parts import Gateway
from streams.web.pages.drills import address, opened
from streams.web.pages.frame import board, cell_of
from streams.web.pages.people import SignedIn
from streams.web.pages.shown import Cell, locale_of, words
from streams.web.problems import ProblemError

router = APIRouter(include_in_schema=False)


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
        ledgers=[(name, sums.units, fen_text(sums.amount_fen), address(f"/list/{list_}", {"encounter": encounter}))
                 for name, sums, list_ in (
            ("used", numbers.scans, "scans"), ("stock_out", numbers.stock_out, "moves"),
            ("charged", numbers.charges, "charges"), ("owed", numbers.settlement, "scans"))],
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
            (name, cell_of(name, value, zone, person, locale, to=opened("", name, fields)))
            for name, value in fields.items() if name != "scan_id"
        ],
        charges=address("/list/charges", {"scan_id": scan_id}) if person.may("GET", "/list/charges") else None,
        moves=address("/list/moves", {"scan_id": scan_id}) if person.may("GET", "/list/moves") else None,
        corrects=person.may("POST", "/decide/correct"), done=request.query_params.get("done"),
        readings=[
            (each.reading, " ".join(visible(str(part)) for part in (each.lot, each.serial, each.expiry) if part))
            for each in await readings_of(parts.pool, scan_id) if each.di is not None
        ] if person.may("POST", "/decide/identify") else [],
        history=[
            (each.at.astimezone(zone).strftime("%Y-%m-%d %H:%M:%S"), each.by or "",
             visible(decided_text(locale, each.what)), visible(reasons_text(locale, each.what, each.detail)))
            for each in history
        ],
    )  # fmt: skip
