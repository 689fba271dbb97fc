"""Devices that may send scans: added and revoked by people, asked by every gateway."""

import secrets
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import asyncpg

from models.scan.signatures import Signer

SECRET_BYTES = 32


@dataclass(frozen=True, slots=True)
class Device:
    """A device as the gateway needs it."""

    hospital: str
    """Id of the hospital; the first part of every record key."""
    device_id: str
    """Id of the scanner or terminal."""
    key_hash: str
    """argon2 of its key."""
    signing_key: bytes | None
    """Its key, of a device that signs; `None` of one that does not."""
    store: str | None
    """Where it stands; `None` when that was not said."""
    department: str | None
    """Department it belongs to; `None` when that was not said."""
    added_at: datetime
    """When a person added it."""
    revoked_at: datetime | None
    """When a person revoked it; `None`: it may send."""


_FIELDS = "hospital, device_id, key_hash, signing_key, store, department, added_at, revoked_at"


class DeviceBooks:
    """The devices' side of the books."""

    def __init__(self, pool: asyncpg.Pool) -> None:
        self._pool = pool

    async def add(self, device: Device, by: str) -> bool:
        """Add a device, or give a revoked one a new key; false when one of that name is there and not revoked."""
        return bool(
            await self._pool.fetchval(
                "INSERT INTO udi.device AS d (hospital, device_id, key_hash, signing_key, store, department, added_by) "
                "VALUES ($1, $2, $3, $4, $5, $6, $7) ON CONFLICT (hospital, device_id) DO UPDATE SET "
                "key_hash = excluded.key_hash, signing_key = excluded.signing_key, store = excluded.store, "
                "department = excluded.department, added_by = excluded.added_by, added_at = clock_timestamp(), "
                "revoked_by = NULL, revoked_at = NULL WHERE d.revoked_at IS NOT NULL RETURNING true",
                device.hospital,
                device.device_id,
                device.key_hash,
                device.signing_key,
                device.store,
                device.department,
                by,
            )
        )

    async def revoke(self, hospital: str, device_id: str, by: str) -> bool:
        """End a device's right to send; false when there is none of that name that has it."""
        return bool(
            await self._pool.fetchval(
                "UPDATE udi.device SET revoked_by = $3, revoked_at = clock_timestamp() "
                "WHERE (hospital, device_id) = ($1, $2) AND revoked_at IS NULL RETURNING true",
                hospital,
                device_id,
                by,
            )
        )

    async def find(self, hospital: str, device_id: str) -> Device | None:
        """The device of that name, revoked or not."""
        row = await self._pool.fetchrow(
            f"SELECT {_FIELDS} FROM udi.device WHERE (hospital, device_id) = ($1, $2)", hospital, device_id
        )
        return Device(**dict(row)) if row else None

    async def all(self, hospitals: Sequence[str] | None) -> list[dict[str, Any]]:
        """Every device of the hospitals (`None`: of all), without keys."""
        rows = await self._pool.fetch(
            "SELECT * FROM report.devices WHERE $1::text[] IS NULL OR hospital = ANY ($1) ORDER BY hospital, device_id",
            hospitals,
        )
        return [dict(row) for row in rows]

    async def signers(self) -> list[Signer]:
        """Devices that sign, with their keys and since when."""
        rows = await self._pool.fetch(
            "SELECT hospital, device_id, signing_key, added_at, revoked_at FROM udi.device "
            "WHERE signing_key IS NOT NULL"
        )
        return [Signer(*row.values()) for row in rows]

    async def secret(self) -> bytes:
        """What tokens of this installation are signed with; made by whoever asks first."""
        await self._pool.execute(
            "INSERT INTO udi.gateway_secret (secret) VALUES ($1) ON CONFLICT DO NOTHING",
            secrets.token_bytes(SECRET_BYTES),
        )
        return bytes(await self._pool.fetchval("SELECT secret FROM udi.gateway_secret"))
