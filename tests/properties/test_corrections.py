"""What holds whatever is scanned, repriced, released, rejected, corrected and closed, in any order."""

import asyncio
from collections import Counter, defaultdict
from decimal import Decimal
from typing import Any, NamedTuple
from uuid import UUID

from hypothesis import given, seed, settings
from hypothesis import strategies as st

from models.charging.commands import CommandKind
from models.scan.scanners import Scanner
from tests.properties.arrivals import FACTS, LATER, PLATE, PLATE_DI, arrivals
from tests.support.accounts import Account
from tests.support.builders import DI, NOON, SECOND, at, encounter, gs1, item, price, scan, scan_id
from tests.support.loops import run
from tests.support.ward import MemoryStore, Store, Ward, postgres_store

quickly = settings(max_examples=80, derandomize=True)
KINDS = (CommandKind.RELEASE, CommandKind.REJECT, CommandKind.CORRECT)
PRICES = ("1234.00", "1300.00", "0.3333", "77.7777")


class Command(NamedTuple):
    """A person commands something of a recorded scan: the one at that place among those it may be meant for."""

    kind: CommandKind
    place: int

    def chosen(self, account: Account) -> int | None:
        """The number of the scan; mostly one for which the command makes sense."""
        wanted = {"held"} if self.kind is CommandKind.RELEASE else {"billed", "held", "parked"}
        fits = sorted(row[1] for row in account.scans if row[2] in wanted or self.place > 15)
        return UUID(fits[self.place % len(fits)]).int if fits else None


class Repriced(NamedTuple):
    """The screw and the plate get another price for all days."""

    yuan: str


class Closed(NamedTuple):
    """The books are closed through the month of the scans."""


USE = scan(201, quantity=3)
EXPIRED_USE = scan(202, codes=[gs1(DI, expiry="220101", lot="L9", serial="S9")])
BACK = st.builds(
    lambda number, units: [scan(210 + number, action="return", corrects=str(scan_id(201)), quantity=units)],
    st.integers(0, 9),
    st.integers(1, 2),
)
"""Part of the use of three comes back."""
ONE_BACK = ([scan(209, action="return", corrects=str(scan_id(201)))],)
Step = list[Any] | Command | Repriced | Closed


def steps() -> st.SearchStrategy[list[Step]]:
    """Batches of scans with what people do between them."""
    commands = st.builds(Command, st.sampled_from(KINDS), st.integers(1, 20))
    prices = st.builds(Repriced, st.sampled_from(PRICES))
    one: st.SearchStrategy[Step] = st.one_of(arrivals(8), commands, commands, prices, prices, BACK, BACK)
    told = st.lists(one, min_size=2, max_size=10).map(lambda steps_: [[EXPIRED_USE, USE], *ONE_BACK, *steps_])
    return st.one_of(told, told, told.map(lambda steps_: [*steps_[:4], Closed(), *steps_[4:]]))


def priced(yuan: str) -> tuple[dict[str, Any], dict[str, Any]]:
    return item(prices=[price(yuan)]), PLATE | {"prices": [price(yuan)]}


async def command(store: Store, step: Command) -> None:
    number = step.chosen(await store.account())
    if number is not None:
        await store.command(step.kind, number, {"quantity": 7} if step.kind is CommandKind.CORRECT else None)


async def play(store: Store, told: list[Step]) -> Account:
    """The account after all steps, and after the facts that were missing."""
    ward = await Ward(store).open(*FACTS)
    for place, step in enumerate(told):
        stamp = NOON + place * SECOND
        if isinstance(step, list):
            await ward.scan(*step)
        elif isinstance(step, Repriced):
            await ward.learn(*priced(step.yuan), stamp=stamp)
        elif isinstance(step, Closed):
            await store.close_month(202206)
        else:
            await command(store, step)
        await ward.sweep()
    await ward.learn(*LATER, stamp=NOON + 99 * SECOND)
    await ward.sweep()
    return await ward.account()


def now(told: list[Step]) -> Account:
    return asyncio.run(play(MemoryStore(), told))


def taken_back(account: Account) -> dict[str, list[Any]]:
    """(units, fen) credited by charge."""
    sums: dict[str, list[Any]] = defaultdict(lambda: [0, Decimal(0)])
    for row in account.charges:
        if row[1] == "credit":
            sums[row[2]][0] += row[9]
            sums[row[2]][1] += Decimal(row[12])
    return sums


@seed(11)
@settings(quickly, max_examples=120)
@given(steps())
def test_each_promise_is_kept_whatever_happens(told: list[Step]) -> None:
    """One story is played once for all of them: a promise sees half as many more stories than if it had its own."""
    account = now(told)
    for promise in (
        credits_stay_within_their_charge_and_only_the_newest_charge_of_a_use_has_anything_left,
        of_a_serial_unit_a_charge_is_there_whole_or_not_at_all,
        what_a_person_took_back_leaves_no_money_goods_debt_or_unit,
        usage_is_the_sum_of_the_ledger_and_of_what_costs_nothing,
    ):
        promise(account)
    a_closed_month_gets_no_rows(told, account)


