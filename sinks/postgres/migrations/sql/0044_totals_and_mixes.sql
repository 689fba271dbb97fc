-- Quotas in yuan (total) and as a share of dear goods (mix) beside those in units; goods of a type above a price need an approval.
ALTER TABLE udi.control DROP CONSTRAINT control_kind_check;
ALTER TABLE udi.control ADD CHECK (kind IN ('breaker', 'quota', 'ceiling', 'approval', 'total', 'mix', 'approval-above'));
COMMENT ON TABLE udi.control IS 'What a hospital has decided about charging certain goods (models.charging.controls): every version of every circuit breaker, quota, total, mix, price ceiling and approval, append-only; the newest holds.';

DROP VIEW report.quotas;
CREATE VIEW report.quotas AS
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
    FROM udi.item_now i
    JOIN udi.usage_now u ON u.hospital = q.hospital AND u.month = replace(q.month, '-', '')::integer AND u.scope_type = 'department' AND u.scope = q.department
        AND u.item_code = i.item_code
    WHERE i.hospital = q.hospital AND i.body ->> 'controlled_category' = q.category
) used
CROSS JOIN LATERAL (
    SELECT CASE q.measure WHEN 'units' THEN used.units WHEN 'total' THEN udi.yuan(used.fen)
           ELSE round(used.dear * 100 / greatest(used.units, 1), 2) END AS used
) kept;
COMMENT ON VIEW report.quotas IS 'What a department may use of a controlled category in a month, and what is left of it. measure: units (units of use), total (yuan), mix (per cent of the units that goods dearer than above yuan a unit may have).';

CREATE OR REPLACE VIEW report.ceilings AS
SELECT hospital, body ->> 'item_code' AS item_code, body ->> 'category' AS category, (body ->> 'price')::numeric AS price, recorded_at AS since,
       body ->> 'by' AS by, body ->> 'reason' AS reason, CASE kind WHEN 'ceiling' THEN 'person' ELSE 'approval' END AS needs
FROM udi.control_now WHERE kind IN ('ceiling', 'approval-above') AND body ->> 'price' IS NOT NULL;
COMMENT ON COLUMN report.ceilings.needs IS 'What a dearer unit needs: a person who looks at the held charge, or an approval beforehand.';
