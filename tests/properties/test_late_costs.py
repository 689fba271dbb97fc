"""A cost that comes late, among uses, returns, persons and closed months: what is owed is what a dictionary says."""

import asyncio
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from hypothesis import given, seed, settings
from hypothesis import strategies as st

from models.charging.commands import CommandKind
from models.ids import made_id
from sinks.postgres.verifying.books import verify_books
from tests.support.accounts import Account
from tests.support.builders import DI, NOON, SECOND, encounter, gs1, item, price, scan, scan_id
from tests.support.loops import run
from tests.support.ward import MemoryStore, PostgresStore, Store, Ward, postgres_store

quickly = settings(max_examples=80, derandomize=True)
COSTS = (None, None, "10.0050", "0.3333", "77.7777")
WHAT = ("use", "use", "use", "back", "back", "cost", "cost", "price", "reject", "identify", "close")


class Step(NamedTuple):
    """Something happens; `which` chooses among what it may happen to."""

    what: str
    which: int
    units: int
    lane: int
    cost: str | None


STEPS = st.lists(
    st.builds(
        Step, st.sampled_from(WHAT), st.integers(0, 11), st.integers(1, 5), st.integers(0, 1), st.sampled_from(COSTS)
    ),
    min_size=4,
    max_size=24,
)


@dataclass
class Used:
    """What a use is owed for: a line of `units` at `cost` (1/10,000 yuan), of which `back` came back."""

    number: int
    lot: str
    units: int
    cost: int | None
    back: int = 0
    settled: int = 0
    """Units that came back before its line had a cost."""
    rejected: bool = False
    lane: int = 0

    @property
    def left(self) -> int:
        return 0 if self.rejected else self.units - self.settled - self.back

    @property
    def fen(self) -> int:
        """What is left: the line, less what came back of it, each rounded half up as one running total."""
        if self.cost is None or self.rejected:
            return 0
        return _fen(self.units - self.settled, self.cost) - _fen(self.back, self.cost)


def _fen(units: int, cost: int) -> int:
    return (units * cost + 50) // 100


@dataclass
class House:
    """The books, and the dictionary beside them."""

    store: Store
    uses: list[Used] = field(default_factory=list)
    cost: str | None = None
    yuan: str = "1234.00"
    scans: int = 0

    async def play(self, told: list[Step]) -> Account:
        self.ward = await Ward(self.store).open(self._item(), encounter())
        for place, step in enumerate(told):
            await self._step(step, place)
            await self.ward.sweep()
        return await self.ward.account()

    def _item(self) -> dict[str, Any]:
        cost = [] if self.cost is None else [{"cost": self.cost}]
        return item(owner="supplier", supplier="S9", cost=cost, prices=[price(self.yuan)])

    async def _step(self, step: Step, place: int) -> None:
        stamp = NOON + place * 60 * SECOND
        stand = [use for use in self.uses if use.left]
        chosen = stand[step.which % len(stand)] if stand else None
        if step.what == "use":
            await self._use(step)
        elif step.what in {"cost", "price"}:
            self.cost = step.cost if step.what == "cost" else self.cost
            self.yuan = "1300.00" if step.what == "price" and step.which % 2 else self.yuan
            await self.ward.learn(self._item(), stamp=stamp)
            self._told()
        elif step.what == "close":
            await self.store.close_month(202206)
        elif chosen is not None and step.what == "back":
            units = min(step.units, chosen.left)
            await self._scan(chosen, step.lane, action="return", corrects=str(scan_id(chosen.number)), quantity=units)
            chosen.back += units
        elif chosen is not None and step.what == "identify":
            if not chosen.back and not chosen.settled:
                lot = f"R{self.scans}"
                codes = [gs1(DI, expiry="271231", lot=lot)]
                about: dict[str, Any] = {"action": "identify", "corrects": str(scan_id(chosen.number)), "codes": codes}
                await self._scan(chosen, step.lane, quantity=chosen.units, **about)
                chosen.lot = lot
        elif chosen is not None and not chosen.back and not chosen.settled:
            await self.store.command(CommandKind.REJECT, chosen.number)
            chosen.rejected = True

    async def _use(self, step: Step) -> None:
        self.scans += 1
        use = Used(self.scans, f"L{self.scans}", step.units, _ten_thousandths(self.cost), lane=step.lane)
        await self._scan(use, step.lane, number=use.number, quantity=step.units)
        self.uses.append(use)

    def _told(self) -> None:
        for use in self.uses:
            if use.cost is None and self.cost is not None and use.left:
                use.settled, use.back, use.cost = use.back, 0, _ten_thousandths(self.cost)

    async def _scan(self, use: Used, lane: int, number: int | None = None, **changes: Any) -> None:
        if number is None:
            self.scans += 1
            number = self.scans
        about = {"codes": [gs1(DI, expiry="271231", lot=use.lot)]} | changes
        await self.ward.scan(scan(number, **about), lane=lane)


