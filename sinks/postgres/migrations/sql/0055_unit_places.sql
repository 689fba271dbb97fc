-- A unit with a serial is in one place. The moves say where; what would put it into a second one is refused here, whoever writes.
ALTER TYPE udi.action ADD VALUE 'send-back';

CREATE TABLE udi.unit_place (
    hospital      text NOT NULL,
    issuer        text NOT NULL,
    di            text NOT NULL,
    serial        text NOT NULL,
    item_code     text NOT NULL,
    place         text NOT NULL,
    from_place    text NOT NULL,
    moved_at      timestamptz NOT NULL,
    booked        integer NOT NULL,
    position_id   smallint NOT NULL,
    record_offset bigint NOT NULL,
    CONSTRAINT unit_has_one_place PRIMARY KEY (hospital, issuer, di, serial)
);
COMMENT ON TABLE udi.unit_place IS 'Where each unit with a serial is, and by which scan. Kept by the moves alone: nobody else writes here.';
COMMENT ON COLUMN udi.unit_place.place IS 'Where the newest move (by the time of its scan) has brought it. A use brings it to the patient, wherever the books had it, and only a return brings it back.';
COMMENT ON COLUMN udi.unit_place.booked IS 'How often the books have it in the house: 1, or 0 when it is outside. Below 0 it was used and its receipt is still to come.';
CREATE INDEX unit_place_of_item ON udi.unit_place (hospital, item_code, serial);
COMMENT ON INDEX udi.unit_place_of_item IS 'report.units_elsewhere: the place of a unit of which a balance tells.';

CREATE FUNCTION udi.in_the_house(place text) RETURNS integer LANGUAGE sql IMMUTABLE PARALLEL SAFE RETURN
    (place NOT IN ('supplier', 'patient', 'waste', 'adjustment'))::integer;

-- Whether a move decides where the unit is: the newest does, but for a patient's unit, which goes there in any case and comes back by a return alone.
CREATE FUNCTION udi.brings(u udi.unit_place, to_place text, from_place text, at timestamptz) RETURNS boolean LANGUAGE sql IMMUTABLE PARALLEL SAFE RETURN
    CASE WHEN (u).place = 'patient' THEN 'patient' IN (from_place, to_place)
         WHEN to_place = 'patient' AND (u).from_place <> 'patient' THEN true
         ELSE at >= (u).moved_at END;

CREATE FUNCTION udi.move_units(p_moves udi.unit_place[]) RETURNS void LANGUAGE plpgsql AS $$
DECLARE round bigint := 0;
BEGIN
    -- The first move of every unit in one statement, then the second of those that have one, and so on: a statement may touch a row once.
    LOOP
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
        EXIT WHEN NOT FOUND;
    END LOOP;
END $$;
COMMENT ON FUNCTION udi.move_units IS 'Moves of units, in order: each is where its moves have brought it, and in the house or not. Rows are met in the order of their keys, so that two lanes do not wait for each other.';

-- In the order in which they were decided, as the rules saw them.
CREATE FUNCTION udi.place_scanned() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    PERFORM udi.move_units((
        SELECT array_agg(ROW(s.hospital, s.issuer, s.di, s.serial, s.item_code, coalesce(s.to_place, udi.place_to(s.action, s.store, s.to_store)),
                             coalesce(s.from_place, udi.place_from(s.action, s.store)), s.scanned_at, 0, s.position_id, s.record_offset)::udi.unit_place
                         ORDER BY s.record_offset)
        FROM entered s WHERE s.serial IS NOT NULL AND s.owner IS NOT NULL AND s.di IS NOT NULL
    ));
    RETURN NULL;
END $$;
CREATE FUNCTION udi.place_decided() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    PERFORM udi.move_units((
        SELECT array_agg(ROW(m.hospital, m.issuer, m.di, m.serial, m.item_code, m.to_place, m.from_place, m.moved_at, 0, m.position_id,
                             m.record_offset)::udi.unit_place ORDER BY m.record_offset, m.n)
        FROM (SELECT position_id, record_offset, n FROM entered WHERE owner IS NOT NULL) d
        JOIN udi.stock_move m USING (position_id, record_offset, n)
        WHERE m.serial IS NOT NULL AND m.di IS NOT NULL
    ));
    RETURN NULL;
END $$;

