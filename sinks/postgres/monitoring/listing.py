"""The newest version of each alert, as a person lists them."""

from datetime import datetime
from decimal import Decimal
from typing import Final, NamedTuple
from uuid import UUID

from sinks.postgres.named import Asked, fetch

_NEWEST: Final = """
SELECT hospital, alert_id, version, supersedes, scope_type, scope, rule, item_code, month, provisional, measure, value,
       base_month, base_value, change_percent, rank, months_in_a_row, cause, status, fired_at, item_name
FROM (
    SELECT DISTINCT ON (a.alert_id) a.*, (
        SELECT convert_from(c.body, 'UTF8')::jsonb ->> 'name' FROM udi.catalogue c
        WHERE (c.hospital, c.item_code) = (a.hospital, a.item_code) ORDER BY c.version DESC LIMIT 1
    ) AS item_name
    FROM report.alerts a ORDER BY a.alert_id, a.version DESC
) newest
WHERE ($1::text IS NULL OR month = $1) AND (NOT $2 OR status IN ('provisional', 'fired'))
ORDER BY month DESC, hospital, scope_type DESC, scope, rule, measure, coalesce(rank, 0), change_percent DESC, item_code
"""


class ListedAlert(NamedTuple):
    """An alert as it stands now. Amounts are yuan, quantities units, months like 2022-06."""

    hospital: str
    """Whose it is."""
    alert_id: UUID
    """The same in every version."""
    version: int
    """1, 2 …"""
    supersedes: int | None
    """The version before; `None` for the first."""
    scope_type: str
    """`hospital` or `department`."""
    scope: str
    """Its id."""
    rule: str
    """The rule's name."""
    item_code: str
    """The hospital's code of the item."""
    month: str
    """The month judged."""
    provisional: bool
    """Whether the month was open yet."""
    measure: str
    """`amount` or `quantity`: what the figures count."""
    value: Decimal
    """The figure of the month."""
    base_month: str | None
    """What it is compared with; `None` where the rule compares with nothing."""
    base_value: Decimal | None
    """The figure of that month."""
    change_percent: Decimal | None
    """By how much it rose; `None` from nothing."""
    rank: int | None
    """The rank, where the rule ranks."""
    months_in_a_row: int | None
    """For how many months it has had a rank."""
    cause: str
    """The parts of the growth, as JSON."""
    status: str
    """As `models.monitoring.alert.Status`."""
    fired_at: datetime
    """When this version was judged."""
    item_name: str | None
    """The item's name in the newest catalogue; `None` for an item that is not in it."""


async def newest_alerts(asked: Asked, month: str | None, *, only_open: bool) -> list[ListedAlert]:
    """The newest months first; `None` is every month, `only_open` leaves out what was withdrawn or explained."""
    return await fetch(asked, ListedAlert, _NEWEST, month, only_open)
