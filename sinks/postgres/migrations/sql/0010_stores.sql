-- Stores and delivery notes as facts, with the recall notices of 0009 in one function; stock as of any instant; what is on the way.

CREATE TABLE udi.store (
    hospital    text NOT NULL,
    store       text NOT NULL,
    fact        bigint NOT NULL UNIQUE,
    body        bytea NOT NULL,
    recorded_at timestamptz NOT NULL,
    PRIMARY KEY (hospital, store, fact)
);
COMMENT ON TABLE udi.store IS 'Every version of every store as it came (body), append-only; the newest fact holds.';

CREATE TABLE udi.delivery (
    hospital    text NOT NULL,
    note        text NOT NULL,
    fact        bigint NOT NULL UNIQUE,
    body        bytea NOT NULL,
    recorded_at timestamptz NOT NULL,
    PRIMARY KEY (hospital, note, fact)
);
COMMENT ON TABLE udi.delivery IS 'Every version of every delivery note as it came (body), append-only; the newest fact holds.';

DO $$
DECLARE book text;
BEGIN
    FOREACH book IN ARRAY ARRAY['store', 'delivery'] LOOP
        EXECUTE format('CREATE TRIGGER append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON udi.%I FOR EACH STATEMENT EXECUTE FUNCTION udi.refuse_change()', book);
    END LOOP;
END $$;

-- Facts of supply with the position of their partition. Facts come as 1..n and get their place after the counter.
DROP FUNCTION udi.record_recalls;
CREATE FUNCTION udi.record_supply(
    p_position smallint, p_lo bigint, p_hi bigint, p_last_hash bytea, p_recalls udi.recall[], p_stores udi.store[], p_deliveries udi.delivery[],
    p_changes udi.fact_change[], p_letters_lane smallint, p_letters udi.outbox_block[]
) RETURNS bigint LANGUAGE plpgsql AS $$
DECLARE
    at_offset bigint;
    before bigint;
    letters udi.outbox_block;
    last bigint;
BEGIN
    SELECT next_offset INTO at_offset FROM udi.position WHERE position_id = p_position FOR UPDATE;
    IF at_offset IS DISTINCT FROM p_lo THEN
        RAISE EXCEPTION 'Position % is at offset %, expected %.', p_position, at_offset, p_lo USING ERRCODE = 'UD001';
    END IF;
    UPDATE udi.position SET next_offset = p_hi, last_hash = coalesce(p_last_hash, last_hash) WHERE position_id = p_position;
    -- Alone, for a recall: whatever was decided without the notice is recorded before it, whatever is recorded after it was decided by it.
    PERFORM pg_advisory_xact_lock(1969, hashtext(h)) FROM (SELECT DISTINCT hospital AS h FROM unnest(p_recalls) ORDER BY 1) locked;
    SELECT version INTO before FROM udi.fact_counter FOR UPDATE;
    IF cardinality(p_changes) > 0 THEN
        INSERT INTO udi.recall (hospital, recall, version, fact, body, recorded_at)
        SELECT hospital, recall, version, before + fact, body, recorded_at FROM unnest(p_recalls);
        INSERT INTO udi.store SELECT hospital, store, before + fact, body, recorded_at FROM unnest(p_stores);
        INSERT INTO udi.delivery SELECT hospital, note, before + fact, body, recorded_at FROM unnest(p_deliveries);
        INSERT INTO udi.fact_change SELECT before + version, kind, hospital, code, issuers, dis, recorded_at, repriced_from, repriced_to FROM unnest(p_changes);
        UPDATE udi.fact_counter SET version = before + cardinality(p_changes);
    END IF;
    FOREACH letters IN ARRAY p_letters LOOP
        UPDATE udi.lane SET dead_letters_seq = dead_letters_seq + cardinality(letters.ids) WHERE lane = p_letters_lane RETURNING dead_letters_seq INTO last;
        INSERT INTO udi.outbox_block (topic, partition, first_seq, last_seq, ids, keys, bodies, reasons, origins)
        VALUES (letters.topic, p_letters_lane, last - cardinality(letters.ids) + 1, last, letters.ids, letters.keys, letters.bodies, letters.reasons, letters.origins);
    END LOOP;
    RETURN before + cardinality(p_changes);
END $$;
COMMENT ON FUNCTION udi.record_supply IS 'Records one batch of udi.recalls, udi.stores or udi.deliveries in one transaction and returns the newest fact version.';

