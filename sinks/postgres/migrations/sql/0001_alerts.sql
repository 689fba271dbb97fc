-- Usage folded by month, what the evaluator keeps and writes, and the close of a month.
-- Errors: UD004 the month is not the next one to close.

CREATE TABLE udi.standing (
    hospital        text NOT NULL,
    scope_type      text NOT NULL,
    scope           text NOT NULL,
    month           integer NOT NULL,
    rule            text NOT NULL,
    measure         text NOT NULL,
    item_code       text NOT NULL,
    rank            integer NOT NULL CHECK (rank > 0),
    months_in_a_row integer NOT NULL CHECK (months_in_a_row > 0),
    PRIMARY KEY (hospital, scope_type, scope, month, rule, measure, item_code)
);
COMMENT ON TABLE udi.standing IS 'Who was at the top of a closed month, and for how many months in a row: the next month''s run follows from it without reading history. Derived from usage_month; corrected when that changes.';
CREATE TABLE udi.close_pending (
    hospital  text NOT NULL,
    month     integer NOT NULL,
    closed_at timestamptz NOT NULL,
    PRIMARY KEY (hospital, month)
);
COMMENT ON TABLE udi.close_pending IS 'Closed months whose alerts are not yet judged; whoever evaluates next does it.';
CREATE TABLE udi.first_month (
    hospital text PRIMARY KEY,
    month    integer NOT NULL
);
COMMENT ON TABLE udi.first_month IS 'The first month of records as alerts were last judged by it; a late scan may move it back.';

CREATE FUNCTION udi.hospitals_with_records() RETURNS SETOF text LANGUAGE sql STABLE AS $$
    WITH RECURSIVE found (hospital) AS (
        (SELECT s.hospital FROM udi.scan s WHERE s.scanned_at IS NOT NULL ORDER BY s.hospital LIMIT 1)
        UNION ALL
        SELECT (SELECT s.hospital FROM udi.scan s WHERE s.hospital > f.hospital AND s.scanned_at IS NOT NULL ORDER BY s.hospital LIMIT 1)
        FROM found f WHERE f.hospital IS NOT NULL
    )
    SELECT hospital FROM found WHERE hospital IS NOT NULL
$$;
COMMENT ON FUNCTION udi.hospitals_with_records IS 'From one hospital to the next by the index: the cost is one probe each, whatever the number of scans.';

CREATE FUNCTION udi.first_scanned_at(p_hospital text) RETURNS timestamptz LANGUAGE sql STABLE AS $$
    WITH RECURSIVE device (device_id) AS (
        (SELECT s.device_id FROM udi.scan s WHERE s.hospital = p_hospital AND s.device_id IS NOT NULL ORDER BY s.device_id LIMIT 1)
        UNION ALL
        SELECT (SELECT s.device_id FROM udi.scan s WHERE s.hospital = p_hospital AND s.device_id > d.device_id ORDER BY s.device_id LIMIT 1)
        FROM device d WHERE d.device_id IS NOT NULL
    )
    SELECT min((
        SELECT s.scanned_at FROM udi.scan s
        WHERE s.hospital = p_hospital AND s.device_id = d.device_id AND s.scanned_at IS NOT NULL AND s.verdict NOT IN ('duplicate', 'conflict')
        ORDER BY s.scanned_at LIMIT 1
    )) FROM device d
$$;
COMMENT ON FUNCTION udi.first_scanned_at IS 'When the earliest scan of a hospital was made; two probes of the index for each device.';

CREATE FUNCTION udi.fold_usage(p_deltas_max integer)
RETURNS TABLE (hospital text, scope_type text, scope text, item_code text, month integer, at timestamptz, deltas bigint)
LANGUAGE sql AS $$
    WITH gone AS (
        DELETE FROM udi.usage_delta d USING (SELECT n.lane, n.version FROM udi.usage_delta n LIMIT p_deltas_max) next
        WHERE (d.lane, d.version) = (next.lane, next.version)
        RETURNING d.*
    ), sums AS (
        SELECT one.hospital, scoped.scope_type, scoped.scope, one.item_code, one.month,
               sum(one.quantity)::bigint AS quantity, sum(one.amount_fen)::bigint AS amount_fen, max(g.recorded_at) AS at
        FROM gone g
        CROSS JOIN LATERAL unnest(g.hospitals, g.departments, g.items, g.months, g.quantities, g.amounts)
            one (hospital, department, item_code, month, quantity, amount_fen)
        CROSS JOIN LATERAL (VALUES ('hospital', one.hospital), ('department', nullif(one.department, ''))) scoped (scope_type, scope)
        WHERE scoped.scope IS NOT NULL
        GROUP BY one.hospital, scoped.scope_type, scoped.scope, one.item_code, one.month
    ), folded AS (
        INSERT INTO udi.usage_month AS u (hospital, scope_type, scope, item_code, month, quantity, amount_fen)
        SELECT s.hospital, s.scope_type, s.scope, s.item_code, s.month, s.quantity, s.amount_fen FROM sums s
        ON CONFLICT (hospital, month, scope_type, scope, item_code)
        DO UPDATE SET quantity = u.quantity + excluded.quantity, amount_fen = u.amount_fen + excluded.amount_fen
    )
    SELECT s.hospital, s.scope_type, s.scope, s.item_code, s.month, s.at, (SELECT count(*) FROM gone) FROM sums s
