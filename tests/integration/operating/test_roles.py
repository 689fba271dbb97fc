"""Each role can do its work and nothing else; nobody who runs owns a table; books take new rows only."""

import uuid
from collections.abc import AsyncIterator
from importlib.resources import files
from typing import Final
from urllib.parse import urlsplit

import asyncpg
import pytest

from models.calendar import ZONE_DEFAULT
from models.charging.commands import CommandKind
from models.closing.case import CaseKey
from rules.catalogue.joining import price_on
from sinks.metrics.counts import Metrics
from sinks.postgres.charging.commands import CommandBooks
from sinks.postgres.closing.cases import CaseBooks
from sinks.postgres.database import check_books, migrate
from sinks.postgres.observation import observe, observe_scanners, observe_stock
from sinks.postgres.operating.interventions import Intervention, Interventions, Kind
from sinks.postgres.operating.raw_months import RawMonths, RawMonthState, raw_months
from sinks.postgres.outbox import Outbox
from sinks.postgres.roles import BOOKS, GATEWAY, GRANTS, OPERATOR, READER, RELAY, ROLES, SCHEDULER, WORKER
from sinks.postgres.web.accounts import AccountBooks
from tests.support.builders import scan, scan_id
from tests.support.databases.books import prepare
from tests.support.servers.aged import age
from tests.support.servers.outbox import write
from tests.support.ward import PostgresStore, Ward, postgres_store, usual

PASSWORD: Final = "of a test"  # noqa: S105 -- a role that lives for one test


class Connected:
    """A login that is a member of one role, as a site makes it."""

    def __init__(self, url: str, owner: asyncpg.Connection) -> None:
        self.url = url
        self._owner = owner

    async def as_role(self, role: str, size: int = 2) -> asyncpg.Pool:
        """A pool of a user who has the role and nothing else."""
        name = f"login_{uuid.uuid4().hex}"
        await self._owner.execute(f"CREATE ROLE {name} LOGIN PASSWORD '{PASSWORD}' IN ROLE {role}")
        parts = urlsplit(self.url)
        return await asyncpg.create_pool(
            parts._replace(netloc=f"{name}@{parts.hostname}:{parts.port}").geturl(), password=PASSWORD, min_size=0,
            max_size=size,
        )  # fmt: skip


@pytest.fixture
async def connected(database: str) -> AsyncIterator[Connected]:
    await prepare(database, 2)
    owner = await asyncpg.connect(database)
    yield Connected(database, owner)
    logins = await owner.fetch("SELECT rolname FROM pg_roles WHERE rolname LIKE 'login\\_%'")
    for row in logins:
        await owner.execute(f"DROP ROLE IF EXISTS {row['rolname']}")
    await owner.close()


async def tables(connected: Connected) -> set[str]:
    owner = await asyncpg.connect(connected.url)
    rows = await owner.fetch(
        "SELECT relname FROM pg_class WHERE relnamespace = 'udi'::regnamespace AND relkind IN ('r', 'p')"
    )
    await owner.close()
    return {row[0] for row in rows}


async def refused(pool: asyncpg.Pool, statement: str) -> bool:
    try:
        await pool.execute(statement)
    except asyncpg.InsufficientPrivilegeError:
        return True
    return False


async def test_every_table_has_its_row(connected: Connected) -> None:
    assert sorted(GRANTS) == sorted(await tables(connected))


async def test_a_role_may_do_what_its_row_says_and_no_more(connected: Connected) -> None:
    owner = await asyncpg.connect(connected.url)
    may = {
        (row["role"], row["relname"]): "".join(letter for letter in "arwd" if row[letter])
        for row in await owner.fetch(
            """SELECT role, relname, has_table_privilege(role, c.oid, 'INSERT') AS a,
                   has_table_privilege(role, c.oid, 'SELECT') AS r, has_table_privilege(role, c.oid, 'UPDATE') AS w,
                   has_table_privilege(role, c.oid, 'DELETE') AS d
               FROM pg_class c, unnest($1::text[]) role
               WHERE relnamespace = 'udi'::regnamespace AND relkind IN ('r', 'p')""",
            ROLES,
        )
    }
    await owner.close()

    assert may == {(role, table): letters for table, rights in GRANTS.items() for role, letters in rights.items()}


