"""The books in PostgreSQL: one query to gather, one call to record.

The functions `udi.gather` and `udi.record_4` (sinks/postgres/migrations/sql) hold the promise; this module carries
values to and from them.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

import asyncpg
import orjson
from msgspec import structs

from models.calendar import local_day, month_of
from models.catalogue.item import CatalogueItem, Item, item_from_wire
from models.charging.books import Neighbour, Prior, RecordedScan, Ref, UnitKey, Waiting, label_facts
from models.charging.commands import Command, Commanded, CommandKind, Moved, Recorded
from models.charging.controls import read_control
from models.charging.decision import UseAccount
from models.charging.known_controls import QuotaKey, Used, UsedItems
from models.charging.snapshot import Catalogue, EncounterFacts, Lookup, LotPatterns, Snapshot, StayItem
from models.policy import ReturnClock
from models.reasons import Reason, Verdict
from models.scan.scanners import NO_SCANNERS, Scanner, ScannerRecord, Scanners, scanner_fact
from models.udi import read_label
from models.udi.lot_pattern import load
from sinks.ports.aside import Aside
from sinks.ports.batch import (
    Again,
    Batch,
    ClaimTakenError,
    LaneMovedError,
    LaneState,
    LookedAt,
    StaleError,
    Unreadable,
)
from sinks.postgres.charging.aside import PostgresAside
from sinks.postgres.charging.commands import accept_identities, identities_of
from sinks.postgres.charging.inputs import take_position
from sinks.postgres.charging.rows import rows_of
from sinks.postgres.charging.supply import (
    adjustments_of,
    brought_by,
    costs_of,
    goods_of,
    keep_brought,
    learn_supply,
    notes_of,
    replaced_of,
    told_of,
    units_of,
    ways_of,
)
from sinks.postgres.charging.use_rows import event_of, label_of, plain, use_of
from sinks.postgres.readable import readable

FIRST = Ref(0, -1)
"""Before every place."""
NEIGHBOUR_SECONDS = 60
"""How far around a half label the device's other scans are looked for; not less than the pairing window."""
_ERRORS: dict[str, type[Exception]] = {"UD001": LaneMovedError, "UD002": ClaimTakenError, "UD003": StaleError}
_CLAIMS = frozenset({"scan_recorded_once", "unit_used_once", "use_change_numbered_once"})
"""The keys that one transaction can insert: who finds one taken decides again."""
_RECORD = f"SELECT udi.record_4({', '.join(f'${place}' for place in range(1, 32))})"
_GATHER = """SELECT * FROM udi.gather($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)
CROSS JOIN LATERAL (
    SELECT array_agg(hospital ORDER BY n) AS clocked, array_agg(coalesce(since, at) ORDER BY n) AS clocked_since,
           array_agg(return_clock_tolerance ORDER BY n) AS clock_tolerances
    FROM udi.hospital_policy WHERE hospital = ANY ($3)
) clocks
CROSS JOIN LATERAL (
    SELECT array_agg(hospital) AS lent_in, array_agg(store) AS lent_to FROM udi.borrower WHERE hospital = ANY ($3)
) loans
CROSS JOIN LATERAL (
    SELECT array_agg(b.hospital) AS brought_in, array_agg(b.item_code) AS brought_items,
           array_agg(b.owner) AS brought_of
    FROM udi.brought b WHERE (b.hospital, b.item_code) IN (SELECT k.hospital, k.item_code FROM unnest($10) k)
) notes"""
_QUOTA = (
    "SELECT scope, item_code, quantity, amount_fen FROM udi.usage_now WHERE hospital = $1 AND month = $2 "
    "AND scope_type = 'department' AND item_code = ANY ($3)"
)


