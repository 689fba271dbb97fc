"""The schema says what it is, and rows are made in the order of its columns."""

from collections.abc import AsyncIterator, Sequence
from dataclasses import fields
from datetime import date, datetime
from types import NoneType, UnionType
from typing import get_args, get_type_hints
from uuid import UUID

import asyncpg
import pytest

from models.charging.commands import CommandKind
from sinks.memory.books import MemoryBooks
from sinks.ports.batch import Batch
from sinks.postgres.charging.arguments import Rows
from sinks.postgres.charging.rows import rows_of
from tests.properties.arrivals import FACTS, LATER, PLATE_DI
from tests.support.builders import DI, NOON, gs1, scan, scan_id
from tests.support.ward import MemoryStore, Ward, postgres_store

BOOKS = {
    "scan_claim", "unit_claim", "use_change", "scan", "decision", "open_scan", "ledger", "settlement", "balance",
    "store_item", "usage_delta", "outbox_block", "reading", "pair", "command_outcome", "scan_raw",
}  # fmt: skip
"""Tables that the story below writes."""


@pytest.fixture
async def pool(database: str) -> AsyncIterator[asyncpg.Pool]:
    async with postgres_store(database) as store:
        yield store.pool


class Keeping(MemoryBooks):
    """Books that keep the rows of every batch."""

    def __init__(self) -> None:
        super().__init__()
        self.rows: list[Rows] = []

    async def record(self, batch: Batch) -> int:
        self.rows.append(rows_of(batch))
        return await super().record(batch)


async def rows_of_a_story() -> list[Rows]:
    """Batches that write every table."""
    books = Keeping()
    ward = await Ward(MemoryStore(books)).open(*FACTS)
    unit = gs1(PLATE_DI, serial="S1")
    await ward.scan(scan(1, codes=[unit]), scan(2, codes=[gs1(DI)]), b"{", scan(3, encounter="E2"))
    await ward.scan(scan(5, codes=[f"01{DI}17271231" + "10L777" + "21S00042"]))
    await ward.scan(scan(4, codes=[unit], action="return", corrects=str(scan_id(1))))
    await ward.scan(scan(6, codes=[f"]C101{DI}"]), scan(7, codes=["]C110L9"]))
    books.command(CommandKind.UNDO_PAIR, "H1", scan_id(6), "wang", "wrong label", NOON)
    await ward.learn(*LATER)
    await ward.sweep()
    return books.rows


async def tables_of_parameters(pool: asyncpg.Pool) -> list[str]:
    """The tables whose rows `udi.record_4` takes, in the order of its parameters."""
    types = await pool.fetchval(
        """SELECT array_agg(format_type(t, NULL) ORDER BY place)
           FROM pg_proc, unnest(proargtypes) WITH ORDINALITY p (t, place) WHERE oid = 'udi.record_4'::regproc"""
    )
    return [each.removeprefix("udi.").removesuffix("[]") for each in types[-len(Rows().arguments()) :]]


async def test_every_row_has_as_many_values_as_its_table_has_columns(pool: asyncpg.Pool) -> None:
    found = await pool.fetch(
        "SELECT table_name, count(*) FROM information_schema.columns WHERE table_schema = 'udi' GROUP BY table_name"
    )
    columns = {row["table_name"]: row["count"] for row in found}
    made: dict[str, set[int]] = {}
    for rows in await rows_of_a_story():
        for table, some in zip(await tables_of_parameters(pool), rows.arguments(), strict=True):
            made.setdefault(table, set()).update(len(row) for row in some)

    assert {table: sizes for table, sizes in made.items() if sizes} == {
        table: {columns[table]} for table, sizes in made.items() if sizes
    }
    assert {table for table, sizes in made.items() if sizes} >= BOOKS


async def test_a_row_type_has_the_columns_of_its_table_in_order(pool: asyncpg.Pool) -> None:
    found = await pool.fetch(
        """SELECT table_name, array_agg(column_name::text ORDER BY ordinal_position) AS columns
           FROM information_schema.columns WHERE table_schema = 'udi' GROUP BY table_name"""
    )
    columns = {row["table_name"]: tuple(row["columns"]) for row in found}
    types = get_type_hints(Rows)
    rows = Rows()
    by_list = {id(getattr(rows, name)): get_args(types[name])[0]._fields for name in types}
    passed = zip(await tables_of_parameters(pool), rows.arguments(), strict=True)

    assert [(table, by_list[id(some)]) for table, some in passed] == [
        (table, columns[table]) for table in await tables_of_parameters(pool)
    ]


