-- udi.repriced_3, and prices that hold since ever: their first day is -infinity, of which no month can be told.

CREATE FUNCTION udi.repriced_3(
    p_lane smallint, p_seen bigint, p_version bigint, p_after_version bigint, p_after_position smallint, p_after_offset bigint, p_limit integer
) RETURNS TABLE (version bigint, position_id smallint, record_offset bigint, repriced_at timestamptz) LANGUAGE plpgsql STABLE AS $$
DECLARE
    item  record;
    after bigint;
    found integer := 0;
    many  integer;
BEGIN
    -- Items one after the other, in the order of their newest change: of each the next rows of one index.
    FOR item IN
        SELECT c.*, p.position_id, i.zone FROM (
            SELECT c.hospital, c.code, max(c.version) AS newest, array_agg(c.repriced_from) AS first_days, array_agg(c.repriced_to) AS end_days,
                   array_agg(c.recorded_at) AS ats, coalesce(to_char(min(c.repriced_from), 'YYYYMM')::integer, 0) AS first_month
            FROM udi.fact_change c WHERE c.version > p_seen AND c.version <= p_version AND c.repriced_from IS NOT NULL GROUP BY c.hospital, c.code
        ) c
        CROSS JOIN udi.installation i
        JOIN udi.position p ON p.topic = i.topic_prefix || 'scans' AND p.partition = p_lane
        WHERE (c.newest, p.position_id) >= (p_after_version, p_after_position)
        ORDER BY c.newest, p.position_id
    LOOP
        after := CASE WHEN (item.newest, item.position_id) = (p_after_version, p_after_position) THEN p_after_offset ELSE -1 END;
        RETURN QUERY
        SELECT item.newest, l.position_id, l.record_offset, max(greatest(l.posted_at, change.at))
        FROM udi.ledger l
        JOIN udi.scan s ON (s.position_id, s.record_offset) = (l.position_id, l.record_offset)
        CROSS JOIN LATERAL (
            SELECT max(u.at) AS at FROM unnest(item.first_days, item.end_days, item.ats) u (since, until, at)
            WHERE (s.scanned_at AT TIME ZONE item.zone)::date >= u.since AND (s.scanned_at AT TIME ZONE item.zone)::date < u.until
        ) change
        WHERE l.hospital = item.hospital AND l.item_code = item.code AND l.position_id = item.position_id AND l.record_offset > after AND l.kind = 'charge'
          -- A charge is in the books of its month or of a later one.
          AND l.period >= item.first_month AND change.at IS NOT NULL
        GROUP BY l.position_id, l.record_offset ORDER BY l.record_offset LIMIT p_limit - found;
        GET DIAGNOSTICS many = ROW_COUNT;
        found := found + many;
        EXIT WHEN found >= p_limit;
    END LOOP;
END $$;
COMMENT ON FUNCTION udi.repriced_3 IS 'Uses of a lane whose charge may have another price by the facts after p_seen through p_version, item by item, each with the instant of the change: the next ones after an item''s version and a place.';