class PostgresBooks:
    """See `sinks.ports.batch.Books`."""

    def __init__(self, pool: asyncpg.Pool, zone: ZoneInfo) -> None:
        self._pool = pool
        self._zone = zone
        self.aside: Aside = PostgresAside(pool)

    async def take_over(self, cluster_id: str, topic: str, partition: int) -> LaneState:
        """Where the lane stands, and the halves that wait in it."""
        async with self._pool.acquire() as connection, connection.transaction():
            position = await take_position(connection, cluster_id, topic, partition)
            await connection.execute("INSERT INTO udi.lane (lane) VALUES ($1) ON CONFLICT DO NOTHING", partition)
            version = await connection.fetchval("SELECT version FROM udi.lane WHERE lane = $1", partition)
            refs = await connection.fetch(
                "SELECT position_id, record_offset FROM udi.open_scan WHERE lane = $1 AND verdict = 'waiting'",
                partition,
            )
            waiting = await self._subjects(connection, [Ref(*ref) for ref in refs])
            scanners = await read_scanners(connection) if waiting else NO_SCANNERS
        halves = readable("a waiting half", waiting, lambda half: _waiting(*half, scanners))
        return LaneState(partition, position, version, list(halves))

    async def gather(self, lane: int, wanted: Lookup, catalogue: Catalogue) -> Snapshot:
        """One snapshot of what is wanted. Brings `catalogue` to the version of the snapshot."""
        hospitals, scans = list(wanted.hospitals), list(wanted.scans)
        encounters, balances = list(wanted.encounters), list(wanted.balances)
        store_items, since = list(wanted.store_items), catalogue.version
        async with self._pool.acquire() as connection:
            row = await connection.fetchrow(
                _GATHER, lane, since, hospitals, [h for h, _ in scans], [s for _, s in scans],
                [(*unit, None, None) for unit in wanted.units], [h for h, _ in encounters], [e for _, e in encounters],
                [(*key, None, None, None, None, None) for key in balances], [(*key, None, None) for key in store_items],
            )  # fmt: skip
            assert row is not None  # noqa: S101 -- take_over made the lane's row
            changes = zip(row["changed"], row["changed_versions"], row["changed_ended"], strict=True)
            profiles = zip(row["scanners"], row["scanner_versions"], strict=True)
            for profile, version in readable("a scanner's profile", profiles, _profile):
                catalogue.scanners.put(profile, version)
            if row["facts_version"] > since:
                await learn_supply(connection, catalogue, since, row["facts_version"])
            for body, kind, version in zip(row["controls"], row["control_kinds"], row["control_versions"], strict=True):
                catalogue.controls.put(read_control(kind, body), version)
            catalogue.put(readable("an item", changes, lambda change: _item(*change)), row["facts_version"])
            catalogue.stores.borrow(zip(row["lent_in"] or (), row["lent_to"] or (), strict=True))
            catalogue.bring(_brought(row))
            uses = await self._uses(connection, wanted, catalogue)
            booked, sights = await units_of(connection, wanted)
            neighbours = await self._neighbours(connection, wanted)
            stays = await self._stays(connection, wanted)
            quotas = await self._quotas(connection, wanted, catalogue)
            patterns = await self._patterns(connection, wanted)
            adjustments = await adjustments_of(connection, wanted.adjustments)
            goods = await goods_of(connection, wanted.goods)
            replaced = await replaced_of(connection, wanted.replaced)
            notes = await notes_of(connection, wanted.notes)
            costs = await costs_of(connection, wanted.costs)
            told = await told_of(connection, wanted.labels)
        return Snapshot(
            lane_version=row["lane_version"],
            facts_version=row["facts_version"],
            facts_seen=row["facts_seen"],
            closed=dict(zip(hospitals, row["closed"], strict=True)),
            return_clocks=_clocks(row),
            fingerprints={(c["hospital"], c["scan_id"]): c["fingerprint"] for c in row["claims"]},
            holders={UnitKey(*tuple(u)[:4]): Ref(*tuple(u)[4:]) for u in row["units"]},
            encounters={(e[0], e[1]): EncounterFacts(e[3], e[4], e[6], e[8], e[7], e[9]) for e in row["encounters"]},
            uses=uses,
            booked=booked,
            sights=sights,
            balances=dict(zip(balances, row["balances"], strict=True)),
            store_items=dict(zip(store_items, row["store_items"], strict=True)),
            neighbours=neighbours,
            stays=stays,
            quotas=quotas,
            patterns=patterns,
            adjustments=adjustments,
            goods=goods,
            replaced=replaced,
            notes=notes,
            costs=costs,
            told=told,
        )

    async def record(self, batch: Batch) -> int:
        """Record the batch in one transaction: see `udi.record_4`."""
        gathered, position = batch.gathered, batch.position
        arguments = (
            batch.lane, gathered.lane_version, gathered.facts_version, batch.facts_seen, position.position_id,
            position.next_offset, batch.next_offset, batch.last_hash, list(gathered.closed),
            list(gathered.closed.values()), *rows_of(batch).arguments(),
        )  # fmt: skip
        async with self._pool.acquire() as connection:
            try:
                if not identities_of(batch) and not brought_by(batch):
                    return int(await connection.fetchval(_RECORD, *arguments))
                async with connection.transaction():
                    version = await connection.fetchval(_RECORD, *arguments)
                    await accept_identities(connection, batch)
                    await keep_brought(connection, batch)
            except asyncpg.PostgresError as error:
                taken = isinstance(error, asyncpg.UniqueViolationError) and error.constraint_name in _CLAIMS
                known = ClaimTakenError if taken else _ERRORS.get(error.sqlstate or "")
                if known is None:
                    raise
                raise known(str(error).partition("\n")[0]) from None
        return int(version)

    async def commands(self, lane: int, limit: int) -> list[Commanded]:
        """The lane's next commands, each with the scans it is about as they stand."""
        async with self._pool.acquire() as connection:
            rows = await connection.fetch("SELECT * FROM udi.commands($1, $2)", lane, limit)
            refs = {_ref(row, *place) for row in rows for place in (_SCAN, _REST)} - {None}
            subjects = await self._subjects(connection, [ref for ref in refs if ref is not None])
            named = {_ref(row, *_SCAN) for row in rows if row["kind"] == CommandKind.IDENTIFY} - {None}
            ways = await ways_of(connection, [ref for ref in named if ref is not None])
        known = {subject.ref: Recorded(subject, prior) for subject, prior in subjects}
        return [_commanded(lane, row, known, ways) for row in rows]

    async def freed(self, lane: int, gathered: Snapshot, after: Again | None, limit: int) -> list[Again]:
        """Scans of the lane after `after` that wait and may be free at the snapshot's facts, oldest first."""
        place = after.ref if after else FIRST
        facts = gathered.facts_seen, gathered.facts_version
        rows = await self._pool.fetch("SELECT * FROM udi.freed_3($1, $2, $3, $4, $5, $6)", lane, *facts, *place, limit)
        return [Again(Ref(*row[:2]), row[2]) for row in rows]

    async def repriced(self, lane: int, gathered: Snapshot, after: Again | None, limit: int) -> list[Again]:
        """Uses of the lane after `after` whose price may be another, or whose cost may be known now, item by item."""
        place = (after.version, *after.ref) if after else (0, *FIRST)
        facts = gathered.facts_seen, gathered.facts_version
        query = "SELECT * FROM udi.repriced_4($1, $2, $3, $4, $5, $6, $7)"
        rows = await self._pool.fetch(query, lane, *facts, *place, limit)
        return [Again(Ref(*row[1:3]), row[3], row[0]) for row in rows]

    async def look_again(self, rows: Sequence[Again]) -> tuple[list[LookedAt], list[Unreadable]]:
        """Scans as they stand now, in order, and those whose rows can't be read."""
        times = {each.ref: each.at for each in rows}
        async with self._pool.acquire() as connection:
            found = await self._rows(connection, list(times))
        looked_at: list[LookedAt] = []
        unreadable: list[Unreadable] = []
        for row in found:
            ref = Ref(row["position_id"], row["record_offset"])
            try:
                looked_at.append((*self._subject(row), times[ref]))
            except Exception as error:  # noqa: BLE001 -- no effect is in it: whatever fails is the row's own
                unreadable.append(Unreadable(ref, times[ref], error))
        return looked_at, unreadable

    async def _subjects(self, connection: Any, refs: list[Ref]) -> list[tuple[RecordedScan, Prior]]:
        """Scans as they stand; without those that can't be read, which then look as if they were not there."""
        return list(readable("a recorded scan", await self._rows(connection, refs), self._subject))

    @staticmethod
    async def _rows(connection: Any, refs: list[Ref]) -> list[Any]:
        if not refs:
            return []
        positions, offsets = [ref.position for ref in refs], [ref.offset for ref in refs]
        rows: list[Any] = await connection.fetch("SELECT * FROM udi.subjects_3($1, $2)", positions, offsets)
        return rows

    def _subject(self, row: Any) -> tuple[RecordedScan, Prior]:
        event = event_of(row["raw"], row["scan"], row["override"])
        label = label_of(row)
        day = local_day(event.scanned_at, self._zone)
        ref = Ref(row["position_id"], row["record_offset"])
        subject = RecordedScan(
            ref, row["lane"], event, label, row["fingerprint"], row["recorded_at"], day, month_of(day)
        )
        reasons = tuple(Reason(reason) for reason in row["reasons"])
        prior = Prior(
            row["decisions"], Verdict(row["verdict"]), reasons, row["moved"], row["holds_unit"], label, row["entries"],
            row["lines"], row["owner"], row["item_code"], row["units"],
        )  # fmt: skip
        return subject, prior

    async def _uses(self, connection: Any, wanted: Lookup, catalogue: Catalogue) -> list[UseAccount]:
        if not wanted.uses_of_scans and not wanted.uses_of_units:
            return []
        scans, units = list(wanted.uses_of_scans), list(wanted.uses_of_units)
        columns = [[unit[place] for unit in units] for place in range(6)]
        rows = await connection.fetch(
            "SELECT * FROM udi.uses_2($1, $2, $3, $4, $5, $6, $7, $8)",
            [h for h, _ in scans],
            [s for _, s in scans],
            *columns,
        )
        uses = [use_of(row, catalogue.item(row["hospital"], row["item_code"] or ""), self._zone) for row in rows]
        if not catalogue.stores.borrowers:
            return uses
        ways = await ways_of(connection, [use.ref for use in uses])
        return [replace(use, source=ways[use.ref].from_store) if use.ref in ways else use for use in uses]

    @staticmethod
    async def _patterns(connection: Any, wanted: Lookup) -> dict[tuple[str, str], LotPatterns]:
        if not wanted.patterns:
            return {}
        issuers, dis = [issuer for issuer, _ in wanted.patterns], [di for _, di in wanted.patterns]
        rows = await connection.fetch("SELECT * FROM udi.shapes($1, $2)", issuers, dis)
        return {(row["issuer"], row["di"]): LotPatterns(load(row["lots"]), load(row["serials"])) for row in rows}

    @staticmethod
    async def _stays(connection: Any, wanted: Lookup) -> dict[StayItem, int]:
        if not wanted.stays:
            return {}
        columns = [[stay[place] for stay in wanted.stays] for place in range(3)]
        rows = await connection.fetch("SELECT * FROM udi.charged_units($1, $2, $3)", *columns)
        return {(row["hospital"], row["encounter"], row["item_code"]): row["units"] for row in rows}

    @staticmethod
    async def _quotas(connection: Any, wanted: Lookup, catalogue: Catalogue) -> dict[QuotaKey, dict[str, UsedItems]]:
        found: dict[QuotaKey, dict[str, UsedItems]] = {key: {} for key in wanted.quotas}
        for key, used in found.items():
            codes = catalogue.controlled(key.hospital, key.category)
            for row in await connection.fetch(_QUOTA, key.hospital, key.month, codes):
                used.setdefault(row["scope"], {})[row["item_code"]] = Used(row["quantity"], row["amount_fen"])
        return found

    async def _neighbours(self, connection: Any, wanted: Lookup) -> dict[tuple[str, str], list[Neighbour]]:
        if not wanted.devices:
            return {}
        devices = list(wanted.devices)
        rows = await connection.fetch(
            """SELECT DISTINCT s.hospital, s.device_id, s.position_id, s.record_offset, s.scanned_at
               FROM unnest($1::text[], $2::text[], $3::timestamptz[]) k (hospital, device_id, at)
               JOIN udi.scan s ON s.hospital = k.hospital AND s.device_id = k.device_id
                AND s.scanned_at BETWEEN k.at - make_interval(secs => $4) AND k.at + make_interval(secs => $4)
               WHERE s.verdict NOT IN ('duplicate', 'conflict')""",
            *([device[place] for device in devices] for place in range(3)), NEIGHBOUR_SECONDS,
        )  # fmt: skip
        found: dict[tuple[str, str], list[Neighbour]] = {}
        for row in rows:
            neighbour = Neighbour(Ref(row["position_id"], row["record_offset"]), row["scanned_at"])
            found.setdefault((row["hospital"], row["device_id"]), []).append(neighbour)
        return found


