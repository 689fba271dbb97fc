"""What must never happen is refused by the database too, whoever writes: each by a name of its own."""

import asyncio
from collections.abc import AsyncIterator, Iterator
from dataclasses import replace
from typing import Any

import asyncpg
import pytest

from models.charging.snapshot import Catalogue, Lookup
from sinks.ports.batch import Batch, ClaimTakenError, LaneMovedError, RecordingError, StaleError
from sinks.postgres.charging.supply import UNITS_WANTED
from streams.embedded.database import EmbeddedDatabase
from tests.support.builders import DI, gs1, scan, scan_id
from tests.support.loops import run
from tests.support.servers.postgres import create_database, drop_database
from tests.support.ward import Between, PostgresStore, Ward, postgres_store, usual

GOODS = gs1(DI, expiry="271231", lot="L1")
CREDIT = """
INSERT INTO udi.ledger
SELECT position_id, record_offset + 1000 + $1::int, n, 'credit', gen_random_uuid(), position_id, record_offset, n, $1,
    hospital, encounter, department, team, item_code, insurance_code, $2, unit_price, $3, price_version, period,
    posted_at, flags
FROM udi.ledger WHERE kind = 'charge'
"""


Session = asyncpg.Connection


async def fill(url: str) -> None:
    """Books that hold one use of two units at 1,234.00 yuan each, and the return of one of them."""
    async with postgres_store(url) as store:
        ward = await Ward(store).open(*usual())
        await ward.scan(scan(1, codes=[GOODS], quantity=2))
        await ward.scan(scan(2, codes=[GOODS], action="return", corrects=str(scan_id(1))))


@pytest.fixture(scope="module")
def filled(database_server: EmbeddedDatabase, schema_template: str) -> Iterator[str]:
    """The address of filled books that every test leaves as they are."""
    run(database_server.start())
    url = run(create_database(database_server.url, schema_template))
    run(fill(url))
    yield url
    run(database_server.start())
    run(drop_database(database_server.url, url))


@pytest.fixture
async def session(filled: str) -> AsyncIterator[Session]:
    """A transaction over the filled books that is rolled back."""
    connection = await asyncpg.connect(filled)
    transaction = connection.transaction()
    await transaction.start()
    yield connection
    await transaction.rollback()
    await connection.close()


@pytest.fixture
async def store(filled: str) -> AsyncIterator[PostgresStore]:
    async with postgres_store(filled) as books:
        yield books


async def constraint_of(session: Session, statement: str, *arguments: Any) -> str | None:
    """The name of the constraint that refuses the statement."""
    with pytest.raises(asyncpg.IntegrityConstraintViolationError) as refused:
        async with session.transaction():
            await session.execute(statement, *arguments)
    return refused.value.constraint_name


# Append-only ------------------------------------------------------------------------------------------------------

BOOKS = (
    "scan",
    "decision",
    "ledger",
    "settlement",
    "alert",
    "catalogue",
    "encounter",
    "period_close",
    "hospital_policy",
    "forced_close",
)


@pytest.mark.parametrize("book", BOOKS)
async def test_what_is_written_in_a_book_stays(session: Session, book: str) -> None:
    column = "lane" if book == "decision" else "hospital"

    for change in (f"UPDATE udi.{book} SET {column} = {column}", f"DELETE FROM udi.{book}", f"TRUNCATE udi.{book}"):
        with pytest.raises(asyncpg.RestrictViolationError, match=f"{book} is append-only"):
            async with session.transaction():
                await session.execute(change)


# Money ------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("units", "fen"),
    [
        (2, 0),
        (1, 123401),
    ],
)
async def test_credits_beyond_their_charge_are_refused(session: Session, units: int, fen: int) -> None:
    assert await constraint_of(session, CREDIT, 2, units, fen) == "credits_within_charge"


async def test_credits_up_to_their_charge_are_taken(session: Session) -> None:
    await session.execute(CREDIT, 2, 1, 123400)

    assert await session.fetchval("SELECT sum(amount_fen) FROM udi.ledger WHERE kind = 'credit'") == 2 * 123400


async def test_a_credit_without_its_charge_is_refused(session: Session) -> None:
    lost = CREDIT.replace("position_id, record_offset, n, $1,", "position_id, record_offset + 77, n, $1,")

    assert await constraint_of(session, lost, 2, 1, 1) == "credits_within_charge"


async def test_a_credit_names_its_charge_and_a_charge_names_none(session: Session) -> None:
    nameless = CREDIT.replace("position_id, record_offset, n, $1,", "NULL, NULL, NULL, $1::int,")
    charge = CREDIT.replace("'credit'", "'charge'")

    assert await constraint_of(session, nameless, 2, 1, 1) == "credit_names_its_charge"
    assert await constraint_of(session, charge, 2, 1, 1) == "credit_names_its_charge"


