"""Commands of persons, and of scans that identify goods, into the books; and what became of them."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final, NamedTuple
from uuid import UUID

import asyncpg
import orjson

from models.charging.commands import CommandKind, Identity
from models.charging.decision import Decision
from models.personal import masked
from sinks.ports.batch import Batch

_HOSPITALS = """
SELECT c.hospital FROM udi.hospitals_with_records() h (hospital)
JOIN udi.scan_claim c ON (c.hospital, c.scan_id) = (h.hospital, $1) ORDER BY c.hospital
"""

_ACCEPT: Final = "SELECT udi.accept_command('identify', $1, $2, $3, $4, $5)"


@dataclass(frozen=True, slots=True)
class Place:
    """Where a command stands."""

    lane: int
    """Lane of its scan, which carries it out."""
    seq: int
    """Its number on the lane: 1, 2, 3 … without gaps."""


@dataclass(frozen=True, slots=True)
class Ended:
    """What became of a command."""

    done: bool
    """`False`: something stood against it, and nothing changed."""
    detail: str
    """The verdicts that followed, or what stood against it."""


class CommandBooks:
    """Stores commands; the lane of the scan carries them out (`streams.lanes.lane`)."""

    def __init__(self, pool: asyncpg.Pool) -> None:
        self._pool = pool

    async def hospitals_of(self, scan_id: UUID) -> list[str]:
        """The hospitals that have recorded a scan under the id."""
        return [row["hospital"] for row in await self._pool.fetch(_HOSPITALS, scan_id)]

    async def accept(  # noqa: PLR0917 -- the parts of a command
        self,
        kind: CommandKind,
        hospital: str,
        scan_id: UUID,
        by: str,
        reason: str,
        body: Mapping[str, Any] | None = None,
    ) -> Place | None:
        """Store a command; `None` when there is no such scan. An identity number in the reason is unreadable.

        Raises:
            asyncpg.CheckViolationError: `by` or `reason` is empty.
        """
        row = await self._pool.fetchrow(
            "SELECT * FROM udi.accept_command($1, $2, $3, $4, $5, $6)",
            kind.value, hospital, scan_id, by, masked(reason), orjson.dumps(dict(body or {})).decode(),
        )  # fmt: skip
        return None if row is None or row["lane"] is None else Place(row["lane"], row["seq"])

    async def ended(self, place: Place) -> Ended | None:
        """What became of it; `None` while its lane has not carried it out."""
        row = await self._pool.fetchrow(
            "SELECT done, detail FROM udi.command_outcome WHERE (lane, seq) = ($1, $2)", place.lane, place.seq
        )
        return None if row is None else Ended(row["done"], row["detail"])


class Identified(NamedTuple):
    """A command to identify goods, given by a scan."""

    hospital: str
    """Id of the hospital; the first part of every record key."""
    scan_id: UUID
    """The scan whose goods are meant."""
    by: str
    """Who scanned; nobody said: the device."""
    reason: str
    """Why, in that person's words."""
    body: dict[str, Any]
    """What they are (`models.charging.commands.Identity`)."""


def identities_of(batch: Batch) -> list[tuple[Decision, Identified]]:
    """What each scan of the batch commands that identifies another's goods."""
    found = []
    for each in batch.results:
        if isinstance(each, Decision) and each.identifies is not None:
            event, said = each.subject.event, _said(each).model_dump(mode="json", exclude_none=True)
            why = masked(event.reason or "Identified by a scan.")
            found.append((each, Identified(event.hospital, each.identifies, event.staff or event.device_id, why, said)))
    return found


async def accept_identities(connection: Any, batch: Batch) -> None:
    """Store them, in the transaction of their scans."""
    for _, each in identities_of(batch):
        await connection.execute(_ACCEPT, *each[:-1], orjson.dumps(each.body).decode())


def _said(decision: Decision) -> Identity:
    label = decision.label
    assert label.di is not None  # noqa: S101 -- it is of a known item
    return Identity(
        scan_id=decision.subject.event.scan_id, issuer=label.issuer, di=label.di, lot=label.lot, serial=label.serial,
        expiry=label.expiry, production=label.production,
    )  # fmt: skip
