"""People who sign in: accounts, sessions, lock-out."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

import asyncpg

FAILURES_MAX: Final = 5
LOCKED_MINUTES: Final = 15
"""After five wrong passwords. NIST SP 800-63B, 5.2.2 asks for a limit and names no number lower than 100; ours."""
SESSION_HOURS: Final = 12
"""A long shift; then one signs in again."""


@dataclass(frozen=True, slots=True)
class Account:
    """Somebody who may sign in."""

    name: str
    """The name he signs in with."""
    hospital: str
    """Id of the hospital; the first part of every record key."""
    roles: tuple[str, ...]
    """Names of his roles (`models.web.access.Role`)."""
    password_hash: str
    """argon2."""
    locked_until: datetime | None
    """After too many wrong passwords; `None`: never locked since the last sign-in."""
    locked: bool
    """`locked_until` has not passed yet, by the database's clock."""


_ACCOUNT = """
SELECT name, hospital, roles, password_hash, locked_until, coalesce(locked_until > clock_timestamp(), false) AS locked
FROM udi.account WHERE name = $1 AND ended_at IS NULL
"""
_SESSION = """
SELECT a.name, a.hospital, a.roles, a.password_hash, a.locked_until, false AS locked
FROM udi.web_session s JOIN udi.account a USING (name)
WHERE s.token_hash = $1 AND s.ends_at > clock_timestamp() AND a.ended_at IS NULL
"""
_VOUCH = """
INSERT INTO udi.account AS a (name, hospital, roles, password_hash, added_by, issuer, subject)
VALUES ($1, $2, $3, '', $4, $4, $5) ON CONFLICT (issuer, subject) DO UPDATE
SET hospital = excluded.hospital, roles = excluded.roles WHERE a.ended_at IS NULL RETURNING name
"""
_FAILED = """
UPDATE udi.account SET failures = failures + 1,
    locked_until = CASE WHEN failures + 1 >= $2 THEN clock_timestamp() + make_interval(mins => $3) ELSE locked_until END
WHERE name = $1
"""


class AccountBooks:
    """The accounts' side of the books."""

    def __init__(self, pool: asyncpg.Pool) -> None:
        self._pool = pool

    async def add(self, name: str, hospital: str, roles: Sequence[str], password_hash: str, by: str) -> bool:
        """Add an account; one that has ended begins anew. False when one of that name is there."""
        return bool(
            await self._pool.fetchval(
                "INSERT INTO udi.account AS a (name, hospital, roles, password_hash, added_by) "
                "VALUES ($1, $2, $3, $4, $5) ON CONFLICT (name) DO UPDATE SET hospital = excluded.hospital, "
                "roles = excluded.roles, password_hash = excluded.password_hash, failures = 0, locked_until = NULL, "
                "added_by = excluded.added_by, added_at = clock_timestamp(), ended_by = NULL, ended_at = NULL, "
                "issuer = NULL, subject = NULL "
                "WHERE a.ended_at IS NOT NULL RETURNING true",
                name, hospital, list(roles), password_hash, by,
            )
        )  # fmt: skip

    async def vouch(self, issuer: str, subject: str, name: str, hospital: str, roles: Sequence[str]) -> str | None:
        """The account of whom an identity provider vouches for, with the roles he has there now; gives its name.

        `None` when it was ended here, or somebody else has the name.
        """
        try:
            found = await self._pool.fetchval(_VOUCH, name, hospital, list(roles), issuer, subject)
        except asyncpg.UniqueViolationError:
            return None
        return None if found is None else str(found)

    async def end(self, name: str, by: str) -> bool:
        """Nobody signs in by that name any more, and who has is out. False when there is none."""
        async with self._pool.acquire() as connection, connection.transaction():
            await connection.execute("DELETE FROM udi.web_session WHERE name = $1", name)
            return bool(
                await connection.fetchval(
                    "UPDATE udi.account SET ended_by = $2, ended_at = clock_timestamp() "
                    "WHERE name = $1 AND ended_at IS NULL RETURNING true",
                    name, by,
                )
            )  # fmt: skip

    async def all(self) -> list[dict[str, Any]]:
        """Every account, without what it signs in with."""
        return [dict(row) for row in await self._pool.fetch("SELECT * FROM report.accounts ORDER BY hospital, name")]

    async def find(self, name: str) -> Account | None:
        """The account of that name that has not ended."""
        return _account(await self._pool.fetchrow(_ACCOUNT, name))

    async def failed(self, name: str) -> None:
        """A wrong password: too many lock the account for a while."""
        await self._pool.execute(_FAILED, name, FAILURES_MAX, LOCKED_MINUTES)

    async def begin(self, name: str, token_hash: bytes) -> None:
        """Somebody has signed in; failures are forgotten, sessions that have ended are swept."""
        async with self._pool.acquire() as connection, connection.transaction():
            await connection.execute("DELETE FROM udi.web_session WHERE ends_at < clock_timestamp()")
            await connection.execute("UPDATE udi.account SET failures = 0, locked_until = NULL WHERE name = $1", name)
            await connection.execute(
                "INSERT INTO udi.web_session (token_hash, name, ends_at) "
                "VALUES ($1, $2, clock_timestamp() + make_interval(hours => $3))",
                token_hash, name, SESSION_HOURS,
            )  # fmt: skip

    async def of_session(self, token_hash: bytes) -> Account | None:
        """Who is signed in with a token."""
        return _account(await self._pool.fetchrow(_SESSION, token_hash))

    async def leave(self, token_hash: bytes) -> None:
        """Sign out."""
        await self._pool.execute("DELETE FROM udi.web_session WHERE token_hash = $1", token_hash)


def _account(row: Any) -> Account | None:
    return None if row is None else Account(**{**dict(row), "roles": tuple(row["roles"])})
