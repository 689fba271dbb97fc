"""`udi case`: a case on one page: its uses, its four ledgers side by side, what does not tie and what to do."""

import asyncio
import getpass
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final
from zoneinfo import ZoneInfo

import asyncpg
import typer
from rich.text import Text

from models.closing.case import OPEN_GAPS, CaseKey, CaseVerdict, Closing, Gap, GapKind, Proof, Proven, UseLine
from models.money import fen_text
from models.reasons import Verdict
from models.texts import gap_text
from rules.catalogue.joining import price_on
from rules.closing.proving import prove
from sinks.postgres.closing.case_rows import gap_body, numbers_fields, proof_fields
from sinks.postgres.closing.cases import CaseBooks, CaseSnapshot
from streams.cli.charging.telling import became
from streams.cli.connection import bad, run
from streams.cli.phrases import as_written, told_cell, word
from streams.cli.shown import joined, print_json, print_table, yuan
from streams.language import language
from streams.settings import Settings

LOCALE: Final = "en"
POLL_SECONDS: Final = 0.1


@dataclass(frozen=True, slots=True)
class Page:
    """A case as it stands, and what was proven of it."""

    proven: Proven
    """What the ledgers come to now."""
    closing: Closing
    """What has closed the case so far."""
    differences_open: int
    """Open differences with the HIS; shown beside, they decide nothing."""
    history: Sequence[Proof]
    """Every version of its proof."""
    names: Mapping[str, str]
    """Of its items, by their codes."""
    zone: ZoneInfo
    """The hospital's time zone, for printing."""

    @property
    def published(self) -> bool:
        """The newest proof says what the books say now."""
        return bool(self.history) and self.proven.same_as(self.history[-1])


def case_command(
    encounter: str, operation: str | None, hospital: str | None, by: str | None, timeout: float, *, close: bool,
    history: bool, as_json: bool,
) -> int:  # fmt: skip
    """Show a case; with `close` a person closes it first, and its proof is waited for so many seconds.

    Returns:
        The exit status: 0 when its ledgers tie, 1 when they have gaps.
    """
    if by is not None and not close:
        bad("Expected --by with --close, got it alone.")
    who = by or getpass.getuser()

    async def work(settings: Settings, pool: asyncpg.Pool) -> Page:
        books = CaseBooks(pool, price_on)
        key = CaseKey(await _hospital(books, encounter, hospital), encounter, operation or "")
        page = await read_page(books, key, settings.zone)
        if close:
            count = await books.close(key, who)
            page = await _proven_page(books, key, settings.zone, count, timeout)
        return page

    page = run(work)
    if as_json:
        print_json(fields_of(page))
    else:
        _show(page, history=history)
    return 0 if page.proven.verdict is CaseVerdict.CLOSED else 1


async def _hospital(books: CaseBooks, encounter: str, named: str | None) -> str:
    if named is not None:
        if not await books.knows(named, encounter):
            bad(f"Expected an encounter of {named}, found none named {as_written(encounter)}.")
        return named
    found = await books.hospitals_of(encounter)
    if len(found) > 1:
        bad(f"Expected --hospital: {', '.join(found)} have an encounter named {as_written(encounter)}.")
    if not found:
        bad(f"Expected an encounter, found none named {as_written(encounter)}.")
    return found[0]


async def read_page(books: CaseBooks, key: CaseKey, zone: ZoneInfo) -> Page:
    """The page of a case of a known encounter, of one moment."""
    found: CaseSnapshot = await books.snapshot(key)
    operations = sorted({scan.operation for scan in found.scans if scan.operation})
    if key.operation and key.operation not in operations:
        bad(f"Expected an operation of {key.encounter} ({joined(operations) or 'it has none'}), got {key.operation}.")
    return Page(prove(key, found.scans), found.closing, found.differences_open, found.history, found.names, zone)


