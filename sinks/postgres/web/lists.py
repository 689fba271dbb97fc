"""The lists of the board: rows of one hospital, narrowed by their own columns.

A list over the big tables (scans, ledger, moves) begins with the offsets it is about. Without a filter these are the
newest; a filter that has an index begins with all offsets it names, however old they are.
"""

from collections.abc import Mapping
from typing import Final

from sinks.postgres.web.board_list import NEWEST, BoardList
from sinks.postgres.web.store_lists import STORE_LISTS, past_sql

_OPEN: Final = """
SELECT o.since, o.reason, s.scan_id, s.action::text AS action, o.item_code, o.di, s.lot, s.serial, s.encounter,
       s.department, s.store, s.device_id, s.units
FROM (SELECT * FROM udi.open_scan WHERE hospital = $1 AND verdict = '{verdict}' ORDER BY since {{cut}}) o
JOIN udi.scan s USING (position_id, record_offset) ORDER BY o.since
"""
_OPEN_COUNT: Final = "SELECT 1 FROM udi.open_scan WHERE hospital = $1 AND verdict = '{verdict}'"
OPEN_DIFFERENCES: Final = """
SELECT difference_id, version FROM udi.difference_standing WHERE hospital = $1 AND status IN ('open', 'asked')"""
"""Their newest versions."""
_MONTH: Final = "udi.month_text(udi.month_of(udi.local_day({at})))"
_DIS: Final = """(
    SELECT i ->> 'di' FROM udi.catalogue c
    CROSS JOIN jsonb_array_elements(coalesce(convert_from(c.body, 'UTF8')::jsonb -> 'identifiers', '[]')) i
    WHERE c.hospital = $1 AND c.item_code = ANY ({item_code})
    UNION SELECT unnest({item_code}))"""
_MONTHS: Final = "SELECT udi.first_day(replace(m, '-', '')::integer) AS day FROM unnest({month}) m"
_ZONE: Final = "AT TIME ZONE (SELECT zone FROM udi.installation)"
_MADE_IN: Final = f"""scanned_at >= (SELECT min(day)::timestamp FROM ({_MONTHS}) months) {_ZONE}
    AND scanned_at < (SELECT max(day) + interval '1 month' FROM ({_MONTHS}) months) {_ZONE}"""
"""Made from the oldest month asked for to the newest."""
_OF_DEPARTMENT: Final = "(department = ANY ({department}) OR department IS NULL)"
"""Scans that may be of a department: its own, and those whose encounter says."""

_NEWEST_SCANS: Final = """SELECT newest.* FROM udi.position p CROSS JOIN LATERAL (
    SELECT s.position_id, s.record_offset FROM udi.scan s WHERE s.position_id = p.position_id AND s.hospital = $1
    ORDER BY s.record_offset DESC LIMIT {newest}) newest"""
