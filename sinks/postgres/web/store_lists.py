"""The lists of the store: what expires, lies unused, left a cabinet, came for one operation, is not paid for yet.

References:
    docs/store.md, the sections of their names.
"""

from collections.abc import Mapping
from typing import Final

from sinks.postgres.web.board_list import BoardList

SOON_DAYS: Final = 90
"""What expires within so many days does so soon, as `udi expiring` has it. No source: ours."""
_DUE: Final = f"CASE WHEN {{days}} < 0 THEN 'expired' WHEN {{days}} <= {SOON_DAYS} THEN 'soon' ELSE 'later' END"
_SLOW_DUE: Final = f"coalesce({_DUE.format(days='m.expiry - m.as_of')}, 'undated')"
_MONTH: Final = "replace(({month})[1], '-', '')::integer"
_LEFT_OF_SET: Final = "CASE WHEN l.lacking > 0 THEN l.lacking ELSE 0 END"
_BY_FIT: Final = "array_position(ARRAY['over', 'lacking', 'open', 'settled'], {status})"
_NEWEST_SETTLEMENT: Final = """SELECT newest.* FROM udi.position p CROSS JOIN LATERAL (
    SELECT t.position_id, t.record_offset, t.n FROM udi.settlement t
    WHERE t.position_id = p.position_id AND t.hospital = $1 ORDER BY t.record_offset DESC LIMIT {newest}) newest"""
_SETTLEMENT_BY: Final[Mapping[str, str]] = {
    "scan_id": "SELECT position_id, record_offset, n FROM udi.scan_claim "
               "JOIN udi.settlement USING (position_id, record_offset) "
               "WHERE scan_claim.hospital = $1 AND scan_claim.scan_id = ANY ({scan_id}::uuid[])",
    "supplier period": "SELECT position_id, record_offset, n FROM udi.settlement "
                       "WHERE hospital = $1 AND supplier = ANY ({supplier}) "
                       "AND period IN (SELECT replace(m, '-', '')::integer FROM unnest({period}) m)",
    "supplier": "SELECT position_id, record_offset, n FROM udi.settlement "
                "WHERE hospital = $1 AND supplier = ANY ({supplier})",
}  # fmt: skip

