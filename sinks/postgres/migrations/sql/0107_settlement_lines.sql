-- The line that a reversal names is asked for among those of its supplier and month, so that no index by its id is kept: ids are hashes, and in books of years
-- each line met another page of it. A line that is not among them is of an earlier month, or of a later one by the clock of the device that scanned the return:
-- then, too, what is used, returned and corrected adds up.

CREATE OR REPLACE VIEW udi.statement_due AS
SELECT t.hospital, t.supplier, t.period, t.item_code, coalesce(t.cost, -1) AS cost_key, t.cost,
       coalesce(sum(t.quantity) FILTER (WHERE t.reverses IS NULL), 0)::bigint AS used,
       coalesce(sum(t.quantity) FILTER (WHERE of.line_id IS NOT NULL), 0)::bigint AS returned,
       -coalesce(sum(t.quantity) FILTER (WHERE t.reverses IS NOT NULL AND of.line_id IS NULL), 0)::bigint AS corrected,
       sum(CASE WHEN t.reverses IS NULL THEN t.quantity ELSE -t.quantity END)::bigint AS quantity,
       CASE WHEN t.cost IS NOT NULL THEN sum(CASE WHEN t.reverses IS NULL THEN t.amount_fen ELSE -t.amount_fen END)::bigint END AS amount_fen
FROM udi.settlement t
LEFT JOIN udi.settlement of ON (of.hospital, of.supplier, of.period) = (t.hospital, t.supplier, t.period) AND of.line_id = t.reverses
GROUP BY t.hospital, t.supplier, t.period, t.item_code, t.cost;

COMMENT ON VIEW udi.statement_due IS 'Of each supplier, month, item and cost: used, returned (a use of the month), corrected (below zero: a use of another month). quantity = used - returned + corrected.';

DROP INDEX udi.settlement_by_line;