def _ten_thousandths(cost: str | None) -> int | None:
    return None if cost is None else int(cost.replace(".", ""))


def owed(account: Account, uses: list[Used]) -> dict[int, tuple[int, int, int]]:
    """(fen, units, units without a cost) by use, with the reversals by whoever made them taken off."""
    own = {str(made_id("settlement", "H1", scan_id(use.number), n)): use.number for use in uses for n in range(9)}
    found = {use.number: (0, 0, 0) for use in uses}
    for line, _, _, units, cost, amount, _, _, reverses in account.settlement:
        sign = 1 if reverses is None else -1
        fen = int((amount or "0").replace(".", ""))
        parts = (sign * fen, sign * units, sign * units if cost is None else 0)
        use = own[reverses or line]
        found[use] = tuple(map(sum, zip(found[use], parts, strict=True)))  # type: ignore[assignment]
    return found


def due(uses: list[Used]) -> dict[int, tuple[int, int, int]]:
    return {use.number: (use.fen, use.left, use.left if use.cost is None else 0) for use in uses}


@seed(41)
@quickly
@given(STEPS)
def test_what_is_left_of_each_use_is_owed_at_the_first_cost_that_was_told(told: list[Step]) -> None:
    house = House(MemoryStore())
    account = asyncio.run(house.play(told))
    assert owed(account, house.uses) == due(house.uses)


@seed(42)
@quickly
@given(STEPS)
def test_a_closed_month_gets_no_line_and_none_is_ever_changed(told: list[Step]) -> None:
    closed_at = next((place for place, step in enumerate(told) if step.what == "close"), len(told))
    before = asyncio.run(House(MemoryStore()).play(told[:closed_at])).settlement
    after = asyncio.run(House(MemoryStore()).play(told)).settlement
    assert set(before) <= set(after)
    assert {row for row in after if row[6] == "2022-06"} == set(before) or closed_at == len(told)


def test_the_database_gives_what_the_twin_gives_and_keeps_its_promises(database: str) -> None:
    """One database for all examples: it is emptied between them."""

    async def both(told: list[Step]) -> None:
        twin = House(MemoryStore())
        expected = await twin.play(told)
        async with postgres_store(database) as postgres:
            await postgres.empty()
            house = House(postgres)
            account = await house.play(told)
            assert account.without_instants() == expected.without_instants()
            assert owed(account, house.uses) == due(house.uses)
            await promises(postgres, house.uses)

    async def promises(postgres: PostgresStore, uses: list[Used]) -> None:
        async with postgres.pool.acquire() as connection:
            # The test closes months without the command that writes who did it.
            _, findings = await verify_books(connection, chosen=lambda name: name != "months-closed-in-order")
        assert [finding.name for finding in findings if not finding.ok] == []
        stated = await postgres.pool.fetchrow(
            "SELECT coalesce(sum(used), 0), coalesce(sum(quantity), 0), coalesce(sum(amount_fen), 0) "
            "FROM udi.statement_due"
        )
        # However often costs came, no goods were used twice.
        assert tuple(stated or ()) == tuple(
            sum(getattr(use, name) for use in uses) for name in ("units", "left", "fen")
        )

    @seed(43)
    @settings(quickly, max_examples=12)
    @given(STEPS)
    def example(told: list[Step]) -> None:
        run(both(told))

    example()