async def test_a_credit_number_is_given_once(session: Session) -> None:
    assert await constraint_of(session, CREDIT, 1, 1, 1) == "credit_numbered_once"


async def test_a_closed_month_gets_no_rows(session: Session) -> None:
    await session.execute("INSERT INTO udi.period VALUES ('H1', 202206)")

    assert await constraint_of(session, CREDIT, 2, 1, 1) == "closed_month_gets_no_rows"


async def test_the_month_after_a_closed_one_is_open(session: Session) -> None:
    await session.execute("INSERT INTO udi.period VALUES ('H1', 202205)")

    await session.execute(CREDIT, 2, 1, 1)

    assert await session.fetchval("SELECT count(*) FROM udi.ledger") == 3


@pytest.mark.parametrize(
    ("units", "fen", "name"), [(0, 1, "ledger_quantity_check"), (1, -1, "ledger_amount_fen_check")]
)
async def test_an_entry_has_units_and_no_negative_amount(session: Session, units: int, fen: int, name: str) -> None:
    assert await constraint_of(session, CREDIT, 2, units, fen) == name


# Claims -----------------------------------------------------------------------------------------------------------


async def test_a_scan_id_is_recorded_once(session: Session) -> None:
    again = (
        "INSERT INTO udi.scan_claim SELECT hospital, scan_id, 9::smallint, 9, fingerprint FROM udi.scan_claim LIMIT 1"
    )

    assert await constraint_of(session, again) == "scan_recorded_once"


async def test_a_unit_is_used_once(session: Session) -> None:
    claim = "INSERT INTO udi.unit_claim SELECT 'H1', 'GS1', '06901234567892', 'S1', 9::smallint, $1::bigint"
    await session.execute(claim, 9)

    assert await constraint_of(session, claim, 10) == "unit_used_once"


async def test_a_return_of_a_use_is_numbered_once(session: Session) -> None:
    again = "INSERT INTO udi.use_change SELECT use_position, use_offset, n, 1, 9::smallint, 9 FROM udi.use_change"

    assert await constraint_of(session, again) == "use_change_numbered_once"


async def test_an_input_offset_is_recorded_once(session: Session) -> None:
    assert await constraint_of(session, "INSERT INTO udi.scan SELECT * FROM udi.scan") == "scan_pkey"


async def test_a_sequence_number_of_the_outbox_is_given_once(session: Session) -> None:
    assert (
        await constraint_of(session, "INSERT INTO udi.outbox_block SELECT * FROM udi.outbox_block")
        == "outbox_block_pkey"
    )


async def test_an_outbox_block_has_as_many_ids_and_bodies_as_numbers(session: Session) -> None:
    wrong = """INSERT INTO udi.outbox_block (topic, partition, first_seq, last_seq, ids, keys, bodies)
        SELECT topic, partition, 100, 102, ids, keys, bodies FROM udi.outbox_block LIMIT 1"""

    assert await constraint_of(session, wrong) == "outbox_block_check"


# The lane ---------------------------------------------------------------------------------------------------------


async def empty_batch(store: PostgresStore, lane: int = 0, **changes: Any) -> Batch:
    """A batch without results, decided on what stands now but for the changes."""
    gathered = await store.books.gather(lane, Lookup(hospitals={"H1"}), Catalogue())
    position = (await store.books.take_over("c1", "udi.scans", lane)).position
    for name, value in changes.items():
        setattr(gathered, name, value)
    return Batch(lane, position, position.next_offset, None, gathered, [])


async def test_a_batch_that_holds_in_everything_is_recorded(store: PostgresStore) -> None:
    batch = await empty_batch(store, lane=1)

    assert await store.books.record(batch) == batch.gathered.lane_version + 1
    assert (await empty_batch(store, lane=1)).gathered.lane_version == batch.gathered.lane_version + 1


@pytest.mark.parametrize(
    ("changes", "error"),
    [
        ({"lane_version": 1}, LaneMovedError),
        ({"lane_version": 3}, LaneMovedError),
        ({"closed": {"H1": 202205}}, StaleError),
    ],
)
async def test_a_batch_that_does_not_hold_is_refused(
    store: PostgresStore, changes: dict[str, Any], error: type[RecordingError]
) -> None:
    before = await store.account()

    with pytest.raises(error):
        await store.books.record(await empty_batch(store, **changes))

    assert await store.account() == before


async def test_a_batch_from_another_offset_is_refused(store: PostgresStore) -> None:
    batch = await empty_batch(store)

    with pytest.raises(LaneMovedError):
        await store.books.record(replace(batch, position=replace(batch.position, next_offset=1)))
    with pytest.raises(LaneMovedError):
        await store.books.record(replace(batch, position=replace(batch.position, next_offset=3)))


async def test_a_batch_by_facts_older_than_the_lane_has_seen_is_refused(store: PostgresStore) -> None:
    await store.books.record(replace(await empty_batch(store, lane=1), facts_seen=2))
    assert (await empty_batch(store, lane=1)).gathered.facts_seen == 2

    with pytest.raises(StaleError):
        await store.books.record(await empty_batch(store, lane=1, facts_version=1))
    assert await store.books.record(await empty_batch(store, lane=1, facts_version=2)) > 0