OPEN: Final = frozenset({"held", "parked"})
"""Verdicts whose scans still wait."""
_SCANS_BY: Final[Mapping[str, str]] = {
    "scan_id": "SELECT position_id, record_offset FROM udi.scan_claim "
    "WHERE hospital = $1 AND scan_id = ANY ({scan_id}::uuid[])",
    "verdict": "SELECT position_id, record_offset FROM udi.open_scan "
               "WHERE hospital = $1 AND verdict::text = ANY ({verdict})",
    "encounter": "SELECT position_id, record_offset FROM udi.scan "
                 "WHERE hospital = $1 AND encounter = ANY ({encounter}) AND action IN ('use', 'return')",
    "document": "SELECT position_id, record_offset FROM udi.scan WHERE hospital = $1 AND document = ANY ({document})",
    "item_code moved_from moved_before":
        f"SELECT position_id, record_offset FROM udi.scan WHERE hospital = $1 AND di IN {_DIS} "
        "AND scanned_at >= ({moved_from})[1]::timestamptz AND scanned_at < ({moved_before})[1]::timestamptz "
        f"UNION SELECT position_id, record_offset FROM udi.decision WHERE di IN {_DIS}",
    "item_code month": "SELECT position_id, record_offset FROM udi.scan "
                       f"WHERE hospital = $1 AND di IN {_DIS} AND {_MADE_IN} "
                       f"UNION SELECT position_id, record_offset FROM udi.decision WHERE di IN {_DIS}",
    "item_code": "SELECT position_id, record_offset FROM udi.scan "
                 f"WHERE hospital = $1 AND di IN {_DIS} "
                 f"UNION SELECT position_id, record_offset FROM udi.decision WHERE di IN {_DIS}",
    "device_id": "SELECT position_id, record_offset FROM udi.scan WHERE hospital = $1 "
                 "AND device_id = ANY ({device_id}) "
                 f"ORDER BY scanned_at DESC LIMIT {5 * NEWEST}",
    "after": "SELECT position_id, record_offset FROM udi.scan "
             "WHERE hospital = $1 AND recorded_at > ({after})[1]::timestamptz",
    "month department": "SELECT position_id, record_offset, scanned_at FROM udi.scan "
                        f"WHERE hospital = $1 AND {_MADE_IN} AND {_OF_DEPARTMENT}",
    "month": f"SELECT position_id, record_offset, scanned_at FROM udi.scan WHERE hospital = $1 AND {_MADE_IN}",
}  # fmt: skip
_ENTRIES: Final = """
    SELECT entry.*, used.scanned_at FROM ({used}) used CROSS JOIN LATERAL (
        SELECT e.position_id, e.record_offset, e.n FROM udi.ledger e
        WHERE (e.position_id, e.record_offset) = (used.position_id, used.record_offset) AND e.kind = 'charge'
        UNION ALL SELECT e.position_id, e.record_offset, e.n FROM udi.ledger e
        WHERE (e.charge_position, e.charge_offset) = (used.position_id, used.record_offset) AND e.kind = 'credit'
    ) entry"""
"""Charges of some scans with what was credited of them."""
_LEDGER_BY: Final[Mapping[str, str]] = {
    "scan_id": "SELECT position_id, record_offset, n FROM udi.scan_claim "
               "JOIN udi.ledger USING (position_id, record_offset) "
               "WHERE scan_claim.hospital = $1 AND scan_id = ANY ({scan_id}::uuid[])",
    "encounter": "SELECT position_id, record_offset, n FROM udi.ledger "
                 "WHERE hospital = $1 AND encounter = ANY ({encounter})",
    "item_code": "WITH charge AS (SELECT position_id, record_offset, n FROM udi.ledger "
                 "WHERE hospital = $1 AND item_code = ANY ({item_code}) AND kind = 'charge') "
                 "SELECT * FROM charge UNION ALL SELECT credit.position_id, credit.record_offset, credit.n "
                 "FROM charge JOIN udi.ledger credit ON credit.kind = 'credit' "
                 "AND (credit.charge_position, credit.charge_offset, credit.charge_n) "
                 "= (charge.position_id, charge.record_offset, charge.n)",
    "month department": _ENTRIES.format(used=_SCANS_BY["month department"]),
    "month": _ENTRIES.format(used=_SCANS_BY["month"]),
}  # fmt: skip
_NEWEST_LEDGER: Final = """SELECT newest.* FROM udi.position p CROSS JOIN LATERAL (
    SELECT e.position_id, e.record_offset, e.n FROM udi.ledger e
    WHERE e.position_id = p.position_id AND e.hospital = $1 ORDER BY e.record_offset DESC LIMIT {newest}) newest"""
_HOME: Final = """LEFT JOIN LATERAL (
    SELECT e.department FROM udi.encounter e
    WHERE {t}.department IS NULL AND (e.hospital, e.encounter) = ({t}.hospital, {t}.encounter)
    ORDER BY e.version DESC LIMIT 1
) home ON true"""


_OF_MONTH: Final[Mapping[str, str]] = dict.fromkeys(("month department", "month"), "f.scanned_at")
_AFTER: Final = "recorded_at > ({after})[1]::timestamptz"

