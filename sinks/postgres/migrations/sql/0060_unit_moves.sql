-- Where units are is kept as before (0055), for less: rows that move no unit with a serial cost one look at them, and units that move once in a statement
-- are sorted once. What a later decision moves is found by its place: before, each batch with one read every move of the books.

CREATE FUNCTION udi.move_units_2(p_moves udi.unit_place[]) RETURNS void LANGUAGE plpgsql AS $$
DECLARE
    round bigint := 0;
    moved bigint;
    waiting bigint := coalesce(cardinality(p_moves), 0);
BEGIN
    -- The first move of every unit in one statement, then the second of those that have one, and so on: a statement may touch a row once.
    WHILE waiting > 0 LOOP
        round := round + 1;
        INSERT INTO udi.unit_place AS u (hospital, issuer, di, serial, item_code, place, from_place, moved_at, booked, position_id, record_offset)
        SELECT m.hospital, m.issuer, m.di, m.serial, m.item_code, m.place, m.from_place, m.moved_at,
               udi.in_the_house(m.place) - udi.in_the_house(m.from_place), m.position_id, m.record_offset
        FROM (
            SELECT m.*, row_number() OVER (PARTITION BY m.hospital, m.issuer, m.di, m.serial ORDER BY m.ordinality) AS number
            FROM unnest(p_moves) WITH ORDINALITY m
        ) m WHERE m.number = round ORDER BY m.hospital, m.issuer, m.di, m.serial
        ON CONFLICT (hospital, issuer, di, serial) DO UPDATE SET
            -- Only a receipt can put a unit into the house a second time; what comes back within it is there once, whoever has scanned it in parts.
            booked = CASE WHEN excluded.from_place = 'supplier' THEN u.booked + excluded.booked
                          ELSE least(u.booked + excluded.booked, greatest(u.booked, 1)) END,
            (item_code, place, from_place, moved_at, position_id, record_offset) = (
                SELECT CASE WHEN newer THEN excluded.item_code ELSE u.item_code END, CASE WHEN newer THEN excluded.place ELSE u.place END,
                       CASE WHEN newer THEN excluded.from_place ELSE u.from_place END, CASE WHEN newer THEN excluded.moved_at ELSE u.moved_at END,
                       CASE WHEN newer THEN excluded.position_id ELSE u.position_id END,
                       CASE WHEN newer THEN excluded.record_offset ELSE u.record_offset END
                FROM (SELECT udi.brings(u, excluded.place, excluded.from_place, excluded.moved_at) AS newer) decides
            );
        GET DIAGNOSTICS moved = ROW_COUNT;
        waiting := waiting - moved;
    END LOOP;
END $$;
COMMENT ON FUNCTION udi.move_units_2 IS 'As udi.move_units, and done when every move is: no look for another round.';

CREATE FUNCTION udi.place_scanned_2() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    moves constant udi.unit_place[] := (
        SELECT array_agg(ROW(s.hospital, s.issuer, s.di, s.serial, s.item_code, coalesce(s.to_place, udi.place_to(s.action, s.store, s.to_store)),
                             coalesce(s.from_place, udi.place_from(s.action, s.store)), s.scanned_at, 0, s.position_id, s.record_offset)::udi.unit_place
                         ORDER BY s.record_offset)
        FROM entered s WHERE s.serial IS NOT NULL AND s.owner IS NOT NULL AND s.di IS NOT NULL
    );
BEGIN
    IF moves IS NOT NULL THEN
        PERFORM udi.move_units_2(moves);
    END IF;
    RETURN NULL;
END $$;
CREATE FUNCTION udi.place_decided_2() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    moves constant udi.unit_place[] := (
        SELECT array_agg(ROW(m.hospital, m.issuer, m.di, m.serial, m.item_code, m.to_place, m.from_place, m.moved_at, 0, m.position_id,
                             m.record_offset)::udi.unit_place ORDER BY m.record_offset, m.n)
        FROM entered d
        -- Inside, its place narrows the view; as a join every move in the books would be read.
        CROSS JOIN LATERAL (
            SELECT * FROM udi.stock_move s WHERE (s.position_id, s.record_offset, s.n) = (d.position_id, d.record_offset, d.n) OFFSET 0
        ) m
        WHERE d.owner IS NOT NULL AND m.serial IS NOT NULL AND m.di IS NOT NULL
    );
BEGIN
    IF moves IS NOT NULL THEN
        PERFORM udi.move_units_2(moves);
    END IF;
    RETURN NULL;
END $$;
CREATE OR REPLACE TRIGGER place_scanned AFTER INSERT ON udi.scan REFERENCING NEW TABLE AS entered FOR EACH STATEMENT EXECUTE FUNCTION udi.place_scanned_2();
CREATE OR REPLACE TRIGGER place_decided AFTER INSERT ON udi.decision REFERENCING NEW TABLE AS entered FOR EACH STATEMENT EXECUTE FUNCTION udi.place_decided_2();
