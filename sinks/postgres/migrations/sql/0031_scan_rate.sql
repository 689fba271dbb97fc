-- The scan rate: what was scanned, what was typed, what the HIS charges without a scan, and what cases should have used.

CREATE FUNCTION udi.scan_rate_lines(p_hospital text, p_month integer)
RETURNS TABLE (how text, at timestamptz, department text, device_id text, encounter text, item_code text, fen bigint, bears_udi boolean)
LANGUAGE sql STABLE ROWS 10000 AS $$
    WITH span AS (
        SELECT udi.first_day(p_month)::timestamp AT TIME ZONE i.zone AS from_at, udi.first_day(udi.month_after(p_month))::timestamp AT TIME ZONE i.zone AS to_at
        FROM udi.installation i
    ), bearing AS MATERIALIZED (
        SELECT i.item_code, EXISTS (
            SELECT FROM jsonb_array_elements(CASE jsonb_typeof(i.body -> 'identifiers') WHEN 'array' THEN i.body -> 'identifiers' ELSE '[]' END) d
            WHERE d ->> 'issuer' NOT IN ('internal', 'invalid')
        ) AS bears_udi
        FROM udi.item_now i WHERE i.hospital = p_hospital
    ), line AS (
        SELECT CASE WHEN n.entry = 'manual' THEN 'typed' ELSE 'scanned' END AS how, n.scanned_at AS at, n.department, n.device_id, n.encounter, n.item_code,
               coalesce(charge.fen, 0) AS fen
        FROM span JOIN udi.scan_now n ON n.hospital = p_hospital AND n.scanned_at >= span.from_at AND n.scanned_at < span.to_at
        LEFT JOIN LATERAL (
            SELECT l.amount_fen AS fen FROM udi.ledger l
            WHERE (l.position_id, l.record_offset) = (n.position_id, n.record_offset) AND l.kind = 'charge' ORDER BY l.n DESC LIMIT 1
        ) charge ON true
        WHERE n.action = 'use' AND n.verdict IN ('billed', 'recorded', 'parked', 'held') AND NOT n.reasons && ARRAY['rejected', 'corrected']
          AND NOT (n.verdict = 'recorded' AND 'half-label' = ANY (n.reasons))
        UNION ALL
        SELECT 'charged', d.at, d.department, NULL, d.encounter, d.item_code, d.found_fen
        FROM span JOIN udi.difference_standing s ON s.hospital = p_hospital AND s.kind = 'extra'
        JOIN udi.difference d USING (difference_id, version)
        WHERE d.cause = 'not-scanned' AND d.at >= span.from_at AND d.at < span.to_at
    )
    SELECT l.how, l.at, coalesce(l.department, home.department), l.device_id, l.encounter, l.item_code, l.fen, coalesce(b.bears_udi, l.how = 'scanned')
    FROM line l
    LEFT JOIN bearing b USING (item_code)
    LEFT JOIN LATERAL (
        SELECT e.department FROM udi.encounter e WHERE (e.hospital, e.encounter) = (p_hospital, l.encounter) ORDER BY e.version DESC LIMIT 1
    ) home ON l.department IS NULL
$$;
COMMENT ON FUNCTION udi.scan_rate_lines IS 'Uses of a month that stand, and the HIS''s lines for which nothing was scanned: a row each.';

CREATE FUNCTION udi.scan_rate_known(p_hospital text, p_month integer)
RETURNS TABLE (by text, key text, scanned bigint, typed bigint, charged bigint, scanned_fen bigint, typed_fen bigint, charged_fen bigint,
               scanned_udi bigint, typed_udi bigint, charged_udi bigint)
LANGUAGE sql STABLE ROWS 1000 AS $$
    SELECT part.by, part.key, count(*) FILTER (WHERE how = 'scanned'), count(*) FILTER (WHERE how = 'typed'), count(*) FILTER (WHERE how = 'charged'),
           coalesce(sum(fen) FILTER (WHERE how = 'scanned'), 0)::bigint, coalesce(sum(fen) FILTER (WHERE how = 'typed'), 0)::bigint,
           coalesce(sum(fen) FILTER (WHERE how = 'charged'), 0)::bigint, count(*) FILTER (WHERE how = 'scanned' AND bears_udi),
           count(*) FILTER (WHERE how = 'typed' AND bears_udi), count(*) FILTER (WHERE how = 'charged' AND bears_udi)
    FROM udi.scan_rate_lines(p_hospital, p_month) l
    CROSS JOIN udi.installation i
    CROSS JOIN LATERAL (VALUES
        ('all', p_hospital), ('department', coalesce(l.department, '-')), ('hour', to_char(l.at AT TIME ZONE i.zone, 'HH24')),
        ('device', l.device_id), ('item', coalesce(l.item_code, '-'))
    ) part (by, key)
    WHERE part.key IS NOT NULL
    GROUP BY part.by, part.key ORDER BY part.by, part.key