LISTS: Final[Mapping[str, BoardList]] = {
    "scans": BoardList(
        f"""
        SELECT n.recorded_at, n.scan_id, n.verdict::text AS verdict, n.reasons[1] AS reason, n.action::text AS action,
               n.item_code, n.di, n.lot, n.serial, n.units, n.encounter,
               coalesce(n.department, home.department) AS department, n.store, n.device_id, n.document,
               {_MONTH.format(at="n.scanned_at")} AS month
        FROM ({{rows}}) f JOIN udi.scan_now n USING (position_id, record_offset)
        {_HOME.format(t="n")}
        WHERE n.hospital = $1 ORDER BY {{order}} DESC, n.record_offset DESC""",
        _NEWEST_SCANS, _SCANS_BY, {"verdict": OPEN},
        {"after": _AFTER, "without": "(({without})[1] <> 'department' OR department IS NULL)"},
        order="n.recorded_at", orders=_OF_MONTH, endless=True,
    ),
    "parked": BoardList(_OPEN.format(verdict="parked"), counted=_OPEN_COUNT.format(verdict="parked")),
    "held": BoardList(_OPEN.format(verdict="held"), counted=_OPEN_COUNT.format(verdict="held")),
    "differences": BoardList(
        f"""
        SELECT d.at, d.difference_id, d.kind, d.cause, d.fix, d.encounter, d.department, d.item_code, d.quantity,
               udi.yuan(d.expected_fen) AS expected, udi.yuan(d.found_fen) AS found,
               udi.yuan(d.found_fen - d.expected_fen) AS amount, d.status, d.scan_id
        FROM ({OPEN_DIFFERENCES}) o JOIN udi.difference d USING (difference_id, version)
        WHERE d.hospital = $1 ORDER BY abs(d.found_fen - d.expected_fen) DESC, d.difference_id""",
        counted=OPEN_DIFFERENCES,
    ),
    "charges": BoardList(
        f"""
        SELECT l.posted_at, l.kind::text AS kind, l.item_code, l.quantity, udi.yuan_price(l.unit_price) AS unit_price,
               udi.yuan(l.amount_fen) AS amount, l.encounter, l.department, udi.month_text(l.period) AS period,
               {_MONTH.format(at="coalesce(used.scanned_at, s.scanned_at)")} AS month, s.scan_id
        FROM ({{rows}}) f JOIN udi.ledger l USING (position_id, record_offset, n)
        JOIN udi.scan s USING (position_id, record_offset)
        LEFT JOIN udi.scan used ON (used.position_id, used.record_offset) = (l.charge_position, l.charge_offset)
        ORDER BY {{order}} DESC, l.record_offset DESC, l.n""",
        _NEWEST_LEDGER, _LEDGER_BY, order="l.posted_at", orders=_OF_MONTH, endless=True,
    ),
    "usage": BoardList("""
        SELECT udi.month_text(u.month) AS month, u.scope_type, u.scope, u.item_code, u.quantity,
               udi.yuan(u.amount_fen) AS amount
        FROM udi.usage_now u WHERE u.hospital = $1 AND u.month >= (
            SELECT min(month) FROM (
                SELECT month FROM udi.usage_month WHERE hospital = $1 UNION ALL SELECT 0 ORDER BY month DESC {cut}
            ) newest
        )
        ORDER BY u.month DESC, u.amount_fen DESC""", read_whole=True),
    "alerts": BoardList("""
        SELECT * FROM (
            SELECT DISTINCT ON (a.alert_id) a.alert_id, a.month, a.rule, a.status, a.scope_type, a.scope, a.item_code,
                   a.measure, a.value, a.base_month, a.base_value, a.change_percent, a.rank, a.fired_at
            FROM report.alerts a WHERE a.hospital = $1 ORDER BY a.alert_id, a.version DESC
        ) newest ORDER BY month DESC, fired_at DESC"""),
    "findings": BoardList("""
        SELECT f.month, f.finding, f.item_code, f.status, f.filed, f.amount, f.certain_amount,
               cardinality(f.alerts) AS alerts, coalesce(r.state, 'new') AS state, r.owner AS given_to, r.due_on
        FROM report.findings f LEFT JOIN report.reviews r USING (finding)
        WHERE f.hospital = $1
        ORDER BY f.month DESC, f.status <> 'open', f.certain_amount DESC NULLS LAST, f.amount DESC, f.item_code"""),
    "overrides": BoardList("""
        SELECT o.scanned_at, o.scan_id, o.item_code, o.department, o.store, o.encounter, o.quantity, o.verdict, o.badge,
               o.reason AS said
        FROM report.overrides o WHERE o.hospital = $1 ORDER BY o.scanned_at DESC"""),
    "ratios": BoardList(
        """
        SELECT r.month, r.scope_type, r.scope, r.formula, r.numerator, r.denominator, r.ratio_percent,
               r.year_on_year_points, r.year_on_year_percent, r.month_on_month_points, r.month_on_month_percent,
               r.numerator_from, r.left_out
        FROM report.ratios r WHERE r.hospital = $1 AND r.month = ({month})[1]
        ORDER BY array_position(ARRAY['hospital', 'department', 'disease', 'drg-group'], r.scope_type), r.scope,
                 r.formula""",
        of_a_month=True, whole=True,
    ),
    "income": BoardList("""
        SELECT i.month, i.department, i.medical_income, i.drug_income, i.consumable_income, i.consumable_cost,
               i.consumable_income_from, i.consumable_cost_from
        FROM report.income i WHERE i.hospital = $1 ORDER BY i.month DESC, i.department"""),
    "discharges": BoardList("""
        SELECT d.discharged_at, d.encounter, d.department, d.drg_group, d.drg_weight, d.main_disease, d.medical_income,
               d.drug_income, d.consumable_income, d.consumable_cost, d.month
        FROM report.discharges d WHERE d.hospital = $1 ORDER BY d.discharged_at DESC, d.encounter""",
        endless=True),
    "stock": BoardList("""
        SELECT b.store, b.item_code, b.lot, b.serial, b.expiry, b.owner, b.quantity
        FROM report.stock b WHERE b.hospital = $1 AND b.quantity <> 0 ORDER BY b.store, b.item_code, b.expiry""",
        conditions={"negative": "(quantity < 0) = (({negative})[1] = 'yes')"}, read_whole=True),
    "moves": BoardList(
        """
        SELECT m.moved_at, m.scan_id, m.action::text AS action, m.from_place, m.to_place, m.item_code, m.lot, m.serial,
               m.owner, m.units, m.document
        FROM ({rows}) f CROSS JOIN LATERAL (
            SELECT * FROM udi.stock_move v WHERE (v.position_id, v.record_offset) = (f.position_id, f.record_offset)
            OFFSET 0
        ) m WHERE m.hospital = $1 ORDER BY m.moved_at DESC""",
        _NEWEST_SCANS, _SCANS_BY, conditions={
            "shelf": "(from_place = ANY ({shelf}) OR to_place = ANY ({shelf}))",
            "of_store": "(udi.is_of_store(from_place, ({of_store})[1]) OR udi.is_of_store(to_place, ({of_store})[1]))",
            "moved_from": "moved_at >= ({moved_from})[1]::timestamptz",
            "moved_before": "moved_at < ({moved_before})[1]::timestamptz",
        },
        endless=True,
    ),
    "stores": BoardList("""
        SELECT store, s.name, s.kind, s.department, s.parent, s.confirms_transfers, b.lines, b.units, b.negative
        FROM (SELECT * FROM report.stores WHERE hospital = $1) s
        FULL JOIN (
            SELECT store, count(*) AS lines, sum(quantity)::bigint AS units,
                   count(*) FILTER (WHERE quantity < 0) AS negative
            FROM report.stock WHERE hospital = $1 AND quantity <> 0 GROUP BY store
        ) b USING (store)
        ORDER BY s.kind, store""", kept=True),
    "in-transit": BoardList("""
        SELECT t.sent_at, t.document, t.from_store, t.to_store, t.item_code, t.lot, t.serial, t.owner, t.quantity
        FROM report.in_transit t WHERE t.hospital = $1 ORDER BY t.sent_at"""),
    "deliveries": BoardList("""
        SELECT d.note, d.line, d.supplier, d.store, d.item_code, d.lot, d.serial, d.expected, d.arrived, d.accepted,
               d.quarantined, d.rejected, d.returned, d.findings, d.status
        FROM report.deliveries d WHERE d.hospital = $1 ORDER BY d.note DESC, d.line"""),
    "scanners": BoardList("""
        SELECT f.device_id, f.labels, f.suspect, f.restored, f.suspect_percent, f.likely_fault, f.setting
        FROM report.scanner_faults f WHERE f.hospital = $1 AND f.labels > 0
        ORDER BY f.suspect_percent DESC NULLS LAST"""),
    "devices": BoardList("""
        SELECT d.device_id, d.store, d.department, d.signs, d.added_by, d.added_at, d.revoked_by, d.revoked_at
        FROM report.devices d WHERE d.hospital = $1 ORDER BY d.device_id"""),
    "dead-letters": BoardList("""
        SELECT b.written_at, one.origin, one.reason, octet_length(one.body) AS bytes,
               left(encode(one.body, 'escape'), 120) AS body
        FROM udi.outbox_block b CROSS JOIN LATERAL unnest(b.keys, b.bodies, b.reasons, b.origins)
            one (key, body, reason, origin)
        WHERE b.topic = 'dead-letters'
          AND (one.key = ''::bytea OR substring(one.key FOR octet_length(convert_to($1 || '/', 'UTF8')))
               = convert_to($1 || '/', 'UTF8'))
        ORDER BY b.written_at DESC"""),
    "items": BoardList(
        """
        SELECT i.item_code, i.body ->> 'spec' AS spec, i.body ->> 'maker' AS maker,
               coalesce((i.body ->> 'chargeable')::boolean, true) AS chargeable,
               coalesce((i.body ->> 'monitored')::boolean, false) AS monitored, i.recorded_at
        FROM (
            SELECT c.item_code, convert_from(c.body, 'UTF8')::jsonb AS body, c.recorded_at
            FROM (
                SELECT DISTINCT ON (item_code) item_code, body, recorded_at, ended_at
                FROM udi.catalogue WHERE hospital = $1 ORDER BY item_code, version DESC
            ) c WHERE c.ended_at IS NULL ORDER BY c.item_code {cut}
        ) i ORDER BY i.item_code""",
        counted="""
        SELECT 1 FROM (
            SELECT DISTINCT ON (item_code) ended_at FROM udi.catalogue WHERE hospital = $1
            ORDER BY item_code, version DESC
        ) c WHERE c.ended_at IS NULL"""),
    **STORE_LISTS,
}  # fmt: skip
"""By the name of the list."""
PAST_USE: Final = past_sql(_SCANS_BY["item_code"])
"""What a store has used of an item, window by window."""
COLUMN_FILTERS: Final = frozenset({
    "verdict", "reason", "action", "item_code", "encounter", "department", "store", "device_id", "kind", "status",
    "month", "scope_type", "scope", "rule", "period", "lot", "serial", "scan_id", "origin", "difference_id", "owner",
    "formula", "drg_group", "main_disease", "document", "note", "alert_id", "finding", "state", "from_store",
    "to_store", "supplier", "place", "due", "recall", "reopened",
})  # fmt: skip
"""Columns that a list may be narrowed by, where it has them; their values are text."""
OTHER_FILTERS: Final = frozenset({
    "after", "negative", "shelf", "of_store", "moved_from", "moved_before", "without",
})  # fmt: skip
"""Filters that are no column: recorded after an instant, balances below zero, a place that goods left or came to, a
store with its rooms that they did, moved at or after and before an instant, without a department
(`without=department`)."""
