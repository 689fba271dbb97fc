"""The chance of an unread unit is the share in the books as of then, whatever has moved the goods."""

from collections.abc import AsyncIterator
from datetime import datetime
from decimal import Decimal
from random import Random
from typing import Any

import pytest

from models.stock.recall import Recall
from rules.stock.recall_matching import Match, Meant
from rules.stock.recall_shares import Shares
from sinks.ports.batch import RawRecord
from sinks.postgres.stock.recall_desk import RecallDesk
from sinks.postgres.stock.supply_facts import SupplyBatch, SupplyBooks
from streams.services.recall_lister import RecallLister
from tests.support.builders import BOX, DI, HOSPITAL, NOON, body, encounter, gs1, item, scan, scan_id
from tests.support.recalls import accept, recall
from tests.support.ward import PostgresStore, Ward, postgres_store

BAD, GOOD = (gs1(DI, expiry="271231", lot=lot) for lot in ("BAD", "GOOD"))
BOX_OF_BAD = gs1(BOX, expiry="271231", lot="BAD")
CONFIRMS = {"schema": "udi.store/1", "hospital": HOSPITAL, "store": "OR-3", "confirms_transfers": True}


@pytest.fixture
async def store(database: str) -> AsyncIterator[PostgresStore]:
    async with postgres_store(database) as made:
        yield made


@pytest.fixture
async def ward(store: PostgresStore) -> Ward:
    ward = await Ward(store).open(item(), encounter())
    books, batch = SupplyBooks(store.pool, 2), SupplyBatch()
    position = await books.take_over("c1", "udi.stores", 0)
    books.add_store(batch, books.parse_store(RawRecord(b"H1/OR-3", body(CONFIRMS))), NOON, position.origin(0))
    await books.record(position, 1, None, batch)
    return ward


def moved(number: int, action: str, quantity: int = 10, **changes: Any) -> dict[str, Any]:
    return scan(number, **{"action": action, "quantity": quantity, "encounter": None, "codes": [BAD]} | changes)


async def share(store: PostgresStore, at: datetime, of: str) -> Decimal | None:
    """Of lot BAD in a store, its rooms and what is lent to it, by the stock as of an instant."""
    rows = await store.pool.fetch(
        "SELECT lot, sum(quantity)::bigint AS units FROM udi.stock_as_of($1) "
        "WHERE udi.is_of_store(regexp_replace(store, '^lent/', ''), $2) GROUP BY 1",
        at, of,
    )  # fmt: skip
    units = {row["lot"]: max(row["units"], 0) for row in rows}
    total = sum(units.values())
    return Decimal(units.get("BAD", 0)) / total if total else None


@pytest.mark.parametrize(
    ("moves", "expected"),
    [
        ([moved(2, "accept", store="OR-3")], "0.5000"),
        ([moved(2, "receive", store="OR-3"), moved(3, "send-back", store="OR-3")], "0.0000"),
        ([moved(2, "receive", store="OR-3"), moved(3, "quarantine", store="OR-3")], "0.0000"),
        ([moved(2, "receive", store="OR-3"), moved(3, "lend", store="OR-3", to_store="OR-4")], "0.0000"),
        ([moved(2, "give-back", to_store="OR-3")], "0.5000"),
        ([moved(2, "clear", store="OR-3")], "0.5000"),
        ([moved(2, "receive", store="OR-3", place="cab1")], "0.5000"),
        ([moved(2, "receive", store="OR-3", codes=[GOOD]), scan(3, action="identify", codes=[BAD],
          corrects=str(scan_id(2)), quantity=10)], "0.5000"),
    ],
)  # fmt: skip
async def test_a_use_without_a_lot_has_the_chance_of_what_lay_in_its_store(
    ward: Ward, store: PostgresStore, moves: list[dict[str, Any]], expected: str
) -> None:
    await ward.scan(moved(1, "receive", store="OR-3", codes=[GOOD]), *moves)
    await ward.sweep()
    await ward.scan(scan(9, store="OR-3", item_code="SCREW"))
    await accept(store.pool, recall())

    await RecallLister(store.pool).look()

    line = await store.pool.fetchrow("SELECT chance, happened_at FROM report.recall_lines WHERE kind = 'possible'")
    assert line is not None
    chance, at = line
    before = await share(store, at.replace(second=at.second - 1), "OR-3")
    assert (str(chance), before) == (expected, Decimal(expected))


async def test_the_shares_are_those_of_the_stock_as_of_every_scan_of_a_random_story(
    ward: Ward, store: PostgresStore
) -> None:
    chosen = Random(7)  # noqa: S311 -- a story to repeat
    actions = ["receive", "transfer", "accept", "lend", "give-back", "quarantine", "clear", "send-back", "waste", "use"]
    for number in range(1, 90):
        action = chosen.choice(["receive", *actions])
        here, there = chosen.sample(["OR-2", "OR-3", "OR-4"], 2)
        changes = {
            "store": here, "codes": [chosen.choice([BAD, GOOD, BOX_OF_BAD])], "place": chosen.choice([None, "cab1"]),
            "encounter": "E1" if action == "use" else None,
        } | ({"to_store": there} if action in {"transfer", "lend", "give-back"} else {})  # fmt: skip
        await ward.scan(moved(number, action, chosen.randint(1, 9), **changes), lane=number % 2)
    notice = Recall.model_validate_json(body(recall()))
    await accept(store.pool, recall())

    async with RecallDesk(store.pool).listing(notice) as listing:
        found = await listing.materials()

    shares, meant = Shares(), Meant(notice, found.identifiers, found.scans)
    assert {each.action for each in found.scans} == set(actions)
    for each in found.scans:
        match = meant.scan(each)
        assert match is not Match.POSSIBLE
        if each.moved:
            shares.move(each, match)
        for of in ("OR-2", "OR-3", "OR-4"):
            assert shares.of(of, "SCREW", None) == await share(store, each.scanned_at, of), (each, of)