_SCAN, _REST = ("position_id", "record_offset"), ("rest_position", "rest_offset")


def _clocks(row: Any) -> dict[str, tuple[ReturnClock, ...]]:
    found: dict[str, tuple[ReturnClock, ...]] = {}
    columns = (row[name] or () for name in ("clocked", "clocked_since", "clock_tolerances"))
    for hospital, *clock in zip(*columns, strict=True):
        found[hospital] = (*found.get(hospital, ()), ReturnClock(*clock))
    return found


def _brought(row: Any) -> Iterable[tuple[str, str, str]]:
    return zip(*(row[name] or () for name in ("brought_in", "brought_items", "brought_of")), strict=True)


def _ref(row: Any, position: str, offset: str) -> Ref | None:
    return None if row[position] is None else Ref(row[position], row[offset])


def _commanded(lane: int, row: Any, known: Mapping[Ref, Recorded], ways: Mapping[Ref, Moved]) -> Commanded:
    command = Command(
        lane, row["seq"], CommandKind(row["kind"]), row["hospital"], plain(row["scan_id"]), row["by"], row["reason"],
        row["accepted_at"], orjson.loads(row["body"]),
    )  # fmt: skip
    scan, rest = _ref(row, *_SCAN), _ref(row, *_REST)
    way = ways.get(scan) if scan else None
    return Commanded(command, known.get(scan) if scan else None, known.get(rest) if rest else None, way)


