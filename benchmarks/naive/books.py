"""The books with ordinary statements, one row at a time: the same effects in the same tables as the product's.

Left out: returns and half labels (the benchmarks have none), later decisions, and whatever protects against a second
writer except the tables' own constraints. Nothing is batched; the catalogue is cached, as anybody would.
"""

from collections.abc import Sequence
from dataclasses import fields
from typing import Any, Final

from models.catalogue.item import CatalogueItem, item_from_wire
from models.charging.books import Ref, UnitKey
from models.charging.snapshot import Catalogue, EncounterFacts, Lookup, Snapshot
from sinks.ports.batch import Batch, LaneMovedError
from sinks.postgres.charging.arguments import Rows
from sinks.postgres.charging.books import PostgresBooks
from sinks.postgres.charging.rows import rows_of
from sinks.postgres.charging.tables import Row

BALANCE: Final = """
    INSERT INTO udi.balance AS b VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11)
    ON CONFLICT (hospital, store, item_code, owner, lot, serial, lane)
    DO UPDATE SET quantity = b.quantity + excluded.quantity, expiry = coalesce(excluded.expiry, b.expiry)"""
STORE_ITEM: Final = """
    INSERT INTO udi.store_item AS s VALUES ($1, $2, $3, $4, $5)
    ON CONFLICT (hospital, store, item_code, lane) DO UPDATE SET quantity = s.quantity + excluded.quantity"""
OUTBOX: Final = """
    INSERT INTO udi.outbox_block
        (topic, partition, first_seq, last_seq, ids, keys, bodies, reasons, origins, arrived_at)
    VALUES ($1, $2, $3, $3, $4, $5, $6, $7, $8, $9)"""


WRITTEN: Final = {
    "claims",
    "units",
    "scans",
    "raws",
    "open",
    "ledger",
    "settlement",
    "balances",
    "store_items",
    "usage",
    "outbox",
    "cases",
}
"""The lists of `Rows` that are written here; of a benchmark's input the others are empty."""


class NaiveBooks(PostgresBooks):
    """See `sinks.ports.batch.Books`, for batches of one scan."""

    async def gather(self, lane: int, wanted: Lookup, catalogue: Catalogue) -> Snapshot:
        """A query for each thing the event needs to know."""
        async with self._pool.acquire() as connection:
            version = await connection.fetchval("SELECT version FROM udi.fact_counter")
            if version > catalogue.version:
                await _read_catalogue(connection, catalogue, version)
            facts_seen = await connection.fetchval("SELECT facts_seen FROM udi.lane WHERE lane = $1", lane)
            gathered = Snapshot(0, version, facts_seen)
            await _gather_claims(connection, wanted, gathered)
            for hospital in wanted.hospitals:
                query = "SELECT closed_through FROM udi.period WHERE hospital = $1"
                gathered.closed[hospital] = await connection.fetchval(query, hospital) or 0
            for encounter in wanted.encounters:
                query = (
                    "SELECT * FROM udi.encounter WHERE hospital = $1 AND encounter = $2 ORDER BY version DESC LIMIT 1"
                )
                row = await connection.fetchrow(query, *encounter)
                if row is not None:
                    gathered.encounters[encounter] = EncounterFacts(row[3], row[4], row[6], row[8], row[7])
            await _gather_stock(connection, wanted, gathered)
        return gathered

    async def record(self, batch: Batch) -> int:
        """One transaction, a statement for each row.

        Raises:
            LaneMovedError: another process has moved the position.
        """
        rows = rows_of(batch)
        left_out = [each.name for each in fields(rows) if each.name not in WRITTEN and getattr(rows, each.name)]
        assert not left_out, f"Expected input without {left_out}."
        async with self._pool.acquire() as connection, connection.transaction():
            moved = await connection.execute(
                "UPDATE udi.position SET next_offset = $2, last_hash = coalesce($3, last_hash) "
                "WHERE position_id = $1 AND next_offset = $4",
                batch.position.position_id, batch.next_offset, batch.last_hash, batch.position.next_offset,
            )  # fmt: skip
            if moved != "UPDATE 1":
                raise LaneMovedError("Another process has moved the position.")
            version = await connection.fetchval(
                "UPDATE udi.lane SET version = version + 1 WHERE lane = $1 RETURNING version", batch.lane
            )
            await _write(connection, rows)
            for _, *raw in rows.raws:
                await connection.execute("INSERT INTO udi.scan_raw VALUES (now(), $1, $2, $3)", *raw)
            for block in rows.outbox:
                await _write_outbox(connection, block)
        return int(version)


