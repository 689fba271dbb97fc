"""`udi review`: who looks at a finding, what was said, what was done, and what it changed."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import date
from html import escape
from pathlib import Path
from typing import Annotated, Any, Final
from uuid import UUID

import asyncpg
import typer
from pydantic import ValidationError
from typer.core import TyperGroup

from models.calendar import local_day, month_of, parse_month
from models.charging.controls import Breaker, BreakerState, Control, ControlScope
from models.money import fen_text
from models.monitoring.finding import FindingKey
from models.monitoring.review import INTERVENTIONS, Effect, ReviewEntry, ReviewRefusal, Step, Voice, Vote
from models.texts import texts
from models.wire.complaints import complaint
from rules.monitoring.reviewing import after, change_percent_x100, expected_fen, state_of
from sinks.postgres.monitoring.desk import Desk
from sinks.postgres.monitoring.effects import effect_of
from sinks.postgres.monitoring.reviews import ReviewBooks, Said, no_controls
from streams.cli.charging.persons import person
from streams.cli.connection import By, Why, bad, instant, run
from streams.cli.lists import listing
from streams.cli.monitoring.findings import machine
from streams.cli.new_files import expect_new, write_new
from streams.cli.phrases import as_written, told, word
from streams.cli.shown import AsJson, print_json, print_table, shown
from streams.language import language, say
from streams.settings import Settings


class _FindingFirst(TyperGroup):
    """`--json` may stand anywhere: a group takes its own options before its arguments only."""

    def parse_args(self, ctx: Any, args: list[str]) -> list[str]:
        """Put it first."""
        rest = [each for each in args if each != "--json"]
        return super().parse_args(ctx, ["--json"] * (len(rest) < len(args)) + rest)


review_app = typer.Typer(cls=_FindingFirst, help="The review of a finding.", invoke_without_command=True)
Text = Annotated[str, typer.Option("--text", help="What was said; it is kept.")]


@dataclass(frozen=True, slots=True)
class Asked:
    """The finding that a command is about."""

    finding: UUID
    """Its id."""
    as_json: bool
    """The outcome is printed as JSON."""


@review_app.callback()
@listing
def review(
    context: typer.Context,
    finding: Annotated[str, typer.Argument(metavar="FINDING|list", help="Its id; `list`: every review.")],
    *,
    as_json: AsJson = False,
) -> None:
    """Show the review of a finding when nothing else is asked."""
    if finding == "list":
        _list(as_json=as_json)
        raise typer.Exit
    try:
        context.obj = Asked(UUID(finding), as_json)
    except ValueError:
        bad(f"Expected the id of a finding (UUID) or `list`, got {finding!r}.")
    if context.invoked_subcommand is None:
        _show(context.obj.finding, as_json=as_json)


def _list(*, as_json: bool) -> None:
    async def work(_: Settings, pool: asyncpg.Pool) -> list[dict[str, Any]]:
        return await ReviewBooks(pool).listed()

    rows = run(work)
    if as_json:
        print_json(rows)
        return
    columns = ("id", "month", "item", "looked after by", "until", "state", "outcome", ">days to action")
    names = ("finding", "month", "item_code", "owner", "due_on", "state", "outcome", "days_to_action")
    print_table("Reviews", columns, [tuple(row[name] for name in names) for row in rows])


def _show(finding: UUID, *, as_json: bool) -> None:
    async def work(_: Settings, pool: asyncpg.Pool) -> tuple[dict[str, Any], list[ReviewEntry]] | None:
        desk = Desk(pool)
        found = await desk.findings(finding=finding)
        if not found:
            return None
        alerts = await desk.alerts(found)
        return machine(found[0], alerts[finding]), await ReviewBooks(pool).entries(finding)

    shown = run(work)
    if shown is None:
        bad(_refused(ReviewRefusal.UNKNOWN_FINDING))
    row, entries = shown
    if as_json:
        print_json(row | {"state": state_of(entries), "entries": [_entry(each) for each in entries]})
        return
    about = " ".join(filter(None, (row["item_code"], row["item_name"])))
    typer.echo(f"{as_written(about)}, {row['month']}: {word(row['status'])}, {row['amount']} yuan at stake")
    for part in row["cause"]:
        typer.echo(f"  {say('assessment', 'factor', part['factor'])}: {part['amount']}")
    columns = (">n", "at", "by", "step", "text", "state")
    rows = [(e.n, e.at, e.by, e.step, _words(e), e.state) for e in entries]
    print_table("Review", columns, rows)


def _entry(entry: ReviewEntry) -> dict[str, Any]:
    return {
        "n": entry.n, "at": entry.at, "by": entry.by, "kind": entry.step, "state": entry.state, "text": entry.text,
        "owner": entry.owner, "due_on": entry.due_on, "voice": entry.voice, "vote": entry.vote,
        "effect": entry.effect,
    }  # fmt: skip


def _words(entry: ReviewEntry) -> str:
    given = entry.owner and told(f"to {as_written(entry.owner)}, until {entry.due_on}")
    parts = [given, word(entry.voice), word(entry.vote), entry.text]
    return "; ".join(str(part) for part in parts if part)


def _refused(refusal: ReviewRefusal) -> str:
    return texts(language())["review"][refusal]


def _tell(context: typer.Context, words: str) -> None:
    """Say it to a person; a machine has read the entry."""
    if not context.obj.as_json:
        typer.echo(words)


def _step(
    context: typer.Context, said: Said, controls: Callable[[FindingKey, ReviewEntry], Sequence[Control]] | None = None
) -> tuple[FindingKey, ReviewEntry]:
    """Do the step and set what follows from it, whole or not at all; or say why not: exit status 1."""
    finding = context.obj.finding
    if not said.text.strip():
        bad("Expected a text or reason, got an empty one.")

    async def work(_: Settings, pool: asyncpg.Pool) -> tuple[FindingKey | None, ReviewEntry | ReviewRefusal]:
        books = ReviewBooks(pool)
        key = await books.finding(finding)
        if key is None:
            return None, ReviewRefusal.UNKNOWN_FINDING
        follows = no_controls if controls is None else lambda entry: controls(key, entry)
        return key, await books.step(finding, said, lambda entries: after(entries, said.step), follows)

    try:
        key, done = run(work)
    except ValidationError as error:
        bad(complaint(error).expected)
    if isinstance(done, ReviewRefusal) or key is None:
        typer.echo(_refused(done if isinstance(done, ReviewRefusal) else ReviewRefusal.UNKNOWN_FINDING), err=True)
        raise typer.Exit(1)
    if context.obj.as_json:
        print_json({"finding": finding} | _entry(done))
    else:
        typer.echo(f"{word(said.step)} is entry {done.n}; the review is {word(done.state)}.")
    return key, done


@review_app.command()
def assign(
    context: typer.Context,
    owner: Annotated[str, typer.Option(help="Who looks at it.")],
    due: Annotated[str, typer.Option(help="Until which day, like 2022-07-15.")],
    text: Text = "given",
    by: By = None,
) -> None:
    """Give it to somebody, until a day."""
    try:
        due_on = date.fromisoformat(due)
    except ValueError:
        bad(f"--due: expected a day like 2022-07-15, got {due!r}.")
    _step(context, Said(Step.ASSIGN, person(by), text, owner=owner, due_on=due_on))


@review_app.command()
def opinion(
    context: typer.Context,
    voice: Annotated[Voice, typer.Option(help="For whom it speaks.")],
    vote: Annotated[Vote, typer.Option(help="What it comes to.")],
    reason: Why,
    by: By = None,
) -> None:
    """An opinion with a vote and its reason."""
    _step(context, Said(Step.OPINION, person(by), reason, voice=voice, vote=vote))


@review_app.command()
def talk(context: typer.Context, text: Text, by: By = None) -> None:
    """A talk with the director or the clinician was held."""
    _step(context, Said(Step.TALK, person(by), text))


@review_app.command()
def warn(
    context: typer.Context,
    text: Text,
    letter: Annotated[Path | None, typer.Option(help="Write the letter to this HTML file, to be printed.")] = None,
    by: By = None,
) -> None:
    """A written warning."""
    if letter is not None:
        expect_new(letter)
    key, entry = _step(context, Said(Step.WARN, person(by), text))
    if letter is not None:
        write_new(letter, _letter(context.obj.finding, key, entry).encode())
        _tell(context, f"The letter is {letter}.")


@review_app.command()
def receipt(context: typer.Context, text: Text, by: By = None) -> None:
    """The warning was received."""
    _step(context, Said(Step.RECEIPT, person(by), text))


@review_app.command("break")
def break_(
    context: typer.Context,
    reason: Why,
    scope: Annotated[str | None, typer.Option(help="`department:ORTH`, `store:OR-2`, `team:T3`; unset: all.")] = None,
    until: Annotated[str | None, typer.Option(help="Day after the last; unset: no end.")] = None,
    by: By = None,
) -> None:
    """Open a circuit breaker of the item."""
    kind, _, name = (scope or "").partition(":")
    if scope is not None and (kind not in {"department", "store", "team"} or not name):
        bad(f"--scope: expected department:NAME, store:NAME or team:NAME, got {scope!r}.")
    ends = None if until is None else instant("--until", until)

    def opened(key: FindingKey, entry: ReviewEntry) -> list[Control]:
        breaker = Breaker(
            hospital=key.hospital, by=entry.by, reason=reason, item_code=key.item_code,
            scope_type=ControlScope(kind or "hospital"), scope=name or key.hospital, state=BreakerState.OPEN,
            since=entry.at, until=ends,
        )  # fmt: skip
        return [breaker]

    key, _ = _step(context, Said(Step.BREAK, person(by), f"{scope or 'hospital'}: {reason}"), opened)
    _tell(context, f"The breaker of {key.item_code} is open.")


@review_app.command()
def reselect(
    context: typer.Context,
    reason: Why,
    dossier: Annotated[Path | None, typer.Option(help="Write the dossier to this JSON file.")] = None,
    by: By = None,
) -> None:
    """Have the item selected anew; the dossier holds use, prices, the same type, findings and opinions."""
    if dossier is not None:
        expect_new(dossier)
    key, _ = _step(context, Said(Step.RESELECT, person(by), reason))

    async def work(_: Settings, pool: asyncpg.Pool) -> dict[str, Any]:
        return await ReviewBooks(pool).dossier(key)

    parts = {"hospital": key.hospital, "item_code": key.item_code} | run(work)
    if dossier is not None:
        import orjson  # noqa: PLC0415 -- only where a file is written

        write_new(dossier, orjson.dumps(parts, default=str, option=orjson.OPT_INDENT_2))
        _tell(context, f"The dossier is {dossier}.")
    elif not context.obj.as_json:
        print_json(parts)


@review_app.command()
def effect(
    context: typer.Context,
    since: Annotated[
        str | None, typer.Option(help="First month after it, like 2022-07; unset: the one after it was entered.")
    ] = None,
    by: By = None,
) -> None:
    """Measure use before and after the first intervention, beside the same type elsewhere; it becomes an entry."""
    finding = context.obj.finding
    try:
        first = None if since is None else parse_month(since)
    except ValueError as error:
        bad(f"--since: {error}")

    async def work(settings: Settings, pool: asyncpg.Pool) -> Effect | ReviewRefusal:
        books = ReviewBooks(pool)
        key, entries = await books.finding(finding), await books.entries(finding)
        acted = next((each for each in entries if each.step in INTERVENTIONS), None)
        if key is None:
            return ReviewRefusal.UNKNOWN_FINDING
        if acted is None:
            return ReviewRefusal.NOT_NOW
        acted_in = month_of(local_day(acted.at, settings.zone))
        return await effect_of(pool, key, acted_in, first) or ReviewRefusal.NO_USE_AFTER

    measured = run(work)
    if isinstance(measured, ReviewRefusal):
        typer.echo(_refused(measured), err=True)
        raise typer.Exit(1)
    said = Said(Step.EFFECT, person(by), effect_words(measured), effect=measured)
    _step(context, said)
    _tell(context, said.text)


def effect_words(measured: Effect) -> str:
    """What an intervention has changed, in one sentence of figures."""
    own = _percent(change_percent_x100(measured.before_fen, measured.after_fen))
    other = _percent(change_percent_x100(measured.elsewhere_before_fen, measured.elsewhere_after_fen))
    before, now = fen_text(measured.before_fen), fen_text(measured.after_fen)
    where = ", ".join(measured.departments) or "hospital"
    words = (
        f"{where}: {before} yuan a month before, {now} after ({own}), same type elsewhere {other}; "
        f"{measured.months_before} months before, {measured.months_after} from {measured.after_from} on."
    )
    expected = expected_fen(measured)
    if expected is None:
        return words
    return f"{words} Had it gone as elsewhere, {fen_text(expected)} yuan a month would be used now."


def _percent(hundredths: int | None) -> str:
    return "no base" if hundredths is None else f"{hundredths / 100:+.2f} %"


@review_app.command()
def close(
    context: typer.Context, outcome: Annotated[str, typer.Option(help="What it came to.")], by: By = None
) -> None:
    """Close it with an outcome; it opens again when what the finding rests on changes."""
    _step(context, Said(Step.CLOSE, person(by), outcome))


_LETTER: Final = """<!doctype html>
<html lang="zh-CN"><meta charset="utf-8"><title>警告书 {item}</title>
<style>body{{font:16px/1.7 serif;max-width:42em;margin:3em auto}}h1{{text-align:center}}dt{{font-weight:bold}}</style>
<h1>警告书</h1>
<p>编号 No. {finding}-{n}</p>
<dl><dt>医院 Hospital</dt><dd>{hospital}</dd><dt>耗材 Item</dt><dd>{item}</dd><dt>月份 Month</dt><dd>{month}</dd>
<dt>内容 Warning</dt><dd>{text}</dd><dt>签发 Issued by</dt><dd>{by}, {at}</dd></dl>
<p>收到人签名 Received by: ____________________　日期 Date: ____________</p>
</html>
"""


def _letter(finding: UUID, key: FindingKey, entry: ReviewEntry) -> str:
    month = f"{key.month // 100:04d}-{key.month % 100:02d}"
    parts = {
        "finding": str(finding)[:8], "n": str(entry.n), "hospital": key.hospital, "item": key.item_code, "month": month,
        "text": entry.text, "by": entry.by, "at": shown(entry.at),
    }  # fmt: skip
    return _LETTER.format(**{name: escape(value) for name, value in parts.items()})
