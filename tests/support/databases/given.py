"""Databases that tests are given: the same one again and again, as it was."""

import asyncio
import uuid
from dataclasses import dataclass
from io import BytesIO
from typing import Final, NamedTuple
from urllib.parse import urlsplit, urlunsplit

import asyncpg

from streams.embedded.database import EmbeddedDatabase
from tests.support.databases.kept import Kept
from tests.support.servers.postgres import connected, create_database, drop_database, name_of

GONE_SECONDS_MAX: Final = 60
LEAVING_SECONDS: Final = 0.3
"""Who was told to go may take so long."""
BYTES_MAX: Final = 1 << 20
"""Of a table whose rows are deleted one by one, and whose file stays."""
_CATALOGS: Final = (
    "pg_proc", "pg_attribute", "pg_constraint", "pg_trigger", "pg_type", "pg_enum", "pg_index", "pg_attrdef",
    "pg_inherits", "pg_rewrite", "pg_policy", "pg_extension", "pg_event_trigger", "pg_default_acl",
    "pg_namespace WHERE nspname !~ '^pg_(toast_)?temp_'",
)  # fmt: skip
_DEFINED: Final = f"""
SELECT {", ".join(f"(SELECT ROW(count(*), sum(hashxid(xmin)))::text FROM {each})" for each in _CATALOGS)},
       (SELECT sum(hash_record_extended(ROW(oid, relname, relnamespace, relkind, relowner, relacl, reloptions,
                                            relrowsecurity, relhastriggers, relpartbound::text), 0))
        FROM pg_class WHERE oid >= 16384 AND relpersistence <> 't'),
       (SELECT count(*) FROM pg_largeobject_metadata),
       (SELECT count(*) FROM pg_db_role_setting s JOIN pg_database d ON d.oid = s.setdatabase
        WHERE d.datname = current_database())
"""
"""Changes whenever what is in the schema does, with the rights to it and its settings; not by rows, nor by a vacuum."""
_TABLES: Final = """
SELECT nspname AS schema, relname AS name FROM pg_class c JOIN pg_namespace n ON n.oid = relnamespace
WHERE relkind = 'r' AND nspname NOT IN ('pg_catalog', 'information_schema') AND relpersistence <> 't' ORDER BY 1, 2
"""
_SEQUENCES: Final = "SELECT seqrelid::regclass::text AS name FROM pg_sequence ORDER BY 1"
_LARGEST: Final = "SELECT max(pg_relation_size(each::regclass)) FROM unnest($1::text[]) AS each"


class Table(NamedTuple):
    """One that holds rows: no partitioned one, but its partitions."""

    schema: str
    name: str

    def __str__(self) -> str:
        return f'"{self.schema}"."{self.name}"'

    async def rows(self, connection: asyncpg.Connection) -> bytes:
        """All of them, as PostgreSQL copies them; nothing when there are none."""
        if not await connection.fetchval(f"SELECT EXISTS (SELECT FROM {self})"):
            return b""
        into = BytesIO()
        await connection.copy_from_table(self.name, schema_name=self.schema, output=into, format="binary")
        return into.getvalue()

    async def fill(self, connection: asyncpg.Connection, rows: bytes) -> None:
        """Put them in."""
        if rows:
            await connection.copy_to_table(self.name, schema_name=self.schema, source=BytesIO(rows), format="binary")


@dataclass(frozen=True, slots=True)
class Template:
    """What is in the database that others are copied from.

    Attributes:
        defined: of its schema.
        written: a statement; what it gives for a table grows or shrinks with each row that is written.
        tables: with the rows of each, in the order of the statement.
        counted: a statement that sets the sequences where they were.
    """

    defined: asyncpg.Record
    written: str
    tables: dict[Table, bytes]
    counted: str

    @classmethod
    async def of(cls, connection: asyncpg.Connection) -> "Template":
        """As a fresh copy has it."""
        tables = [Table(*row) for row in await connection.fetch(_TABLES)]
        # A row that takes the place of another has a newer transaction: the same number of rows has a larger sum.
        each = (f"(SELECT count(*) || ' ' || coalesce(sum(xmin::text::bigint), 0) FROM {table})" for table in tables)
        set_back = []
        for row in await connection.fetch(_SEQUENCES):
            value, called = await _row(connection, f"SELECT last_value, is_called FROM {row['name']}")
            set_back.append(f"setval('{row['name']}', {value}, {called})")
        defined = await _row(connection, _DEFINED)
        rows = {table: await table.rows(connection) for table in tables}
        return cls(defined, f"SELECT {', '.join(each)}", rows, f"SELECT {', '.join(set_back)}")