async def _proven_page(books: CaseBooks, key: CaseKey, zone: ZoneInfo, count: int, seconds: float) -> Page:
    """The page once the close of that number is proven, or as it is when the time is over."""
    until = time.monotonic() + seconds
    while True:
        page = await read_page(books, key, zone)
        done = bool(page.history) and page.history[-1].closing.by_person >= count
        if done or time.monotonic() >= until:
            return page
        await asyncio.sleep(POLL_SECONDS)


# For machines -----------------------------------------------------------------------------------------------------


def fields_of(page: Page) -> dict[str, Any]:
    """Everything on the page."""
    proven = page.proven
    return {
        "hospital": proven.key.hospital,
        "encounter": proven.key.encounter,
        "operation": proven.key.operation or None,
        "verdict": proven.verdict,
        "discharged_at": page.closing.discharged_at,
        "settled_at": page.closing.settled_at,
        "closed_by_person": page.closing.by_person,
        "uses": [_use_fields(line, page) for line in proven.uses],
        **numbers_fields(proven.numbers),
        "tied": ties(proven),
        "gaps": [gap_body(gap) | {"what_to_do": gap_text(LOCALE, gap)} for gap in proven.gaps],
        "differences_open": page.differences_open,
        "hash": proven.hash.hex(),
        "published": page.published,
        "proofs": [proof_fields(proof) for proof in page.history],
    }


def _use_fields(line: UseLine, page: Page) -> dict[str, Any]:
    scan = line.scan
    return {
        "scan_id": scan.scan_id,
        "scanned_at": scan.scanned_at,
        "operation": scan.operation,
        "item_code": scan.item_code,
        "item_name": page.names.get(scan.item_code or ""),
        "lot": scan.lot,
        "serial": scan.serial,
        "units": scan.units,
        "units_left": line.used,
        "amount": fen_text(line.charged_fen),
        "verdict": scan.verdict,
        "reasons": scan.reasons,
    }


def ties(proven: Proven) -> dict[str, bool]:
    """Whether each ledger is what the uses say it must be."""
    found = {gap.kind for gap in proven.gaps}
    return {
        "stock_out": not found & {GapKind.STOCK_MISSING, GapKind.STOCK_SURPLUS},
        "charges": not found & {GapKind.CHARGE_MISSING, GapKind.CHARGE_SURPLUS, GapKind.CHARGE_AMOUNT},
        "settlement": not found & {GapKind.SETTLEMENT_MISSING, GapKind.SETTLEMENT_SURPLUS, GapKind.COST_MISSING},
    }


# For people -------------------------------------------------------------------------------------------------------


def _show(page: Page, *, history: bool) -> None:
    proven = page.proven
    key = proven.key
    name = f"{key.encounter}, operation {key.operation}" if key.operation else key.encounter
    typer.echo(f"Case {name} of {key.hospital}: {_closed_how(page)}.\n")
    if proven.uses:
        columns = ("time", "item", "lot / serial", ">units", ">CNY", "verdict")
        print_table("Uses", columns, [_use_row(line, page) for line in proven.uses])
    else:
        typer.echo("Nothing was used.")
    typer.echo("")
    _show_ledgers(proven)
    if proven.gaps:
        typer.echo("")
        rows = [row for gap in proven.gaps for row in _gap_rows(gap, page)]
        print_table("Gaps, and what to do", ("item, lot / serial", ">units", ""), rows)
    typer.echo("")
    tied = (
        "All four ledgers tie."
        if proven.verdict is CaseVerdict.CLOSED
        else f"It does not tie: {len(proven.gaps)} gap(s)."
    )
    typer.echo(tied)
    if page.differences_open:
        typer.echo(f"Beside it: {page.differences_open} open differences with the HIS.")
    typer.echo(f"Hash {proven.hash.hex()}")
    typer.echo(_published(page))
    if history and page.history:
        typer.echo("")
        print_table("Proofs", ("version", "why", "verdict", ">gaps", "proven at", "hash"), _history_rows(page))


