"""`udi breaker`, `udi quota`, `udi ceiling`, `udi approve`: what the hospital sets against charging."""

from datetime import UTC, datetime
from typing import Annotated, Any

import asyncpg
import typer
from pydantic import ValidationError

from models.calendar import first_day, parse_month, shift
from models.charging.controls import Approval, ApprovalAbove, Breaker, BreakerState, Ceiling, Control, ControlScope
from models.wire.complaints import complaint
from rules.monitoring.burn_down import exhausted_on
from sinks.postgres.monitoring.controls import ControlBooks
from streams.cli.charging.persons import person
from streams.cli.connection import By, Why, bad, instant, run
from streams.cli.lists import listing
from streams.cli.phrases import as_written, word
from streams.cli.shown import LIMIT_DEFAULT, AsJson, Limit, print_json, print_table
from streams.language import say
from streams.settings import Settings

breaker_app = typer.Typer(help="Circuit breakers: an item's charges are held for review.", invoke_without_command=True)
ceiling_app = typer.Typer(help="Price ceilings.", invoke_without_command=True)
Item = Annotated[str, typer.Argument(metavar="ITEM", help="Its item code.")]
Scope = Annotated[
    str | None,
    typer.Option("--scope", help="`department:ORTH`, `store:OR-2` or `team:T3`; unset: the whole hospital."),
]
Until = Annotated[str | None, typer.Option(help="Day after the last, or an instant with offset; unset: no end.")]
OfHospital = Annotated[str | None, typer.Option("--hospital", help="Needed when several hospitals have the item.")]


@breaker_app.callback()
@listing
def breaker(context: typer.Context, *, as_json: AsJson = False) -> None:
    """List the breakers when nothing else is asked."""
    if context.invoked_subcommand is None:
        _list(as_json=as_json)


@breaker_app.command("list")
@listing
def list_breakers(*, as_json: AsJson = False) -> None:
    """Every breaker as it stands, with the uses it holds."""
    _list(as_json=as_json)


def _list(*, as_json: bool) -> None:
    async def work(_: Settings, pool: asyncpg.Pool) -> list[dict[str, Any]]:
        return await ControlBooks(pool).breakers()

    rows = run(work)
    if as_json:
        print_json(rows)
    elif not rows:
        typer.echo("No breaker.")
    else:
        columns = ("item", "holds for", "state", "since", "until", ">held", "by", "reason")
        print_table("Circuit breakers", columns, [_cells(row) for row in rows])


def _cells(row: dict[str, Any]) -> tuple[Any, ...]:
    scope = row["scope"] if row["scope_type"] == "hospital" else f"{word(row['scope_type'])} {row['scope']}"
    held = row["held"] or None
    state = say("assessment", "state", row["state"])
    return (row["item_code"], scope, state, row["since"], row["until"], held, row["by"], row["reason"])


@breaker_app.command("open")
def open_breaker(  # noqa: PLR0917 -- the options of a command
    item: Item,
    reason: Why,
    scope: Scope = None,
    until: Until = None,
    hospital: OfHospital = None,
    by: By = None,
    *,
    as_json: AsJson = False,
) -> None:
    """Hold the item's charges from the next scan on; what is used is still recorded."""
    _set(BreakerState.OPEN, item, scope, until, hospital, by, reason, as_json=as_json)


@breaker_app.command("warn")
def warn(
    item: Item, reason: Why, scope: Scope = None, hospital: OfHospital = None, by: By = None, *, as_json: AsJson = False
) -> None:
    """Say that a breaker may come; nothing is held."""
    _set(BreakerState.WARNING, item, scope, None, hospital, by, reason, as_json=as_json)


@breaker_app.command("trial")
def trial(  # noqa: PLR0917 -- the options of a command
    item: Item,
    reason: Why,
    scope: Scope = None,
    until: Until = None,
    hospital: OfHospital = None,
    by: By = None,
    *,
    as_json: AsJson = False,
) -> None:
    """Half open: charge again, and list every use for review."""
    _set(BreakerState.TRIAL, item, scope, until, hospital, by, reason, as_json=as_json)


@breaker_app.command("close")
def close(
    item: Item, reason: Why, scope: Scope = None, hospital: OfHospital = None, by: By = None, *, as_json: AsJson = False
) -> None:
    """Charge again. What is held stays held until a person releases it."""
    _set(BreakerState.CLOSED, item, scope, None, hospital, by, reason, as_json=as_json)


