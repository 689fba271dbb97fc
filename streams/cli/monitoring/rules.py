"""`udi rules`: which rules watch the use, drafts, back-tests, and who switched what on or off."""

import json
import tomllib
from collections.abc import Mapping, Sequence
from decimal import Decimal, InvalidOperation
from pathlib import Path
from typing import Annotated, Any

import asyncpg
import typer

from models.calendar import Month, month_text, months_between, parse_month, shift
from models.money import parse_fen
from models.monitoring.alert import Measure, ScopeType, Traits
from models.monitoring.rule import EVERY_HOSPITAL, RuleBase, RuleKind, RuleRow
from rules.monitoring.back_test import Past, Tested, back_test, by_month
from rules.monitoring.book import PLACES
from rules.monitoring.kinds.registry import MONTHS_MAX, wrong
from rules.monitoring.standings import TraitsOf
from sinks.postgres.monitoring.past import PastUsage
from sinks.postgres.monitoring.rules import RuleBooks, RuleRefusedError
from streams.cli.charging.persons import person
from streams.cli.connection import By, Why, bad, run
from streams.cli.lists import listing
from streams.cli.monitoring.known_cases import read_known
from streams.cli.phrases import told, told_cell, word
from streams.cli.shown import AsJson, print_json, print_table, shown
from streams.settings import Settings

rules_app = typer.Typer(help="The rules that watch the use, as dated data.", invoke_without_command=True)
ForHospital = Annotated[str, typer.Option("--hospital", help="Whose rule; unset: for every hospital.")]
RuleName = Annotated[str, typer.Argument(metavar="RULE")]
Version = Annotated[int | None, typer.Option(min=1, help="Which version; unset: the newest.")]
_KEYS = {
    "rule", "kind", "measures", "scopes", "population", "base", "threshold_percent", "rank_max", "months",
    "floor_quantity", "floor_amount", "open_from_amount",
}  # fmt: skip


@rules_app.callback()
@listing
def rules(context: typer.Context, *, as_json: AsJson = False) -> None:
    """List the rules when nothing else is asked."""
    if context.invoked_subcommand is None:
        _list(None, as_json=as_json)


@rules_app.command("list")
@listing
def list_rules(
    hospital: Annotated[str | None, typer.Option(help="Its own rules and those for every hospital.")] = None,
    *,
    as_json: AsJson = False,
) -> None:
    """Every version with the months it holds for."""
    _list(hospital, as_json=as_json)


def _list(hospital: str | None, *, as_json: bool) -> None:
    async def work(_: Settings, pool: asyncpg.Pool) -> list[dict[str, Any]]:
        return [dict(row) for row in await RuleBooks(pool).listed(hospital)]

    rows = run(work)
    if as_json:
        print_json(rows)
        return
    columns = ("rule", ">version", "for", "asks", "floors", "holds", "status", "by")
    print_table("Monitoring rules", columns, [_cells(row) for row in rows])


def _cells(row: Mapping[str, Any]) -> tuple[Any, ...]:
    asks = [word(row["kind"])]
    if row["threshold_percent"] is not None:
        asks.append(f"{row['threshold_percent'].normalize():f} %")
    if row["base"] is not None:
        asks.append(f"against {told_cell(row['base'])}")
    if row["rank_max"] is not None:
        asks.append(f"up to {row['rank_max']}")
    if row["months"] is not None:
        asks.append(f"{row['months']} months")
    floors = f"{row['floor_quantity']} units, {shown(row['floor_amount'])} yuan"
    floors = told(floors)
    holds = f"{row['valid_from'] or '…'} – {row['valid_to'] or '…'}" if row["status"] != "draft" else ""
    scopes = "; ".join((
        f"{row['hospital']}: {_told(row['scopes'])}", _told(row["measure"].split(",")), told_cell(row["population"]),
    ))  # fmt: skip
    what = " ".join(map(told_cell, asks))
    return (row["rule"], row["version"], scopes, what, floors, holds, row["status"], row["decided_by"])


def _told(names: Sequence[str]) -> str:
    return ", ".join(map(told_cell, names))