STORE_LISTS: Final[Mapping[str, BoardList]] = {
    "expiring": BoardList(
        f"""
        SELECT {_DUE.format(days="e.days_left")} AS due, e.days_left, e.expiry, e.store, e.item_code, e.lot, e.serial,
               e.owner, e.quantity, e.value
        FROM (
            SELECT s.store, s.item_code, s.owner, s.lot, s.serial FROM udi.stock_in_place s
            WHERE s.hospital = $1 AND s.quantity > 0 AND s.expiry IS NOT NULL
            ORDER BY s.expiry, s.store, s.item_code {{cut}}
        ) first CROSS JOIN LATERAL (
            SELECT * FROM report.expiring x
            WHERE x.hospital = $1 AND (x.store, x.item_code, x.owner) = (first.store, first.item_code, first.owner)
              AND x.lot IS NOT DISTINCT FROM first.lot AND x.serial IS NOT DISTINCT FROM first.serial OFFSET 0
        ) e
        ORDER BY e.days_left, e.store, e.item_code""",
        counted="SELECT 1 FROM udi.stock_in_place WHERE hospital = $1 AND quantity > 0 AND expiry IS NOT NULL",
        read_whole=True, kept=True, summed="due",
        sums=f"""
        SELECT {_DUE.format(days="e.days_left")} AS due, count(*) AS rows, sum(e.quantity)::bigint AS units,
               coalesce(sum(e.value), 0) AS value, count(*) FILTER (WHERE e.value IS NULL) AS unpriced
        FROM report.expiring e WHERE e.hospital = $1 GROUP BY 1 ORDER BY min(e.days_left)""",
    ),
    "slow-movers": BoardList(
        f"""
        SELECT m.idle_days, m.last_used_on, m.store, m.item_code, m.owner, m.quantity, m.months_of_stock, m.expiry,
               {_SLOW_DUE} AS due, m.value, m.as_of
        FROM report.slow_movers m WHERE m.hospital = $1 ORDER BY m.value DESC NULLS LAST, m.store, m.item_code""",
        read_whole=True, kept=True, summed="due",
        sums=f"""
        SELECT {_SLOW_DUE} AS due, count(*) AS rows, sum(m.quantity)::bigint AS units,
               coalesce(sum(m.value), 0) AS value, count(*) FILTER (WHERE m.value IS NULL) AS unpriced
        FROM report.slow_movers m WHERE m.hospital = $1 GROUP BY 1 ORDER BY min(m.expiry) NULLS LAST""",
    ),
    "demand": BoardList(
        """
        SELECT d.store, d.item_code, d.days, d.low, d.forecast, d.high, d.weekly, d.weeks_used, d.weeks, d.last_used_on,
               d.as_of
        FROM report.demand_2 d WHERE d.hospital = $1 ORDER BY d.forecast DESC NULLS LAST, d.store, d.item_code""",
        read_whole=True,
    ),
    "recalls": BoardList(
        """
        SELECT l.recall, l.status, l.reopened, l.kind, round(l.chance * 100, 2) AS chance_percent, l.encounter, l.store,
               l.department, l.item_code, l.lot, l.serial, l.quantity, l.happened_at, l.last_closed_by,
               l.last_closed_at, round(l.last_closed_chance * 100, 2) AS last_chance_percent, l.last_closing_reason,
               l.scan_id
        FROM report.recall_lines_2 l JOIN report.recalls r USING (hospital, recall, version)
        WHERE l.hospital = $1 AND r.holds
        ORDER BY l.reopened IS NULL, l.status <> 'open', l.recall, l.kind, l.happened_at, l.line_id""",
        whole=True, summed="status",
    ),
    "sets": BoardList(
        f"""
        SELECT s.document, s.status, s.findings, s.supplier, s.store, s.encounter, s.operation, s.brought, s.used,
               s.wasted, s.returned, s.lacking
        FROM (
            SELECT l.document, (array_agg(l.status ORDER BY {_BY_FIT.format(status="l.status")}))[1] AS status,
                   array_agg(DISTINCT l.supplier) FILTER (WHERE l.supplier IS NOT NULL) AS supplier,
                   min(l.store) AS store, min(l.encounter) AS encounter, min(l.operation) AS operation,
                   sum(l.brought)::bigint AS brought, sum(l.used)::bigint AS used, sum(l.wasted)::bigint AS wasted,
                   sum(l.returned)::bigint AS returned,
                   sum({_LEFT_OF_SET})::bigint AS lacking,
                   -- Out of a list of its own: beside its findings a line would be summed once for each of them.
                   ARRAY(SELECT DISTINCT jsonb_array_elements_text(of_line)
                         FROM unnest(array_agg(to_jsonb(l.findings))) of_line ORDER BY 1) AS findings
            FROM report.loan_sets_3 l WHERE l.hospital = $1 GROUP BY l.document
        ) s ORDER BY cardinality(s.findings) = 0, {_BY_FIT.format(status="s.status")}, s.document DESC""",
        conditions={"supplier": "supplier && {supplier}"}, whole=True, summed="status",
    ),
    "set-goods": BoardList(
        f"""
        SELECT l.document, l.status, l.findings, l.item_code, l.lot, l.serial, l.brought, l.used, l.wasted, l.returned,
               l.lacking, l.supplier, l.store, l.encounter
        FROM report.loan_sets_3 l WHERE l.hospital = $1
        ORDER BY cardinality(l.findings) = 0, {_BY_FIT.format(status="l.status")}, l.document DESC, l.item_code, l.lot,
                 l.serial""",
        whole=True, summed="status",
    ),
    "suspected-uses": BoardList(
        """
        SELECT u.missed_at, u.status, u.store, u.place, u.item_code, u.di, u.serial, u.session, u.staff, u.seen_at,
               u.scan_id, u.seen_in
        FROM report.suspected_uses_3 u WHERE u.hospital = $1
        ORDER BY u.status <> 'suspected', u.status <> 'unknown-item', u.missed_at, u.store, u.place, u.di, u.serial""",
        whole=True, summed="status",
    ),
    "cabinet-tags": BoardList(
        """
        SELECT t.store, t.place, t.read_at, t.finding AS findings, t.item_code, t.di, t.serial, t.tag, t.is_at
        FROM report.cabinet_tags t WHERE t.hospital = $1 ORDER BY t.store, t.place, t.finding, t.di, t.serial, t.tag""",
        whole=True, summed="findings",
    ),
    "capital": BoardList(
        f"""
        SELECT ({{month}})[1] AS month, c.supplier, c.value, c.units, c.units_without_cost, c.days, c.used, c.days_lying
        FROM udi.capital_of_5($1, {_MONTH}) c ORDER BY c.value DESC, c.supplier""",
        of_a_month=True, whole=True, summed="supplier",
    ),
    "capital-goods": BoardList(
        f"""
        SELECT ({{month}})[1] AS month, d.owner AS supplier, d.item_code,
               round(coalesce(sum(d.units * d.cost), 0) / s.days, 2) AS value, round(sum(d.units) / s.days, 1) AS units,
               round(coalesce(sum(d.units) FILTER (WHERE d.cost IS NULL), 0) / s.days, 1) AS units_without_cost
        FROM udi.supplied_days_5($1, {_MONTH}) d
        CROSS JOIN (
            SELECT least((f.day + interval '1 month')::date, udi.day_of_books_2($1) + 1) - f.day AS days
            FROM (SELECT udi.first_day({_MONTH}) AS day) f
        ) s
        GROUP BY d.owner, d.item_code, s.days ORDER BY value DESC, d.owner, d.item_code""",
        of_a_month=True, whole=True,
    ),
    "settlement": BoardList(
        """
        SELECT t.recorded_at, t.status, t.supplier, t.item_code, t.quantity, udi.yuan_price(t.cost) AS cost,
               udi.yuan(t.amount_fen) AS amount, udi.month_text(t.period) AS period, t.scan_id
        FROM ({rows}) f JOIN udi.settlement t USING (position_id, record_offset, n)
        ORDER BY t.recorded_at DESC, t.record_offset DESC, t.n""",
        _NEWEST_SETTLEMENT, _SETTLEMENT_BY, endless=True,
    ),
}  # fmt: skip
"""By the name of the list."""