$$;
COMMENT ON FUNCTION udi.fold_usage IS 'Moves waiting usage into usage_month and gives what it touched. In one statement: report.usage_months is right at every moment, and a delta is folded once however many fold.';

CREATE FUNCTION udi.record_alerts(
    p_alerts udi.alert[], p_left udi.standing[], p_standings udi.standing[], p_first udi.first_month[],
    p_judged udi.close_pending[], p_outbox udi.outbox_block[]
) RETURNS void LANGUAGE plpgsql AS $$
DECLARE
    block udi.outbox_block;
    n bigint;
    last bigint;
BEGIN
    INSERT INTO udi.alert SELECT * FROM unnest(p_alerts);
    DELETE FROM udi.standing s USING unnest(p_left) l
    WHERE (s.hospital, s.scope_type, s.scope, s.month, s.rule, s.measure, s.item_code)
        = (l.hospital, l.scope_type, l.scope, l.month, l.rule, l.measure, l.item_code);
    INSERT INTO udi.standing SELECT * FROM unnest(p_standings);
    INSERT INTO udi.first_month SELECT * FROM unnest(p_first) ON CONFLICT (hospital) DO UPDATE SET month = excluded.month;
    DELETE FROM udi.close_pending c USING unnest(p_judged) j WHERE (c.hospital, c.month) = (j.hospital, j.month);
    FOREACH block IN ARRAY p_outbox LOOP
        n := cardinality(block.ids);
        UPDATE udi.topic_counter SET last_seq = last_seq + n WHERE (topic, partition) = (block.topic, block.partition) RETURNING last_seq INTO STRICT last;
        INSERT INTO udi.outbox_block (topic, partition, first_seq, last_seq, ids, keys, bodies, arrived_at)
        VALUES (block.topic, block.partition, last - n + 1, last, block.ids, block.keys, block.bodies, block.arrived_at);
    END LOOP;
END $$;
COMMENT ON FUNCTION udi.record_alerts IS 'Versions of alerts with their records for the outbox and what was derived on the way, whole or not at all.';

CREATE FUNCTION udi.month_after(month integer) RETURNS integer LANGUAGE sql IMMUTABLE PARALLEL SAFE RETURN
    CASE WHEN month % 100 = 12 THEN month + 89 ELSE month + 1 END;

CREATE FUNCTION udi.close_month(p_month integer, p_hospitals text[], p_first integer[]) RETURNS SETOF text LANGUAGE plpgsql AS $$
DECLARE
    each record;
    closed timestamptz;
BEGIN
    -- Lanes hold these locks shared while they record: the close waits for them, and they see it in their next statement.
    PERFORM pg_advisory_xact_lock(1969, hashtext(h)) FROM (SELECT h FROM unnest(p_hospitals) h ORDER BY h) locked;
    -- Read while nobody records: what the books knew at this instant is what was recorded before the close (ledger.recorded_at).
    closed := clock_timestamp();
    FOR each IN
        SELECT asked.hospital, p.closed_through, coalesce(udi.month_after(p.closed_through), asked.first) AS next
        FROM unnest(p_hospitals, p_first) asked (hospital, first) LEFT JOIN udi.period p USING (hospital) ORDER BY asked.hospital
    LOOP
        CONTINUE WHEN p_month <= each.closed_through;
        IF p_month IS DISTINCT FROM each.next THEN
            RAISE EXCEPTION 'Expected % to be closed next at %, got %.', udi.month_text(each.next), each.hospital, udi.month_text(p_month)
                USING ERRCODE = 'UD004';
        END IF;
        INSERT INTO udi.period AS p VALUES (each.hospital, p_month)
        ON CONFLICT (hospital) DO UPDATE SET closed_through = excluded.closed_through;
        INSERT INTO udi.period_close VALUES (each.hospital, p_month, closed);
        INSERT INTO udi.close_pending VALUES (each.hospital, p_month, closed);
        RETURN NEXT each.hospital;
    END LOOP;
END $$;
COMMENT ON FUNCTION udi.close_month IS 'Closes a month of hospitals and gives those for which it was still open; a month that is closed already stays as it is.';
