"""What one label of a lot says of its days holds for the lot: the block, the list and the stock, on the same books."""

from collections.abc import AsyncIterator, Callable
from random import Random
from typing import Any

import pytest

from models.charging.commands import CommandKind
from models.reasons import Reason
from models.stock.recall import Recall
from rules.stock.recall_matching import Match, Meant
from sinks.memory.books import MemoryBooks
from sinks.postgres.stock.recall_desk import RecallDesk
from streams.services.recall_lister import list_notice
from tests.support.builders import BOX, DI, NOON, body, encounter, gs1, item, scan, scan_id
from tests.support.recalls import accept, recall
from tests.support.ward import Between, MemoryStore, PostgresStore, Ward, postgres_store, record, records, verdicts

MARCH = [{"item_code": "SCREW", "produced_from": "2021-03-01", "produced_to": "2021-03-31"}]
"""Of all that was made in March."""


def code(di: str = DI, lot: str | None = "L1", made: str | None = None, **more: str) -> str:
    """A label; `made` is the day of production as `yymmdd`."""
    whole = gs1(di, lot=lot, **more)
    return whole[: 5 + len(di)] + (f"11{made}" if made else "") + whole[5 + len(di) :]


@pytest.fixture
async def store(database: str) -> AsyncIterator[PostgresStore]:
    async with postgres_store(database) as made:
        yield made


@pytest.fixture
async def ward(store: PostgresStore) -> Ward:
    return await Ward(store).open(item(), *(encounter(encounter=f"E{n}") for n in range(1, 9)))


def comes(number: int, quantity: int = 1, **label: Any) -> dict[str, Any]:
    return scan(number, action="receive", encounter=None, quantity=quantity, codes=[code(**label)])


def used(number: int, patient: str = "E1", **label: Any) -> dict[str, Any]:
    return scan(number, encounter=patient, codes=[code(**label)])


async def verdict(ward: Ward, number: int) -> tuple[str, bool]:
    found, reasons = verdicts(await ward.account())[str(scan_id(number))]
    return found, Reason.RECALLED in reasons


async def lines(store: PostgresStore, name: str = "R1") -> list[tuple[Any, ...]]:
    (accepted,) = await RecallDesk(store.pool).notices("H1", name)
    await list_notice(RecallDesk(store.pool), accepted.notice)
    rows = await RecallDesk(store.pool).lines(accepted.notice)
    return sorted((str(row.kind), row.encounter or row.store, row.quantity) for row in rows if row.status != "gone")


async def test_a_box_that_says_the_day_blocks_the_label_inside_that_does_not(ward: Ward, store: PostgresStore) -> None:
    await ward.scan(comes(1, 2, di=BOX, made="210331"), comes(2, 5, lot="L2", made="210401"))
    await accept(store.pool, recall(lines=MARCH))
    await ward.scan(used(3), lane=1)
    await ward.scan(used(4, lot="L2"), used(5, lot="l1"), used(6, lot="L2", made="210331"), used(7, lot="L3"))
    await ward.scan(scan(8, action="transfer", to_store="OR-3", encounter=None, codes=[code()]), lane=1)

    assert [await verdict(ward, number) for number in range(3, 9)] == [
        ("held", True), ("billed", False), ("held", True), ("held", True), ("billed", False), ("recorded", True),
    ]  # fmt: skip


async def test_a_label_of_the_same_batch_tells_the_day_of_the_next(ward: Ward, store: PostgresStore) -> None:
    await accept(store.pool, recall(lines=MARCH))
    lane = await ward.lane(0)
    await record(lane, records([comes(1, 1, di=BOX, made="210331"), used(2), used(3, lot="L2")], 0))

    assert [await verdict(ward, number) for number in (1, 2, 3)] == [
        ("recorded", True), ("held", True), ("billed", False)
    ]  # fmt: skip


async def test_a_use_gathered_before_the_notice_asks_for_the_day_when_it_is_decided_again(
    ward: Ward, store: PostgresStore
) -> None:
    await ward.scan(comes(1, 1, di=BOX, made="210331"))
    between = Between(store.books)
    lane = await ward.lane(1, between.port)

    async def happens() -> None:
        await accept(store.pool, recall(lines=MARCH))

    between.then(happens)
    await record(lane, records([used(2), used(3, lot="L2")], 0))

    assert [each.__name__ for each in between.failures] == ["StaleError"]
    assert [await verdict(ward, number) for number in (2, 3)] == [("held", True), ("billed", False)]


async def test_the_twin_knows_the_day_of_a_lot() -> None:
    memory = MemoryBooks()
    ward = await Ward(MemoryStore(memory)).open(item(), encounter())
    await ward.scan(comes(1, 1, di=BOX, made="210331"))
    memory.accept_recall(Recall.model_validate_json(body(recall(lines=MARCH))), NOON)
    await ward.scan(used(2), used(3, lot="L2"), lane=1)

    assert [await verdict(ward, number) for number in (2, 3)] == [("held", True), ("billed", False)]


async def test_what_was_taken_back_says_nothing(ward: Ward, store: PostgresStore) -> None:
    await ward.scan(comes(1, 2, made="210331"))
    await ward.scan(scan(2, codes=[code(made="210401")]))
    await accept(store.pool, recall(lines=MARCH))
    await ward.scan(used(3))
    await store.command(CommandKind.REJECT, 2)
    await ward.sweep()
    await ward.scan(used(4))

    assert [await verdict(ward, number) for number in (3, 4)] == [("billed", False), ("held", True)]