async def test_every_list_of_rows_is_passed_once(pool: asyncpg.Pool) -> None:
    rows = Rows()

    assert sorted(map(id, rows.arguments())) == sorted(id(getattr(rows, each.name)) for each in fields(rows))
    assert set(await tables_of_parameters(pool)) >= BOOKS


async def test_every_table_and_schema_says_what_it_is(pool: asyncpg.Pool) -> None:
    silent = await pool.fetch(
        """SELECT c.relname FROM pg_class c WHERE relnamespace = 'udi'::regnamespace AND relkind = 'r'
             AND relname <> 'alembic_version' AND obj_description(c.oid, 'pg_class') IS NULL
           UNION ALL
           SELECT nspname FROM pg_namespace
           WHERE nspname IN ('udi', 'report') AND obj_description(oid, 'pg_namespace') IS NULL"""
    )

    assert [row[0] for row in silent] == []


async def test_every_index_says_who_asks_through_it(pool: asyncpg.Pool) -> None:
    silent = await pool.fetch(
        """SELECT c.relname FROM pg_class c WHERE relnamespace = 'udi'::regnamespace AND relkind = 'i'
             AND NOT EXISTS (SELECT FROM pg_constraint k WHERE k.conindid = c.oid)
             AND obj_description(c.oid, 'pg_class') IS NULL ORDER BY 1"""
    )

    assert [row[0] for row in silent] == []


async def test_every_report_view_names_the_hospital_but_positions_and_chains(pool: asyncpg.Pool) -> None:
    without = await pool.fetch(
        """SELECT table_name FROM information_schema.columns WHERE table_schema = 'report'
           GROUP BY table_name HAVING NOT bool_or(column_name = 'hospital') ORDER BY 1"""
    )

    # The chain and its seals are the installation's: no hospital could prove its part of a shared lane alone.
    assert [row[0] for row in without] == ["chain", "positions", "seals"]


PYTHON: dict[str, set[object]] = {
    "bigint": {int}, "integer": {int}, "smallint": {int}, "text": {str}, "uuid": {UUID}, "bytea": {bytes},
    "boolean": {bool}, "date": {date}, "timestamp with time zone": {datetime}, "uuid[]": {Sequence[UUID]},
    "text[]": {Sequence[str], Sequence[str | None]}, "bytea[]": {Sequence[bytes]},
    "smallint[]": {Sequence[int]}, "integer[]": {Sequence[int]}, "bigint[]": {Sequence[int]},
}  # fmt: skip
"""What the types of columns are in Python."""
FILLED = {("case_delta", "reader"), ("case_delta", "delta_id"), ("scan_raw", "stored_at")}
"""Columns that `udi.record_4` fills by itself."""


async def test_a_field_is_of_its_columns_type_and_none_where_that_may_be_null(pool: asyncpg.Pool) -> None:
    found = await pool.fetch(
        """SELECT c.relname, a.attname, a.attnotnull AND NOT a.atthasdef AS needed,
                  CASE t.typtype WHEN 'e' THEN 'text' ELSE format_type(t.oid, NULL) END AS type
           FROM pg_attribute a JOIN pg_class c ON c.oid = a.attrelid JOIN pg_type t ON t.oid = a.atttypid
           WHERE c.relnamespace = 'udi'::regnamespace AND a.attnum > 0 AND NOT a.attisdropped"""
    )
    columns = {(row["relname"], row["attname"]): (row["type"], row["needed"]) for row in found}
    types, rows = get_type_hints(Rows), Rows()
    by_list = {id(getattr(rows, name)): get_args(types[name])[0] for name in types}

    wrong = []
    for table, some in zip(await tables_of_parameters(pool), rows.arguments(), strict=True):
        for name, said in get_type_hints(by_list[id(some)]).items():
            type_, needed = columns[table, name]
            kinds = set(get_args(said)) if isinstance(said, UnionType) else {said}
            if (table, name) in FILLED:
                assert kinds == {NoneType}
            elif not kinds - {NoneType} <= PYTHON[type_] or (NoneType in kinds) is needed:
                wrong.append((table, name, type_, needed, said))
    assert wrong == []