async def test_nobody_but_the_owner_changes_a_book_and_the_owner_neither(connected: Connected) -> None:
    owner = await asyncpg.connect(connected.url)
    rows = await owner.fetch(
        "SELECT relname, attname FROM pg_attribute JOIN pg_class c ON c.oid = attrelid "
        "WHERE relnamespace = 'udi'::regnamespace AND attnum = 1"
    )
    columns = {row["relname"]: row["attname"] for row in rows}
    for role in ROLES:
        pool = await connected.as_role(role)
        for book in BOOKS:
            column = columns[book]
            for statement in (
                f"UPDATE udi.{book} SET {column} = DEFAULT",
                f"DELETE FROM udi.{book}",
                f"TRUNCATE udi.{book}",
            ):
                assert await refused(pool, statement), (role, statement)
        pool.terminate()
    for book in BOOKS:
        with pytest.raises(asyncpg.PostgresError, match="is append-only"):
            await owner.execute(f"DELETE FROM udi.{book}")
    await owner.close()


def test_verify_looks_after_every_book() -> None:
    sql = (files("sinks.postgres") / "verifying" / "invariants.sql").read_text(encoding="utf-8")
    expected = sql[sql.index("-- check: books-refuse-changes") :]
    assert [book for book in BOOKS if f"'{book}'" not in expected] == []


async def test_a_role_owns_nothing_and_is_no_superuser(connected: Connected) -> None:
    for role in ROLES:
        pool = await connected.as_role(role)
        assert await pool.fetchval(
            "SELECT NOT rolsuper AND NOT rolcreaterole FROM pg_roles WHERE rolname = current_user"
        )
        for statement in ("CREATE TABLE udi.mine ()", "CREATE SCHEMA mine", "DROP TABLE udi.ledger"):
            assert await refused(pool, statement), statement
        pool.terminate()


async def test_the_scheduler_alone_lets_raw_bytes_go_and_a_worker_makes_a_missing_month(connected: Connected) -> None:
    async with postgres_store(connected.url) as store:
        await Ward(store).open(*usual())
        for row in await store.pool.fetch("SELECT month FROM udi.raw_months"):
            await store.pool.execute(f"DROP TABLE udi_raw.scan_raw_{row['month']}")
    worker = await connected.as_role(WORKER, 4)
    await (await Ward(PostgresStore(worker)).open()).scan(scan(1))
    worker.terminate()
    async with postgres_store(connected.url) as store:
        await age(store.pool, 300)
        month = await store.pool.fetchval("SELECT udi.raw_month(stored_at) FROM udi.scan_raw")
    for role in (WORKER, RELAY, GATEWAY, OPERATOR, READER):
        pool = await connected.as_role(role)
        for statement in ("SELECT * FROM udi.purge_raw(6)", f"TRUNCATE udi_raw.scan_raw_{month}"):
            assert await refused(pool, statement), (role, statement)
        pool.terminate()

    scheduler = await connected.as_role(SCHEDULER)
    assert await RawMonths(scheduler).make(5) > 0
    assert await RawMonths(scheduler).purge(6) == month
    [row] = await scheduler.fetch("SELECT by, records FROM udi.raw_purge")
    assert (row["by"].startswith("login_"), row["records"]) == (True, 1)
    scheduler.terminate()