async def test_a_unit_whose_lot_only_another_label_says_is_held(ward: Ward, store: PostgresStore) -> None:
    await ward.scan(comes(1, serial="S1"), comes(2, serial="S2", lot="L2"), comes(3, made="210310"))
    await accept(store.pool, recall(lines=[{"item_code": "SCREW", "lots": ["L1"]}]), recall(name="R2", lines=MARCH))
    await ward.scan(used(4, lot=None, serial="s1"), used(5, lot=None, serial="S2"), used(6, lot=None, serial="S3"))

    assert [await verdict(ward, number) for number in (4, 5, 6)] == [
        ("held", True), ("billed", False), ("billed", False)
    ]  # fmt: skip
    assert ("certain", "E1", 1) in await lines(store)


async def test_a_lot_of_two_days_is_possibly_meant_where_the_label_says_none(ward: Ward, store: PostgresStore) -> None:
    await ward.scan(comes(1, 5, made="210310"), comes(2, 5, made="210410"), comes(3, 10, lot="L9", made="210410"))
    await ward.scan(used(4, "E1", made="210410"), used(5, "E2", made="210310"), used(6, "E3"), used(7, "E4", lot="L9"))
    await accept(store.pool, recall(lines=MARCH), recall(name="R2", lines=[
        {"item_code": "SCREW", "lots": ["l1"], "produced_from": "2021-04-01"}
    ]))  # fmt: skip
    await ward.scan(used(8, "E5"))

    assert await lines(store) == [
        ("certain", "E2", 1), ("possible", "E3", 1), ("possible", "E5", 1), ("shelf", "OR-2", 6),
    ]  # fmt: skip
    assert await lines(store, "R2") == [
        ("certain", "E1", 1), ("possible", "E3", 1), ("possible", "E5", 1), ("shelf", "OR-2", 6),
    ]  # fmt: skip
    # Of the eight that lay there of this lot, four were made in March; other lots are not among what it may be.
    chances = await store.pool.fetch(
        "SELECT encounter, chance FROM report.recall_lines_2 WHERE recall = 'R1' AND kind = 'possible' ORDER BY 1"
    )
    assert {row["encounter"]: str(row["chance"]) for row in chances} == {"E3": "0.5000", "E5": "0.5000"}
    assert await verdict(ward, 8) == ("billed", False)
    usable = await store.pool.fetch("SELECT lot, unusable FROM udi.usable_5('H1', '2022-06-03') ORDER BY lot")
    assert [tuple(row) for row in usable] == [("L1", None), ("L9", None)]


LOTS, SERIALS = ("L1", "l1", "L2", None), ("S1", "s1", "S2", None)


def labels(random: Random) -> Callable[[], dict[str, Any]]:
    """Any label of books in which a lot has mostly one day."""
    days = {lot: random.sample(("210310", "210331", "210410"), random.choice((1, 1, 2))) for lot in LOTS}

    def label() -> dict[str, Any]:
        lot = random.choice(LOTS)
        made = {"di": random.choice((DI, BOX)), "lot": lot, "made": random.choice((*days[lot], None, None))}
        made |= {"serial": random.choice(SERIALS), "expiry": random.choice(("271231", None))}
        return {name: value for name, value in made.items() if name == "lot" or value is not None}

    return label


def any_line(random: Random) -> dict[str, Any]:
    made: dict[str, Any] = {"item_code": "SCREW"}
    if random.random() < 0.4:
        made["lots"] = ["L1"]
    if random.random() < 0.6:
        made |= {
            "produced_from": "2021-03-01",
            "produced_to": random.choice(("2021-03-10", "2021-03-31", "2021-04-30")),
        }
    if random.random() < 0.3:
        made["expiry_to"] = "2027-12-31"
    return made


@pytest.mark.parametrize("seed", range(6))
async def test_block_list_and_stock_say_the_same_of_any_books(ward: Ward, store: PostgresStore, seed: int) -> None:
    random = Random(seed)  # noqa: S311 -- a test's chance
    any_label = labels(random)
    for number in range(1, 15):
        label = any_label()
        await ward.scan(comes(number, 1 if "serial" in label else 3, **label), lane=number % 2)
    notice = recall(lines=[any_line(random)])
    await accept(store.pool, notice)
    before = await RecallDesk(store.pool).notices()
    async with RecallDesk(store.pool).listing(before[0].notice) as listing:
        found = await listing.materials()
    meant = Meant(before[0].notice, found.identifiers, found.scans)

    blocked = {
        (row["place"], row["lot"], row["serial"]): row["unusable"] == "recalled"
        for row in await store.pool.fetch("SELECT * FROM udi.usable_5('H1', '2022-06-03')")
    }
    listed = {(each.place, each.lot, each.serial): meant.holding(each) is Match.CERTAIN for each in found.holdings}
    assert {key: blocked[key] for key in listed} == listed
    for number in range(100, 120):
        label = any_label()
        await ward.scan(scan(number, action="transfer", to_store="OR-3", encounter=None, codes=[code(**label)]))
        async with RecallDesk(store.pool).listing(before[0].notice) as listing:
            again = await listing.materials()
        now = Meant(before[0].notice, again.identifiers, again.scans)
        (mine,) = [each for each in again.scans if each.scan_id == scan_id(number)]
        assert (Reason.RECALLED in mine.reasons) == (now.scan(mine) is Match.CERTAIN), (label, notice)
