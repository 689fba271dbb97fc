"""A set with goods of several suppliers names them all, has a finding, and is found by each of them."""

import re

from sinks.postgres.web.board import BoardBooks
from streams.embedded.broker import EmbeddedBroker
from streams.web.pages.figures import narrowed
from tests.integration.stock.moves.test_sets import SUPPLIED, of_set
from tests.support.builders import HOSPITAL, gs1, item
from tests.support.installed import installed

OF_TWO = (
    item(
        item_code="BOLT", supplier="S8", owner="supplier", cost=[{"cost": "1.00"}],
        identifiers=[{"issuer": "GS1", "di": "07032069804971", "units_per_package": 1}],
    ),
    item(version=2, **SUPPLIED),
)  # fmt: skip
BOLTS = [gs1("07032069804971", lot="L5")]


async def test_goods_of_two_suppliers_in_one_set_are_named_with_both(
    told: str, embedded_broker: EmbeddedBroker
) -> None:
    async with installed(told, embedded_broker) as house:
        await house.ward.learn(*OF_TWO)
        await house.ward.scan(
            of_set(900, "receive", document="LS-7"),
            of_set(901, "receive", document="LS-7", codes=BOLTS),
        )
        rows = await house.json("sets", "LS-7")
        assert {(row["supplier"], *row["findings"]) for row in rows} == {
            ("S8", "several-suppliers"), ("S9", "several-suppliers"),
        }  # fmt: skip
        assert re.search(r"LS-7 .*S8\W+S9", (await house.udi("sets")).stdout)
        board = BoardBooks(house.pool)
        columns, listed = await board.rows("sets", HOSPITAL, {}, 50)
        row = next(dict(zip(columns, each, strict=True)) for each in listed if each[0] == "LS-7")
        assert (row["supplier"], row["findings"]) == (["S8", "S9"], ["several-suppliers"])
        view = await house.pool.fetch("SELECT supplier, findings FROM report.loan_sets_2 WHERE document = 'LS-7'")
        assert sorted((each["supplier"], *each["findings"]) for each in view) == [
            ("S8", "several-suppliers"), ("S9", "several-suppliers"),
        ]  # fmt: skip
        before = await house.pool.fetch("SELECT findings FROM report.loan_sets WHERE document = 'LS-7'")
        assert [each["findings"] for each in before] == [[], []]


async def test_a_set_is_found_by_each_of_its_suppliers(told: str, embedded_broker: EmbeddedBroker) -> None:
    async with installed(told, embedded_broker) as house:
        await house.ward.learn(*OF_TWO)
        await house.ward.scan(
            of_set(900, "receive", document="LS-7"), of_set(901, "receive", document="LS-7", codes=BOLTS),
            of_set(902, "receive", document="LS-8", codes=BOLTS), of_set(903, "receive", document="LS-9"),
        )  # fmt: skip
        board = BoardBooks(house.pool)
        columns, every = await board.columns("sets"), await board.whole("sets", HOSPITAL)
        place = list(columns).index("document")
        for suppliers, documents in (
            (["S8"], {"LS-7", "LS-8"}), (["S9"], {"LS-7", "LS-9"}), (["S8", "S9"], {"LS-7", "LS-8", "LS-9"}),
            (["S8, S9"], set()), (["S"], set()),
        ):  # fmt: skip
            filters = {"supplier": suppliers, "document": ["LS-7", "LS-8", "LS-9"]}
            shown = {row[place] for row in narrowed(columns, every, filters)}
            _, asked = await board.rows("sets", HOSPITAL, filters, 50)
            assert (shown, {row[place] for row in asked}) == (documents, documents), suppliers
            assert await board.count("sets", HOSPITAL, filters) == len(documents)