async def test_an_operator_alone_takes_a_month_of_raw_bytes_out_and_puts_it_back(connected: Connected) -> None:
    async with postgres_store(connected.url) as store:
        await (await Ward(store).open(*usual())).scan(scan(1))
        await age(store.pool, 300)
        month = await store.pool.fetchval("SELECT udi.raw_month(stored_at) FROM udi.scan_raw")
    for role in (WORKER, RELAY, SCHEDULER, GATEWAY, READER):
        pool = await connected.as_role(role)
        for move in ("detach", "attach"):
            assert await refused(pool, f"SELECT * FROM udi.{move}_raw({month}, 'wang')"), role
        pool.terminate()

    operator = await connected.as_role(OPERATOR)
    assert (await RawMonths(operator).detach(month, "wang")).records == 1
    assert {each.state for each in await raw_months(operator) if each.month == month} == {RawMonthState.AWAY}
    assert (await RawMonths(operator).attach(month, "wang")).records == 1
    operator.terminate()


async def test_a_worker_records_and_does_not_publish_or_close(connected: Connected) -> None:
    async with postgres_store(connected.url) as store:
        await Ward(store).open(*usual())
    pool = await connected.as_role(WORKER, 4)
    ward = await Ward(PostgresStore(pool)).open()
    await ward.scan(scan(1))
    await ward.sweep()
    assert await pool.fetchval("SELECT count(*) FROM udi.scan") == 1
    for statement in (
        "INSERT INTO udi.relay_floor VALUES ('c', 'billing', 0, 1)",
        "INSERT INTO udi.period VALUES ('H1', 202206)",
        "INSERT INTO udi.alert DEFAULT VALUES",
        "DELETE FROM udi.outbox_block",
        "UPDATE udi.outbox_block SET last_seq = 1",
    ):
        assert await refused(pool, statement), statement
    pool.terminate()


async def test_a_relay_reads_the_outbox_writes_floors_and_nothing_else(connected: Connected) -> None:
    owner = await asyncpg.create_pool(connected.url, min_size=0, max_size=1)
    await write(owner, 3)
    pool = await connected.as_role(RELAY)
    outbox, holder = Outbox(pool), uuid.uuid4()
    await check_books(pool, "udi.", 2, ZONE_DEFAULT)
    assert await outbox.lease("lane-0", holder, 5)
    assert (await outbox.newest())["billing", 0] == 3
    assert len((await outbox.after({("billing", 0): 0}, 10))["billing", 0].blocks) == 1
    await outbox.raise_floor("c", "billing", 0, 3)
    await outbox.release("lane-0", holder)
    assert await outbox.interventions.resumed([("billing", 0)]) == 0
    await observed_by(pool)
    for table in sorted(await tables(connected) - {"relay_floor", "lease"}):
        assert await refused(pool, f"INSERT INTO udi.{table} DEFAULT VALUES"), table
    for table in ("ledger", "encounter", "catalogue", "scan_claim", "device", "gateway_secret", "his_line"):
        assert await refused(pool, f"SELECT FROM udi.{table}"), table
    pool.terminate()
    owner.terminate()


@pytest.mark.parametrize("role", [WORKER, SCHEDULER, RELAY, OPERATOR])
async def test_every_service_observes_for_itself(connected: Connected, role: str) -> None:
    pool = await connected.as_role(role)
    await observed_by(pool)
    pool.terminate()


async def observed_by(pool: asyncpg.Pool) -> None:
    metrics = Metrics()
    await observe(pool, metrics)
    await observe_stock(pool, metrics)
    await observe_scanners(pool, metrics)


async def test_a_reader_sees_every_view_of_report_and_can_not_name_a_table(connected: Connected) -> None:
    pool = await connected.as_role(READER)
    views = await pool.fetch(
        "SELECT relname FROM pg_class WHERE relnamespace = 'report'::regnamespace AND relkind = 'v'"
    )
    assert len(views) > 15
    for row in views:
        await pool.fetch(f"SELECT * FROM report.{row[0]} LIMIT 1")
    for table in sorted(await tables(connected)):
        assert await refused(pool, f"SELECT FROM udi.{table}"), table
    assert await refused(pool, "SELECT udi.accept_command('release', 'H1', gen_random_uuid(), 'x', 'y', '{}')")
    pool.terminate()


