"""`udi orders`: what stores need by their levels, and orders to suppliers that a person releases."""

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import asdict
from typing import Annotated, Any, Final

import asyncpg
import typer

from models.stock.order import LeftOut, Need, Order, OrderStatus
from rules.stock.ordering import orders_of
from sinks.postgres.stock.replenishing import orders as books
from streams.cli.charging.persons import person
from streams.cli.connection import By, Why, bad, of_known, run
from streams.cli.lists import listing, listing_of
from streams.cli.phrases import as_written, word
from streams.cli.shown import LIMIT_DEFAULT, AsJson, Limit, print_json, print_table
from streams.cli.stock.forecast import OneHospital, OneStore, forecast, forecast_anew
from streams.settings import Settings

orders_app = typer.Typer(help="What stores need, and orders to suppliers.", invoke_without_command=True)
OrderId = Annotated[str, typer.Argument(metavar="ORDER", help="As lists show it.")]
Hospital = Annotated[str | None, typer.Option(help="Needed when several hospitals have it.")]
orders_app.command("forecast")(forecast)


@orders_app.callback()
@listing
def orders(
    context: typer.Context, *, store: OneStore = None, hospital: OneHospital = None, limit: Limit = LIMIT_DEFAULT,
    as_json: AsJson = False,
) -> None:  # fmt: skip
    """What stores need: on hand, to come, levels, what is elsewhere, what is proposed. Exit 1 when anything is."""
    if context.invoked_subcommand is not None:
        return
    rows = run(of_known(lambda _, pool: books.needs(pool, hospital, store), hospital=hospital, store=store))
    if as_json:
        print_json([asdict(row) for row in rows])
    elif not rows:
        typer.echo("No store keeps a level of anything.")
    else:
        print_table("Replenishment", _NEED_COLUMNS, [_need(row) for row in rows], limit=limit)
    raise typer.Exit(1 if any(row.proposed for row in rows) else 0)


@orders_app.command("propose")
@listing
def propose(
    *, hospital: OneHospital = None, by: By = None, limit: Limit = LIMIT_DEFAULT, as_json: AsJson = False
) -> None:  # fmt: skip
    """Make orders of what is needed, one for each supplier; they wait for a person to release them."""
    who = person(by)

    async def work(_: Settings, pool: asyncpg.Pool) -> tuple[list[Order], list[LeftOut]]:
        await forecast_anew(pool)
        made: list[Order] = []
        left_out: list[LeftOut] = []
        for house in await books.hospitals_with_levels(pool, hospital):
            async with books.order_desk(pool, house) as desk:
                drafts, left = orders_of(await desk.needs())
                made += await desk.propose(drafts, who)
                left_out += left
        return made, left_out

    made, left_out = run(work)
    if as_json:
        lines = [_flat(order) for order in made]
        print_json({"orders": [row for rows in lines for row in rows], "left_out": [asdict(each) for each in left_out]})
        return
    _show(made, limit)
    for each in left_out:
        typer.echo(f"{each.store}, {each.item_code}: nothing is proposed: {word(each.reason)}")


@orders_app.command("show")
@listing_of("lines")
def show(
    order: Annotated[str | None, typer.Argument(metavar="[ORDER]", help="Unset: all.")] = None,
    *, hospital: OneHospital = None, limit: Limit = LIMIT_DEFAULT, as_json: AsJson = False,
) -> None:  # fmt: skip
    """Orders with their lines, who released them and when."""
    found = run(lambda _, pool: books.orders(pool, hospital, order))
    if order is not None and not found:
        bad(f"Expected an order, found none named {as_written(order)}.")
    if as_json:
        print_json([asdict(each) for each in found])
    else:
        _show(found, limit)


@orders_app.command("release")
@listing_of("lines")
def release(order: OrderId, *, hospital: Hospital = None, by: By = None, as_json: AsJson = False) -> None:
    """Release a proposed order: it goes out on its topic, once."""
    who = person(by)
    _change(order, hospital, lambda desk: desk.release(order, who), as_json=as_json)


@orders_app.command("close")
@listing_of("lines")
def close(order: OrderId, reason: Why, *, hospital: Hospital = None, by: By = None, as_json: AsJson = False) -> None:
    """No more of an order comes, or a proposal is not wanted: what is missing is proposed again."""
    who = person(by)
    _change(order, hospital, lambda desk: desk.close(order, reason, who), as_json=as_json)


def _change(
    order: str, hospital: str | None, change: Callable[[books.OrderDesk], Awaitable[Order]], *, as_json: bool
) -> None:
    async def work(_: Settings, pool: asyncpg.Pool) -> Order:
        found = await books.orders(pool, hospital, order)
        if not found:
            bad(f"Expected an order, found none named {as_written(order)}.")
        if len(found) > 1:
            bad(f"Expected --hospital: {', '.join(each.hospital for each in found)} have an order named {order}.")
        async with books.order_desk(pool, found[0].hospital) as desk:
            try:
                return await change(desk)
            except books.OrderStandsError as error:
                bad(_why_not(error.order))

    changed = run(work)
    print_json([asdict(changed)]) if as_json else _show([changed], 0)


def _why_not(order: Order) -> str:
    if order.status is OrderStatus.RELEASED:
        return f"Expected a proposed order, {order.order_id} was released by {as_written(order.released_by)}."
    if order.status is OrderStatus.REPLACED:
        return f"Expected the newest proposal, a later one stands in the place of {order.order_id}."
    return f"Expected an open order, {order.order_id} was closed by {as_written(order.closed_by)}."


_NEED_COLUMNS: Final = (
    "store", "item", ">on hand", ">to come", ">minimum", ">maximum", ">a day", ">days left", "elsewhere", ">proposed",
    ">packages", "stopped",
)  # fmt: skip
_ORDER_COLUMNS: Final = (
    "order", "status", "store", "item", "identifier", ">packages", ">units", ">on hand", ">to come", "by",
)  # fmt: skip


def _need(row: Need) -> tuple[Any, ...]:
    return (
        row.store, row.item_code, row.on_hand, row.on_order, row.minimum, row.maximum, row.daily_use, row.days_left,
        list(row.elsewhere_stores), row.proposed, row.packages, row.stopped,
    )  # fmt: skip


def _flat(order: Order) -> list[dict[str, Any]]:
    whole = {name: value for name, value in asdict(order).items() if name != "lines"}
    return [whole | asdict(line) for line in order.lines]


def _show(found: Sequence[Order], limit: int) -> None:
    if not found:
        typer.echo("No order.")
        return
    cells = [
        (
            order.order_id, order.status, line.store, line.item_code, line.di, line.packages, line.units, line.on_hand,
            line.on_order, order.closed_by or order.released_by or order.made_by,
        )
        for order in found for line in order.lines
    ]  # fmt: skip
    print_table("Orders", _ORDER_COLUMNS, cells, limit=limit)