$$;

CREATE FUNCTION udi.scan_rate_counted(p_hospital text, p_month integer) RETURNS TABLE (department text, units bigint) LANGUAGE sql STABLE AS $$
    SELECT s.department, sum(CASE WHEN m.to_place = 'adjustment' THEN m.quantity ELSE -m.quantity END)::bigint
    FROM report.stock_moves m
    JOIN LATERAL (
        SELECT d.department FROM udi.scan d
        WHERE d.hospital = m.hospital AND d.store = split_part(CASE WHEN m.to_place = 'adjustment' THEN m.from_place ELSE m.to_place END, '/', 1)
          AND d.department IS NOT NULL ORDER BY d.scanned_at DESC LIMIT 1
    ) s ON true
    WHERE m.hospital = p_hospital AND 'adjustment' IN (m.from_place, m.to_place) AND udi.month_of(udi.local_day(m.moved_at)) = p_month
    GROUP BY s.department
$$;
COMMENT ON FUNCTION udi.scan_rate_counted IS 'Units that counts of a month found missing, less what they found too much, by the department of the store.';

CREATE FUNCTION udi.scan_rate_cases(p_hospital text, p_month integer, p_months integer)
RETURNS TABLE (department text, cases bigint, lines bigint, team_cases bigint, team_lines bigint, group_cases bigint, group_lines bigint, group_squares bigint)
LANGUAGE sql STABLE ROWS 1000 AS $$
    WITH case_of AS MATERIALIZED (
        SELECT d.encounter, d.department, coalesce(d.team, '') AS team, d.drg_group, d.discharged_at >= now_from.at AS now
        FROM (SELECT udi.first_day(p_month)::timestamp AT TIME ZONE zone AS at FROM udi.installation) now_from
        CROSS JOIN LATERAL udi.discharges_between(p_hospital, udi.first_day(udi.shifted(p_month, -p_months)), udi.first_day(udi.month_after(p_month))) d
        WHERE d.drg_group IS NOT NULL
    ), used AS MATERIALIZED (
        SELECT c.*, l.lines
        FROM case_of c
        CROSS JOIN LATERAL (
            SELECT count(*) AS lines FROM (
                SELECT FROM udi.scan_now n
                WHERE (n.hospital, n.encounter) = (p_hospital, c.encounter) AND n.action = 'use'
                  AND n.verdict IN ('billed', 'recorded', 'parked', 'held') AND NOT n.reasons && ARRAY['rejected', 'corrected']
                  AND NOT (n.verdict = 'recorded' AND 'half-label' = ANY (n.reasons))
                UNION ALL
                SELECT FROM udi.difference_standing s JOIN udi.difference d USING (difference_id, version)
                WHERE (s.hospital, s.encounter, s.kind) = (p_hospital, c.encounter, 'extra') AND d.cause = 'not-scanned'
            ) known
        ) l
    ), grouped AS (
        SELECT drg_group, count(*) AS cases, sum(lines) AS lines, sum(lines * lines) AS squares FROM used WHERE NOT now GROUP BY 1
    )
    SELECT u.department, count(*) FILTER (WHERE u.now), coalesce(sum(u.lines) FILTER (WHERE u.now), 0)::bigint, count(*) FILTER (WHERE NOT u.now),
           coalesce(sum(u.lines) FILTER (WHERE NOT u.now), 0)::bigint, g.cases, g.lines::bigint, g.squares::bigint
    FROM used u JOIN grouped g USING (drg_group)
    GROUP BY u.department, u.team, u.drg_group, g.cases, g.lines, g.squares
    HAVING count(*) FILTER (WHERE u.now) > 0
$$;
COMMENT ON FUNCTION udi.scan_rate_cases IS 'By DRG group and team: cases of a month with the lines known of them, and the same of the months before.';