async def _read_catalogue(connection: Any, catalogue: Catalogue, version: int) -> None:
    rows = await connection.fetch(
        "SELECT body, version, ended_at FROM udi.catalogue WHERE version > $1 ORDER BY version", catalogue.version
    )
    catalogue.put([item_from_wire(CatalogueItem.model_validate_json(row[0]), row[1], row[2]) for row in rows], version)


async def _gather_claims(connection: Any, wanted: Lookup, gathered: Snapshot) -> None:
    for scan in wanted.scans:
        query = "SELECT fingerprint FROM udi.scan_claim WHERE hospital = $1 AND scan_id = $2"
        fingerprint = await connection.fetchval(query, *scan)
        if fingerprint is not None:
            gathered.fingerprints[scan] = fingerprint
    for unit in wanted.units:
        row = await connection.fetchrow(
            "SELECT position_id, record_offset FROM udi.unit_claim "
            "WHERE hospital = $1 AND issuer = $2 AND di = $3 AND serial = $4",
            *unit,
        )
        if row is not None:
            gathered.holders[UnitKey(*unit)] = Ref(*row)


async def _gather_stock(connection: Any, wanted: Lookup, gathered: Snapshot) -> None:
    for balance in wanted.balances:
        gathered.balances[balance] = await connection.fetchval(
            "SELECT coalesce(sum(quantity), 0)::bigint FROM udi.balance WHERE hospital = $1 AND store = $2 "
            "AND item_code = $3 AND owner = $4 AND lot = $5 AND serial = $6",
            *balance,
        )
    for store_item in wanted.store_items:
        gathered.store_items[store_item] = await connection.fetchval(
            "SELECT coalesce(sum(quantity), 0)::bigint FROM udi.store_item "
            "WHERE hospital = $1 AND store = $2 AND item_code = $3",
            *store_item,
        )


async def _write(connection: Any, rows: Rows) -> None:
    plain: tuple[tuple[str, Sequence[Row]], ...] = (
        ("scan_claim", rows.claims),
        ("unit_claim", rows.units),
        ("scan", rows.scans),
        ("open_scan", rows.open),
        # The last column is the database's clock, by its default.
        ("ledger", [row[:-1] for row in rows.ledger]),
        ("settlement", [row[:-1] for row in rows.settlement]),
        ("usage_delta", rows.usage),
    )
    for table, found in plain:
        for row in found:
            places = ", ".join(f"${place}" for place in range(1, len(row) + 1))
            await connection.execute(f"INSERT INTO udi.{table} VALUES ({places})", *row)
    for row in rows.balances:
        await connection.execute(BALANCE, *row)
    for row in rows.store_items:
        await connection.execute(STORE_ITEM, *row)
    for _, _, *case in rows.cases:
        await connection.execute("SELECT udi.mark_cases($1, $2, $3)", *case)


async def _write_outbox(connection: Any, block: Row) -> None:
    topic, lane, _, _, ids, keys, bodies, reasons, origins, arrived_at, _ = block
    counter = f"{topic.replace('-', '_')}_seq"
    for place, each in enumerate(ids):
        seq = await connection.fetchval(
            f"UPDATE udi.lane SET {counter} = {counter} + 1 WHERE lane = $1 RETURNING {counter}", lane
        )
        await connection.execute(
            OUTBOX, topic, lane, seq, [each], [keys[place]], [bodies[place]], reasons and [reasons[place]],
            origins and [origins[place]], arrived_at,
        )  # fmt: skip
