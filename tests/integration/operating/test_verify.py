"""`udi verify` over the books: every invariant holds over what was recorded, and each is seen when it is broken."""

from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import asyncpg
import pytest

from models.calendar import Month
from rules.stock.invoicing import match_invoice
from sinks.postgres.named import Connection
from sinks.postgres.stock.statements import StatementBooks
from sinks.postgres.verifying.books import Check, checks, run_check, verify_books
from streams.embedded.database import EmbeddedDatabase
from tests.support.builders import HOSPITAL
from tests.support.loops import run
from tests.support.servers.postgres import create_database, drop_database
from tests.support.ward import Ward, postgres_store

DAMAGE = {
    head.partition(": ")[0]: statement
    for head, _, statement in (
        part.partition("\n")
        for part in Path(__file__).with_name("damage.sql").read_text(encoding="utf-8").split("-- check: ")[1:]
    )
}


@pytest.fixture(scope="module")
def filled(database_server: EmbeddedDatabase, story_template: str) -> Iterator[str]:
    """The address of books that every test leaves as they are."""
    run(database_server.start())
    url = run(create_database(database_server.url, story_template))
    run(_state(url))
    yield url
    run(database_server.start())
    run(drop_database(database_server.url, url))


async def _state(url: str) -> None:
    async with postgres_store(url) as store:
        await StatementBooks(store.pool).make(HOSPITAL, "S9", Month(202206), match_invoice, "wang")


@pytest.fixture
async def session(filled: str) -> AsyncIterator[asyncpg.Connection]:
    connection = await asyncpg.connect(filled)
    yield connection
    await connection.close()


async def test_every_invariant_holds_over_what_was_recorded(session: asyncpg.Connection) -> None:
    looked_at, findings = await verify_books(session)

    assert [(each.name, each.first) for each in findings if not each.ok] == []
    assert [each.name for each in findings] == list(DAMAGE)
    assert looked_at["closed_through"] == {"H1": "2022-06"}
    assert [(each["topic"], each["partition"], each["next_offset"]) for each in looked_at["positions"]] == [
        ("udi.scans", 0, 34), ("udi.scans", 1, 2), ("udi.catalogue", 0, 6), ("udi.encounters", 0, 1),
        ("udi.his-charges", 0, 9),
    ]  # fmt: skip


@pytest.mark.parametrize("name", DAMAGE)
async def test_a_broken_invariant_is_seen(session: asyncpg.Connection, name: str) -> None:
    check = next(each for each in checks() if each.name == name)
    transaction = session.transaction()
    await transaction.start()
    await session.execute("SET LOCAL session_replication_role = replica")  # No trigger refuses the damage.

    status = await session.execute(DAMAGE[name])
    finding = await run_check(session, check)
    await transaction.rollback()

    assert status.split()[-1] != "0"
    assert not finding.ok
    assert 0 < len(finding.first) <= finding.failures


async def test_two_clusters_have_the_same_origin_for_other_records(database: str) -> None:
    check = next(each for each in checks() if each.name == "one-dead-letter-of-a-refusal")
    async with postgres_store(database) as store:
        for cluster, refused in (("c1", b"nope"), ("c2", b"nonsense"), ("c3", b"nope"), ("c4", b"gone")):
            await (await Ward(store, cluster).open()).scan(refused)
        async with store.pool.acquire() as connection:
            assert (await run_check(connection, check)).first == []
            other = "UPDATE udi.scan_raw SET raw = 'other' WHERE raw = 'nonsense'"
            assert await broken_by(connection, check, other) == [(5, 1, 0), (8, 0, 1)]
            one = "DELETE FROM udi.outbox_block WHERE topic = 'dead-letters' AND first_seq = 1"
            assert await broken_by(connection, check, one) == [(4, 2, 1)]


async def broken_by(connection: Connection, check: Check, damage: str) -> list[tuple[int, int, int]]:
    """Bytes, refusals and letters of the rows that a change breaks; the change is taken back."""
    transaction = connection.transaction()
    await transaction.start()
    await connection.execute("SET LOCAL session_replication_role = replica")  # No trigger refuses the damage.
    await connection.execute(damage)
    finding = await run_check(connection, check)
    await transaction.rollback()
    return sorted((row["bytes"], row["refused"], row["sent"]) for row in finding.first)