@pytest.mark.parametrize("table", ["balance", "store_item"])
@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE udi.{table} SET quantity = quantity + 1",
        "UPDATE udi.{table} SET quantity = quantity /* record_4( */ + 1",
        "DELETE FROM udi.{table}",
        "TRUNCATE udi.{table}",
        "INSERT INTO udi.{table} SELECT * FROM udi.{table} WHERE false",
        "DO $$ BEGIN UPDATE udi.{table} SET quantity = 0; END $$",
    ],
)
async def test_a_balance_is_written_by_the_record_step_alone(session: Session, table: str, statement: str) -> None:
    with pytest.raises(asyncpg.RestrictViolationError, match=f"{table} is kept by the record step alone"):
        await session.execute(statement.format(table=table))


async def test_a_function_of_another_name_may_not_write_balances(session: Session) -> None:
    made = "CREATE FUNCTION pg_temp.record_more() RETURNS void LANGUAGE plpgsql AS"
    await session.execute(f"{made} 'BEGIN DELETE FROM udi.balance; END'")
    with pytest.raises(asyncpg.RestrictViolationError):
        await session.execute("SELECT pg_temp.record_more()")


async def test_the_record_step_may_write_balances_whatever_the_search_path(database: str) -> None:
    """PostgreSQL names the function with its schema, or without where the search path has that."""
    async with postgres_store(database) as store:
        ward = await Ward(store).open(*usual())
        await store.pool.execute(f"ALTER DATABASE {database.rpartition('/')[2]} SET search_path = udi, public")
        await store.pool.expire_connections()
        await ward.scan(scan(1, codes=[GOODS], quantity=2))
        assert await store.pool.fetchval("SHOW search_path") == "udi, public"
        assert await store.pool.fetchval("SELECT sum(quantity) FROM udi.balance") == -2


# Two that claim at once -------------------------------------------------------------------------------------------

CLAIMS = {
    "scan": f"INSERT INTO udi.scan_claim VALUES ('H1', '{scan_id(1)}', 0, 1, 'another')",
    "unit": f"INSERT INTO udi.unit_claim VALUES ('H1', 'GS1', '{DI}', 'S1', 0, 1)",
}
"""What another lane has inserted and not yet committed."""


@pytest.mark.parametrize(
    ("claim", "recorded", "failures", "verdict"),
    [
        ("scan", True, [ClaimTakenError], ("conflict", ("conflict",))),
        ("scan", False, [], ("billed", ("stock-negative",))),
        ("unit", True, [ClaimTakenError], ("held", ("serial-used",))),
        ("unit", False, [], ("billed", ("stock-negative",))),
    ],
)
async def test_who_claims_second_waits_and_decides_again_by_what_the_first_did(
    database: str, claim: str, recorded: bool, failures: list[type[Exception]], verdict: tuple[str, tuple[str, ...]]
) -> None:
    async with postgres_store(database) as store:
        ward = await Ward(store).open(*usual())
        books = Between(store.books)
        ward.lanes[0] = await ward.lane(0, books.port)
        async with store.pool.acquire() as other:
            first = other.transaction()
            await first.start()
            await other.execute(CLAIMS[claim])
            second = asyncio.create_task(ward.scan(scan(1, codes=[gs1(DI, expiry="271231", lot="L1", serial="S1")])))
            while not await other.fetchval("SELECT count(*) FROM pg_locks WHERE NOT granted"):
                assert not second.done()
                await asyncio.sleep(0.01)
            await (first.commit() if recorded else first.rollback())
        await second

        assert books.failures == failures
        assert [row[3:5] for row in (await ward.account()).verdicts] == [verdict]


# How it is looked up ----------------------------------------------------------------------------------------------

UNITS = """
INSERT INTO udi.unit_place
SELECT 'H1', 'GS1', '069' || lpad(i::text, 11, '0'), 'SN' || lpad(i::text, 9, '0'), 'I' || i, 'patient', 'OR-1',
       now(), 0, 1, i
FROM generate_series(1, 180) i
"""
"""So few that another index than that of the key looked as good."""


async def test_where_a_unit_is_is_looked_up_by_its_key_however_small_the_table_was(database: str) -> None:
    async with postgres_store(database) as store, store.pool.acquire() as connection, connection.transaction():
        await connection.execute("ALTER TABLE udi.unit_place DISABLE TRIGGER by_moves_alone")
        await connection.execute(UNITS)
        await connection.execute(f"PREPARE asked AS {UNITS_WANTED}")
        plan = await connection.fetch("EXPLAIN EXECUTE asked (NULL, NULL, NULL, NULL)")

    assert [line for (line,) in plan if "unit_has_one_place" in line], plan