CREATE VIEW udi.store_now AS
SELECT DISTINCT ON (hospital, store) hospital, store, fact, convert_from(body, 'UTF8')::jsonb AS body, recorded_at
FROM udi.store ORDER BY hospital, store, fact DESC;
COMMENT ON VIEW udi.store_now IS 'The newest version of each store.';

CREATE VIEW report.stores AS
SELECT hospital, store, body ->> 'name' AS name, body ->> 'department' AS department, coalesce(body ->> 'kind', 'department') AS kind,
       body ->> 'parent' AS parent, coalesce((body ->> 'confirms_transfers')::boolean, false) AS confirms_transfers, body -> 'levels' AS levels, recorded_at
FROM udi.store_now;

-- Stock as it was at an instant: what had moved by then, by the time of the scans.
CREATE FUNCTION udi.stock_as_of(p_at timestamptz)
RETURNS TABLE (hospital text, store text, owner text, item_code text, lot text, serial text, quantity bigint) LANGUAGE sql STABLE AS $$
    SELECT m.hospital, one.place, m.owner, m.item_code, m.lot, m.serial, sum(one.units)::bigint
    FROM udi.stock_move m CROSS JOIN LATERAL (VALUES (m.from_place, -m.units), (m.to_place, m.units)) one (place, units)
    WHERE m.moved_at <= p_at AND one.place NOT IN ('supplier', 'patient', 'waste', 'adjustment')
    GROUP BY m.hospital, one.place, m.owner, m.item_code, m.lot, m.serial HAVING sum(one.units) <> 0
$$;
COMMENT ON FUNCTION udi.stock_as_of IS 'Balances by place, owner, item, lot and serial as the scans up to an instant made them, whenever they were recorded.';

-- On the way: sent by a transfer and not accepted, by document.
CREATE VIEW report.in_transit AS
SELECT m.hospital, nullif(m.document, '') AS document, min(m.from_place) FILTER (WHERE m.sent) AS from_store, m.to_store, m.item_code, m.lot, m.serial, m.owner,
       sum(m.units)::bigint AS quantity, min(m.moved_at) FILTER (WHERE m.sent) AS sent_at
FROM (
    SELECT hospital, coalesce(document, '') AS document, from_place, substr(to_place, length('in-transit/') + 1) AS to_store, item_code, lot, serial, owner,
           units, moved_at, true AS sent
    FROM udi.stock_move WHERE to_place LIKE 'in-transit/%'
    UNION ALL
    SELECT hospital, coalesce(document, ''), NULL, substr(from_place, length('in-transit/') + 1), item_code, lot, serial, owner, -units, moved_at, false
    FROM udi.stock_move WHERE from_place LIKE 'in-transit/%'
) m
GROUP BY m.hospital, m.document, m.to_store, m.item_code, m.lot, m.serial, m.owner HAVING sum(m.units) <> 0;

-- What expires: on a shelf and not yet gone, the first to expire first. The day is that of the newest record of a lane, never a clock's.
CREATE FUNCTION udi.day_of_books() RETURNS date LANGUAGE sql STABLE AS $$
    SELECT max((newest.recorded_at AT TIME ZONE i.zone)::date) FROM udi.installation i CROSS JOIN udi.position p
    CROSS JOIN LATERAL (
        SELECT s.recorded_at FROM udi.scan s WHERE s.position_id = p.position_id ORDER BY s.record_offset DESC LIMIT 1
    ) newest
$$;
COMMENT ON FUNCTION udi.day_of_books IS 'The local day of the newest recorded scan by the broker''s time; null while nothing is recorded.';

CREATE VIEW report.expiring AS
SELECT s.hospital, s.store, s.item_code, s.lot, s.serial, s.owner, s.quantity, s.expiry, s.expiry - today.day AS days_left,
       CASE WHEN cost.cost IS NOT NULL THEN round(s.quantity * cost.cost, 2) END AS value
FROM report.stock s
CROSS JOIN (SELECT udi.day_of_books() AS day) today
LEFT JOIN LATERAL (
    SELECT c.body FROM udi.catalogue c WHERE (c.hospital, c.item_code) = (s.hospital, s.item_code) ORDER BY c.version DESC LIMIT 1
) item ON true
LEFT JOIN LATERAL (
    SELECT (p ->> 'cost')::numeric AS cost FROM jsonb_array_elements(coalesce(convert_from(item.body, 'UTF8')::jsonb -> 'cost', '[]')) p
    WHERE coalesce((p ->> 'from')::date <= today.day, true) AND coalesce(today.day < (p ->> 'to')::date, true) LIMIT 1
) cost ON true
WHERE s.quantity > 0 AND s.expiry IS NOT NULL;
