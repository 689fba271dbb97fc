"""`udi held`: the queue of scans that wait for a person, who looks after each, and what a person decides."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Annotated, Any

import asyncpg
import typer

from models.charging.commands import CommandKind
from models.money import fen_text
from models.texts import LOCALES, texts
from sinks.postgres.charging.books import read_catalogue
from sinks.postgres.charging.commands import CommandBooks
from streams.cli.charging.parked import estimate
from streams.cli.charging.persons import By, Hospital, Scans, Timeout, Why, command, hospital_of, person, scan_id
from streams.cli.connection import run
from streams.cli.shown import LIMIT_DEFAULT, AsJson, Limit, age, joined, print_json, print_table, yuan
from streams.settings import Settings

held_app = typer.Typer(
    help="Scans that wait for a person: the queue, and what a person decides.", invoke_without_command=True
)
_HELD = """
SELECT n.hospital, n.scan_id, o.reason, n.reasons, o.action::text AS action, n.item_code, n.issuer, n.di, n.lot,
       n.serial, n.encounter, coalesce(n.department, home.department) AS department, n.store, n.units, n.scanned_at,
       o.since, a.owner
FROM udi.open_scan o
JOIN udi.scan_now n USING (position_id, record_offset)
LEFT JOIN udi.owner_now a ON (a.hospital, a.scan_id) = (n.hospital, n.scan_id)
LEFT JOIN LATERAL (
    SELECT e.department FROM udi.encounter e WHERE (e.hospital, e.encounter) = (n.hospital, n.encounter)
    ORDER BY e.version DESC LIMIT 1
) home ON true
WHERE o.verdict = 'held' AND ($1::text IS NULL OR o.reason = $1) AND ($3::text IS NULL OR a.owner = $3)
  AND ($2::text IS NULL OR coalesce(n.department, home.department) = $2)
ORDER BY o.since, n.scan_id
"""
_HISTORY = """
SELECT at, by, what, detail FROM (
    SELECT d.decided_at AS at, NULL AS by, d.verdict::text AS what, array_to_string(d.reasons, ', ') AS detail,
           2 AS rank
    FROM udi.scan_claim c JOIN udi.decision d USING (position_id, record_offset)
    WHERE (c.hospital, c.scan_id) = ($1, $2)
    UNION ALL
    SELECT s.recorded_at, s.staff, s.verdict::text, array_to_string(s.reasons, ', '), 0
    FROM udi.scan_claim c JOIN udi.scan s USING (position_id, record_offset) WHERE (c.hospital, c.scan_id) = ($1, $2)
    UNION ALL
    SELECT a.at, a.by, 'given to ' || a.owner, '', 1 FROM udi.assignment a
    WHERE (a.hospital, a.scan_id) = ($1, $2)
    UNION ALL
    SELECT k.accepted_at, k.by,
           k.kind || CASE WHEN o.done THEN '' WHEN o.done IS NULL THEN ' (waits)' ELSE ' (not done)' END,
           k.reason || CASE WHEN o.done = false THEN ': ' || o.detail ELSE '' END, 1
    FROM udi.command k LEFT JOIN udi.command_outcome o USING (lane, seq) WHERE (k.hospital, k.scan_id) = ($1, $2)
) every_entry ORDER BY at, rank
"""


@dataclass(frozen=True, slots=True)
class Held:
    """A scan of the queue."""

    fields: dict[str, Any]
    estimate_fen: int | None

    def row(self) -> dict[str, Any]:
        """For machines."""
        amount = None if self.estimate_fen is None else fen_text(self.estimate_fen)
        words = {locale: texts(locale)["reason"][self.fields["reason"]] for locale in LOCALES}
        return self.fields | {"reason_text": words, "estimated_amount": amount}


@held_app.callback()
def held(  # noqa: PLR0917 -- the options of a command
    context: typer.Context,
    reason: Annotated[str | None, typer.Option(help="Only what is held for this.")] = None,
    department: Annotated[str | None, typer.Option(help="Only this department.")] = None,
    owner: Annotated[str | None, typer.Option(help="Only what this person looks after.")] = None,
    limit: Limit = LIMIT_DEFAULT,
    as_json: AsJson = False,
) -> None:
    """What is held, the oldest first: why, for whom, what it is worth, who looks after it. Exit 1 when there is any."""
    if context.invoked_subcommand is not None:
        return

    async def work(settings: Settings, pool: asyncpg.Pool) -> list[Held]:
        async with pool.acquire() as connection, connection.transaction(isolation="repeatable_read", readonly=True):
            rows = await connection.fetch(_HELD, reason, department, owner)
            catalogue = await read_catalogue(connection)
        return [Held(dict(row), estimate(row, catalogue, settings)) for row in rows]

    found = run(work)
    if as_json:
        print_json([each.row() for each in found])
    elif not found:
        typer.echo("Nothing is held.")
    else:
        _show(found, limit)
    raise typer.Exit(int(bool(found)))


@held_app.command("take")
def take(scan_ids: Scans, by: By = None, hospital: Hospital = None) -> None:
    """Look after held scans yourself."""
    _give(scan_ids, person(by), by, hospital)


@held_app.command("give")
def give(
    scan_ids: Scans,
    to: Annotated[str, typer.Option("--to", help="Who looks after them from now on.")],
    by: By = None,
    hospital: Hospital = None,
) -> None:
    """Give held scans to somebody."""
    _give(scan_ids, to, by, hospital)


@held_app.command("release")
def release(scan_ids: Scans, reason: Why, by: By = None, hospital: Hospital = None, timeout: Timeout = 30.0) -> None:
    """Charge held uses in spite of what they are held for. Exit 1 when one can't be released."""
    raise typer.Exit(command(CommandKind.RELEASE, scan_ids, reason, by, hospital, timeout))


