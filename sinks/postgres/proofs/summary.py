"""What a person is shown of a whole set of books. Amounts are yuan, months like 2022-06."""

from decimal import Decimal
from typing import Final, NamedTuple

from sinks.postgres.named import Asked, fetch

_VERDICTS: Final = """
SELECT verdict, count(*) AS many FROM (
    SELECT verdict FROM report.scans
    UNION ALL SELECT verdict FROM report.verdicts WHERE verdict IN ('duplicate', 'conflict', 'refused')
) v GROUP BY verdict ORDER BY count(*) DESC
"""
_EFFECTS: Final = """
SELECT (SELECT count(*) FROM report.charges WHERE kind = 'charge') AS charges,
       (SELECT coalesce(sum(amount), 0) FROM report.charges WHERE kind = 'charge') AS charged,
       (SELECT count(*) FROM report.charges WHERE kind = 'credit') AS credits,
       (SELECT coalesce(sum(amount), 0) FROM report.charges WHERE kind = 'credit') AS credited,
       (SELECT count(*) FROM report.stock_moves) AS moves,
       (SELECT count(*) FROM report.parked) AS parked,
       (SELECT count(*) FROM report.parked WHERE resolved_at IS NOT NULL) AS freed,
       (SELECT count(*) FROM report.settlement) AS settlement,
       (SELECT count(*) FROM report.outbox) AS published
"""
_MONTHS: Final = """
SELECT month, scans, coalesce(net, 0) AS net FROM (
    SELECT to_char(scanned_at AT TIME ZONE (SELECT zone FROM udi.installation), 'YYYY-MM') AS month, count(*) AS scans
    FROM report.scans GROUP BY 1
) s LEFT JOIN (
    SELECT month, sum(amount) AS net FROM report.usage_months WHERE scope_type = 'hospital' GROUP BY month
) u USING (month) ORDER BY month
"""
_ALERTS: Final = """
SELECT month, scope, item_code, value, rank, months_in_a_row, change_percent, base_month FROM (
    SELECT *, row_number() OVER (PARTITION BY rule ORDER BY value DESC) AS place
    FROM (SELECT DISTINCT ON (alert_id) * FROM report.alerts ORDER BY alert_id, version DESC) newest
    WHERE status = 'fired' AND measure = 'amount'
) ranked WHERE place <= $1 ORDER BY rule, value DESC
"""
_STANDING: Final = """
SELECT count(*) FROM (SELECT DISTINCT ON (alert_id) status FROM report.alerts ORDER BY alert_id, version DESC) newest
WHERE status = 'fired'
"""
_DIFFERENCES: Final = """
SELECT CASE WHEN status IN ('mended', 'vanished') THEN 'gone by itself or mended'
            WHEN cause = 'not-charged-yet' THEN 'waits here for a fact or a person'
            WHEN kind = 'missed' THEN 'missed: used, never charged'
            WHEN kind = 'extra' THEN 'extra: charged, never used'
            WHEN 'patient' = ANY (aspects) THEN 'wrong patient'
            ELSE 'wrong ' || array_to_string(aspects, ' and ') END AS what,
       count(*) AS many, sum(expected) AS expected, sum(found) AS found, status IN ('mended', 'vanished') AS gone
FROM report.differences GROUP BY what, gone ORDER BY gone, what
"""
_HIS_LINES: Final = "SELECT count(*) FROM report.his_charges WHERE NOT cancelled"


class VerdictCount(NamedTuple):
    """How many scans came to a verdict."""

    verdict: str
    """As `models.reasons.Verdict`."""
    many: int
    """How many."""


class Effects(NamedTuple):
    """What came of all scans."""

    charges: int
    """How many uses were charged."""
    charged: Decimal
    """Their amount."""
    credits: int
    """How many charges were taken back, whole or in part."""
    credited: Decimal
    """Their amount."""
    moves: int
    """Stock moves."""
    parked: int
    """Scans that ever waited for a fact."""
    freed: int
    """Those that wait no longer."""
    settlement: int
    """Settlement lines."""
    published: int
    """Records published."""


class MonthSums(NamedTuple):
    """A month at a glance."""

    month: str
    """As 2022-06."""
    scans: int
    """Scans made in it."""
    net: Decimal
    """Its use, less what was given back."""


class TopAlert(NamedTuple):
    """An alert that stands, of the largest of its rule by amount."""

    month: str
    """The month judged."""
    scope: str
    """Where."""
    item_code: str
    """Code of the item in the HIS catalogue."""
    value: Decimal
    """The month's amount."""
    rank: int | None
    """The rank, where the rule ranks."""
    months_in_a_row: int | None
    """For how many months it has had one."""
    change_percent: Decimal | None
    """By how much it rose; `None` from nothing."""
    base_month: str | None
    """Since when."""


class DifferenceSums(NamedTuple):
    """Differences with the HIS of one sort."""

    what: str
    """The sort, in words."""
    many: int
    """How many."""
    expected: Decimal
    """What is due."""
    found: Decimal
    """What the HIS charged."""
    gone: bool
    """Whether these stand no more."""


async def verdict_counts(asked: Asked) -> list[VerdictCount]:
    """The most frequent first."""
    return await fetch(asked, VerdictCount, _VERDICTS)


async def effects(asked: Asked) -> Effects:
    """Sums over everything."""
    (found,) = await fetch(asked, Effects, _EFFECTS)
    return found


async def month_sums(asked: Asked) -> list[MonthSums]:
    """Month by month."""
    return await fetch(asked, MonthSums, _MONTHS)


async def top_alerts(asked: Asked, of_each_rule: int) -> list[TopAlert]:
    """The largest alerts of each rule that stand."""
    return await fetch(asked, TopAlert, _ALERTS, of_each_rule)


async def standing_alerts(asked: Asked) -> int:
    """How many alerts stand."""
    return int(await asked.fetchval(_STANDING))


async def difference_sums(asked: Asked) -> list[DifferenceSums]:
    """Those that stand first."""
    return await fetch(asked, DifferenceSums, _DIFFERENCES)


async def his_lines_now(asked: Asked) -> int:
    """Lines of the HIS that are not cancelled."""
    return int(await asked.fetchval(_HIS_LINES))
