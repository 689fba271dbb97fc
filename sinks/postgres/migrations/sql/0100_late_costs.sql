-- A cost that comes after the use: what finds the lines that wait for it, and what tells their reversals from those of returns.

CREATE FUNCTION udi.flag_reasons_3() RETURNS text[] LANGUAGE sql IMMUTABLE PARALLEL SAFE RETURN
    ARRAY['lot-uncertain', 'after-discharge', 'late', 'serial-elsewhere', 'serial-missing', 'lot-missing', 'label-incomplete', 'stock-negative', 'period-closed',
          'licence-expired', 'insurance-code-ended', 'released', 'overridden', 'breaker-trial', 're-rated', 'cost-told'];
COMMENT ON FUNCTION udi.flag_reasons_3 IS 'Reasons that decide nothing (models.reasons.REASONS, without a verdict).';
CREATE FUNCTION udi.deciding_reason_2(reasons text[]) RETURNS text LANGUAGE sql IMMUTABLE PARALLEL SAFE RETURN
    coalesce((SELECT reason FROM unnest(reasons) WITH ORDINALITY r (reason, place) WHERE reason <> ALL (udi.flag_reasons_3()) ORDER BY place LIMIT 1), reasons[1]);
COMMENT ON FUNCTION udi.deciding_reason_2 IS 'As udi.deciding_reason, by udi.flag_reasons_3. Of what waits both say the same: its reason comes before the flag that is new.';

CREATE INDEX settlement_without_cost ON udi.settlement (hospital, item_code, position_id, record_offset) WHERE status = 'cost-missing';
COMMENT ON INDEX udi.settlement_without_cost IS 'udi.repriced_4: the lines of an item that wait, or have waited, for its cost.';

CREATE FUNCTION udi.costs_of(p_hospital text, p_item_code text) RETURNS TABLE (since date, until date) LANGUAGE sql STABLE AS $$
    SELECT coalesce((p ->> 'from')::date, '-infinity'), coalesce((p ->> 'to')::date, 'infinity')
    FROM (
        SELECT convert_from(c.body, 'UTF8')::jsonb AS body FROM udi.catalogue c
        WHERE (c.hospital, c.item_code) = (p_hospital, p_item_code) ORDER BY c.version DESC LIMIT 1
    ) item CROSS JOIN LATERAL jsonb_array_elements(coalesce(item.body -> 'cost', '[]')) p
$$;
COMMENT ON FUNCTION udi.costs_of IS 'The days (since inclusive, until exclusive) on which the newest version of an item has a cost.';

-- udi.repriced_3, and lines whose cost was missing. An item is looked at when its prices have changed, or when some line of it has waited for a cost.
CREATE FUNCTION udi.repriced_4(
    p_lane smallint, p_seen bigint, p_version bigint, p_after_version bigint, p_after_position smallint, p_after_offset bigint, p_limit integer
) RETURNS TABLE (version bigint, position_id smallint, record_offset bigint, repriced_at timestamptz) LANGUAGE plpgsql STABLE AS $$
DECLARE
    item  record;
    costs daterange[];
    after bigint;
    found integer := 0;
    many  integer;
BEGIN
    -- Items one after the other, in the order of their newest change: of each the next rows of two indexes.
    FOR item IN
        SELECT c.*, p.position_id, i.zone FROM (
            SELECT c.hospital, c.code, max(c.version) AS newest, array_agg(c.repriced_from) FILTER (WHERE c.repriced_from IS NOT NULL) AS first_days,
                   array_agg(c.repriced_to) FILTER (WHERE c.repriced_from IS NOT NULL) AS end_days,
                   array_agg(c.recorded_at) FILTER (WHERE c.repriced_from IS NOT NULL) AS ats,
                   coalesce(to_char(min(c.repriced_from), 'YYYYMM')::integer, 0) AS first_month, max(c.recorded_at) AS changed_at, bool_or(w.waits) AS waits
            FROM udi.fact_change c
            CROSS JOIN LATERAL (
                SELECT EXISTS (SELECT FROM udi.settlement t WHERE t.status = 'cost-missing' AND (t.hospital, t.item_code) = (c.hospital, c.code)) AS waits
            ) w
            WHERE c.version > p_seen AND c.version <= p_version AND c.kind = 'item' AND (c.repriced_from IS NOT NULL OR w.waits)
            GROUP BY c.hospital, c.code
        ) c
        CROSS JOIN udi.installation i
        JOIN udi.position p ON p.topic = i.topic_prefix || 'scans' AND p.partition = p_lane
        WHERE (c.newest, p.position_id) >= (p_after_version, p_after_position)
        ORDER BY c.newest, p.position_id
    LOOP
        after := CASE WHEN (item.newest, item.position_id) = (p_after_version, p_after_position) THEN p_after_offset ELSE -1 END;
        costs := CASE WHEN item.waits THEN ARRAY(SELECT daterange(k.since, k.until) FROM udi.costs_of(item.hospital, item.code) k) END;
        RETURN QUERY
        SELECT item.newest, item.position_id, one.record_offset, max(one.at)
        FROM (
            (SELECT l.record_offset, max(greatest(l.posted_at, change.at)) AS at
             FROM udi.ledger l
             JOIN udi.scan s ON (s.position_id, s.record_offset) = (l.position_id, l.record_offset)
             CROSS JOIN LATERAL (
                 SELECT max(u.at) AS at FROM unnest(item.first_days, item.end_days, item.ats) u (since, until, at)
                 WHERE (s.scanned_at AT TIME ZONE item.zone)::date >= u.since AND (s.scanned_at AT TIME ZONE item.zone)::date < u.until
             ) change
             WHERE item.first_days IS NOT NULL AND l.hospital = item.hospital AND l.item_code = item.code AND l.position_id = item.position_id
               AND l.record_offset > after AND l.kind = 'charge'
               -- A charge is in the books of its month or of a later one.
               AND l.period >= item.first_month AND change.at IS NOT NULL
             GROUP BY l.record_offset ORDER BY l.record_offset LIMIT p_limit - found)
            UNION ALL
            (SELECT t.record_offset, greatest(n.decided_at, item.changed_at)
             FROM udi.settlement t
             JOIN udi.scan_now n ON (n.position_id, n.record_offset) = (t.position_id, t.record_offset)
             WHERE cardinality(costs) > 0 AND t.status = 'cost-missing' AND t.hospital = item.hospital AND t.item_code = item.code
               AND t.position_id = item.position_id AND t.record_offset > after
               AND EXISTS (SELECT FROM unnest(costs) k (days) WHERE k.days @> (n.scanned_at AT TIME ZONE item.zone)::date)
               -- What its own scan has reversed is settled, or went back; and of what was used not all came back.
               AND NOT EXISTS (
                   SELECT FROM udi.settlement own
                   WHERE (own.position_id, own.record_offset) = (t.position_id, t.record_offset) AND own.reverses = t.line_id
               )
               AND t.quantity > (
                   SELECT coalesce(sum(r.units), 0) FROM udi.use_change r WHERE (r.use_position, r.use_offset) = (t.position_id, t.record_offset)
               )
             ORDER BY t.record_offset LIMIT p_limit - found)
        ) one
        GROUP BY one.record_offset ORDER BY one.record_offset LIMIT p_limit - found;
        GET DIAGNOSTICS many = ROW_COUNT;
        found := found + many;
        EXIT WHEN found >= p_limit;
    END LOOP;