_PAST: Final = """
SELECT (($4::date - 1 - one.day) / $5::integer)::integer AS back, sum(one.units)::bigint AS units
FROM (
    SELECT (s.scanned_at AT TIME ZONE i.zone)::date AS day,
           CASE WHEN m.to_place IN ('patient', 'waste') THEN m.units ELSE -m.units END AS units
    FROM ({rows}) f JOIN udi.scan s USING (position_id, record_offset)
    CROSS JOIN udi.installation i
    CROSS JOIN LATERAL (
        SELECT * FROM udi.stock_move v WHERE (v.position_id, v.record_offset) = (s.position_id, s.record_offset)
        OFFSET 0
    ) m
    WHERE s.store = $2 AND s.action IN ('use', 'return', 'opened', 'waste')
      AND s.scanned_at >= ($4::date - $5 * $6::integer)::timestamp AT TIME ZONE i.zone
      AND s.scanned_at < $4::date::timestamp AT TIME ZONE i.zone
      AND m.item_code = ($3::text[])[1]
      AND ((m.to_place IN ('patient', 'waste') AND m.from_place NOT LIKE 'set/%')
           OR (m.from_place IN ('patient', 'waste') AND m.to_place NOT LIKE 'set/%'))
) one GROUP BY 1
"""


def past_sql(scans_of_item: str) -> str:
    """The query for what a store has used of an item in windows of days before a day, the newest window 0.

    As `udi.weeks_of_use_2` counts: used, opened and wasted, less what came back, without suppliers' sets. It asks for
    hospital, store, [item code], day, days of a window, number of windows.

    Args:
        scans_of_item: gives the offsets of the scans of an item; `{item_code}` stands for its code.
    """
    return _PAST.replace("{rows}", scans_of_item.replace("{item_code}", "$3::text[]"))
