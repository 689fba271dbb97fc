-- What the supplier answers and what an invoice came to are two things: neither ends the other.
CREATE OR REPLACE VIEW report.statements AS
SELECT l.hospital, l.supplier, udi.month_text(l.period) AS period, l.version, l.item_code, l.used, l.returned, l.corrected, l.quantity,
       udi.yuan_price(l.cost) AS cost, udi.yuan(l.amount_fen) AS amount,
       CASE WHEN match.status = 'mismatched' THEN 'mismatched' WHEN answer.disputes THEN 'disputed' ELSE coalesce(match.status, answer.status, 'open') END AS status,
       match.invoice,
       CASE WHEN NOT answer.disputes OR answer.disputes IS NULL THEN match.reason
            WHEN match.status = 'mismatched' THEN concat_ws('; ', match.reason, 'disputed: ' || answer.reason)
            ELSE answer.reason END AS reason,
       s.made_at, s.made_by, true AS stated
FROM udi.statement_line l
JOIN udi.statement s USING (hospital, supplier, period, version)
LEFT JOIN LATERAL (
    SELECT m.n, m.status, m.invoice, m.reason FROM udi.statement_mark m
    WHERE (m.hospital, m.supplier, m.period, m.version, m.item_code) = (l.hospital, l.supplier, l.period, l.version, l.item_code)
      AND m.status IN ('matched', 'mismatched')
    ORDER BY m.n DESC LIMIT 1
) match ON true
LEFT JOIN LATERAL (
    -- A match that comes after it settles a dispute.
    SELECT m.status, m.reason, m.status = 'disputed' AND m.n > coalesce(match.n, 0) AS disputes FROM udi.statement_mark m
    WHERE (m.hospital, m.supplier, m.period, m.version) = (l.hospital, l.supplier, l.period, l.version)
      AND (m.item_code IS NULL OR m.item_code = l.item_code) AND m.status IN ('confirmed', 'disputed')
    ORDER BY m.n DESC LIMIT 1
) answer ON true
UNION ALL
-- What is invoiced and stands on no line; who confirms the statement confirms no such item.
SELECT s.hospital, s.supplier, udi.month_text(s.period), s.version, i.item_code, 0, 0, 0, 0, NULL, udi.yuan(0), coalesce(mark.status, 'mismatched'),
       i.invoices, CASE WHEN mark.status IS NULL THEN 'not on the statement' ELSE mark.reason END, s.made_at, s.made_by, false
FROM (
    SELECT hospital, supplier, period, item_code, string_agg(DISTINCT invoice, ', ' ORDER BY invoice) AS invoices FROM udi.invoice_now GROUP BY 1, 2, 3, 4
) i
JOIN udi.statement s USING (hospital, supplier, period)
LEFT JOIN LATERAL (
    SELECT m.status, m.reason FROM udi.statement_mark m
    WHERE (m.hospital, m.supplier, m.period, m.version, m.item_code) = (s.hospital, s.supplier, s.period, s.version, i.item_code)
    ORDER BY m.n DESC LIMIT 1
) mark ON true
WHERE NOT EXISTS (
    SELECT FROM udi.statement_line l
    WHERE (l.hospital, l.supplier, l.period, l.version, l.item_code) = (s.hospital, s.supplier, s.period, s.version, i.item_code)
);
COMMENT ON TABLE udi.statement_mark IS 'What became of a statement, or of one item of it: confirmed or disputed by the supplier, matched or not with an invoice. Of answers and of matches the newest holds. Append-only.';