END $$;
COMMENT ON FUNCTION udi.repriced_4 IS 'Uses of a lane whose charge may have another price, or whose missing cost may be known, by the facts after p_seen through p_version, item by item, each with the instant of the change: the next ones after an item''s version and a place.';

-- What is left of a line is reversed and made anew by one decision of the use itself: neighbours, of one supplier, recorded at once. A return is another
-- scan; goods that turn out to be another's get their new line for him; what a person takes back and what is paired again are two records.
CREATE VIEW udi.cost_told AS
SELECT back.position_id, back.record_offset, line.n AS missing_n, back.n AS reversal_n, anew.n AS payable_n, back.recorded_at
FROM udi.settlement back
JOIN udi.settlement line ON line.line_id = back.reverses AND (line.position_id, line.record_offset) = (back.position_id, back.record_offset)
JOIN udi.settlement anew ON (anew.position_id, anew.record_offset, anew.n) = (back.position_id, back.record_offset, back.n + 1)
WHERE back.status = 'reversal' AND line.status = 'cost-missing' AND anew.status = 'payable'
  AND anew.supplier = back.supplier AND anew.quantity = back.quantity AND anew.recorded_at = back.recorded_at;
COMMENT ON VIEW udi.cost_told IS 'Lines whose cost was told after the use: the line without a cost, its reversal and the payable line in its place, by number within their scan.';

-- A cost that came later is a correction: no goods were used again, and none came back.
-- A line that a reversal names and that is not among those of its supplier and month is of an earlier month, or of a later one by the clock of the device
-- that scanned the return: then, too, what is used, returned and corrected adds up.
CREATE OR REPLACE VIEW udi.statement_due AS
SELECT t.hospital, t.supplier, t.period, t.item_code, coalesce(t.cost, -1) AS cost_key, t.cost,
       coalesce(sum(t.quantity) FILTER (WHERE t.reverses IS NULL AND NOT told.anew), 0)::bigint AS used,
       coalesce(sum(t.quantity) FILTER (WHERE of.line_id IS NOT NULL AND NOT told.back), 0)::bigint AS returned,
       (coalesce(sum(t.quantity) FILTER (WHERE told.anew), 0)
           - coalesce(sum(t.quantity) FILTER (WHERE t.reverses IS NOT NULL AND (of.line_id IS NULL OR told.back)), 0))::bigint AS corrected,
       sum(CASE WHEN t.reverses IS NULL THEN t.quantity ELSE -t.quantity END)::bigint AS quantity,
       CASE WHEN t.cost IS NOT NULL THEN sum(CASE WHEN t.reverses IS NULL THEN t.amount_fen ELSE -t.amount_fen END)::bigint END AS amount_fen
FROM udi.settlement t
LEFT JOIN udi.settlement of ON (of.hospital, of.supplier, of.period) = (t.hospital, t.supplier, t.period) AND of.line_id = t.reverses
CROSS JOIN LATERAL (
    SELECT coalesce(bool_or(k.payable_n = t.n), false) AS anew, coalesce(bool_or(k.reversal_n = t.n), false) AS back
    FROM udi.cost_told k
    WHERE (k.position_id, k.record_offset) = (t.position_id, t.record_offset) AND t.n > 0
) told
GROUP BY t.hospital, t.supplier, t.period, t.item_code, t.cost;
COMMENT ON VIEW udi.statement_due IS 'Of each supplier, month, item and cost: used, returned (a use of the month), corrected (below zero: a use of another month, or one whose cost was told since; above: at the cost that was told). quantity = used - returned + corrected.';