def credits_stay_within_their_charge_and_only_the_newest_charge_of_a_use_has_anything_left(account: Account) -> None:
    credited = taken_back(account)
    stands = {row[1]: row[2] for row in account.scans}
    left: dict[str, list[tuple[int, int, Decimal]]] = defaultdict(list)
    for row in account.charges:
        if row[1] == "charge":
            units, amount = credited[row[0]]
            assert 0 <= units <= row[9]
            assert 0 <= amount <= Decimal(row[12])
            assert (units == row[9]) <= (amount == Decimal(row[12]))
            assert units == row[9] or amount < Decimal(row[12]) or Decimal(row[11]) < Decimal("0.05")
            left[row[4]].append((row[10], row[9] - units, Decimal(row[12]) - amount))
    for scan_, charges in left.items():
        having = [charge for charge in charges if charge[1]]
        assert len(having) <= 1
        if having:
            assert stands[scan_] == "billed"
            assert having[0][0] == max(version for version, *_ in charges)


def of_a_serial_unit_a_charge_is_there_whole_or_not_at_all(account: Account) -> None:
    credited = taken_back(account)
    serial = {row[1] for row in account.scans if row[6] is not None}
    for row in account.charges:
        if row[1] == "charge" and row[4] in serial and row[9] == 1:
            assert credited[row[0]][1] in {Decimal(0), Decimal(row[12])}


def what_a_person_took_back_leaves_no_money_goods_debt_or_unit(account: Account) -> None:
    gone = {row[1] for row in account.scans if {"rejected", "corrected"} & set(row[3])}
    money: Counter[str] = Counter()
    for row in account.charges:
        money[row[4]] += int(row[12].replace(".", "")) * (1 if row[1] == "charge" else -1)
    goods: Counter[str] = Counter()
    for scan_, from_place, _, _, _, _, _, units, *_ in account.moves:
        goods[scan_] += -units if from_place == "patient" else units
    assert not any(money[scan_] or goods[scan_] for scan_ in gone)
    assert not gone & {row[1] for row in account.scans if row[2] in {"parked", "held", "waiting"}}


def usage_is_the_sum_of_the_ledger_and_of_what_costs_nothing(account: Account) -> None:
    ledger = sum(Decimal(row[12]) * (1 if row[1] == "charge" else -1) for row in account.charges)

    assert ledger == sum(Decimal(row[5]) for row in account.usage if row[1] is None)


def a_closed_month_gets_no_rows(told: list[Step], after: Account) -> None:
    closed_at = next((place for place, step in enumerate(told) if isinstance(step, Closed)), len(told))
    if closed_at < len(told):
        before = asyncio.run(play_without_later(told[:closed_at]))
        assert june(after) == june(before)


def june(account: Account) -> set[str]:
    return {row[0] for row in account.charges if row[13] == "2022-06"}


async def play_without_later(told: list[Step]) -> Account:
    store = MemoryStore()
    ward = await Ward(store).open(*FACTS)
    for place, step in enumerate(told):
        if isinstance(step, list):
            await ward.scan(*step)
        elif isinstance(step, Repriced):
            await ward.learn(*priced(step.yuan), stamp=NOON + place * SECOND)
        elif isinstance(step, Command):
            await command(store, step)
        await ward.sweep()
    return await ward.account()


@st.composite
def uses_and_prices(draw: st.DrawFn) -> list[Step]:
    """Uses of lots, returns that name them, and prices; no serials and no closed month, for those depend on order."""
    labels = ([gs1(DI, expiry="271231", lot="L1")], [gs1(PLATE_DI, lot="L2")])
    told: list[Step] = []
    for number in range(1, draw(st.integers(2, 6))):
        chosen = draw(st.sampled_from(labels))
        units = draw(st.integers(1, 4))
        told.append([scan(number, codes=chosen, quantity=units)])
        if draw(st.booleans()):
            back = {"action": "return", "corrects": str(scan_id(number)), "quantity": draw(st.integers(1, units))}
            told.append([scan(50 + number, codes=chosen, **back)])
    return [*told, *(Repriced(draw(st.sampled_from(PRICES))) for _ in range(draw(st.integers(1, 3))))]


def nets(account: Account) -> dict[str, int]:
    """Fen by use, charges less credits of whoever took it back."""
    use_of = {row[0]: row[4] for row in account.charges if row[1] == "charge"}
    found: Counter[str] = Counter()
    for row in account.charges:
        fen = int(row[12].replace(".", ""))
        found[row[4] if row[1] == "charge" else use_of[row[2]]] += fen if row[1] == "charge" else -fen
    return {use: fen for use, fen in found.items() if fen}