async def test_keys_of_devices_are_for_who_checks_them(connected: Connected) -> None:
    for role in (RELAY, SCHEDULER, READER):
        pool = await connected.as_role(role)
        for table in ("device", "gateway_secret", "account", "web_session"):
            assert await refused(pool, f"SELECT * FROM udi.{table}"), (role, table)
        pool.terminate()
    for role in (WORKER, GATEWAY, OPERATOR):
        pool = await connected.as_role(role)
        await pool.fetch("SELECT FROM udi.device")
        pool.terminate()


async def test_a_gateway_signs_people_in_and_carries_their_word(connected: Connected) -> None:
    async with postgres_store(connected.url) as store:
        ward = await Ward(store).open(*usual())
        await ward.scan(scan(1))
    operator, gateway = await connected.as_role(OPERATOR), await connected.as_role(GATEWAY)
    await AccountBooks(operator).add("wang", "H1", ["finance"], "hash", "admin")
    accounts = AccountBooks(gateway)
    await accounts.failed("wang")
    await accounts.begin("wang", b"token")
    assert (await accounts.of_session(b"token")) is not None
    await accounts.leave(b"token")
    assert await CommandBooks(gateway).accept(CommandKind.RELEASE, "H1", scan_id(1), "wang", "why") is not None
    assert await CaseBooks(gateway, price_on).close(CaseKey("H1", "E1", ""), "wang") is not None
    for statement in (
        "INSERT INTO udi.scan DEFAULT VALUES",
        "UPDATE udi.lane SET version = 1",
        "DELETE FROM udi.account",
    ):
        assert await refused(gateway, statement), statement
    operator.terminate()
    gateway.terminate()


async def test_an_operator_intervenes_and_his_word_is_kept(connected: Connected) -> None:
    pool = await connected.as_role(OPERATOR)
    number, _ = await Interventions(pool).keep(Intervention(Kind.RESUME, "wang", "why"))
    assert number == 1
    assert await refused(pool, "DELETE FROM udi.intervention")
    assert await refused(pool, "INSERT INTO udi.scan DEFAULT VALUES")
    pool.terminate()


async def test_views_run_with_the_rights_of_who_asks(connected: Connected) -> None:
    owner = await asyncpg.connect(connected.url)
    rows = await owner.fetch(
        "SELECT relname FROM pg_class WHERE relkind = 'v' "
        "AND relnamespace IN ('udi'::regnamespace, 'report'::regnamespace) "
        "AND NOT coalesce('security_invoker=true' = ANY (reloptions), false)"
    )
    await owner.close()
    assert sorted(row[0] for row in rows) == ["accounts", "devices"]


async def test_an_owner_who_may_not_make_roles_still_migrates(empty_database: str) -> None:
    admin = await asyncpg.connect(empty_database)
    name = f"login_{uuid.uuid4().hex}"
    await admin.execute(f"CREATE ROLE {name} LOGIN PASSWORD '{PASSWORD}'")
    await admin.execute(f"GRANT CREATE ON DATABASE {urlsplit(empty_database).path[1:]} TO {name}")
    await admin.execute(f"GRANT ALL ON SCHEMA public TO {name}")
    parts = urlsplit(empty_database)
    await migrate(
        parts._replace(netloc=f"{name}:{PASSWORD.replace(' ', '%20')}@{parts.hostname}:{parts.port}").geturl(),
        "udi.",
        1,
    )

    assert (
        await admin.fetchval("SELECT pg_get_userbyid(relowner) FROM pg_class WHERE oid = 'udi.ledger'::regclass")
        == name
    )
    await admin.execute(f"REASSIGN OWNED BY {name} TO CURRENT_USER")
    await admin.execute(f"DROP OWNED BY {name}")
    await admin.execute(f"DROP ROLE {name}")
    await admin.close()
