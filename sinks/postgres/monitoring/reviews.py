"""Reviews of findings in PostgreSQL: one step is one transaction, alone for its finding."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime
from typing import Any
from uuid import UUID

import asyncpg
import orjson

from models.charging.controls import Control
from models.money import fen_text
from models.monitoring.finding import FindingKey, FindingStatus
from models.monitoring.review import Effect, ReviewEntry, ReviewRefusal, ReviewState, Step, Voice, Vote
from sinks.postgres.locks import AdvisoryLock
from sinks.postgres.monitoring.controls import record_controls
from sinks.postgres.monitoring.findings import finding_of_row, finding_row

Judge = Callable[[Sequence[ReviewEntry]], ReviewState | ReviewRefusal]
"""Whether a step may follow the entries, and where it leads."""
ControlsOf = Callable[[ReviewEntry], Sequence[Control]]
"""What is set against charging by a step that was done."""


@dataclass(frozen=True, slots=True)
class Said:
    """What a person says with a step."""

    step: Step
    """What is done."""
    by: str
    """Who does it."""
    text: str
    """What is said, in the person's words."""
    owner: str | None = None
    """Of an assignment: who has the finding from now on."""
    due_on: date | None = None
    """Of an assignment: the day until which."""
    voice: Voice | None = None
    """Of an opinion: for whom it speaks."""
    vote: Vote | None = None
    """Of an opinion: what it comes to."""
    effect: Effect | None = None
    """Of an effect: use before and after."""


def no_controls(_: ReviewEntry) -> Sequence[Control]:
    """Most steps set nothing against charging."""
    return ()


class ReviewBooks:
    """Reviews as people's commands use them."""

    def __init__(self, pool: asyncpg.Pool) -> None:
        self._pool = pool

    async def finding(self, finding: UUID) -> FindingKey | None:
        """What a finding is about; `None` when there is none of that id."""
        row = await self._pool.fetchrow(
            "SELECT hospital, item_code, month FROM udi.watch_finding WHERE finding = $1 LIMIT 1", finding
        )
        return None if row is None else FindingKey(*row)

    async def entries(self, finding: UUID) -> list[ReviewEntry]:
        """The steps of a review, in order."""
        return await _entries(self._pool, finding)

    async def step(
        self, finding: UUID, said: Said, judge: Judge, controls: ControlsOf = no_controls
    ) -> ReviewEntry | ReviewRefusal:
        """Do a step when it may be done, with the controls that follow from it; closing also closes the finding."""
        async with self._pool.acquire() as connection, connection.transaction():
            await connection.execute(
                "SELECT pg_advisory_xact_lock($1, hashtext($2))", AdvisoryLock.REVIEWING, str(finding)
            )
            row = await connection.fetchrow(
                "SELECT * FROM udi.watch_finding WHERE finding = $1 ORDER BY version DESC LIMIT 1", finding
            )
            if row is None:
                return ReviewRefusal.UNKNOWN_FINDING
            entries = await _entries(connection, finding)
            state = judge(entries)
            if isinstance(state, ReviewRefusal):
                return state
            now = datetime.now(UTC)
            entry = ReviewEntry(
                len(entries) + 1,
                now,
                said.by,
                said.step,
                state,
                said.text,
                said.owner,
                said.due_on,
                said.voice,
                said.vote,
                None if said.effect is None else _shown(said.effect),
            )
            await _insert(connection, row["hospital"], finding, entry)
            if set_by_it := controls(entry):
                await record_controls(connection, set_by_it, now)
            if said.step is Step.CLOSE:
                version = finding_of_row(row)
                body = replace(version.body, status=FindingStatus.CLOSED, filed=None)
                closed = replace(version, version=version.version + 1, body=body, found_at=now)
                await connection.execute(
                    "INSERT INTO udi.watch_finding SELECT * FROM unnest($1::udi.watch_finding[])", [finding_row(closed)]
                )
            return entry

    async def listed(self) -> list[dict[str, Any]]:
        """The rows of report.reviews, those due first."""
        rows = await self._pool.fetch(
            "SELECT r.* FROM report.reviews r ORDER BY r.state = 'closed', r.due_on NULLS LAST, r.month, r.item_code"
        )
        return [dict(row) for row in rows]

    async def dossier(self, key: FindingKey) -> dict[str, Any]:
        """What a re-selection needs: the item's use and price by month, the same type beside it, findings, opinions."""
        use = await self._pool.fetch(_USE, key.hospital, key.item_code)
        same = await self._pool.fetch(_SAME_TYPE, key.hospital, key.item_code)
        findings = await self._pool.fetch(
            "SELECT finding, month, status, filed, amount FROM report.findings WHERE (hospital, item_code) = ($1, $2) "
            "ORDER BY month",
            key.hospital, key.item_code,
        )  # fmt: skip
        opinions = await self._pool.fetch(
            "SELECT e.at, e.voice, e.vote, e.text FROM report.review_entries e JOIN report.findings f USING (finding) "
            "WHERE (f.hospital, f.item_code) = ($1, $2) AND e.kind = 'opinion' ORDER BY e.at",
            key.hospital, key.item_code,
        )  # fmt: skip
        parts = {"use": use, "same_type": same, "findings": findings, "opinions": opinions}
        return {name: [dict(row) for row in rows] for name, rows in parts.items()}