@rules_app.command()
def draft(
    file: Annotated[Path, typer.Argument(metavar="FILE", help="TOML or JSON with the fields of a rule.")],
    reason: Why,
    hospital: ForHospital = EVERY_HOSPITAL,
    by: By = None,
    *,
    as_json: AsJson = False,
) -> None:
    """Keep a new version of a rule as a draft; it judges nothing until it is switched on."""
    row = read_rule(file)

    async def work(_: Settings, pool: asyncpg.Pool) -> int:
        return await RuleBooks(pool).draft(hospital, row, person(by), reason)

    version = run(work, may_be_new=True)
    if as_json:
        print_json({"rule": row.rule, "hospital": hospital, "version": version, "status": "draft"})
    else:
        typer.echo(f"{row.rule} version {version} is a draft. Back-test it, then: udi rules switch-on {row.rule} …")


@rules_app.command("switch-on")
def switch_on(  # noqa: PLR0917 -- the options of a command
    rule: RuleName,
    reason: Why,
    from_: Annotated[str | None, typer.Option("--from", help="First month; unset: the first open one.")] = None,
    version: Version = None,
    hospital: ForHospital = EVERY_HOSPITAL,
    by: By = None,
    *,
    as_json: AsJson = False,
) -> None:
    """Let a version hold from a month on, in place of the one before."""
    _switch(rule, reason, from_, version, hospital, by, is_on=True, as_json=as_json)


@rules_app.command("switch-off")
def switch_off(
    rule: RuleName,
    reason: Why,
    from_: Annotated[
        str | None, typer.Option("--from", help="First month without it; unset: the first open one.")
    ] = None,
    hospital: ForHospital = EVERY_HOSPITAL,
    by: By = None,
    *,
    as_json: AsJson = False,
) -> None:
    """End a rule from a month on."""
    _switch(rule, reason, from_, None, hospital, by, is_on=False, as_json=as_json)


def _switch(  # noqa: PLR0917 -- the options of a command
    rule: str,
    reason: str,
    from_: str | None,
    version: int | None,
    hospital: str,
    by: str | None,
    *,
    is_on: bool,
    as_json: bool,
) -> None:
    month = None if from_ is None else _month("--from", from_)

    async def work(_: Settings, pool: asyncpg.Pool) -> str:
        books = RuleBooks(pool)
        found = await books.version(hospital, rule, version)
        if found is None:
            return f"Expected a version of a rule {rule} for {hospital}, found none; see `udi rules`."
        since = month or await books.open_month(hospital) or Month(0)
        try:
            await books.switch(hospital, rule, found[0], is_on, since, person(by), reason)
        except RuleRefusedError as error:
            return str(error)
        if as_json:
            print_json({
                "rule": rule, "hospital": hospital, "version": found[0], "status": "on" if is_on else "off",
                "from": month_text(since) if since else None,
            })  # fmt: skip
            return ""
        words = f"{rule} version {found[0]} is {'on' if is_on else 'off'}"
        typer.echo(f"{words} from {month_text(since) if since else 'the beginning'} on.")
        return ""

    refused = run(work)
    if refused:
        bad(refused)


@rules_app.command("back-test")
def back_test_command(  # noqa: PLR0917 -- the options of a command
    rule: RuleName,
    from_: Annotated[str, typer.Option("--from", help="First month, like 2022-01.")],
    to: Annotated[str, typer.Option("--to", help="Last month.")],
    version: Version = None,
    hospital: ForHospital = EVERY_HOSPITAL,
    known: Annotated[
        Path | None,
        typer.Option(help="Cases it should name: CSV, XLSX or JSON lines with item_code, month, perhaps hospital."),
    ] = None,
    *,
    as_json: AsJson = False,
) -> None:
    """What a version would have said of past months: how much, beside what other rules said, and what it misses."""
    cases = {} if known is None else read_known(known)
    first, last = _month("--from", from_), _month("--to", to)
    if last < first:
        bad(f"Expected --to from {from_} on, got {to}.")

    async def work(_: Settings, pool: asyncpg.Pool) -> dict[str, list[Tested]] | str:
        found = await RuleBooks(pool).version(hospital, rule, version)
        if found is None:
            return f"Expected a version of a rule {rule} for {hospital}, found none; see `udi rules`."
        usage = PastUsage(pool)
        names = await usage.hospitals() if hospital == EVERY_HOSPITAL else [hospital]
        tested = {}
        for name in names:
            months = await usage.months(name, shift(first, -MONTHS_MAX), last)
            if months.first_month is None:
                continue
            used = months.usage
            if PLACES.intersection(found[1].scopes):
                used = used | await usage.places(name, shift(first, -MONTHS_MAX), last)
            released = await usage.released(name, first, last)
            past = Past(name, months.first_month, used, _traits(months.traits), released)
            said = back_test(found[1], past, first, last)
            others = await usage.named_by_others(name, rule, first, last)
            every = [await usage.acted_on(name, first, last), cases.get(name, {}), cases.get(None, {})]
            tested[name] = by_month(said, others, months_between(first, last), _together(every))
        return tested

    tested = run(work)
    if isinstance(tested, str):
        bad(tested)
    _print_tested(rule, tested, as_json=as_json)


