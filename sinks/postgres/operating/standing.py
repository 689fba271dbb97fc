"""How the installation stands, for a person: what is recorded, who is at work, what waits."""

from dataclasses import dataclass
from datetime import datetime
from typing import Final

from models.wire.topics import LANE_OUTPUTS
from sinks.postgres.named import Asked, fetch
from sinks.postgres.observation import BACKLOG, BEHIND, OPEN, OUTBOX, POSITIONS

_NEWEST: Final = """
SELECT s.recorded_at, s.scanned_at, s.device_id, s.verdict::text AS verdict
FROM udi.position p CROSS JOIN LATERAL (
    SELECT * FROM udi.scan s WHERE s.position_id = p.position_id ORDER BY s.record_offset DESC LIMIT 1
) s ORDER BY s.recorded_at DESC LIMIT 1
"""
_SCANS: Final = "SELECT count(*) FROM udi.scan"
_LEASES: Final = "SELECT name FROM udi.lease WHERE until > clock_timestamp() ORDER BY name"
_DIFFERENCES: Final = "SELECT count(*) FROM udi.difference_standing WHERE status = 'open'"
_CASES: Final = "SELECT count(*) FROM udi.open_case"
_FINDINGS: Final = "SELECT count(*) FROM report.findings WHERE status = 'open'"
_ALERTS: Final = """
SELECT count(*) FROM udi.alert a WHERE status IN ('fired', 'provisional')
  AND NOT EXISTS (SELECT FROM udi.alert newer WHERE newer.alert_id = a.alert_id AND newer.version > a.version)
"""
_VERIFIED: Final = "SELECT at, failed FROM udi.verification ORDER BY verification_id DESC LIMIT 1"


@dataclass(frozen=True, slots=True)
class NewestScan:
    """The scan that was recorded last."""

    recorded_at: datetime
    """The broker's timestamp of its record."""
    scanned_at: datetime | None
    """By the device's clock; `None` of a bad record."""
    device_id: str | None
    """Id of the scanner or terminal; `None` when it could not be read."""
    verdict: str
    """Its first verdict."""


@dataclass(frozen=True, slots=True)
class Position:
    """How far an input partition is recorded; topic with its prefix."""

    topic: str
    """Full name of the topic."""
    partition: int
    """Partition of the topic."""
    next_offset: int
    """Offset after the newest recorded one."""


@dataclass(frozen=True, slots=True)
class Standing:
    """What the database knows of the whole."""

    scans: int
    """Records of the scan topic in the books."""
    newest: NewestScan | None
    """`None` while no scan is recorded."""
    positions: list[Position]
    """Of every input partition."""
    lanes: int
    """How many there are."""
    lanes_behind: int
    """Lanes that have facts to decide by again."""
    working: list[str]
    """Names of leases that are held: the scheduler's jobs, the relay's lanes."""
    backlog: dict[str, int]
    """Places with work for a job or a lane's commands, by its name."""
    pending: int
    """Records of the outbox that are not known to be published."""
    pending_since: datetime | None
    """When the oldest of them was written; `None` when none waits."""
    open_scans: dict[str, int]
    """Scans by `waiting`, `parked`, `held`."""
    differences: int
    """Differences with the HIS that are open."""
    cases: int
    """Closed cases whose newest proof has gaps."""
    findings: int
    """Findings that lie open."""
    alerts: int
    """Alerts that stand."""
    verified_at: datetime | None
    """When `udi verify` last kept an outcome; `None`: never."""
    verify_failed: int
    """Invariants that did not hold then."""


async def standing(asked: Asked) -> Standing:
    """How everything stands, as the snapshot of `asked` has it."""
    newest = await fetch(asked, NewestScan, _NEWEST)
    outbox = await asked.fetch(OUTBOX, list(LANE_OUTPUTS))
    behind = await asked.fetch(BEHIND)
    backlog: dict[str, int] = {}
    for row in await asked.fetch(BACKLOG):
        backlog[row["work"]] = backlog.get(row["work"], 0) + 1
    verified = await asked.fetchrow(_VERIFIED)
    return Standing(
        scans=await asked.fetchval(_SCANS),
        newest=newest[0] if newest else None,
        positions=await fetch(asked, Position, POSITIONS),
        lanes=len(behind),
        lanes_behind=sum(row["facts"] > 0 for row in behind),
        working=[row["name"] for row in await asked.fetch(_LEASES)],
        backlog=backlog,
        pending=sum(row["pending"] for row in outbox),
        pending_since=min((row["written_at"] for row in outbox if row["written_at"] is not None), default=None),
        open_scans={row["verdict"]: row["scans"] for row in await asked.fetch(OPEN)},
        differences=await asked.fetchval(_DIFFERENCES),
        cases=await asked.fetchval(_CASES),
        findings=await asked.fetchval(_FINDINGS),
        alerts=await asked.fetchval(_ALERTS),
        verified_at=verified["at"] if verified else None,
        verify_failed=verified["failed"] if verified else 0,
    )
