"""What people ask of findings: the list, and one finding with its alerts."""

import json
from typing import Any
from uuid import UUID

import asyncpg

_LIST = """
SELECT f.*, c.body ->> 'name' AS item_name
FROM report.findings f
LEFT JOIN LATERAL (
    SELECT convert_from(c.body, 'UTF8')::jsonb AS body FROM udi.catalogue c
    WHERE (c.hospital, c.item_code) = (f.hospital, f.item_code) ORDER BY c.version DESC LIMIT 1
) c ON true
WHERE ($1::text IS NULL OR f.month = $1) AND ($2::text IS NULL OR f.hospital = $2)
  AND ($3::uuid IS NULL OR f.finding = $3)
ORDER BY f.month DESC, f.hospital, f.status <> 'open', f.certain_amount DESC, f.amount DESC, f.item_code
"""
_ALERTS = """
SELECT alert_id, version, scope_type, scope, rule, measure, value, base_month, base_value, change_percent, rank,
       months_in_a_row, cause, status
FROM report.alerts a JOIN unnest($1::uuid[], $2::int[]) k (alert_id, version) USING (alert_id, version)
ORDER BY scope_type DESC, scope, rule, measure
"""


class Desk:
    """Reads findings."""

    def __init__(self, pool: asyncpg.Pool) -> None:
        self._pool = pool

    async def findings(
        self, month: str | None = None, hospital: str | None = None, finding: UUID | None = None
    ) -> list[dict[str, Any]]:
        """Findings with the names of their items, each month's open ones first, by money at stake."""
        rows = await self._pool.fetch(_LIST, month, hospital, finding)
        return [dict(row) | {name: json.loads(row[name]) for name in ("cause", "departments")} for row in rows]

    async def alerts(self, findings: list[dict[str, Any]]) -> dict[UUID, list[dict[str, Any]]]:
        """The alerts that findings rest on, as rows of report.alerts, by finding."""
        ids = [alert for row in findings for alert in row["alerts"]]
        versions = [version for row in findings for version in row["alert_versions"]]
        rows = await self._pool.fetch(_ALERTS, ids, versions)
        known = {row["alert_id"]: dict(row) | {"cause": json.loads(row["cause"])} for row in rows}
        return {row["finding"]: [known[alert] for alert in row["alerts"]] for row in findings}
