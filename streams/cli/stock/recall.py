"""`udi recall`: who was exposed, where the rest lies, what is still to do; a person ends a line."""

import getpass
import time
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from datetime import UTC, date, datetime
from typing import Annotated, Any, NoReturn
from uuid import UUID
from zoneinfo import ZoneInfo

import asyncpg
import typer

from models.calendar import local_day
from models.stock.exposure import ClosureProof, KeptProof, RecallLineStatus, StandingLine
from rules.stock.recall_closing import LEVEL, closure_proof, counts_of, group_of
from rules.stock.recall_listing import LOST, NOBODY_KNOWN
from sinks.postgres.stock.recall_desk import Accepted, Looked, RecallDesk
from sinks.postgres.stock.recall_listing import ListedRecall, listed_recalls
from streams.cli.charging.telling import goods
from streams.cli.connection import By, bad, in_words, run
from streams.cli.lists import listing
from streams.cli.phrases import as_written, told, told_cell, word
from streams.cli.shown import LIMIT_DEFAULT, AsJson, Limit, joined, print_json, print_table
from streams.cli.stock.named import of_several
from streams.settings import Settings


@dataclass(frozen=True, slots=True)
class Page:
    """A notice with its lines, as they stand."""

    accepted: Accepted
    """The notice, as the books hold it."""
    lines: Sequence[StandingLine]
    """Of the version in force."""
    proofs: Sequence[KeptProof]
    """Each time that every line had ended, oldest first."""
    looked: Looked
    """What was looked at for it."""
    seconds: float
    """How long it took to list them."""
    today: date
    """The hospital's day, from which the days left are counted."""
    zone: ZoneInfo
    """The hospital's time zone, for printing."""

    @property
    def names_goods(self) -> bool:
        """The house has, or had, an item or a scan that it names."""
        return bool(self.looked.items or self.looked.scans)

    @property
    def open(self) -> int:
        """Lines nobody has ended."""
        return sum(line.status is RecallLineStatus.OPEN for line in self.lines)

    @property
    def proof(self) -> ClosureProof | None:
        """Of the closure; `None` while a line is open."""
        return closure_proof(self.accepted.notice, self.lines)

    def fields(self) -> dict[str, Any]:
        """As `--json` prints it (docs/contract.md, section "Commands")."""
        notice = self.accepted.notice
        groups: dict[str, list[dict[str, Any]]] = {"certain": [], "possible": [], "shelf": [], "elsewhere": []}
        for line in self.lines:
            groups[group_of(line.kind)].append(asdict(line))
        return {
            "hospital": notice.hospital, "recall": notice.recall, "version": notice.version, "class": notice.class_,
            "issued_on": notice.issued_on, "due_on": notice.due_on, "days_left": (notice.due_on - self.today).days,
            "ended_on": notice.ended_on, "reason": notice.reason, "accepted_at": self.accepted.accepted_at,
            "level": LEVEL, "names_goods": self.names_goods, "looked": asdict(self.looked), **groups,
            "counts": counts_of(self.lines), "open": self.open,
            "proof": asdict(self.proof) if self.proof else None,
            "proofs": [asdict(each) for each in self.proofs], "seconds": round(self.seconds, 3),
        }  # fmt: skip


@listing
def recall(
    name: Annotated[str | None, typer.Argument(metavar="[RECALL]", help="The notice; unset lists all.")] = None,
    *,
    close: Annotated[
        list[str] | None, typer.Option("--close", help="End this line; may be given several times.")
    ] = None,
    reason: Annotated[str | None, typer.Option(help="Why it ends; it is kept.", callback=in_words)] = None,
    by: By = None,
    hospital: Annotated[str | None, typer.Option(help="Needed when several hospitals have the notice.")] = None,
    limit: Limit = LIMIT_DEFAULT,
    as_json: AsJson = False,
) -> None:
    """A recall: certainly and possibly exposed patients, shelf and the rest. Exit 1 when a line can't be closed."""
    if bool(close) != bool(reason and reason.strip()):
        bad("Expected --close and --reason together.")
    if name is None:
        if close:
            bad("Expected a notice with --close.")
        _show_all(hospital, limit, as_json=as_json)
        return
    lines, who = [_line_id(each) for each in close or ()], (by or getpass.getuser()).strip()
    if not who:
        bad("Expected who closes the line, got an empty --by.")

    async def work(settings: Settings, pool: asyncpg.Pool) -> tuple[Page, list[UUID]]:
        from streams.services.recall_lister import list_notice, prove_notice  # noqa: PLC0415 -- `--help` needs no service

        before, desk = time.monotonic(), RecallDesk(pool)
        found = await desk.notices(hospital, name)
        if not found:
            await _none(settings, pool, hospital, name)
        accepted = _one(found, name)
        looked = await list_notice(desk, accepted.notice)
        missing = [each for each in lines if not await desk.close(accepted.notice, each, reason or "", who)]
        if lines:
            await prove_notice(desk, accepted.notice)
        listed, proofs = await desk.lines(accepted.notice), await desk.proofs(accepted.notice)
        today = local_day(datetime.now(UTC), settings.zone)
        return Page(accepted, listed, proofs, looked, time.monotonic() - before, today, settings.zone), missing

    page, missing = run(work)
    if as_json:
        print_json(page.fields())
    else:
        _show(page, limit)
    for each in missing:
        typer.echo(f"{each}: Expected a line that stands.", err=True)
    raise typer.Exit(1 if missing else 0)


def _line_id(text: str) -> UUID:
    try:
        return UUID(text)
    except ValueError:
        bad(f"Expected a line id as --json shows it, got {text!r}.")


