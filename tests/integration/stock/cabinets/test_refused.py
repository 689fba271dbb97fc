"""Reads of stores nobody has told are on the work list; of places of the books, and of another time, they are none."""

from datetime import timedelta
from typing import Any

import pytest
from pydantic import SecretStr

from models.stock.cabinet import CabinetRead, read_cabinet
from models.stock.places import misnamed
from sinks.postgres.stock.cabinets import misdated
from sinks.postgres.stock.shelves import Stray, strays
from streams import language
from streams.cli.operating.dead_letters import dead_letters
from streams.cli.phrases import told
from streams.embedded.broker import EmbeddedBroker
from streams.settings import Settings
from tests.integration.stock.cabinets.reading import Cabinet, read, tag, unit
from tests.integration.stock.moves.test_store_names import PLACES, tell
from tests.support.builders import NOON, body
from tests.support.installed import installed
from tests.support.ward import PostgresStore, Ward

# Stores ------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("place", PLACES)
async def test_a_cabinet_of_no_store_but_a_place_of_the_books_is_refused(
    ward: Ward, store: PostgresStore, cabinet: Cabinet, place: str
) -> None:
    assert ward is not None
    said = read_cabinet(f"H1/{place}".encode(), body(read(1, tag(1), store=place)))
    assert said == misnamed("store", place)
    [letter] = await cabinet.sees(read(1, tag(1), store=place))
    assert str(letter.reason) == "bad-event"
    assert await store.pool.fetchval("SELECT count(*) FROM udi.cabinet_read") == 0


async def test_a_cabinet_in_a_store_nobody_has_told_is_on_the_work_list_until_it_is_told(
    ward: Ward, store: PostgresStore, cabinet: Cabinet
) -> None:
    """By its newest read; goods of the same store stand beside it. Nothing is refused."""
    strange = {"store": "OR-9", "place": "cab7"}
    assert await cabinet.sees(read(1, tag(1), **strange)) == []
    assert await strays(store.pool) == []
    await tell(store, "OR-2")
    await cabinet.sees(read(2, tag(1), tag(2), "noise", **strange), read(2, tag(3)), read(3, store="OR-2/wing"))
    await ward.scan(unit(30, 9, store="OR-9", place=None, action="receive", encounter=None))

    def listed(rows: list[Stray]) -> list[tuple[Any, ...]]:
        return [(each.store, each.place, each.item_code, each.quantity, each.action, each.scanned_at) for each in rows]

    goods = ("OR-9", "OR-9", "SCREW", 1, "receive", NOON + timedelta(seconds=30))
    seen = ("OR-9", "OR-9/cab7", None, 3, "cabinet-read", NOON + timedelta(minutes=2))
    assert listed(await strays(store.pool)) == [goods, seen]
    assert listed(await strays(store.pool, "OR-9", "SCREW")) == [goods]
    await cabinet.sees(read(4, **strange))
    assert listed(await strays(store.pool, "OR-9"))[1] == (*seen[:3], 0, "cabinet-read", NOON + timedelta(minutes=4))
    await tell(store, "OR-9")
    assert await strays(store.pool) == []


async def test_people_see_cabinets_in_stores_nobody_has_told(told: str, embedded_broker: EmbeddedBroker) -> None:
    async with installed(told, embedded_broker) as house:
        store = PostgresStore(house.pool)
        await tell(store, "OR-2", "OR-3")
        await Cabinet(house.pool).sees(read(1, tag(1), store="OR-9"))
        shown = (await house.udi("stock", "--unknown-stores", "--store", "OR-9")).stdout
        assert ("cabinet-read" in shown, "0 balances and 1 cabinets in 1 stores" in shown) == (True, True)
        [row] = await house.json("stock", "--unknown-stores", "--store", "OR-9")
        assert (row["place"], row["item_code"], row["action"]) == ("OR-9/cab1", None, "cabinet-read")


# Time --------------------------------------------------------------------------------------------------------------


async def test_a_read_from_the_future_says_what_is_wrong_and_from_when_on_it_is_accepted(
    ward: Ward, store: PostgresStore, cabinet: Cabinet, database: str
) -> None:
    """Years after the broker's time and ours; before 2000 no time will do."""
    assert ward is not None
    future, past = "2090-06-04T12:00:00+08:00", "1999-12-31T00:00:00+00:00"
    await cabinet.sees(read(1) | {"read_at": future}, read(1) | {"read_at": past})
    found = await dead_letters(Settings(database_url=SecretStr(database)), store.pool, None, None)
    soon = (
        "read_at: Expected an instant at most 24 hours after the broker's (so from 2090-06-03T04:00:00+00:00 on it is "
        "accepted), got 2090-06-04T04:00:00+00:00."
    )
    never = "read_at: Expected an instant from 2000 on, got 1999-12-31T00:00:00+00:00."
    assert sorted(str(each.detail) for each in found) == [soon, never]
    said = misdated(CabinetRead.model_validate_json(body(read(1) | {"read_at": future})), NOON)
    assert said is not None
    assert said.detail == soon
    oldest = "2000-01-01T00:00:00+08:00"
    assert misdated(CabinetRead.model_validate_json(body(read(1) | {"read_at": oldest})), NOON) is None
    language.choose("zh-CN")
    in_chinese = told(soon)
    language.choose("en")
    assert "自 2090-06-03T04:00:00+00:00 起可接受" in in_chinese


@pytest.mark.parametrize(("ahead", "accepted"), [(timedelta(), True), (timedelta(microseconds=1), False)])
def test_a_read_is_accepted_up_to_a_day_ahead(ahead: timedelta, accepted: bool) -> None:
    made = CabinetRead.model_validate_json(body(read(24 * 60)))
    assert (misdated(made, NOON - ahead) is None) is accepted
