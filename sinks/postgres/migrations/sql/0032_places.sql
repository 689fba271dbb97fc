-- Use by store and by medical team, for rules that ask for it.

CREATE FUNCTION udi.usage_of_places(p_hospital text, p_items text[], p_months integer[])
RETURNS TABLE (scope_type text, scope text, item_code text, month integer, quantity bigint, amount_fen bigint) LANGUAGE sql STABLE ROWS 1000 AS $$
    SELECT scoped.scope_type, scoped.scope, l.item_code, used.month, sum(l.quantity - back.quantity)::bigint, sum(l.amount_fen - back.amount_fen)::bigint
    FROM udi.ledger l
    JOIN udi.scan u USING (position_id, record_offset)
    CROSS JOIN LATERAL (SELECT udi.month_of(udi.local_day(u.scanned_at)) AS month) used
    CROSS JOIN LATERAL (
        SELECT coalesce(sum(c.quantity), 0) AS quantity, coalesce(sum(c.amount_fen), 0) AS amount_fen FROM udi.ledger c
        WHERE c.kind = 'credit' AND (c.charge_position, c.charge_offset, c.charge_n) = (l.position_id, l.record_offset, l.n)
    ) back
    CROSS JOIN LATERAL (VALUES ('store', u.store), ('team', l.team)) scoped (scope_type, scope)
    WHERE l.hospital = p_hospital AND l.kind = 'charge' AND (p_items IS NULL OR l.item_code = ANY (p_items)) AND used.month = ANY (p_months)
      AND scoped.scope IS NOT NULL
    GROUP BY 1, 2, 3, 4
$$;
COMMENT ON FUNCTION udi.usage_of_places IS 'Charges less credits by the store of the use and the team of the charge, of items (null: all), in months of use.';

CREATE FUNCTION udi.count_places(p_hospital text, p_items text[], p_months integer[]) RETURNS TABLE (scope_type text, scope text, item_code text, month integer)
LANGUAGE sql AS $$
    INSERT INTO udi.usage_month AS u (hospital, scope_type, scope, item_code, month, quantity, amount_fen)
    SELECT p_hospital, s.scope_type, s.scope, s.item_code, s.month, s.quantity, s.amount_fen FROM udi.usage_of_places(p_hospital, p_items, p_months) s
    ON CONFLICT (hospital, month, scope_type, scope, item_code) DO UPDATE SET quantity = excluded.quantity, amount_fen = excluded.amount_fen
    WHERE (u.quantity, u.amount_fen) IS DISTINCT FROM (excluded.quantity, excluded.amount_fen)
    RETURNING u.scope_type, u.scope, u.item_code, u.month
$$;
COMMENT ON FUNCTION udi.count_places IS 'Counts use by store and team anew and keeps it in usage_month; gives what has changed. Only where a rule asks for it.';

CREATE OR REPLACE VIEW report.usage_months AS
SELECT hospital, scope_type, scope, item_code, udi.month_text(month) AS month, quantity, udi.yuan(amount_fen) AS amount
FROM udi.usage_now WHERE (quantity <> 0 OR amount_fen <> 0) AND scope_type IN ('hospital', 'department');
COMMENT ON TABLE udi.usage_month IS 'Usage by scope: the hospital or one department, folded from usage_delta; a store or a medical team, counted anew where a rule asks for it.';