CREATE FUNCTION udi.scan_rate_causes(p_hospital text, p_month integer) RETURNS TABLE (cause text, item_code text, lines bigint, fen bigint)
LANGUAGE sql STABLE ROWS 100 AS $$
    SELECT c.cause, c.item_code, count(*), coalesce(sum(c.fen), 0)::bigint FROM (
        SELECT CASE WHEN NOT l.bears_udi THEN 'no-identifier' WHEN l.how = 'typed' THEN 'typed' ELSE 'charged-by-hand' END AS cause, l.item_code, l.fen
        FROM udi.scan_rate_lines(p_hospital, p_month) l WHERE l.how <> 'scanned'
        UNION ALL
        SELECT 'unreadable', NULL, NULL
        FROM udi.scan s CROSS JOIN udi.installation i
        WHERE s.hospital = p_hospital AND s.verdict = 'refused' AND s.scanned_at >= udi.first_day(p_month)::timestamp AT TIME ZONE i.zone
          AND s.scanned_at < udi.first_day(udi.month_after(p_month))::timestamp AT TIME ZONE i.zone
    ) c GROUP BY c.cause, c.item_code ORDER BY 3 DESC, 1, 2 LIMIT 50
$$;

-- Shares of consumables income: the kinds under national monitoring, and auxiliary goods. Both are what the catalogue says of an item, never one list.

CREATE FUNCTION udi.share_rows(p_hospital text, p_month integer) RETURNS TABLE (scope_type text, scope text, share text, numerator bigint, denominator bigint)
LANGUAGE sql STABLE ROWS 60 AS $$
    SELECT s.scope_type, s.scope, f.share, f.numerator, s.whole FROM (
        SELECT u.scope_type, u.scope, sum(u.amount_fen)::bigint AS whole,
               coalesce(sum(u.amount_fen) FILTER (WHERE i.body ->> 'national_kind' IS NOT NULL), 0)::bigint AS national,
               coalesce(sum(u.amount_fen) FILTER (WHERE (i.body ->> 'auxiliary')::boolean), 0)::bigint AS auxiliary
        FROM udi.usage_now u
        JOIN udi.item_now i USING (hospital, item_code)
        WHERE (u.hospital, u.month) = (p_hospital, p_month) AND u.scope_type IN ('hospital', 'department')
          AND coalesce((i.body ->> 'chargeable')::boolean, true) AND i.body ->> 'bundled_into' IS NULL
        GROUP BY u.scope_type, u.scope
    ) s CROSS JOIN LATERAL (VALUES ('national-kinds', s.national), ('auxiliary', s.auxiliary)) f (share, numerator)
$$;

CREATE VIEW report.shares AS
SELECT m.hospital, n.scope_type, n.scope, udi.month_text(m.month) AS month, n.share, udi.yuan(n.numerator) AS numerator, udi.yuan(n.denominator) AS denominator,
       round(n.numerator * 100.0 / nullif(n.denominator, 0), 2) AS share_percent,
       round(n.numerator * 100.0 / nullif(n.denominator, 0) - y.numerator * 100.0 / nullif(y.denominator, 0), 2) AS year_on_year_points,
       round(n.numerator * 100.0 / nullif(n.denominator, 0) - b.numerator * 100.0 / nullif(b.denominator, 0), 2) AS month_on_month_points
FROM (SELECT DISTINCT hospital, month FROM udi.usage_now) m
CROSS JOIN LATERAL udi.share_rows(m.hospital, m.month) n
LEFT JOIN LATERAL udi.share_rows(m.hospital, udi.shifted(m.month, -12)) y USING (scope_type, scope, share)
LEFT JOIN LATERAL udi.share_rows(m.hospital, udi.shifted(m.month, -1)) b USING (scope_type, scope, share);
COMMENT ON VIEW report.shares IS 'Share of the kinds under national monitoring, and of auxiliary goods, in what consumables were charged, returns taken off, by month of use; with changes in points. Ask with a month.';

-- Two more kinds of rules.
ALTER TABLE udi.rule DROP CONSTRAINT rule_kind_check;
ALTER TABLE udi.rule ADD CHECK (kind IN ('growth', 'new-item', 'rank', 'share', 'price-drift', 'forecast', 'quota'));