@seed(16)
@quickly
@given(st.data(), uses_and_prices())
def test_in_whatever_order_uses_returns_and_prices_come_the_same_is_charged(
    data: st.DataObject, told: list[Step]
) -> None:
    """The newest price of the day decides, whenever it came: before the use, after it, or between two returns."""
    last = next(step for step in reversed(told) if isinstance(step, Repriced))
    mixed = [*data.draw(st.permutations(told)), Repriced("1.0000"), last]

    def units_left(account: Account) -> dict[str, int]:
        return {row[1]: row[8] for row in account.scans if row[2] in {"billed", "credited"}}

    one, other = now([*told, Repriced("1.0000"), last]), now(mixed)
    assert units_left(other) == units_left(one)
    # Parts are rounded one by one: a use that was returned in parts at several prices may differ by a fen each.
    parts = sum(isinstance(step, list) for step in told)
    assert nets(other).keys() == nets(one).keys()
    assert all(abs(fen - nets(one)[use]) <= parts for use, fen in nets(other).items())


@seed(17)
@quickly
@given(st.data(), steps())
def test_records_that_come_again_change_nothing(data: st.DataObject, told: list[Step]) -> None:
    again = data.draw(st.sampled_from([step for step in told if isinstance(step, list)] or [[]]))
    scans = [each for each in again if isinstance(each, dict) and "scan_id" in each]

    once, twice = now(told), now([*told, scans] if scans else told)

    refused = {row[2] for row in once.verdicts if row[3] == "refused"}
    assume_known = not refused & {each["scan_id"] for each in scans}
    if assume_known:
        assert sorted(row[:9] for row in twice.charges) == sorted(row[:9] for row in once.charges)
        assert twice.stock == once.stock


def test_the_database_gives_what_the_twin_gives(database: str) -> None:
    """One database for all examples: it is emptied between them."""

    async def both(told: list[Step]) -> None:
        async with postgres_store(database) as postgres:
            await postgres.empty()
            twin, books = await play(MemoryStore(), told), await play(postgres, told)
        assert books.without_instants() == twin.without_instants()

    @seed(18)
    @settings(quickly, max_examples=25)
    @given(steps())
    def example(told: list[Step]) -> None:
        run(both(told))

    example()


LOST = f"]d201{DI}1727123110L1234521S1"
"""May say lot `L1234521S1`, or lot `L12345` and serial `S1`; by `gun2`, which drops separators."""


@st.composite
def doubtful_stays(draw: st.DrawFn) -> list[dict[str, Any]]:
    """A use in each of some stays and what comes back of it, where the lot of the use or of a return is not certain."""
    told: list[dict[str, Any]] = []
    for stay in range(1, draw(st.integers(2, 4))):
        by_use, by_return = draw(st.sampled_from([("gun2", "gun1"), ("gun1", "gun2"), ("gun2", "gun2")]))
        about = {"encounter": f"E{stay}", "codes": [LOST]}
        units = draw(st.integers(1, 4))
        told.append(scan(10 * stay, quantity=units, device_id=by_use, scanned_at=at(stay), **about))
        for number in range(1, 1 + draw(st.integers(1, 2))):
            back = draw(st.integers(0, units))
            units -= back
            if back:
                changes = {"device_id": by_return, "scanned_at": at(40 + number), "quantity": back, "action": "return"}
                changes |= {"corrects": str(scan_id(10 * stay))} if draw(st.booleans()) else {}
                told.append(scan(10 * stay + number, **about, **changes))
    return told


async def play_doubtful(store: Store, told: list[dict[str, Any]]) -> Account:
    stays = (encounter(encounter=f"E{number}") for number in range(1, 4))
    ward = await Ward(store).open(item(), *stays)
    await store.set_up(Scanner(hospital="H1", device_id="gun2", known_from=NOON, drops_separators=True))
    for each in told:
        await ward.scan(each)
        await ward.sweep()
    return await ward.account()


def outcome(account: Account) -> tuple[Any, ...]:
    """What stands for each scan, what each use costs in the end, and what lies where under which lot."""
    return sorted(row[1:9] for row in account.scans), nets(account), sorted(account.stock)


@seed(19)
@quickly
@given(st.data(), doubtful_stays())
def test_in_whatever_order_uses_and_returns_of_doubtful_lots_come_the_books_are_the_same(
    data: st.DataObject, told: list[dict[str, Any]]
) -> None:
    mixed = data.draw(st.permutations(told))

    one, other = (asyncio.run(play_doubtful(MemoryStore(), each)) for each in (told, mixed))

    assert outcome(other) == outcome(one)
    assert {row[2] for row in one.scans} <= {"billed", "credited"}


def test_the_database_gives_what_the_twin_gives_of_doubtful_lots(database: str) -> None:
    async def both(told: list[dict[str, Any]]) -> None:
        async with postgres_store(database) as postgres:
            await postgres.empty()
            twin, books = await play_doubtful(MemoryStore(), told), await play_doubtful(postgres, told)
        assert books.without_instants() == twin.without_instants()

    @seed(20)
    @settings(quickly, max_examples=15)
    @given(doubtful_stays().flatmap(st.permutations))
    def example(told: list[dict[str, Any]]) -> None:
        run(both(told))

    example()
