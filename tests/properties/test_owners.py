"""Whose goods they are, while an item changes hands: each supplier is owed what was used of his goods, at any time."""

import asyncio
from collections import Counter
from decimal import Decimal
from typing import Any, NamedTuple

from hypothesis import given, seed, settings
from hypothesis import strategies as st

from models.charging.commands import CommandKind
from sinks.postgres.verifying.books import verify_books
from tests.integration.stock.moves.notes import deliver, line, note
from tests.support.accounts import Account
from tests.support.builders import DI, NOON, SECOND, encounter, gs1, item, scan, scan_id
from tests.support.loops import run
from tests.support.ward import MemoryStore, PostgresStore, Store, Ward, postgres_store

COST = Decimal("10.05")
OWNERS = ("hospital", "S1", "S2", "S3")
STORES = ("OR-1", "OR-2")
quickly = settings(max_examples=60, derandomize=True)


class Step(NamedTuple):
    """Something happens; `which` chooses among what it may happen to."""

    what: str
    which: int
    units: int
    store: str
    lane: int


WHAT = ("hands", "receive", "receive", "use", "use", "use", "back", "transfer", "correct", "reject", "identify")
STEPS = st.lists(
    st.builds(
        Step,
        st.sampled_from(WHAT),
        st.integers(0, 11), st.integers(1, 4), st.sampled_from(STORES), st.integers(0, 1),
    ),
    min_size=4, max_size=24,
)  # fmt: skip


def owned(owner: str) -> dict[str, Any]:
    """The screw, of that owner."""
    whose = {"owner": "hospital", "supplier": "S1"} if owner == "hospital" else {"owner": "supplier", "supplier": owner}
    return item(cost=[{"cost": str(COST)}], **whose)


def label(lot: str) -> list[str]:
    return [gs1(DI, expiry="271231", lot=lot)]


class Used(NamedTuple):
    """A use that stands."""

    number: int
    lot: str
    store: str
    units: int
    back: int
    corrects: int | None


