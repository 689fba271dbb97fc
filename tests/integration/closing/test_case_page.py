"""`udi case`, run as a nurse runs it."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress

import pytest
from pydantic import SecretStr

from streams.services.prover import Prover
from streams.settings import Settings
from tests.support.builders import encounter, gs1, gtin, item, scan, scan_id
from tests.support.installed import Installed
from tests.support.ward import LANES, Ward, postgres_store

NOWHERE = "127.0.0.1:1"
"""No broker: the page needs the books alone."""
FREE = gtin(556)
DISCHARGED = encounter(discharged_at="2022-06-05T10:00:00+08:00")


@pytest.fixture
async def house(database: str) -> AsyncIterator[Installed]:
    settings = Settings(
        bootstrap_servers=NOWHERE, database_url=SecretStr(database), embedded_broker=True, log_append_time=False,
        lanes=LANES,
    )  # fmt: skip
    async with postgres_store(database) as store:
        ward = await Ward(store).open(item(), encounter())
        await ward.scan(scan(900, action="receive", encounter=None, device_id="gate", quantity=50))
        await ward.scan(scan(1, operation="OP-9"), scan(2, quantity=2))
        yield Installed(settings, store.pool, ward)


@asynccontextmanager
async def proving(house: Installed) -> AsyncIterator[None]:
    task = asyncio.create_task(Prover(house.pool).run())
    try:
        yield
    finally:
        task.cancel()
        with suppress(asyncio.CancelledError):
            await task


async def test_a_case_that_ties_is_shown_with_its_ledgers_and_exit_status_0(house: Installed) -> None:
    await house.ward.learn(DISCHARGED)
    await Prover(house.pool).until_idle()

    shown = await house.udi("case", "E1", "--history")

    assert shown.exit_code == 0, shown.output
    lines = [" ".join(line.split()) for line in shown.stdout.splitlines()]
    assert "Case E1 of H1: discharged 2022-06-05 10:00." in lines
    assert "06-03 12:00 螺钉 L1 2 2,468.00 billed" in lines
    assert "uses 3 3,702.00" in lines
    assert "out of stock 3 3,702.00 yes" in lines
    assert "charged 3 3,702.00 yes 3 are to be charged" in lines
    assert "owed to suppliers 0 0.00 yes 0 are suppliers', at cost" in lines
    assert "All four ledgers tie." in lines
    assert "This is what was published as version 1 (discharged)." in lines
    assert any(line.startswith("1 discharged closed 0 2022-06-03 12:0") for line in lines)


async def test_a_case_with_a_gap_says_what_to_do_and_exit_status_is_1(house: Installed) -> None:
    await house.ward.learn(item(prices=[]))
    await house.ward.scan(scan(3))

    shown = await house.udi("case", "E1", "--hospital", "H1")

    text = " ".join(shown.stdout.split())
    assert shown.exit_code == 1
    assert "not closed yet" in text
    assert "not charged yet, no price on the day of use: udi parked shows what is missing" in text
    assert "out of stock 4 3,702.00 yes 1 of scans that wait" in text
    assert "Not proven yet: nothing has closed it." in text


async def test_a_use_says_what_has_become_of_it(house: Installed) -> None:
    await house.ward.learn(
        item(
            item_code="GAUZE",
            name="纱布",
            identifiers=[{"issuer": "GS1", "di": FREE, "units_per_package": 1}],
            chargeable=False,
        )
    )
    await house.ward.scan(
        scan(3, action="return", corrects=str(scan_id(1))), scan(4, action="return", corrects=str(scan_id(2))),
        scan(5, codes=[gs1(FREE, lot="G1")]),
    )  # fmt: skip

    shown = await house.udi("case", "E1")

    lines = [" ".join(line.split()) for line in shown.stdout.splitlines()]
    assert "06-03 12:00 螺钉 L1 0 0.00 billed, all returned" in lines
    assert "06-03 12:00 螺钉 L1 1 1,234.00 billed, 1 returned" in lines
    assert "06-03 12:00 纱布 G1 1 0.00 recorded: not charged" in lines


async def test_machines_get_everything(house: Installed) -> None:
    await house.ward.learn(DISCHARGED)
    await Prover(house.pool).until_idle()
    await house.ward.scan(scan(3))

    found = await house.json("case", "E1", "--operation", "OP-9")
    assert (found["verdict"], found["operation"], [use["scan_id"] for use in found["uses"]], found["proofs"]) == (
        "closed", "OP-9", [str(scan_id(1))], [],
    )  # fmt: skip
    whole = await house.json("case", "E1")
    assert (whole["verdict"], whole["published"], whole["ledgers"]["charges"]) == (
        "closed", False, {"units": 4, "amount": "4936.00"},
    )  # fmt: skip
    assert whole["tied"] == {"stock_out": True, "charges": True, "settlement": True}
    assert [(proof["version"], proof["verdict"]) for proof in whole["proofs"]] == [(1, "closed")]


async def test_a_person_closes_an_operation_and_waits_for_its_proof(house: Installed) -> None:
    async with proving(house):
        shown = await house.udi("case", "E1", "--operation", "OP-9", "--close", "--by", "wang", "--timeout", "30")
    assert shown.exit_code == 0
    assert "This is what was published as version 1 (closed-by-person)." in shown.stdout
    assert [tuple(row) for row in await house.pool.fetch("SELECT operation, n, by FROM udi.case_close")] == [
        ("OP-9", 1, "wang")
    ]


async def test_a_close_that_nobody_proves_in_time_says_so(house: Installed) -> None:
    shown = await house.udi("case", "E1", "--close", "--by", "wang", "--timeout", "0")
    assert "Not proven yet: the scheduler proves what has closed" in shown.stdout
    assert await house.pool.fetchval("SELECT count(*) FROM udi.case_close") == 1


@pytest.mark.parametrize(
    ("arguments", "line"),
    [
        (("E404",), "Expected an encounter, found none named E404."),
        (("E1", "--hospital", "H2"), "--hospital: expected one of H1, got 'H2'."),
        (("E1", "--operation", "OP-7"), "Expected an operation of E1 (OP-9), got OP-7."),
        (("E1", "--by", "wang"), "Expected --by with --close, got it alone."),
        (("E1", "--close", "--by", " "), "Expected some words for --by, got only blanks."),
    ],
)
async def test_what_is_not_there_is_said_in_one_line_with_exit_status_2(
    house: Installed, arguments: tuple[str, ...], line: str
) -> None:
    shown = await house.udi("case", *arguments)
    assert (shown.exit_code, shown.output.strip()) == (2, f"udi: {line}")


async def test_an_encounter_of_two_hospitals_must_be_told_apart(house: Installed) -> None:
    await house.ward.learn(encounter(hospital="H2"))
    shown = await house.udi("case", "E1")
    assert (shown.exit_code, shown.output.strip()) == (
        2,
        "udi: Expected --hospital: H1, H2 have an encounter named E1.",
    )