async def _none(settings: Settings, pool: asyncpg.Pool, hospital: str | None, name: str) -> NoReturn:
    """No notice is in the books; one that was refused lies among the dead letters."""
    from streams.cli.operating.dead_letters import letter_of_recall  # noqa: PLC0415 -- `--help` needs no readers

    letter = await letter_of_recall(settings, pool, hospital, name)
    if letter is not None:
        origin = letter.origin
        detail = told(letter.detail or "")
        typer.echo(f"Dead letter {origin} names it (udi replay --dead-letters --origin {origin}): {detail}", err=True)
    bad(f"Expected a recall notice, found none named {as_written(name)}.")


def _one(found: Sequence[Accepted], name: str) -> Accepted:
    if len(found) > 1:
        bad(f"Expected --hospital: {', '.join(each.notice.hospital for each in found)} have a notice named {name}.")
    return found[0]


def _show_all(hospital: str | None, limit: int, *, as_json: bool) -> None:
    async def work(_: Settings, pool: asyncpg.Pool) -> list[ListedRecall]:
        return await listed_recalls(pool, hospital)

    rows = run(work)
    if as_json:
        print_json([each.fields() for each in rows])
    elif not rows:
        typer.echo("No recall notice is in the books.")
    else:
        names = ("recall", "version", "class_", "issued_on", "due_on", "ended_on", "lines", "open", "reason")
        columns = ("recall", ">version", "class", "issued", "users told by", "ended", ">lines", ">open", "reason")
        cells = [tuple(getattr(row, each) for each in names) for row in rows]
        print_table("Recalls", *of_several(rows, columns, cells), limit=limit)


def _show(page: Page, limit: int) -> None:
    notice = page.accepted.notice
    days = (notice.due_on - page.today).days
    clock = f"{days} days left" if days >= 0 else f"{-days} days over"
    typer.echo(
        f"{notice.recall} version {notice.version}, class {notice.class_}, issued {notice.issued_on}: "
        f"users are told by {notice.due_on} ({clock}); level {LEVEL}, every line is checked."
    )
    if not page.lines:
        _show_none(page)
        return
    cells = [
        (
            word(line.kind),
            line.encounter or line.store,
            [
                goods(line.item_code, None, None, line.lot, line.serial),
                *([told_cell("lost without a scan")] if line.reckoned in {LOST, NOBODY_KNOWN} else []),
                *([told_cell("open again")] if line.reopened else []),
            ],
            line.quantity,
            "" if line.chance is None else f"{line.chance:.2%}",
            line.happened_at and line.happened_at.astimezone(page.zone),
            joined((word(line.status), line.closed_by)),
            str(line.line_id),
        )
        for line in page.lines
    ]
    columns = ("what", "where", "goods", ">units", ">chance", "when", "status", ">line id")
    print_table("Lines", columns, cells, limit=limit)
    counts = counts_of(page.lines)
    parts = ", ".join(
        told(f"{word(kind)}: {each['lines']:,} (units: {each['units']:,})") for kind, each in counts.items()
    )
    typer.echo(f"{parts}; not ended: {page.open:,}. In {page.seconds:.2f} s.")
    _show_reopened([line for line in page.lines if line.reopened], page.zone, limit)
    if page.proof is not None:
        typer.echo(f"Closed: {page.proof.lines:,} of {page.proof.lines:,} lines have ended. SHA-256 {page.proof.hash}")
    for each in page.proofs:
        if page.proof is None or each.hash != page.proof.hash:
            day = local_day(each.closed_at or each.proven_at, page.zone)
            typer.echo(f"Closed before, on {day}: version {each.version}, {each.lines:,} lines. SHA-256 {each.hash}")


def _show_reopened(lines: Sequence[StandingLine], zone: ZoneInfo, limit: int) -> None:
    """What persons had closed and is open again: who, when and at which chance, and what it is now."""
    if not lines:
        return
    typer.echo(f"Open again since a person closed them: {len(lines):,}.")
    for line in lines[: limit or None]:
        assert line.last_closed_at is not None  # noqa: S101 -- only what was closed is open again
        who, day = as_written(line.last_closed_by), local_day(line.last_closed_at, zone)
        reason = as_written(line.last_closing_reason)
        if line.reopened == "units":
            units = line.last_closed_quantity
            typer.echo(f"{line.line_id}: closed by {who} on {day} for {units} units, now {line.quantity}: {reason}")
            continue
        then = "a chance that was not kept" if line.last_closed_chance is None else f"{line.last_closed_chance:.2%}"
        now = "certainly meant" if line.chance is None else f"{line.chance:.2%}"
        typer.echo(f"{line.line_id}: closed by {who} on {day} at {then}, now {now}: {reason}")


def _show_none(page: Page) -> None:
    """That no unit of the house is meant, and what was looked at to know it."""
    looked = page.looked
    if not page.names_goods:
        typer.echo("It names no item of the house, and nothing of it was ever scanned.")
    else:
        typer.echo("It names no goods of the house: of its items, none of these lots, serials or dates is known.")
    if looked.first_at is None or looked.last_at is None:
        typer.echo(f"Looked at: {looked.items:,} items, {looked.scans:,} scans, {looked.balances:,} balances")
    else:
        first, last = (local_day(at, page.zone) for at in (looked.first_at, looked.last_at))
        typer.echo(
            f"Looked at: {looked.items:,} items, {looked.scans:,} scans, {looked.balances:,} balances; "
            f"scans from {first} to {last}."
        )
    typer.echo("Nothing is to close. Goods that come later are listed by themselves, and their use is held.")