_CATEGORY = "(SELECT i.body ->> 'category' FROM udi.item_now i WHERE (i.hospital, i.item_code) = ($1, $2))"
_USE = """
SELECT udi.month_text(month) AS month, quantity, udi.yuan(amount_fen) AS amount,
       round(amount_fen / 100.0 / nullif(quantity, 0), 2) AS mean_price
FROM udi.usage_now WHERE (hospital, item_code, scope_type) = ($1, $2, 'hospital') ORDER BY month
"""
_SAME_TYPE = f"""
SELECT i.item_code, i.body ->> 'name' AS name, i.body ->> 'maker' AS maker, sum(u.quantity)::bigint AS quantity,
       udi.yuan(sum(u.amount_fen)::bigint) AS amount,
       round(sum(u.amount_fen) / 100.0 / nullif(sum(u.quantity), 0), 2) AS mean_price
FROM udi.item_now i
LEFT JOIN udi.usage_now u ON (u.hospital, u.item_code, u.scope_type) = (i.hospital, i.item_code, 'hospital')
WHERE i.hospital = $1 AND i.item_code <> $2 AND i.body ->> 'category' = {_CATEGORY}
GROUP BY i.item_code, i.body ORDER BY sum(u.amount_fen) DESC NULLS LAST, i.item_code
"""


async def _entries(connection: Any, finding: UUID) -> list[ReviewEntry]:
    rows = await connection.fetch("SELECT * FROM udi.review_entry WHERE finding = $1 ORDER BY n", finding)
    return [
        ReviewEntry(
            row["n"], row["at"], row["by"], Step(row["kind"]), ReviewState(row["state"]), row["text"], row["owner"],
            row["due_on"], None if row["voice"] is None else Voice(row["voice"]),
            None if row["vote"] is None else Vote(row["vote"]),
            None if row["effect"] is None else orjson.loads(row["effect"]),
        )
        for row in rows
    ]  # fmt: skip


def _shown(effect: Effect) -> dict[str, Any]:
    """As the books keep it: amounts in yuan."""
    return {
        name.removesuffix("_fen"): fen_text(value) if name.endswith("_fen") else value
        for name, value in effect._asdict().items()
    }


async def _insert(connection: Any, hospital: str, finding: UUID, entry: ReviewEntry) -> None:
    await connection.execute(
        "INSERT INTO udi.review_entry VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13)",
        finding, entry.n, hospital, entry.at, entry.by, entry.step, entry.state, entry.text, entry.owner, entry.due_on,
        entry.voice, entry.vote, None if entry.effect is None else orjson.dumps(entry.effect).decode(),
    )  # fmt: skip


async def reopen(connection: Any, key: FindingKey, at: datetime, judge: Judge) -> None:
    """In a session of the evaluator: what a closed finding rests on has changed, so its review goes on."""
    entries = await _entries(connection, key.finding_id)
    state = judge(entries)
    if not isinstance(state, ReviewRefusal):
        text = "What the finding rests on has changed."
        entry = ReviewEntry(len(entries) + 1, at, "udistream", Step.REOPEN, state, text)
        await _insert(connection, key.hospital, key.finding_id, entry)