def _set(  # noqa: PLR0917 -- the parts of a breaker
    state: BreakerState,
    item: str,
    scope: str | None,
    until: str | None,
    hospital: str | None,
    by: str | None,
    reason: str,
    *,
    as_json: bool,
) -> None:
    kind, _, name = (scope or "").partition(":")
    if scope is not None and (kind not in {"department", "store", "team"} or not name):
        bad(f"--scope: expected department:NAME, store:NAME or team:NAME, got {scope!r}.")
    ends = None if until is None else instant("--until", until)

    def made(at: str) -> Control:
        return Breaker(
            hospital=at, by=person(by), reason=reason, item_code=item, scope_type=ControlScope(kind or "hospital"),
            scope=name or at, state=state, since=datetime.now(UTC), until=ends,
        )  # fmt: skip

    where = decide(item, hospital, made)
    if as_json:
        print_json({
            "hospital": where, "item_code": item, "scope_type": kind or "hospital", "scope": name or where,
            "state": state, "until": ends,
        })  # fmt: skip
        return
    typer.echo(
        f"The breaker of {item} at {where}{f' for {scope}' if scope else ''} is {say('assessment', 'state', state)}."
    )


def decide(item: str, hospital: str | None, made: Any) -> str:
    """Record a control of an item; gives the hospital. What is wrong with it is said, exit status 2."""

    async def work(_: Settings, pool: asyncpg.Pool) -> str:
        books = ControlBooks(pool)
        found = await books.hospitals_of(item)
        if hospital is not None:
            found = [each for each in found if each == hospital]
        if len(found) != 1:
            return (
                f"?Expected --hospital: {', '.join(found)} have an item {as_written(item)}."
                if found
                else f"?{_unknown(item)}"
            )
        try:
            await books.record([made(found[0])])
        except ValidationError as error:
            return f"?{complaint(error)}"
        return found[0]

    where = run(work)
    if where.startswith("?"):
        bad(where[1:])
    return where


def _unknown(item: str) -> str:
    return f"Expected an item of the catalogue, found none with the code {item}."


@breaker_app.command("overrides")
@listing
def overrides(
    item: Annotated[str | None, typer.Argument(metavar="[ITEM]")] = None,
    *,
    limit: Limit = LIMIT_DEFAULT,
    as_json: AsJson = False,
) -> None:
    """Uses that a badge let pass, or that were made while a breaker was on trial: to be looked at."""

    async def work(_: Settings, pool: asyncpg.Pool) -> list[dict[str, Any]]:
        return await ControlBooks(pool).overrides(item)

    rows = run(work)
    if as_json:
        print_json(rows)
        return
    columns = ("scanned", "item", "department", "encounter", ">units", "badge", "reason", "verdict")
    names = ("scanned_at", "item_code", "department", "encounter", "quantity", "badge", "reason", "verdict")
    print_table("Let pass, for review", columns, [tuple(row[name] for name in names) for row in rows], limit=limit)


@listing
def quota(
    month: Annotated[str | None, typer.Argument(metavar="[MONTH]", help="Like 2022-06; unset: all.")] = None,
    *,
    limit: Limit = LIMIT_DEFAULT,
    as_json: AsJson = False,
) -> None:
    """Quotas of controlled categories: released, used, left, and the day on which they will be used up."""
    if month is not None:
        try:
            parse_month(month)
        except ValueError as error:
            bad(f"MONTH: {error}")

    async def work(_: Settings, pool: asyncpg.Pool) -> list[dict[str, Any]]:
        books = ControlBooks(pool)
        rows = await books.quotas(month)
        days: dict[tuple[str, str], Any] = {}
        for row in rows:
            key, of = (row["hospital"], row["month"]), parse_month(row["month"])
            if key not in days:
                days[key] = await books.newest_day(row["hospital"], first_day(of), first_day(shift(of, 1)))
            # A share is no stock that is used up.
            fen = 1 if row["measure"] == "units" else 100
            released, used = int(row["released"] * fen), int(row["used"] * fen)
            row["exhausted_on"] = None if row["measure"] == "mix" else exhausted_on(released, used, of, days[key])
        return rows

    rows = run(work)
    if as_json:
        print_json(rows)
    elif not rows:
        typer.echo(f"No quota of {month}." if month else "No quota.")
    else:
        columns = ("month", "category", "department", "measure", ">released", ">used", ">left", "used up on")
        names = ("month", "category", "department", "measure", "released", "used", "left", "exhausted_on")
        told = [row | {"measure": say("assessment", "quota-measure", row["measure"])} for row in rows]
        print_table("Quotas", columns, [tuple(row[name] for name in names) for row in told], limit=limit)


