"""What a director reads first: charged, missed and charged too much, what waits, and what rose most."""

from dataclasses import dataclass
from decimal import Decimal
from typing import Final

from sinks.postgres.named import Asked, fetch

_HEADLINES: Final = """
SELECT
    (SELECT coalesce(sum(CASE kind WHEN 'charge' THEN amount ELSE -amount END), 0) FROM report.charges) AS charged,
    (SELECT coalesce(sum(expected - found), 0) FROM report.differences
     WHERE status IN ('open', 'asked') AND cause <> 'not-charged-yet' AND expected > found) AS missed,
    (SELECT coalesce(sum(found - expected), 0) FROM report.differences
     WHERE status IN ('open', 'asked') AND found > expected) AS overcharged,
    (SELECT count(*)::integer FROM udi.open_scan WHERE verdict = 'parked') AS parked,
    (SELECT count(*)::integer FROM udi.open_scan WHERE verdict = 'held') AS held,
    (SELECT coalesce(sum(expected), 0) FROM report.differences
     WHERE status IN ('open', 'asked') AND cause = 'not-charged-yet') AS waiting
"""
_RISES: Final = """
SELECT a.month, a.item_code, i.body ->> 'name' AS item_name, a.value - a.base_value AS rise,
       a.change_percent, a.base_month
FROM report.alerts a
LEFT JOIN udi.item_now i ON (i.hospital, i.item_code) = (a.hospital, a.item_code)
WHERE a.status = 'fired' AND a.measure = 'amount' AND a.scope_type = 'hospital' AND a.change_percent IS NOT NULL
  AND a.month = (SELECT max(month) FROM report.alerts WHERE status = 'fired')
  AND NOT EXISTS (SELECT FROM report.alerts newer WHERE newer.alert_id = a.alert_id AND newer.version > a.version)
ORDER BY a.value - a.base_value DESC, a.item_code
"""


@dataclass(frozen=True, slots=True)
class Headlines:
    """Sums in yuan over all that is recorded."""

    charged: Decimal
    """Charges less credits."""
    missed: Decimal
    """What the HIS charged too little."""
    overcharged: Decimal
    """What the HIS charged too much."""
    parked: int
    """Scans that wait for a fact."""
    held: int
    """Scans that wait for a person."""
    waiting: Decimal
    """What waits here for a fact or a person would be charged, as far as anybody knows."""


@dataclass(frozen=True, slots=True)
class Rise:
    """An item whose use in money rose, by a rule, in the newest judged month."""

    month: str
    """Month judged, like 2022-06."""
    item_code: str
    """The item's code in the HIS catalogue."""
    item_name: str | None
    """The item's name in the catalogue; `None` while it is unknown."""
    rise: Decimal
    """Yuan."""
    change_percent: Decimal
    """Against the base month, two digits."""
    base_month: str
    """Month it is compared with, like 2022-05."""


async def headlines(asked: Asked) -> Headlines:
    """The sums."""
    return (await fetch(asked, Headlines, _HEADLINES))[0]


async def rises(asked: Asked) -> list[Rise]:
    """Rises of the hospital in the newest month that has any, the largest first; an item may rise against two bases."""
    return await fetch(asked, Rise, _RISES)