@held_app.command("reject")
def reject(scan_ids: Scans, reason: Why, by: By = None, hospital: Hospital = None, timeout: Timeout = 30.0) -> None:
    """It was no use: take back whatever followed. Exit 1 when one can't be rejected."""
    raise typer.Exit(command(CommandKind.REJECT, scan_ids, reason, by, hospital, timeout))


@held_app.command("history")
def history(
    scan: Annotated[str, typer.Argument(metavar="SCAN_ID")], hospital: Hospital = None, as_json: AsJson = False
) -> None:
    """What was decided of a scan, by whom and why, in order."""
    id_ = scan_id(scan)

    async def work(_: Settings, pool: asyncpg.Pool) -> list[dict[str, Any]]:
        house = await hospital_of(CommandBooks(pool), id_, hospital)
        return [dict(row) for row in await pool.fetch(_HISTORY, house, id_)]

    rows = run(work)
    if as_json:
        print_json(rows)
    else:
        cells = [(row["at"].astimezone(), row["by"], row["what"], row["detail"]) for row in rows]
        print_table(f"Scan {id_}", ("when", "who", "what", "why"), cells)


def _give(scan_ids: Sequence[str], to: str, by: str | None, hospital: str | None) -> None:
    scans, who = [scan_id(each) for each in scan_ids], person(by)

    async def work(_: Settings, pool: asyncpg.Pool) -> set[str]:
        books, given = CommandBooks(pool), set()
        for scan in scans:
            house = await hospital_of(books, scan, hospital)
            rows = await pool.fetch("SELECT * FROM udi.assign($1, $2, $3, $4)", house, [scan], to, who)
            given |= {str(row[0]) for row in rows}
        return given

    given = run(work)
    for scan in scans:
        if str(scan) not in given:
            typer.echo(f"{scan}: Expected a held scan.")
    typer.echo(f"{len(given):,} looked after by {to}.")
    raise typer.Exit(int(len(given) < len(scans)))


def _show(found: Sequence[Held], limit: int) -> None:
    columns = (">since", "owner", "held for", "what", "patient", "department", ">yuan (est.)", ">scan")
    print_table("Held: a person decides", columns, [_cells(each) for each in found], limit=limit)
    known = sum(each.estimate_fen for each in found if each.estimate_fen is not None)
    nobody = sum(each.fields["owner"] is None for each in found)
    typer.echo(f"{len(found):,} scans, {yuan(known)} yuan at today's catalogue; nobody looks after {nobody:,} of them.")


def _cells(each: Held) -> tuple[Any, ...]:
    of = each.fields
    lot, serial = of["lot"] and f"lot {of['lot']}", of["serial"] and f"serial {of['serial']}"
    unit = joined((of["item_code"] or of["di"], lot, serial)) or "no identifier"
    since: datetime = of["since"]
    return (
        age(since),
        of["owner"] or "nobody",
        texts("en")["reason"][of["reason"]],
        unit if of["action"] == "use" else f"{of['action']}: {unit}",
        of["encounter"],
        of["department"],
        "?" if each.estimate_fen is None else yuan(each.estimate_fen),
        str(of["scan_id"]),
    )