class House:
    """Each lot comes once, so that everybody knows whose it is; nothing is taken that does not lie there."""

    def __init__(self, store: Store) -> None:
        self.store, self.ward = store, Ward(store)
        self.owner = "hospital"
        self.whose: dict[str, str] = {}
        """Owner of each lot."""
        self.cost: dict[str, str] = {}
        """Yuan a unit of each lot."""
        self.lies: Counter[tuple[str, str]] = Counter()
        """Units by store and lot."""
        self.uses: list[Used] = []
        self.number = 0

    async def play(self, told: list[Step]) -> Account:
        await self.ward.open(owned(self.owner), encounter())
        for step in told:
            await getattr(self, step.what)(step)
        await self.ward.sweep()
        return await self.ward.account()

    async def scan(self, step: Step, lot: str, **changes: Any) -> int:
        self.number += 1
        said = {"quantity": step.units, "store": step.store, "codes": label(lot)} | changes
        await self.ward.scan(scan(self.number, **said), lane=step.lane)
        return self.number

    async def hands(self, step: Step) -> None:
        self.owner = OWNERS[step.which % len(OWNERS)]
        self.number += 1
        await self.ward.learn(owned(self.owner), stamp=NOON + self.number * SECOND)

    async def receive(self, step: Step) -> None:
        """Every other time by a delivery note of some supplier, of which every other tells a cost."""
        lot, document = f"L{len(self.whose)}", None
        self.whose[lot], self.cost[lot] = self.owner, str(COST)
        if step.which % 2:
            document, supplier = f"N-{lot}", f"S{step.which % 4 + 1}"
            told = {"cost": f"{step.which}.5"} if step.units % 2 else {}
            await deliver(self.store, note(line(lot=lot.lower(), **told), note=document, supplier=supplier))
            self.whose[lot] = "hospital" if self.owner == "hospital" else supplier
            self.cost[lot] = told.get("cost", str(COST))
        self.lies[step.store, lot] += step.units
        await self.scan(step, lot, action="receive", encounter=None, document=document)

    def found(self, step: Step) -> tuple[str, str] | None:
        there = sorted(place for place, units in self.lies.items() if units >= step.units)
        return there[step.which % len(there)] if there else None

    async def use(self, step: Step) -> None:
        place = self.found(step)
        if place is not None:
            self.lies[place] -= step.units
            number = await self.scan(step, place[1], store=place[0])
            self.uses.append(Used(number, place[1], place[0], step.units, 0, None))

    async def transfer(self, step: Step) -> None:
        place = self.found(step)
        if place is not None and place[0] != step.store:
            self.lies[place] -= step.units
            self.lies[step.store, place[1]] += step.units
            about = {"store": place[0], "to_store": step.store, "encounter": None}
            await self.scan(step, place[1], action="transfer", **about)

    def chosen(self, step: Step, units: int) -> int | None:
        fits = [place for place, each in enumerate(self.uses) if each.units - each.back >= units]
        return fits[step.which % len(fits)] if fits else None

    async def back(self, step: Step) -> None:
        place = self.chosen(step, step.units)
        if place is not None:
            use = self.uses[place]
            self.uses[place] = use._replace(back=use.back + step.units)
            self.lies[step.store, use.lot] += step.units
            await self.scan(step, use.lot, action="return", corrects=str(scan_id(use.number)))

    async def taken_back(self, step: Step, kind: CommandKind) -> Used | None:
        fits = [place for place, each in enumerate(self.uses) if not each.back]
        if not fits:
            return None
        use = self.uses.pop(fits[step.which % len(fits)])
        self.lies[use.store, use.lot] += use.units
        await self.store.command(kind, use.number, {"quantity": 9} if kind is CommandKind.CORRECT else None)
        await self.ward.sweep()
        return use

    async def reject(self, step: Step) -> None:
        await self.taken_back(step, CommandKind.REJECT)

    async def correct(self, step: Step) -> None:
        """The quantity was another; there may be fewer on the shelf than are said to have been used."""
        use = await self.taken_back(step, CommandKind.CORRECT)
        if use is not None:
            self.lies[use.store, use.lot] -= step.units
            number = await self.scan(step, use.lot, store=use.store, corrects=str(scan_id(use.number)))
            self.uses.append(use._replace(number=number, units=step.units))

    async def identify(self, step: Step) -> None:
        """Goods of a use were of another lot, of which as many lie there."""
        fits = [
            (place, lot)
            for place, use in enumerate(self.uses)
            for (store, lot), units in sorted(self.lies.items())
            if not use.back and store == use.store and lot != use.lot and units >= use.units
        ]
        if fits:
            place, lot = fits[step.which % len(fits)]
            use = self.uses[place]
            self.lies[use.store, use.lot] += use.units
            self.lies[use.store, lot] -= use.units
            self.uses[place] = use._replace(lot=lot)
            about = {"quantity": use.units, "encounter": None, "corrects": str(scan_id(use.number))}
            await self.scan(step, lot, action="identify", **about)
            await self.ward.sweep()

    def due(self) -> dict[str, Decimal]:
        owed = Counter[str]()
        for use in self.uses:
            owed[self.whose[use.lot]] += use.units - use.back
        return {owner: units * COST for owner, units in owed.items() if units and owner != "hospital"}


def owed(account: Account) -> dict[str, Decimal]:
    sums: dict[str, Decimal] = {}
    for _, supplier, _, _, _, amount, _, status, _ in account.settlement:
        sums[supplier] = sums.get(supplier, Decimal(0)) + (-1 if status == "reversal" else 1) * Decimal(amount)
    return {supplier: amount for supplier, amount in sums.items() if amount}


def holds(house: House, account: Account) -> None:
    expected = {(store, house.whose[lot], lot): units for (store, lot), units in house.lies.items() if units}
    assert {(row[1], row[3], row[4]): row[-1] for row in account.stock if row[-1]} == expected
    assert owed(account) == house.due()
    assert {(row[5], Decimal(row[-1])) for row in account.moves} == {
        (lot, Decimal(cost)) for lot, cost in house.cost.items()
    }


@seed(31)
@quickly
@given(STEPS)
def test_each_supplier_is_owed_what_was_used_of_his_goods_and_has_left_what_came_less_that(told: list[Step]) -> None:
    house = House(MemoryStore())
    holds(house, asyncio.run(house.play(told)))


def test_the_database_says_the_same_and_its_books_verify(database: str) -> None:
    """One database for all examples: it is emptied between them."""

    async def both(told: list[Step], postgres: PostgresStore) -> None:
        await postgres.empty()
        house = House(postgres)
        account = await house.play(told)
        holds(house, account)
        assert account.without_instants() == (await House(MemoryStore()).play(told)).without_instants()
        async with postgres.pool.acquire() as connection:
            _, findings = await verify_books(connection)
        assert [finding.name for finding in findings if not finding.ok] == []

    async def opened(told: list[Step]) -> None:
        async with postgres_store(database) as postgres:
            await both(told, postgres)

    @seed(32)
    @settings(quickly, max_examples=12)
    @given(STEPS)
    def example(told: list[Step]) -> None:
        run(opened(told))

    example()
