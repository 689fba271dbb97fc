"""Prices that are changed late: for days on which goods were used and charged already."""

from typing import Final

from streams.simulator.account.account import Account
from streams.simulator.chance import Chance
from streams.simulator.clock import days_of
from streams.simulator.hospital.goods import Goods
from streams.simulator.plan import Plan

A_MONTH: Final = 3
"""So few, that re-rated charges stay a small part of all. No source: ours."""


def reprice(plan: Plan, index: int, account: Account, ordinary: set[str], chance: Chance) -> list[Goods]:
    """Gives some goods of those codes another price from a day of this month on, every third of the month before.

    Goods of which a scan is parked are left alone: whether it is freed before the price changes or after, nobody knows.
    """
    parked = {entry.unit.goods.code for entry in account.parked if entry.unit is not None}
    used = {
        entry.unit.goods.code: entry.unit.goods
        for entry in account.changed.values()
        if entry.verdict == "billed" and entry.left and entry.unit is not None
    }
    fitting = [goods for code, goods in used.items() if code in ordinary and code not in parked]
    found: dict[str, Goods] = {}
    while fitting and len(found) < min(A_MONTH, len(fitting)):
        goods = chance.pick(fitting)
        if goods.code not in found:
            before = index > 0 and len(found) % 3 == 2
            _change(goods, chance.pick(days_of(plan.month(index - before))), chance)
            found[goods.code] = goods
    return list(found.values())


def _change(goods: Goods, day: int, chance: Chance) -> None:
    """Within a fifth of what it was, and never the same."""
    old = goods.price_on(day) or 0
    percent = chance.between(81, 119)
    new = old * (percent if percent != 100 else 120) // 100
    steps = dict(goods.steps) | {day: new}
    goods.steps = tuple(sorted(steps.items()))