def _together(every: Sequence[Mapping[Month, frozenset[str]]]) -> dict[Month, frozenset[str]]:
    months = {month for each in every for month in each}
    return {month: frozenset().union(*(each.get(month, ()) for each in every)) for month in months}


def _traits(known: Mapping[str, Traits]) -> TraitsOf:
    return lambda _, item_code: known.get(item_code, Traits())


def _print_tested(rule: str, tested: Mapping[str, list[Tested]], *, as_json: bool) -> None:
    rows: list[dict[str, Any]] = [
        {
            "hospital": hospital, "month": month_text(each.month), "alerts": each.alerts, "findings": len(each.items),
            "named_by_others_too": len(each.both), "only_by_this": sorted(each.items - each.others),
            "left_out": sorted(each.left_out), "known": sorted(each.known), "known_missed": sorted(each.missed),
        }
        for hospital, months in tested.items()
        for each in months
    ]  # fmt: skip
    if as_json:
        print_json(rows)
        return
    columns = ("hospital", "month", ">alerts", ">items", ">others too", ">only here", ">left out", ">known", "missed")
    print_table(
        f"{rule}: what it would have said",
        columns,
        [
            (row["hospital"], row["month"], row["alerts"], row["findings"], row["named_by_others_too"],
             len(row["only_by_this"]), len(row["left_out"]), len(row["known"]), row["known_missed"])
            for row in rows
        ],
    )  # fmt: skip


def read_rule(file: Path) -> RuleRow:
    """The rule in a TOML or JSON file; what is wrong with it is said, exit status 2."""
    try:
        text = file.read_text(encoding="utf-8")
        fields = json.loads(text) if text.lstrip().startswith("{") else tomllib.loads(text)
    except (OSError, UnicodeDecodeError, ValueError) as error:
        bad(f"{file}: expected TOML or JSON with the fields of a rule, got {type(error).__name__}: {error}")
    unknown = sorted(set(fields) - _KEYS)
    if unknown:
        bad(f"{file}: expected only {', '.join(sorted(_KEYS))}, got {', '.join(unknown)}.")
    try:
        row = _row(fields)
    except (KeyError, ValueError, TypeError, InvalidOperation) as error:
        bad(f"{file}: {f'expected {error}' if isinstance(error, KeyError) else error}")
    problem = wrong(row)
    if problem is not None:
        bad(f"{file}: {problem}")
    return row


def _row(fields: Mapping[str, Any]) -> RuleRow:
    threshold, base = fields.get("threshold_percent"), fields.get("base")
    opens = fields.get("open_from_amount")
    return RuleRow(
        rule=str(fields["rule"]),
        kind=RuleKind(fields["kind"]),
        measures=tuple(Measure(each) for each in fields.get("measures", list(Measure))),
        scopes=tuple(ScopeType(each) for each in fields.get("scopes", ["hospital", "department"])),
        population=str(fields.get("population", "monitored")),
        base=None if base is None else RuleBase(base),
        threshold_percent=None if threshold is None else Decimal(str(threshold)),
        rank_max=_whole(fields, "rank_max"),
        months=_whole(fields, "months"),
        floor_quantity=_whole(fields, "floor_quantity") or 0,
        floor_fen=parse_fen(str(fields.get("floor_amount", "0"))),
        open_from_fen=None if opens is None else parse_fen(str(opens)),
    )


def _whole(fields: Mapping[str, Any], name: str) -> int | None:
    value = fields.get(name)
    if value is not None and (not isinstance(value, int) or isinstance(value, bool)):
        raise ValueError(f"Expected a whole number in {name}, got {value!r}.")
    return value


def _month(option: str, text: str) -> Month:
    try:
        return parse_month(text)
    except ValueError as error:
        bad(f"{option}: {error}")


__all__ = ["read_rule", "rules_app"]