class Given:
    """Databases as the template is; what one test gives back is made so again for the next.

    To copy a template and to remove the copy takes 50 ms of the server's CPU, and so does each connection to a fresh
    copy; to delete the few rows that a test has written takes two. So the database stays, with the connections that
    `Kept` keeps to it. One whose schema is no longer that of the template is removed. Who is still connected when a
    test ends is thrown out, and the database gets another name, so that he does not find it again.
    """

    def __init__(self, server: EmbeddedDatabase, template: str) -> None:
        self._server, self._template = server, template
        self._spare: list[Kept] = []
        self._lent: dict[str, Kept] = {}
        self._fresh: Template | None = None
        self._written: dict[str, asyncpg.Record] = {}

    async def take(self) -> str:
        """The address of one."""
        kept = self._spare.pop() if self._spare else await self._copy()
        if not await kept.answers():
            kept = await self._opened_again(kept)
        self._lent[kept.url] = kept
        return kept.url

    async def give_back(self, url: str) -> None:
        """Whoever is connected is thrown out."""
        kept = self._lent.pop(url)
        if not await kept.answers():
            kept = await self._opened_again(kept)
        if not await self._left(kept):
            kept = await self._renamed(kept)
        if await self._restored(kept):
            self._spare.append(kept)
        else:
            self._forget(kept)
            await drop_database(self._server.url, kept.url)

    def close(self) -> None:
        """Nothing is kept any more."""
        for kept in (*self._spare, *self._lent.values()):
            kept.close()

    async def _copy(self) -> Kept:
        kept = await Kept.open(await create_database(self._server.url, self._template))
        if self._fresh is None:
            self._fresh = await Template.of(kept.owner)
        self._written[kept.url] = await _row(kept.owner, self._fresh.written)
        return kept

    async def _opened_again(self, kept: Kept) -> Kept:
        kept.close()
        return await Kept.open(kept.url)

    def _forget(self, kept: Kept) -> asyncpg.Record:
        kept.close()
        return self._written.pop(kept.url)

    async def _left(self, kept: Kept) -> bool:
        """Whether all who were connected are gone."""
        until = asyncio.get_running_loop().time() + LEAVING_SECONDS
        while await kept.others():
            if kept.lent or asyncio.get_running_loop().time() > until:
                return False
            await asyncio.sleep(0.005)
        return True

    async def _renamed(self, kept: Kept) -> Kept:
        written, url = self._forget(kept), kept.url
        name = f"test_{uuid.uuid4().hex}"
        async with connected(self._server.url) as connection:
            await connection.execute(f"ALTER DATABASE {name_of(url)} ALLOW_CONNECTIONS false")
            await connection.fetch(
                "SELECT pg_terminate_backend(pid, $2) FROM pg_stat_activity WHERE datname = $1",
                name_of(url), GONE_SECONDS_MAX * 1000,
            )  # fmt: skip
            await connection.execute(f"ALTER DATABASE {name_of(url)} RENAME TO {name}")
            await connection.execute(f"ALTER DATABASE {name} ALLOW_CONNECTIONS true")
        renamed = await Kept.open(urlunsplit(urlsplit(url)._replace(path=f"/{name}")))
        self._written[renamed.url] = written
        return renamed

    async def _restored(self, kept: Kept) -> bool:
        """Whether it is as the template is."""
        fresh, connection = self._fresh, kept.owner
        assert fresh is not None
        if await _row(connection, _DEFINED) != fresh.defined:
            return False
        found, was = await _row(connection, fresh.written), self._written[kept.url]
        changed = [table for table, now, then in zip(fresh.tables, found, was, strict=True) if now != then]
        if changed and await connection.fetchval(_LARGEST, [str(table) for table in changed]) > BYTES_MAX:
            return False
        async with connection.transaction():
            await connection.execute("".join(f"DELETE FROM {table};" for table in changed) + fresh.counted)
            for table in changed:
                await table.fill(connection, fresh.tables[table])
        if any(fresh.tables[table] for table in changed):
            self._written[kept.url] = await _row(connection, fresh.written)
        return True


async def _row(connection: asyncpg.Connection, statement: str) -> asyncpg.Record:
    """The one that it always gives."""
    found = await connection.fetchrow(statement)
    assert found is not None
    return found
