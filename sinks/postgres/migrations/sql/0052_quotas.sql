-- What is used of quotas, from one look at the items: each quota read the newest version of every item for itself.

CREATE OR REPLACE VIEW report.quotas AS
WITH its AS MATERIALIZED (
    SELECT i.hospital, i.body ->> 'controlled_category' AS category, array_agg(i.item_code) AS items FROM udi.item_now i
    WHERE i.body ->> 'controlled_category' IS NOT NULL GROUP BY 1, 2
)
SELECT q.hospital, q.category, q.department, q.month, q.released, kept.used, q.released - kept.used AS left, q.by, q.reason, q.measure, q.above
FROM (
    SELECT hospital, body ->> 'category' AS category, body ->> 'department' AS department, body ->> 'month' AS month,
           (body ->> 'released')::numeric AS released, body ->> 'by' AS by, body ->> 'reason' AS reason,
           CASE kind WHEN 'quota' THEN 'units' ELSE kind END AS measure, (body ->> 'above')::numeric AS above
    FROM udi.control_now WHERE kind IN ('quota', 'total', 'mix')
) q
CROSS JOIN LATERAL (
    SELECT coalesce(sum(u.quantity), 0) AS units, coalesce(sum(u.amount_fen), 0)::bigint AS fen,
           -- Dear by the mean price of the month, as rules.charging.controls has it.
           coalesce(sum(u.quantity) FILTER (WHERE u.quantity > 0 AND u.amount_fen > q.above * 100 * u.quantity), 0) AS dear
    FROM its i
    JOIN udi.usage_now u ON u.hospital = q.hospital AND u.month = replace(q.month, '-', '')::integer AND u.scope_type = 'department' AND u.scope = q.department
        AND u.item_code = ANY (i.items)
    WHERE i.hospital = q.hospital AND i.category = q.category
) used
CROSS JOIN LATERAL (
    SELECT CASE q.measure WHEN 'units' THEN used.units WHEN 'total' THEN udi.yuan(used.fen)
           ELSE round(used.dear * 100 / greatest(used.units, 1), 2) END AS used
) kept;