def _closed_how(page: Page) -> str:
    closing, zone = page.closing, page.zone
    if closing.settled_at is not None:
        return f"settled {closing.settled_at.astimezone(zone):%Y-%m-%d %H:%M}"
    if closing.discharged_at is not None:
        return f"discharged {closing.discharged_at.astimezone(zone):%Y-%m-%d %H:%M}"
    return "closed by a person" if closing.by_person else "not closed yet"


def _use_row(line: UseLine, page: Page) -> tuple[Any, ...]:
    scan = line.scan
    units = "?" if scan.units is None else str(line.used if scan.stands else scan.units)
    at = scan.scanned_at.astimezone(page.zone)
    return (
        f"{at:%m-%d %H:%M}", page.names.get(scan.item_code or "", scan.item_code or told_cell("unknown item")),
        joined((scan.lot, scan.serial)), units, yuan(line.charged_fen), Text(_became(line), "red" if scan.open else ""),
    )  # fmt: skip


def _became(line: UseLine) -> str:
    """What has become of a use, in words."""
    scan = line.scan
    if scan.reasons and (scan.open or scan.verdict is Verdict.RECORDED):
        return became(scan.verdict, scan.reasons)
    returned = (scan.units or 0) - line.used
    if not returned:
        return word(scan.verdict, "verdict")
    verdict = word(scan.verdict, "verdict")
    return told_cell(f"{verdict}, {returned} returned" if line.used else f"{verdict}, all returned")


def _show_ledgers(proven: Proven) -> None:
    numbers, tied = proven.numbers, ties(proven)
    waits = sum(line.out for line in proven.uses if line.scan.open)
    rows = [
        ("uses", numbers.scans, "", ""),
        ("out of stock", numbers.stock_out, tied["stock_out"], f"{waits} of scans that wait" if waits else ""),
        ("charged", numbers.charges, tied["charges"], f"{numbers.chargeable_units} are to be charged"),
        (
            "owed to suppliers",
            numbers.settlement,
            tied["settlement"],
            f"{numbers.supplied_units} are suppliers', at cost",
        ),
    ]
    print_table(
        "Ledgers",
        ("", ">units", ">CNY", "ties", ""),
        [(told_cell(name), sums.units, yuan(sums.amount_fen), tie, told_cell(note)) for name, sums, tie, note in rows],
    )


def _gap_rows(gap: Gap, page: Page) -> list[tuple[Any, ...]]:
    """A gap as rows; where uses and returns of the same goods wait, each has its own: they net, and do not add up."""
    name = page.names.get(gap.item_code or "", gap.item_code or told_cell("unknown item"))
    what, text = joined((name, gap.lot, gap.serial)), gap_text(language(), gap)
    uses = [line.scan for line in page.proven.uses if line.scan.scan_id in gap.scan_ids]
    if gap.kind not in OPEN_GAPS or len(uses) == len(gap.scan_ids):
        return [(what, gap.units, text)]
    used = sum(scan.units or 0 for scan in uses)
    back = None if gap.units is None else gap.units - used
    rows: list[tuple[Any, ...]] = [(told_cell(f"use of {as_written(what)}"), used, text)] if uses else []
    return [*rows, (told_cell(f"return of {as_written(what)}"), None if back is None else -back, text)]


def _published(page: Page) -> str:
    if not page.history:
        if page.closing.closed:
            return "Not proven yet: the scheduler proves what has closed, within a second when it runs."
        return "Not proven yet: nothing has closed it."
    newest = page.history[-1]
    if page.published:
        return f"This is what was published as version {newest.version} ({word(newest.trigger)})."
    return f"Something has changed since version {newest.version} was published."


def _history_rows(page: Page) -> list[tuple[Any, ...]]:
    return [
        (
            proof.version, word(proof.trigger), word(proof.verdict), len(proof.gaps),
            proof.proven_at.astimezone(page.zone), proof.hash.hex()[:16],
        )
        for proof in page.history
    ]  # fmt: skip