@ceiling_app.callback()
@listing
def ceiling(context: typer.Context, *, as_json: AsJson = False) -> None:
    """List the ceilings when nothing else is asked."""
    if context.invoked_subcommand is None:
        columns = ("hospital", "item_code", "category", ">price", "needs", "since", "by", "reason")
        _print("ceilings", columns, as_json=as_json)


@ceiling_app.command("set")
def set_ceiling(  # noqa: PLR0917 -- the options of a command
    price: Annotated[str, typer.Argument(metavar="PRICE|none", help="Yuan a unit; `none` takes it away.")],
    reason: Why,
    item: Annotated[str | None, typer.Option(help="Of this item.")] = None,
    category: Annotated[str | None, typer.Option(help="Of every item of this category.")] = None,
    hospital: Annotated[str | None, typer.Option(help="Needed with --category.")] = None,
    by: By = None,
    *,
    approval: Annotated[
        bool, typer.Option("--approval", help="Of a category: a dearer unit needs an approval beforehand.")
    ] = False,
) -> None:
    """Hold charges of a unit dearer than this."""
    if item is None and hospital is None:
        bad("Expected --item, or --category and --hospital.")
    if approval:
        _approval_above(price, reason, item, category, hospital, by)
        return
    fields: dict[str, Any] = {
        "by": person(by), "reason": reason, "item_code": item, "category": category,
        "price": None if price == "none" else price,
    }  # fmt: skip
    try:
        if item is not None:
            where = decide(item, hospital, lambda at: Ceiling(hospital=at, **fields))
        else:
            where = _record(Ceiling(hospital=str(hospital), **fields))
    except ValidationError as error:
        bad(complaint(error).expected)
    typer.echo(f"The ceiling of {item or category} at {where} is {price}.")


def _approval_above(  # noqa: PLR0917 -- the options of a command
    price: str, reason: str, item: str | None, category: str | None, hospital: str | None, by: str | None
) -> None:
    """Goods of the same type dearer than the price need an approval."""
    if item is not None or category is None:
        bad("--approval: expected --category and --hospital, for goods of the same type.")
    try:
        made = ApprovalAbove(
            hospital=str(hospital), by=person(by), reason=reason, category=str(category),
            price=None if price == "none" else price,
        )  # fmt: skip
    except ValidationError as error:
        bad(complaint(error).expected)
    typer.echo(f"Of {category} at {_record(made)}, a unit dearer than {price} needs an approval.")


def approve(  # noqa: PLR0917 -- the options of a command
    item: Item,
    until: Annotated[str, typer.Option(help="Day after the last, or an instant with offset.")],
    reason: Why,
    encounter: Annotated[str | None, typer.Option(help="For this patient's stay.")] = None,
    department: Annotated[str | None, typer.Option(help="For this department.")] = None,
    hospital: OfHospital = None,
    by: By = None,
) -> None:
    """Approve uses of an item that needs approval, beforehand and for a time. What is held: `udi held`."""
    if (encounter is None) == (department is None):
        bad("Expected either --encounter or --department.")
    ends = instant("--until", until)
    where = decide(
        item, hospital,
        lambda at: Approval(
            hospital=at, by=person(by), reason=reason, item_code=item, encounter=encounter, department=department,
            until=ends,
        ),
    )  # fmt: skip
    typer.echo(f"{item} is approved at {where} for {encounter or department} until {ends.isoformat()}.")


@listing
def approvals(*, as_json: AsJson = False) -> None:
    """Approvals, for whom and until when."""
    columns = ("hospital", "item_code", "encounter", "department", "until", "since", "by", "reason")
    _print("approvals", columns, as_json=as_json)


def _print(what: str, columns: tuple[str, ...], *, as_json: bool) -> None:
    async def work(_: Settings, pool: asyncpg.Pool) -> list[dict[str, Any]]:
        return await ControlBooks(pool).listed(what)

    rows = run(work)
    if as_json:
        print_json(rows)
    else:
        print_table(
            what.capitalize(), columns, [tuple(row[each.removeprefix(">")] for each in columns) for row in rows]
        )


def _record(control: Control) -> str:
    async def work(_: Settings, pool: asyncpg.Pool) -> str:
        await ControlBooks(pool).record([control])
        return control.hospital

    return run(work)