async def read_scanners(connection: Any) -> Scanners:
    """All profiles and records of scanners."""
    scanners = Scanners()
    rows = await connection.fetch("SELECT profile, version FROM udi.scanner ORDER BY version")
    for profile, version in readable("a scanner's profile", rows, _profile):
        scanners.put(profile, version)
    return scanners


def _profile(row: Any) -> tuple[Scanner | ScannerRecord, int]:
    return scanner_fact(row[0]), row[1]


def _waiting(subject: RecordedScan, prior: Prior, scanners: Scanners) -> Waiting:
    """A half label as it was when it came: read again, for what the books do not keep (HIBC's link)."""
    event = subject.event
    profile = scanners.profile(event.hospital, event.device_id, event.scanned_at)
    label = label_facts(read_label(event.codes or (), scanned_on=subject.day, profile=profile))
    return Waiting(structs.replace(subject, label=label), replace(prior, label=None))


async def read_catalogue(connection: Any, catalogue: Catalogue | None = None) -> Catalogue:
    """The catalogue as it stands; of one that is given only what is newer is read."""
    if catalogue is None:
        catalogue = Catalogue()
    version = await connection.fetchval("SELECT version FROM udi.fact_counter")
    if version > catalogue.version:
        rows: Iterable[Any] = await connection.fetch(
            "SELECT body, version, ended_at FROM udi.catalogue WHERE version > $1 AND version <= $2 ORDER BY version",
            catalogue.version, version,
        )  # fmt: skip
        await learn_supply(connection, catalogue, catalogue.version, version)
        catalogue.put(readable("an item", rows, lambda row: _item(*row)), version)
    return catalogue


def _item(body: bytes, version: int, ended_at: datetime | None) -> Item:
    return item_from_wire(CatalogueItem.model_validate_json(body), version, ended_at)
