"""Costs of suppliers' goods that somebody enters after the goods were used."""

from collections.abc import Iterable, Iterator

from streams.simulator.account.account import Account
from streams.simulator.hospital.goods import Goods


def tell_costs(account: Account, goods: Iterable[Goods]) -> Iterator[Goods]:
    """Enter the cost of one of the goods that were used without one; of half of them nobody ever does.

    Goods of which a scan is parked are left alone: whether it is freed before the cost comes or after, nobody knows.
    The cost is four fifths of the first price and holds since ever.
    """
    parked = {entry.unit.goods.code for entry in account.parked if entry.unit is not None}
    for each in goods:
        uses = account.owing.waiting.get(each.code, [])
        if each.late_cost and each.cost is None and each.code not in parked and any(use.left for use in uses):
            each.cost = each.steps[0][1] * 4 // 5
            account.tell_cost(each.code)
            yield each
            return