-- What is in the books already. A unit that they had in the house twice is where its newest move has brought it; the other balance is on the work list.
DO $$
DECLARE moves udi.unit_place[];
BEGIN
    FOR moves IN
        SELECT array_agg(ROW(m.hospital, m.issuer, m.di, m.serial, m.item_code, m.to_place, m.from_place, m.moved_at, 0, m.position_id,
                             m.record_offset)::udi.unit_place ORDER BY m.number)
        FROM (
            SELECT *, row_number() OVER (ORDER BY decided_at, position_id, record_offset, n) AS number FROM udi.stock_move
            WHERE serial IS NOT NULL AND di IS NOT NULL
        ) m GROUP BY m.number / 10000 ORDER BY m.number / 10000
    LOOP
        PERFORM udi.move_units(moves);
    END LOOP;
END $$;
UPDATE udi.unit_place SET booked = 1 WHERE booked > 1;
ALTER TABLE udi.unit_place ADD CONSTRAINT unit_in_one_place CHECK (booked <= 1);
CREATE TRIGGER place_scanned AFTER INSERT ON udi.scan REFERENCING NEW TABLE AS entered FOR EACH STATEMENT EXECUTE FUNCTION udi.place_scanned();
CREATE TRIGGER place_decided AFTER INSERT ON udi.decision REFERENCING NEW TABLE AS entered FOR EACH STATEMENT EXECUTE FUNCTION udi.place_decided();

CREATE FUNCTION udi.refuse_without_move() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF pg_trigger_depth() = 1 THEN
        RAISE EXCEPTION 'Expected a move: % is kept by the moves alone.', TG_TABLE_NAME USING ERRCODE = 'restrict_violation';
    END IF;
    RETURN NULL;
END $$;
CREATE TRIGGER by_moves_alone BEFORE INSERT OR UPDATE OR DELETE OR TRUNCATE ON udi.unit_place FOR EACH STATEMENT EXECUTE FUNCTION udi.refuse_without_move();

-- What a move costs or owes is posted to an open month, like the ledger.
CREATE FUNCTION udi.check_open_period() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF EXISTS (SELECT FROM entered e JOIN udi.period p USING (hospital) WHERE e.period <= p.closed_through) THEN
        RAISE EXCEPTION 'Expected an open period.' USING ERRCODE = 'check_violation', CONSTRAINT = 'closed_month_gets_no_rows';
    END IF;
    RETURN NULL;
END $$;
CREATE TRIGGER check_open_period AFTER INSERT ON udi.settlement REFERENCING NEW TABLE AS entered FOR EACH STATEMENT EXECUTE FUNCTION udi.check_open_period();
CREATE TRIGGER check_open_period AFTER INSERT ON udi.waste_cost REFERENCING NEW TABLE AS entered FOR EACH STATEMENT EXECUTE FUNCTION udi.check_open_period();

CREATE VIEW report.unit_places AS
SELECT u.hospital, u.item_code, u.issuer, u.di, u.serial, u.place, u.from_place, u.moved_at, s.scan_id
FROM udi.unit_place u LEFT JOIN udi.scan s USING (position_id, record_offset);
COMMENT ON VIEW report.unit_places IS 'Where each unit with a serial is, and the scan that brought it there.';

CREATE VIEW report.units_elsewhere AS
SELECT b.hospital, b.item_code, b.serial, b.lot, b.owner, b.store, b.quantity, at.place, at.moved_at, at.scan_id
FROM (
    SELECT hospital, item_code, serial, nullif(lot, '') AS lot, owner, store, sum(quantity)::bigint AS quantity
    FROM udi.balance WHERE serial <> '' GROUP BY hospital, item_code, serial, lot, owner, store HAVING sum(quantity) <> 0
) b
CROSS JOIN LATERAL (
    SELECT u.place, u.moved_at, u.scan_id FROM report.unit_places u
    WHERE (u.hospital, u.item_code, u.serial) = (b.hospital, b.item_code, b.serial) ORDER BY u.place = b.store DESC, u.moved_at DESC LIMIT 1
) at
WHERE at.place <> b.store OR b.quantity < 0;
COMMENT ON VIEW report.units_elsewhere IS 'Units of which a store''s balance says something else than their place: used, thrown away or moved from where the books did not have them. A work list: the receipt or transfer that is missing empties it.';
